package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"bleepstore/fault"
)

var errClosed = errors.New("the cluster is closed")

// Start implements fault.Process. A node that runs is left as it is.
func (c *Cluster) Start(ctx context.Context, name string) error {
	return c.change(ctx, name, func(n *node) error {
		if c.running(n) {
			return nil
		}
		return c.launch(ctx, n)
	})
}

// launch has a process of a node run that has none.
func (c *Cluster) launch(ctx context.Context, n *node) error {
	if err := c.mount(ctx, n); err != nil {
		return fmt.Errorf("its disk: %w", err)
	}
	cmd, err := c.command(n)
	if err != nil {
		return err
	}
	if err := c.begin(n, cmd); err != nil {
		return err
	}
	return c.setClock(ctx, n)
}

// mount has a node's disk there. One whose process was killed comes from a loss of
// power: so the system's page cache does not keep for it what it never synced.
func (c *Cluster) mount(ctx context.Context, n *node) error {
	if c.o.Disks == nil {
		return nil
	}
	c.mu.Lock()
	cut := n.life != nil && (n.life.unpowered || n.life.child.Killed())
	c.mu.Unlock()
	if cut {
		if err := c.o.Disks.PowerCut(ctx, n.name); err != nil {
			return err
		}
	}
	return c.o.Disks.Mount(ctx, n.name, n.data)
}

// begin has a process begun, and watched.
func (c *Cluster) begin(n *node, cmd *exec.Cmd) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	if n.life != nil { // it is not the first in its log
		if err := mark(n.log, "started again\n"); err != nil {
			return err
		}
	}
	start := cmd.Start
	if c.o.Lab != nil {
		start = func() error { return c.o.Lab.Start(n.name, cmd) }
	}
	child, err := c.thread.spawn(cmd, n.log, start)
	if err != nil {
		return err
	}
	l := &life{child: child, wanted: true, ailing: c.disks[n.name] != fault.DiskTrouble{}}
	n.life = l
	c.watch.Go(func() { c.bury(n, l) })
	return nil
}

// mark tells the reader of a log what happened.
func mark(log, what string) error {
	f, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "--- %s %s", time.Now().Format("15:04:05.000"), what)
	return errors.Join(err, f.Close())
}

// bury waits for the end of a process and notes it where nobody had ordered it.
func (c *Cluster) bury(n *node, l *life) {
	<-l.child.Ended()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !l.wanted {
		return
	}
	d := Death{Node: n.name, PID: l.child.PID(), At: time.Now(), How: l.child.How(), Said: l.child.Said()}
	switch {
	case l.armed != "":
		d.Cause = "told to crash at " + l.armed
	case l.ailing:
		d.Cause = "its disk was in trouble"
	case l.going:
		d.Cause = "it was removed"
	}
	c.deaths = append(c.deaths, d)
	fmt.Fprintln(c.o.Notes, d)
	if l.ailing && c.disks[n.name] == (fault.DiskTrouble{}) && !c.closed {
		c.watch.Go(func() { c.raise(n, l) })
	}
}

// raise starts a node again that has ended of its disk after that had become
// well: whoever heals the disk finds it still running. It stays down where its
// end was ordered meanwhile.
func (c *Cluster) raise(n *node, l *life) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := c.change(ctx, n.name, func(n *node) error {
		c.mu.Lock()
		wanted := n.life == l && !l.down && !c.closed
		c.mu.Unlock()
		if !wanted {
			return nil
		}
		return c.launch(ctx, n)
	})
	if err != nil && !errors.Is(err, errClosed) {
		c.mu.Lock()
		defer c.mu.Unlock()
		fmt.Fprintf(c.o.Notes, "a node whose disk is well again: %v\n", err)
	}
}

// Kill implements fault.Process. One that has ended is dead already.
func (c *Cluster) Kill(ctx context.Context, name string) error {
	return c.change(ctx, name, func(n *node) error {
		child := c.unwanted(n)
		if child == nil {
			return nil
		}
		if err := child.Signal(syscall.SIGKILL); err != nil {
			return err
		}
		select {
		case <-child.Ended():
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// Stop implements fault.Process. A node that does not leave in time is killed.
func (c *Cluster) Stop(ctx context.Context, name string) error {
	return c.change(ctx, name, func(n *node) error { return c.end(n) })
}

// end asks the node's process to leave; the gate is held.
func (c *Cluster) end(n *node) error {
	child := c.unwanted(n)
	if child == nil {
		return nil
	}
	if canPause {
		if err := child.Signal(contSignal); err != nil {
			return err
		}
	}
	return child.Leave(signals[n.spec.Stop.Signal], n.grace())
}

// leave ends a node for good.
func (c *Cluster) leave(ctx context.Context, n *node) error {
	if err := n.hold(ctx); err != nil {
		return err
	}
	defer n.letGo()
	return c.end(n)
}

// Pause implements fault.Process.
func (c *Cluster) Pause(ctx context.Context, name string) error {
	return c.change(ctx, name, func(n *node) error {
		if !canPause {
			return &fault.SkipError{Why: "processes cannot be paused on this system"}
		}
		if !c.running(n) {
			return &fault.SkipError{Why: name + " does not run"}
		}
		return c.still(n, true)
	})
}

// Resume implements fault.Process. A node that does not stand still is left as
// it is.
func (c *Cluster) Resume(ctx context.Context, name string) error {
	return c.change(ctx, name, func(n *node) error {
		if !canPause || !c.running(n) {
			return nil
		}
		if err := c.still(n, false); err != nil {
			return err
		}
		return c.setClock(ctx, n)
	})
}

func (c *Cluster) still(n *node, pause bool) error {
	c.mu.Lock()
	child := n.life.child
	n.life.paused = pause
	c.mu.Unlock()
	if !pause {
		return child.Signal(contSignal)
	}
	if err := child.Signal(stopSignal); err != nil {
		return err
	}
	awaitStop(child.cmd) // a signal has been sent before it has come
	return nil
}

// change does something to a node that nobody else changes meanwhile.
func (c *Cluster) change(ctx context.Context, name string, fn func(*node) error) error {
	n, err := c.find(name)
	if err != nil {
		return err
	}
	if err := n.hold(ctx); err != nil {
		return err
	}
	defer n.letGo()
	if err := fn(n); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// running says whether the node's process has not ended.
func (c *Cluster) running(n *node) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return n.life != nil && n.life.child.Runs()
}

// unwanted notes that the end of a node is ordered, and returns its process, nil
// where there is none.
func (c *Cluster) unwanted(n *node) *Child {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n.life == nil {
		return nil
	}
	n.life.down = true
	if !n.life.child.Runs() {
		return nil
	}
	n.life.wanted, n.life.paused = false, false
	return n.life.child
}

// Revive starts every node that does not run, wakes those that are paused, and
// returns when all are ready: it is what heals after faults that end processes.
func (c *Cluster) Revive(ctx context.Context) error {
	for _, n := range c.members() {
		if err := errors.Join(c.Start(ctx, n.name), c.Resume(ctx, n.name)); err != nil {
			return err
		}
	}
	return c.Ready(ctx)
}
