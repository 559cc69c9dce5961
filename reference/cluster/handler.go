package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/hashicorp/raft"
)

// Handler serves what other nodes ask of this one: /term, /propose, /readindex,
// /status, /hello, /join, /remove and /transfer. Whoever carries the requests has
// proven who asks, in the header Bleepstore-From, and that it is of this cluster
// (but for /hello and /join, which are for those that are not yet).
func (r *Raft) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /term", answer(func(ctx context.Context, _ *http.Request) (any, error) { return r.ServeTerm(ctx) }))
	mux.HandleFunc("GET /readindex", answer(r.handleReadIndex))
	mux.HandleFunc("POST /propose", answer(r.handlePropose))
	mux.HandleFunc("GET /status", answer(func(_ context.Context, req *http.Request) (any, error) {
		return r.ServeStatus(req.URL.Query().Get("brief") != ""), nil
	}))
	mux.HandleFunc("GET /hello", answer(func(context.Context, *http.Request) (any, error) {
		return HelloAnswer{Node: r.o.Node, Cluster: r.o.Cluster, Voter: r.votes(r.o.Node)}, nil
	}))
	for _, kind := range []ChangeKind{ChangeJoin, ChangeRemove, ChangeTransfer} {
		mux.HandleFunc("POST /"+string(kind), answer(func(ctx context.Context, req *http.Request) (any, error) {
			return r.handleChange(ctx, kind, req)
		}))
	}
	return mux
}

// answer serves one kind of request, no longer than its caller waits.
func answer(serve func(context.Context, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		ctx := req.Context()
		if s := req.Header.Get(headerTimeout); s != "" {
			ms, err := strconv.ParseInt(s, 10, 32)
			if err != nil {
				writeFailure(w, &RefusedError{err})
				return
			}
			var cancel context.CancelFunc
			ctx, cancel = bound(ctx, time.Duration(ms)*time.Millisecond)
			defer cancel()
		}
		v, err := serve(ctx, req)
		if err != nil {
			writeFailure(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v) // if it does not arrive, the caller is in doubt
	}
}

// admits refuses a node that is not in the latest configuration: what a removed
// one proposes or reads could not be vouched for. Only a leader's configuration
// is the latest; who does not lead answers nothing anyway.
func (r *Raft) admits(from string) error {
	switch _, member := r.member(from); {
	case member:
		return nil
	case r.raft.State() == raft.Leader:
		return &RefusedError{ErrNotMember}
	}
	return &RefusedError{ErrNotLeader}
}

func (r *Raft) handleReadIndex(ctx context.Context, req *http.Request) (any, error) {
	if err := r.admits(req.Header.Get(headerFrom)); err != nil {
		return nil, err
	}
	index, err := r.ServeReadIndex(ctx)
	return indexAnswer{index}, err
}

func (r *Raft) handleChange(ctx context.Context, kind ChangeKind, req *http.Request) (any, error) {
	if kind != ChangeJoin {
		if err := r.admits(req.Header.Get(headerFrom)); err != nil {
			return nil, err
		}
	}
	b, err := body(req, 64<<10)
	if err != nil {
		return nil, err
	}
	c := Change{}
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, &RefusedError{err}
	}
	c.Kind = kind
	if c.Forwarded {
		err = r.ServeChange(ctx, c)
	} else {
		err = r.change(ctx, c)
	}
	return HelloAnswer{Node: r.o.Node, Cluster: r.o.Cluster, Voter: r.votes(r.o.Node)}, err
}

// body reads a request of at most n bytes. Nothing has happened when it fails.
func body(req *http.Request, n int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(req.Body, n+1))
	if err == nil && int64(len(b)) > n {
		err = ErrTooLarge
	}
	if err == nil && len(b) == 0 {
		err = errors.New("request has no body")
	}
	if err != nil {
		return nil, &RefusedError{err}
	}
	return b, nil
}
