package scenarios

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"bleepstore/scenarios/sign"
)

// setDefault sets a generated header unless the caller gave or omitted it.
func (w *wire) setDefault(h http.Header, name, value string) {
	if _, set := h[name]; !set && !slices.Contains(w.req.Omit, name) {
		h.Set(name, value)
	}
}

// sign fills in the head and the framed body.
func (w *wire) sign(s *S, hr *http.Request, path string) error {
	r := w.req
	scope := s.scope(r.As)
	if r.Scope != nil {
		r.Scope(&scope)
	}
	stream := sign.Stream{Payload: r.Payload, Scope: scope, Sizes: r.Chunks, Trailers: r.Trailers, Break: r.Break}
	w.describe(hr, stream)
	if err := w.authorize(hr, scope); err != nil {
		return err
	}
	target := path
	if w.url.RawQuery != "" {
		target += "?" + w.url.RawQuery
	}
	stream.Seed = sign.Seed(hr.Header.Get("Authorization"))
	w.body = r.Body
	if r.Payload.Streaming() {
		w.body = stream.Encode(r.Body)
	}
	if r.EditBody != nil {
		w.body = r.EditBody(w.body)
	}
	w.finish(hr, target)
	return nil
}

// describe sets the headers that tell of the body.
func (w *wire) describe(hr *http.Request, stream sign.Stream) {
	r := w.req
	if r.Payload.Streaming() {
		w.setDefault(hr.Header, "X-Amz-Decoded-Content-Length", strconv.Itoa(len(r.Body)))
		w.setDefault(hr.Header, "Content-Encoding", "aws-chunked")
		var names []string
		for _, t := range r.Trailers {
			names = append(names, t[0])
		}
		if len(names) > 0 {
			w.setDefault(hr.Header, "X-Amz-Trailer", strings.Join(names, ","))
		}
	}
	if len(r.Body) > 0 || r.Method == http.MethodPut || r.Method == http.MethodPost {
		n := int64(len(r.Body))
		if r.Payload.Streaming() {
			plain := stream
			plain.Break, plain.Seed = nil, strings.Repeat("0", 64)
			n = plain.Length(r.Body)
		}
		w.setDefault(hr.Header, "Content-Length", strconv.FormatInt(n, 10))
	}
	if n, err := strconv.ParseInt(hr.Header.Get("Content-Length"), 10, 64); err == nil {
		hr.ContentLength = n
	}
}

// authorize signs the head in the header or in the query, or leaves it
// unsigned.
func (w *wire) authorize(hr *http.Request, scope sign.Scope) error {
	r := w.req
	given := hr.Header.Get("X-Amz-Content-Sha256")
	switch {
	case r.As == Anonymous:
		if r.Payload != sign.Signed {
			w.setDefault(hr.Header, "X-Amz-Content-Sha256", sign.Hash(r.Payload, r.Body))
		}
		return nil
	case r.Presign != "":
		hash := string(sign.Unsigned)
		if given != "" {
			hash = given
		}
		return w.presign(hr, scope, hash)
	case given != "":
		return sign.Header(hr, scope, given)
	}
	return sign.Header(hr, scope, sign.Hash(r.Payload, r.Body))
}

// presign moves the signature, and what the signer takes along, into the query.
func (w *wire) presign(hr *http.Request, scope sign.Scope, hash string) error {
	signed, kept, err := sign.Presign(hr, scope, hash, w.req.Presign)
	if err != nil {
		return err
	}
	for name := range hr.Header { // the signer moved the others into the query
		if _, ok := kept[name]; !ok && strings.HasPrefix(name, "X-Amz-") {
			hr.Header.Del(name)
		}
	}
	_, w.url.RawQuery, _ = strings.Cut(signed, "?")
	return nil
}

// finish renders the head: Host, the caller's headers in their order and
// spelling, then the generated ones.
func (w *wire) finish(hr *http.Request, target string) {
	for _, name := range w.req.Drop {
		hr.Header.Del(name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", w.req.Method, target, hr.Host)
	done := map[string]bool{}
	for _, h := range w.req.Header {
		name := http.CanonicalHeaderKey(h[0])
		if _, kept := hr.Header[name]; kept {
			b.WriteString(h[0] + ": " + h[1] + "\r\n")
			done[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(hr.Header)) {
		if !done[name] {
			for _, v := range hr.Header[name] {
				b.WriteString(name + ": " + v + "\r\n")
			}
		}
	}
	for _, h := range w.req.Late {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
		hr.Header.Add(h[0], h[1])
	}
	b.WriteString("\r\n")
	head := b.String()
	if w.req.EditHead != nil {
		head = w.req.EditHead(head)
	}
	w.head, w.header = []byte(head), hr.Header
}

// redactHead hides secrets in a head as it was sent.
func redactHead(head string) string {
	lines := strings.Split(strings.TrimSuffix(head, "\r\n\r\n"), "\r\n")
	for i, l := range lines {
		name, value, ok := strings.Cut(l, ":")
		if i == 0 {
			lines[i] = redactURL(l)
		} else if ok {
			lines[i] = name + ": " + redactHeader(name, strings.TrimSpace(value))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
