package sigv4

import (
	"net/http"
	"strings"

	"bleepstore/fault"
)

// target returns path and query of r as the client sent them, without '?'.
// Neither is normalised: "//", "." and ".." are parts of keys.
func target(r *http.Request) (path, query string) {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, query, _ = strings.Cut(r.RequestURI, "?")
		return path, query
	}
	// The absolute form, or a request that never crossed a wire.
	if path = r.URL.EscapedPath(); path == "" {
		path = "/"
	}
	return path, r.URL.RawQuery
}

// EscapesLiteral is a bug of both who verifies a query and who reads it.
var EscapesLiteral = fault.NewBug("wire.escape-literal",
	"a malformed escape in a query stands for itself", "X-10")

var tildeEscaped = fault.NewBug("auth.tilde-escaped",
	"the canonical query has ~ escaped", "AN-12")

const upperHex = "0123456789ABCDEF"

// unreserved holds the bytes that canonical form leaves as they are.
var unreserved = func() (set [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		set[c] = true
	}
	return set
}()

// appendCanonical decodes the percent-encoded text and appends it in canonical
// encoding; it reports false when an escape is malformed. In a path '/' stays
// and '+' is itself; in a query '+' is a space.
func appendCanonical(dst []byte, text string, query bool) ([]byte, bool) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '%':
			if i+2 >= len(text) {
				return dst, false
			}
			hi, lo := unhex(text[i+1]), unhex(text[i+2])
			if (hi > 15 || lo > 15) && query && EscapesLiteral.On() {
				dst = append(dst, "%25"...)
				continue
			}
			if hi > 15 || lo > 15 {
				return dst, false
			}
			c = hi<<4 | lo
			i += 2
		case c == '+' && query:
			c = ' '
		}
		if c == '~' && query && tildeEscaped.On() {
			dst = append(dst, "%7E"...)
			continue
		}
		if unreserved[c] || c == '/' && !query {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst, true
}

// decodeCanonical undoes appendCanonical.
func decodeCanonical(text []byte) string {
	dst := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '%' {
			c = unhex(text[i+1])<<4 | unhex(text[i+2])
			i += 2
		}
		dst = append(dst, c)
	}
	return string(dst)
}

// unhex returns the value of a hexadecimal digit, 255 for any other byte.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
