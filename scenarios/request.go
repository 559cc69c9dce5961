package scenarios

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"time"

	"bleepstore/scenarios/sign"
)

// Who a raw request is from.
type Who int

// The signers of a raw request.
const (
	MainAccount Who = iota
	AltAccount
	Anonymous
)

// A Request is one raw HTTP request, exact to the byte where it says so. The
// zero value of each field is what a well-behaved client sends.
type Request struct {
	Method      string
	Bucket, Key string
	Path        string      // exact path, already escaped, instead of /Bucket/Key
	Host        string      // exact Host instead of the endpoint's; with Path
	Query       string      // exact, already escaped, without "?"
	Header      [][2]string // sent in this order under these names; signed; replaces a generated header of that name
	Body        []byte

	As       Who
	Payload  sign.Payload // how x-amz-content-sha256 covers the body
	Presign  string       // X-Amz-Expires: sign in the query instead of the header
	Chunks   []int        // chunk sizes of a streaming payload
	Trailers [][2]string  // trailing headers of a streaming payload; their names are announced in x-amz-trailer unless Header does
	Break    func(kind string, i int, line string) string
	Scope    func(*sign.Scope) // changes who, where and when just before signing

	Omit      []string                 // headers not to generate, by canonical name
	Late      [][2]string              // headers added after signing
	Drop      []string                 // headers removed after signing
	EditHead  func(head string) string // last hand on the head, "\r\n\r\n" included
	EditBody  func([]byte) []byte      // last hand on the framed body; Content-Length stays what it was
	WriteSize int                      // bytes of body a write; 0: all at once
	Cut       int                      // close the connection after so many bytes of body; 0: never, -1: before the first
	TLS       bool                     // to the TLS endpoint
	Website   bool                     // to the website endpoint, where Bucket stands in the host; unsigned
}

// A Response is the answer to a raw request. Err says why there is none;
// then Status is 0.
type Response struct {
	Status  int
	Header  http.Header
	Body    []byte
	Code    string // of an <Error> body, also behind a 200
	Message string
	Interim []int // statuses of 1xx answers before the final one
	Closes  bool  // the server says that it will close the connection
	Err     error
}

// Send sends a raw request over a connection of its own and returns the
// answer. It never fails the scenario by itself. Requests take turns over the
// target's endpoints, but for those whose Host is given.
func (s *S) Send(ctx context.Context, r Request) *Response {
	to := s.endpointOf(r.Host)
	if r.Host == "" && r.EditHead == nil {
		to = s.turns.next()
	}
	w, err := s.prepare(r, to)
	if err != nil {
		return &Response{Err: err}
	}
	err = s.session.guard.admit(w.aim, w.header)
	if err == nil && r.EditHead != nil {
		err = s.session.guard.admitHead(w)
	}
	if err != nil {
		s.note(err)
		return &Response{Err: err}
	}
	if err := s.pace(ctx); err != nil {
		return &Response{Err: err}
	}
	s.writes.begin(w.aim)
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.session.Target.Timeout)
	defer cancel()
	resp := w.send(ctx, s.session)
	took := time.Since(start)
	s.answered(took, resp.Err)
	s.record(w.record(resp, took, s.session.Target.Region))
	return resp
}

// wire is a request as it goes out.
type wire struct {
	req    Request
	aim    aim
	url    *url.URL
	header http.Header
	head   []byte
	body   []byte
	dial   *url.URL
}

// prepare signs and frames r for an endpoint.
func (s *S) prepare(r Request, to *url.URL) (*wire, error) {
	t := &s.session.Target
	w := &wire{req: r, dial: to}
	if r.TLS {
		if t.TLSEndpoint == nil {
			return nil, errors.New("no TLS endpoint")
		}
		w.dial = t.TLSEndpoint
	}
	if r.Website {
		if t.Website == nil {
			return nil, errors.New("no website endpoint")
		}
		w.dial, w.req.As = t.Website, Anonymous
	}
	if w.req.Method == "" {
		w.req.Method = http.MethodGet
	}
	host, path := w.dial.Host, r.Path
	if path == "" {
		path = "/"
		if r.Bucket != "" {
			path += escapePath(r.Bucket)
		}
		if r.Key != "" {
			path += "/" + escapePath(r.Key)
		}
		if (t.Addressing == VirtualStyle || r.Website) && r.Bucket != "" {
			host = r.Bucket + "." + virtualBase(w.dial)
			path = "/" + escapePath(r.Key)
		}
	}
	if r.Host != "" {
		host = r.Host
	}
	w.aim = aimOf(w.req.Method, hostname(host), hostname(virtualBase(w.dial)), path, r.Query)
	w.url = &url.URL{Scheme: w.dial.Scheme, Host: host, Opaque: "//" + host + path, RawQuery: r.Query}
	hr := &http.Request{Method: w.req.Method, URL: w.url, Host: host, Header: http.Header{}, ProtoMajor: 1, ProtoMinor: 1}
	for _, h := range r.Header {
		hr.Header.Add(h[0], h[1])
	}
	return w, w.sign(s, hr, path)
}

// WebsiteHost is the host of a bucket at the website endpoint.
func WebsiteHost(s *S, bucket string) string {
	return bucket + "." + virtualBase(s.session.Target.Website)
}

// ContentMD5 is the Content-MD5 header of body, which bulk deletes and bucket
// configurations demand unless a checksum stands in for it.
func ContentMD5(body []byte) [2]string {
	sum := md5.Sum(body)
	return [2]string{"Content-MD5", base64.StdEncoding.EncodeToString(sum[:])}
}
