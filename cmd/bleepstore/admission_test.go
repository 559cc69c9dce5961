package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bleepstore/fault/process"
	"bleepstore/reference/config"
)

// nowhere is an address where nobody listens.
func nowhere(t *testing.T) string {
	t.Helper()
	var free process.Ports
	addr, err := free.Pick("127.0.0.1", "")
	if err != nil {
		t.Fatal(err)
	}
	free.Release()
	return addr
}

func TestNodeSaysWhatItWaitsFor(t *testing.T) {
	peer := nowhere(t)
	s, err := resolve(t, asNode(map[string]string{"storage.data": t.TempDir(), "server.port": "0", "cluster.bind_addr": "127.0.0.1:0", "cluster.node_id": "n2", "cluster.peers": "n1=" + peer}))
	if err != nil {
		t.Fatal(err)
	}
	said := &notes{}
	s.server.Logger = slog.New(slog.NewTextHandler(said, nil))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		server, err := open(ctx, s.server, 5*time.Millisecond)
		if server != nil {
			t.Error("it was admitted by nobody")
		}
		ended <- err
	}()
	eventually(t, "it says whom it asks", func() bool {
		return strings.Count(said.String(), "does not serve yet") > 1 && strings.Contains(said.String(), "peers=\"n1="+peer+"\"")
	})
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("got %v, want an orderly end", err)
	}
}

// TestWaitingNodeIsHealthyNotReady: a node that nobody has admitted yet answers
// its operator, writes no address and leaves when it is told to.
func TestWaitingNodeIsHealthyNotReady(t *testing.T) {
	dir, ops := t.TempDir(), nowhere(t)
	text, err := config.Marshal(asNode(map[string]string{"storage.data": filepath.Join(dir, "data"), "server.port": "0", "server.ops_addr": ops, "cluster.bind_addr": "127.0.0.1:0", "cluster.peers": nowhere(t)}), nil)
	if err != nil {
		t.Fatal(err)
	}
	file, addr := filepath.Join(dir, "node.yaml"), filepath.Join(dir, "addr")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, out, stderr := child(t, "serve", "--config", file, "--addr-file", addr)
	waitFor(t, stderr, "waiting to be admitted")
	if err := answers(t.Context(), "http://"+ops+"/healthz"); err != nil {
		t.Errorf("healthz: %v", err)
	}
	if err := answers(t.Context(), "http://"+ops+"/readyz"); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("readyz: got %v, want 503", err)
	}
	if _, err := os.Stat(addr); err == nil {
		t.Error("the address was told before the node serves")
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(t, cmd.Wait()); code != 0 || out.Len() > 0 {
		t.Errorf("exit code %d, said %q, want 0 and nothing", code, out)
	}
}
