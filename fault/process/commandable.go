package process

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bleepstore/fault"
)

// Abilities implements fault.Target: what the program can do. HTTP faults are
// whoever's who stands before the endpoints.
func (c *Command) Abilities() fault.Abilities {
	can := func(word string) bool { return slices.Contains(c.able, word) }
	a := fault.Abilities{Why: map[string]string{"http": "nothing stands before the endpoints"}}
	for _, group := range []string{"disk", "clock", "membership", "snapshot"} {
		a.Why[group] = "a program of --nemesis-cmd has no way to"
	}
	why := func(word string) string { return fmt.Sprintf("%s capabilities does not say %s", c.argv[0], word) }
	if can("kill") || can("pause") {
		a.Process = ordered{c}
	} else {
		a.Why["kill"], a.Why["pause"] = why("kill"), why("pause")
	}
	if can("partition") || can("partition-both") {
		a.Network = parting{c}
	} else {
		a.Why["net"] = why("partition")
	}
	return a
}

// ordered are processes that the program ends and starts.
type ordered struct{ *Command }

func (o ordered) do(ctx context.Context, need, order, node string) error {
	if !slices.Contains(o.able, need) {
		return &fault.SkipError{Why: fmt.Sprintf("%s capabilities does not say %s", o.argv[0], need)}
	}
	_, err := o.run(ctx, order, node)
	return err
}

// Kill implements fault.Process.
func (o ordered) Kill(ctx context.Context, node string) error { return o.do(ctx, "kill", "kill", node) }

// Stop implements fault.Process.
func (o ordered) Stop(ctx context.Context, node string) error { return o.do(ctx, "stop", "stop", node) }

// Start implements fault.Process.
func (o ordered) Start(ctx context.Context, node string) error {
	return o.do(ctx, "kill", "start", node)
}

// Pause implements fault.Process.
func (o ordered) Pause(ctx context.Context, node string) error {
	return o.do(ctx, "pause", "pause", node)
}

// Resume implements fault.Process.
func (o ordered) Resume(ctx context.Context, node string) error {
	return o.do(ctx, "pause", "resume", node)
}

// parting is a network that the program can cut, and nothing else.
type parting struct{ *Command }

// Trouble implements fault.Network. Where the program can only part two nodes
// both ways, it does so as long as one way is to be cut.
func (p parting) Trouble(ctx context.Context, e fault.Edge, t fault.NetTrouble) error {
	if t != (fault.NetTrouble{}) && !t.Blocks() {
		return &fault.SkipError{Why: "a program of --nemesis-cmd can only cut the network"}
	}
	order := "heal"
	if t.Blocks() {
		order = "partition"
	}
	back := fault.Edge{From: e.To, To: e.From}
	if p.wasCut(e) != t.Blocks() && (!p.wasCut(back) || slices.Contains(p.able, "partition")) {
		_, err := p.run(ctx, order, e.From, e.To)
		if _, skipped := errors.AsType[*fault.SkipError](err); err != nil {
			p.note(e, p.wasCut(e) || !skipped) // nobody knows: it is to be healed
			return err
		}
	}
	p.note(e, t.Blocks())
	return nil
}

func (p parting) wasCut(e fault.Edge) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cut[e]
}

func (p parting) note(e fault.Edge, cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut[e] = cut
}

// Reset implements fault.Network.
func (p parting) Reset(context.Context, fault.Edge) error {
	return &fault.SkipError{Why: "a program of --nemesis-cmd does not reset connections"}
}
