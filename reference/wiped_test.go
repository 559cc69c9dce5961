package reference_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bleepstore/reference"
	"bleepstore/reference/cluster"
)

// remove removes what matches in a node's directory, and demands that there was
// something.
func remove(t *testing.T, c *reference.Cluster, node int, patterns ...string) {
	t.Helper()
	for _, p := range patterns {
		names, err := filepath.Glob(filepath.Join(c.Dir(node), p))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v, %v", p, names, err)
		}
		for _, n := range names {
			if err := os.RemoveAll(n); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// lossOf says what a voter's directory lacks when it comes back, and what then.
type lossOf struct {
	what string
	cut  bool     // it has made a snapshot, and cut its log, before
	gone []string // patterns; none: everything
	void string   // a file that is empty
	want error    // of Open
	text string   // in that
}

var losses = []lossOf{
	{what: "everything", want: cluster.ErrKnown},
	{what: "all but its id", gone: []string{"meta.db*", "raft.db*", "blobs"}, want: cluster.ErrKnown},
	{what: "log and metadata, not the snapshot", cut: true, gone: []string{"meta.db*", "raft.db*"}, want: cluster.ErrLogLost},
	{what: "the log", gone: []string{"raft.db*"}, want: cluster.ErrLogLost},
	{what: "the log behind a snapshot", cut: true, gone: []string{"raft.db*"}, want: cluster.ErrLogLost},
	{what: "what is in the log behind a snapshot", cut: true, gone: []string{"raft.db*"}, void: "raft.db", want: cluster.ErrLogLost},
	{what: "what is in the log", gone: []string{"raft.db*"}, void: "raft.db", want: cluster.ErrLogLost},
	{what: "the metadata, of a log that is cut", cut: true, gone: []string{"meta.db*"}, want: cluster.ErrStateLost},
	{what: "the id", gone: []string{"id"}, text: "no file id"},
	{what: "the metadata, of a whole log", gone: []string{"meta.db*"}},
	{what: "the blobs", gone: []string{"blobs"}},
}

// What becomes of a voter that comes back under its id and has lost something.
// Whoever cannot keep what it has promised does not run: it would vote again, and
// count as one that holds what it holds no more. What the others can give it back
// is no reason not to.
func TestAVoterThatHasLostSomething(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	t.Parallel()
	c := reference.StartCluster(t, 3, func(_ int, conf *reference.Config) { conf.Cluster.TrailingLogs = 1 })
	createBucket(t, client(c, 0))
	bodies := map[string][]byte{}
	for i, size := range sizes {
		key := fmt.Sprint("key-", i)
		bodies[key] = bytesOf(uint64(i), size)
		put(t, client(c, 0), key, bodies[key])
	}
	c.AwaitEqual()
	lost := (c.Leader() + 1) % 3
	kept := map[bool]string{false: t.TempDir(), true: t.TempDir()} // by whether the log is cut
	keep := func(dir string) {
		t.Helper()
		c.Kill(lost)
		if err := os.CopyFS(dir, os.DirFS(c.Dir(lost))); err != nil {
			t.Fatal(err)
		}
	}
	keep(kept[false])
	c.Restart(lost)
	raft := c.Node(lost).Server.Cluster().Raft()
	await(t, "it has made a snapshot", func() bool { // once it has replayed its log
		if err := raft.Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		return raft.Status().LastSnapshot > 0
	})
	keep(kept[true])
	for i, loss := range losses {
		t.Run(loss.what, func(t *testing.T) {
			c.Wipe(lost)
			if loss.gone != nil {
				if err := os.CopyFS(c.Dir(lost), os.DirFS(kept[loss.cut])); err != nil {
					t.Fatal(err)
				}
				remove(t, c, lost, loss.gone...)
			}
			if loss.void != "" {
				if err := os.WriteFile(filepath.Join(c.Dir(lost), loss.void), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for n := range 2 { // what the first attempt leaves is no reason for the second
				err := c.TryRestart(lost, func(conf *reference.Config) { conf.Cluster.Bootstrap = (i+n)%2 == 0 })
				if loss.want == nil && loss.text == "" && err == nil {
					c.AwaitEqual()
					for key, body := range bodies {
						wantBody(t, client(c, lost), key, body)
					}
				} else if err == nil || !errors.Is(err, loss.want) && loss.want != nil || !strings.Contains(err.Error(), loss.text) {
					t.Errorf("got %v, want %v %s", err, loss.want, loss.text)
				}
				if err == nil {
					c.Kill(lost)
				}
			}
		})
	}
}
