package mount

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"sync"

	"bleepstore/fault"
)

// A Rack is a mounted disk under the data directory of each node of a cluster: a
// process.Disks. Its methods may be called together. The nodes are named by who
// calls.
type Rack struct {
	o Options

	mu    sync.Mutex
	disks map[string]*Mount
	ails  map[string]fault.DiskTrouble // also of those that are not mounted yet
}

// NewRack makes disks as o says, but for its directory; each has a seed of its
// own. Nothing is mounted yet. The caller calls Close, when the nodes are gone.
func NewRack(o Options) *Rack {
	return &Rack{o: o, disks: map[string]*Mount{}, ails: map[string]fault.DiskTrouble{}}
}

// Mount has a node's data directory on its disk. It is made where it is missing,
// and has to be empty at first; later calls do nothing.
func (r *Rack) Mount(ctx context.Context, node, dir string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.disks[node]; m != nil {
		if m.dir != dir {
			return fmt.Errorf("the disk of %s is mounted on %s, not on %s", node, m.dir, dir)
		}
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	o := r.o
	o.Dir, o.Seed = dir, r.o.Seed^hash(node)
	m, err := Start(ctx, o)
	if err != nil {
		return fmt.Errorf("disk of %s: %w", node, err)
	}
	r.disks[node] = m
	if t := r.ails[node]; t != (fault.DiskTrouble{}) {
		return m.Trouble(ctx, t)
	}
	return nil
}

func hash(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}

// Trouble sets what ails the disk of a node.
func (r *Rack) Trouble(ctx context.Context, node string, t fault.DiskTrouble) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ails[node] = t
	if m := r.disks[node]; m != nil {
		return m.Trouble(ctx, t)
	}
	return nil
}

// PowerCut lets the disk of a node forget what was not synced. The node's
// process has ended. A disk that is not mounted yet has nothing to forget.
func (r *Rack) PowerCut(ctx context.Context, node string) error {
	r.mu.Lock()
	m := r.disks[node]
	r.mu.Unlock()
	if m == nil {
		return nil
	}
	return m.Crash(ctx)
}

// Stats is what each node's disk tells of itself, by node.
func (r *Rack) Stats(ctx context.Context) (map[string]Stat, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	stats := map[string]Stat{}
	for node, m := range r.disks {
		s, err := m.Stat(ctx)
		if err != nil {
			return nil, fmt.Errorf("disk of %s: %w", node, err)
		}
		stats[node] = s
	}
	return stats, nil
}

// Close takes all disks away, with what is on them.
func (r *Rack) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for node, m := range r.disks {
		errs = append(errs, m.Close())
		delete(r.disks, node)
	}
	return errors.Join(errs...)
}
