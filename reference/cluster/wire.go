package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A Caller brings a request to another node, whose URL has a path and a query
// only, and proves who asks. What it answers is of the node that was asked, or
// of that address; everything else is an error. Its methods run concurrently.
type Caller interface {
	Do(ctx context.Context, node string, req *http.Request) (*http.Response, error)
	DoAddr(ctx context.Context, addr string, req *http.Request) (*http.Response, error)
}

// Wire is Peers over HTTP: its other side is the Handler of a *Raft.
type Wire struct {
	c Caller

	mu    sync.Mutex
	lanes map[string]*lane // by node
}

var _ Peers = (*Wire)(nil)

// NewWire returns Peers that are asked by c, which stays its owner's.
func NewWire(c Caller) *Wire { return &Wire{c: c, lanes: map[string]*lane{}} }

// maxAnswer bounds what is read of an answer; a status with the ids of 10,000
// blobs is the largest.
const maxAnswer = 4 << 20

type indexAnswer struct {
	Index uint64 `json:"index"`
}

// Change implements Peers.
func (w *Wire) Change(ctx context.Context, node string, c Change) error {
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return w.call(ctx, node, http.MethodPost, "/"+string(c.Kind), b, nil)
}

// Status implements Peers.
func (w *Wire) Status(ctx context.Context, node string, brief bool) (s NodeStatus, err error) {
	path := "/status"
	if brief {
		path += "?brief=1"
	}
	err = w.call(ctx, node, http.MethodGet, path, nil, &s)
	return s, err
}

// call asks a node and decodes its answer into v, which may be nil.
func (w *Wire) call(ctx context.Context, node, method, path string, body []byte, v any) error {
	err := exchange(ctx, method, path, body, v, func(req *http.Request) (*http.Response, error) { return w.c.Do(ctx, node, req) })
	if err != nil {
		return fmt.Errorf("ask %s of %s: %w", path, node, err)
	}
	return nil
}

// exchange makes a request that carries how long ctx still allows, has it sent and
// decodes the answer into v, which may be nil.
func exchange(ctx context.Context, method, path string, body []byte, v any, send func(*http.Request) (*http.Response, error)) error {
	req, err := http.NewRequestWithContext(ctx, method, path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if end, ok := ctx.Deadline(); ok {
		left := time.Until(end).Milliseconds()
		if left <= 0 {
			return context.DeadlineExceeded
		}
		req.Header.Set(headerTimeout, strconv.FormatInt(left, 10))
	}
	resp, err := send(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return readFailure(resp)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil || v == nil {
		return err
	}
	return json.Unmarshal(b, v)
}
