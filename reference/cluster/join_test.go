package cluster

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
)

// A node asks until somebody takes it in, whoever is there meanwhile, and has it
// added by whichever member it asks.
func TestJoinCluster(t *testing.T) {
	t.Parallel()
	f := newSeed(t, quick, "a", "b")
	f.admit("b")
	m := f.mesh
	ctx := context.Background()
	defer m.serve("d", "d", JoinWaiting("d"))()
	if a, err := Hello(ctx, caller{m, "c"}, "d"); err != nil || a != (HelloAnswer{Node: "d"}) {
		t.Errorf("one that waits says %+v, %v", a, err)
	}
	if a, err := Hello(ctx, caller{m, "c"}, "b"); err != nil || a != (HelloAnswer{Node: "b", Cluster: "test", Voter: true}) {
		t.Errorf("a member says %+v, %v", a, err)
	}
	for _, at := range f.ids {
		var asked atomic.Int64
		j := JoinOptions{Node: "c" + at, Addr: "c" + at, Candidates: func(context.Context) ([]string, error) {
			switch asked.Add(1) {
			case 1:
				return nil, errLost
			case 2:
				return []string{"c" + at}, nil // itself
			case 3:
				return []string{"nobody", "d"}, nil
			}
			return []string{"nobody", "d", at, "c" + at}, nil
		}}
		var failed atomic.Int64
		j.Failed = func(error) { failed.Add(1) }
		for range 2 { // it may have stopped before it could note the answer
			if cluster, err := JoinCluster(ctx, caller{m, j.Node}, j); err != nil || cluster != "test" {
				t.Fatalf("joined %q, %v", cluster, err)
			}
		}
		if asked.Load() != 5 || failed.Load() != 3 {
			t.Errorf("asked %d times, failed %d times", asked.Load(), failed.Load())
		}
		if got, _ := f.leader().member(j.Node); got != (Member{j.Node, j.Addr, false}) {
			t.Errorf("joined as %+v", got)
		}
	}
}

// What ends the attempts, and what does not.
func TestJoinClusterEnds(t *testing.T) {
	t.Parallel()
	f := newSeed(t, quick, "a")
	f.leader()
	m := f.mesh
	status := func(code int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", code) })
	}
	defer m.serve("foreign", "foreign", status(http.StatusForbidden))()
	defer m.serve("misdirected", "misdirected", status(http.StatusMisdirectedRequest))()
	defer m.serve("ill", "ill", status(http.StatusServiceUnavailable))()
	defer m.serve("other", "other", answer(func(context.Context, *http.Request) (any, error) {
		return HelloAnswer{Node: "other", Cluster: "other"}, nil
	}))()
	if _, err := JoinCluster(context.Background(), caller{m, "z"}, JoinOptions{Node: "z", Addr: "z", Bodies: "aws", Candidates: Static([]string{"a"})}); !errors.Is(err, ErrBodies) {
		t.Errorf("a node whose bodies are elsewhere: %v", err)
	}
	for name, tt := range map[string]struct {
		node, addr string
		candidates []string
		want       error
	}{
		"a voter that comes empty":  {"a", "z", []string{"a"}, ErrKnown},
		"an identity refused":       {"z", "z", []string{"foreign", "a"}, ErrForeign},
		"another cluster's address": {"z", "z", []string{"misdirected"}, ErrForeign},
		"two clusters":              {"z", "z", []string{"other", "a"}, ErrForeign},
		"nobody is well":            {"z", "z", []string{"ill"}, context.Canceled},
		"nobody is there":           {"z", "z", []string{"nobody"}, errLost},
		"no address":                {"z", "z", nil, context.Canceled},
		"the address of another":    {"z", "a", []string{"a2"}, ErrAddrTaken},
	} {
		m.mu.Lock()
		m.urls["a2"] = m.urls["a"]
		m.mu.Unlock()
		ctx, cancel := context.WithCancel(context.Background())
		j := JoinOptions{Node: tt.node, Addr: tt.addr, Candidates: Static(tt.candidates), Failed: func(error) { cancel() }}
		cluster, err := JoinCluster(ctx, caller{m, tt.node}, j)
		cancel()
		if !errors.Is(err, tt.want) || cluster != "" {
			t.Errorf("%s: %q, %v; want %v", name, cluster, err, tt.want)
		}
	}
}

func TestDNS(t *testing.T) {
	t.Parallel()
	lookup := func(_ context.Context, host string) ([]string, error) {
		switch host {
		case "nodes":
			return []string{"10.0.0.2", "10.0.0.1"}, nil
		case "more":
			return []string{"::1", "10.0.0.1"}, nil
		}
		return nil, errLost
	}
	for _, tt := range []struct {
		names []string
		want  []string
		fails bool
	}{
		{[]string{"nodes:7000", "more:7000", "gone:7000"}, []string{"10.0.0.1:7000", "10.0.0.2:7000", "[::1]:7000"}, false},
		{[]string{"gone:7000"}, nil, true},
		{[]string{"nodes"}, nil, true},
		{nil, nil, true},
	} {
		got, err := DNS(tt.names, lookup)(context.Background())
		if !slices.Equal(got, tt.want) || (err != nil) != tt.fails {
			t.Errorf("%v: %v, %v", tt.names, got, err)
		}
	}
	if _, err := DNS([]string{"gone:1"}, lookup)(context.Background()); !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
	if got, err := DNS([]string{"127.0.0.1:1"}, nil)(context.Background()); err != nil || !slices.Equal(got, []string{"127.0.0.1:1"}) {
		t.Errorf("the system's resolver: %v, %v", got, err)
	}
}
