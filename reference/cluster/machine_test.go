package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/raft"

	"bleepstore/reference/meta"
)

func encoded(t testing.TB, cs ...meta.Command) (bs [][]byte) {
	t.Helper()
	for _, c := range cs {
		b, err := meta.Encode(c)
		if err != nil {
			t.Fatal(err)
		}
		bs = append(bs, b)
	}
	return bs
}

func TestPack(t *testing.T) {
	want := []meta.Command{
		{ID: "1", Term: 3, Op: put("k", "body", meta.WriteCondition{IfMatch: "*"})},
		{ID: "2", Op: meta.DeleteObject{Bucket: "b", Owner: "alice", Item: meta.DeleteItem{Key: "k"}}},
		{ID: "3", Term: 1 << 60, Op: meta.TermStart{Node: "a"}},
	}
	whole := pack(-5, encoded(t, want...))
	for i := range want {
		want[i].Stamp = -5
	}
	got, err := unpack(whole)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	// What the logs of this version hold: another form needs another version.
	const form = "\x01\tJ\x01H" + `{"ID":"3","Term":1152921504606846976,"Stamp":0,"TermStart":{"Node":"a"}}`
	if got := string(pack(-5, encoded(t, meta.Command{ID: "3", Term: 1 << 60, Op: meta.TermStart{Node: "a"}}))); got != form {
		t.Errorf("packed as %q", got)
	}
	// Cut or changed, it is refused or makes other commands, and never more.
	for i := range whole {
		if got, err := unpack(whole[:i]); err == nil && len(got) >= len(want) {
			t.Errorf("%d of %d bytes make %d commands", i, len(whole), len(got))
		}
	}
	for _, b := range [][]byte{nil, {}, {2}, {packVersion}, {packVersion, 0, 9, 1}, append(bytes.Clone(whole), 0), {packVersion, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}} {
		if got, err := unpack(b); err == nil {
			t.Errorf("%v makes %v", b, got)
		}
	}
}

// bench is a machine without raft.
type bench struct {
	*machine
	t      *testing.T
	failed error
}

func newBench(t *testing.T) *bench {
	dir := t.TempDir()
	db, err := meta.Open(context.Background(), meta.Options{Path: filepath.Join(dir, "meta.db"), Sync: meta.SyncNormal})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := openSnapshots(context.Background(), Dir{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t}
	h := new(history)
	h.begin(place{})
	b.machine = &machine{db: db, snapshots: s, outcomes: newOutcomes(0), history: h, fail: func(err error) { b.failed = err }}
	return b
}

// feed applies logs and returns the first error that is answered.
func (b *bench) feed(logs ...*raft.Log) error {
	answers := b.ApplyBatch(logs)
	if len(answers) != len(logs) {
		b.t.Errorf("%d answers to %d entries", len(answers), len(logs))
	}
	for _, a := range answers {
		if err, ok := a.(error); ok {
			return err
		}
	}
	return nil
}

func (b *bench) entry(index, term uint64, ops ...meta.Op) *raft.Log {
	var cs []meta.Command
	for i, op := range ops {
		cs = append(cs, meta.Command{ID: fmt.Sprint(index, "-", i), Term: term, Op: op})
	}
	return &raft.Log{Index: index, Term: term, Data: pack(int64(index), encoded(b.t, cs...))}
}

func configEntry(index, term uint64, ids ...string) *raft.Log {
	var c raft.Configuration
	for _, id := range ids {
		c.Servers = append(c.Servers, raft.Server{ID: raft.ServerID(id), Address: raft.ServerAddress(id)})
	}
	return &raft.Log{Index: index, Term: term, Type: raft.LogConfiguration, Data: raft.EncodeConfiguration(c)}
}

// Entries of every type move the index; those that are applied already are not
// applied again, and those behind them are.
func TestMachine(t *testing.T) {
	b := newBench(t)
	call, err := b.outcomes.begin("4-1")
	if err != nil {
		t.Fatal(err)
	}
	logs := []*raft.Log{
		configEntry(1, 1, "a"),
		b.entry(3, 1, meta.CreateBucket{Name: "b", Owner: "alice"}, put("k", "1", meta.WriteCondition{})),
		b.entry(4, 2, meta.TermStart{Node: "a"}, put("k", "2", meta.WriteCondition{IfNoneMatch: "*"})),
		configEntry(6, 2, "a", "b"),
	}
	for n := range logs {
		if err := b.feed(logs[n]); err != nil {
			t.Fatal(err)
		}
		if got := b.db.Applied(); got != logs[n].Index {
			t.Errorf("applied %d, want %d", got, logs[n].Index)
		}
	}
	<-call.done
	if call.result.Err == nil || call.result.Index != 4 {
		t.Errorf("the second of the pack got %+v", call.result)
	}
	if started, _ := b.outcomes.term(); started != 2 {
		t.Errorf("term %d has started", started)
	}
	hash, err := b.db.Hash(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	logs = append(logs, b.entry(7, 2, put("k", "3", meta.WriteCondition{})))
	b.history.begin(place{}) // as after a restart
	path := filepath.Join(t.TempDir(), "copy.db")
	if p, err := b.copy(context.Background(), path); !errors.Is(err, ErrBehind) {
		t.Errorf("a copy that is not replayed is labelled %+v, %v", p, err)
	}
	if err := b.feed(logs[:4]...); err != nil {
		t.Fatal(err)
	}
	if p, err := b.copy(context.Background(), path); err != nil || p.index != 6 || p.term != 2 || p.configIndex != 6 {
		t.Errorf("the copy is labelled %+v, %v", p, err)
	}
	if again, err := b.db.Hash(context.Background()); err != nil || again != hash {
		t.Errorf("applied twice: %v", err)
	}
	if err := b.feed(logs...); err != nil || b.db.Applied() != 7 {
		t.Errorf("applied %d, %v", b.db.Applied(), err)
	}
	if p, ok := b.history.at(5); !ok || p.term != 2 || p.configIndex != 1 {
		t.Errorf("place of 5: %+v, %v", p, ok)
	}
	if p, ok := b.history.at(7); !ok || p.index != 7 || p.configIndex != 6 || len(p.config.Servers) != 2 {
		t.Errorf("place of 7: %+v, %v", p, ok)
	}
	if _, ok := b.history.at(8); ok {
		t.Error("the place of what has not come is known")
	}
	b.history.forget(6)
	if _, ok := b.history.at(5); ok {
		t.Error("a place before the snapshot is known")
	}
	if p, ok := b.history.at(7); !ok || p.configIndex != 6 {
		t.Errorf("place of 7 afterwards: %+v, %v", p, ok)
	}
}

// A snapshot that is the database itself exists only once the database is durable.
func TestSnapshotOfWhatCannotBeFlushed(t *testing.T) {
	b := newBench(t)
	bad := meta.Command{ID: "x", Term: 1, Op: meta.SetVersion{Version: meta.StateVersion + 1}}
	if _, err := b.db.Apply([]meta.Entry{{Index: 1, Term: 1, Command: bad}}); err == nil || b.db.Err() == nil {
		t.Fatal("the database is not broken")
	}
	if _, err := b.Snapshot(); err == nil || b.failed == nil {
		t.Errorf("got %v, and the node %v", err, b.failed)
	}
}

// After an entry that cannot be applied nothing is, and no snapshot vouches for
// what is not there.
func TestMachineBreaks(t *testing.T) {
	for name, bad := range map[string]func(b *bench) *raft.Log{
		"a command of a later program": func(b *bench) *raft.Log {
			return b.entry(2, 1, meta.SetVersion{Version: meta.StateVersion + 1})
		},
		"noise": func(*bench) *raft.Log { return &raft.Log{Index: 2, Term: 1, Data: []byte("noise")} },
	} {
		b := newBench(t)
		if err := b.feed(b.entry(1, 1, meta.Fence{Epoch: 1})); err != nil {
			t.Fatal(err)
		}
		if err := b.feed(bad(b), b.entry(3, 1, meta.Fence{Epoch: 2})); err == nil || b.failed == nil {
			t.Errorf("%s: got %v, the node %v", name, err, b.failed)
		}
		if err := b.feed(b.entry(4, 1, meta.Fence{Epoch: 2})); err == nil || b.db.Applied() != 1 {
			t.Errorf("%s: the next got %v, applied %d", name, err, b.db.Applied())
		}
		if _, err := b.Snapshot(); err == nil {
			t.Errorf("%s: a snapshot was taken", name)
		}
	}
}

// An image that is damaged or of another index than it claims is not taken.
func TestSink(t *testing.T) {
	b := newBench(t)
	if err := b.feed(b.entry(1, 1, meta.CreateBucket{Name: "b", Owner: "alice"}), b.entry(2, 1, put("k", "v", meta.WriteCondition{}))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "image.db")
	if _, err := b.db.Snapshot(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		index uint64
		image io.Reader
		want  bool
	}{
		{"nothing", 2, bytes.NewReader(nil), false},
		{"cut short", 2, bytes.NewReader(whole[:len(whole)/2]), false},
		{"of another index", 3, bytes.NewReader(whole), false},
		{"of an earlier index", 1, bytes.NewReader(whole), false},
		{"broken off", 2, io.MultiReader(bytes.NewReader(whole[:5000]), iotest.ErrReader(io.ErrUnexpectedEOF)), false},
		{"whole", 2, bytes.NewReader(whole), true},
	} {
		k, err := b.snapshots.Create(1, tt.index, 1, voter, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = io.Copy(k, tt.image); err != nil {
			err = errors.Join(err, k.Cancel())
		} else {
			err = k.Close()
		}
		n := b.snapshots.newest()
		if (err == nil) != tt.want || (n != nil) != tt.want {
			t.Errorf("%s: %v, newest %+v", tt.name, err, n)
		}
	}
	s, err := openSnapshots(context.Background(), b.snapshots.vol)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(b.snapshots.newest(), s.newest()); d != "" {
		t.Errorf("opened again (-before +after):\n%s", d)
	}
	files, err := os.ReadDir(s.dir)
	if err != nil || len(files) != 2 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

// Of snapshots the newest stays, and an image before a marker of its index; what
// a crash leaves goes at the next start; a label that is damaged stops it.
func TestSnapshots(t *testing.T) {
	home := Dir{Path: t.TempDir()}
	s, err := openSnapshots(context.Background(), home)
	if err != nil {
		t.Fatal(err)
	}
	dir := home.snapshots()
	write := func(name string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte("image"), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	add := func(index uint64, part string) {
		if _, err := s.add(place{index: index, term: 1, config: voter}, part); err != nil {
			t.Fatal(err)
		}
	}
	names := func() (ns []string) {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			ns = append(ns, f.Name())
		}
		return ns
	}
	const one, ten = "0000000000000001-", "0000000000000001-000000000000000a-"
	add(9, "")
	add(10, write("x.part"))
	add(10, "")
	if d := cmp.Diff([]string{ten + "image.db", ten + "image.json"}, names()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	write("copy.part")
	write(one + "000000000000000b-image.db") // its label was not written
	if s, err = openSnapshots(context.Background(), home); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{ten + "image.db", ten + "image.json"}, names()); d != "" {
		t.Errorf("after a crash (-want +got):\n%s", d)
	}
	add(12, "")
	if got := names(); len(got) != 1 || slices.Contains(got, ten+"image.db") {
		t.Errorf("an older image stays: %v", got)
	}
	metas, err := s.List()
	if err != nil || len(metas) != 1 || metas[0].Index != 12 || metas[0].Version != 1 || len(metas[0].Configuration.Servers) != 1 {
		t.Errorf("listed %+v, %v", metas, err)
	}
	write("0000000000000001-000000000000000c-marker.json")
	if _, err := openSnapshots(context.Background(), home); err == nil {
		t.Error("a damaged label was taken")
	}
}
