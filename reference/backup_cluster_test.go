package reference_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/reference"
	"bleepstore/reference/admin"
	"bleepstore/reference/cluster"
	"bleepstore/reference/crypt"
)

// A cluster is backed up from any of its nodes, and from what one of them has
// left; either becomes one server, and may found a cluster of its own.
func TestBackupOfACluster(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster that takes its time")
	}
	t.Parallel()
	dirs := make([]string, 3)
	c := reference.StartCluster(t, 3, func(node int, c *reference.Config) { dirs[node] = c.Dir })
	createBucket(t, client(c, 0))
	bodies := map[string][]byte{}
	for i, size := range sizes {
		key := fmt.Sprint("key-", i)
		bodies[key] = bytesOf(uint64(i), size)
		put(t, client(c, i%3), key, bodies[key])
	}
	backups := map[string]*bytes.Buffer{}
	for node := range 2 {
		b := new(bytes.Buffer)
		if err := c.Node(node).Server.Backup(t.Context(), b); err != nil {
			t.Fatalf("node %d: %v", node, err)
		}
		backups[fmt.Sprint("node ", node)] = b
	}
	last := (c.Leader() + 1) % 3
	c.AwaitEqual()
	c.Kill(last)
	b := new(bytes.Buffer)
	if _, err := reference.Backup(t.Context(), reference.Config{Dir: dirs[last]}, b); err != nil {
		t.Fatal(err)
	}
	backups["what a node has left"] = b
	key, err := reference.ClusterKey([]byte(reference.ClusterSecret)) // which the backups do not hold
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range backups {
		dir := filepath.Join(t.TempDir(), "new")
		if _, err := reference.Restore(t.Context(), reference.Config{Dir: dir}, b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, engine := range []string{"alone", "founding a cluster"} {
			t.Run(name+", "+engine, func(t *testing.T) {
				wantBodies(t, reference.Start(t, func(c *reference.Config) {
					c.Backend, c.Dir, c.MasterKeys = reference.Local, dir, []crypt.Key{key}
					if engine != "alone" {
						c.Cluster = &reference.ClusterConfig{Addr: "127.0.0.1:0", Secret: []byte("another secret of a test's cluster"), Heartbeat: 10 * time.Millisecond, Election: 100 * time.Millisecond}
					}
				}), bodies)
			})
		}
	}
}

// wantBodies demands objects, once the server is ready.
func wantBodies(t *testing.T, in *reference.Instance, bodies map[string][]byte) {
	t.Helper()
	await(t, "it is ready", in.Server.Ready)
	for key, body := range bodies {
		wantBody(t, s3.NewFromConfig(in.AWS), key, body)
	}
}

// A node that is cut off gives no backup: it would lack what was acknowledged
// elsewhere.
func TestMinorityGivesNoBackup(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster that takes its time")
	}
	t.Parallel()
	c := reference.StartCluster(t, 3)
	createBucket(t, client(c, 0))
	cut := c.Leader()
	c.Partition([]int{(cut + 1) % 3, (cut + 2) % 3}, []int{cut})
	var b bytes.Buffer
	var refused *cluster.RefusedError
	if err := c.Node(cut).Server.Backup(t.Context(), &b); !errors.As(err, &refused) || b.Len() > 0 {
		t.Errorf("got %v after %d bytes, want a refusal", err, b.Len())
	}
}

// The operator's API over a cluster that runs.
func TestAdminOfACluster(t *testing.T) {
	t.Parallel()
	c := reference.StartCluster(t, 3)
	leader := c.Leader()
	node := (leader + 1) % 3
	h := admin.Handler(admin.Config{
		Token: "t", Open: func() bool { return true }, Cluster: c.Node(node).Server.Cluster,
		Backup: func(ctx context.Context, w io.Writer) error { return c.Node(node).Server.Backup(ctx, w) },
	})
	ask := func(method, path, body string) (int, string) {
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer t")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	status := func() (s admin.Summary) {
		t.Helper()
		if code, body := ask("GET", "/admin/cluster/status", ""); code != 200 || json.Unmarshal([]byte(body), &s) != nil {
			t.Fatalf("status: %d %s", code, body)
		}
		return s
	}
	id := func(i int) string { return fmt.Sprintf("n%d", i+1) }
	await(t, "the nodes know that they are well", func() bool { // each tells what it has heard
		s := status()
		return s.Leader == id(leader) && s.Quorum && s.Voters == 3 && s.VotersReachable == 3 && len(s.Nodes) == 3 && s.Blobs.BelowR == 0
	})
	if code, body := ask("GET", "/admin/", ""); code != 200 || !strings.Contains(body, "In service") {
		t.Errorf("page: %d %s", code, body)
	}
	if code, body := ask("GET", "/admin/cluster/raft/stats", ""); code != 200 || !strings.Contains(body, `"state"`) {
		t.Errorf("stats: %d %s", code, body)
	}
	await(t, "a snapshot is taken", func() bool { // raft takes none until this node has applied who its members are
		code, body := ask("POST", "/admin/cluster/raft/snapshot", "")
		if code != 200 && !strings.Contains(body, "cannot take snapshot now") {
			t.Fatalf("snapshot: %d %s", code, body)
		}
		return code == 200
	})
	if code, body := ask("POST", "/admin/cluster/leader", `{"id":"`+id(node)+`"}`); code != http.StatusNoContent || c.Leader() != node {
		t.Errorf("transfer: %d %s, leader %d", code, body, c.Leader())
	}
	if code, body := ask("DELETE", "/admin/cluster/nodes/nobody", ""); code != http.StatusNotFound {
		t.Errorf("remove a stranger: %d %s", code, body)
	}
	c.Kill(leader)
	await(t, "the dead node is seen", func() bool { s := status(); return s.Quorum && s.VotersReachable == 2 })
	if code, body := ask("DELETE", "/admin/cluster/nodes/"+id(leader)+"?force=true", ""); code != http.StatusNoContent {
		t.Errorf("remove the dead node: %d %s", code, body)
	}
	if s := status(); s.Voters != 2 || !s.Quorum {
		t.Errorf("after the removal: %+v", s)
	}
	if code, body := ask("POST", "/admin/cluster/nodes", `{"id":"n4","addr":"127.0.0.1:1"}`); code != http.StatusCreated {
		t.Errorf("add: %d %s", code, body)
	}
	if s := status(); len(s.Nodes) != 3 || s.Voters != 2 || s.Nodes[2].Voter || s.Nodes[2].Reachable {
		t.Errorf("after the addition: %+v", s)
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}
