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
