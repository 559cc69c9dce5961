package scenarios

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A Direct sends the requests of scenarios that keep a record of their own:
// thousands a second, by many clients at once. They pass the guard, the ledger
// and the pace like any other, but no transcript is kept of them, invariants do
// not look at them, and a 5xx among them fails nothing. Its methods may be
// called concurrently.
type Direct struct {
	s     *S
	base  *http.Transport
	plain bool // what it connects to speaks no TLS, whatever the endpoints do
}

// NewDirect returns a Direct for the scenario of s.
func NewDirect(s *S) *Direct { return &Direct{s: s, base: s.session.base} }

// NewDirectBy returns a Direct by way of what stands before the endpoints: dial
// connects to what stands before one. The caller closes its connections with
// CloseIdleConnections, when nothing is under way any more.
func NewDirectBy(s *S, dial func(ctx context.Context, to *url.URL) (net.Conn, error)) *Direct {
	t := s.session.transport()
	t.DialContext = func(ctx context.Context, _, addr string) (net.Conn, error) {
		return dial(ctx, s.session.Target.at(addr, "http"))
	}
	return &Direct{s: s, base: t, plain: true}
}

// CloseIdleConnections does so for the connections that are not the session's.
func (d *Direct) CloseIdleConnections() {
	if d.plain {
		d.base.CloseIdleConnections()
	}
}

// Request makes a request of a bucket, or of a key of it, to one of the target's
// endpoints, addressed as the run addresses buckets. query is raw. It is not
// signed yet.
func (d *Direct) Request(ctx context.Context, endpoint int, method, bucket, key, query string) (*http.Request, error) {
	u := d.s.session.Target.Endpoints[endpoint]
	host, path := u.Host, "/"+bucket
	if key != "" {
		path += "/" + key
	}
	if d.s.session.Target.Addressing == VirtualStyle {
		host, path = bucket+"."+virtualBase(u), "/"+key
	}
	scheme := u.Scheme
	if d.plain {
		scheme = "http"
	}
	req, err := http.NewRequestWithContext(ctx, method, scheme+"://"+host, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	req.URL.Path, req.URL.RawPath, req.URL.RawQuery = path, escapePath(path), query
	return req, nil
}

// RoundTrip implements http.RoundTripper. A request that it refuses with
// ErrGuard, or because its context ended first, was not sent.
func (d *Direct) RoundTrip(req *http.Request) (*http.Response, error) {
	a, err := d.aim(req.URL)
	if err == nil {
		a.method = req.Method
		err = d.s.session.guard.admit(a, req.Header)
	}
	if err == nil {
		err = d.s.pace(req.Context())
	}
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // a RoundTripper closes it whatever happens
		}
		return nil, &NotSent{err}
	}
	d.s.writes.doubt(a)
	start := time.Now()
	resp, err := d.base.RoundTrip(req)
	d.s.answered(time.Since(start), err)
	return resp, err
}

// aim reads what an address names. A host that is no endpoint of the target is
// refused: what it makes of the path is not known.
func (d *Direct) aim(u *url.URL) (aim, error) {
	if u.Opaque != "" {
		return aim{}, fmt.Errorf("%w: %q may name another host", ErrGuard, u.Opaque)
	}
	for _, e := range d.s.session.Target.Endpoints {
		if u.Host == e.Host {
			return aimOf("", "", "-", u.EscapedPath(), u.RawQuery), nil
		}
		if base := virtualBase(e); strings.HasSuffix(u.Host, "."+base) {
			return aimOf("", hostname(u.Host), hostname(base), u.EscapedPath(), u.RawQuery), nil
		}
	}
	return aim{}, fmt.Errorf("%w: host %q is not the target's", ErrGuard, u.Host)
}

// NotSent is why a request never left.
type NotSent struct{ Err error }

func (e *NotSent) Error() string { return "not sent: " + e.Err.Error() }
func (e *NotSent) Unwrap() error { return e.Err }

// ReadAnswer reads the answer to a request whole, into buf where it fits, and
// closes it. An answer that breaks off is an error, and so is one whose end
// cannot be told from a connection that broke.
func ReadAnswer(resp *http.Response, buf []byte) ([]byte, error) {
	defer resp.Body.Close()
	if resp.Request != nil && resp.Request.Method != http.MethodHead && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 && !resp.Uncompressed {
		return nil, fmt.Errorf("the %d answer has no length: %w", resp.StatusCode, io.ErrUnexpectedEOF)
	}
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := resp.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, fmt.Errorf("read the body of the %d answer: %w", resp.StatusCode, err)
		}
	}
}

// ErrorCode returns the code of an S3 error document, "" when body is none.
func ErrorCode(body []byte) string {
	code, _ := errorBody(body)
	return code
}
