//go:build unix

package process_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bleepstore/fault"
	"bleepstore/fault/process"
)

// A script is testdata/nemesis.sh with a directory of its own.
type script struct {
	t   *testing.T
	dir string
}

func newScript(t *testing.T, can string) script {
	s := script{t, t.TempDir()}
	t.Setenv("NEMESIS_DIR", s.dir)
	s.put("can", can)
	return s
}

// put says what the script does for an order.
func (s script) put(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s script) command(within time.Duration, endpoints ...string) (*process.Command, error) {
	return process.NewCommand(s.t.Context(), []string{"testdata/nemesis.sh"}, endpoints, within)
}

// told are its orders so far but for the first, which asks what it can.
func (s script) told() []string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")[1:]
}

func TestNemesisCommand(t *testing.T) {
	s := newScript(t, "kill pause\npartition leader\n")
	c, err := s.command(0, "http://10.0.0.2:9000", "http://10.0.0.1:9000")
	if err != nil {
		t.Fatal(err)
	}
	ctx, a := t.Context(), c.Abilities()
	if !slices.Equal(c.Nodes(), []string{"10.0.0.1", "10.0.0.2"}) || a.Process == nil || a.Network == nil || a.Disk != nil || a.Why["disk"] == "" {
		t.Fatalf("nodes %v, abilities %+v", c.Nodes(), a)
	}
	ab, ba := fault.Edge{From: "a", To: "b"}, fault.Edge{From: "b", To: "a"}
	cut, well := fault.NetTrouble{Cut: true}, fault.NetTrouble{}
	for _, do := range []func() error{
		func() error { return a.Process.Kill(ctx, "10.0.0.1") },
		func() error { return a.Process.Start(ctx, "10.0.0.1") },
		func() error { return a.Process.Pause(ctx, "10.0.0.2") },
		func() error { return a.Process.Resume(ctx, "10.0.0.2") },
		func() error { return a.Network.Trouble(ctx, ab, cut) },
		func() error { return a.Network.Trouble(ctx, ab, fault.NetTrouble{HalfOpen: true}) }, // it is cut already
		func() error { return a.Network.Trouble(ctx, ba, cut) },
		func() error { return a.Network.Trouble(ctx, ab, well) },
		func() error { return a.Network.Trouble(ctx, ab, well) },
		func() error { return c.Close(ctx) },
	} {
		if err := do(); err != nil {
			t.Error(err)
		}
	}
	want := []string{"kill 10.0.0.1", "start 10.0.0.1", "pause 10.0.0.2", "resume 10.0.0.2", "partition a b", "partition b a", "heal a b", "heal"}
	if got := s.told(); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	for what, err := range map[string]error{
		"latency": a.Network.Trouble(ctx, ab, fault.NetTrouble{Latency: time.Second}),
		"reset":   a.Network.Reset(ctx, ab),
		"stop":    a.Process.Stop(ctx, "10.0.0.1"),
	} {
		if !skipped(err) {
			t.Errorf("%s: got %v, want a skip", what, err)
		}
	}
	s.put("leader", "echo 10.0.0.1")
	if leader, err := c.Leader(ctx); err != nil || leader != "10.0.0.1" {
		t.Errorf("leader: %q %v", leader, err)
	}
	s.put("leader", "echo nobody")
	if _, err := c.Leader(ctx); !errors.Is(err, fault.ErrNoLeader) {
		t.Errorf("leader: %v", err)
	}
}

func TestNemesisCommandThatPartsBothWays(t *testing.T) {
	s := newScript(t, "nodes: a b\npartition-both\n")
	c, err := s.command(0, "http://x:1", "http://x:2")
	if err != nil {
		t.Fatal(err)
	}
	a := c.Abilities()
	if !slices.Equal(c.Nodes(), []string{"a", "b"}) || a.Process != nil || a.Why["kill"] == "" {
		t.Fatalf("nodes %v, abilities %+v", c.Nodes(), a)
	}
	ab, ba := fault.Edge{From: "a", To: "b"}, fault.Edge{From: "b", To: "a"}
	for _, step := range []struct {
		e   fault.Edge
		cut bool
	}{{ab, true}, {ba, true}, {ab, false}, {ba, false}} {
		if err := a.Network.Trouble(t.Context(), step.e, fault.NetTrouble{Cut: step.cut}); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.told(); !slices.Equal(got, []string{"partition a b", "heal b a"}) {
		t.Errorf("told %q", got)
	}
}

func TestNemesisCommandThatFails(t *testing.T) {
	s := newScript(t, "kill partition")
	c, err := s.command(300*time.Millisecond, "http://x:1", "http://x:2")
	if err != nil {
		t.Fatal(err)
	}
	ctx, a := t.Context(), c.Abilities()
	if !slices.Equal(c.Nodes(), []string{"x:1", "x:2"}) {
		t.Errorf("nodes on one host are called %v", c.Nodes())
	}
	s.put("kill", "echo not today >&2; exit 3")
	if err := a.Process.Kill(ctx, "x:1"); !skipped(err) || !strings.Contains(err.Error(), "not today") {
		t.Errorf("got %v, want a skip with what it said", err)
	}
	s.put("kill", "echo no ssh >&2; exit 1")
	if err := a.Process.Kill(ctx, "x:1"); err == nil || skipped(err) || !strings.Contains(err.Error(), "no ssh") {
		t.Errorf("got %v, want a failure with what it said", err)
	}
	s.put("kill", "sleep 600 & echo $! >pid; wait")
	if err := a.Process.Kill(ctx, "x:1"); err == nil || !strings.Contains(err.Error(), "it did not end within 300ms") {
		t.Errorf("got %v, want that it did not end", err)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "pid"))
	pid, perr := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || perr != nil {
		t.Fatal(err, perr)
	}
	eventually(t, "what it had started is gone", func() bool { return !runs(pid) })
	e := fault.Edge{From: "x:1", To: "x:2"}
	s.put("partition", "exit 1")
	if err := a.Network.Trouble(ctx, e, fault.NetTrouble{Cut: true}); err == nil {
		t.Error("a partition that failed is none")
	}
	if err := a.Network.Trouble(ctx, e, fault.NetTrouble{}); err != nil {
		t.Error(err)
	}
	if got := s.told(); got[len(got)-1] != "heal x:1 x:2" {
		t.Errorf("what may have been cut is not healed: %q", got)
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if err := a.Process.Start(done, "x:1"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestNemesisCommandThatCannotBeUsed(t *testing.T) {
	for _, tc := range []struct{ can, says string }{
		{"kill fly", `"fly"`},
		{"nodes: a b c\nkill", "3 nodes, and there are 1 endpoints"},
	} {
		if _, err := newScript(t, tc.can).command(0, "http://x:1"); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%q: got %v, want %s", tc.can, err, tc.says)
		}
	}
	if _, err := newScript(t, "kill").command(0, "x:1"); err == nil {
		t.Error("an endpoint that is no URL is none")
	}
	if _, err := process.NewCommand(t.Context(), []string{"/no/such/script"}, []string{"http://x:1"}, 0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
