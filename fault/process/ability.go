package process

import (
	"context"

	"bleepstore/fault"
)

var _ fault.Target = (*Cluster)(nil)

// Abilities implements fault.Target: processes can always be ended; the rest
// depends on what the topology says and the options bring.
func (c *Cluster) Abilities() fault.Abilities {
	a := fault.Abilities{Process: c, Why: map[string]string{}}
	peers, agents := true, true
	for _, n := range c.members() {
		peers, agents = peers && n.peer != "", agents && n.agent != ""
	}
	switch {
	case c.o.Edges == nil && c.o.Lab == nil:
		a.Why["net"] = "nothing stands between the nodes"
	case len(c.t.Nodes) < 2 && c.t.Members == nil:
		a.Why["net"] = "there is one node"
	case c.o.Lab != nil:
		a.Network = c.o.Lab
	case !peers || c.t.Peers.By == "none":
		a.Why["net"] = "the topology does not say where nodes reach each other (peer, peers)"
	default:
		a.Network = c.o.Edges
	}
	if agents {
		a.Crash, a.Points, a.Clock, a.Snapshot = agent{c}, c.t.Points, clock{c}, agent{c}
	} else {
		const why = "the nodes take no orders that are for tests (agent)"
		a.Why["kill"], a.Why["clock"], a.Why["snapshot"] = "no crash at a point: "+why, why, why
	}
	if c.o.Disks != nil {
		a.Disk = disk{c}
	} else {
		a.Why["disk"] = "the nodes' directories are on the system's own disk"
	}
	if c.t.Members != nil {
		a.Members = membership{c}
	} else {
		a.Why["membership"] = "the topology does not say how the cluster grows and shrinks (members)"
	}
	if c.o.Fronts != nil {
		a.HTTP = front{c}
	} else {
		a.Why["http"] = "clients reach the nodes themselves"
	}
	return a
}

// A front is what stands before the nodes.
type front struct{ *Cluster }

// Trouble implements fault.Front.
func (f front) Trouble(ctx context.Context, name string, t fault.HTTPTrouble) error {
	n, err := f.find(name)
	if err != nil {
		return err
	}
	return f.o.Fronts.Trouble(ctx, n.door, t)
}

// A disk is what lies under the nodes, who end where it fails.
type disk struct{ *Cluster }

// Trouble implements fault.Disk.
func (d disk) Trouble(ctx context.Context, name string, t fault.DiskTrouble) error {
	n, err := d.find(name)
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.disks[name] = t
	if n.life != nil && t != (fault.DiskTrouble{}) {
		n.life.ailing = true
	}
	d.mu.Unlock()
	return d.o.Disks.Trouble(ctx, name, t)
}

// PowerCut implements fault.Disk: a disk forgets before its node is started again.
func (d disk) PowerCut(ctx context.Context, name string) error {
	if err := d.Kill(ctx, name); err != nil {
		return err
	}
	return d.change(ctx, name, func(n *node) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		if n.life != nil {
			n.life.unpowered = true // also one that had ended by itself
		}
		return nil
	})
}
