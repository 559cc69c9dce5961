package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// held is a server that lets a run begin and then keeps one of its requests
// waiting, so that a signal finds the run in the middle.
type held struct {
	url     string
	reached chan struct{} // closed when a request is kept waiting
	let     func()        // lets it go on
}

// hold serves until the test ends; the first PUT of an object waits.
func hold(t *testing.T) *held {
	t.Helper()
	h := &held{reached: make(chan struct{})}
	gate := make(chan struct{})
	h.let = sync.OnceFunc(func() { close(gate) })
	var once sync.Once
	srv := foreign(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && strings.Count(r.URL.Path, "/") > 1 {
			once.Do(func() { close(h.reached) })
			<-gate
		}
		return false
	})
	t.Cleanup(func() { h.let(); srv.Close() })
	h.url = srv.URL
	return h
}

// buckets counts what exists on the server.
func (h *held) buckets(t *testing.T) int {
	t.Helper()
	resp, err := http.Get(h.url + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(b), "<Name>")
}

// child starts `bleepstore args` as a process of its own.
func child(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer, *bufio.Reader) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := &exec.Cmd{Path: exe, Args: append([]string{"bleepstore"}, args...), Stdout: &out,
		Env: append(os.Environ(), "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "GITHUB_ACTIONS=")}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // by its own id; it may be gone
	return cmd, &out, bufio.NewReader(stderr)
}

func exitCode(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	ee, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatal(err)
	}
	return ee.ExitCode()
}

func ledgers(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "ledger-*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestKilledRunIsCleanedFromItsLedger(t *testing.T) {
	h, dir := hold(t), t.TempDir()
	cmd, _, _ := child(t, "test", "--endpoint", h.url, "--id", "object.put.*", "--out", dir)
	<-h.reached
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	h.let()
	files := ledgers(t, dir)
	if h.buckets(t) == 0 || len(files) != 1 {
		t.Fatalf("%d buckets, ledgers %v: want buckets left behind and one ledger", h.buckets(t), files)
	}
	cmd, out, _ := child(t, "cleanup", "--ledger", files[0])
	if code := exitCode(t, cmd.Wait()); code != 0 || !strings.Contains(out.String(), "removed bleep-") {
		t.Errorf("cleanup: exit code %d, said %q, want 0 and what it removed", code, out)
	}
	if n := h.buckets(t); n != 0 || len(ledgers(t, dir)) != 0 {
		t.Errorf("%d buckets, ledgers %v, want none", n, ledgers(t, dir))
	}
}

func TestInterruptedRunCleansUp(t *testing.T) {
	for _, tc := range []struct{ args, says string }{
		{"test --id object.put.*", "not run: "},
		{"chaos --workload register --time 1h", "INCONCLUSIVE"},
	} {
		h, dir := hold(t), t.TempDir()
		cmd, out, stderr := child(t, append(strings.Fields(tc.args), "--endpoint", h.url, "--out", dir)...)
		<-h.reached
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		waitFor(t, stderr, "stopping")
		h.let()
		if code := exitCode(t, cmd.Wait()); code != 130 || !strings.Contains(out.String(), tc.says) {
			t.Errorf("%s: exit code %d, want 130 and %q:\n%s", tc.args, code, tc.says, out)
		}
		if n := h.buckets(t); n != 0 || len(ledgers(t, dir)) != 0 {
			t.Errorf("%s: %d buckets, ledgers %v, want none", tc.args, n, ledgers(t, dir))
		}
	}
}

func TestSecondSignalLeavesAtOnce(t *testing.T) {
	h, dir := hold(t), t.TempDir()
	stuck := make(chan struct{})
	srv := foreign(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodDelete {
			<-stuck // the clean-up hangs
		}
		if r.Method == http.MethodPut && strings.Count(r.URL.Path, "/") > 1 {
			close(h.reached)
			<-r.Context().Done()
		}
		return false
	})
	defer srv.Close()
	defer close(stuck)
	cmd, _, stderr := child(t, "test", "--endpoint", srv.URL, "--id", "object.put.empty", "--out", dir)
	<-h.reached
	for _, say := range []string{"stopping", "bleepstore cleanup --ledger " + dir} {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		waitFor(t, stderr, say)
	}
	if code := exitCode(t, cmd.Wait()); code != 130 || len(ledgers(t, dir)) != 1 {
		t.Errorf("exit code %d, ledgers %v, want 130 and one", code, ledgers(t, dir))
	}
}

// waitFor reads lines until one holds text.
func waitFor(t *testing.T, r *bufio.Reader, text string) {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			t.Fatalf("the process ended without saying %q: %v", text, err)
		}
	}
}
