package cluster

import (
	"context"
	"path/filepath"

	"bleepstore/fault"
	"bleepstore/reference/meta"
	"bleepstore/reference/raftlog"
)

// A Dir is the directory of a node's part in a cluster. FS and VFS say where it
// is: the zero values are the operating system's, and others show the same files
// under the same names, FS as files and the SQLite VFS of that name as databases.
type Dir struct {
	Path string
	FS   fault.FS
	VFS  string
}

func (d Dir) files() fault.FS {
	if d.FS == nil {
		return fault.OS{}
	}
	return d.FS
}

func (d Dir) volume() meta.Volume { return meta.Volume{FS: d.FS, VFS: d.VFS} }

func (d Dir) log() string       { return filepath.Join(d.Path, "raft.db") }
func (d Dir) meta() string      { return filepath.Join(d.Path, "meta.db") }
func (d Dir) snapshots() string { return filepath.Join(d.Path, "snapshots") }

var logNotSynced = fault.NewBug("log.not-synced",
	"entries of the log count, and are acknowledged, before they are synced", "Z-01", "Z-16").
	By("chaos --sim raft --seed 1 --seeds 12 --nemesis disk.power-cut-all,disk.power-cut --shrink 0s")

func (d Dir) openLog(full func() bool) (*raftlog.Store, error) {
	o := raftlog.Options{Path: d.log(), VFS: d.VFS, Full: full}
	if logNotSynced.On() {
		o.Sync, o.Unsafe = raftlog.SyncNormal, true
	}
	if fault.NoSync.On() {
		o.Sync, o.Unsafe = raftlog.SyncOff, true
	}
	return raftlog.Open(o)
}

func (d Dir) openMeta(ctx context.Context, o meta.Options) (*meta.DB, error) {
	o.Path, o.FS, o.VFS = d.meta(), d.FS, d.VFS
	return meta.Open(ctx, o)
}
