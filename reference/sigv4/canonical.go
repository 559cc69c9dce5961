package sigv4

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync"

	"bleepstore/fault"
)

var (
	queryUnsorted = fault.NewBug("auth.query-unsorted",
		"the canonical query has the parameters in the order in which they came", "AN-12")
	queryByName = fault.NewBug("auth.query-sorted-by-name",
		"parameters of one name keep the order in which they came", "AN-12")
	bareDropped = fault.NewBug("auth.bare-parameter-dropped",
		"a parameter without = has no part in the canonical query", "AN-12")
	atUnescaped = fault.NewBug("auth.at-unescaped",
		"the canonical path does not escape @, as the paths of URLs need not", "AN-12")
	pathResolved = fault.NewBug("auth.path-resolved",
		"the canonical path has no segment of one period", "AN-13")
	overridesUnsigned = fault.NewBug("presign.overrides-unsigned",
		"parameters response-* have no part in the signature of an address", "PS-10")
	deleteAsGet = fault.NewBug("auth.delete-signed-as-get",
		"a signature for GET holds for DELETE too", "AN-03", "PS-04")
)

// A scratch holds the buffers of one verification.
type scratch struct {
	raw   string // path as sent
	path  []byte // path in canonical encoding
	enc   []byte // names and values of the query, in canonical encoding
	pairs []pair // sorted by name, then value
	buf   []byte
	key   []byte

	// How the canonical request is to be written; see matches.
	host    string
	rawPath bool
	tabs    bool
}

// A pair is one query parameter: enc[name:value] and enc[value:end].
type pair struct{ name, value, end int }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// release gives s back, without the request's strings.
func (s *scratch) release() {
	s.raw, s.host = "", ""
	scratches.Put(s)
}

// parse brings path and query into canonical form.
func (s *scratch) parse(path, query string) error {
	var ok bool
	s.raw = path
	if s.path, ok = appendCanonical(s.path[:0], path, false); !ok {
		return errURI()
	}
	if bytes.Contains(s.path, []byte("%40")) && atUnescaped.On() {
		s.path = bytes.ReplaceAll(s.path, []byte("%40"), []byte("@"))
		s.raw = string(s.path)
	}
	if bytes.Contains(s.path, []byte("/./")) && pathResolved.On() {
		s.path = bytes.ReplaceAll(s.path, []byte("/./"), []byte("/"))
		s.raw = string(s.path)
	}
	s.enc, s.pairs = s.enc[:0], s.pairs[:0]
	for query != "" {
		var param string
		param, query, _ = strings.Cut(query, "&")
		if param == "" {
			continue
		}
		name, value, found := strings.Cut(param, "=")
		if !found && bareDropped.On() {
			continue
		}
		p := pair{name: len(s.enc)}
		if s.enc, ok = appendCanonical(s.enc, name, true); !ok {
			return errURI()
		}
		p.value = len(s.enc)
		if s.enc, ok = appendCanonical(s.enc, value, true); !ok {
			return errURI()
		}
		p.end = len(s.enc)
		s.pairs = append(s.pairs, p)
	}
	// "The sorting occurs after encoding."
	// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
	slices.SortStableFunc(s.pairs, func(a, b pair) int {
		if queryUnsorted.On() {
			return 0
		}
		if c := bytes.Compare(s.enc[a.name:a.value], s.enc[b.name:b.value]); c != 0 || queryByName.On() {
			return c
		}
		return bytes.Compare(s.enc[a.value:a.end], s.enc[b.value:b.end])
	})
	return nil
}

// get returns the first value of the parameter called name, decoded, and how
// often it occurs. name must consist of unreserved bytes.
func (s *scratch) get(name string) (value string, n int) {
	for _, p := range s.pairs {
		if string(s.enc[p.name:p.value]) == name {
			if n++; n == 1 {
				value = decodeCanonical(s.enc[p.value:p.end])
			}
		}
	}
	return value, n
}

func (s *scratch) has(name string) bool {
	for _, p := range s.pairs {
		if string(s.enc[p.name:p.value]) == name {
			return true
		}
	}
	return false
}

// matches says whether c's signature is that of r under key. Clients disagree
// on three points on which their requests mean the same, so each way is tried,
// the usual one first:
//   - the path is signed in canonical encoding, or as it was sent;
//   - the Host is signed as it was sent, or with a default port that a client
//     or proxy added or dropped;
//   - a tab inside a header value is kept, or counts as a space.
func (s *scratch) matches(r *http.Request, c *claim, key *signingKey) bool {
	s.usual(r)
	if s.try(r, c, key) {
		return true
	}
	if r.Method == http.MethodDelete && deleteAsGet.On() {
		r = &http.Request{Method: http.MethodGet, Host: r.Host, Header: r.Header}
	}
	defer s.usual(r)
	raw, tabs := string(s.path) != s.raw, hasTab(r.Header, c.signedHeaders)
	for _, host := range append(defaultPorts(r.Host), r.Host) {
		for _, rawPath := range []bool{false, true} {
			for _, tab := range []bool{false, true} {
				if rawPath && !raw || tab && !tabs {
					continue
				}
				s.host, s.rawPath, s.tabs = host, rawPath, tab
				if s.try(r, c, key) {
					return true
				}
			}
		}
	}
	return false
}

func (s *scratch) try(r *http.Request, c *claim, key *signingKey) bool {
	s.buf = s.stringToSign(s.buf, r, c)
	return key.verify(s.buf, c.signature)
}

// usual prepares s for the canonical request that an error shows.
func (s *scratch) usual(r *http.Request) { s.host, s.rawPath, s.tabs = r.Host, false, false }

// defaultPorts returns the other ways to write host with or without a default
// port.
func defaultPorts(host string) []string {
	name := host[:strings.LastIndexByte(host, ']')+1] // of an IPv6 address
	rest, port, found := strings.Cut(host[len(name):], ":")
	switch {
	case !found:
		return []string{host + ":80", host + ":443"}
	case port == "80" || port == "443":
		return []string{name + rest}
	}
	return nil
}

// stringToSign writes the string to sign of r over dst.
func (s *scratch) stringToSign(dst []byte, r *http.Request, c *claim) []byte {
	dst = s.request(dst, r, c)
	sum := sha256.Sum256(dst)
	dst = append(dst[:0], algorithm...)
	dst = append(dst, '\n')
	dst = append(dst, c.stamp...)
	dst = append(dst, '\n')
	dst = append(dst, c.scope...)
	dst = append(dst, '\n')
	return hex.AppendEncode(dst, sum[:])
}

// request writes the canonical request of r over dst.
func (s *scratch) request(dst []byte, r *http.Request, c *claim) []byte {
	dst = append(dst[:0], r.Method...)
	dst = append(dst, '\n')
	if s.rawPath {
		dst = append(dst, s.raw...)
	} else {
		dst = append(dst, s.path...)
	}
	dst = append(dst, '\n')
	dst = s.appendQuery(dst, c.presigned)
	dst = append(dst, '\n')
	for name := range strings.SplitSeq(c.signedHeaders, ";") {
		dst = s.appendHeader(dst, r, name)
	}
	dst = append(dst, '\n')
	dst = append(dst, c.signedHeaders...)
	dst = append(dst, '\n')
	return append(dst, c.payloadText...)
}

// appendQuery appends the canonical query, in which a presigned request's
// signature has no part.
func (s *scratch) appendQuery(dst []byte, presigned bool) []byte {
	start := len(dst)
	for _, p := range s.pairs {
		if presigned && string(s.enc[p.name:p.value]) == "X-Amz-Signature" {
			continue
		}
		if presigned && bytes.HasPrefix(s.enc[p.name:p.value], []byte("response-")) && overridesUnsigned.On() {
			continue
		}
		if len(dst) > start {
			dst = append(dst, '&')
		}
		dst = append(dst, s.enc[p.name:p.value]...)
		dst = append(dst, '=')
		dst = append(dst, s.enc[p.value:p.end]...)
	}
	return dst
}
