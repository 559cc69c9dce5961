package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"bleepstore/fault/netns"
)

// chaosRun runs `bleepstore chaos` as a process, and returns what it prints and
// its exit code.
func chaosRun(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	self, err := exec.LookPath("bleepstore") // this program, by TestMain; its own processes are called so, too
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, append([]string{"chaos"}, args...)...)
	text, err := cmd.CombinedOutput()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(text), ended.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return string(text), 0
}

// needsNetns skips a test where the kernel gives no networks.
func needsNetns(t *testing.T) {
	t.Helper()
	if err := netns.Probe(); errors.Is(err, netns.ErrUnavailable) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
}

// TestChaosOverNetns: a follower is cut off by the kernel, and a cluster in
// namespaces comes through.
func TestChaosOverNetns(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some 15 s")
	}
	needsNetns(t)
	t.Parallel()
	schedule := t.TempDir() + "/schedule.json"
	err := os.WriteFile(schedule, []byte(`{"seed":1,"nodes":3,"length":"9s","events":[
		{"at":"1s","for":"3s","kind":"net.cut","args":{"grudge":"minority"}}]}`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	out, code := chaosRun(t, "--layer=netns", "--nodes=3", "--schedule="+schedule, "--workload=register", "--clients=4", "--seed=1", "--min-rate=1")
	for _, want := range []string{"http://10.77.0.11:", "1 done: net.cut 1", "states       equal on 3 nodes", "no history breaks raw", "--layer=netns"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if code != 0 || t.Failed() {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}
