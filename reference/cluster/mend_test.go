package cluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/reference/meta"
	"bleepstore/reference/raftlog"
)

// A wreck is the directory of a node that has stopped: commands 2 to 20 in its
// log behind a configuration, all applied.
type wreck struct {
	t   *testing.T
	dir string
}

func (w *wreck) path(name string) string { return filepath.Join(w.dir, name) }

func (w *wreck) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

var voter = raft.Configuration{Servers: []raft.Server{{ID: "a", Address: "a"}}}

func newWreck(t *testing.T) *wreck {
	w := &wreck{t: t, dir: t.TempDir()}
	log := w.log()
	var entries []*raft.Log
	entries = append(entries, &raft.Log{Index: 1, Term: 1, Type: raft.LogConfiguration, Data: raft.EncodeConfiguration(voter)})
	for i := uint64(2); i <= 20; i++ {
		c := meta.Command{ID: "id", Op: put("k", "v", meta.WriteCondition{})}
		if i == 2 {
			c.Op = meta.CreateBucket{Name: "b", Owner: "alice"}
		}
		b, err := meta.Encode(c)
		w.must(err)
		entries = append(entries, &raft.Log{Index: i, Term: 1, Data: pack(1, [][]byte{b})})
	}
	w.must(log.StoreLogs(entries))
	w.must(log.SetUint64([]byte("CurrentTerm"), 1))
	w.must(log.Close())
	w.applied(w.path("meta.db"), 20)
	return w
}

func (w *wreck) log() *raftlog.Store {
	s, err := raftlog.Open(raftlog.Options{Path: w.path("raft.db")})
	w.must(err)
	return s
}

func (w *wreck) snapshots() *snapshots {
	s, err := openSnapshots(context.Background(), Dir{Path: w.dir})
	w.must(err)
	return s
}

// applied makes a database that has applied the log up to index.
func (w *wreck) applied(path string, index uint64) {
	w.t.Helper()
	w.must(Dir{}.removeDatabase(path))
	db, err := meta.Open(context.Background(), meta.Options{Path: path, Sync: meta.SyncNormal})
	w.must(err)
	h := new(history)
	h.begin(place{})
	m := &machine{db: db, outcomes: newOutcomes(0), history: h, fail: func(err error) { w.t.Error(err) }}
	log := w.log()
	w.must(log.Range(1, index, func(l *raft.Log) error {
		if err, ok := m.Apply(l).(error); ok {
			return err
		}
		return nil
	}))
	w.must(errors.Join(log.Close(), db.Close()))
}

// snapshot makes one of index, as a marker or with an image.
func (w *wreck) snapshot(index uint64, image bool) {
	w.t.Helper()
	part := ""
	if image {
		part = w.path("image.part")
		w.applied(part, index)
	}
	_, err := w.snapshots().add(place{index, 1, voter, 1}, part)
	w.must(err)
}

// cut removes entries of the log.
func (w *wreck) cut(from, to uint64) {
	w.t.Helper()
	log := w.log()
	w.must(errors.Join(log.DeleteRange(from, to), log.Close()))
}

func (w *wreck) damage() {
	w.t.Helper()
	b, err := os.ReadFile(w.path("meta.db"))
	w.must(err)
	copy(b[4096:], strings.Repeat("noise", 2000))
	w.must(os.WriteFile(w.path("meta.db"), b, 0o600))
}

func (w *wreck) becomes(index uint64) { w.applied(w.path("meta.db"), index) }

func (w *wreck) lose() { w.must(Dir{}.removeDatabase(w.path("meta.db"))) }

// What a node finds when it starts, and what it makes of it. Whatever it accepts
// ends with everything that was committed.
func TestMend(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		wreck func(w *wreck)
		want  error
		base  uint64 // where raft begins
		held  uint64 // by the database then
	}{
		{"nothing", func(*wreck) {}, nil, 0, 20},
		{"no database, the log is whole", func(w *wreck) { w.lose() }, nil, 0, 0},
		{"a damaged database, the log is whole", func(w *wreck) { w.damage() }, nil, 0, 0},
		{"a marker", func(w *wreck) { w.snapshot(15, false); w.cut(1, 10) }, nil, 15, 20},
		{"the tail is gone, behind the marker", func(w *wreck) { w.snapshot(10, false); w.becomes(12); w.cut(1, 10) }, nil, 10, 12},
		{"the tail is gone, before the marker, the log is whole", func(w *wreck) { w.snapshot(15, false); w.becomes(12) }, nil, 0, 12},
		{"no database, a marker, the log is whole", func(w *wreck) { w.snapshot(15, false); w.lose() }, nil, 0, 0},
		{"no database, a marker, the log is cut", func(w *wreck) { w.snapshot(15, false); w.cut(1, 10); w.lose() }, ErrStateLost, 0, 0},
		{"a damaged database, a marker, the log is cut", func(w *wreck) { w.snapshot(15, false); w.cut(1, 10); w.damage() }, ErrStateLost, 0, 0},
		{"no database, a marker, no log", func(w *wreck) { w.snapshot(20, false); w.cut(1, 20); w.lose() }, ErrStateLost, 0, 0},
		{"no database, the log is cut", func(w *wreck) { w.cut(1, 10); w.lose() }, ErrStateLost, 0, 0},
		{"no database, an image", func(w *wreck) { w.snapshot(15, true); w.cut(1, 10); w.lose() }, nil, 15, 15},
		{"a damaged database, an image", func(w *wreck) { w.snapshot(15, true); w.cut(1, 15); w.damage() }, nil, 15, 15},
		{"the database is behind the image", func(w *wreck) { w.snapshot(15, true); w.becomes(12) }, nil, 15, 15},
		{"an image was received, and then the crash", func(w *wreck) { w.snapshot(20, true); w.cut(10, 20); w.becomes(9) }, nil, 20, 20},
		{"an image, and a hole behind it", func(w *wreck) { w.snapshot(10, true); w.cut(1, 15); w.lose() }, raftlog.ErrGap, 0, 0},
		{"no log", func(w *wreck) { w.cut(1, 20) }, ErrLogLost, 0, 0},
		{"a shorter log", func(w *wreck) { w.cut(19, 20) }, ErrLogLost, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWreck(t)
			tt.wreck(w)
			log := w.log()
			base, err := mend(w.path("meta.db"), log, w.snapshots())
			w.must(log.Close())
			if !errors.Is(err, tt.want) || base.index != tt.base && err == nil {
				t.Fatalf("replays from %d, %v; want %d, %v", base.index, err, tt.base, tt.want)
			}
			if err != nil {
				return
			}
			held, err := meta.Inspect(w.path("meta.db"))
			if err != nil && tt.held != 0 || held != tt.held {
				t.Errorf("the database holds %d, %v; want %d", held, err, tt.held)
			}
			w.runs()
		})
	}
}

// runs starts the node and compares its state with one that lost nothing.
func (w *wreck) runs() {
	w.t.Helper()
	f := &fleet{t: w.t, net: newNetwork(), ids: []string{"a"}, dirs: map[string]string{"a": w.dir}, addrs: map[string]string{"a": "a"}, nodes: map[string]*Raft{}}
	f.tune = func(_ string, _ *RaftOptions, c *raft.Config) {
		c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = 50*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond
	}
	f.start("a")
	defer f.stop("a")
	r := f.leader()
	if got, err := get(context.Background(), r, "k"); err != nil || got != "v" || r.db.Applied() <= 20 {
		w.t.Errorf("k is %q, %v, at %d", got, err, r.db.Applied())
	}
}
