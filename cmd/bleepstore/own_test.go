//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"bleepstore/conformance/trial"
	"bleepstore/fault"
	_ "bleepstore/fault/kind"
	"bleepstore/fault/process"
	"bleepstore/fault/proxy"
	"bleepstore/scenarios/sign"
)

// owned starts a cluster of our own nodes as processes until the test ends.
func owned(t *testing.T, o process.Options) *process.Cluster {
	t.Helper()
	top, err := ownTopology(nil)
	if err != nil {
		t.Fatal(err)
	}
	o.Dir, o.Arg0 = t.TempDir(), "bleepstore"
	c, err := process.Start(t.Context(), top, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			for _, d := range c.Deaths() {
				t.Log(d)
			}
		}
	})
	return c
}

// TestOwnTopology: what own.yaml says of our nodes is so: who leads, what state
// they are in, how the cluster grows and shrinks, and that they follow the orders of
// tests.
func TestOwnTopology(t *testing.T) {
	t.Parallel()
	c := owned(t, process.Options{Nodes: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	able := c.Abilities()
	if got, err := signed(ctx, c, http.MethodGet, "/"); got != 200 {
		t.Errorf("ListBuckets got %d %v", got, err)
	}
	if err := able.Clock.Trouble(ctx, "n1", fault.ClockTrouble{Offset: time.Hour}); err != nil {
		t.Error(err)
	}
	if got, err := signed(ctx, c, http.MethodGet, "/"); got != 403 {
		t.Errorf("ListBuckets by a node that is an hour ahead got %d %v, want 403: it was signed too long ago", got, err)
	}
	if err := errors.Join(able.Clock.Trouble(ctx, "n1", fault.ClockTrouble{}), able.Snapshot.Snapshot(ctx, "n1"), able.Crash.CrashAt(ctx, "n1", "log.committed", 1)); err != nil {
		t.Error(err)
	}
	if got, err := signed(ctx, c, http.MethodPut, "/some-bucket"); err == nil {
		t.Errorf("CreateBucket by a node that crashes before it answers got %d", got)
	}
	eventually(t, "it has crashed", func() bool { return len(c.Deaths()) == 1 })
	if d := c.Deaths()[0]; d.Cause != "told to crash at log.committed" {
		t.Errorf("got %v", d)
	}
	if err := c.Revive(ctx); err != nil {
		t.Fatal(err)
	}
	if got, err := signed(ctx, c, http.MethodHead, "/some-bucket"); got != 200 {
		t.Errorf("the bucket was committed before the crash, and is not there: %d %v", got, err)
	}
	m := able.Members
	name, err := m.Add(ctx)
	if err != nil || name != "n2" {
		t.Fatalf("got %q %v, want another node", name, err)
	}
	states, err := c.Equal(ctx)
	if err != nil || len(states) != 2 || len(states[name].Hash) < 16 || states[name].Applied == "" {
		t.Errorf("states %v: %v", states, err)
	}
	if err := m.Transfer(ctx, name); err != nil {
		t.Error(err)
	}
	eventually(t, "the new node leads", func() bool { leader, err := c.Leader(ctx); return err == nil && leader == name })
	if err := m.Remove(ctx, name); err != nil {
		t.Error(err)
	}
	eventually(t, "the old node leads again", func() bool { leader, err := c.Leader(ctx); return err == nil && leader == "n1" })
	if err := c.Ready(ctx); err != nil || len(c.Deaths()) > 1 || !slices.Equal(c.Nodes(), []string{"n1"}) {
		t.Errorf("nodes %v, deaths %v: %v", c.Nodes(), c.Deaths(), err)
	}
}

// signed sends a request without a body to the first node and returns the status
// of the answer.
func signed(ctx context.Context, c *process.Cluster, method, path string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.Endpoints()[0]+path, nil)
	if err != nil {
		return 0, err
	}
	access, secret, region := c.Keys()
	scope := sign.Scope{Access: access, Secret: secret, Region: region, Service: "s3", Time: time.Now()}
	if err := sign.Header(req, scope, sign.Hash(sign.Signed, nil)); err != nil {
		return 0, err
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// TestProcessesUnderFaults: three processes are killed, paused and cut off from
// each other as a schedule says, while clients write and read by way of all of
// them. Every history must be as that of one node that never fails, and the nodes
// must be equal in the end.
func TestProcessesUnderFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes 15 seconds")
	}
	t.Parallel()
	seed := number(ordealSeed, rand.Uint64N(1<<32))
	repeat := fmt.Sprintf("%s=%d go test ./cmd/bleepstore -run '^TestProcessesUnderFaults$' -v", ordealSeed, seed)
	t.Logf("repeat: %s", repeat)
	schedule := drawn(t, seed)
	edges, err := proxy.NewEdges(seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := edges.Close(); err != nil {
			t.Error(err)
		}
	})
	c := owned(t, process.Options{Nodes: 3, Edges: edges})
	load, err := trial.Start(t.Context(), trial.Options{
		Endpoints: c.Endpoints(), Access: "chaos", Secret: "chaos-secret",
		Workloads: []string{"register", "cas", "append", "list", "mpu"}, Clients: 4,
		Timeout: 4 * time.Second, Most: time.Hour, Seed: seed, Repeat: repeat,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := load.Close(context.Background()); err != nil && !t.Failed() {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*ordealWait)
	defer cancel()
	nemesis := fault.NewNemesis(c)
	if err := nemesis.Play(ctx, schedule, ordealWait); err != nil {
		t.Error(err)
	}
	if err := c.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	load.Mark()
	if err := load.Await(ctx, "everybody gets on when all is well", func(c trial.Tally) bool { return load.Each(c, 40) && load.Everywhere(c, 40) }); err != nil {
		t.Fatal(err)
	}
	if err := load.Stop(); err != nil {
		t.Error(err)
	}
	states, err := c.Equal(ctx)
	if err != nil {
		t.Error(err)
	}
	v, err := load.Judge(ctx, t.ArtifactDir())
	if err != nil {
		t.Fatal(err)
	}
	if why := trial.Short(v); why != "" {
		t.Errorf("%s\nthe history is in %s (with -artifacts it stays)", why, t.ArtifactDir())
	}
	done := suffered(t, nemesis.Diary())
	for _, d := range c.Deaths() {
		if d.Cause == "" {
			t.Errorf("%s\n%s", d, d.Said)
		}
	}
	t.Logf("%d faults were done, states %v", done, states)
}

// drawn is eight seconds of faults.
func drawn(t *testing.T, seed uint64) fault.Schedule {
	t.Helper()
	kinds, err := fault.Choose([]string{"partition", "kill", "pause", "clock", "snapshot"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := fault.Draw(seed, fault.Plan{
		Kinds: kinds, Nodes: 3, Length: 8 * time.Second, Before: 500 * time.Millisecond, After: 500 * time.Millisecond,
		Overlap: 2, Longest: 2 * time.Second, Gap: 300 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// suffered tells what was done, and how much that was.
func suffered(t *testing.T, d fault.Diary) (done int) {
	t.Helper()
	for _, b := range d.Bands {
		t.Logf("%s to %s: %s %s%s", b.From, b.To, b.Event, b.Skipped, b.Failed)
		if b.Skipped == "" && b.Failed == "" {
			done++
		}
	}
	if done == 0 {
		t.Error("no fault was done")
	}
	return done
}
