package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/reference/meta"
)

// says serves one answer of ours to everything.
func says(err error) http.Handler {
	return answer(func(context.Context, *http.Request) (any, error) { return nil, err })
}

// What a node refuses, and why, is the same for the node that has asked; what it
// does not refuse is not taken for a refusal.
func TestWireFailures(t *testing.T) {
	m := newMesh(t)
	w := NewWire(caller{m, "a"})
	ask := func(h http.Handler) error {
		defer m.serve("b", "b", h)()
		_, err := w.Propose(context.Background(), "b", []byte("x"))
		return err
	}
	var refused *RefusedError
	for _, c := range codes {
		for _, err := range []error{c.err, fmt.Errorf("detail: %w", c.err)} {
			if got := ask(says(&RefusedError{err})); !errors.As(got, &refused) || !errors.Is(got, c.err) {
				t.Errorf("%v arrives as %v", err, got)
			}
			if got := ask(says(err)); errors.As(got, &refused) || !errors.Is(got, c.err) {
				t.Errorf("%v, not refused, arrives as %v", err, got)
			}
		}
	}
	if got := ask(says(&RefusedError{errors.New("another reason")})); !errors.As(got, &refused) {
		t.Errorf("a refusal without a code arrives as %v", got)
	}
	for name, h := range map[string]http.Handler{
		"any other failure": says(errors.New("failure")),
		"no handler":        http.NotFoundHandler(),
		"somebody between": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "refused", http.StatusServiceUnavailable)
		}),
		"an end in the middle": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(`{"index"`)) // the client sees it
		}),
		"noise":    http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("noise")) }),
		"an abort": http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
	} {
		if got := ask(h); got == nil || errors.As(got, &refused) {
			t.Errorf("%s arrives as %v", name, got)
		}
	}
	if _, err := w.Term(context.Background(), "c"); !errors.Is(err, errLost) || errors.As(err, &refused) {
		t.Errorf("a node that is not there: %v", err)
	}
}

// The other side works no longer than the caller waits, and not at all for one
// that waits no more.
func TestWireDeadline(t *testing.T) {
	m := newMesh(t)
	ends := make(chan time.Time, 1)
	defer m.serve("b", "b", answer(func(ctx context.Context, _ *http.Request) (any, error) {
		end, _ := ctx.Deadline()
		ends <- end
		return NodeStatus{}, nil
	}))()
	w := NewWire(caller{m, "a"})
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	want, _ := ctx.Deadline()
	if _, err := w.Status(ctx, "b", true); err != nil {
		t.Fatal(err)
	}
	if got := <-ends; got.IsZero() || got.After(want.Add(time.Minute)) || got.Before(want.Add(-time.Minute)) {
		t.Errorf("serves until %v, want %v", got, want)
	}
	if _, err := w.Status(context.Background(), "b", true); err != nil {
		t.Fatal(err)
	}
	if got := <-ends; !got.IsZero() {
		t.Errorf("serves until %v without a deadline", got)
	}
	late, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err := w.Status(late, "b", true); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the deadline: %v", err)
	}
	if len(ends) > 0 {
		t.Error("the other side was asked after the deadline")
	}
}

// Nodes that ask each other over HTTP serve writes and reads anywhere, and what
// is no command is refused before it is in the log.
func TestThreeNodesByWire(t *testing.T) {
	t.Parallel()
	f := newSeed(t, quick, "a", "b", "c")
	f.admit("b", "c")
	f.bucket()
	for i, id := range f.ids {
		f.do(f.nodes[id], put("k", fmt.Sprint(i), meta.WriteCondition{}))
		f.want("k", fmt.Sprint(i))
	}
	r := f.follower()
	big := meta.DeleteObjects{Bucket: "b", Owner: "alice"}
	for i := range 200 { // 1 MiB
		big.Items = append(big.Items, meta.DeleteItem{Key: fmt.Sprint(i, strings.Repeat("x", 5000))})
	}
	f.do(r, big)
	l := f.leader()
	term, last := l.raft.CurrentTerm(), l.raft.LastIndex()
	w := NewWire(caller{f.mesh, r.o.Node})
	for name, b := range map[string][]byte{"nothing": nil, "noise": []byte("noise"), "too much": make([]byte, 2*maxCommand+1)} {
		var refused *RefusedError
		if index, err := w.Propose(context.Background(), l.o.Node, b); !errors.As(err, &refused) {
			t.Errorf("%s: %d, %v", name, index, err)
		}
	}
	if got := l.raft.LastIndex(); l.raft.CurrentTerm() == term && got != last {
		t.Errorf("the log has grown from %d to %d", last, got)
	}
	f.equal()
}

// quick has elections soon; a machine with little time to spare still has them.
func quick(_ string, _ *RaftOptions, c *raft.Config) {
	c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = 250*time.Millisecond, 250*time.Millisecond, 250*time.Millisecond
}

// admit has nodes join, and waits until they vote.
func (f *fleet) admit(ids ...string) {
	f.t.Helper()
	for _, id := range ids {
		if err := f.leader().Join(context.Background(), id, f.addrs[id]); err != nil {
			f.t.Fatal(err)
		}
	}
	for _, id := range ids {
		eventually(f.t, id+" votes", func() bool { return f.leader().votes(id) && f.nodes[id].votes(id) })
	}
}
