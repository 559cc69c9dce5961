package process

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"bleepstore/fault"
)

// order has a node's agent do something that is for tests alone. A node that
// cannot be asked now makes it a fault that is skipped.
func (c *Cluster) order(ctx context.Context, n *node, path string, query url.Values) error {
	if !c.canAsk(n) {
		return &fault.SkipError{Why: n.name + " does not run, or stands still"}
	}
	status, text, err := c.fetch(ctx, http.MethodPost, "http://"+n.agent+path+"?"+query.Encode(), nil, "")
	switch {
	case err != nil && !c.canAsk(n):
		return &fault.SkipError{Why: n.name + " has ended meanwhile"}
	case err != nil:
		return err
	case status/100 != 2:
		return fmt.Errorf("%s got %d: %s", path, status, strings.TrimSpace(string(text)))
	}
	return nil
}

func (c *Cluster) canAsk(n *node) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return n.life != nil && n.life.child.Runs() && !n.life.paused
}

// An agent is what the nodes' own agents can do.
type agent struct{ *Cluster }

// CrashAt implements fault.Crasher. The end that it leads to is no death by
// itself.
func (a agent) CrashAt(ctx context.Context, name, point string, n int) error {
	return a.change(ctx, name, func(node *node) error {
		if point == "" && !a.canAsk(node) {
			return nil // the order is gone with the process
		}
		q := url.Values{"point": {point}, "n": {strconv.Itoa(n)}}
		if point == "" {
			q.Set("n", "0")
		}
		child := a.arm(node, point) // before, since it may crash at once
		err := a.order(ctx, node, "/crash", q)
		if err == nil || child == nil {
			return err
		}
		wait := time.NewTimer(time.Second)
		defer wait.Stop()
		select {
		case <-child.Ended(): // before it could answer
			return nil
		case <-wait.C:
			a.arm(node, "")
			return err
		}
	})
}

// arm notes at which point a node is to crash, and returns its process, nil where
// none runs.
func (a agent) arm(n *node, point string) *Child {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n.life == nil || !n.life.child.Runs() {
		return nil
	}
	n.life.armed = point
	return n.life.child
}

// Snapshot implements fault.Snapshotter.
func (a agent) Snapshot(ctx context.Context, name string) error {
	return a.change(ctx, name, func(n *node) error { return a.order(ctx, n, "/snapshot", nil) })
}

// A clock is that of the nodes whose agents can set it.
type clock struct{ *Cluster }

// Trouble implements fault.Clock. A node that cannot be told now is told when it
// is started or wakes.
func (k clock) Trouble(ctx context.Context, name string, t fault.ClockTrouble) error {
	return k.change(ctx, name, func(n *node) error {
		k.mu.Lock()
		k.clocks[name] = t
		k.mu.Unlock()
		return k.setClock(ctx, n)
	})
}

// setClock tells a node what ails its clock, unless it knows; the gate is held.
// One that has just been started is waited for.
func (c *Cluster) setClock(ctx context.Context, n *node) error {
	c.mu.Lock()
	want := c.clocks[n.name]
	known := n.life == nil || n.life.clock == want
	c.mu.Unlock()
	if known || !c.canAsk(n) {
		return nil
	}
	q := url.Values{"offset": {want.Offset.String()}, "rate": {strconv.FormatFloat(want.Rate, 'g', -1, 64)}, "frozen": {strconv.FormatBool(want.Frozen)}}
	ctx, cancel := context.WithTimeoutCause(ctx, 10*time.Second, fmt.Errorf("its agent did not answer within 10 s"))
	defer cancel()
	if err := c.await(ctx, n, func() error { return c.order(ctx, n, "/clock", q) }); err != nil {
		if !c.running(n) {
			return nil // it is told when it is started
		}
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n.life.clock = want
	return nil
}
