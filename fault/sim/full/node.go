package full

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"bleepstore/fault"
	"bleepstore/fault/disk"
	"bleepstore/fault/sim/clock"
	"bleepstore/reference"
)

// reserve is what a node keeps free for when its disk is full.
const reserve = 1 << 20

// restartAfter is how long a node is down that has ended by itself, as who runs
// it would start it again.
const restartAfter = time.Second

// patience is how long a node that was asked to leave may take for it.
const patience = 10 * time.Second

// A node is what of a node stays from life to life.
type node struct {
	c      *cluster
	id     string
	clock  *clock.Clock
	disk   *disk.Disk // nil: it stands on a directory of the system
	rand   io.Reader
	serves atomic.Pointer[reference.Server]

	turn   chan struct{}     // holds one while it is started or ended, or what ails it changes
	life   *life             // nil: it does not run
	ails   fault.DiskTrouble // its disk
	paused bool
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
	seed := sha256.Sum256(fmt.Appendf(nil, "%d %s", c.o.Schedule.Seed, id))
	n := &node{c: c, id: id, clock: clock.New(), rand: &lockedReader{r: rand.NewChaCha8(seed)}, turn: make(chan struct{}, 1)}
	if c.o.Dir != "" {
		return n, nil
	}
	var err error
	if n.disk, err = disk.New(binary.LittleEndian.Uint64(seed[:])); err != nil {
		return nil, err
	}
	n.disk.Flips = func(base string) bool { return !strings.Contains(base, ".db") } // which have no checksums
	return n, nil
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
	if n.disk != nil {
		c.Dir, c.FS, c.VFS, c.Reserve = "/"+n.id, n.disk.FS(), n.disk.VFS(), reserve
	}
	for _, m := range n.c.members() { // as they are now: those of the beginning may have left
		c.Cluster.Peers = append(c.Cluster.Peers, reference.ClusterPeer{ID: m.id, Addr: m.id + ":9002"})
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
		err := n.serve(l)
		if l.ctx.Err() != nil {
			l.err = err
			return
		}
		n.c.note("%s ended by itself: %v", n.id, err)
		if !sleep(l.ctx, restartAfter) {
			return
		}
		if n.disk != nil {
			n.disk.PowerOn()
		}
	}
}

// serve runs one server to its end. The error is why it ended by itself, or what
// went wrong when it was closed.
func (n *node) serve(l *life) error {
	s, err := reference.Open(l.ctx, n.config())
	if err != nil {
		n.vanish()
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

// pause lets the node stand still as far as others can tell: it writes nothing,
// it sends nothing, and what comes for it waits.
func (n *node) pause(on bool) {
	n.turn <- struct{}{}
	defer func() { <-n.turn }()
	n.paused = on
	n.ail()
	if on {
		n.c.net.Pause(n.id)
	} else {
		n.c.net.Resume(n.id)
	}
}

// trouble sets what ails the disk.
func (n *node) trouble(t fault.DiskTrouble) {
	n.turn <- struct{}{}
	defer func() { <-n.turn }()
	n.ails = t
	n.ail()
}

// ail is called with the turn.
func (n *node) ail() {
	if n.disk != nil {
		n.disk.Trouble(n.ails.Join(fault.DiskTrouble{Hang: n.paused}))
	}
}
