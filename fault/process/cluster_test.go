package process_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"bleepstore/fault"
	"bleepstore/fault/process"
)

// stand is what stands between nodes and before them, and does nothing.
type stand struct {
	mu    sync.Mutex
	known map[string]string // host:port by node
	doors []string          // from>to:target
}

func (s *stand) Trouble(context.Context, fault.Edge, fault.NetTrouble) error { return nil }
func (s *stand) Reset(context.Context, fault.Edge) error                     { return nil }
func (s *stand) Dialer() string                                              { return "the hub" }

func (s *stand) Node(name string, addrs ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[string]string{}
	}
	s.known[name] = addrs[0]
}

func (s *stand) Listen(from, to, target string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known[to] != target {
		return "", fmt.Errorf("%s is not at %s", to, target)
	}
	s.doors = append(s.doors, from+">"+to)
	return "door-" + from + "-" + to, nil
}

type fronts struct{}

func (fronts) Trouble(context.Context, string, fault.HTTPTrouble) error { return nil }
func (fronts) Open(node, _ string) (string, error)                      { return "http://front-" + node, nil }

const peersYAML = fakeYAML + `
nodes: [a, b, c]
ports: [raft]
node:
  command: ["{self}", fake, "{addr}", "{data}", "{node}", "{i}/{nodes}", "{peers}", "{first}", "{random.x}"]
  env: {NAME: "{node}"}
  peer: "{host}:{port.raft}"
  files: {"{data}/conf/a.txt": "me {node}, them {peers}", shared.txt: "{first}"}
only:
  c: {env: {NAME: see}, dir: "{dir}"}
`

func TestWhatNodesAreTold(t *testing.T) {
	t.Setenv("AWS_PROFILE", "mine")
	s := &stand{}
	o := process.Options{Dir: t.TempDir(), Edges: s, Fronts: fronts{}}
	yaml := strings.Replace(peersYAML, fakeYAML, "name: fake\n", 1)
	c := start(t, parsed(t, yaml), o)
	if got := c.Endpoints(); !slices.Equal(got, []string{"http://front-a", "http://front-b", "http://front-c"}) {
		t.Errorf("clients go to %v", got)
	}
	conf, err := os.ReadFile(filepath.Join(o.Dir, "b", "conf", "a.txt"))
	if err != nil || string(conf) != "me b, them a=door-b-a,c=door-b-c" {
		t.Errorf("the file of b: %q %v", conf, err)
	}
	if len(s.doors) != 6 {
		t.Errorf("doors: %v", s.doors)
	}
	first := func() string {
		text, err := os.ReadFile(filepath.Join(o.Dir, "shared.txt"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if err := c.Stop(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if first() != "false" {
		t.Error("a node that is started again founds a second cluster")
	}
	if len(s.doors) != 6 {
		t.Errorf("a node that was started again was given other doors: %v", s.doors)
	}
	if a := c.Abilities(); a.Network == nil || a.HTTP == nil || a.Disk != nil || a.Clock != nil || a.Crash != nil || a.Members != nil {
		t.Errorf("abilities: %+v", a)
	} else if a.Why["disk"] == "" || a.Why["clock"] == "" || a.Why["kill"] == "" || a.Why["membership"] == "" || a.Why["net"] != "" {
		t.Errorf("why: %v", a.Why)
	}
}

func TestDialledByAHub(t *testing.T) {
	s := &stand{}
	top := parsed(t, fakeYAML+"  peer: '{host}:{port.raft}'\nports: [raft]\npeers: {by: dial, each: '{name} {at}', join: ';', self: true}\n")
	top.Node.Command = append(top.Node.Command, "{peers}")
	c := start(t, top, process.Options{Nodes: 2, Edges: s})
	told := get(t, c.Endpoints()[0]+"/told")
	want := fmt.Sprintf(`"args":["n1 %s;n2 %s"]`, s.known["n1"], s.known["n2"])
	if !strings.Contains(told, want) || !strings.Contains(told, `"dial":"the hub"`) || !strings.Contains(told, `"aws":""`) {
		t.Errorf("told %s, want %s", told, want)
	}
	if len(s.doors) > 0 {
		t.Errorf("doors that nobody asks for: %v", s.doors)
	}
}

func TestKillPauseStart(t *testing.T) {
	c := start(t, parsed(t, fakeYAML), process.Options{Nodes: 2})
	ctx, at := t.Context(), c.Endpoints()[1]
	p := c.Abilities().Process
	pid, err := strconv.Atoi(post(t, at+"/fork"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is dead already
		if err := p.Kill(ctx, "n2"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := web.Get(at); err == nil {
		t.Error("a node that was killed answers")
	}
	eventually(t, "what the node had started is dead too", func() bool { return !runs(pid) })
	if err := p.Pause(ctx, "n2"); !skipped(err) {
		t.Errorf("pausing a dead node: got %v, want a skip", err)
	}
	for range 2 { // the second time it runs already
		if err := errors.Join(p.Resume(ctx, "n2"), p.Start(ctx, "n2")); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	if got := get(t, at+"/file/starts"); got != ".." {
		t.Errorf("it was started %d times, want 2", len(got))
	}
	if err := p.Pause(ctx, "n2"); err != nil {
		t.Fatal(err)
	}
	answered := make(chan string, 1)
	go func() { answered <- post(t, at+"/members/paused") }()
	get(t, c.Endpoints()[0]) // the other one goes on
	if err := p.Resume(ctx, "n2"); err != nil {
		t.Fatal(err)
	}
	<-answered
	if deaths := c.Deaths(); len(deaths) > 0 {
		t.Errorf("what was ordered is told as %v", deaths)
	}
	if log, err := os.ReadFile(c.Logs()["n2"]); err != nil || strings.Count(string(log), "serving at") != 2 || !strings.Contains(string(log), "started again") {
		t.Errorf("the log of n2: %v\n%s", err, log)
	}
	if err := p.Kill(ctx, "n9"); err == nil {
		t.Error("a node that there is not was killed")
	}
}

func skipped(err error) bool {
	_, ok := errors.AsType[*fault.SkipError](err)
	return ok
}

// TestStillWhilePaused: a node that stands still does nothing of what it is
// asked, also when it is killed then.
func TestStillWhilePaused(t *testing.T) {
	dir := t.TempDir()
	c := start(t, parsed(t, fakeYAML), process.Options{Dir: dir})
	if err := c.Pause(t.Context(), "n1"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := c.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that it is not ready", err)
	}
	if err := c.Kill(t.Context(), "n1"); err != nil {
		t.Fatal(err)
	}
	if err := c.Revive(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestDeath(t *testing.T) {
	var notes strings.Builder
	c := start(t, parsed(t, fakeYAML), process.Options{Nodes: 2, Notes: &notes})
	post(t, c.Endpoints()[1]+"/exit/3")
	eventually(t, "the death is known", func() bool { return len(c.Deaths()) == 1 })
	d := c.Deaths()[0]
	if d.Node != "n2" || d.How != "exit status 3" || d.Cause != "" || !strings.HasSuffix(d.Said, "last words\n") {
		t.Errorf("got %+v", d)
	}
	err := c.Ready(t.Context())
	if dead, ok := errors.AsType[*process.DeadError](err); !ok || dead.Node != "n2" || !strings.Contains(err.Error(), "last words") {
		t.Errorf("Ready: got %v, want that n2 is dead", err)
	}
	if err := c.Revive(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if got := notes.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "n2, process") {
		t.Errorf("told: %q", got)
	}
}

func TestNodeThatCannotStart(t *testing.T) {
	fresh := func() process.Options { return process.Options{Dir: t.TempDir()} }
	top := parsed(t, "nodes: 2\nnode: {command: ['{self}', fake, '{addr}', '{data}']}\nonly: {n2: {command: ['{self}', fake, 'nowhere:at:all', '{data}']}}")
	used := fresh()
	_, err := process.Start(t.Context(), top, used)
	if err == nil || !strings.Contains(err.Error(), "n2 is not ready") || !strings.Contains(err.Error(), "exit status 1") || !strings.Contains(err.Error(), "too many colons") {
		t.Errorf("got %v, want how n2 ended and what it said", err)
	}
	if _, err := process.Start(t.Context(), top, used); err == nil || !strings.Contains(err.Error(), "holds something already") {
		t.Errorf("got %v, want that the directory was used before", err)
	}
	top.Only = map[string]process.Node{"n2": {Command: []string{"/no/such/program"}}}
	if _, err := process.Start(t.Context(), top, fresh()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that there is no such program", err)
	}
	top.Only = map[string]process.Node{"n2": {
		Command: []string{"sh", "-c", "echo what it says; exec sleep 600"}, Ready: process.Ready{TCP: "{addr}", Within: time.Second},
	}}
	if _, err := process.Start(t.Context(), top, fresh()); err == nil || !strings.Contains(err.Error(), "n2 is not ready: not within 1s") || !strings.Contains(err.Error(), "what it says") {
		t.Errorf("got %v, want that n2 is not ready, and what it said", err)
	}
}

// TestParentThatIsKilled: nodes do not outlive who started them, even those that
// do not look at their standard input.
func TestParentThatIsKilled(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "url")
	p, err := process.Spawn(command(self, "parent", dir), filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	var at string
	eventually(t, "the parent has started a node", func() bool {
		text, err := os.ReadFile(file)
		at = strings.TrimSpace(string(text))
		return err == nil && strings.HasSuffix(string(text), "\n")
	})
	if _, err := url.Parse(at); err != nil {
		t.Fatal(err)
	}
	get(t, at)
	if err := p.Leave(9, time.Minute); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node is gone", func() bool {
		resp, err := web.Get(at)
		if err == nil {
			resp.Body.Close()
		}
		return err != nil
	})
}

// parent starts a node, and never ends by itself.
func parent(dir string) {
	top, err := process.Parse([]byte(fakeYAML))
	fail(err)
	c, err := process.Start(context.Background(), top, process.Options{Dir: filepath.Join(dir, "run")})
	fail(err)
	fail(os.WriteFile(filepath.Join(dir, "url"), []byte(c.Endpoints()[0]+"\n"), 0o600))
	select {}
}
