package full

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"bleepstore/fault"
	"bleepstore/reference"
)

// restartAfter is how long a node is down that has ended by itself, as who runs
// it would start it again.
const restartAfter = time.Second

// patience is how long a node that was asked to leave may take for it.
const patience = 10 * time.Second

// A life is a node from when it is started until somebody ends it.
type life struct {
	ctx  context.Context
	end  context.CancelFunc
	soft atomic.Pointer[context.Context] // not nil: it may take its leave, until this one ends
	over chan struct{}
	err  error // of its closing; read once over is closed
}

// start lets the node live; it does nothing where it does.
func (n *node) start() {
	n.turn <- struct{}{}
	defer func() { <-n.turn }()
	if n.life == nil {
		n.begin()
	}
}

// begin is called with the turn.
func (n *node) begin() {
	if n.disk != nil {
		n.disk.PowerOn()
	}
	l := &life{over: make(chan struct{})}
	l.ctx, l.end = context.WithCancel(context.Background())
	n.life = l
	go n.live(l)
}

// kill ends the node without a word, and returns when it has ended.
func (n *node) kill() error {
	n.turn <- struct{}{}
	defer func() { <-n.turn }()
	return n.finish(nil)
}

// cutPower is kill, and its disk forgets what was not synced.
func (n *node) cutPower() error {
	n.turn <- struct{}{}
	defer func() { <-n.turn }()
	if n.life != nil {
		n.life.end()
	}
	n.disk.Crash() // also under one that does not run
	return n.finish(nil)
}

// stop asks it to leave, and does not wait long.
func (n *node) stop(ctx context.Context) error {
	n.turn <- struct{}{}
	defer func() { <-n.turn }()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	defer context.AfterFunc(ctx, n.vanish)()
	return n.finish(&ctx)
}

// setClock sets what ails the clock. Raft takes its times when it is opened, so
// that a node that runs is started anew where its clock goes at another rate.
func (n *node) setClock(t fault.ClockTrouble) error {
	n.turn <- struct{}{}
	defer func() { <-n.turn }()
	was := n.clock.Stretch(time.Hour)
	n.clock.Trouble(t)
	if n.life == nil || n.clock.Stretch(time.Hour) == was {
		return nil
	}
	if err := n.finish(nil); err != nil {
		return err
	}
	n.begin()
	return nil
}

// finish is called with the turn. soft, where there is one, is how long the node
// may take its leave.
func (n *node) finish(soft *context.Context) error {
	l := n.life
	if l == nil {
		return nil
	}
	n.life = nil
	l.soft.Store(soft)
	l.end() // first: it knows then that what breaks is no failure of its own
	if soft == nil {
		n.vanish()
	}
	<-l.over
	n.vanish() // what it left open, and who waits for it
	return l.err
}

// vanish takes from the process what it could still do harm with.
func (n *node) vanish() {
	n.c.net.Kill(n.id)
	if n.disk != nil {
		n.disk.Kill()
	}
}

// live runs servers, one after the other should one end by itself.
func (n *node) live(l *life) {
	defer close(l.over)
	for {
		if err := n.serve(l); l.ctx.Err() != nil {
			l.err = err
			return
		}
		if !sleep(l.ctx, restartAfter) {
			return
		}
		if n.disk != nil {
			n.disk.PowerOn()
		}
	}
}

// serve runs one server to its end. The error is what went wrong when it was
// closed; why it ended by itself is noted, and nobody else's failure.
func (n *node) serve(l *life) error {
	s, err := reference.Open(l.ctx, n.config())
	if err != nil {
		n.vanish()
		if l.ctx.Err() != nil {
			return nil
		}
		n.c.note("%s could not be opened: %v", n.id, err)
		return nil
	}
	n.serves.Store(s)
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	select {
	case err = <-served:
	case <-l.ctx.Done():
	}
	n.serves.Store(nil)
	if l.ctx.Err() == nil { // as the end of its process
		n.vanish()
		_ = s.Close(l.now()) // it is broken already
		n.c.note("%s ended by itself: %v", n.id, err)
		return nil
	}
	bound := l.now()
	if soft := l.soft.Load(); soft != nil {
		bound = *soft
	}
	closed := s.Close(bound)
	if err == nil {
		err = <-served
	}
	if n.disk != nil && bound.Err() != nil {
		return nil // its disk was taken away
	}
	return errors.Join(err, closed)
}

// now is a context that has ended.
func (l *life) now() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// scrap gives back what the node stood on, once it has ended.
func (n *node) scrap() error {
	if n.disk == nil {
		return nil
	}
	return n.disk.Close()
}
