//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"bleepstore/fault/disk/mount"
	"bleepstore/fault/process"
)

const (
	powerSeed    = "BLEEPSTORE_SEED"    // of the disk and of the moments; default: another one each time
	powerCrashes = "BLEEPSTORE_CRASHES" // how often the power goes; default 2
)

// A lamp is a server on a disk of which the power goes: the whole program, on a
// file system of the kernel.
type lamp struct {
	*keeper
	args   []string
	disk   *mount.Mount
	rand   *rand.Rand
	server *process.Child

	overwritten [4]atomic.Int64 // what was last acknowledged of each such key
}

// newLamp mounts a disk, or skips the test with the reason why not.
func newLamp(t *testing.T, deaf bool, args ...string) *lamp {
	t.Helper()
	if err := mount.Probe(); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	self, err := exec.LookPath("bleepstore") // this program, by TestMain
	if err != nil {
		t.Fatal(err)
	}
	seed := number(powerSeed, rand.Uint64N(1<<32))
	tags := ""
	if slices.Contains(args, "--mutant") {
		tags = "-tags mutants "
	}
	t.Logf("repeat: %s=%d %s=%d go test %s./cmd/bleepstore -run '^%s$' -v", powerSeed, seed, powerCrashes, number(powerCrashes, 2), tags, strings.ReplaceAll(t.Name(), "/", "$/^"))
	l := &lamp{args: args, rand: rand.New(rand.NewPCG(seed, 4))}
	l.disk, err = mount.Start(t.Context(), mount.Options{Self: self, Dir: t.TempDir(), Seed: seed, Deaf: deaf})
	if err != nil {
		t.Fatal(err)
	}
	l.keeper = &keeper{t: t, nodes: []string{""}, seed: seed, kept: map[string]int{},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}, Timeout: 20 * time.Second}}
	t.Cleanup(func() {
		l.kill()
		if err := l.disk.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// serve starts the server, which need not come up on a disk that has lost what
// was synced; a healthy one has to.
func (l *lamp) serve(round int) error {
	dir := l.t.TempDir()
	file, log := filepath.Join(dir, "url"), filepath.Join(dir, "log")
	args := append([]string{"serve", "--data", filepath.Join(l.disk.Dir(), "data"), "--addr", "127.0.0.1:0", "--addr-file", file,
		"--log-level", "warn", "--with-parent"}, l.args...)
	cmd := exec.Command("bleepstore", args...)
	var err error
	if l.server, err = process.Spawn(cmd, log); err != nil {
		return err
	}
	for deadline := time.Now().Add(ordealWait); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		text, err := os.ReadFile(file)
		switch {
		case err == nil && bytes.HasSuffix(text, []byte("\n")):
			l.nodes[0] = strings.Fields(string(text))[0]
			return nil
		case !l.server.Runs():
			return fmt.Errorf("round %d: the server ended: %s: %s", round, l.server.How(), l.server.Said())
		}
	}
	return fmt.Errorf("round %d: the server is not ready after %s: %s", round, ordealWait, l.server.Said())
}

func (l *lamp) kill() {
	if l.server != nil {
		_ = l.server.Signal(syscall.SIGKILL) // it may have ended
		<-l.server.Ended()
	}
	l.client.CloseIdleConnections()
}

// load writes until so many writes were acknowledged, and kills the server in
// the midst of what follows.
func (l *lamp) load(round, acks int) {
	var left atomic.Int64
	left.Store(int64(acks))
	ctx, stop := context.WithCancel(l.t.Context())
	defer stop()
	var writers sync.WaitGroup
	for w := range 6 {
		writers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if l.write(ctx, round, w, n) && left.Add(-1) == 0 {
					l.kill()
					stop()
				}
			}
		})
	}
	writers.Wait()
}

// write writes an object of its own, or the next state of one that is there.
func (l *lamp) write(ctx context.Context, round, writer, n int) bool {
	key := fmt.Sprintf("%d/%d/%06d", round, writer, n)
	state := int64(round*1_000_000 + n)
	if writer < len(l.overwritten) && n%3 == 0 {
		status, _ := l.do(ctx, http.MethodPut, 0, fmt.Sprint("state", writer), fmt.Append(nil, state))
		if status == http.StatusOK {
			l.overwritten[writer].Store(state)
		}
		return status == http.StatusOK
	}
	status, _ := l.do(ctx, http.MethodPut, 0, key, l.body(key, n))
	if status == http.StatusOK {
		l.mu.Lock()
		l.kept[key] = n
		l.mu.Unlock()
	}
	return status == http.StatusOK
}

// missing reads everything that was acknowledged, and says what is not there.
func (l *lamp) missing() (errs []error) {
	for key, n := range l.kept {
		status, got := l.do(l.t.Context(), http.MethodGet, 0, key, nil)
		if status != http.StatusOK || !bytes.Equal(got, l.body(key, n)) {
			errs = append(errs, fmt.Errorf("%s was acknowledged, and now: %d, %d bytes", key, status, len(got)))
		}
	}
	for i := range l.overwritten {
		want := l.overwritten[i].Load()
		status, got := l.do(l.t.Context(), http.MethodGet, 0, fmt.Sprint("state", i), nil)
		var found int64
		if _, err := fmt.Sscan(string(got), &found); want != 0 && (status != http.StatusOK || err != nil || found < want) {
			errs = append(errs, fmt.Errorf("state %d of object %d was acknowledged, and now: %d, %.20q", want, i, status, got))
		}
	}
	return errs
}

// rounds lets the power go under load again and again, and returns what was
// lost, at the first loss.
func (l *lamp) rounds(n int) error {
	for round := range n + 1 {
		if err := l.serve(round); err != nil {
			return err
		}
		if round == 0 {
			if status, text := l.do(l.t.Context(), http.MethodPut, 0, "", nil); status != http.StatusOK {
				return fmt.Errorf("create bucket: %d %s", status, text)
			}
		}
		if errs := l.missing(); len(errs) > 0 {
			return fmt.Errorf("round %d: of %d objects, %d are lost or damaged: %w", round, len(l.kept)+len(l.overwritten), len(errs), errors.Join(errs[:min(5, len(errs))]...))
		}
		if round < n {
			l.load(round, 30+l.rand.IntN(200))
			if err := l.disk.Crash(l.t.Context()); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestPowerLoss takes the power from a server under load again and again:
// whatever it has acknowledged is there when it is back.
func TestPowerLoss(t *testing.T) {
	for _, backend := range []string{"local", "sqlite"} {
		t.Run(backend, func(t *testing.T) {
			l := newLamp(t, false, "--backend", backend)
			if err := l.rounds(int(number(powerCrashes, 2))); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d objects were acknowledged, and are there", len(l.kept))
			if len(l.kept) < 40 {
				t.Error("these are too few to tell")
			}
		})
	}
}

// loses lets the power go until something is lost, as it must be.
func (l *lamp) loses() {
	l.t.Helper()
	err := l.rounds(5)
	if err == nil || len(l.kept) == 0 { // 0: it has failed before anything could be lost
		l.t.Fatalf("got %v and %d objects acknowledged: nothing was lost, though nothing was synced", err, len(l.kept))
	}
	l.t.Log(err)
}

// TestPowerLossIsFound: on a disk that syncs nothing TestPowerLoss fails.
func TestPowerLossIsFound(t *testing.T) { newLamp(t, true).loses() }
