package raftlog_test

import (
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/reference/raftlog"
)

// A node's store, with what belongs around raft.NewRaft.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, err := raftlog.Open(raftlog.Options{Path: filepath.Join(dir, "raft.db")})
	if err != nil {
		log.Fatal(err) // the file is damaged, not ours, or cannot be relied upon
	}
	stopped := make(chan struct{})
	go func() {
		select {
		case <-store.Broken(): // a write has failed: never go on
			log.Fatal(store.Err())
		case <-stopped:
		}
	}()

	snapshots := raft.NewInmemSnapshotStore()
	newest := uint64(0)
	if list, err := snapshots.List(); err == nil && len(list) > 0 {
		newest = list[0].Index
	}
	if err := store.Align(newest); err != nil {
		log.Fatal(err) // entries are missing
	}

	conf := raft.DefaultConfig()
	conf.LocalID, conf.LogOutput = "n1", io.Discard
	addr, transport := raft.NewInmemTransport("n1")
	cached, err := raft.NewLogCache(512, store)
	if err != nil {
		log.Fatal(err)
	}
	self := raft.Configuration{Servers: []raft.Server{{ID: conf.LocalID, Address: addr}}}
	if err := raft.BootstrapCluster(conf, store, store, snapshots, transport, self); err != nil {
		log.Fatal(err)
	}
	node, err := raft.NewRaft(conf, &machine{}, cached, store, snapshots, transport)
	if err != nil {
		log.Fatal(err)
	}
	<-node.LeaderCh()
	if err := node.Apply([]byte("hello"), time.Minute).Error(); err != nil {
		log.Fatal(err)
	}
	if err := node.Shutdown().Error(); err != nil {
		log.Fatal(err)
	}
	last, _ := store.LastIndex()
	term, _ := store.LastTerm()
	fmt.Println(last, term)
	close(stopped)
	if err := store.Close(); err != nil { // after raft
		log.Fatal(err)
	}
	// Output: 3 2
}
