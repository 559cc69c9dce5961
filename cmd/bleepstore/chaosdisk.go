package main

import (
	"fmt"
	"os"

	"bleepstore/fault/disk/mount"
	"bleepstore/fault/process"
)

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
	rack := mount.NewRack(mount.Options{Self: self, Seed: seed})
	o.Disks = rack
	return rack.Close, nil
}
