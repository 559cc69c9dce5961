package fault_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/fault"
	_ "bleepstore/fault/kind"
)

// A cluster is a target that does everything and takes note of it.
type cluster struct {
	mu     sync.Mutex
	nodes  []string
	next   int
	net    map[fault.Edge]fault.NetTrouble
	disk   map[string]fault.DiskTrouble
	clock  map[string]fault.ClockTrouble
	http   map[string]fault.HTTPTrouble
	down   map[string]bool
	paused map[string]bool
	orders map[string]string
	fails  func(what string) error // nil: nothing does
}

func newCluster(n int) *cluster {
	c := &cluster{
		next: n, net: map[fault.Edge]fault.NetTrouble{}, disk: map[string]fault.DiskTrouble{}, clock: map[string]fault.ClockTrouble{},
		http: map[string]fault.HTTPTrouble{}, down: map[string]bool{}, paused: map[string]bool{}, orders: map[string]string{},
	}
	for i := range n {
		c.nodes = append(c.nodes, fmt.Sprintf("n%d", i+1))
	}
	return c
}

func (c *cluster) do(what string, fn func()) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fails != nil {
		if err := c.fails(what); err != nil {
			return err
		}
	}
	fn()
	return nil
}

func (c *cluster) Nodes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.nodes)
}

func (c *cluster) Leader(context.Context) (string, error) { return c.nodes[0], nil }

func (c *cluster) Abilities() fault.Abilities {
	return fault.Abilities{
		Network: network{c}, Process: c, Crash: c, Points: []string{"a", "b"}, Disk: disk{c}, Clock: clock{c}, Members: c, Snapshot: c, HTTP: front{c},
	}
}

func (c *cluster) Kill(_ context.Context, n string) error {
	return c.do("kill", func() { c.down[n] = true; delete(c.paused, n) })
}
func (c *cluster) Stop(ctx context.Context, n string) error { return c.Kill(ctx, n) }
func (c *cluster) Start(_ context.Context, n string) error {
	return c.do("start", func() { delete(c.down, n) })
}
func (c *cluster) Pause(_ context.Context, n string) error {
	return c.do("pause", func() { c.paused[n] = true })
}
func (c *cluster) Resume(_ context.Context, n string) error {
	return c.do("resume", func() { delete(c.paused, n) })
}
func (c *cluster) CrashAt(_ context.Context, n, point string, _ int) error {
	return c.do("crash", func() {
		if c.orders[n] = point; point == "" {
			delete(c.orders, n)
		}
	})
}
func (c *cluster) Snapshot(context.Context, string) error { return c.do("snapshot", func() {}) }
func (c *cluster) Transfer(context.Context, string) error { return c.do("transfer", func() {}) }
func (c *cluster) Add(context.Context) (n string, err error) {
	err = c.do("add", func() {
		c.next++
		n = fmt.Sprintf("n%d", c.next)
		c.nodes = append(c.nodes, n)
	})
	return n, err
}
func (c *cluster) Remove(_ context.Context, n string) error {
	return c.do("remove", func() {
		c.nodes = slices.DeleteFunc(c.nodes, func(o string) bool { return o == n })
		delete(c.down, n)
		delete(c.paused, n)
		delete(c.disk, n)
		delete(c.clock, n)
		delete(c.http, n)
		for _, other := range c.nodes {
			delete(c.net, fault.Edge{From: n, To: other})
			delete(c.net, fault.Edge{From: other, To: n})
		}
	})
}

type network struct{ *cluster }

func (c network) Trouble(_ context.Context, e fault.Edge, t fault.NetTrouble) error {
	return c.do("net", func() { set(c.net, e, t) })
}
func (c network) Reset(context.Context, fault.Edge) error { return c.do("reset", func() {}) }

type disk struct{ *cluster }

func (c disk) Trouble(_ context.Context, n string, t fault.DiskTrouble) error {
	return c.do("disk", func() { set(c.disk, n, t) })
}
func (c disk) PowerCut(ctx context.Context, n string) error { return c.Kill(ctx, n) }

type clock struct{ *cluster }

func (c clock) Trouble(_ context.Context, n string, t fault.ClockTrouble) error {
	return c.do("clock", func() { set(c.clock, n, t) })
}

type front struct{ *cluster }

func (c front) Trouble(_ context.Context, n string, t fault.HTTPTrouble) error {
	return c.do("http", func() { set(c.http, n, t) })
}

// set keeps what is no health.
func set[K, T comparable](m map[K]T, k K, t T) {
	var health T
	if m[k] = t; t == health {
		delete(m, k)
	}
}

// ills is everything that is wrong, "" when nothing is.
func (c *cluster) ills() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ills []string
	for _, m := range []any{c.net, c.disk, c.clock, c.http, c.down, c.paused, c.orders} {
		if reflect.ValueOf(m).Len() > 0 {
			ills = append(ills, fmt.Sprint(m))
		}
	}
	return strings.Join(ills, " ")
}

func TestThereAreEnoughKinds(t *testing.T) {
	if n := len(fault.Kinds()); n < 30 {
		t.Errorf("%d kinds of faults, want 30", n)
	}
	if n := len(fault.Grudges); n != 10 {
		t.Errorf("%d grudges, want 10", n)
	}
}

// TestEveryKindDoesSomethingAndTakesItBack, on its own.
func TestEveryKindDoesSomethingAndTakesItBack(t *testing.T) {
	for _, k := range fault.Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCluster(5)
				did := 0
				c.fails = func(string) error { did++; return nil }
				n := fault.NewNemesis(c)
				e := fault.Event{Kind: k.Name, For: fault.Span(time.Minute)}
				if k.Draw != nil {
					e.Args = k.Draw(rand.New(rand.NewPCG(1, 2)))
				}
				undo, err := n.Apply(t.Context(), e)
				if err != nil || did == 0 {
					t.Fatalf("did %d things: %v", did, err)
				}
				time.Sleep(10 * time.Second) // for those that come and go
				if err := errors.Join(undo(t.Context()), undo(t.Context())); err != nil {
					t.Error(err)
				}
				if ills := c.ills(); ills != "" {
					t.Errorf("left behind: %s", ills)
				}
				if len(c.Nodes()) != 5 {
					t.Errorf("%d nodes are left of 5", len(c.Nodes()))
				}
				if d := n.Diary(); len(d.Bands) != 1 || d.Bands[0].Failed != "" || !k.Brief && d.Bands[0].To <= d.Bands[0].From {
					t.Errorf("the diary says %+v", d.Bands)
				}
			})
		})
	}
}

// TestEveryKindIsSkippedWhereItCannotBeDone: the diary says why, and nothing
// fails.
func TestEveryKindIsSkippedWhereItCannotBeDone(t *testing.T) {
	for _, k := range fault.Kinds() {
		n := fault.NewNemesis(unable{newCluster(3)})
		e := fault.Event{Kind: k.Name}
		if k.Draw != nil {
			e.Args = k.Draw(rand.New(rand.NewPCG(1, 2)))
		}
		undo, err := n.Apply(t.Context(), e)
		if _, skipped := errors.AsType[*fault.SkipError](err); !skipped {
			t.Errorf("%s: %v", k.Name, err)
		}
		if err := undo(t.Context()); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
		if why := n.Diary().Bands[0].Skipped; !strings.Contains(why, "not today") && !strings.Contains(why, "no way") {
			t.Errorf("%s: skipped as %q", k.Name, why)
		}
	}
}

type unable struct{ *cluster }

func (unable) Abilities() fault.Abilities {
	return fault.Abilities{Why: map[string]string{"net": "not today", "disk": "not today"}}
}

func TestOverlappingFaultsAddUp(t *testing.T) {
	c := newCluster(3)
	n := fault.NewNemesis(c)
	apply := func(kind string, a fault.Args) fault.Undo {
		t.Helper()
		undo, err := n.Apply(t.Context(), fault.Event{Kind: kind, Args: a})
		if err != nil {
			t.Fatal(err)
		}
		return undo
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cut := apply("net.cut", fault.Args{Grudge: "leader"})
	slow := apply("net.latency", fault.Args{Grudge: "leader", Delay: fault.Span(time.Second)})
	must(cut(t.Context()))
	if got := c.net[fault.Edge{From: "n1", To: "n2"}]; got.Cut || got.Latency != time.Second {
		t.Errorf("after the cut has healed the edge has %+v", got)
	}
	must(slow(t.Context()))
	pause := apply("proc.pause", fault.Args{Node: "n2"})
	kill := apply("proc.kill", fault.Args{Node: "n2"})
	again := apply("proc.restart", fault.Args{Node: "n2"})
	must(kill(t.Context()))
	if !c.down["n2"] {
		t.Error("it runs, though another fault wants it down")
	}
	must(again(t.Context()))
	if c.down["n2"] || !c.paused["n2"] {
		t.Error("it is not paused any more")
	}
	must(pause(t.Context()))
	if ills := c.ills(); ills != "" {
		t.Errorf("left behind: %s", ills)
	}
}

// TestWhoHasLeftIsHealed: that nothing can be done to a node that has left the
// cluster is no failure.
func TestWhoHasLeftIsHealed(t *testing.T) {
	c := newCluster(3)
	n := fault.NewNemesis(c)
	for _, e := range []fault.Event{
		{Kind: "clock.freeze", Args: fault.Args{Node: "n2"}},
		{Kind: "net.cut", Args: fault.Args{Grudge: "leader"}},
		{Kind: "member.replace", Args: fault.Args{Node: "n2"}},
	} {
		if _, err := n.Apply(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	c.fails = func(what string) error {
		if what == "clock" {
			return errors.New("there is no node n2")
		}
		return nil
	}
	if err := n.Heal(t.Context()); err != nil {
		t.Error(err)
	}
	for _, b := range n.Diary().Bands {
		if b.Failed != "" {
			t.Errorf("%s: %s", b.Kind, b.Failed)
		}
	}
}

func TestDiaryTellsWhenAQuorumLived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := fault.NewNemesis(newCluster(3))
		s := fault.Schedule{Nodes: 3, Length: fault.Span(time.Minute), Events: []fault.Event{
			{At: fault.Span(1 * time.Second), For: fault.Span(9 * time.Second), Kind: "proc.kill", Args: fault.Args{Node: "n1"}},
			{At: fault.Span(2 * time.Second), For: fault.Span(2 * time.Second), Kind: "proc.pause", Args: fault.Args{Node: "n2"}},
			{At: fault.Span(6 * time.Second), For: fault.Span(2 * time.Second), Kind: "net.cut", Args: fault.Args{Grudge: "one-way-in", Node: "n3"}},
			{At: fault.Span(20 * time.Second), For: fault.Span(2 * time.Second), Kind: "net.cut", Args: fault.Args{Grudge: "bridge"}},
		}}
		if err := n.Play(t.Context(), s, time.Minute); err != nil {
			t.Fatal(err)
		}
		want := []fault.Health{{0, true}, {fault.Span(2 * time.Second), false}, {fault.Span(4 * time.Second), true}}
		if got := n.Diary().Quorum; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// TestPlayEndsHealed, whatever fails on the way, and when it is called off.
func TestPlayEndsHealed(t *testing.T) {
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			s, err := fault.Draw(seed, fault.Plan{Kinds: fault.Kinds(), Nodes: 5, Length: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if seed%3 == 0 {
				time.AfterFunc(time.Duration(seed+5)*time.Second, cancel)
			}
			c := newCluster(5)
			r := rand.New(rand.NewPCG(seed, 1))
			end := time.Now().Add(time.Minute)
			c.fails = func(what string) error {
				if time.Now().Before(end) && r.IntN(4) == 0 {
					return errors.New(what + " failed")
				}
				return nil
			}
			n := fault.NewNemesis(c)
			played := n.Play(ctx, s, 2*time.Minute)
			time.Sleep(time.Until(end) + time.Second)
			if err := n.Heal(t.Context()); err != nil {
				t.Errorf("heal: %v", err)
			}
			if ills := c.ills(); ills != "" {
				t.Errorf("seed %d left behind: %s (play: %v)", seed, ills, played)
			}
			if ctx.Err() == nil && len(n.Diary().Bands) != len(s.Events) {
				t.Errorf("seed %d: %d of %d events were done", seed, len(n.Diary().Bands), len(s.Events))
			}
		})
	}
}
