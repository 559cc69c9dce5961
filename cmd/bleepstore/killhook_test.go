//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"bleepstore/conformance"
	"bleepstore/fault/process"
	"bleepstore/scenarios"
)

// A victim is a server, the whole program, that a run of the suite kills.
type victim struct {
	t     *testing.T
	dir   string
	args  []string
	env   []string
	addr  string // once it is known
	child *process.Child
}

// start returns the address when the server listens.
func (v *victim) start(ctx context.Context) error {
	file := filepath.Join(v.dir, "url")
	_ = os.Remove(file) // of the life before
	addr := v.addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	cmd := exec.Command("bleepstore", append([]string{"serve", "--data", filepath.Join(v.dir, "data"), "--addr", addr, "--addr-file", file, "--ops-addr", "off",
		"--log-level", "warn", "--with-parent"}, v.args...)...)
	cmd.Env = append(os.Environ(), v.env...)
	var err error
	if v.child, err = process.Spawn(cmd, filepath.Join(v.dir, "log")); err != nil {
		return err
	}
	for ; ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
		if text, err := os.ReadFile(file); err == nil && bytes.HasSuffix(text, []byte("\n")) {
			v.addr = strings.TrimPrefix(strings.Fields(string(text))[0], "http://")
			return nil
		}
		if !v.child.Runs() {
			return fmt.Errorf("the server ended: %s: %s", v.child.How(), v.child.Said())
		}
	}
	return ctx.Err()
}

func (v *victim) end() {
	_ = v.child.Signal(syscall.SIGKILL) // it may have ended
	<-v.child.Ended()
}

// kill is the hook.
func (v *victim) kill(ctx context.Context) error {
	v.end()
	return v.start(ctx)
}

// judged runs the scenarios that kill the server, and returns their verdicts.
func (v *victim) judged() map[string]scenarios.Result {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.t.Context(), 2*time.Minute)
	defer cancel()
	if err := v.start(ctx); err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(v.end)
	o := conformance.DefaultOptions()
	o.Endpoint, o.AccessKey, o.SecretKey, o.Out = []string{"http://" + v.addr}, "owner", "owner-secret-key", v.t.TempDir()
	o.Features, o.ID = []string{"+versioning", "+kill-hook"}, []string{"consistency.kill*"}
	plan, err := conformance.NewPlan(o, scenarios.All(), func(string) string { return "" })
	if err != nil {
		v.t.Fatal(err)
	}
	plan.Target.Kill = v.kill
	run, err := conformance.Open(ctx, plan)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Logf("seed %d", plan.Target.Seed)
	got := map[string]scenarios.Result{}
	for _, r := range run.All(ctx, 4, nil) {
		got[r.ID] = r
	}
	if left, _, err := run.Close(ctx); err != nil || len(left) > 0 {
		v.t.Errorf("left behind: %v, %v", left, err)
	}
	return got
}

// newVictim is a server of an engine that has not been started.
func newVictim(t *testing.T, engine string, args ...string) *victim {
	v := &victim{t: t, dir: t.TempDir(), args: append([]string{"--access-key", "owner", "--secret-key", "owner-secret-key"}, args...)}
	if engine == "raft" {
		v.env = []string{"BLEEPSTORE_METADATA_ENGINE=raft", "BLEEPSTORE_CLUSTER_BOOTSTRAP=true", "BLEEPSTORE_CLUSTER_SECRET=the secret of a test's cluster",
			"BLEEPSTORE_CLUSTER_NODE_ID=n1", "BLEEPSTORE_CLUSTER_BIND_ADDR=127.0.0.1:0"}
	}
	return v
}

// TestKillHook: what our server acknowledges survives its death.
func TestKillHook(t *testing.T) {
	for engine, args := range map[string][]string{"sqlite": nil, "raft": nil, "blobs in sqlite": {"--backend", "sqlite"}} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			got := newVictim(t, engine, args...).judged()
			for _, id := range []string{"consistency.kill", "consistency.kill-versions"} {
				if r := got[id]; r.Verdict != scenarios.Pass {
					t.Errorf("%s: %s %s", id, r.Verdict, r.Reason)
				}
			}
		})
	}
}

// TestKillHookFindsLoss: a server that keeps all in memory does not pass.
func TestKillHookFindsLoss(t *testing.T) {
	got := newVictim(t, "sqlite", "--backend", "memory").judged()
	for _, id := range []string{"consistency.kill", "consistency.kill-versions"} {
		if r := got[id]; r.Verdict != scenarios.Silent {
			t.Errorf("%s: got %s %s, want silent", id, r.Verdict, r.Reason)
		}
	}
}
