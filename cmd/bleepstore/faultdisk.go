package main

import (
	"os"

	"bleepstore/fault/disk/mount"
)

// diskCmd is a disk in a process of its own, for package fault/disk/mount.
type diskCmd struct {
	Mount   string `required:"" placeholder:"DIR" help:"An empty directory."`
	Control string `placeholder:"HOST:PORT" default:"127.0.0.1:0"`
	Seed    uint64
	Limit   int64 `placeholder:"BYTES"`
	Deaf    bool  `help:"Say that all is synced, and sync nothing."`
}

// Run serves until standard input ends.
func (c *diskCmd) Run() error {
	return mount.Child(mount.Config{Dir: c.Mount, Control: c.Control, Seed: c.Seed, Limit: c.Limit, Deaf: c.Deaf}, os.Stdin, os.Stdout)
}
