package s3

import (
	"net/netip"
	"net/url"
	stdpath "path"
	"slices"
	"strings"
	"unicode/utf8"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/sigv4"
)

var (
	plusIsSpace = fault.NewBug("wire.plus-is-space",
		"a + in a path is a space", "X-11")
	dotsResolved = fault.NewBug("wire.dots-resolved",
		"a key with a segment of two periods loses it and the one before", "AN-13")
	plusEscaped = fault.NewBug("wire.escaped-plus-is-space",
		"an escaped + in a path is a space", "X-11")
	slashEscaped = fault.NewBug("wire.slash-escaped",
		"an escaped / in a key is stored as the escape", "X-11")
	slashRefused = fault.NewBug("wire.bucket-slash",
		"a bucket's address with a slash behind it is refused", "X-12")
)

// A level is what a request is addressed to.
type level uint8

const (
	service level = iota
	bucketLevel
	keyLevel
	levels
)

// A target is the parsed address of a request. Bucket and key are decoded,
// valid UTF-8 without NUL, and otherwise untouched: "a//b", "a/../b" and "a/"
// are keys of their own.
type target struct {
	bucket, key string
	query       params
}

func (t *target) level() level {
	switch {
	case t.bucket == "":
		return service
	case t.key == "":
		return bucketLevel
	}
	return keyLevel
}

var (
	keyTwice = fault.NewBug("object.key-decoded-twice",
		"the percent-encoding of a key is undone twice", "O-13")
	slashesMerged = fault.NewBug("object.slashes-merged",
		"several slashes in a row in a key become one", "O-14")
	slashCut = fault.NewBug("object.last-slash-cut",
		"a key that ends in a slash is the key without it", "O-15")
)

// parseTarget reads the raw request target of a request line and the Host it
// came with. Only the raw form will do: net/http's URL.Path has forgotten how
// the client wrote it, and no mux may clean it.
func parseTarget(host, uri string, d domains) (target, error) {
	path, query := splitURI(uri)
	if path == "" || path[0] != '/' {
		return target{}, invalidURI()
	}
	path, err := decodePath(path)
	if err != nil {
		return target{}, err
	}
	var t target
	if bucket, ok := d.bucketOf(host); ok {
		t.bucket, t.key = bucket, path[1:]
	} else {
		// %2F is '/', in the bucket's segment as in any other.
		t.bucket, t.key, _ = strings.Cut(path[1:], "/")
		if t.bucket == "" && path != "/" {
			return target{}, invalidURI()
		}
		if t.bucket != "" && t.key == "" && strings.HasSuffix(path, "/") && slashRefused.On() {
			return target{}, invalidURI()
		}
		if strings.Contains(t.key, "/../") && dotsResolved.On() {
			t.key = strings.TrimPrefix(stdpath.Clean("/"+t.key), "/")
		}
	}
	if strings.Contains(t.key, "//") && slashesMerged.On() {
		t.key = strings.ReplaceAll(t.key, "//", "/")
	}
	if strings.HasSuffix(t.key, "/") && t.key != "/" && slashCut.On() {
		t.key = t.key[:len(t.key)-1]
	}
	if t.query, err = parseQuery(query); err != nil {
		return t, err
	}
	if strings.HasSuffix(t.key, "/") && t.uploads() && uploadSlashCut.On() {
		t.key = strings.TrimRight(t.key, "/")
	}
	if strings.Contains(t.key, "+") && t.uploads() && uploadPlus.On() {
		t.key = strings.ReplaceAll(t.key, "+", " ")
	}
	return t, nil
}

var (
	uploadSlashCut = fault.NewBug("multipart.last-slash-cut",
		"the key of an upload that ends in a slash is the key without it", "O-13")
	uploadPlus = fault.NewBug("multipart.plus-is-space",
		"a + in the key of an upload is a space", "O-13")
)

// uploads says whether the target is about a multipart upload.
func (t *target) uploads() bool {
	_, begins := t.query.get("uploads")
	return begins || t.query.value("uploadId") != ""
}

// splitURI returns the path and the query of a request target in origin form,
// absolute form ("http://host/path", as sent to proxies) or asterisk form.
func splitURI(uri string) (path, query string) {
	if uri == "*" {
		return "/", ""
	}
	path, query, _ = strings.Cut(uri, "?")
	if strings.HasPrefix(path, "/") {
		return path, query
	}
	if _, rest, ok := strings.Cut(path, "://"); ok {
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			return rest[i:], query
		}
		return "/", query
	}
	return "", ""
}

// decodePath undoes percent-encoding once. '+' is itself in a path.
func decodePath(path string) (string, error) {
	if strings.IndexByte(path, '+') >= 0 && plusIsSpace.On() {
		path = strings.ReplaceAll(path, "+", "%20")
	}
	if strings.Contains(path, "%2B") && plusEscaped.On() {
		path = strings.ReplaceAll(path, "%2B", "%20")
	}
	if strings.Contains(path, "%2F") && slashEscaped.On() {
		path = strings.ReplaceAll(path, "%2F", "%252F")
	}
	if strings.IndexByte(path, '%') >= 0 {
		p, err := url.PathUnescape(path)
		if err != nil {
			return "", invalidURI()
		}
		path = p
		if strings.IndexByte(path, '%') >= 0 && keyTwice.On() {
			if again, err := url.PathUnescape(path); err == nil {
				path = again
			}
		}
	}
	if !validText(path) {
		return "", invalidURI()
	}
	return path, nil
}

// validText says whether s may be stored and listed: UTF-8 without NUL.
func validText(s string) bool {
	return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s)
}

func invalidURI() error {
	return &errcode.Error{Code: errcode.InvalidURI}
}

// params are the query parameters in the order sent. There are few of them,
// so a slice is searched faster than a map is built.
type params []param

// A param is one decoded query parameter.
type param struct{ name, value string }

// get returns the first value of name.
func (p params) get(name string) (string, bool) {
	for i := range p {
		if p[i].name == name {
			return p[i].value, true
		}
	}
	return "", false
}

// value is get for parameters whose absence means the same as emptiness.
func (p params) value(name string) string {
	v, _ := p.get(name)
	return v
}

// parseQuery decodes a raw query, where '+' is a space. Only '&' separates.
func parseQuery(raw string) (params, error) {
	if raw == "" {
		return nil, nil
	}
	out := make(params, 0, strings.Count(raw, "&")+1)
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := unescapeQuery(name)
		if err != nil {
			return nil, err
		}
		if value, err = unescapeQuery(value); err != nil {
			return nil, err
		}
		out = append(out, param{name, value})
	}
	return out, nil
}

func unescapeQuery(s string) (string, error) {
	if strings.ContainsAny(s, "%+") {
		u, err := url.QueryUnescape(s)
		if err != nil && sigv4.EscapesLiteral.On() {
			return s, nil
		}
		if err != nil {
			return "", invalidURI()
		}
		s = u
	}
	if !validText(s) {
		return "", invalidURI()
	}
	return s, nil
}

// domains are the base domains under which a host name's first labels are a
// bucket: with s3.example.com, the host b.s3.example.com addresses bucket b.
// They are lower case, without port.
type domains []string

// bucketOf returns the bucket that a Host header names. An address, an unknown
// host and a base domain itself name none: the request is path style.
func (d domains) bucketOf(host string) (string, bool) {
	host = hostname(host)
	for _, base := range d {
		if host == base {
			return "", false
		}
	}
	for _, base := range d {
		if n := len(host) - len(base) - 1; n > 0 && host[n] == '.' && host[n+1:] == base {
			return host[:n], true
		}
	}
	return "", false
}

// hostname strips the port and folds the case of a Host header.
func hostname(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.IndexByte(host[i:], ']') < 0 {
		host = host[:i]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// newDomains adds to the configured base domains the ones that always hold:
// localhost, and the host of the endpoint unless it is an address.
func newDomains(configured []string, endpointHost string) domains {
	var out domains
	for _, name := range append(append([]string{}, configured...), endpointHost, "localhost") {
		name = hostname(name)
		if _, err := netip.ParseAddr(strings.Trim(name, "[]")); name == "" || err == nil {
			continue
		}
		out = append(out, name)
	}
	// The longest first, so that b.s3.localhost is not bucket "b.s3".
	slices.SortStableFunc(out, func(a, b string) int { return len(b) - len(a) })
	return out
}
