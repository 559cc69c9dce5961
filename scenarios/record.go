package scenarios

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// maxResponse bounds what is kept of an answer's body.
const maxResponse = 1 << 30

// keepExchanges is how many of a scenario's exchanges a result shows.
const keepExchanges = 12

// recorded is one exchange with what the invariants look at.
type recorded struct {
	Exchange
	aim    aim
	header http.Header // of the request
	resp   *Response
	odd    bool // malformed on purpose, or a website's: the shape of the answer is not judged
	exact  bool // the path was given byte by byte: the key is not certain
}

// fill copies the answer into the exchange.
func (rec *recorded) fill(resp *Response) {
	if resp.Err != nil {
		rec.Err = resp.Err.Error()
		return
	}
	rec.Status, rec.Code = resp.Status, resp.Code
	rec.Response = headText(fmt.Sprintf("HTTP/1.1 %d %s", resp.Status, http.StatusText(resp.Status)), resp.Header) +
		bodyText(resp.Body, int64(len(resp.Body)))
}

// record keeps one exchange, judges its shape and notes what it wrote.
func (s *S) record(rec *recorded) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	rec.N = s.count
	rec.hide(s.session.secrets)
	s.log = append(s.log, rec.Exchange)
	if len(s.log) > keepExchanges {
		s.log = s.log[1:]
	}
	if rec.resp.Err == nil && !rec.odd {
		judgeShape(s.shape, rec)
	}
	switch st := rec.resp.Status; {
	case st == http.StatusServiceUnavailable:
		s.busy = true
	case st >= 500 && st != http.StatusNotImplemented && st != http.StatusHTTPVersionNotSupported && s.serverEr == "":
		s.serverEr = fmt.Sprintf("the server answered %d %s to %s %s", st, rec.Code, rec.Method, rec.URL)
	}
	s.writes.note(rec)
}

// recorder is the SDK client's transport: it guards, records and reads every
// answer whole, so that a body cut short shows at once.
type recorder struct{ s *S }

func (t *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	ses := t.s.session
	to := t.s.endpointOf(req.URL.Host)
	base := to.Host
	if ses.Target.Addressing == VirtualStyle {
		base = virtualBase(to)
	}
	a := aimOf(req.Method, hostname(req.URL.Host), hostname(base), req.URL.EscapedPath(), req.URL.RawQuery)
	if err := ses.guard.admit(a, req.Header); err != nil {
		return nil, err
	}
	if err := t.s.pace(req.Context()); err != nil {
		return nil, err
	}
	var sample sampler
	if req.Body != nil && req.Body != http.NoBody {
		clone := req.Clone(req.Context())
		sample.ReadCloser = req.Body
		clone.Body = &sample
		clone.GetBody = nil // one wire attempt: net/http must not replay
		req = clone
	}
	t.s.writes.begin(a)
	start := time.Now()
	resp, err := ses.base.RoundTrip(req)
	answer := &Response{Err: err}
	if err == nil {
		answer = readAnswer(resp)
		if answer.Err == nil {
			resp.Body = io.NopCloser(bytes.NewReader(answer.Body))
		}
		err = answer.Err
	}
	took := time.Since(start)
	t.s.answered(took, err)
	sent, total := sample.snapshot()
	rec := &recorded{aim: a, header: req.Header, resp: answer}
	rec.Exchange = Exchange{Method: req.Method, URL: redactURL(req.URL.String()), Took: took,
		Request: headText(fmt.Sprintf("%s %s HTTP/1.1\nHost: %s", req.Method, redactURL(req.URL.RequestURI()), req.URL.Host), req.Header) + bodyText(sent, total),
		Curl:    curl(req.Method, req.URL, req.Header, sent, total, ses.Target.Region, req.Header.Get("Authorization") != "")}
	rec.fill(answer)
	t.s.record(rec)
	if err != nil {
		return nil, err
	}
	return resp, nil
}

func readAnswer(resp *http.Response) *Response {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	if err != nil {
		return &Response{Err: fmt.Errorf("read body of the %d response: %w", resp.StatusCode, err)}
	}
	a := &Response{Status: resp.StatusCode, Header: resp.Header, Body: body}
	a.Code, a.Message = errorBody(body)
	return a
}

// sampler keeps the start of a body as it is sent.
type sampler struct {
	io.ReadCloser
	mu    sync.Mutex // net/http may still be writing when the answer is in
	kept  bytes.Buffer
	total int64
}

// snapshot returns what was sent so far.
func (s *sampler) snapshot() ([]byte, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.kept.Bytes()), s.total
}

func (s *sampler) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total += int64(n)
	if room := sampleBytes - s.kept.Len(); room > 0 {
		s.kept.Write(p[:min(n, room)])
	}
	return n, err
}

// queryHas reports whether a raw query has a parameter of that name.
func queryHas(raw, name string) bool {
	for pair := range strings.SplitSeq(raw, "&") {
		n, _, _ := strings.Cut(pair, "=")
		if u, err := url.QueryUnescape(n); err == nil && u == name {
			return true
		}
	}
	return false
}
