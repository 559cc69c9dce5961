//go:build mutants && unix

package main

import (
	"testing"

	"bleepstore/scenarios"
)

// TestKillHookOfEarlyAck: a server that acknowledges what it has not written yet
// does not pass TestKillHook.
func TestKillHookOfEarlyAck(t *testing.T) {
	got := newVictim(t, "raft", "--mutant", "history.etcd-14370.ack-before-fsync").judged()
	if r := got["consistency.kill"]; r.Verdict != scenarios.Silent {
		t.Errorf("got %s %s, want silent", r.Verdict, r.Reason)
	}
}
