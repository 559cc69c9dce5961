package scenarios

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// ErrGuard is why a request was not sent: it named a bucket that the run
// neither made nor reserved, or would change a bucket that is the user's own.
var ErrGuard = errors.New("guard: the run may not touch this")

// A guard stands in the transport and lets a request out only if every bucket
// it names is in the ledger. It is the last line: a mistake in a scenario
// becomes an error of the harness, never a change to somebody's data.
type guard struct {
	ledger *Ledger
	shared string // the user's own bucket, "" when the run makes its own
}

// aim is what a request is about to do, read from its address alone.
type aim struct {
	method, bucket, key, query string
}

// aimOf reads bucket and key from host and escaped path. base is the endpoint's
// host; a host in front of it is a bucket (virtual-hosted addressing).
func aimOf(method, host, base, escaped, query string) aim {
	a := aim{method: method, query: query}
	escaped = strings.TrimPrefix(escaped, "/")
	if b, ok := strings.CutSuffix(host, "."+base); ok {
		a.bucket, a.key = b, unescape(escaped)
		return a
	}
	bucket, key, _ := strings.Cut(escaped, "/")
	a.bucket, a.key = unescape(bucket), unescape(key)
	return a
}

func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

// admit records what must be in the ledger before the request and returns
// ErrGuard when the request may not leave.
func (g *guard) admit(a aim, h http.Header) error {
	if a.bucket == "" {
		if a.key != "" {
			return fmt.Errorf("%w: no bucket before %q", ErrGuard, a.key)
		}
		return nil // the service itself: listing buckets, or a method that S3 refuses
	}
	if err := g.admitSource(h); err != nil {
		return err
	}
	for _, b := range append(landings(a.bucket+"/"+a.key), a.bucket) {
		if !g.may(b) {
			return fmt.Errorf("%w: %s of bucket %q", ErrGuard, a.method, b)
		}
	}
	if a.bucket == g.shared {
		return g.admitShared(a)
	}
	return nil
}

// landings are the buckets in which a server ends up that resolves "." and
// ".." in the path before it reads it, decoding the path once more or not. The
// path is bucket and key, decoded once.
func landings(p string) []string {
	var buckets []string
	for range 3 {
		b, _, _ := strings.Cut(strings.TrimPrefix(path.Clean("/"+p), "/"), "/")
		if b != "" { // the service itself holds nothing
			buckets = append(buckets, b)
		}
		plain := unescape(p)
		if plain == p {
			break
		}
		p = plain
	}
	return buckets
}

// admitSource refuses to read from a bucket that is not the run's.
func (g *guard) admitSource(h http.Header) error {
	for _, src := range h.Values("x-amz-copy-source") {
		for _, b := range sourceBuckets(src) {
			if looksLikeBucket(b) && !g.may(b) {
				return fmt.Errorf("%w: copy source %q", ErrGuard, b)
			}
		}
	}
	return nil
}

func (g *guard) may(bucket string) bool {
	return bucket == g.shared && g.shared != "" || g.ledger.Admits(bucket)
}

// sourceBuckets are the buckets that a server may read in a copy source: it may
// part bucket and key before it decodes the text, or after, and resolve what
// climbs.
func sourceBuckets(src string) []string {
	before, _, _ := strings.Cut(strings.TrimLeft(src, "/"), "/")
	after, _, _ := strings.Cut(strings.TrimLeft(unescape(src), "/"), "/")
	return append(landings(src), unescape(before), after)
}

// looksLikeBucket is false for text that no server can take for a bucket, so
// that malformed copy sources may be sent.
func looksLikeBucket(s string) bool {
	return len(s) >= 3 && !strings.ContainsAny(s, " %?&/")
}

// admitShared keeps the user's own bucket as it was: objects may be written,
// once recorded, and only recorded ones removed.
func (g *guard) admitShared(a aim) error {
	read := a.method == http.MethodGet || a.method == http.MethodHead || a.method == http.MethodOptions
	switch {
	case read:
		return nil
	case a.key == "":
		return fmt.Errorf("%w: %s would change bucket %q, which is not the run's", ErrGuard, a.method, a.bucket)
	case a.method == http.MethodDelete && !g.ledger.HasKey(a.bucket, a.key):
		return fmt.Errorf("%w: key %q was not written by this run", ErrGuard, a.key)
	case a.method == http.MethodDelete:
		return nil
	}
	return g.ledger.Key(a.bucket, a.key)
}
