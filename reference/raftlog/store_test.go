package raftlog

import (
	"errors"
	"testing"

	"github.com/hashicorp/raft"
)

func TestEmpty(t *testing.T) {
	s := open(t, tempPath(t))
	wantEnds(t, s, 0, 0)
	first, err1 := s.FirstTerm()
	last, err2 := s.LastTerm()
	if err := errors.Join(err1, err2); err != nil || first != 0 || last != 0 {
		t.Errorf("terms %d, %d, %v", first, last, err)
	}
	for _, index := range []uint64{0, 1, 1 << 63} {
		if err := s.GetLog(index, new(raft.Log)); err != raft.ErrLogNotFound { // raft compares it so
			t.Errorf("entry %d: %v", index, err)
		}
	}
	if err := s.DeleteRange(1, 10); err != nil {
		t.Error(err)
	}
	if err := s.StoreLogs(nil); err != nil {
		t.Error(err)
	}
	if _, err := s.Get([]byte("k")); err == nil || err.Error() != "not found" {
		t.Errorf("Get: %v", err)
	}
	if _, err := s.GetUint64([]byte("k")); err == nil || err.Error() != "not found" {
		t.Errorf("GetUint64: %v", err)
	}
	if !s.IsMonotonic() {
		t.Error("not monotonic")
	}
}

// Every field comes back as it was, also from an empty entry.
func TestFields(t *testing.T) {
	path := tempPath(t)
	s := open(t, path)
	full := made(8, 1<<63)
	full.Type, full.Extensions = raft.LogConfiguration, []byte{0, 255}
	logs := []*raft.Log{{Index: 7}, full, {Index: 9, Data: []byte{}, Extensions: []byte{}}}
	if err := s.StoreLogs(logs); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, want := range logs {
			var got raft.Log
			if err := s.GetLog(want.Index, &got); err != nil {
				t.Fatal(err)
			}
			if d := diff(want, &got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}
		closed(t, s)
		s = open(t, path)
	}
}

// Nothing but the next index is taken, and the refusal ends the store.
func TestGapsAreFatal(t *testing.T) {
	for name, logs := range map[string][]*raft.Log{
		"a gap":             run(7, 8, 1),
		"a repeated entry":  run(5, 6, 1),
		"an older entry":    run(2, 2, 2),
		"a gap in a batch":  {made(6, 1), made(8, 1)},
		"a batch backwards": {made(6, 1), made(5, 1)},
		"no index":          {made(0, 1)},
		"too high an index": {made(1<<63, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			path := tempPath(t)
			s := filled(t, path, 3, 5)
			wantBroken(t, s, s.StoreLogs(logs), "raft log: ")
			wantEnds(t, s, 3, 5)
			closed(t, s)
			s = open(t, path)
			wantEnds(t, s, 3, 5)
			if err := s.StoreLogs(run(6, 7, 2)); err != nil {
				t.Fatal(err)
			}
			wantLog(t, s, 5, 1)
			wantLog(t, s, 7, 2)
		})
	}
}

func TestDeleteRange(t *testing.T) {
	const top = 3 * deleteChunk
	for _, tt := range []struct {
		name        string
		from, to    uint64
		first, last uint64
		refused     bool
	}{
		{name: "the oldest", from: 10, to: 19, first: 20, last: top},
		{name: "the oldest and what is before", from: 0, to: 19, first: 20, last: top},
		{name: "more than a chunk of the oldest", from: 10, to: top - 1, first: top, last: top},
		{name: "the newest", from: top, to: top, first: 10, last: top - 1},
		{name: "more than a chunk of the newest", from: 11, to: top, first: 10, last: 10},
		{name: "the newest and what would follow", from: 11, to: top + 9, first: 10, last: 10},
		{name: "all", from: 10, to: top},
		{name: "all and more", from: 0, to: 1<<64 - 1},
		{name: "what is before", from: 1, to: 9, first: 10, last: top},
		{name: "what is behind", from: top + 1, to: top + 9, first: 10, last: top},
		{name: "an empty range", from: 20, to: 10, first: 10, last: top},
		{name: "a range that would leave a hole", from: 11, to: top - 1, first: 10, last: top, refused: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := tempPath(t)
			s := filled(t, path, 10, top)
			if err := s.DeleteRange(tt.from, tt.to); (err != nil) != tt.refused {
				t.Fatal(err)
			}
			for range 2 {
				wantEnds(t, s, tt.first, tt.last)
				for _, i := range []uint64{9, 10, 11, deleteChunk, top - 1, top, top + 1} {
					if i >= tt.first && i <= tt.last {
						wantLog(t, s, i, 1)
					} else if err := s.GetLog(i, new(raft.Log)); err != raft.ErrLogNotFound {
						t.Errorf("entry %d: %v", i, err)
					}
				}
				closed(t, s)
				s = open(t, path)
			}
			next := uint64(50) // an emptied log takes any index: a snapshot may lie between
			if tt.last != 0 {
				next = tt.last + 1
			}
			if err := s.StoreLog(made(next, 2)); err != nil {
				t.Error(err)
			}
			wantLog(t, s, next, 2)
			if term, err := s.LastTerm(); term != 2 || err != nil {
				t.Errorf("last term %d, %v", term, err)
			}
		})
	}
}

func TestRange(t *testing.T) {
	s := filled(t, tempPath(t), 5, 5+3*rangePage)
	next := uint64(7)
	err := s.Range(7, 6+2*rangePage, func(l *raft.Log) error {
		if d := diff(made(next, 1), l); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		next++
		return nil
	})
	if err != nil || next != 7+2*rangePage {
		t.Errorf("read up to %d, %v", next-1, err)
	}
	own := errors.New("own")
	if err := s.Range(5, 10, func(*raft.Log) error { return own }); err != own {
		t.Errorf("error of fn: %v", err)
	}
	ignore := func(*raft.Log) error { return nil }
	for _, r := range [][2]uint64{{4, 6}, {50, 6 + 3*rangePage}, {1, 1<<64 - 1}} {
		if err := s.Range(r[0], r[1], ignore); err != raft.ErrLogNotFound {
			t.Errorf("range %d: %v", r, err)
		}
	}
	if err := s.Range(6, 5, ignore); err != nil {
		t.Error(err)
	}
}

func TestAlign(t *testing.T) {
	for _, tt := range []struct {
		name        string
		snapshot    uint64
		first, last uint64
		gap         bool
	}{
		{name: "ends below", snapshot: 21},
		{name: "ends with it", snapshot: 20, first: 10, last: 20},
		{name: "spans it", snapshot: 15, first: 10, last: 20},
		{name: "follows it", snapshot: 9, first: 10, last: 20},
		{name: "begins after a gap", snapshot: 8, first: 10, last: 20, gap: true},
		{name: "begins after a gap without a snapshot", snapshot: 0, first: 10, last: 20, gap: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := filled(t, tempPath(t), 10, 20)
			if err := s.Align(tt.snapshot); errors.Is(err, ErrGap) != tt.gap || !tt.gap && err != nil {
				t.Error(err)
			}
			wantEnds(t, s, tt.first, tt.last)
		})
	}
	s := open(t, tempPath(t))
	if err := s.Align(7); err != nil {
		t.Error(err)
	}
}

func TestStable(t *testing.T) {
	path := tempPath(t)
	s := open(t, path)
	for _, v := range [][]byte{[]byte("one"), {}, nil, {0, 255}} {
		if err := s.Set([]byte("k"), v); err != nil {
			t.Fatal(err)
		}
		got, err := s.Get([]byte("k"))
		if err != nil || string(got) != string(v) || got == nil { // raft takes nil for none
			t.Errorf("got %v, %v, want %v", got, err, v)
		}
	}
	for _, n := range []uint64{0, 1, 1<<64 - 1, 7} {
		if err := s.SetUint64([]byte("n"), n); err != nil {
			t.Fatal(err)
		}
		if got, err := s.GetUint64([]byte("n")); err != nil || got != n {
			t.Errorf("got %d, %v, want %d", got, err, n)
		}
	}
	if err := errors.Join(s.Set(nil, []byte("of the empty key")), s.Err()); err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	s = open(t, path)
	got, err := s.Get([]byte("k"))
	n, err2 := s.GetUint64([]byte("n"))
	empty, err3 := s.Get(nil)
	if err := errors.Join(err, err2, err3); err != nil || string(got) != "\x00\xff" || n != 7 || string(empty) != "of the empty key" {
		t.Errorf("reopened: %q, %d, %q, %v", got, n, empty, err)
	}
	if _, err := s.Get([]byte("n")); err == nil {
		t.Error("Get of a number")
	}
	if _, err := s.GetUint64([]byte("k")); err == nil {
		t.Error("GetUint64 of bytes")
	}
}

// A term without its candidate is not there, neither now nor after a restart.
func TestVoteIsOne(t *testing.T) {
	path := tempPath(t)
	s := open(t, path)
	term, cand := []byte(keyVoteTerm), []byte(keyVoteCand)
	vote := func(n uint64, c string) error {
		return errors.Join(s.SetUint64(term, n), s.Set(cand, []byte(c)))
	}
	want := func(when string, n uint64, c string) {
		t.Helper()
		got, err := s.GetUint64(term)
		who, err2 := s.Get(cand)
		if got != n || string(who) != c || errors.Join(err, err2) != nil {
			t.Errorf("%s: voted for %q in %d (%v), want %q in %d", when, who, got, errors.Join(err, err2), c, n)
		}
	}
	if err := vote(1, "a"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.SetUint64(term, 2), s.SetUint64([]byte("CurrentTerm"), 2), s.Set([]byte("other"), nil)); err != nil {
		t.Fatal(err)
	}
	want("half a vote", 1, "a")
	closed(t, s)
	s = open(t, path)
	want("half a vote, restarted", 1, "a")
	if err := s.Set(cand, []byte("b")); err != nil { // nothing is left of the half
		t.Fatal(err)
	}
	want("a candidate alone", 1, "b")
	if err := vote(3, "c"); err != nil {
		t.Fatal(err)
	}
	want("voted", 3, "c")
	closed(t, s)
	s = open(t, path)
	want("voted, restarted", 3, "c")
}

// TestReadTooLate: raft does not wait for all who read its log.
func TestReadTooLate(t *testing.T) {
	s, err := Open(Options{Path: tempPath(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.StoreLog(&raft.Log{Index: 1, Term: 1}), s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := s.GetLog(1, new(raft.Log)); err == nil || s.Err() != nil {
		t.Errorf("read of a closed log: %v; broken: %v", err, s.Err())
	}
}
