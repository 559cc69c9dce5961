package sim

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/fault"
	"bleepstore/fault/disk"
	"bleepstore/fault/sim/clock"
)

var quiet = slog.New(slog.DiscardHandler)

// A fleet is the cluster of a run at the level raft: its nodes, and those that
// are down.
type fleet struct {
	o         Options
	mesh      *mesh
	cloud     *cloud // nil: nodes keep bodies themselves
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
	disk   *disk.Disk
	voters *raft.Configuration
	gate   gate
	clock  *clock.Clock
	lives  int

	// busy holds one while the node is opened or closed, which takes as long as
	// its disk does: what ails the node is not behind it.
	busy chan struct{}
	node *node // nil: it is down; read with busy held, or by fleet.nodeOf

	mu     sync.Mutex
	down   bool // somebody wants it to be
	paused bool // likewise
	ails   fault.DiskTrouble
}

// wants says whether the node is to run.
func (h *home) wants() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.down
}

func (h *home) want(up bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down = !up
}

// ail tells the disk what it suffers from: that of a node which stands still
// does not move. mu is held.
func (h *home) ail() {
	t := h.ails
	t.Hang = t.Hang || h.paused
	h.disk.Trouble(t)
}

// restartAfter is how long a node is down that has ended by itself.
const restartAfter = time.Second

func newFleet(o Options) *fleet {
	s := &fleet{o: o, mesh: newMesh(o.Seed), homes: map[string]*home{}, over: make(chan struct{})}
	if o.Shared {
		s.cloud = newCloud(o.Seed)
	}
	return s
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
	seed := seedOf(s.o.Seed, id, 0)
	d, err := disk.New(binary.LittleEndian.Uint64(seed[:]))
	if err != nil {
		return nil, err
	}
	d.Cost = diskCost
	d.Flips = func(base string) bool { return !strings.Contains(base, ".db") } // which have no checksums
	h := &home{id: id, disk: d, voters: voters, clock: clock.New(), busy: make(chan struct{}, 1), down: true}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.homes[id] = h
	s.made = append(s.made, id)
	return h, nil
}

// diskCost is what a disk takes, by the time of the bubble.
func diskCost(op disk.Op) time.Duration {
	switch op.Kind {
	case disk.Sync:
		return 2 * time.Millisecond
	case disk.SyncDir:
		return time.Millisecond
	}
	return 0
}

// start opens a node that is down, and has it watched.
func (s *fleet) start(h *home) error {
	h.want(true)
	h.busy <- struct{}{}
	defer func() { <-h.busy }()
	return s.startHeld(h)
}

// begin is start that does not wait: the disk may hang. A node that cannot be
// opened is tried again, as who runs it would.
func (s *fleet) begin(h *home) {
	h.want(true)
	s.wg.Go(func() {
		h.busy <- struct{}{}
		defer func() { <-h.busy }()
		s.revive(h, 0)
	})
}

func (s *fleet) startHeld(h *home) error {
	if h.node != nil || !h.wants() {
		return nil
	}
	h.disk.PowerOn()
	n, err := s.openNode(h)
	if err != nil {
		return err
	}
	s.put(h, n)
	s.mesh.join(h.id, n)
	h.mu.Lock()
	if h.paused {
		s.still(h)
	}
	h.mu.Unlock()
	s.wg.Go(func() { s.watch(h, n) })
	return nil
}

// still lets a node stand still; mu is held.
func (s *fleet) still(h *home) {
	h.gate.shut()
	s.mesh.halt(h.id, true)
	h.ail()
}

// pause lets a node stand still, or go on.
func (s *fleet) pause(h *home, still bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.paused = still; still {
		s.still(h)
		return
	}
	s.mesh.halt(h.id, false)
	h.gate.unlock()
	h.ail()
}

// trouble sets what ails the disk.
func (h *home) trouble(t fault.DiskTrouble) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ails = t
	h.ail()
}

func (s *fleet) put(h *home, n *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.node = n
}

// end ends a node without a word to the others. vanish takes its disk away from
// it, at once: what it is about to do is not done.
func (s *fleet) end(h *home, vanish func()) {
	h.want(false)
	s.mesh.leave(h.id)
	vanish()
	h.busy <- struct{}{}
	defer func() { <-h.busy }()
	s.endHeld(h)
}

func (s *fleet) endHeld(h *home) {
	n := h.node
	if n == nil {
		return
	}
	s.mesh.leave(h.id)
	h.disk.Kill() // nothing, where it has gone already
	s.mesh.halt(h.id, false)
	h.gate.unlock() // what waits has nothing to wait for
	s.put(h, nil)
	n.fail(errors.New("ended"))
	_ = n.close() // it has no disk to close anything on
	h.disk.Kill() // who still waits for it
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
	s.endHeld(h)
	s.revive(h, restartAfter)
}

// revive starts a node, for the first time after a while, until it runs or
// somebody wants it to be down. The caller holds busy.
func (s *fleet) revive(h *home, after time.Duration) {
	for {
		<-h.busy
		sleep(s.over, after)
		h.busy <- struct{}{}
		select {
		case <-s.over:
			return
		default:
		}
		if err := s.startHeld(h); err != nil {
			s.note(err)
		}
		if h.node != nil || !h.wants() {
			return
		}
		after = restartAfter
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

// lost looks from time to time, until over is closed, for blobs that some node
// names and nobody has, and returns what it found.
func (s *fleet) lost(over <-chan struct{}) (found []string) {
	seen := map[string]int{} // by node
	for {
		select {
		case <-over:
			return found
		default:
		}
		if s.cloud != nil {
			s.gone(context.Background())
			sleep(over, time.Second)
			continue
		}
		for _, n := range s.running() {
			if st := n.blobs.Status(); st.Lost > seen[n.id] {
				seen[n.id] = st.Lost
				found = append(found, fmt.Sprintf("%s names %d blobs that none of the nodes has, among %v", n.id, st.Lost, st.MissingIDs))
			}
		}
		sleep(over, time.Second)
	}
}

// close ends all nodes.
func (s *fleet) close() error {
	close(s.over)
	s.wg.Wait()
	for _, h := range s.all() {
		s.end(h, h.disk.Kill)
	}
	s.mesh.under.Wait()
	var errs []error
	for _, h := range s.all() {
		errs = append(errs, h.disk.Close())
	}
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
