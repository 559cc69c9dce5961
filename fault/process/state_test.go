package process_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bleepstore/fault"
	"bleepstore/fault/process"
)

func command(name string, args ...string) *exec.Cmd {
	return exec.CommandContext(context.Background(), name, args...)
}

// say writes what a node answers for a file.
func say(t *testing.T, dir, node, file, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, node, file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLeader(t *testing.T) {
	dir := t.TempDir()
	top := parsed(t, fakeYAML)
	c := start(t, top, process.Options{Dir: dir, Nodes: 3})
	if _, err := c.Leader(t.Context()); !errors.Is(err, fault.ErrNoLeader) {
		t.Errorf("without a probe: got %v", err)
	}
	top.Leader = &process.Probe{URL: "http://{addr}/file/raft", Field: "raft.state", Equals: "Leader", Term: "raft.term"}
	dir = t.TempDir()
	c = start(t, top, process.Options{Dir: dir, Nodes: 3})
	is := func(want string) {
		t.Helper()
		got, err := c.Leader(t.Context())
		if got != want || want == "" && !errors.Is(err, fault.ErrNoLeader) {
			t.Errorf("got %q %v, want %q", got, err, want)
		}
	}
	is("")
	say(t, dir, "n1", "raft", `{"raft": {"state": "Leader", "term": "4"}}`)
	say(t, dir, "n2", "raft", `{"raft": {"state": "Follower", "term": "5"}}`)
	say(t, dir, "n3", "raft", `no JSON`)
	is("n1")
	say(t, dir, "n3", "raft", `{"raft": {"state": "Leader", "term": 5}}`) // n1 does not know yet
	is("n3")
	if err := c.Kill(t.Context(), "n3"); err != nil {
		t.Fatal(err)
	}
	is("n1")
}

// TestLeaderByName: nodes name who leads, and a command may ask them.
func TestLeaderByName(t *testing.T) {
	dir := t.TempDir()
	top := parsed(t, fakeYAML+"leader: {command: [cat, '{data}/leader']}\n")
	c := start(t, top, process.Options{Dir: dir, Nodes: 3})
	for node, names := range map[string]string{"n1": "n1\n", "n2": "n3\n", "n3": "n3\n"} {
		say(t, dir, node, "leader", names)
	}
	if got, err := c.Leader(t.Context()); got != "n3" {
		t.Errorf("got %q %v, want n3, as most say", got, err)
	}
}

func TestEqual(t *testing.T) {
	dir := t.TempDir()
	top := parsed(t, fakeYAML+"hash: {url: 'http://{addr}/file/state', field: 'nodes.[id={node}].hash', applied: 'nodes.[id={node}].applied'}\n")
	c := start(t, top, process.Options{Dir: dir, Nodes: 2})
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	say(t, dir, "n1", "state", `{"nodes": [{"id": "n2"}, {"id": "n1", "applied": 7, "hash": "x"}]}`)
	say(t, dir, "n2", "state", `{"nodes": [{"id": "n2", "applied": 6, "hash": "y"}]}`)
	if _, err := c.Equal(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "n2:{6 y}") {
		t.Errorf("got %v, want that time ran out, and who is where", err)
	}
	say(t, dir, "n2", "state", `{"nodes": [{"id": "n2", "applied": 7, "hash": "y"}]}`)
	if _, err := c.Equal(t.Context()); !errors.Is(err, process.ErrDiffer) {
		t.Errorf("got %v, want ErrDiffer", err)
	}
	say(t, dir, "n2", "state", `{"nodes": [{"id": "n2", "applied": 7, "hash": "x"}]}`)
	states, err := c.Equal(t.Context())
	if err != nil || len(states) != 2 || states["n2"] != (process.State{Applied: "7", Hash: "x"}) {
		t.Errorf("got %v %v", states, err)
	}
	if err := c.Kill(t.Context(), "n2"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.Equal(ctx); err == nil {
		t.Error("a node that does not run is equal to the others")
	}
	plain := start(t, parsed(t, fakeYAML), process.Options{})
	if _, err := plain.Equal(t.Context()); !errors.Is(err, process.ErrUnknown) {
		t.Errorf("without a probe: got %v", err)
	}
}
