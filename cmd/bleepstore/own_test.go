//go:build unix

package main

import (
	"context"
	"testing"
	"time"

	"bleepstore/fault/process"
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
	})
	return c
}

func TestOwnTopology(t *testing.T) {
	c := owned(t, process.Options{Nodes: 3})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	leader, err := c.Leader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(leader, c.Nodes(), c.Endpoints())
	if err := c.Kill(ctx, leader); err != nil {
		t.Fatal(err)
	}
	if err := c.Revive(ctx); err != nil {
		t.Fatal(err)
	}
	states, err := c.Equal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(states)
	m := c.Abilities().Members
	name, err := m.Add(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(name, c.Nodes())
	if err := m.Transfer(ctx, name); err != nil {
		t.Error(err)
	}
	if err := m.Remove(ctx, name); err != nil {
		t.Error(err)
	}
	t.Log(c.Nodes(), c.Deaths())
}
