package object

import (
	"path/filepath"
	"testing"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/local"
	"bleepstore/reference/blob/memory"
	"bleepstore/reference/cluster"
	"bleepstore/reference/meta"
)

// newBench opens a Service over the named blob backend, with metadata on disk
// unless that is memory, with the bucket "bucket".
func newBench(t *testing.T, backend string, change ...func(*Config)) *bench {
	t.Helper()
	clock := &handClock{now: start, ticks: make(chan time.Time)}
	dir := t.TempDir()
	options, blobs := meta.Options{}, blob.Store(memory.New(0))
	if backend == "local" {
		options = meta.Options{Path: filepath.Join(dir, "meta.db"), Sync: meta.SyncFull}
		var err error
		if blobs, err = local.Open(filepath.Join(dir, "blobs"), fault.OS{}); err != nil {
			t.Fatal(err)
		}
	}
	db, err := meta.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	log := cluster.NewLocal(db, cluster.LocalOptions{Now: clock.Now, RoundTrip: true})
	c := Config{Log: log, Meta: db, Blobs: blobs, Clock: clock, Vault: testVault(t),
		Limits: Limits{MinPart: kib5, Read: 30 * time.Minute, Write: 45 * time.Minute, Grace: time.Hour}}
	for _, f := range change {
		f(&c)
	}
	s, err := New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close metadata: %v", err)
		}
		if err := blobs.Close(); err != nil {
			t.Errorf("close blobs: %v", err)
		}
	})
	b := &bench{Service: s, t: t, clock: clock, blobs: c.Blobs, db: db}
	b.createBucket("bucket")
	return b
}

// inClear is for tests of what nothing but bytes in the clear shows.
func inClear(c *Config) { c.Vault = nil }

func eachBackend(t *testing.T, f func(*testing.T, *bench), change ...func(*Config)) {
	for _, backend := range []string{"memory", "local"} {
		t.Run(backend, func(t *testing.T) { f(t, newBench(t, backend, change...)) })
	}
}
