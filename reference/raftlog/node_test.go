package raftlog_test

import (
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/reference/raftlog"
)

// A node is one raft with a store of ours. Its transport is new with each start.
type node struct {
	t     *testing.T
	id    string // its address, too
	path  string
	conf  *raft.Config
	snaps *raft.InmemSnapshotStore

	store *raftlog.Store
	trans *raft.InmemTransport
	fsm   *machine
	raft  *raft.Raft
}

// newNode is not started. It never campaigns, for it waits an hour.
func newNode(t *testing.T, id string) *node {
	conf := raft.DefaultConfig()
	conf.LocalID = raft.ServerID(id)
	conf.LogOutput, conf.LogLevel = t.Output(), "ERROR"
	conf.HeartbeatTimeout, conf.ElectionTimeout = time.Hour, time.Hour
	return &node{t: t, id: id, path: filepath.Join(t.TempDir(), "raft.db"), conf: conf, snaps: raft.NewInmemSnapshotStore()}
}

// campaigns makes the node one that stands for election when it hears nothing.
func (n *node) campaigns() {
	n.conf.HeartbeatTimeout, n.conf.ElectionTimeout = 300*time.Millisecond, 300*time.Millisecond
	n.conf.LeaderLeaseTimeout, n.conf.CommitTimeout = 300*time.Millisecond, 10*time.Millisecond
}

// seed gives the store, before the first start, a configuration of voters as
// entry 1 of term 1, and one command of each of the terms behind it.
func (n *node) seed(voters []string, terms ...uint64) {
	n.t.Helper()
	var c raft.Configuration
	for _, id := range voters {
		c.Servers = append(c.Servers, raft.Server{ID: raft.ServerID(id), Address: raft.ServerAddress(id)})
	}
	n.open()
	_, trans := raft.NewInmemTransport(raft.ServerAddress(n.id))
	n.must(raft.BootstrapCluster(n.conf, n.store, n.store, n.snaps, trans, c))
	for i, term := range terms {
		n.must(n.store.StoreLog(command(uint64(i+2), term)))
		n.must(n.store.SetUint64([]byte("CurrentTerm"), term))
	}
	n.must(n.store.Close())
}

// command is an entry whose data can be told from its index and term.
func command(index, term uint64) *raft.Log {
	data, _ := json.Marshal([]uint64{index, term})
	return &raft.Log{Index: index, Term: term, Data: data}
}

func (n *node) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatalf("%s: %v", n.id, err)
	}
}

func (n *node) open() {
	n.t.Helper()
	s, err := raftlog.Open(raftlog.Options{Path: n.path})
	n.must(err)
	n.store = s
}

// start runs the node until stop, or the test's end.
func (n *node) start() {
	n.t.Helper()
	n.open()
	n.run(n.store, func(t *raft.InmemTransport) raft.Transport { return t })
}

// run starts raft over a store that is open.
func (n *node) run(stable raft.StableStore, wrap func(*raft.InmemTransport) raft.Transport) {
	n.t.Helper()
	_, n.trans = raft.NewInmemTransportWithTimeout(raft.ServerAddress(n.id), 10*time.Second)
	n.fsm = new(machine)
	r, err := raft.NewRaft(n.conf, n.fsm, n.store, stable, n.snaps, wrap(n.trans))
	n.must(err)
	n.raft = r
	n.t.Cleanup(func() { n.stop() })
}

// stop ends the node; its file stays.
func (n *node) stop() {
	n.t.Helper()
	if n.raft == nil {
		return
	}
	n.must(n.raft.Shutdown().Error())
	n.must(n.store.Close())
	n.raft = nil
}

func (n *node) restart() {
	n.t.Helper()
	n.stop()
	n.start()
}

// saved is what must outlive a restart.
type saved struct {
	Term, VoteTerm uint64
	Vote           string
	Log            []uint64 // the term of each entry, from the first
	First          uint64
}

func (n *node) saved() (s saved) {
	n.t.Helper()
	number := func(key string) uint64 {
		v, err := n.store.GetUint64([]byte(key))
		if err != nil && err.Error() != "not found" {
			n.t.Errorf("%s: %v", key, err)
		}
		return v
	}
	vote, err := n.store.Get([]byte("LastVoteCand"))
	if err != nil && err.Error() != "not found" {
		n.t.Error(err)
	}
	s = saved{Term: number("CurrentTerm"), VoteTerm: number("LastVoteTerm"), Vote: string(vote)}
	s.First, _ = n.store.FirstIndex()
	last, _ := n.store.LastIndex()
	if last == 0 {
		return s
	}
	n.must(n.store.Range(s.First, last, func(l *raft.Log) error {
		s.Log = append(s.Log, l.Term)
		return nil
	}))
	return s
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// A machine is a state machine that remembers what was applied.
type machine struct {
	mu      sync.Mutex
	applied []string
}

func (m *machine) Apply(l *raft.Log) any {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.applied = append(m.applied, string(l.Data))
	return nil
}

func (m *machine) all() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.applied)
}

func (m *machine) Snapshot() (raft.FSMSnapshot, error) { return snapshot(m.all()), nil }

func (m *machine) Restore(r io.ReadCloser) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer r.Close()
	return json.NewDecoder(r).Decode(&m.applied)
}

type snapshot []string

func (s snapshot) Persist(sink raft.SnapshotSink) error {
	if err := json.NewEncoder(sink).Encode(s); err != nil {
		return err
	}
	return sink.Close()
}

func (snapshot) Release() {}
