package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
)

// A Stage is what a kind of fault acts upon: a target, and what other faults are
// doing to it meanwhile, so that faults that overlap add up, and one that ends
// leaves the others in place. Its methods may be called together.
type Stage struct {
	target Target
	able   Abilities
	gate   chan struct{} // holds one while the state is changed, which may take time
	state  state
	moved  func() // called with the gate held, after every change
}

// state is everything that is wrong at a time.
type state struct {
	net    troubles[Edge, NetTrouble]
	disk   troubles[string, DiskTrouble]
	clock  troubles[string, ClockTrouble]
	http   troubles[string, HTTPTrouble]
	down   map[string]int // how many faults want the node to be down
	paused map[string]int
}

// A SkipError says why a fault could not be done: it is no failure of the run.
type SkipError struct{ Why string }

func (e *SkipError) Error() string { return "skipped: " + e.Why }

func skip(format string, args ...any) error { return &SkipError{fmt.Sprintf(format, args...)} }

func newStage(t Target) *Stage {
	return &Stage{
		target: t, able: t.Abilities(), gate: make(chan struct{}, 1), moved: func() {},
		state: state{down: map[string]int{}, paused: map[string]int{}},
	}
}

// hold takes the gate; the caller lets go.
func (s *Stage) hold(ctx context.Context) error {
	select {
	case s.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Stage) letGo() {
	s.moved()
	<-s.gate
}

// Abilities are those of the target.
func (s *Stage) Abilities() Abilities { return s.able }

// Nodes are those of the target.
func (s *Stage) Nodes() []string { return s.target.Nodes() }

// Leader is that of the target, "" where nobody is known to lead.
func (s *Stage) Leader(ctx context.Context) (string, error) {
	leader, err := s.target.Leader(ctx)
	if errors.Is(err, ErrNoLeader) {
		return "", nil
	}
	return leader, err
}

// Rand is what decides what an event leaves open.
func (a Args) Rand() *rand.Rand { return rand.New(rand.NewPCG(a.Pick, 0x6661756c74)) }

// Node finds the node that a.Node means: the one of that id, or the "leader",
// or a "follower", a node that does not lead, or "any". Where nobody is known to
// lead, leader and follower are any.
func (s *Stage) Node(ctx context.Context, a Args) (string, error) {
	node, err := s.node(ctx, a)
	if err == nil {
		hit(ctx, node)
	}
	return node, err
}

func (s *Stage) node(ctx context.Context, a Args) (string, error) {
	nodes := s.Nodes()
	if len(nodes) == 0 {
		return "", skip("there is no node")
	}
	if slices.Contains(nodes, a.Node) {
		return a.Node, nil
	}
	switch a.Node {
	case "", "any":
		return pick(nodes, a.Rand()), nil
	case "leader", "follower":
	default:
		return "", skip("there is no node %s", a.Node)
	}
	leader, err := s.Leader(ctx)
	if err != nil {
		return "", err
	}
	if a.Node == "leader" {
		return known(nodes, leader, a.Rand()), nil
	}
	if others := without(nodes, leader); len(others) > 0 {
		nodes = others
	}
	return pick(nodes, a.Rand()), nil
}

// Cut returns the edges that the grudge of a cuts now.
func (s *Stage) Cut(ctx context.Context, a Args) ([]Edge, error) {
	g, ok := Grudges[a.Grudge]
	nodes := s.Nodes()
	if !ok || len(nodes) < 2 {
		return nil, skip("grudge %q between %d nodes", a.Grudge, len(nodes))
	}
	leader, err := s.Leader(ctx)
	if err != nil {
		return nil, err
	}
	edges := g(nodes, leader, a.Rand())
	hit(ctx, spell(edges)...)
	return edges, nil
}

// Around returns the edges from and to a node.
func (s *Stage) Around(node string) []Edge { return apart([]string{node}, s.Nodes()) }

// Net puts trouble on edges.
func (s *Stage) Net(ctx context.Context, edges []Edge, t NetTrouble) (Undo, error) {
	if s.able.Network == nil {
		return nil, s.Unable("net")
	}
	return trouble(ctx, s, &s.state.net, edges, t, s.able.Network.Trouble)
}

// Disk puts trouble on a node's disk.
func (s *Stage) Disk(ctx context.Context, node string, t DiskTrouble) (Undo, error) {
	if s.able.Disk == nil {
		return nil, s.Unable("disk")
	}
	return trouble(ctx, s, &s.state.disk, []string{node}, t, s.able.Disk.Trouble)
}

// Clock puts trouble on a node's clock.
func (s *Stage) Clock(ctx context.Context, node string, t ClockTrouble) (Undo, error) {
	if s.able.Clock == nil {
		return nil, s.Unable("clock")
	}
	return trouble(ctx, s, &s.state.clock, []string{node}, t, s.able.Clock.Trouble)
}

// HTTP puts trouble between clients and nodes.
func (s *Stage) HTTP(ctx context.Context, nodes []string, t HTTPTrouble) (Undo, error) {
	if s.able.HTTP == nil {
		return nil, s.Unable("http")
	}
	return trouble(ctx, s, &s.state.http, nodes, t, s.able.HTTP.Trouble)
}

// Unable says why the target cannot do the faults of a group: a *SkipError.
func (s *Stage) Unable(group string) error {
	why := s.able.Why[group]
	if why == "" {
		why = "the target has no way to"
	}
	return skip("%s: %s", group, why)
}

// Kill ends a process without a word: see Down.
func (s *Stage) Kill(ctx context.Context, node string) error { return s.able.Process.Kill(ctx, node) }

// Stop asks a process to leave: see Down.
func (s *Stage) Stop(ctx context.Context, node string) error { return s.able.Process.Stop(ctx, node) }

// Down ends a node by what end does, and keeps it down until undone; a node that
// is down already only stays so longer.
func (s *Stage) Down(ctx context.Context, node string, end func(context.Context, string) error) (Undo, error) {
	if s.able.Process == nil {
		return nil, s.Unable("kill")
	}
	if err := s.hold(ctx); err != nil {
		return nil, err
	}
	defer s.letGo()
	if s.state.down[node] == 0 {
		if s.state.paused[node] > 0 { // a stopped process dies as well, but it is not to come back stopped
			if err := s.able.Process.Resume(ctx, node); err != nil {
				return nil, err
			}
		}
		if err := end(ctx, node); err != nil {
			if s.state.paused[node] > 0 { // it is as it was
				err = errors.Join(err, s.able.Process.Pause(context.WithoutCancel(ctx), node))
			}
			return nil, err
		}
	}
	s.state.down[node]++
	return func(ctx context.Context) error { return s.up(ctx, node) }, nil
}

func (s *Stage) up(ctx context.Context, node string) error {
	if err := s.hold(ctx); err != nil {
		return err
	}
	defer s.letGo()
	if s.state.down[node] == 1 && slices.Contains(s.Nodes(), node) { // it may have been removed meanwhile
		if err := s.able.Process.Start(ctx, node); err != nil {
			return err
		}
		if s.state.paused[node] > 0 {
			if err := s.able.Process.Pause(ctx, node); err != nil {
				return err
			}
		}
	}
	s.state.down[node]--
	return nil
}

// Revive starts a node that has ended by itself, as one with a bad disk does,
// unless a fault wants it down.
func (s *Stage) Revive(ctx context.Context, node string) error {
	if err := s.hold(ctx); err != nil {
		return err
	}
	defer s.letGo()
	if s.able.Process == nil || s.state.down[node] > 0 || !slices.Contains(s.Nodes(), node) {
		return nil
	}
	return s.able.Process.Start(ctx, node)
}

// Pause lets a node's process stand still until undone.
func (s *Stage) Pause(ctx context.Context, node string) (Undo, error) {
	if s.able.Process == nil {
		return nil, s.Unable("pause")
	}
	if err := s.hold(ctx); err != nil {
		return nil, err
	}
	defer s.letGo()
	if s.state.paused[node] == 0 && s.state.down[node] == 0 {
		if err := s.able.Process.Pause(ctx, node); err != nil {
			return nil, err
		}
	}
	s.state.paused[node]++
	return func(ctx context.Context) error {
		if err := s.hold(ctx); err != nil {
			return err
		}
		defer s.letGo()
		if s.state.paused[node] == 1 && s.state.down[node] == 0 && slices.Contains(s.Nodes(), node) {
			if err := s.able.Process.Resume(ctx, node); err != nil {
				return err
			}
		}
		s.state.paused[node]--
		return nil
	}, nil
}

// Join has one more node join the cluster. That it could not, as where nobody
// leads, is a *SkipError.
func (s *Stage) Join(ctx context.Context) (node string, err error) {
	err = s.members(ctx, func(m Members) error {
		node, err = m.Add(ctx)
		return err
	})
	return node, err
}

// Leave has a node leave the cluster for good, as Join has one join.
func (s *Stage) Leave(ctx context.Context, node string) error {
	return s.members(ctx, func(m Members) error { return m.Remove(ctx, node) })
}

// members changes who belongs to the cluster. Other faults go on meanwhile.
func (s *Stage) members(ctx context.Context, change func(Members) error) error {
	if s.able.Members == nil {
		return s.Unable("membership")
	}
	if err := change(s.able.Members); err != nil {
		return skip("%v", err)
	}
	if err := s.hold(ctx); err != nil {
		return err
	}
	s.letGo()
	return nil
}

// A joiner is a state to which others can be added.
type joiner[T any] interface{ Join(T) T }

// troubles are what ails each place, by the faults that are at it.
type troubles[K comparable, T joiner[T]] struct {
	next int
	at   map[K]map[int]T
}

// sum is what ails a place altogether.
func (t *troubles[K, T]) sum(at K) (all T) {
	for _, one := range sortedByKey(t.at[at]) {
		all = all.Join(one)
	}
	return all
}

// gone says whether a place, a node or an edge, is of a node that has left the
// cluster: nobody need be able to do anything there.
func (s *Stage) gone(place any) bool {
	nodes := s.Nodes()
	switch p := place.(type) {
	case string:
		return !slices.Contains(nodes, p)
	case Edge:
		return !slices.Contains(nodes, p.From) || !slices.Contains(nodes, p.To)
	}
	return false
}

// trouble adds one trouble at some places and has set told what they suffer now.
// Its undo is there also where that failed: nobody knows what was done.
func trouble[K comparable, T joiner[T]](ctx context.Context, s *Stage, ts *troubles[K, T], places []K, t T, set func(context.Context, K, T) error) (Undo, error) {
	if err := s.hold(ctx); err != nil {
		return nil, err
	}
	defer s.letGo()
	if ts.at == nil {
		ts.at = map[K]map[int]T{}
	}
	ts.next++
	id := ts.next
	change := func(ctx context.Context, fn func(K)) error {
		var errs []error
		for _, p := range places {
			fn(p)
			if err := set(ctx, p, ts.sum(p)); err != nil && !s.gone(p) {
				errs = append(errs, err)
			}
		}
		return errors.Join(errs...)
	}
	end := func(ctx context.Context) error {
		return change(ctx, func(p K) { delete(ts.at[p], id) })
	}
	err := change(ctx, func(p K) {
		if ts.at[p] == nil {
			ts.at[p] = map[int]T{}
		}
		ts.at[p][id] = t
	})
	return func(ctx context.Context) error {
		if err := s.hold(ctx); err != nil {
			return err
		}
		defer s.letGo()
		return end(ctx)
	}, err
}
