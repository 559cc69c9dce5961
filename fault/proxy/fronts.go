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
	config FrontConfig // but for the target

	mu  sync.Mutex
	all map[string]*Front
}

var _ fault.Front = (*Fronts)(nil)

// NewFronts returns no front yet; those that there will be are as c says, but for
// their targets. Of one seed each draws its own luck. Whoever made it closes it.
func NewFronts(c FrontConfig) *Fronts { return &Fronts{config: c, all: map[string]*Front{}} }

// Open puts a front before the node that serves at a URL, and returns the
// front's. Of a node that has one already it is that one.
func (f *Fronts) Open(node, target string) (front string, err error) {
	c := f.config
	if c.Target, err = url.Parse(target); err != nil {
		return "", err
	}
	c.Seed = mix(node, "front", c.Seed)
	f.mu.Lock()
	defer f.mu.Unlock()
	if old := f.all[node]; old != nil {
		if *old.target != *c.Target {
			return "", fmt.Errorf("the front of node %q stands before %s", node, old.target)
		}
		return old.URL().String(), nil
	}
	one, err := newFront(c, node)
	if err != nil {
		return "", err
	}
	f.all[node] = one
	return one.URL().String(), nil
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
