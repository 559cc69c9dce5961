package cluster

import (
	"errors"
	"maps"
	"sync"

	"bleepstore/reference/meta"
)

// errSkipped is the fate of proposals over which a snapshot was put: they may be
// in it or not.
var errSkipped = errors.New("a snapshot took the place of the entries")

// errSameID is a second proposal of a command while the first is on its way.
var errSameID = errors.New("a command of that id is on its way")

// outcomes tells the proposals of this node what became of their commands, as
// this node's own state machine applies them: whoever led, and whatever was
// answered. Its methods may be called together.
type outcomes struct {
	mu      sync.Mutex
	calls   map[string]*call // by command id
	started uint64           // latest term whose TermStart was applied here
	moved   chan struct{}    // closed when started moves
}

// A call is one proposal; result and err are read once done is closed.
type call struct {
	done   chan struct{}
	result meta.Result
	err    error
}

func newOutcomes(started uint64) *outcomes {
	return &outcomes{calls: map[string]*call{}, started: started, moved: make(chan struct{})}
}

// begin is called before a command can be anywhere, end when nobody waits for it.
func (o *outcomes) begin(id string) (*call, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.calls[id] != nil {
		return nil, errSameID
	}
	c := &call{done: make(chan struct{})}
	o.calls[id] = c
	return c, nil
}

func (o *outcomes) end(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.calls, id)
}

// applied is told of every entry in the order of the log. What was refused for
// its term is no outcome: the same command may have been sent again in another.
func (o *outcomes) applied(entries []meta.Entry, results []meta.Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range entries {
		cmd, r := &entries[i].Command, results[i]
		if cmd.Op == nil || r.WrongTerm || r.Index == 0 {
			continue
		}
		if c := o.calls[cmd.ID]; c != nil {
			c.result = r
			close(c.done)
			delete(o.calls, cmd.ID)
		}
		if _, ok := cmd.Op.(meta.TermStart); ok {
			o.start(entries[i].Term)
		}
	}
}

// waiting returns the proposals on their way, by command id.
func (o *outcomes) waiting() map[string]*call {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.calls)
}

// skipped is told that a snapshot of a state in that term was put in the place
// of entries that nobody has seen here. calls were waiting when it had come:
// what was proposed later cannot be in it.
func (o *outcomes) skipped(calls map[string]*call, term uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, c := range calls {
		if o.calls[id] == c {
			c.err = errSkipped
			close(c.done)
			delete(o.calls, id)
		}
	}
	o.start(term)
}

func (o *outcomes) start(term uint64) {
	if term > o.started {
		o.started = term
		close(o.moved)
		o.moved = make(chan struct{})
	}
}

// term returns the latest term whose TermStart was applied here, and a channel
// that is closed when there is a later one. Every command of an earlier term
// that ever happens has been reported before.
func (o *outcomes) term() (started uint64, moved <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.started, o.moved
}
