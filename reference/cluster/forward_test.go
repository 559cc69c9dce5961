package cluster

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/reference/meta"
)

// A command that was forwarded arrives once more, later, in another term: it
// dies at the door, and in the log when it gets past it.
func TestLateDuplicate(t *testing.T) {
	t.Parallel()
	f := newFleet(t, nil, "a", "b", "c")
	f.bucket()
	var captured []byte
	f.net.change(func() {
		f.net.sent = func(_, _ string, command []byte) { captured = bytes.Clone(command) }
	})
	old := f.lead("a")
	f.do(f.nodes["b"], put("k", "1", meta.WriteCondition{}))
	term := old.raft.CurrentTerm()
	f.net.change(func() { f.net.sent = func(string, string, []byte) {} })
	l := f.lead("c")
	f.do(l, put("k", "2", meta.WriteCondition{}))
	if l.raft.CurrentTerm() == term || captured == nil {
		t.Fatalf("term %d, captured %d bytes", term, len(captured))
	}
	var refused *RefusedError
	if index, err := l.ServePropose(context.Background(), captured); !errors.As(err, &refused) {
		t.Errorf("the duplicate got %d, %v", index, err)
	}
	// As if the leader had changed between that look and the append.
	future := l.raft.Apply(pack(time.Now().UnixMilli(), [][]byte{captured}), time.Minute)
	if err := committed(future); err != nil {
		t.Fatal(err)
	}
	f.want("k", "2")
	f.equal()
}

// What other nodes send has to be a whole command: nothing else gets into the
// log, where it would end every node.
func TestServeProposeRefuses(t *testing.T) {
	t.Parallel()
	f := newFleet(t, nil, "a")
	r := f.leader()
	term := r.raft.CurrentTerm()
	encode := func(c meta.Command) []byte {
		b, err := meta.Encode(c)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	last := r.raft.LastIndex()
	for name, b := range map[string][]byte{
		"nothing":       nil,
		"noise":         []byte("noise"),
		"no operation":  encode(meta.Command{ID: "1", Term: term}),
		"no id":         encode(meta.Command{Term: term, Op: meta.Fence{Epoch: 1}}),
		"no term":       encode(meta.Command{ID: "1", Op: meta.Fence{Epoch: 1}}),
		"an older term": encode(meta.Command{ID: "1", Term: term - 1, Op: meta.Fence{Epoch: 1}}),
		"a later term":  encode(meta.Command{ID: "1", Term: term + 1, Op: meta.Fence{Epoch: 1}}),
		"a later state": encode(meta.Command{ID: "1", Term: term, Op: impossible.Op}),
	} {
		var refused *RefusedError
		if index, err := r.ServePropose(context.Background(), b); !errors.As(err, &refused) {
			t.Errorf("%s: %d, %v", name, index, err)
		}
	}
	for _, op := range []meta.Op{impossible.Op, &meta.SetVersion{Version: meta.StateVersion + 1}} {
		if _, err := r.Propose(context.Background(), meta.Command{Op: op}); !errors.Is(err, ErrVersion) {
			t.Errorf("%#v: %v", op, err)
		}
	}
	if got := r.raft.LastIndex(); got != last {
		t.Errorf("the log has grown from %d to %d", last, got)
	}
}

// The answer to a forwarded command is lost, but the command is not: the node
// learns what became of it from its own state.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	f := newFleet(t, func(_ string, o *RaftOptions, _ *raft.Config) { o.ProposeTimeout = time.Minute }, "a", "b", "c")
	f.bucket()
	l, r := f.leader(), f.follower()
	f.net.change(func() { f.net.cut[edge{ofOurs, l.o.Node, r.o.Node}] = true })
	f.do(r, put("k", "v", meta.WriteCondition{}))
	if got, err := peek(r, "k"); err != nil || got != "v" {
		t.Errorf("acknowledged, and %q is there, %v", got, err)
	}
}

// A forwarded command is lost together with its leader: the next term shows that
// it never happened, and it is proposed there, once.
func TestLostCommand(t *testing.T) {
	t.Parallel()
	f := newFleet(t, func(_ string, o *RaftOptions, _ *raft.Config) { o.ProposeTimeout = time.Minute }, "a", "b", "c")
	f.bucket()
	l, r := f.leader(), f.follower()
	f.net.change(func() { f.net.cut[edge{ofOurs, r.o.Node, l.o.Node}] = true })
	done := make(chan meta.Result)
	go func() {
		res, err := r.Propose(context.Background(), meta.Command{Op: put("k", "v", meta.WriteCondition{IfNoneMatch: "*"})})
		if err != nil {
			t.Error(err)
		}
		done <- res
	}()
	eventually(t, "the command waits for the network", func() bool {
		r.outcomes.mu.Lock()
		defer r.outcomes.mu.Unlock()
		return len(r.outcomes.calls) == 1
	})
	f.net.isolate(l.o.Node, true)
	if res := <-done; res.Err != nil {
		t.Errorf("applied twice: %v", res.Err)
	}
	f.net.heal()
	f.want("k", "v")
	f.equal()
}

// An appended command whose leader vanishes is found by its id in the term that
// follows, if it was committed there.
func TestCommittedByTheNext(t *testing.T) {
	t.Parallel()
	f := newFleet(t, func(_ string, o *RaftOptions, _ *raft.Config) { o.ProposeTimeout = time.Minute }, "a", "b", "c")
	f.bucket()
	l, r := f.leader(), f.follower()
	// The followers' answers are lost: they have the entry, and the leader
	// does not know.
	f.net.change(func() {
		for _, id := range f.ids {
			f.net.cut[edge{ofRaft, id, l.o.Node}] = true
		}
	})
	res := f.do(r, put("k", "v", meta.WriteCondition{IfNoneMatch: "*"}))
	if n := f.leader(l.o.Node); n.db.Applied() < res.Index {
		t.Errorf("acknowledged at %d, the leader has applied %d", res.Index, n.db.Applied())
	}
	f.net.heal()
	f.order(f.leader()) // it is in the log once
	f.want("k", "v")
	f.equal()
}

// A command of which nobody knows is said to be so when a snapshot has taken
// the place of the entries.
func TestSkippedBySnapshot(t *testing.T) {
	t.Parallel()
	f := newFleet(t, func(_ string, o *RaftOptions, c *raft.Config) {
		o.ProposeTimeout, c.TrailingLogs = time.Minute, 1
	}, "a", "b", "c")
	f.bucket()
	l, r := f.leader(), f.follower()
	f.net.change(func() {
		f.net.cut[edge{ofRaft, l.o.Node, r.o.Node}] = true // so that it does not see the entries
		f.net.cut[edge{ofRaft, r.o.Node, l.o.Node}] = true
		f.net.cut[edge{ofOurs, l.o.Node, r.o.Node}] = true // nor the answer
		f.net.cut[edge{ofOurs, r.o.Node, l.o.Node}] = false
		for _, id := range f.ids { // nor stands for election
			f.net.cut[edge{ofRaft, r.o.Node, id}] = true
		}
	})
	done := make(chan error)
	go func() {
		_, err := r.Propose(context.Background(), meta.Command{Op: put("k", "v", meta.WriteCondition{})})
		done <- err
	}()
	eventually(t, "the leader has it", func() bool {
		got, err := peek(l, "k")
		return err == nil && got == "v"
	})
	for range 5 {
		f.do(l, put("l", "v", meta.WriteCondition{}))
	}
	if err := l.raft.Snapshot().Error(); err != nil {
		t.Fatal(err)
	}
	f.net.healEmpty() // the entries are on their way
	var unknown *UnknownOutcomeError
	if err := <-done; !errors.As(err, &unknown) || !errors.Is(err, errSkipped) {
		t.Errorf("got %v", err)
	}
	f.want("k", "v")
	f.equal()
}
