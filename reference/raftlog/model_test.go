package raftlog

import (
	"errors"
	"os"
	"testing"

	"github.com/hashicorp/raft"
	"pgregory.net/rapid"
)

// A pair is the store and what it must agree with: raft's own store in memory,
// and a map of the keys.
type pair struct {
	t    *rapid.T
	path string
	s    *Store

	log   *raft.InmemStore
	first uint64
	last  uint64
	term  uint64
	keys  map[string]any
	held  *uint64
}

// TestModel: whatever is done, and however often it is reopened, the store
// holds what raft's store in memory and a map would hold.
func TestModel(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		sub, err := os.MkdirTemp(dir, "")
		if err != nil {
			rt.Fatal(err)
		}
		p := &pair{t: rt, path: sub + "/raft.db", log: raft.NewInmemStore(), keys: map[string]any{}}
		p.open()
		defer func() { _ = p.s.Close() }()
		rt.Repeat(map[string]func(*rapid.T){
			"append": p.append, "append a gap": p.gap, "delete the oldest": p.oldest, "delete the newest": p.newest,
			"delete all": p.all, "delete a hole": p.hole, "delete nothing": p.nothing,
			"set": p.set, "set a number": p.setNumber, "vote": p.vote, "half a vote": p.half, "reopen": p.reopen, "": p.same,
		})
	})
}

func (p *pair) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) open() {
	s, err := Open(Options{Path: p.path})
	p.must(err)
	p.s = s
}

func (p *pair) reopen(*rapid.T) {
	p.must(p.s.Close())
	p.open()
	p.held = nil
}

func (p *pair) append(t *rapid.T) {
	first := p.last + 1
	if p.last == 0 {
		first = rapid.Uint64Range(1, 1000).Draw(t, "first")
	}
	n := rapid.Uint64Range(1, 8).Draw(t, "entries")
	p.term += rapid.Uint64Range(0, 2).Draw(t, "more terms")
	logs := run(first, first+n-1, p.term)
	if n == 1 {
		p.must(p.s.StoreLog(logs[0]))
	} else {
		p.must(p.s.StoreLogs(logs))
	}
	p.must(p.log.StoreLogs(logs))
	if p.first == 0 {
		p.first = first
	}
	p.last = first + n - 1
}

func (p *pair) gap(t *rapid.T) {
	if p.last == 0 {
		t.Skip("nothing to leave a gap behind")
	}
	wrong := rapid.Uint64Range(0, p.last+50).Filter(func(i uint64) bool { return i != p.last+1 }).Draw(t, "index")
	var fatal *FatalError
	if err := p.s.StoreLog(made(wrong, p.term)); !errors.As(err, &fatal) {
		t.Fatalf("entry %d behind %d: %v", wrong, p.last, err)
	}
	p.reopen(t) // nothing else goes on
}

func (p *pair) delete(from, to uint64) {
	p.must(p.s.DeleteRange(from, to))
	p.must(p.log.DeleteRange(max(from, p.first), min(to, p.last)))
}

func (p *pair) some(t *rapid.T) uint64 {
	if p.last == 0 {
		t.Skip("empty")
	}
	return rapid.Uint64Range(p.first, p.last).Draw(t, "index")
}

func (p *pair) oldest(t *rapid.T) {
	to := p.some(t)
	p.delete(rapid.Uint64Range(0, p.first).Draw(t, "from"), to)
	p.first = to + 1
	p.emptied()
}

func (p *pair) newest(t *rapid.T) {
	from := p.some(t)
	p.delete(from, rapid.Uint64Range(p.last, p.last+9).Draw(t, "to"))
	p.last = from - 1
	p.emptied()
}

func (p *pair) all(t *rapid.T) {
	p.some(t)
	p.delete(p.first, p.last)
	p.first = p.last + 1
	p.emptied()
}

func (p *pair) emptied() {
	if p.first > p.last {
		p.first, p.last = 0, 0
	}
}

func (p *pair) hole(t *rapid.T) {
	if from, to := p.some(t), p.some(t); from > p.first && from <= to && to < p.last {
		if err := p.s.DeleteRange(from, to); err == nil {
			t.Fatalf("a hole from %d to %d in %d to %d", from, to, p.first, p.last)
		}
	}
}

func (p *pair) nothing(t *rapid.T) {
	p.must(p.s.DeleteRange(p.last+1, p.last+9))
	if p.first > 1 {
		p.must(p.s.DeleteRange(0, p.first-1))
	}
}

var stableKeys = rapid.SampledFrom([]string{"", "CurrentTerm", "a key of the program's own"})

func (p *pair) set(t *rapid.T) {
	k, v := stableKeys.Draw(t, "key"), rapid.SliceOf(rapid.Byte()).Draw(t, "value")
	p.must(p.s.Set([]byte(k), v))
	p.keys[k] = string(v)
}

func (p *pair) setNumber(t *rapid.T) {
	k, v := stableKeys.Draw(t, "key"), rapid.Uint64().Draw(t, "value")
	p.must(p.s.SetUint64([]byte(k), v))
	p.keys[k] = v
}

func (p *pair) half(t *rapid.T) {
	v := rapid.Uint64().Draw(t, "term")
	p.must(p.s.SetUint64([]byte(keyVoteTerm), v))
	p.held = &v
}

func (p *pair) vote(t *rapid.T) {
	if rapid.Bool().Draw(t, "whole") {
		p.half(t)
	}
	v := rapid.String().Draw(t, "candidate")
	p.must(p.s.Set([]byte(keyVoteCand), []byte(v)))
	p.keys[keyVoteCand] = v
	if p.held != nil {
		p.keys[keyVoteTerm], p.held = *p.held, nil
	}
}

// same compares the two.
func (p *pair) same(t *rapid.T) {
	first, err1 := p.s.FirstIndex()
	last, err2 := p.s.LastIndex()
	wantFirst, _ := p.log.FirstIndex()
	wantLast, _ := p.log.LastIndex()
	p.must(errors.Join(err1, err2))
	if first != wantFirst || last != wantLast || first != p.first || last != p.last {
		t.Fatalf("log from %d to %d, want %d to %d", first, last, wantFirst, wantLast)
	}
	for i := max(first, 1) - 1; i <= last+1; i++ {
		var got, want raft.Log
		err, wantErr := p.s.GetLog(i, &got), p.log.GetLog(i, &want)
		if err != wantErr {
			t.Fatalf("entry %d: %v, want %v", i, err, wantErr)
		}
		if d := diff(&want, &got); d != "" {
			t.Fatalf("entry %d (-want +got):\n%s", i, d)
		}
	}
	for _, k := range []string{"", "CurrentTerm", "a key of the program's own", keyVoteTerm, keyVoteCand} {
		n, numErr := p.s.GetUint64([]byte(k))
		b, err := p.s.Get([]byte(k))
		switch want := p.keys[k].(type) {
		case nil:
			if err == nil || numErr == nil || err.Error() != "not found" || numErr.Error() != "not found" {
				t.Fatalf("%q: %v, %v", k, err, numErr)
			}
		case uint64:
			if numErr != nil || n != want || err == nil {
				t.Fatalf("%q: %d, %v, want %d", k, n, numErr, want)
			}
		case string:
			if err != nil || string(b) != want || numErr == nil {
				t.Fatalf("%q: %q, %v, want %q", k, b, err, want)
			}
		}
	}
}
