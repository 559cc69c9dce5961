package blobtest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"bleepstore/reference/blob"
)

const (
	crashDir    = "BLOBTEST_CRASH_DIR" // set in the child: where its store is
	crashEpoch  = "BLOBTEST_CRASH_EPOCH"
	crashRounds = 8
	crashers    = 4 // goroutines that write in the child
)

// Crash kills processes that write to a durable store, and checks after each
// what the store holds: every acknowledged blob whole, and nothing that is
// not. Open opens the store in dir, and is called in this process and in the
// children, which are this test binary running this test alone. Crash has to
// be all that the test does.
//
//	func TestCrash(t *testing.T) {
//		blobtest.Crash(t, func(dir string) (blob.Store, error) { return local.Open(dir, fault.OS{}) })
//	}
func Crash(t *testing.T, open func(dir string) (blob.Store, error)) {
	if dir := os.Getenv(crashDir); dir != "" {
		crashChild(t, dir, open)
		return
	}
	dir := t.TempDir()
	known := ledger{}
	for round := range crashRounds {
		acks := 1 + rand.IntN(40)
		t.Logf("round %d: killed after %d acknowledged", round, acks)
		runChild(t, dir, round, acks, known)
		s, err := open(dir)
		if err != nil {
			t.Fatalf("open after the crash: %v", err)
		}
		known.check(t, s)
		if err := s.Close(); err != nil {
			t.Fatalf("close: %v", err)
		}
	}
}

// A ledger is what the children said of each blob, last word counts.
type ledger map[blob.ID]string

const (
	tried   = "try"  // Create was called
	acked   = "ack"  // and returned nil
	going   = "bye"  // Delete was called
	deleted = "gone" // and returned nil
)

// check compares the store with the ledger, then sweeps as a server would.
func (l ledger) check(t *testing.T, s blob.Store) {
	t.Helper()
	listed := map[blob.ID]blob.Info{}
	for _, i := range list(t, s, "") {
		listed[i.ID] = i
		if l[i.ID] == "" {
			t.Errorf("list: %+v, which was never written", i)
		}
	}
	for id, said := range l {
		data := content(id, crashSize(id))
		got, err := read(t, s, id, 0, -1)
		switch i, ok := listed[id]; {
		case err == nil && (!bytes.Equal(got, data) || i != info(id, data)):
			t.Errorf("%s (%s): reads as %d bytes of %d, listed as %+v", id, said, len(got), len(data), i)
		case err != nil && said == acked:
			t.Errorf("%s was acknowledged, and now: %v", id, err)
		case err != nil && !errors.Is(err, blob.ErrNotFound):
			t.Errorf("%s (%s): got %v, want a whole blob or ErrNotFound", id, said, err)
		case err != nil && ok && !i.Partial:
			t.Errorf("%s (%s): cannot be opened, but is listed as %+v", id, said, i)
		case err != nil && said == tried: // what never came to be can be created now
			create(t, s, id, data)
			l[id] = acked
		case err == nil && said == tried: // Create ended, but nobody heard of it
			l[id] = acked
		}
	}
}

// crashSize returns the size of the blob id.
func crashSize(id blob.ID) int {
	r := rand.New(rand.NewPCG(uint64(content(id, 1)[0]), 7))
	return []int{0, 100, 20_000, 200_000, mib, 2*mib + 5}[r.IntN(6)]
}

// runChild starts a child and kills it after so many acknowledged Creates.
func runChild(t *testing.T, dir string, round, acks int, known ledger) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run="+onlyTest(t.Name()), "-test.count=1")
	cmd.Env = append(os.Environ(), crashDir+"="+dir, fmt.Sprintf("%s=%d", crashEpoch, round))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe() // the child ends itself when this process dies
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() { // goes on after the kill, to what was said before it
		word, id, ok := strings.Cut(lines.Text(), " ")
		if !ok || word != tried && word != acked && word != going && word != deleted {
			t.Logf("child: %s", lines.Text())
			continue
		}
		known[blob.ID(id)] = word
		if word == acked {
			if acks--; acks == 0 {
				if err := cmd.Process.Kill(); err != nil {
					t.Errorf("kill: %v", err)
				}
			}
		}
	}
	err = cmd.Wait()
	if acks > 0 {
		t.Fatalf("the child ended before it was killed: %v", err)
	}
}

// onlyTest is the pattern of -test.run that runs one test, perhaps a subtest.
func onlyTest(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// crashChild writes until it is killed, and says before and after each call
// what it does: a line is one write, so that none is cut.
func crashChild(t *testing.T, dir string, open func(dir string) (blob.Store, error)) {
	s, err := open(dir)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	var wg sync.WaitGroup
	for w := range crashers {
		wg.Go(func() {
			for i := 0; ; i++ {
				id := blob.ID(fmt.Sprintf("%s-%d-%06d", os.Getenv(crashEpoch), w, i))
				if err := crashStep(t.Context(), s, id, i%3 == 0); err != nil {
					t.Errorf("%s: %v", id, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// crashStep creates one blob, and perhaps deletes it again.
func crashStep(ctx context.Context, s blob.Store, id blob.ID, remove bool) error {
	say := func(word string) { fmt.Fprintf(os.Stdout, "%s %s\n", word, id) }
	data := content(id, crashSize(id))
	say(tried)
	if _, err := s.Create(ctx, id, bytes.NewReader(data), int64(len(data))); err != nil {
		return err
	}
	say(acked)
	if !remove {
		return nil
	}
	say(going)
	if err := s.Delete(ctx, id); err != nil {
		return err
	}
	say(deleted)
	return nil
}
