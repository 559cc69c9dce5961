package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"bleepstore/reference/meta"
)

// ErrForeign ends a join: a node of the addresses that were given does not take
// this node for what it says it is, or belongs to another cluster.
var ErrForeign = errors.New("the node's identity is refused")

// A HelloAnswer says who a node is; Cluster is "" while it is in none.
type HelloAnswer struct {
	Node    string `json:"node"`
	Cluster string `json:"cluster"`
	Voter   bool   `json:"voter"`
}

// Hello asks who is at an address, which tells a node without data whether there
// is a cluster already.
func Hello(ctx context.Context, c Caller, addr string) (a HelloAnswer, err error) {
	err = askAddr(ctx, c, addr, http.MethodGet, "/hello", nil, &a)
	return a, err
}

func askAddr(ctx context.Context, c Caller, addr, method, path string, body []byte, v any) error {
	err := exchange(ctx, method, path, body, v, func(req *http.Request) (*http.Response, error) { return c.DoAddr(ctx, addr, req) })
	if err == nil {
		return nil
	}
	var s interface{ StatusCode() int } // of who carries the request, or a statusError
	if errors.As(err, &s) && (s.StatusCode() == http.StatusForbidden || s.StatusCode() == http.StatusMisdirectedRequest) {
		return fmt.Errorf("%w: %s: %w", ErrForeign, addr, err)
	}
	return fmt.Errorf("ask %s: %w", addr, err)
}

// JoinWaiting serves /hello and /join at a node that is in no cluster yet.
func JoinWaiting(node string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", answer(func(context.Context, *http.Request) (any, error) { return HelloAnswer{Node: node}, nil }))
	mux.HandleFunc("POST /join", answer(func(context.Context, *http.Request) (any, error) {
		return nil, &RefusedError{fmt.Errorf("%w: this node is in no cluster yet", ErrNoLeader)}
	}))
	return mux
}

// JoinOptions say who wants to join, and where to ask.
type JoinOptions struct {
	Node, Addr string // of the node that joins
	Bodies     string // RaftOptions.Bodies of it
	// Candidates returns addresses of nodes that may be members; that of the node
	// itself may be among them. It is called again and again.
	Candidates func(ctx context.Context) ([]string, error)
	// StateVersion is the newest version of the state that the node can apply; 0 is
	// this program's own.
	StateVersion int
	// Failed is told of every attempt that failed, and is to be repeated; nil: nobody.
	Failed func(error)
}

// JoinCluster asks the candidates until one has this node added to its cluster as
// a non-voter, and returns the cluster's id. It gives up when ctx ends, with
// ErrKnown, with ErrBodies, and with ErrForeign.
func JoinCluster(ctx context.Context, c Caller, j JoinOptions) (cluster string, err error) {
	var last error // before ctx ended: it tells more
	for again := newSlowPause(); ; {
		cluster, err = j.try(ctx, c)
		if err == nil || hopeless(err) {
			break
		}
		if ctx.Err() == nil {
			last = err
			if j.Failed != nil {
				j.Failed(err)
			}
		}
		if !again.wait(ctx) {
			err = errors.Join(context.Cause(ctx), last)
			break
		}
	}
	if err != nil {
		err = fmt.Errorf("join the cluster as %s: %w", j.Node, err)
	}
	return cluster, err
}

// hopeless says that nobody would let the node in, ever.
func hopeless(err error) bool {
	return errors.Is(err, ErrKnown) || errors.Is(err, ErrForeign) || errors.Is(err, ErrBodies)
}

// Bounds of one attempt to join; to be added takes a commit, perhaps an election.
const (
	helloTimeout = 2 * time.Second
	joinTimeout  = 10 * time.Second
)

// try asks every candidate once.
func (j *JoinOptions) try(ctx context.Context, c Caller) (string, error) {
	addrs, err := j.Candidates(ctx)
	if err != nil {
		return "", err
	}
	addrs = slices.DeleteFunc(slices.Clone(addrs), func(a string) bool { return a == j.Addr })
	if len(addrs) == 0 {
		return "", errors.New("there is no address to ask")
	}
	members, err := greet(ctx, c, addrs)
	if len(members) == 0 {
		return "", err
	}
	body, err := json.Marshal(Change{ID: j.Node, Addr: j.Addr, Bodies: j.Bodies, StateVersion: cmp.Or(j.StateVersion, meta.StateVersion)})
	if err != nil {
		return "", err
	}
	for _, addr := range members {
		var a HelloAnswer
		ctx, cancel := bound(ctx, joinTimeout)
		err = askAddr(ctx, c, addr, http.MethodPost, "/join", body, &a)
		cancel()
		if err == nil && a.Cluster == "" {
			err = fmt.Errorf("%s has answered without a cluster", addr)
		}
		if err == nil || hopeless(err) {
			return a.Cluster, err
		}
	}
	return "", err
}

// greet says hello to all addresses at the same time, and returns those of nodes
// that are in a cluster, which must be the same; err says why there is none.
func greet(ctx context.Context, c Caller, addrs []string) (members []string, err error) {
	ctx, cancel := bound(ctx, helloTimeout)
	defer cancel()
	answers, errs := make([]HelloAnswer, len(addrs)), make([]error, len(addrs))
	var wg sync.WaitGroup
	for i, addr := range addrs {
		wg.Go(func() { answers[i], errs[i] = Hello(ctx, c, addr) })
	}
	wg.Wait()
	cluster := ""
	for i, a := range answers {
		switch {
		case errs[i] != nil:
			err = errs[i]
			if errors.Is(err, ErrForeign) {
				return nil, err
			}
		case a.Cluster == "":
			err = fmt.Errorf("%s is in no cluster yet", addrs[i])
		case cluster != "" && cluster != a.Cluster:
			return nil, fmt.Errorf("%w: the addresses are of two clusters, %s and %s", ErrForeign, cluster, a.Cluster)
		default:
			cluster = a.Cluster
			members = append(members, addrs[i])
		}
	}
	return members, err
}
