package sign

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// A Stream describes how a payload is cut into chunks.
type Stream struct {
	Payload  Payload
	Scope    Scope
	Seed     string      // signature of the head
	Sizes    []int       // bytes of each chunk; the last size repeats; none: 64 KiB
	Trailers [][2]string // names and values behind the final chunk, in order
	// Break, when set, is called with each line of framing before it is
	// written: chunk i's header line, then "final", then each trailer line and
	// the trailer's signature. It returns the line to write instead.
	Break func(kind string, i int, line string) string
}

// emptyHash is the SHA-256 of nothing, part of every chunk's string to sign.
var emptyHash = Hash(Signed, nil)

// Length returns the framed length of body, for Content-Length.
func (st Stream) Length(body []byte) int64 { return int64(len(st.Encode(body))) }

// Encode frames body as aws-chunked, signing each chunk when the payload mode
// asks for it.
func (st Stream) Encode(body []byte) []byte {
	var out bytes.Buffer
	prev, key := st.Seed, st.Scope.key()
	line := func(kind string, i int, text string) {
		if st.Break != nil {
			text = st.Break(kind, i, text)
		}
		out.WriteString(text)
	}
	chunk := func(kind string, i int, data []byte) {
		head := fmt.Sprintf("%x", len(data))
		if st.Payload != UnsignedTrailer {
			prev = st.signChunk(key, prev, data)
			head += ";chunk-signature=" + prev
		}
		line(kind, i, head+"\r\n")
	}
	for i, rest := 0, body; len(rest) > 0; i++ {
		n := min(st.size(i), len(rest))
		chunk("chunk", i, rest[:n])
		out.Write(rest[:n])
		line("end", i, "\r\n")
		rest = rest[n:]
	}
	chunk("final", 0, nil)
	if st.Payload == ChunkedTrailer || st.Payload == UnsignedTrailer {
		var signed strings.Builder
		for i, t := range st.Trailers {
			fmt.Fprintf(&signed, "%s:%s\n", strings.ToLower(t[0]), strings.TrimSpace(t[1]))
			line("trailer", i, t[0]+":"+t[1]+"\r\n")
		}
		if st.Payload == ChunkedTrailer {
			line("signature", 0, "x-amz-trailer-signature:"+st.signTrailer(key, prev, signed.String())+"\r\n")
		}
	}
	line("close", 0, "\r\n")
	return out.Bytes()
}

func (st Stream) size(i int) int {
	switch n := len(st.Sizes); {
	case n == 0:
		return 64 << 10
	case i < n:
		return st.Sizes[i]
	default:
		return st.Sizes[n-1]
	}
}

func (st Stream) signChunk(key []byte, prev string, data []byte) string {
	sum := sha256.Sum256(data)
	text := strings.Join([]string{"AWS4-HMAC-SHA256-PAYLOAD", st.Scope.Stamp(),
		st.Scope.text(), prev, emptyHash, hex.EncodeToString(sum[:])}, "\n")
	return hex.EncodeToString(mac(key, text))
}

func (st Stream) signTrailer(key []byte, prev, trailers string) string {
	sum := sha256.Sum256([]byte(trailers))
	text := strings.Join([]string{"AWS4-HMAC-SHA256-TRAILER", st.Scope.Stamp(),
		st.Scope.text(), prev, hex.EncodeToString(sum[:])}, "\n")
	return hex.EncodeToString(mac(key, text))
}
