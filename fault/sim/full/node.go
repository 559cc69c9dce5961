package full

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"bleepstore/fault/sim/clock"
	"bleepstore/reference"
)

// restartAfter is how long a node is down that has ended by itself, as who runs
// it would start it again.
const restartAfter = time.Second

// A node is what of a node stays from life to life.
type node struct {
	c      *cluster
	id     string
	clock  *clock.Clock
	rand   io.Reader
	serves atomic.Pointer[reference.Server]

	turn chan struct{} // holds one while it is started or ended
	life *life         // nil: it does not run; the turn is held
}

// A life is a node from when it is started until somebody ends it.
type life struct {
	ctx  context.Context
	end  context.CancelFunc
	soft atomic.Pointer[context.Context] // not nil: it may take its leave, until this one ends
	over chan struct{}
	err  error // of its closing; read once over is closed
}

func newNode(c *cluster, id string) (*node, error) {
	seed := [32]byte{}
	copy(seed[:], fmt.Sprintf("%d %s", c.o.Schedule.Seed, id))
	return &node{c: c, id: id, clock: clock.New(), rand: &lockedReader{r: rand.NewChaCha8(seed)}, turn: make(chan struct{}, 1)}, nil
}

// server is the one that runs, nil while there is none.
func (n *node) server() *reference.Server { return n.serves.Load() }

// config is that of a server in the node's place.
func (n *node) config() reference.Config {
	c := reference.Config{
		Dir: filepath.Join(n.c.o.Dir, n.id), Backend: n.c.o.Backend, Reserve: -1, Addr: n.id + ":9000",
		Users: []reference.User{user}, Clock: n.clock, Rand: n.rand,
		Listen: func(_, addr string) (net.Listener, error) { return n.c.net.Listen(n.id, addr) },
		Cluster: &reference.ClusterConfig{
			Node: n.id, Addr: n.id + ":9002", Bootstrap: n.id == "n1", Secret: []byte("what the nodes of a simulation share"),
			Listen: func(addr string) (net.Listener, error) { return n.c.net.Listen(n.id, addr) },
			Dial:   n.c.net.Dial,
		},
	}
	for i := range n.c.o.Schedule.Nodes {
		id := fmt.Sprintf("n%d", i+1)
		c.Cluster.Peers = append(c.Cluster.Peers, reference.ClusterPeer{ID: id, Addr: id + ":9002"})
	}
	return c
}

// start lets the node live; it does nothing where it does.
func (n *node) start() {
	n.turn <- struct{}{}
	defer func() { <-n.turn }()
	if n.life != nil {
		return
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
	return n.finish(func(*life) { n.vanish() })
}

// stop asks it to leave.
func (n *node) stop(ctx context.Context) error {
	n.turn <- struct{}{}
	defer func() { <-n.turn }()
	return n.finish(func(l *life) { l.soft.Store(&ctx) })
}

// finish is called with the turn; how tells the life of its end.
func (n *node) finish(how func(*life)) error {
	l := n.life
	if l == nil {
		return nil
	}
	n.life = nil
	how(l)
	l.end()
	<-l.over
	n.c.net.Kill(n.id)
	return l.err
}

// vanish takes from the process what it could still do harm with.
func (n *node) vanish() { n.c.net.Kill(n.id) }

// live runs servers, one after the other should one end by itself.
func (n *node) live(l *life) {
	defer close(l.over)
	for {
		err := n.serve(l)
		if l.ctx.Err() != nil {
			l.err = err
			return
		}
		n.c.note("%s ended by itself: %v", n.id, err)
		if !sleep(l.ctx, restartAfter) {
			return
		}
	}
}

// serve runs one server to its end. The error is why it ended by itself, or what
// went wrong when it was closed.
func (n *node) serve(l *life) error {
	s, err := reference.Open(l.ctx, n.config())
	if err != nil {
		if l.ctx.Err() != nil {
			return nil
		}
		return err
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
		return err
	}
	bound := l.now()
	if soft := l.soft.Load(); soft != nil {
		bound = *soft
	}
	err = errors.Join(err, s.Close(bound))
	if err == nil {
		err = <-served
	}
	return err
}

// now is a context that has ended.
func (l *life) now() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// scrap gives back what the node stood on, once it has ended.
func (n *node) scrap() error { return nil }

// A lockedReader lets goroutines share a source of randomness.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

// pause lets the node stand still as far as others can tell.
func (n *node) pause(on bool) {
	if on {
		n.c.net.Pause(n.id)
	} else {
		n.c.net.Resume(n.id)
	}
}
