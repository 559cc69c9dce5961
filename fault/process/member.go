package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// A membership is a cluster whose topology says how it grows and shrinks.
type membership struct{ *Cluster }

// joinWithin is how long a new node may take to be one.
const joinWithin = 60 * time.Second

// joined waits until a node is a full member. Where the topology cannot tell, it
// is one when it is ready.
func (c *Cluster) joined(ctx context.Context, n *node) error {
	if c.t.Members == nil {
		return nil
	}
	p := c.t.Members.Joined
	ctx, cancel := context.WithTimeoutCause(ctx, joinWithin, fmt.Errorf("not within %s", joinWithin))
	defer cancel()
	err := c.await(ctx, n, func() error {
		answer, err := c.ask(ctx, n, p)
		if err != nil {
			return err
		}
		got, err := n.field(answer, p.Field)
		if err == nil && got != p.Equals {
			err = fmt.Errorf("%s is %q, not %q", p.Field, got, p.Equals)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s is no member yet: %w", n.name, err)
	}
	return nil
}

// Add implements fault.Members: a node that cannot become one is taken back.
func (m membership) Add(ctx context.Context) (string, error) {
	m.mu.Lock()
	name := fmt.Sprintf("n%d", m.last+1)
	for slices.ContainsFunc(m.nodes, func(n *node) bool { return n.name == name }) {
		name += "b"
	}
	m.mu.Unlock()
	if err := m.place(name); err != nil {
		return "", err
	}
	n, err := m.find(name)
	if err != nil {
		return "", err
	}
	if err := m.begun(ctx, n); err != nil {
		out, cancel := context.WithTimeout(context.WithoutCancel(ctx), joinWithin)
		defer cancel()
		return "", errors.Join(fmt.Errorf("add %s: %w", name, err), m.dismiss(out, n))
	}
	return name, nil
}

// begun starts a new node and waits until it is a member.
func (m membership) begun(ctx context.Context, n *node) error {
	if o := m.t.Members.Add; o != nil {
		if err := m.tell(ctx, o, n); err != nil {
			return err
		}
	}
	if err := m.Start(ctx, n.name); err != nil {
		return err
	}
	if err := m.await(ctx, n, func() error { return m.ready(ctx, n) }); err != nil {
		return err
	}
	return m.joined(ctx, n)
}

// dismiss undoes what Add began, as far as it came.
func (m membership) dismiss(ctx context.Context, n *node) error {
	if o := m.t.Members.Remove; o != nil {
		_ = m.tell(ctx, o, n) // it may not have got that far
	}
	return m.take(ctx, n)
}

// Remove implements fault.Members. The node's process is ended, and its
// directory left. The next node that is added serves clients where it did.
func (m membership) Remove(ctx context.Context, name string) error {
	o := m.t.Members.Remove
	if o == nil {
		return fmt.Errorf("members: remove: %w", ErrUnknown)
	}
	n, err := m.find(name)
	if err != nil {
		return err
	}
	m.mu.Lock()
	if n.life != nil {
		n.life.going = true // it may end by itself when it learns of that
	}
	m.mu.Unlock()
	if err := m.tell(ctx, o, n); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return m.take(ctx, n)
}

// take ends a node's process and forgets it.
func (m membership) take(ctx context.Context, n *node) error {
	if err := m.leave(ctx, n); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.nodes = slices.DeleteFunc(m.nodes, func(o *node) bool { return o == n })
	m.seats = append(m.seats, seat{n.scope["port"], n.url, n.front, n.door})
	return nil
}

// Transfer implements fault.Members.
func (m membership) Transfer(ctx context.Context, to string) error {
	o := m.t.Members.Transfer
	if o == nil {
		return fmt.Errorf("members: transfer: %w", ErrUnknown)
	}
	n, err := m.find(to)
	if err != nil {
		return err
	}
	return m.tell(ctx, o, n)
}

// tellWithin is how long nodes that are busy, or have no leader, are asked again.
const tellWithin = 15 * time.Second

// tell sends an order that concerns a node to one node after the other, that one
// last, until one has done it, or one has refused it for good.
func (m membership) tell(ctx context.Context, o *Order, about *node) error {
	ctx, cancel := context.WithTimeoutCause(ctx, tellWithin, fmt.Errorf("not within %s", tellWithin))
	defer cancel()
	for {
		err := m.tellAny(ctx, o, about)
		if _, final := errors.AsType[*refusedError](err); err == nil || final {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// A refusedError is an answer that will be the same next time.
type refusedError struct{ says string }

func (e *refusedError) Error() string { return e.says }

func (m membership) tellAny(ctx context.Context, o *Order, about *node) error {
	asked := m.able()
	if i := slices.Index(asked, about); i >= 0 {
		asked = append(slices.Delete(asked, i, i+1), about)
	}
	errs := []error{errors.New("nobody has done it")}
	for _, n := range asked {
		err := m.tellOne(ctx, o, n, about)
		if _, final := errors.AsType[*refusedError](err); err == nil || final {
			return err
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (m membership) tellOne(ctx context.Context, o *Order, n, about *node) error {
	s := n.scope.with("member", about.name, "member.peer", about.peer)
	url, err1 := s.expand(o.URL)
	body, err2 := s.expand(o.Body)
	header, err3 := s.values(o.Header)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second) // it may wait for the others
	defer cancel()
	status, text, err := send(ctx, m.web, cmp.Or(o.Method, http.MethodPost), url, header, body)
	switch says := fmt.Sprintf("%s got %d: %.200s", url, status, text); {
	case err != nil || status/100 == 2:
		return err
	case status/100 == 4:
		return &refusedError{says}
	default:
		return errors.New(says)
	}
}
