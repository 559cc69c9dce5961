package s3

import (
	"bytes"
	"strings"
)

// unexpect gives another name to an Expect that is not 100-continue, in the
// head that p begins with: net/http refuses it with 417, as it may, and S3 was
// seen to take no notice of it. The length of p stays. A line that did not come
// whole with the first bytes of its head is left to net/http, and so is what begins
// with anything but a request line: it may be a body.
// https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
func unexpect(p []byte) {
	const name = "expect:"
	if line, _, _ := bytes.Cut(p, []byte{'\n'}); !bytes.Contains(line, []byte(" HTTP/1.")) {
		return
	}
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			return
		}
		p = p[i+1:]
		if len(p) > 0 && (p[0] == '\r' || p[0] == '\n') {
			return // the body is the client's own
		}
		if len(p) < len(name) || !strings.EqualFold(string(p[:len(name)]), name) {
			continue
		}
		value, _, whole := bytes.Cut(p[len(name):], []byte{'\n'})
		if whole && !strings.Contains(strings.ToLower(string(value)), "100-continue") {
			p[0] = 'X'
		}
	}
}
