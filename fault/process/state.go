package process

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"bleepstore/fault"
)

// able are the nodes that can be asked: they run, and do not stand still.
func (c *Cluster) able() []*node {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []*node
	for _, n := range c.nodes {
		if n.life != nil && n.life.child.Runs() && !n.life.paused {
			out = append(out, n)
		}
	}
	return out
}

// Leader implements fault.Target: it asks every node that runs. Of several who
// say that they lead, or name who does, the one of the highest term counts, and
// without terms the one that most name.
func (c *Cluster) Leader(ctx context.Context) (string, error) {
	p := c.t.Leader
	if p == nil {
		return "", fault.ErrNoLeader
	}
	nodes := c.able()
	names, terms := make([]string, len(nodes)), make([]uint64, len(nodes))
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() { names[i], terms[i] = c.leads(ctx, n, p) })
	}
	all.Wait()
	best, term, votes := "", uint64(0), map[string]int{}
	for i, name := range names {
		if _, err := c.find(name); err != nil {
			continue
		}
		votes[name]++
		if best == "" || terms[i] > term || terms[i] == term && votes[name] > votes[best] {
			best, term = name, terms[i]
		}
	}
	if best == "" {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		return "", fault.ErrNoLeader
	}
	return best, nil
}

// leads asks one node who leads, "" where it does not tell.
func (c *Cluster) leads(ctx context.Context, n *node, p *Probe) (name string, term uint64) {
	answer, err := c.ask(ctx, n, p)
	if err != nil {
		return "", 0 // it may be going down just now
	}
	name, err = n.field(answer, p.Field)
	if err != nil {
		return "", 0
	}
	if p.Equals != "" {
		if name != p.Equals {
			return "", 0
		}
		name = n.name
	}
	if p.Term != "" {
		text, _ := n.field(answer, p.Term)
		term, _ = strconv.ParseUint(text, 10, 64) // 0 is the lowest
	}
	return name, term
}

// A State is what a node has come to.
type State struct {
	Applied string `json:"applied,omitempty"` // how far; "": it does not tell
	Hash    string `json:"hash"`
}

// ErrUnknown: the topology does not say how to find out.
var ErrUnknown = errors.New("the topology has no way to find out")

// ErrDiffer: nodes that have come equally far are not equal.
var ErrDiffer = errors.New("the nodes' states differ")

// Equal waits until all nodes have come equally far, and returns their states by
// name. ErrDiffer is final where the nodes tell how far they are; where they do
// not, and whenever ctx ends, the error tells the states as they were last.
func (c *Cluster) Equal(ctx context.Context) (map[string]State, error) {
	if c.t.Hash == nil {
		return nil, fmt.Errorf("hash: %w", ErrUnknown)
	}
	var last map[string]State
	seen := errors.New("they could not be asked")
	for {
		states, err := c.states(ctx)
		if err == nil {
			far, same := alike(states)
			err = fmt.Errorf("%w: %v", ErrDiffer, states)
			switch {
			case same && far:
				return states, nil
			case far && c.t.Hash.Applied != "":
				return states, err
			}
		}
		if ctx.Err() == nil { // else it says nothing but that
			last, seen = states, err
		}
		select {
		case <-ctx.Done():
			return last, fmt.Errorf("%w: %w", context.Cause(ctx), seen)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// alike says whether states are equally far, and have the same hash.
func alike(states map[string]State) (far, same bool) {
	far, same = true, true
	for _, a := range states {
		for _, b := range states {
			far, same = far && a.Applied == b.Applied, same && a.Hash == b.Hash
		}
	}
	return far, same
}

// states asks every member for its state.
func (c *Cluster) states(ctx context.Context) (map[string]State, error) {
	nodes := c.members()
	out, errs := make([]State, len(nodes)), make([]error, len(nodes))
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() { out[i], errs[i] = c.state(ctx, n) })
	}
	all.Wait()
	byName := map[string]State{}
	for i, n := range nodes {
		if errs[i] == nil {
			byName[n.name] = out[i]
		} else {
			errs[i] = fmt.Errorf("%s: %w", n.name, errs[i])
		}
	}
	return byName, errors.Join(errs...)
}

func (c *Cluster) state(ctx context.Context, n *node) (s State, err error) {
	answer, err := c.ask(ctx, n, c.t.Hash)
	if err != nil {
		return s, err
	}
	if s.Hash, err = n.field(answer, c.t.Hash.Field); err == nil && c.t.Hash.Applied != "" {
		s.Applied, err = n.field(answer, c.t.Hash.Applied)
	}
	return s, err
}
