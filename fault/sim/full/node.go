package full

import (
	"crypto/sha256"
	"encoding/binary"
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

// heartbeat is reference's own, by the clock of the node.
const heartbeat = 100 * time.Millisecond

// reserve is what a node keeps free for when its disk is full.
const reserve = 1 << 20

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
			Dial:   n.c.net.Dial, Heartbeat: n.clock.Stretch(heartbeat),
		},
	}
	if n.disk != nil {
		c.Dir, c.FS, c.VFS, c.Reserve = "/"+n.id, n.disk.FS(), n.disk.VFS(), reserve
	}
	c.Cluster.Election = 10 * c.Cluster.Heartbeat
	for _, m := range n.c.members() { // as they are now: those of the beginning may have left
		c.Cluster.Peers = append(c.Cluster.Peers, reference.ClusterPeer{ID: m.id, Addr: m.id + ":9002"})
	}
	return c
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
