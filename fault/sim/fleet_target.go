package sim

import (
	"context"

	"bleepstore/fault"
)

// fleet is a fault.Target whose network, processes and clocks are its own.
var (
	_ fault.Target      = (*fleet)(nil)
	_ fault.Network     = meshFaults{}
	_ fault.Process     = processes{}
	_ fault.Disk        = disks{}
	_ fault.Clock       = clocks{}
	_ fault.Snapshotter = snapshots{}
)

// Nodes implements fault.Target.
func (s *fleet) Nodes() (ids []string) {
	for _, h := range s.all() {
		ids = append(ids, h.id)
	}
	return ids
}

// Leader implements fault.Target.
func (s *fleet) Leader(context.Context) (string, error) {
	if l := s.leader(); l != nil {
		return l.id, nil
	}
	return "", fault.ErrNoLeader
}

// Abilities implements fault.Target.
func (s *fleet) Abilities() fault.Abilities {
	return fault.Abilities{
		Network: meshFaults{s.mesh}, Process: processes{s}, Disk: disks{s}, Clock: clocks{s}, Members: members{s}, Snapshot: snapshots{s},
		Why: map[string]string{
			"kill": "all nodes share a process, in which a point of the code does not tell whose it is",
			"http": "at the level raft clients call the nodes without HTTP",
		},
	}
}

// meshFaults are what a mesh does to its messages.
type meshFaults struct{ m *mesh }

func (f meshFaults) Trouble(_ context.Context, e fault.Edge, t fault.NetTrouble) error {
	f.m.trouble(e, t)
	return nil
}

func (f meshFaults) Reset(_ context.Context, e fault.Edge) error {
	f.m.reset(e)
	return nil
}

// processes are the nodes as processes.
type processes struct{ s *fleet }

func (p processes) Kill(_ context.Context, node string) error {
	h, err := p.s.home(node)
	if err != nil {
		return err
	}
	p.s.end(h, h.disk.Kill)
	return nil
}

// Stop lets a leader hand over first, if it can at once.
func (p processes) Stop(ctx context.Context, node string) error {
	h, err := p.s.home(node)
	if err != nil {
		return err
	}
	if n := p.s.nodeOf(h); n != nil && n.log.Leads() {
		handing, cancel := context.WithTimeout(ctx, 2*heartbeatTime)
		_ = n.log.Transfer(handing, "") // or another one is elected
		cancel()
	}
	p.s.end(h, h.disk.Kill)
	return nil
}

func (p processes) Start(_ context.Context, node string) error {
	h, err := p.s.home(node)
	if err != nil {
		return err
	}
	p.s.begin(h)
	return nil
}

func (p processes) Pause(_ context.Context, node string) error { return p.pause(node, true) }

func (p processes) Resume(_ context.Context, node string) error { return p.pause(node, false) }

func (p processes) pause(node string, still bool) error {
	h, err := p.s.home(node)
	if err != nil {
		return err
	}
	p.s.pause(h, still)
	return nil
}

func (s *fleet) nodeOf(h *home) *node {
	s.mu.Lock()
	defer s.mu.Unlock()
	return h.node
}

// clocks are the nodes' clocks. Raft's timers take a rate when they are made: a
// node whose rate changes is restarted.
type clocks struct{ s *fleet }

func (c clocks) Trouble(_ context.Context, node string, t fault.ClockTrouble) error {
	h, err := c.s.home(node)
	if err != nil {
		return err
	}
	before := h.clock.Stretch(leaseTime)
	h.clock.Trouble(t)
	if h.clock.Stretch(leaseTime) != before && h.wants() {
		c.s.end(h, h.disk.Kill)
		c.s.begin(h)
	}
	return nil
}

// disks are what the nodes stand on.
type disks struct{ s *fleet }

func (d disks) Trouble(_ context.Context, node string, t fault.DiskTrouble) error {
	h, err := d.s.home(node)
	if err != nil {
		return err
	}
	h.trouble(t)
	return nil
}

func (d disks) PowerCut(_ context.Context, node string) error {
	h, err := d.s.home(node)
	if err != nil {
		return err
	}
	d.s.end(h, h.disk.Crash)
	return nil
}

// snapshots makes nodes snapshot their state.
type snapshots struct{ s *fleet }

func (f snapshots) Snapshot(ctx context.Context, node string) error {
	h, err := f.s.home(node)
	if err != nil {
		return err
	}
	if n := f.s.nodeOf(h); n != nil {
		return n.log.Snapshot(ctx)
	}
	return nil
}
