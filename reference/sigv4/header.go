package sigv4

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"bleepstore/fault"
)

var (
	firstValueSigned = fault.NewBug("auth.first-value-signed",
		"of a header that comes several times only the first value is signed", "AN-03", "AN-12", "PS-04")
	spacesKept = fault.NewBug("auth.spaces-kept",
		"runs of spaces inside a header's value are not one space in the canonical request", "AN-12")
	emptyDropped = fault.NewBug("auth.empty-header-dropped",
		"a signed header without a value has no line in the canonical request", "AN-12")
	hashHeaderSigned = fault.NewBug("auth.payload-hash-to-be-signed",
		"x-amz-content-sha256 has to be among the signed headers", "AN-12")
	othersSigned = fault.NewBug("auth.cache-control-to-be-signed",
		"a Cache-Control has to be signed", "AN-11", "PS-09")
	hostUnsigned = fault.NewBug("auth.host-unsigned",
		"Host need not be signed", "AN-11")
	copySourceUnsigned = fault.NewBug("auth.copy-source-unsigned",
		"x-amz-copy-source need not be signed", "AN-11", "PS-09")
)

// appendHeader appends the line of one signed header. One that is absent has
// none, so that no signature over it can match.
func (s *scratch) appendHeader(dst []byte, r *http.Request, name string) []byte {
	if strings.EqualFold(name, "host") {
		return append(append(append(dst, "host:"...), s.host...), '\n')
	}
	s.key = appendKey(s.key[:0], name)
	values, ok := r.Header[string(s.key)]
	if ok && values[0] == "" && emptyDropped.On() {
		return dst
	}
	if !ok {
		// net/http takes these out of the header of a request that it reads.
		switch {
		case string(s.key) == "Content-Length" && r.ContentLength >= 0:
			values = []string{strconv.FormatInt(r.ContentLength, 10)}
		case string(s.key) == "Transfer-Encoding" && len(r.TransferEncoding) > 0:
			values = r.TransferEncoding
		default:
			return dst
		}
	}
	for _, c := range []byte(name) {
		dst = append(dst, lower(c))
	}
	sep := byte(':')
	for i, v := range values {
		if i > 0 && firstValueSigned.On() {
			break
		}
		dst = append(dst, sep)
		dst = appendValue(dst, v, s.tabs)
		sep = ','
	}
	return append(dst, '\n')
}

// appendKey appends name in the form of http.CanonicalHeaderKey.
func appendKey(dst []byte, name string) []byte {
	first := true
	for _, c := range []byte(name) {
		c = lower(c)
		if first && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		first = c == '-'
		dst = append(dst, c)
	}
	return dst
}

// appendValue appends a header value without white space around it and with
// inner runs of spaces as one; tabs says that a tab is a space.
func appendValue(dst []byte, v string, tabs bool) []byte {
	v = strings.Trim(v, " \t")
	space := false
	for i := range len(v) {
		c := v[i]
		if c == '\t' && tabs {
			c = ' '
		}
		if c == ' ' && space && !spacesKept.On() {
			continue
		}
		space = c == ' '
		dst = append(dst, c)
	}
	return dst
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// hasTab says whether a signed header's value has a tab inside.
func hasTab(h http.Header, signedHeaders string) bool {
	for name, values := range h {
		for _, v := range values {
			if strings.IndexByte(v, '\t') >= 0 && isSigned(signedHeaders, name) {
				return true
			}
		}
	}
	return false
}

// sorted says whether the names ascend, as AWS demands of them; a name that
// came again and again would make a canonical request of any size.
func sorted(signedHeaders string) bool {
	last := ""
	for name := range strings.SplitSeq(signedHeaders, ";") {
		if name <= last {
			return false
		}
		last = name
	}
	return true
}

func isSigned(signedHeaders, name string) bool {
	for signed := range strings.SplitSeq(signedHeaders, ";") {
		if strings.EqualFold(signed, name) {
			return true
		}
	}
	return false
}

// unsigned returns, joined by ", ", the headers that had to be signed and were
// not: Host and every x-amz-*, but for x-amz-content-sha256, whose value the
// canonical request holds anyway.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
func unsigned(h http.Header, signedHeaders string) string {
	var names []string
	if !isSigned(signedHeaders, "host") && !hostUnsigned.On() {
		names = append(names, "host")
	}
	const prefix = "X-Amz-"
	for name := range h {
		if (name == contentSHA256 && hashHeaderSigned.On() || name == "Cache-Control" && othersSigned.On()) && !isSigned(signedHeaders, name) {
			names = append(names, strings.ToLower(name))
		}
		if len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) &&
			name != contentSHA256 && !isSigned(signedHeaders, name) && !(name == "X-Amz-Copy-Source" && copySourceUnsigned.On()) {
			names = append(names, strings.ToLower(name))
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
