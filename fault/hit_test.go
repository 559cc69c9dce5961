package fault_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"bleepstore/fault"
)

// That a fault panics leaves nothing unhealed.
func TestPanic(t *testing.T) {
	c := newCluster(3)
	n := fault.NewNemesis(c)
	if _, err := n.Apply(t.Context(), fault.Event{Kind: "net.cut", For: 1, Args: fault.Args{Grudge: "leader"}}); err != nil {
		t.Fatal(err)
	}
	c.fails = func(what string) error {
		if what == "kill" {
			panic("no such thing")
		}
		return nil
	}
	_, err := n.Apply(t.Context(), fault.Event{Kind: "proc.kill", For: 1})
	if _, skipped := errors.AsType[*fault.SkipError](err); err == nil || skipped || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("got %v", err)
	}
	if err := n.Heal(t.Context()); err != nil || len(c.net) > 0 {
		t.Errorf("not healed: %v, %v", c.net, err)
	}
}

// The diary says to whom a fault was done, where the schedule left that open.
func TestDiaryNames(t *testing.T) {
	n := fault.NewNemesis(newCluster(3))
	for _, e := range []fault.Event{
		{Kind: "proc.kill", For: 1, Args: fault.Args{Node: "leader"}},
		{Kind: "net.cut", For: 1, Args: fault.Args{Grudge: "leader"}},
		{Kind: "net.cut", For: 1, Args: fault.Args{Grudge: "one-way-out"}},
		{Kind: "proc.pause-all", For: 1},
	} {
		if _, err := n.Apply(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"n1"}, {"n1-n2", "n1-n3"}, {"n1>n2", "n1>n3"}, nil}
	for i, b := range n.Diary().Bands {
		if !slices.Equal(b.On, want[i]) {
			t.Errorf("%s: on %v, want %v", b.Kind, b.On, want[i])
		}
	}
}

// A node that stands still goes on standing still where it could not be killed.
func TestKillOfThePausedFails(t *testing.T) {
	c := newCluster(3)
	n := fault.NewNemesis(c)
	if _, err := n.Apply(t.Context(), fault.Event{Kind: "proc.pause", For: 1, Args: fault.Args{Node: "n2"}}); err != nil {
		t.Fatal(err)
	}
	c.fails = func(what string) error {
		if what == "kill" {
			return &fault.SkipError{Why: "not now"}
		}
		return nil
	}
	_, err := n.Apply(t.Context(), fault.Event{Kind: "proc.kill", For: 1, Args: fault.Args{Node: "n2"}})
	if _, skipped := errors.AsType[*fault.SkipError](err); !skipped || !c.paused["n2"] {
		t.Errorf("paused: %v, %v", c.paused, err)
	}
}
