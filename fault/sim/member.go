package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/cluster"
)

// members are who belongs to the cluster. A node asks to join and leave as an
// operator's request has it.
type members struct{ s *fleet }

var _ fault.Members = members{}

const (
	joining = 20 * time.Second // within which a new node has to vote
	leaving = 10 * time.Second
	recount = 3 // attempts to remove a node while the members change
)

// Add implements fault.Members. A node that does not become a voter in time is
// taken out again.
func (m members) Add(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, joining)
	defer cancel()
	h, err := m.s.build(fmt.Sprintf("n%d", m.s.number()), nil)
	if err == nil {
		err = m.s.start(h)
	}
	if err != nil {
		return "", err
	}
	votes := await(ctx, func() bool {
		l := m.s.leader()
		if l == nil {
			return false
		}
		i := slices.IndexFunc(l.log.Members(), func(o cluster.Member) bool { return o.ID == h.id })
		if i < 0 {
			err = l.log.Join(ctx, h.id, h.id)
			return false
		}
		return l.log.Members()[i].Voter
	})
	if votes {
		return h.id, nil
	}
	leaveCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaving)
	defer cancel()
	return "", errors.Join(fmt.Errorf("%s did not become a voter within %s", h.id, joining), err, m.s.remove(leaveCtx, h.id), m.s.drop(h))
}

// Remove implements fault.Members.
func (m members) Remove(ctx context.Context, node string) error {
	h, err := m.s.home(node)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, leaving)
	defer cancel()
	if err := m.s.remove(ctx, node); err != nil {
		return err
	}
	return m.s.drop(h)
}

// Transfer implements fault.Members.
func (m members) Transfer(ctx context.Context, to string) error {
	if l := m.s.leader(); l != nil {
		return l.log.Transfer(ctx, to)
	}
	return fault.ErrNoLeader
}

// remove takes a node out of the configuration, unless a blob would be lost.
func (s *fleet) remove(ctx context.Context, id string) error {
	nodes := s.running()
	at := slices.IndexFunc(nodes, func(n *node) bool { return n.id != id && n.log.Leads() })
	if at < 0 {
		at = slices.IndexFunc(nodes, func(n *node) bool { return n.id != id })
	}
	if at < 0 {
		return errors.New("no other node runs")
	}
	n := nodes[at]
	for try := 1; ; try++ {
		among := n.log.Members()
		if err := n.safeWithout(ctx, id); err != nil {
			return err
		}
		if err := n.log.RemoveAmong(ctx, id, among); try == recount || !errors.Is(err, cluster.ErrChanged) {
			return err
		}
	}
}

// safeWithout says whether no blob would be lost with a node.
func (n *node) safeWithout(ctx context.Context, id string) error {
	if n.blobs == nil {
		return nil
	}
	unsafe, err := n.blobs.SafeWithout(ctx, id)
	if err == nil && len(unsafe) > 0 {
		err = fmt.Errorf("%s has the last copy of %s", id, unsafe[0])
	}
	return err
}

// drop ends a node for good.
func (s *fleet) drop(h *home) error {
	s.end(h, h.disk.Kill)
	s.mu.Lock()
	delete(s.homes, h.id)
	s.mu.Unlock()
	return h.disk.Close()
}

// tidy makes who runs and who belongs to the cluster the same: a change whose
// answer was lost may have happened. It returns when that is so.
func (s *fleet) tidy(ctx context.Context) error {
	var last error
	ok := await(ctx, func() bool {
		last = fault.ErrNoLeader
		l := s.leader()
		if l == nil {
			return false
		}
		last = nil
		var ids []string
		for _, m := range l.log.Members() {
			if ids = append(ids, m.ID); !slices.Contains(s.Nodes(), m.ID) {
				last = errors.Join(last, s.remove(ctx, m.ID))
			}
		}
		for _, h := range s.all() {
			if !slices.Contains(ids, h.id) {
				last = errors.Join(last, s.drop(h))
			}
		}
		return last == nil && len(ids) == len(s.Nodes())
	})
	if ok {
		return nil
	}
	return errors.Join(errors.New("who belongs to the cluster and who runs differ"), last)
}
