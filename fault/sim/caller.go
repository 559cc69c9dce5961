package sim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
)

// A caller carries a node's requests to the others as one message each, and
// their answers as another; the handlers on the other side are the real ones.
type caller struct {
	m  *mesh
	id string
}

// headerFrom is where the port between nodes says who asks.
const headerFrom = "Bleepstore-From"

// Do implements cluster.Caller and replica.Caller.
func (c caller) Do(ctx context.Context, to string, req *http.Request) (*http.Response, error) {
	out := req.Clone(ctx)
	out.Header.Set(headerFrom, c.id)
	q := message{from: c.id, to: to, size: 200 + int(max(0, req.ContentLength)), twice: repeatable(req)}
	if req.Body != nil && q.twice { // whatever reads it the second time reads the same
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		return ask(ctx, c.m, q, func(ctx context.Context, n *node) (*http.Response, error) {
			again := out.Clone(ctx)
			again.Body = io.NopCloser(bytes.NewReader(body))
			return n.answer(again)
		})
	}
	return ask(ctx, c.m, q, func(ctx context.Context, n *node) (*http.Response, error) {
		return n.answer(out.WithContext(ctx))
	})
}

// DoAddr implements cluster.Caller: the address of a node is its id.
func (c caller) DoAddr(ctx context.Context, addr string, req *http.Request) (*http.Response, error) {
	return c.Do(ctx, addr, req)
}

// repeatable says whether a request may arrive twice: the connections between
// nodes see to it that what changes something arrives once. They cannot keep it
// from arriving late.
func repeatable(req *http.Request) bool {
	return req.Method == http.MethodGet || strings.HasPrefix(req.URL.Path, "/blobs/") && req.Method == http.MethodPost
}

// answer lets the node's handlers answer a request.
func (n *node) answer(req *http.Request) (resp *http.Response, err error) {
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	defer func() {
		if p := recover(); p == http.ErrAbortHandler {
			resp, err = nil, errReset
		} else if p != nil {
			panic(p)
		}
	}()
	n.handler.ServeHTTP(w, req)
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: req}, nil
}

// A recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if !w.wrote {
		w.status, w.wrote = status, true
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.wrote = true
	return w.body.Write(p)
}

// Flush implements http.Flusher: the whole answer is one message.
func (w *recorder) Flush() { w.wrote = true }
