package cluster

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// Each of these, when set, makes this test binary a writer that is to be killed:
// of a Local, or of three nodes.
const (
	writerEnv = "BLEEPSTORE_KILLED_WRITER"
	trioEnv   = "BLEEPSTORE_KILLED_TRIO"
)

func TestMain(m *testing.M) {
	for env, write := range map[string]func(string) error{writerEnv: write, trioEnv: writeTrio, foundEnv: promoteAndDie} {
		if path := os.Getenv(env); path != "" {
			if err := write(path); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
	}
	// Nodes mostly wait, for elections and for the disk: more tests at a time than
	// there are processors. A flag of the command line comes later, and counts.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// write proposes for ever to a Local.
func write(path string) error {
	ctx := context.Background()
	db, err := meta.Open(ctx, meta.Options{Path: path, Sync: meta.SyncFull, QuickCheck: true})
	if err != nil {
		return err
	}
	l := NewLocal(db, LocalOptions{})
	if _, err := l.Propose(ctx, meta.Command{Op: meta.CreateBucket{Name: "b", Owner: "alice"}}); err != nil {
		return err
	}
	return writeTo(l)
}

// writeTo proposes for ever, from several goroutines, and prints "+key" for each
// write that was acknowledged and "-key" for each that was refused. Of several
// logs, which are nodes, one may not know.
func writeTo(logs ...Log) error {
	ctx := context.Background()
	errs := make(chan error)
	var out sync.Mutex
	for w := range 4 {
		go func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d-%d-%d", os.Getpid(), w, i)
				op, sign := put(key, key, meta.WriteCondition{}), "+"
				if i%5 == 4 {
					op.Condition.IfMatch, sign = "*", "-"
				}
				r, err := logs[(w+i)%len(logs)].Propose(ctx, meta.Command{Op: op})
				var unknown *UnknownOutcomeError
				if len(logs) > 1 && errors.As(err, &unknown) {
					continue
				}
				if err != nil || (r.Err != nil) != (sign == "-") {
					errs <- fmt.Errorf("%s: %w, %v", key, err, r.Err)
					return
				}
				out.Lock()
				fmt.Println(sign + key)
				out.Unlock()
			}
		}()
	}
	return <-errs
}

// Whatever was acknowledged before kill -9 is there, whole; nothing that was
// refused is.
func TestKilledWriterKeepsItsWord(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "meta.db")
	acked, refused := map[string]bool{}, map[string]bool{}
	for round := range 4 {
		kill(t, writerEnv+"="+path, 40*(round+1), acked, refused)
		db, _ := open(t, path)
		err := db.View(context.Background(), func(tx *meta.Tx) error {
			for key := range acked {
				o, err := tx.Object("b", key, "")
				if err == nil {
					err = tx.Body(&o)
				}
				if err != nil || string(o.Inline) != key {
					t.Errorf("round %d: acknowledged %s reads %q, %v", round, key, o.Inline, err)
				}
			}
			for key := range refused {
				if _, err := tx.Object("b", key, ""); errcode.Of(err) != errcode.NoSuchKey {
					t.Errorf("round %d: refused %s reads %v", round, key, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(acked) < 100 || len(refused) < 10 {
		t.Errorf("too thin: %d acknowledged, %d refused", len(acked), len(refused))
	}
}

// kill runs a writer until it has said n things, kills it, and takes note.
func kill(t *testing.T, env string, n int, acked, refused map[string]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), env)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for i := 0; ; i++ {
		if i == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
		line, err := lines.ReadString('\n')
		if err != nil { // a line cut short was not said
			break
		}
		if key, ok := strings.CutPrefix(strings.TrimSpace(line), "+"); ok {
			acked[key] = true
		} else {
			refused[strings.TrimPrefix(key, "-")] = true
		}
	}
	_ = cmd.Wait() // it was killed
	if cmd.ProcessState.Exited() {
		t.Fatalf("the writer ended by itself: %v", cmd.ProcessState)
	}
}

// die runs this test binary as a child that kills itself.
func die(t *testing.T, env string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), env)
	out, _ := cmd.CombinedOutput() // it was killed
	if cmd.ProcessState.Exited() {
		t.Fatalf("the child ended by itself: %v\n%s", cmd.ProcessState, out)
	}
}
