package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/reference/meta"
	"bleepstore/reference/raftlog"
)

// foundEnv, when set to a directory and a step, makes this test binary a
// promotion that kills itself after the step.
const foundEnv = "BLEEPSTORE_KILLED_PROMOTION"

// promoteAndDie is the child.
func promoteAndDie(arg string) error {
	dir, step, _ := strings.Cut(arg, "|")
	f := newFounding(dir, "elsewhere") // the next attempt has another address
	f.step = func(done string) error {
		if done == step {
			return syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		return nil
	}
	if err := f.run(context.Background()); err != nil {
		return err
	}
	return fmt.Errorf("there is no step %q", step)
}

func newFounding(dir, addr string) *founding {
	f := &founding{dir: Dir{Path: dir}, step: func(string) error { return nil }}
	f.voter.Servers = []raft.Server{{ID: "a", Address: raft.ServerAddress(addr)}}
	return f
}

// single writes n objects as a single node does, which makes the bucket first,
// and returns the hash of its state.
func single(t *testing.T, dir string, from, n int) string {
	t.Helper()
	db, err := meta.Open(context.Background(), meta.Options{Path: filepath.Join(dir, "meta.db"), Sync: meta.SyncFull})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l := NewLocal(db, LocalOptions{})
	defer l.Close()
	if from == 0 {
		propose(t, l, meta.CreateBucket{Name: "b", Owner: "alice"})
	}
	var wg sync.WaitGroup
	for w := range 32 { // they share transactions
		wg.Go(func() {
			for i := w; i < n; i += 32 {
				if _, err := l.Propose(context.Background(), meta.Command{Op: put(fmt.Sprint("k", from+i), "v", meta.WriteCondition{})}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	hash, err := db.Hash(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// The steps of a promotion, as a test sees them.
func steps(t *testing.T) (all []string) {
	f := newFounding(t.TempDir(), "a")
	f.step = func(done string) error {
		all = append(all, done)
		return nil
	}
	if err := f.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return all
}

// A single node's data becomes that of the first voter, however often that was
// cut short by a kill before, and though it went on as a single node between;
// nothing is lost, and nobody votes but it.
func TestFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	objects := 0
	for i, step := range steps(t) {
		n := 10
		if i == 0 {
			n = 1000
		}
		single(t, dir, objects, n)
		objects += n
		die(t, foundEnv+"="+dir+"|"+step)
	}
	want := single(t, dir, objects, 10)
	objects += 10
	for range 2 {
		if err := FoundCluster(context.Background(), Dir{Path: dir}, "a", "a"); err != nil {
			t.Fatal(err)
		}
	}
	if applied, err := meta.Inspect(filepath.Join(dir, "meta.db")); err != nil || applied != uint64(objects+1) {
		t.Fatalf("applied %d, %v", applied, err)
	}
	var said sayings
	var patience atomic.Int64
	f := newStopped(t, func(id string, o *RaftOptions, c *raft.Config) {
		quick(id, o, c)
		if id != "a" {
			o.Log, c.LogLevel = &said, "WARN"
		} else if patience.Load() > 0 {
			c.HeartbeatTimeout, c.ElectionTimeout = time.Hour, time.Hour
		}
	}, "b", "c", "a")
	f.mesh, f.dirs["a"] = newMesh(t), dir
	for i, id := range []string{"b", "c"} { // first, and empty: they elect nobody
		f.start(id)
		eventually(t, "an election is due", func() bool { return said.count("no known peers, aborting election") == i+1 })
	}
	patience.Store(1) // before it leads, it has what there was
	f.start("a")
	if got, err := f.nodes["a"].db.Hash(context.Background()); err != nil || got != want {
		t.Errorf("the state is %s, %v; it was %s", got, err, want)
	}
	f.stop("a")
	patience.Store(0)
	a := f.start("a")
	f.leader()
	for _, id := range []string{"b", "c"} {
		if r := f.nodes[id]; r.raft.CurrentTerm() != 0 || r.db.Applied() != 0 {
			t.Errorf("%s is in term %d without a cluster", id, r.raft.CurrentTerm())
		}
	}
	if got := a.Members(); len(got) != 1 || got[0] != (Member{"a", "a", true}) {
		t.Errorf("members %+v", got)
	}
	if err := f.leader().Join(context.Background(), "b", "b"); err != nil {
		t.Fatal(err)
	}
	f.admit("c")
	eventually(t, "b votes", func() bool { return f.leader().votes("b") })
	for _, key := range []string{"k0", "k999", fmt.Sprint("k", objects-1)} {
		f.want(key, "v")
	}
	if n := f.nodes["b"].snapshots.newest(); n == nil || !n.Image {
		t.Errorf("b has the snapshot %+v, want an image", n)
	}
	f.do(f.nodes["c"], put("k", "v", meta.WriteCondition{}))
	f.equal()
	f.stop("a")
	f.do(f.leader(), put("k", "w", meta.WriteCondition{}))
	f.start("a")
	f.want("k", "w")
	f.equal()
	f.stop("a")
	if err := FoundCluster(context.Background(), Dir{Path: dir}, "a", "a"); !errors.Is(err, ErrFounded) {
		t.Errorf("a member founds a cluster: %v", err)
	}
}

// sayings are what nodes log.
type sayings struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sayings) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *sayings) count(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.b.String(), text)
}

// An empty directory becomes that of the first voter as well.
func TestFoundEmpty(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, step := range steps(t) {
		die(t, foundEnv+"="+dir+"|"+step)
	}
	f := newStopped(t, quick, "a")
	f.mesh, f.dirs["a"] = newMesh(t), dir
	if err := FoundCluster(context.Background(), Dir{Path: dir}, "a", "a"); err != nil {
		t.Fatal(err)
	}
	f.start("a")
	f.bucket()
	if got := f.leader().Members(); len(got) != 1 || got[0] != (Member{"a", "a", true}) {
		t.Errorf("members %+v", got)
	}
}

// A founding that was given up is taken back wherever it stopped; what raft has
// run with, and data, is not.
func TestUnfound(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	for _, step := range append(steps(t), "") {
		if step == "" {
			if err := FoundCluster(ctx, Dir{Path: dir}, "a", "a"); err != nil {
				t.Fatal(err)
			}
		} else {
			die(t, foundEnv+"="+dir+"|"+step)
		}
		if err := Unfound(ctx, Dir{Path: dir}); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		if has, err := HasState(ctx, Dir{Path: dir}); has || err != nil {
			t.Errorf("%s: the directory has something: %v, %v", step, has, err)
		}
	}
	f := newSeed(t, quick, "a", "b")
	f.admit("b")
	for _, id := range []string{"a", "b"} {
		f.stop(id)
		if err := Unfound(ctx, Dir{Path: f.dirs[id]}); !errors.Is(err, ErrFounded) {
			t.Errorf("%s: got %v, want %v", id, err, ErrFounded)
		}
	}
	dir = t.TempDir()
	single(t, dir, 0, 3)
	if err := FoundCluster(ctx, Dir{Path: dir}, "a", "a"); err != nil {
		t.Fatal(err)
	}
	if err := Unfound(ctx, Dir{Path: dir}); !errors.Is(err, ErrFounded) {
		t.Errorf("with data: got %v, want %v", err, ErrFounded)
	}
}

// What an attempt has left does not count when the data is another by then: later
// than nothing, or older.
func TestFoundAnew(t *testing.T) {
	t.Parallel()
	f := newStopped(t, quick, "a")
	f.mesh = newMesh(t)
	dir := f.dirs["a"]
	for _, objects := range []int{0, 30, 10} {
		w := &wreck{t: t, dir: dir}
		w.lose()
		want := ""
		if objects > 0 {
			want = single(t, dir, 0, objects)
		}
		if err := FoundCluster(context.Background(), Dir{Path: dir}, "a", "a"); err != nil {
			t.Fatalf("%d objects: %v", objects, err)
		}
		log := w.log()
		last, _ := log.LastIndex()
		base, err := mend(w.path("meta.db"), log, w.snapshots())
		if n := len(base.config.Servers); err != nil || objects > 0 && (base.index != uint64(objects+1) || n != 1 || last != 0) {
			t.Errorf("%d objects: replays from %d with %d voters, the log ends at %d, %v", objects, base.index, n, last, err)
		}
		w.must(log.Close())
		db, l := open(t, w.path("meta.db"))
		if got, err := db.Hash(context.Background()); err != nil || got != want && want != "" {
			t.Errorf("%d objects: the state is %s, %v; it was %s", objects, got, err, want)
		}
		l.Close()
		w.must(db.Close())
	}
	f.start("a")
	f.do(f.leader(), put("k", "v", meta.WriteCondition{}))
	f.want("k9", "v")
	f.want("k29", "")
}

// A directory with which raft has run is not touched, whatever tells so.
func TestFoundRefuses(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(w *wreck, log *raftlog.Store){
		"a log": func(*wreck, *raftlog.Store) {},
		"a later term": func(w *wreck, log *raftlog.Store) {
			w.must(log.DeleteRange(1, 20))
			w.must(log.SetUint64([]byte(keyTerm), 2))
		},
		"a vote": func(w *wreck, log *raftlog.Store) {
			w.must(log.DeleteRange(1, 20))
			w.must(log.Set([]byte(keyVote), []byte("a")))
		},
		"a received one": func(w *wreck, log *raftlog.Store) { w.must(log.DeleteRange(1, 20)) },
	} {
		w := newWreck(t)
		if name == "a received one" {
			w.snapshot(20, true)
		}
		log := w.log()
		spoil(w, log)
		w.must(log.Close())
		if err := FoundCluster(context.Background(), Dir{Path: w.dir}, "a", "a"); !errors.Is(err, ErrFounded) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
