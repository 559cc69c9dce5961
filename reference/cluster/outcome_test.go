package cluster

import (
	"errors"
	"testing"

	"bleepstore/reference/meta"
)

// What a proposal hears, by what the state machine is given meanwhile.
func TestOutcomes(t *testing.T) {
	mine := meta.Entry{Index: 5, Term: 3, Command: meta.Command{ID: "x", Term: 3, Op: meta.Fence{}}}
	other := mine
	other.Command.ID = "y"
	next := meta.Entry{Index: 6, Term: 4, Command: meta.Command{ID: "z", Term: 4, Op: meta.TermStart{}}}
	at := func(i uint64) meta.Result { return meta.Result{Index: i} }
	for _, tt := range []struct {
		name    string
		do      func(o *outcomes)
		done    bool
		skipped bool
		started uint64
	}{
		{"nothing", func(*outcomes) {}, false, false, 2},
		{"another's", func(o *outcomes) { o.applied([]meta.Entry{other}, []meta.Result{at(5)}) }, false, false, 2},
		{"its own", func(o *outcomes) { o.applied([]meta.Entry{other, mine}, []meta.Result{at(5), at(5)}) }, true, false, 2},
		{"its own, in another term", func(o *outcomes) {
			o.applied([]meta.Entry{mine}, []meta.Result{{Index: 5, WrongTerm: true}})
		}, false, false, 2},
		{"its own, long since applied", func(o *outcomes) { o.applied([]meta.Entry{mine}, []meta.Result{{}}) }, false, false, 2},
		{"the next term", func(o *outcomes) { o.applied([]meta.Entry{next}, []meta.Result{at(6)}) }, false, false, 4},
		{"its own and the next term", func(o *outcomes) {
			o.applied([]meta.Entry{mine, next}, []meta.Result{at(5), at(6)})
		}, true, false, 4},
		{"a snapshot", func(o *outcomes) { o.skipped(o.waiting(), 4) }, true, true, 4},
		{"a snapshot that came before", func(o *outcomes) { o.skipped(nil, 4) }, false, false, 4},
		{"an older term", func(o *outcomes) { o.skipped(nil, 1) }, false, false, 2},
	} {
		o := newOutcomes(2)
		_, moved := o.term()
		c, err := o.begin("x")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.begin("x"); !errors.Is(err, errSameID) {
			t.Errorf("%s: begun twice: %v", tt.name, err)
		}
		tt.do(o)
		done, woken := false, false
		select {
		case <-c.done:
			done = true
		default:
		}
		select {
		case <-moved:
			woken = true
		default:
		}
		started, _ := o.term()
		if done != tt.done || errors.Is(c.err, errSkipped) != tt.skipped || started != tt.started || woken != (started != 2) {
			t.Errorf("%s: done %v, %v; term %d has started, woken %v", tt.name, done, c.err, started, woken)
		}
		o.end("x")
		if len(o.waiting()) != 0 {
			t.Errorf("%s: it is still waited for", tt.name)
		}
	}
}

// A command that is applied together with the start of the next term has happened:
// who waits for it looks at the command first, or it would be proposed again.
func TestSettleWithTheNextTerm(t *testing.T) {
	r := &Raft{outcomes: newOutcomes(2), broken: make(chan struct{}), ctx: t.Context()}
	c, err := r.outcomes.begin("x")
	if err != nil {
		t.Fatal(err)
	}
	r.outcomes.applied([]meta.Entry{
		{Index: 5, Term: 3, Command: meta.Command{ID: "x", Term: 3, Op: meta.Fence{}}},
		{Index: 6, Term: 4, Command: meta.Command{ID: "z", Term: 4, Op: meta.TermStart{}}},
	}, []meta.Result{{Index: 5}, {Index: 6}})
	if res, happened, err := r.settle(t.Context(), c, 3, ErrNoLeader); !happened || err != nil || res.Index != 5 {
		t.Errorf("got the result of %d, happened %v, %v; want that of 5", res.Index, happened, err)
	}
	other, err := r.outcomes.begin("y")
	if err != nil {
		t.Fatal(err)
	}
	if _, happened, err := r.settle(t.Context(), other, 3, ErrNoLeader); happened || err != nil {
		t.Errorf("one that was not applied: happened %v, %v; want that it never did", happened, err)
	}
}
