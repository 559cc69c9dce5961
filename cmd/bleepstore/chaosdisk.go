package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"bleepstore/fault/disk/mount"
	"bleepstore/fault/process"
)

// diskLimit is how much the disk of a node holds, in bytes. A run of a few minutes
// writes some 600 MiB to each; and a server may keep a part of its disk free: ours
// refuses bodies where less than 512 MiB are.
const diskLimit = 2 << 30

// layDisks puts a disk that loses power under each node, where a layer wants
// that.
func (l *layerFlags) layDisks(o *process.Options, seed uint64) (lift func() error, err error) {
	if !l.has("fuse") {
		return nothing, nil
	}
	if err := mount.Probe(); err != nil {
		return nil, fmt.Errorf("--layer fuse: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	rack := mount.NewRack(mount.Options{Self: self, Seed: seed, Limit: diskLimit})
	o.Disks = rack
	return func() error { return errors.Join(tellFull(os.Stdout, rack), rack.Close()) }, nil
}

// tellFull says which disks the run has filled so far that a server may refuse to
// write, which is no fault of the server.
func tellFull(w io.Writer, rack *mount.Rack) error {
	stats, err := rack.Stats(context.Background())
	if err != nil {
		return err
	}
	for _, node := range slices.Sorted(maps.Keys(stats)) {
		if s := stats[node]; s.Used > s.Limit/4*3 {
			fmt.Fprintf(w, "  the disk of %s is nearly full: %d of %d MiB\n", node, s.Used>>20, s.Limit>>20)
		}
	}
	return nil
}
