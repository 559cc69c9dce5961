package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bleepstore/conformance"
)

// notes are what a fleet tells, for a test to look at meanwhile.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 20 s: " + what)
		}
	}
}

// oneNode starts a cluster of one.
func oneNode(t *testing.T, c clusterCmd) (*fleet, *notes) {
	t.Helper()
	said := &notes{}
	c.Nodes = 1
	p, err := c.plan(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	f, err := startFleet(t.Context(), p, said)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.stop(); err != nil {
			t.Error(err)
		}
	})
	return f, said
}

// recorded is the process id of the node in cluster.json.
func recorded(t *testing.T, dir string) int {
	t.Helper()
	r, err := readRecord(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r.Nodes[0].PID
}

// kill ends a process by its id.
func kill(t *testing.T, pid int) {
	t.Helper()
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestNodeThatDiesIsToldAndNotRestarted(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster that takes its time")
	}
	t.Parallel()
	dir := t.TempDir()
	f, said := oneNode(t, clusterCmd{Data: dir})
	pid := recorded(t, dir)
	if !runs(pid) || len(f.lost()) != 0 {
		t.Fatalf("process %d does not run, lost %v", pid, f.lost())
	}
	kill(t, pid)
	<-f.dead
	if recorded(t, dir) != 0 || len(f.lost()) != 1 || !strings.Contains(said.String(), "signal: killed") {
		t.Errorf("recorded %d, lost %v, said %q", recorded(t, dir), f.lost(), said)
	}
}

func TestNodeThatDiesIsRestarted(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster that takes its time")
	}
	t.Parallel()
	dir := t.TempDir()
	f, said := oneNode(t, clusterCmd{Data: dir, Restart: true})
	pid, url := recorded(t, dir), f.record.Nodes[0].OpsURL
	kill(t, pid)
	eventually(t, "another process is ready", func() bool {
		now := recorded(t, dir)
		return now != 0 && now != pid && answers(t.Context(), url+"/readyz") == nil
	})
	if !strings.Contains(said.String(), "node-1 is started again") {
		t.Errorf("said %q", said)
	}
}

// A node that dies at once is started less and less often; one that has served
// for a while is not held to account for what was before.
func TestWaitBeforeARestart(t *testing.T) {
	var wait time.Duration
	for _, want := range []int{1, 2, 4, 8, 16, 30, 30} {
		if wait = waitAfter(wait, time.Second); wait != time.Duration(want)*time.Second {
			t.Errorf("got %s, want %d s", wait, want)
		}
	}
	if wait = waitAfter(wait, time.Minute); wait != time.Second {
		t.Errorf("after a minute: got %s", wait)
	}
}

func TestDirectoryInUseIsRefused(t *testing.T) {
	dir := t.TempDir()
	f, _ := oneNode(t, clusterCmd{Data: dir})
	p := *f.plan
	p.drain = -5 * time.Second // its nodes will not go
	if _, err := startFleet(t.Context(), &p, &notes{}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v, want that the directory is in use", err)
	}
	if !runs(recorded(t, dir)) {
		t.Error("the node that was there is gone")
	}
}

// TestAddressTakenMeanwhile: another process may listen where a node was about to.
func TestAddressTakenMeanwhile(t *testing.T) {
	p, err := (&clusterCmd{Data: t.TempDir(), Nodes: 2}).plan(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	var taken []string
	p.picked = func(r *fleetRecord) {
		if len(taken) < starts-1 {
			l, err := net.Listen("tcp", r.Nodes[1].Addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() }) // it is free at last
			taken = append(taken, r.Nodes[1].Addr)
		}
	}
	said := &notes{}
	f, err := startFleet(t.Context(), p, said)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.stop(); err != nil {
			t.Error(err)
		}
	}()
	if at := f.record.Nodes[1].Addr; len(taken) != starts-1 || slices.Contains(taken, at) {
		t.Errorf("it serves at %s, though %v were taken", at, taken)
	}
	if !strings.Contains(said.String(), errTaken.Error()) {
		t.Errorf("nobody was told: %q", said)
	}
}

func TestNodeThatCannotStart(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "node-1"), nil, 0o600); err != nil { // where its data go
		t.Fatal(err)
	}
	p, err := (&clusterCmd{Data: dir, Nodes: 1}).plan(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	_, err = startFleet(t.Context(), p, &notes{})
	if conformance.CodeOf(err) != conformance.ExitFailed || !strings.Contains(err.Error(), "node-1 ended: exit status") || !strings.Contains(err.Error(), "data directory") {
		t.Errorf("got %v, want how the node ended and the end of its log", err)
	}
}

func TestStartThatIsCancelledLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	p, err := (&clusterCmd{Data: dir, Nodes: 1}).plan(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := startFleet(ctx, p, &notes{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	if pid := recorded(t, dir); pid != 0 {
		t.Errorf("process %d is left", pid)
	}
}

// TestKilledParentLeavesNoNode: nodes end with their parent, and the next start
// in the same directory waits for them: it has their ports and their locks.
func TestKilledParentLeavesNoNode(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster that takes its time")
	}
	t.Parallel()
	dir := t.TempDir()
	cmd, _, stderr := child(t, "cluster", "--nodes", "1", "--data", dir)
	waitFor(t, stderr, "cluster.json")
	before, err := readRecord(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	f, _ := oneNode(t, clusterCmd{Data: dir})
	was, is := before.Nodes[0], f.record.Nodes[0]
	if is.PID == was.PID || is.URL != was.URL || is.PeerAddr != was.PeerAddr {
		t.Errorf("got %+v, want another process at the addresses of %+v", is, was)
	}
}
