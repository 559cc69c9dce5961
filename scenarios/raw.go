package scenarios

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5"
	"crypto/tls"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
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
// answer. It never fails the scenario by itself.
func (s *S) Send(ctx context.Context, r Request) *Response {
	w, err := s.prepare(r)
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
	if err := s.session.Target.pace(ctx); err != nil {
		return &Response{Err: err}
	}
	s.writes.begin(w.aim)
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.session.Target.Timeout)
	defer cancel()
	resp := w.send(ctx, s.session)
	s.record(w.record(resp, time.Since(start), s.session.Target.Region))
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

// prepare signs and frames r.
func (s *S) prepare(r Request) (*wire, error) {
	t := &s.session.Target
	w := &wire{req: r, dial: s.endpoint}
	if r.TLS {
		if t.TLSEndpoint == nil {
			return nil, errors.New("no TLS endpoint")
		}
		w.dial = t.TLSEndpoint
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
		if t.Addressing == VirtualStyle && r.Bucket != "" {
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

// sign fills in the head and the framed body.
func (w *wire) sign(s *S, hr *http.Request, path string) error {
	r := w.req
	scope := s.scope(r.As)
	if r.Scope != nil {
		r.Scope(&scope)
	}
	stream := sign.Stream{Payload: r.Payload, Scope: scope, Sizes: r.Chunks, Trailers: r.Trailers, Break: r.Break}
	setDefault := func(h http.Header, name, value string) {
		if _, set := h[name]; !set && !slices.Contains(r.Omit, name) {
			h.Set(name, value)
		}
	}
	if r.Payload.Streaming() {
		setDefault(hr.Header, "X-Amz-Decoded-Content-Length", strconv.Itoa(len(r.Body)))
		setDefault(hr.Header, "Content-Encoding", "aws-chunked")
		var names []string
		for _, t := range r.Trailers {
			names = append(names, t[0])
		}
		if len(names) > 0 {
			setDefault(hr.Header, "X-Amz-Trailer", strings.Join(names, ","))
		}
	}
	if _, set := hr.Header["Content-Length"]; !set && !slices.Contains(r.Omit, "Content-Length") && (len(r.Body) > 0 || r.Method == http.MethodPut || r.Method == http.MethodPost) {
		n := int64(len(r.Body))
		if r.Payload.Streaming() {
			plain := stream
			plain.Break = nil
			plain.Seed = strings.Repeat("0", 64)
			n = plain.Length(r.Body)
		}
		hr.Header.Set("Content-Length", strconv.FormatInt(n, 10))
	}
	if n, err := strconv.ParseInt(hr.Header.Get("Content-Length"), 10, 64); err == nil {
		hr.ContentLength = n
	}
	target := path
	hash := sign.Hash(r.Payload, r.Body)
	switch {
	case r.As == Anonymous:
		if r.Payload != sign.Signed {
			setDefault(hr.Header, "X-Amz-Content-Sha256", hash)
		}
	case r.Presign != "":
		if h := hr.Header.Get("X-Amz-Content-Sha256"); h != "" {
			hash = h
		} else {
			hash = string(sign.Unsigned)
		}
		signed, kept, err := sign.Presign(hr, scope, hash, r.Presign)
		if err != nil {
			return err
		}
		for name := range hr.Header { // the signer moved the others into the query
			if _, ok := kept[name]; !ok && strings.HasPrefix(name, "X-Amz-") {
				hr.Header.Del(name)
			}
		}
		_, w.url.RawQuery, _ = strings.Cut(signed, "?")
	default:
		if h := hr.Header.Get("X-Amz-Content-Sha256"); h != "" {
			hash = h
		}
		if err := sign.Header(hr, scope, hash); err != nil {
			return err
		}
	}
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

// send dials, writes and reads the answer.
func (w *wire) send(ctx context.Context, ses *Session) *Response {
	conn, err := ses.dial(ctx, w.dial)
	if err != nil {
		return &Response{Err: err}
	}
	defer conn.Close()
	if dl, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(dl) // a failing deadline shows as a failing read
	}
	if w.req.Cut != 0 {
		return w.sendCut(conn)
	}
	// The server may answer before it has read the whole body, so the body is
	// written beside the reading; an error of the write alone says nothing.
	werr := make(chan error, 1)
	go func() { werr <- w.write(conn) }()
	resp := readResponse(bufio.NewReader(conn), w.req.Method)
	if resp.Err != nil {
		_ = conn.Close()
		if err := <-werr; err != nil {
			resp.Err = fmt.Errorf("%w (writing the request: %v)", resp.Err, err)
		}
		return resp
	}
	_ = conn.Close()
	<-werr
	return resp
}

// sendCut writes a part of the body and closes the connection.
func (w *wire) sendCut(conn net.Conn) *Response {
	if _, err := conn.Write(w.head); err != nil {
		return &Response{Err: err}
	}
	if n := min(w.req.Cut, len(w.body)); n > 0 {
		if _, err := conn.Write(w.body[:n]); err != nil {
			return &Response{Err: err}
		}
	}
	type closer interface{ CloseWrite() error }
	if c, ok := conn.(closer); ok {
		_ = c.CloseWrite() // the answer, if any, is read below
		return readResponse(bufio.NewReader(conn), w.req.Method)
	}
	return &Response{Err: errors.New("connection cut on purpose")}
}

func (w *wire) write(conn net.Conn) error {
	size := w.req.WriteSize
	if size == 0 {
		_, err := conn.Write(append(w.head, w.body...))
		return err
	}
	if _, err := conn.Write(w.head); err != nil {
		return err
	}
	for rest := w.body; len(rest) > 0; {
		n := min(size, len(rest))
		if _, err := conn.Write(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// readResponse reads the final answer to a request of the method.
func readResponse(br *bufio.Reader, method string) *Response {
	var interim []int
	for {
		r := readNext(br, method)
		if r.Err != nil || r.Status/100 != 1 {
			r.Interim = interim
			return r
		}
		interim = append(interim, r.Status)
	}
}

// readNext reads one answer, final or not.
func readNext(br *bufio.Reader, method string) *Response {
	r := &Response{}
	hr, err := http.ReadResponse(br, &http.Request{Method: method})
	if err != nil {
		r.Err = fmt.Errorf("read response: %w", err)
		return r
	}
	body, err := io.ReadAll(io.LimitReader(hr.Body, maxResponse))
	_ = hr.Body.Close()
	if err != nil {
		r.Err = fmt.Errorf("read body of the %d response: %w", hr.StatusCode, err)
		return r
	}
	r.Status, r.Header, r.Body = hr.StatusCode, hr.Header, body
	r.Code, r.Message = errorBody(body)
	r.Closes = hr.Close
	return r
}

// errorBody returns code and message of an S3 error document, "" when body is
// none. White space before the document, which S3 sends to keep a long request
// alive, is skipped.
func errorBody(body []byte) (code, message string) {
	if !bytes.Contains(body[:min(len(body), 512)], []byte("<Error")) {
		return "", ""
	}
	var e struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}
	if xml.Unmarshal(bytes.TrimSpace(body), &e) != nil {
		return "", ""
	}
	return e.Code, e.Message
}

func (w *wire) record(resp *Response, took time.Duration, region string) *recorded {
	rec := &recorded{aim: w.aim, resp: resp, header: w.header, odd: w.req.EditHead != nil || w.req.Cut != 0, exact: w.req.Path != ""}
	path, _, _ := strings.Cut(string(w.head), "\r\n")
	rec.Exchange = Exchange{Method: w.req.Method, URL: redactURL(path), Took: took,
		Request: redactHead(string(w.head)) + bodyText(w.body, int64(len(w.body)))}
	fields := strings.SplitN(path, " ", 3)
	if len(fields) == 3 {
		if cu, err := url.Parse(w.url.Scheme + "://" + w.url.Host + fields[1]); err == nil {
			rec.Exchange.URL = redactURL(cu.String())
			rec.Exchange.Curl = curl(w.req.Method, cu, w.header, w.req.Body, int64(len(w.req.Body)), region, w.req.As != Anonymous && w.req.Presign == "")
		}
	}
	rec.fill(resp)
	return rec
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

// dial opens a connection to an endpoint, with TLS where its scheme says so.
func (ses *Session) dial(ctx context.Context, to *url.URL) (net.Conn, error) {
	var d net.Dialer
	addr := to.Host
	if to.Port() == "" {
		addr = net.JoinHostPort(to.Hostname(), map[string]string{"http": "80", "https": "443"}[to.Scheme])
	}
	if to.Scheme != "https" {
		return d.DialContext(ctx, "tcp", addr)
	}
	cfg := ses.Target.TLS.Clone()
	if cfg == nil {
		cfg = &tls.Config{}
	}
	if cfg.ServerName == "" {
		cfg.ServerName = to.Hostname()
	}
	cfg.NextProtos = []string{"http/1.1"}
	return (&tls.Dialer{NetDialer: &d, Config: cfg}).DialContext(ctx, "tcp", addr)
}

// ContentMD5 is the Content-MD5 header of body, which bulk deletes and bucket
// configurations demand unless a checksum stands in for it.
func ContentMD5(body []byte) [2]string {
	sum := md5.Sum(body)
	return [2]string{"Content-MD5", base64.StdEncoding.EncodeToString(sum[:])}
}

// escapePath escapes a bucket or key as S3 clients do: every byte but
// unreserved characters and "/".
func escapePath(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// virtualBase is the host behind which buckets stand in virtual-hosted
// addressing. An IP address cannot carry subdomains, so localhost stands in.
func virtualBase(u *url.URL) string {
	if net.ParseIP(u.Hostname()) == nil {
		return u.Host
	}
	if u.Port() == "" {
		return "localhost"
	}
	return net.JoinHostPort("localhost", u.Port())
}

func hostname(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return h
	}
	return hostport
}
