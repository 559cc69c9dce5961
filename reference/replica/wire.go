package replica

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"

	"bleepstore/reference/blob"
)

// A Caller sends a request to a node and returns its answer. The URL has only a
// path and a query.
type Caller interface {
	Do(ctx context.Context, node string, req *http.Request) (*http.Response, error)
}

// A Wire is Peers over HTTP; a Store's Handler is the other end.
type Wire struct{ caller Caller }

var _ Peers = (*Wire)(nil)

// NewWire returns a Wire whose requests c carries.
func NewWire(c Caller) *Wire { return &Wire{caller: c} }

// Create sends r as the body of a PUT. Until r has ended the last byte is
// missing, and a body that is cut off leaves nothing.
func (w *Wire) Create(ctx context.Context, node string, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	src := &source{r: r}
	var body io.ReadCloser = src
	if size == 0 { // there is no last byte to wait for
		if err := ended(r); err != nil {
			return blob.Info{}, err
		}
		body = http.NoBody
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "/blobs/"+string(id), body)
	if err != nil {
		return blob.Info{}, fmt.Errorf("create blob at %s: %w", node, err)
	}
	req.ContentLength = size
	idempotent(req)
	if size > 0 {
		req.GetBody = src.again
	}
	resp, err := w.caller.Do(ctx, node, req)
	if err != nil {
		return blob.Info{}, fmt.Errorf("create blob at %s: %w", node, err)
	}
	defer discard(resp)
	switch {
	case resp.StatusCode == http.StatusOK:
		return infoOf(node, id, resp.Header)
	case resp.Header.Get(headerError) == "exists":
		info, err := infoOf(node, id, resp.Header)
		return info, errors.Join(err, refusal(node, resp))
	}
	return blob.Info{}, refusal(node, resp)
}

// idempotent lets net/http send a request again when the kept connection that it
// took was being closed by the other side. The empty header is not sent.
func idempotent(req *http.Request) { req.Header["Idempotency-Key"] = []string{} }

// source is a body that can be sent again as long as nothing of it was read.
type source struct {
	r    io.Reader
	read atomic.Bool
}

func (s *source) Read(p []byte) (int, error) {
	s.read.Store(true)
	return s.r.Read(p)
}

func (s *source) Close() error { return nil }

func (s *source) again() (io.ReadCloser, error) {
	if s.read.Load() {
		return nil, errors.New("the body was read already")
	}
	return s, nil
}

// ended returns nil if r has nothing more.
func ended(r io.Reader) error {
	switch n, err := io.ReadFull(r, make([]byte, 1)); {
	case n > 0:
		return fmt.Errorf("%w: it goes on", blob.ErrSize)
	case err != io.EOF:
		return err
	}
	return nil
}

// Open asks for a range by GET.
func (w *Wire) Open(ctx context.Context, node string, id blob.ID, off, n int64) (blob.Info, io.ReadCloser, error) {
	query := url.Values{"off": {strconv.FormatInt(off, 10)}, "n": {strconv.FormatInt(n, 10)}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "/blobs/"+string(id)+"?"+query.Encode(), nil)
	if err != nil {
		return blob.Info{}, nil, fmt.Errorf("open blob at %s: %w", node, err)
	}
	resp, err := w.caller.Do(ctx, node, req)
	if err != nil {
		return blob.Info{}, nil, fmt.Errorf("open blob at %s: %w", node, err)
	}
	if resp.StatusCode != http.StatusOK {
		defer discard(resp)
		return blob.Info{}, nil, refusal(node, resp)
	}
	info, err := infoOf(node, id, resp.Header)
	if n < 0 {
		n = info.Size - off
	}
	if err == nil && resp.ContentLength != n {
		err = fmt.Errorf("%s: blob %s: got %d bytes from %d of %d, want %d", node, id, resp.ContentLength, off, info.Size, n)
	}
	if err != nil {
		resp.Body.Close()
		return blob.Info{}, nil, err
	}
	return info, resp.Body, nil
}

// Have asks with a POST.
func (w *Wire) Have(ctx context.Context, node string, ids []blob.ID) ([]bool, error) {
	var has []bool
	return has, w.post(ctx, node, "/blobs/have", ids, &has)
}

// Delete asks with a POST.
func (w *Wire) Delete(ctx context.Context, node string, ids []blob.ID) error {
	return w.post(ctx, node, "/blobs/delete", ids, nil)
}

// Hint tells with a POST.
func (w *Wire) Hint(ctx context.Context, node string, ids []blob.ID) error {
	return w.post(ctx, node, "/blobs/hint", ids, nil)
}

// post sends ids and decodes the answer into answer unless that is nil.
func (w *Wire) post(ctx context.Context, node, path string, ids []blob.ID, answer any) error {
	body, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s at %s: %w", path, node, err)
	}
	req.Header.Set("Content-Type", "application/json")
	idempotent(req)
	resp, err := w.caller.Do(ctx, node, req)
	if err != nil {
		return fmt.Errorf("%s at %s: %w", path, node, err)
	}
	defer discard(resp)
	if resp.StatusCode != http.StatusOK {
		return refusal(node, resp)
	}
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		return fmt.Errorf("%s at %s: decode the answer: %w", path, node, err)
	}
	return nil
}

// discard ends an answer so that its connection can be used again, if little is left.
func discard(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, maxMessage)
	resp.Body.Close()
}
