package sim

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/fault/sim/clock"
)

var quiet = slog.New(slog.DiscardHandler)

// A fleet is the cluster of a run at the level raft: its nodes, and those that
// are down.
type fleet struct {
	o         Options
	dir       string
	mesh      *mesh
	elections atomic.Int64

	mu    sync.Mutex
	homes map[string]*home
	made  []string       // ids of all nodes that there ever were
	wg    sync.WaitGroup // of who watches over nodes
	over  chan struct{}  // closed when the run ends
	ended []error        // of nodes that ended by themselves
}

// A home is what of a node stays from life to life.
type home struct {
	id     string
	dir    string
	voters *raft.Configuration
	gate   gate
	clock  *clock.Clock
	lives  int

	busy   chan struct{} // holds one while the node is opened or closed
	node   *node         // nil: it is down; read with busy held, or by fleet.node
	down   bool          // somebody wants it to be
	paused bool          // likewise
}

// restartAfter is how long a node is down that has ended by itself.
const restartAfter = time.Second

func newFleet(o Options, dir string) *fleet {
	return &fleet{o: o, dir: dir, mesh: newMesh(o.Seed), homes: map[string]*home{}, over: make(chan struct{})}
}

// found makes the first nodes, all voters, and starts them.
func (s *fleet) found(n int) error {
	voters := &raft.Configuration{}
	for i := range n {
		id := fmt.Sprintf("n%d", i+1)
		voters.Servers = append(voters.Servers, raft.Server{ID: raft.ServerID(id), Address: raft.ServerAddress(id)})
	}
	for i, v := range voters.Servers {
		time.Sleep(time.Duration(i+1) * 1237 * time.Microsecond) // their timers do not beat together
		h, err := s.build(string(v.ID), voters)
		if err == nil {
			err = s.start(h)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// build makes the home of a node.
func (s *fleet) build(id string, voters *raft.Configuration) (*home, error) {
	h := &home{id: id, dir: filepath.Join(s.dir, id), voters: voters, clock: clock.New(), busy: make(chan struct{}, 1), down: true}
	if err := os.MkdirAll(h.dir, 0o700); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.homes[id] = h
	s.made = append(s.made, id)
	return h, nil
}

// start opens a node that is down, and has it watched.
func (s *fleet) start(h *home) error {
	h.busy <- struct{}{}
	defer func() { <-h.busy }()
	return s.startHeld(h)
}

func (s *fleet) startHeld(h *home) error {
	h.down = false
	if h.node != nil {
		return nil
	}
	n, err := s.openNode(h)
	if err != nil {
		return err
	}
	s.put(h, n)
	s.mesh.join(h.id, n)
	if h.paused {
		s.pause(h)
	}
	s.wg.Go(func() { s.watch(h, n) })
	return nil
}

// pause lets a node stand still.
func (s *fleet) pause(h *home) {
	h.gate.shut()
	s.mesh.halt(h.id, true)
}

// resume lets it go on.
func (s *fleet) resume(h *home) {
	s.mesh.halt(h.id, false)
	h.gate.unlock()
}

func (s *fleet) put(h *home, n *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.node = n
}

// end ends a node without a word to the others.
func (s *fleet) end(h *home) error {
	h.busy <- struct{}{}
	defer func() { <-h.busy }()
	h.down = true
	return s.endHeld(h)
}

func (s *fleet) endHeld(h *home) error {
	n := h.node
	if n == nil {
		return nil
	}
	s.mesh.leave(h.id)
	s.resume(h)
	s.put(h, nil)
	n.fail(errors.New("ended"))
	return n.close()
}

// watch starts a node again that has ended by itself, as who runs it would.
func (s *fleet) watch(h *home, n *node) {
	select {
	case <-n.failed:
	case <-s.over:
		return
	}
	h.busy <- struct{}{}
	defer func() { <-h.busy }()
	if h.node != n {
		return // it was ended
	}
	s.note(fmt.Errorf("%s ended by itself: %w", h.id, n.err))
	err := s.endHeld(h)
	for wait := restartAfter; !h.down; {
		<-h.busy
		sleep(s.over, wait)
		h.busy <- struct{}{}
		select {
		case <-s.over:
			return
		default:
		}
		if h.down || h.node != nil {
			return
		}
		if err = errors.Join(err, s.startHeld(h)); h.node != nil {
			return
		}
		s.note(err)
		err = nil
	}
}

func (s *fleet) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = append(s.ended, err)
}

// sleep returns early when over is closed.
func sleep(over <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-over:
	}
}

// all are the homes by name.
func (s *fleet) all() (homes []*home) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(s.homes)) {
		homes = append(homes, s.homes[id])
	}
	return homes
}

func (s *fleet) home(id string) (*home, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.homes[id]; h != nil {
		return h, nil
	}
	return nil, fmt.Errorf("there is no node %s", id)
}

// running are the nodes that are up, by name.
func (s *fleet) running() (nodes []*node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(s.homes)) {
		if n := s.homes[id].node; n != nil {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// leader is the node that leads in the latest term, nil where none does.
func (s *fleet) leader() (leader *node) {
	term := uint64(0)
	for _, n := range s.running() {
		if t := n.log.Term(); n.log.Leads() && t > term {
			leader, term = n, t
		}
	}
	return leader
}

// close ends all nodes.
func (s *fleet) close() error {
	close(s.over)
	s.wg.Wait()
	var errs []error
	for _, h := range s.all() {
		errs = append(errs, s.end(h))
	}
	s.mesh.under.Wait()
	return errors.Join(errs...)
}

// await polls a condition of the virtual time.
func await(ctx context.Context, ok func() bool) bool {
	for !ok() {
		if ctx.Err() != nil {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}

// seedOf makes a seed of its own for somebody.
func seedOf(seed uint64, name string, n int) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%d %s %d", seed, name, n))
}

func (s *fleet) notes() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ended)
}

// ever are the ids of all nodes that there were, in the order in which they came.
func (s *fleet) ever() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.made)
}

// number is that of the next node.
func (s *fleet) number() int { return len(s.ever()) + 1 }
