package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"

	"bleepstore/fault"
)

// Fronts are one Front before each node of a cluster. They implement fault.Front.
// All methods may be called together.
type Fronts struct {
	mu  sync.Mutex
	all map[string]*Front
}

var _ fault.Front = (*Fronts)(nil)

// NewFronts returns no front yet. Whoever made it closes it.
func NewFronts() *Fronts { return &Fronts{all: map[string]*Front{}} }

// Add opens the front of a node and returns where clients find it. Nodes may
// have one seed: each draws its own luck.
func (f *Fronts) Add(node string, c FrontConfig) (*url.URL, error) {
	c.Seed = mix(node, "front", c.Seed)
	front, err := newFront(c, node)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all[node] != nil {
		return nil, joinClose(fmt.Errorf("node %q has a front", node), front)
	}
	f.all[node] = front
	return front.URL(), nil
}

// Trouble implements fault.Front.
func (f *Fronts) Trouble(_ context.Context, node string, t fault.HTTPTrouble) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	front := f.all[node]
	if front == nil {
		return fmt.Errorf("there is no front before node %q", node)
	}
	front.Trouble(t)
	return nil
}

// Events returns what all of them did, in the order in which it began.
func (f *Fronts) Events() []Deed {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []Deed
	for _, front := range f.all {
		all = append(all, front.Events()...)
	}
	slices.SortFunc(all, func(a, b Deed) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Node, b.Node), cmp.Compare(a.Target, b.Target))
	})
	return all
}

// Close closes all fronts.
func (f *Fronts) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var errs []error
	for _, front := range f.all {
		errs = append(errs, front.Close())
	}
	return errors.Join(errs...)
}
