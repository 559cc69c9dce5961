package full

import (
	"context"
	"errors"
	"fmt"

	"bleepstore/fault"
	"bleepstore/reference"
)

// A target is a cluster as faults see it.
type target struct{ c *cluster }

// Nodes implements fault.Target.
func (t target) Nodes() (ids []string) {
	for _, n := range t.c.members() {
		ids = append(ids, n.id)
	}
	return ids
}

// Leader implements fault.Target.
func (t target) Leader(context.Context) (string, error) {
	if n, _ := t.c.leader(); n != nil {
		return n.id, nil
	}
	return "", fault.ErrNoLeader
}

// Abilities implements fault.Target.
func (t target) Abilities() fault.Abilities {
	a := fault.Abilities{
		Network: network(t), Process: process(t), Clock: clocks(t), Members: members(t), Snapshot: snapshots(t),
		Why: map[string]string{
			"http": "clients reach the nodes without a proxy",
			"disk": "the nodes stand on a disk of the system",
			"kill": "all nodes share a process, in which a point of the code does not tell whose it is",
		},
	}
	if t.c.o.Dir == "" {
		a.Disk = disks(t)
	}
	return a
}

type network struct{ c *cluster }

func (t network) Trouble(_ context.Context, e fault.Edge, what fault.NetTrouble) error {
	t.c.net.Trouble(e, what)
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	odd := what.Duplicate > 0 || what.Reorder > 0
	was := t.c.odd[e]
	if t.c.odd[e] = odd; odd && !was {
		return &fault.SkipError{Why: "over a stream of bytes nothing comes twice or out of order"}
	}
	return nil
}

func (t network) Reset(_ context.Context, e fault.Edge) error {
	t.c.net.Reset(e)
	return nil
}

type process struct{ c *cluster }

// with looks a node up.
func (c *cluster) with(id string, do func(*node) error) error {
	n, err := c.node(id)
	if err != nil {
		return err
	}
	return do(n)
}

func (t process) Kill(_ context.Context, id string) error {
	return t.c.with(id, (*node).kill)
}

func (t process) Stop(ctx context.Context, id string) error {
	return t.c.with(id, func(n *node) error { return n.stop(ctx) })
}

func (t process) Start(_ context.Context, id string) error {
	return t.c.with(id, func(n *node) error {
		n.start()
		return nil
	})
}

func (t process) Pause(_ context.Context, id string) error {
	return t.c.with(id, func(n *node) error {
		n.pause(true)
		return nil
	})
}

func (t process) Resume(_ context.Context, id string) error {
	return t.c.with(id, func(n *node) error {
		n.pause(false)
		return nil
	})
}

type clocks struct{ c *cluster }

func (t clocks) Trouble(_ context.Context, id string, what fault.ClockTrouble) error {
	return t.c.with(id, func(n *node) error { return n.setClock(what) })
}

type disks struct{ c *cluster }

func (t disks) Trouble(_ context.Context, id string, what fault.DiskTrouble) error {
	return t.c.with(id, func(n *node) error {
		n.trouble(what)
		return nil
	})
}

func (t disks) PowerCut(_ context.Context, id string) error {
	return t.c.with(id, (*node).cutPower)
}

type snapshots struct{ c *cluster }

func (t snapshots) Snapshot(ctx context.Context, id string) error {
	return t.c.with(id, func(n *node) error {
		s := n.server()
		if s == nil {
			return &fault.SkipError{Why: id + " does not run"}
		}
		return s.Cluster().Raft().Snapshot(ctx)
	})
}

type members struct{ c *cluster }

// Add implements fault.Members.
func (t members) Add(ctx context.Context) (string, error) {
	n, err := t.c.make()
	if err != nil {
		return "", err
	}
	n.start()
	votes := func() bool {
		s := t.c.anyBut("")
		if s == nil {
			return false
		}
		for _, m := range s.Cluster().Survey(ctx) {
			if m.ID == n.id {
				return m.Voter
			}
		}
		return false
	}
	if !await(ctx, within, votes) {
		err := fmt.Errorf("%s did not become a voter", n.id)
		ctx := context.WithoutCancel(ctx)
		if s := t.c.anyBut(n.id); s != nil {
			err = errors.Join(err, s.Cluster().Remove(ctx, n.id, true)) // it may be half a member
		}
		return n.id, errors.Join(err, t.c.discard(n))
	}
	return n.id, nil
}

// Remove implements fault.Members: the node ends, once it is none any more.
func (t members) Remove(ctx context.Context, id string) error {
	return t.c.with(id, func(n *node) error {
		s := t.c.anyBut(id)
		if s == nil {
			return errors.New("no other node is ready")
		}
		if err := s.Cluster().Remove(ctx, id, false); err != nil {
			return err
		}
		return t.c.discard(n)
	})
}

// discard ends a node for good.
func (c *cluster) discard(n *node) error {
	if err := n.kill(); err != nil {
		return err
	}
	return c.forget(n)
}

// Transfer implements fault.Members.
func (t members) Transfer(ctx context.Context, to string) error {
	n, _ := t.c.leader()
	if n == nil {
		return fault.ErrNoLeader
	}
	if s := n.server(); s != nil {
		return s.Cluster().Transfer(ctx, to)
	}
	return fault.ErrNoLeader
}

// anyBut is a node that serves, not the one of that id; nil: there is none.
func (c *cluster) anyBut(id string) *reference.Server {
	for _, n := range c.members() {
		if s := n.server(); n.id != id && s != nil && s.Ready() {
			return s
		}
	}
	return nil
}
