package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bleepstore/conformance"
	"bleepstore/conformance/check"
	theirs "bleepstore/conformance/foreign"
	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
	"bleepstore/fault"
	"bleepstore/fault/process"
)

// A lone server is a target of one node, in this process, that can be killed. It
// keeps its data or, where it forgets, none.
type lone struct {
	*httptest.Server
	forgets bool
	killed  func() // is told; may be nil

	mu   sync.Mutex
	down bool
	http http.Handler
}

func newLone(t *testing.T, forgets bool) *lone {
	l := &lone{forgets: forgets, http: theirs.Handler()}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		down, h := l.down, l.http
		l.mu.Unlock()
		if down {
			panic(http.ErrAbortHandler) // the connection ends without an answer
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(l.Server.Close)
	return l
}

func (l *lone) Nodes() []string                        { return []string{"lone"} }
func (l *lone) Leader(context.Context) (string, error) { return "", fault.ErrNoLeader }
func (l *lone) Abilities() fault.Abilities {
	return fault.Abilities{Process: l, Why: map[string]string{"disk": "it has none"}}
}

func (l *lone) Kill(context.Context, string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	if l.forgets {
		l.http = theirs.Handler()
	}
	if l.killed != nil {
		l.killed()
	}
	return nil
}

func (l *lone) Start(context.Context, string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
	return nil
}

func (l *lone) Stop(ctx context.Context, n string) error { return l.Kill(ctx, n) }
func (l *lone) Pause(context.Context, string) error      { return errors.ErrUnsupported }
func (l *lone) Resume(context.Context, string) error     { return nil }
func (l *lone) states(hash ...string) (states map[string]process.State) {
	states = map[string]process.State{}
	for i, h := range hash {
		states[string(rune('a'+i))] = process.State{Applied: "7", Hash: h}
	}
	return states
}

// rough is a storm on l: one kill, one fault that it lacks, and quiet before and
// after.
func rough(t *testing.T, l *lone) (s *storm, said *bytes.Buffer) {
	t.Helper()
	said = &bytes.Buffer{}
	const ms = fault.Span(time.Millisecond)
	s = &storm{
		hunt:     &hunt{expect: model.Raw, out: said, dir: t.TempDir()},
		engine:   conformance.DefaultOptions(),
		gate:     history.Faults{MinRate: 5},
		works:    []string{"register", "cas"},
		schedule: fault.Schedule{Seed: 1, Nodes: 1, Length: 3300 * ms, Events: []fault.Event{{At: 1200 * ms, For: 400 * ms, Kind: "proc.kill"}, {At: 1300 * ms, For: 10 * ms, Kind: "disk.slow"}}},
		header: func(p *conformance.Plan) history.Header {
			return history.Header{Seed: p.Target.Seed, Repeat: "again"}
		},
		ground: &ground{target: l, close: func() error { return nil }, own: true, reach: func(o *conformance.Options) {
			o.Embed(conformance.Embedded{URL: l.URL, AccessKey: "a", SecretKey: "b"})
			o.Settle = time.Second
		}},
	}
	return s, said
}

func (s *storm) verdictOnFile(t *testing.T) (v check.Verdict) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, verdictFile))
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// code is the exit code that a run came to.
func code(t *testing.T, err error) int {
	t.Helper()
	if c, ok := errors.AsType[exitWith](err); ok {
		return int(c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// TestStorm: a server that keeps its word through a kill passes, what was done
// and seen is on file, and replay says the same.
func TestStorm(t *testing.T) {
	t.Parallel()
	l := newLone(t, false)
	s, said := rough(t, l)
	s.ground.equal = func(context.Context) (map[string]process.State, error) { return l.states("x", "x"), nil }
	if got := code(t, s.run(t.Context(), &interrupt{})); got != 0 {
		t.Fatalf("exit code %d\n%s", got, said)
	}
	for _, want := range []string{"1 done: proc.kill 1", "SKIPPED 1 times: disk.slow: disk: it has none", "equal on 2 nodes", "as documented", "repeat: again"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no %q in\n%s", want, said)
		}
	}
	for _, name := range []string{historyFile, scheduleFile, "diary.json", verdictFile, chartFile, timelineFile} {
		if _, err := os.Stat(filepath.Join(s.dir, name)); err != nil {
			t.Error(err)
		}
	}
	f := s.verdictOnFile(t).Faults
	if f == nil || len(f.Windows) != 3 || f.Windows[1].Length <= 0 || len(f.Recoveries) == 0 || f.Rate <= 0 {
		t.Fatalf("verdict: %+v", f)
	}
	again := &hunt{expect: model.Raw, out: &bytes.Buffer{}}
	var told bytes.Buffer
	if err := (&replayCmd{File: filepath.Join(s.dir, historyFile)}).judge(t.Context(), again, &told); err != nil {
		t.Fatal(err)
	}
	again.conclude(&told)
	if !strings.Contains(said.String(), again.sentence()) || again.verdict.ExitCode(model.Raw) != 0 || again.verdict.Faults.Rate != f.Rate {
		t.Errorf("replayed: %s", &told)
	}
	if drawn, err := os.ReadFile(filepath.Join(s.dir, chartFile)); err != nil || !bytes.Contains(drawn, []byte("proc.kill any, on lone")) && !bytes.Contains(drawn, []byte("proc.kill on lone")) {
		t.Errorf("the chart does not show the fault, %v", err)
	}
}

// TestStormLoss: a server that forgets what it acknowledged when it is killed is
// found out, also where it does not even know the bucket any more.
func TestStormLoss(t *testing.T) {
	t.Parallel()
	l := newLone(t, true)
	s, said := rough(t, l)
	s.ground.equal = func(context.Context) (map[string]process.State, error) { return nil, process.ErrUnknown }
	if got := code(t, s.run(t.Context(), &interrupt{})); got != conformance.ExitViolation || strings.Contains(said.String(), "not all nodes told") {
		t.Errorf("exit code %d, want a violation\n%s", got, said)
	}
	lost := 0 // of one of the two it may be that deletes were under way everywhere
	for _, w := range s.verdictOnFile(t).Workloads {
		if len(w.Violations) > 0 && w.Level <= model.Eventual {
			lost++
		}
	}
	if lost == 0 {
		t.Errorf("no loss is on file\n%s", said)
	}
}

// TestStormDiverged: nodes that have applied the same and differ are a violation,
// whatever clients saw.
func TestStormDiverged(t *testing.T) {
	t.Parallel()
	l := newLone(t, false)
	s, said := rough(t, l)
	s.ground.equal = func(context.Context) (map[string]process.State, error) { return l.states("x", "y"), process.ErrDiffer }
	if got := code(t, s.run(t.Context(), &interrupt{})); got != conformance.ExitViolation || !strings.Contains(said.String(), "a and b have applied") {
		t.Errorf("exit code %d\n%s", got, said)
	}
}

// TestStormInterrupted: whoever interrupts a storm finds everything healed.
func TestStormInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	l := newLone(t, false)
	l.killed = cancel
	s, said := rough(t, l)
	closed := false
	s.ground.close = func() error { closed = true; return nil }
	if got := code(t, s.run(ctx, &interrupt{})); got != conformance.ExitInterrupted {
		t.Errorf("exit code %d\n%s", got, said)
	}
	if l.down || !closed {
		t.Errorf("down: %t, closed: %t", l.down, closed)
	}
}
