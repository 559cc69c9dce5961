package raftlog

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/hashicorp/raft"
	"go.uber.org/goleak"
)

// childEnv makes this test binary the writer of that name; see child_test.go.
const childEnv = "RAFTLOG_TEST_CHILD"

func TestMain(m *testing.M) {
	if name := os.Getenv(childEnv); name != "" {
		if err := children[name](os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func tempPath(t testing.TB) string { return filepath.Join(t.TempDir(), "raft.db") }

// open opens a store that the test's end closes.
func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// closed closes a store in the middle of a test.
func closed(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// made is the entry of an index and a term; all of it can be told from these.
func made(index, term uint64) *raft.Log {
	return &raft.Log{
		Index: index, Term: term, Type: raft.LogType(index % 3),
		Data:       bytes.Repeat(fmt.Appendf(nil, "%d.%d ", index, term), int(index%50)),
		AppendedAt: time.Unix(int64(index), int64(term)),
	}
}

func run(first, last, term uint64) (logs []*raft.Log) {
	for i := first; i <= last; i++ {
		logs = append(logs, made(i, term))
	}
	return logs
}

func filled(t testing.TB, path string, first, last uint64) *Store {
	t.Helper()
	s := open(t, path)
	if err := s.StoreLogs(run(first, last, 1)); err != nil {
		t.Fatal(err)
	}
	return s
}

func wantEnds(t testing.TB, s raft.LogStore, first, last uint64) {
	t.Helper()
	f, err1 := s.FirstIndex()
	l, err2 := s.LastIndex()
	if err := errors.Join(err1, err2); err != nil || f != first || l != last {
		t.Errorf("log from %d to %d (%v), want %d to %d", f, l, err, first, last)
	}
}

// wantLog fails unless the entry is there as made, with its term.
func wantLog(t testing.TB, s raft.LogStore, index, term uint64) {
	t.Helper()
	var got raft.Log
	if err := s.GetLog(index, &got); err != nil {
		t.Errorf("entry %d: %v", index, err)
		return
	}
	if d := diff(made(index, term), &got); d != "" {
		t.Errorf("entry %d (-want +got):\n%s", index, d)
	}
}

func diff(want, got *raft.Log) string {
	if want.Index == got.Index && want.Term == got.Term && want.Type == got.Type && want.AppendedAt.Equal(got.AppendedAt) &&
		bytes.Equal(want.Data, got.Data) && bytes.Equal(want.Extensions, got.Extensions) {
		return "" // cmp would be most of what the tests do
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

// wantBroken fails unless the store is broken by an error that says something,
// and answers nothing but that to writes.
func wantBroken(t testing.TB, s *Store, err error, says string) {
	t.Helper()
	var fatal *FatalError
	if !errors.As(err, &fatal) || !bytes.Contains([]byte(err.Error()), []byte(says)) {
		t.Errorf("got %v, want a FatalError with %q", err, says)
	}
	select {
	case <-s.Broken():
	default:
		t.Error("Broken is not closed")
	}
	last := s.log.Load().last
	for name, again := range map[string]error{
		"StoreLog": s.StoreLog(made(last+1, 9)), "Set": s.Set([]byte("k"), nil), "SetUint64": s.SetUint64([]byte("k"), 1),
		"LastVoteTerm": s.SetUint64([]byte(keyVoteTerm), 1), "DeleteRange": s.DeleteRange(last, last), "Err": s.Err(),
	} {
		if !errors.Is(again, err) {
			t.Errorf("%s after that: %v, want the first error", name, again)
		}
	}
	if last > 0 {
		var l raft.Log
		if err := s.GetLog(last, &l); err != nil {
			t.Errorf("reading after that: %v", err)
		}
	}
}
