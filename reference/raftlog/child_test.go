package raftlog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// children are what this test binary does when childEnv names it; the first
// argument is the path of the store. They end with their standard input, too,
// so that none outlives the test.
var children = map[string]func(args []string) error{
	"writer":  childWriter,
	"voter":   childVoter,
	"batches": childBatches,
	"limited": childLimited,
}

// A child is a process that is to be killed.
type child struct {
	cmd   *exec.Cmd
	lines *bufio.Reader
}

func startChild(t *testing.T, name string, args ...string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), childEnv+"="+name)
	return startCommand(t, cmd)
}

func startCommand(t *testing.T, cmd *exec.Cmd) *child {
	t.Helper()
	cmd.Stderr = t.Output()
	stdin, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close() })
	return &child{cmd, bufio.NewReader(stdout)}
}

// line returns the next line that the child says, false after the last one.
func (c *child) line() (string, bool) {
	l, err := c.lines.ReadString('\n')
	return strings.TrimSuffix(l, "\n"), err == nil
}

func (c *child) kill() { _ = c.cmd.Process.Kill() } // SIGKILL

func endWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// childWriter does random things to the store for ever, from a seed. It says
// each before it begins, and "ok" when it is acknowledged.
func childWriter(args []string) error {
	go endWithParent()
	seed, err := strconv.ParseUint(args[1], 10, 64)
	if err != nil {
		return err
	}
	s, err := Open(Options{Path: args[0]})
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(seed, 1))
	for {
		o, err := randomOp(r, s)
		if err != nil {
			return err
		}
		fmt.Println(o)
		if err := o.do(s); err != nil {
			return err
		}
		fmt.Println("ok")
	}
}

// An op is one change of a store. Kind is append (from first to last, in term),
// delete (from first to last) or vote (in term, for candidate first).
type op struct {
	kind              string
	first, last, term uint64
}

func (o op) String() string { return fmt.Sprint(o.kind, " ", o.first, " ", o.last, " ", o.term) }

func parseOp(line string) (o op, err error) {
	_, err = fmt.Sscan(line, &o.kind, &o.first, &o.last, &o.term)
	return o, err
}

func randomOp(r *rand.Rand, s *Store) (op, error) {
	first, err1 := s.FirstIndex()
	last, err2 := s.LastIndex()
	term, err3 := s.LastTerm()
	vote, err4 := s.GetUint64([]byte(keyVoteTerm))
	if err4 == errNotFound {
		err4 = nil
	}
	o := op{kind: "append", first: last + 1, last: last + 1 + r.Uint64N(30), term: max(term, 1) + r.Uint64N(2)}
	switch n := r.IntN(20); {
	case n < 4:
		o = op{kind: "vote", term: vote + 1, first: r.Uint64N(3)}
	case n < 6 && last > first+2*deleteChunk: // the oldest: more than one transaction
		o = op{kind: "delete", first: first, last: last - r.Uint64N(20)}
	case n < 7 && last > first+2*deleteChunk: // the newest: the same
		o = op{kind: "delete", first: first + 1 + r.Uint64N(20), last: last}
	case n < 9 && last > first+10: // the newest, as at a conflict
		o = op{kind: "delete", first: last - r.Uint64N(10), last: last}
	case n < 11:
		o.last += 2 * deleteChunk
	}
	return o, errors.Join(err1, err2, err3, err4)
}

func (o op) do(s *Store) error {
	switch o.kind {
	case "append":
		return s.StoreLogs(run(o.first, o.last, o.term))
	case "delete":
		return s.DeleteRange(o.first, o.last)
	default:
		return errors.Join(s.SetUint64([]byte(keyVoteTerm), o.term), s.Set([]byte(keyVoteCand), fmt.Append(nil, o.first)))
	}
}

// childVoter votes twice; the second time it stops between the two writes.
func childVoter(args []string) error {
	s, err := Open(Options{Path: args[0]})
	if err != nil {
		return err
	}
	if err := (op{kind: "vote", term: 1, first: 1}).do(s); err != nil {
		return err
	}
	if err := errors.Join(s.SetUint64([]byte("CurrentTerm"), 2), s.SetUint64([]byte(keyVoteTerm), 2)); err != nil {
		return err
	}
	fmt.Println("between")
	endWithParent()
	return nil
}
