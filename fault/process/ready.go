package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// A DeadError is a node that has ended while it was waited for.
type DeadError struct{ Death }

func (e *DeadError) Error() string { return fmt.Sprintf("%s\n%s", e.Death, e.Said) }

// Ready returns when every node is ready. That one does not run is an error, a
// *DeadError where it ended by itself.
func (c *Cluster) Ready(ctx context.Context) error {
	for _, n := range c.members() {
		spec := n.spec.Ready
		within := cmp.Or(spec.Within, 60*time.Second)
		one, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("not within %s", within))
		err := c.await(one, n, func() error { return c.ready(one, n) })
		cancel()
		if _, dead := errors.AsType[*DeadError](err); err != nil && !dead {
			err = fmt.Errorf("%w\n%s", err, said(n.log))
		}
		if err != nil {
			return fmt.Errorf("%s is not ready: %w", n.name, err)
		}
	}
	return nil
}

// await tries until there is no error. That the node does not run, or ctx ends,
// is one.
func (c *Cluster) await(ctx context.Context, n *node, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		if !c.running(n) {
			return c.dead(n)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// dead says how a node that does not run has ended.
func (c *Cluster) dead(n *node) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case n.life == nil:
		return errors.New("it was not started")
	case !n.life.wanted:
		return errors.New("it was ended")
	}
	return &DeadError{Death{Node: n.name, PID: n.life.child.PID(), At: time.Now(), How: n.life.child.How(), Said: n.life.child.Said()}}
}

// ready asks a node once whether it serves.
func (c *Cluster) ready(ctx context.Context, n *node) error {
	spec := n.spec.Ready
	if spec.TCP != "" {
		addr, err := n.scope.expand(spec.TCP)
		if err != nil {
			return err
		}
		conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	url, err := n.scope.expand(cmp.Or(spec.URL, n.url+"/"))
	if err != nil {
		return err
	}
	status, _, err := c.fetch(ctx, http.MethodGet, url, nil, "")
	if err == nil && (spec.URL != "" && status != http.StatusOK || status >= 500) {
		err = fmt.Errorf("%s got %d", url, status)
	}
	return err
}
