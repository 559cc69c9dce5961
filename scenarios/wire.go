package scenarios

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// send dials, writes and reads the answer.
func (w *wire) send(ctx context.Context, ses *Session) *Response {
	conn, err := ses.dial(ctx, w.dial)
	if err != nil {
		return &Response{Err: err}
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })() // a failing deadline shows as a failing read
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
	if err != nil && !resetBehind(hr, err) {
		r.Err = fmt.Errorf("read body of the %d response: %w", hr.StatusCode, err)
		return r
	}
	r.Status, r.Header, r.Body = hr.StatusCode, hr.Header, body
	r.Code, r.Message = errorBody(body)
	r.Closes = hr.Close
	return r
}

// resetBehind says that a refusal whose body goes on until the connection ends was
// ended by a reset. So it ends where a server closes before it has read all that the
// client sent, which RFC 9112, section 9.6, warns of and does not forbid.
func resetBehind(hr *http.Response, err error) bool {
	open := hr.ContentLength < 0 && len(hr.TransferEncoding) == 0
	return open && hr.StatusCode >= http.StatusBadRequest && errors.Is(err, syscall.ECONNRESET)
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
	rec := &recorded{aim: w.aim, resp: resp, header: w.header, odd: w.req.EditHead != nil || w.req.Cut != 0 || w.req.Website, exact: w.req.Path != ""}
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

// dial opens a connection to an endpoint, with TLS where its scheme says so.
func (ses *Session) dial(ctx context.Context, to *url.URL) (net.Conn, error) {
	addr := to.Host
	if to.Port() == "" {
		addr = net.JoinHostPort(to.Hostname(), map[string]string{"http": "80", "https": "443"}[to.Scheme])
	}
	raw, err := ses.Target.dial(ctx, addr)
	if err != nil || to.Scheme != "https" {
		return raw, err
	}
	cfg := ses.Target.TLS.Clone()
	if cfg == nil {
		cfg = &tls.Config{}
	}
	if cfg.ServerName == "" {
		cfg.ServerName = to.Hostname()
	}
	cfg.NextProtos = []string{"http/1.1"}
	conn := tls.Client(raw, cfg)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return conn, nil
}
