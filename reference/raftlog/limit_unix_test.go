//go:build unix

package raftlog

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// childLimited appends until its files may not grow, and says up to where.
func childLimited(args []string) error {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 300 << 10, Max: 300 << 10}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	s, err := Open(Options{Path: args[0]})
	if err != nil {
		return err
	}
	for next := uint64(1); ; next += 20 {
		if err := s.StoreLogs(run(next, next+19, 1)); err != nil {
			fmt.Println("refused", next, err)
			break
		}
	}
	<-s.Broken()
	if err := s.SetUint64([]byte("CurrentTerm"), 9); err == nil {
		fmt.Fprintln(os.Stderr, "a write after the failed one was taken")
	}
	return s.Close()
}

// The same with real writes that fail: what was acknowledged is there, what was
// refused is not, and the term that came after the failure is not.
func TestWritesThatFail(t *testing.T) {
	path := tempPath(t)
	c := startChild(t, "limited", path)
	line, _ := c.line()
	var refused uint64
	if _, err := fmt.Sscanf(line, "refused %d", &refused); err != nil || !strings.Contains(line, "raft log: ") {
		t.Fatalf("the child said %q", line)
	}
	if err := c.cmd.Wait(); err != nil && !c.cmd.ProcessState.Exited() {
		t.Fatal(err)
	}
	s := open(t, path)
	wantEnds(t, s, 1, refused-1)
	for i := range refused - 1 {
		wantLog(t, s, i+1, 1)
	}
	if _, err := s.GetUint64([]byte("CurrentTerm")); err != errNotFound {
		t.Errorf("the term: %v", err)
	}
	if refused < 100 {
		t.Errorf("too thin: %s", line)
	}
}
