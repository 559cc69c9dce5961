package liar

import (
	"bytes"
	"strconv"
	"strings"

	"bleepstore/scenarios/sign"
)

// A stream is a body in the framing of aws-chunked, taken apart.
type stream struct {
	sign.Stream
	data []byte
}

// readStream takes the body of a request apart, if that is framed as its payload
// says, signatures included; else it returns nil.
func readStream(q *request) *stream {
	s := &stream{Stream: sign.Stream{Payload: sign.Payload(q.by.payload), Scope: q.by.scope, Seed: q.by.text}}
	if !s.Payload.Streaming() || !s.read(string(q.body)) {
		return nil
	}
	if !bytes.Equal(s.Encode(s.data), q.body) {
		return nil
	}
	return s
}

// read reads chunks and trailers.
func (s *stream) read(rest string) bool {
	for {
		line, after, ok := strings.Cut(rest, "\r\n")
		size, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseUint(size, 16, 31)
		if !ok || err != nil {
			return false
		}
		rest = after
		if n == 0 {
			break
		}
		if uint64(len(rest)) < n+2 {
			s.data = append(s.data, rest[:min(uint64(len(rest)), n)]...)
			return false
		}
		s.Sizes = append(s.Sizes, int(n))
		s.data = append(s.data, rest[:n]...)
		rest = rest[n+2:]
	}
	for line := range strings.SplitSeq(rest, "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "x-amz-trailer-signature" {
			continue
		}
		s.Trailers = append(s.Trailers, [2]string{name, value})
	}
	return true
}

// unframe takes back what a head says of framing.
func (q *request) unframe() {
	q.by.payload = string(sign.Unsigned)
	q.set("X-Amz-Content-Sha256", q.by.payload)
	q.drop("X-Amz-Decoded-Content-Length")
	q.drop("X-Amz-Trailer")
	if rest := strings.TrimSuffix(strings.ReplaceAll(strings.TrimSpace(q.get("Content-Encoding")), "aws-chunked,", ""), "aws-chunked"); rest == "" {
		q.drop("Content-Encoding")
	} else {
		q.set("Content-Encoding", strings.TrimSpace(rest))
	}
}
