package process_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bleepstore/fault"
	"bleepstore/fault/process"
	"bleepstore/fault/proxy"
)

// orders are what a node, or its agent, was told.
func orders(t *testing.T, dir, node string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, node, "orders"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

const agentYAML = fakeYAML + "  agent: '{host}:{port.agent}'\nports: [agent]\npoints: [now, later]\n"

func TestCrashAtAPoint(t *testing.T) {
	dir := t.TempDir()
	c := start(t, parsed(t, agentYAML), process.Options{Dir: dir})
	a := c.Abilities()
	if a.Crash == nil || !slices.Equal(a.Points, []string{"now", "later"}) {
		t.Fatalf("abilities: %+v", a)
	}
	for _, step := range []struct {
		point string
		n     int
	}{{"later", 3}, {"", 0}} {
		if err := a.Crash.CrashAt(t.Context(), "n1", step.point, step.n); err != nil {
			t.Fatal(err)
		}
	}
	if got := orders(t, dir, "n1"); !slices.Equal(got, []string{"POST /crash?n=3&point=later", "POST /crash?n=0&point="}) {
		t.Errorf("the agent was told %q", got)
	}
	if err := a.Crash.CrashAt(t.Context(), "n1", "now", 1); err != nil { // it has no time to answer
		t.Fatal(err)
	}
	eventually(t, "it has crashed", func() bool { return len(c.Deaths()) == 1 })
	if d := c.Deaths()[0]; d.Cause != "told to crash at now" || d.How != "signal: killed" {
		t.Errorf("got %+v", d)
	}
	if err := a.Crash.CrashAt(t.Context(), "n1", "", 0); err != nil {
		t.Errorf("take back the order of one who has followed it: %v", err)
	}
	if err := a.Crash.CrashAt(t.Context(), "n1", "later", 1); !skipped(err) {
		t.Errorf("got %v, want a skip: the node does not run", err)
	}
}

// TestClock: what ails a clock does so also after the node was started again,
// and reaches one that stands still when it wakes.
func TestClock(t *testing.T) {
	dir := t.TempDir()
	c := start(t, parsed(t, agentYAML), process.Options{Dir: dir})
	ctx, k := t.Context(), c.Abilities().Clock
	told := func() string { all := orders(t, dir, "n1"); return all[len(all)-1] }
	if err := k.Trouble(ctx, "n1", fault.ClockTrouble{Offset: 3 * time.Second, Rate: 1.5}); err != nil {
		t.Fatal(err)
	}
	const first = "POST /clock?frozen=false&offset=3s&rate=1.5"
	if told() != first {
		t.Errorf("the agent was told %q", told())
	}
	if err := c.Kill(ctx, "n1"); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "n1", "orders")); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(ctx, "n1"); err != nil {
		t.Fatal(err)
	}
	if told() != first {
		t.Errorf("after a start the agent was told %q", told())
	}
	if err := c.Pause(ctx, "n1"); err != nil {
		t.Fatal(err)
	}
	if err := k.Trouble(ctx, "n1", fault.ClockTrouble{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Resume(ctx, "n1"); err != nil {
		t.Fatal(err)
	}
	if told() != "POST /clock?frozen=false&offset=0s&rate=0" {
		t.Errorf("awake the agent was told %q", told())
	}
	if err := c.Abilities().Snapshot.Snapshot(ctx, "n1"); err != nil || told() != "POST /snapshot?" {
		t.Errorf("snapshot: %v, told %q", err, told())
	}
}

// platters are disks that note what happens to them.
type platters struct {
	mu    sync.Mutex
	notes []string
}

func (p *platters) note(what string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes = append(p.notes, what)
	return nil
}

func (p *platters) Mount(_ context.Context, node, dir string) error {
	return p.note("mount " + filepath.Base(dir))
}
func (p *platters) Trouble(_ context.Context, node string, _ fault.DiskTrouble) error {
	return p.note("trouble " + node)
}
func (p *platters) PowerCut(_ context.Context, node string) error { return p.note("cut " + node) }

func TestDisk(t *testing.T) {
	p := &platters{}
	c := start(t, parsed(t, fakeYAML), process.Options{Disks: p})
	ctx, at, d := t.Context(), c.Endpoints()[0], c.Abilities().Disk
	if err := d.PowerCut(ctx, "n1"); err != nil {
		t.Fatal(err)
	}
	if _, err := web.Get(at); err == nil {
		t.Error("a node without power answers")
	}
	if err := c.Revive(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(ctx, "n1"); err != nil {
		t.Fatal(err)
	}
	if err := c.Revive(ctx); err != nil {
		t.Fatal(err)
	}
	if err := d.Trouble(ctx, "n1", fault.DiskTrouble{FailSync: 1}); err != nil {
		t.Fatal(err)
	}
	post(t, at+"/exit/1")
	eventually(t, "the death is known", func() bool { return len(c.Deaths()) == 1 })
	if d := c.Deaths()[0]; d.Cause != "its disk was in trouble" {
		t.Errorf("got %+v", d)
	}
	if want := []string{"mount n1", "cut n1", "mount n1", "mount n1", "trouble n1"}; !slices.Equal(p.notes, want) {
		t.Errorf("the disk saw %q, want %q", p.notes, want)
	}
}

// A node may end of its disk when that is well again: it is started all the same,
// unless its end is ordered meanwhile.
func TestEndAfterTrouble(t *testing.T) {
	c := start(t, parsed(t, fakeYAML), process.Options{Disks: &platters{}})
	ctx, at, d := t.Context(), c.Endpoints()[0], c.Abilities().Disk
	for _, trouble := range []fault.DiskTrouble{{Full: true}, {}} {
		if err := d.Trouble(ctx, "n1", trouble); err != nil {
			t.Fatal(err)
		}
	}
	post(t, at+"/exit/1")
	eventually(t, "it is back", func() bool {
		resp, err := web.Get(at)
		if err == nil {
			resp.Body.Close()
		}
		return err == nil && len(c.Deaths()) == 1
	})
}

const membersYAML = fakeYAML + `
members:
  add: {url: 'http://{addr}/members/add', body: '{"id": "{member}"}'}
  joined: {url: 'http://{addr}/file/starts', equals: "."}
  remove: {method: DELETE, url: 'http://{addr}/members/{member}'}
  transfer: {url: 'http://{addr}/members/leader/{member}'}
`

// proxied are real HTTP proxies.
func proxied(t *testing.T) *proxy.Fronts {
	f := proxy.NewFronts(proxy.FrontConfig{Seed: 1})
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func TestMembers(t *testing.T) {
	dir := t.TempDir()
	c := start(t, parsed(t, membersYAML), process.Options{Dir: dir, Nodes: 2, Fronts: proxied(t)})
	ctx, m := t.Context(), c.Abilities().Members
	name, err := m.Add(ctx)
	if err != nil || name != "n3" || !slices.Equal(c.Nodes(), []string{"n1", "n2", "n3"}) {
		t.Fatalf("got %q %v, nodes %v", name, err, c.Nodes())
	}
	at := c.Endpoints()[2]
	if err := m.Transfer(ctx, "n3"); err != nil {
		t.Fatal(err)
	}
	say(t, dir, "n1", "refuse", "there would be no majority")
	if err := m.Remove(ctx, "n3"); err == nil || !strings.Contains(err.Error(), "there would be no majority") {
		t.Errorf("got %v, want the refusal", err)
	}
	get(t, at)
	if err := os.Remove(filepath.Join(dir, "n1", "refuse")); err != nil {
		t.Fatal(err)
	}
	if err := m.Remove(ctx, "n3"); err != nil {
		t.Fatal(err)
	}
	if _, err := web.Get(at); err == nil || len(c.Nodes()) != 2 {
		t.Errorf("a node that was removed answers, nodes %v", c.Nodes())
	}
	want := []string{`POST /members/add {"id": "n3"}`, "POST /members/leader/n3", "DELETE /members/n3", "DELETE /members/n3"}
	if got := orders(t, dir, "n1"); !slices.Equal(got, want) {
		t.Errorf("n1 was told %q, want %q", got, want)
	}
	say(t, dir, "n1", "refuse", "no more nodes")
	if _, err := m.Add(ctx); err == nil || len(c.Nodes()) != 2 {
		t.Errorf("a node that was refused: got %v, nodes %v", err, c.Nodes())
	}
	if name, err := func() (string, error) {
		if err := os.Remove(filepath.Join(dir, "n1", "refuse")); err != nil {
			return "", err
		}
		return m.Add(ctx)
	}(); err != nil || name != "n5" {
		t.Errorf("got %q %v, want a name that nobody has had", name, err)
	}
	if urls := c.Endpoints(); len(urls) != 3 || urls[2] != at {
		t.Errorf("n5 serves at %v, want where n3 was, %s", urls, at)
	}
	if err := c.Abilities().HTTP.Trouble(ctx, "n5", fault.HTTPTrouble{Share: 1, Reset: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := web.Get(at); err == nil {
		t.Error("what ails the front of n5 does not show where clients find it")
	}
}
