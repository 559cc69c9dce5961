package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/reference/meta"
)

// An attempt is one operation of a client on one register: a write of a unique
// value, or a read of one ("" before the first). Its times are of one counter.
type attempt struct {
	node       string
	write      bool
	value      string
	call, done int64 // done is 0 when its outcome is not known
	refused    bool
}

// A placed is an attempt with the place in the log of what it wrote or saw.
type placed struct {
	attempt
	at int64
}

// Clients at all nodes write and read one register while the network is cut here
// and there and the leader is told to go. Afterwards the log says in which order
// the writes took effect, and that order has to explain everything that anybody
// saw: which makes the history linearizable. What was refused is not in it.
func TestHistory(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	f := newFleet(t, func(_ string, o *RaftOptions, c *raft.Config) {
		o.ProposeTimeout, o.ReadTimeout, o.RoundTimeout = time.Second, 500*time.Millisecond, 200*time.Millisecond
		c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = 500*time.Millisecond, 500*time.Millisecond, 250*time.Millisecond
	}, "a", "b", "c")
	f.bucket()
	var clock atomic.Int64
	var mu sync.Mutex
	var history []attempt
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for c := range 9 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(c+1)))
			for i := 0; ctx.Err() == nil; i++ {
				a := attempt{node: f.ids[c%3], write: r.IntN(2) == 0, value: fmt.Sprintf("%d-%d", c, i), call: clock.Add(1)}
				tryOne(f.nodes[a.node], &a)
				if a.done == 0 {
					a.done = clock.Add(1)
				} else {
					a.done = 0
				}
				mu.Lock()
				history = append(history, a)
				mu.Unlock()
			}
		})
	}
	disturb(f, rand.New(rand.NewPCG(seed, 0)), &clock)
	stop()
	wg.Wait()
	f.net.heal()
	f.leader()
	for _, id := range f.ids { // everybody's last word
		a := attempt{node: id, call: clock.Add(1)}
		tryOne(f.nodes[id], &a)
		a.done = clock.Add(1)
		history = append(history, a)
	}
	f.equal()
	check(t, history, f.order(f.leader()))
}

// tryOne does what an attempt says, and leaves done at -1 when the outcome is
// not known.
func tryOne(r *Raft, a *attempt) {
	var unknown *UnknownOutcomeError
	if !a.write {
		var err error
		a.value, err = get(context.Background(), r, "k")
		a.refused = err != nil
		return
	}
	res, err := r.Propose(context.Background(), meta.Command{Op: put("k", a.value, meta.WriteCondition{})})
	switch {
	case errors.As(err, &unknown):
		a.done = -1
	case err != nil || res.Err != nil:
		a.refused = true
	}
}

// disturb cuts single directions, whole nodes and one kind of message, and hands
// the leadership on, each until the clients have done a number of things or given
// them up, and then waits for new commits.
func disturb(f *fleet, r *rand.Rand, clock *atomic.Int64) {
	for range 8 {
		f.net.change(func() {
			for _, kind := range []string{ofRaft, ofOurs} {
				for _, from := range f.ids {
					for _, to := range f.ids {
						f.net.cut[edge{kind, from, to}] = r.IntN(6) == 0
					}
				}
			}
		})
		switch r.IntN(3) {
		case 0:
			f.net.isolate(f.ids[r.IntN(3)], true)
		case 1:
			for _, n := range f.nodes {
				if n.raft.State() == raft.Leader {
					_ = n.raft.LeadershipTransfer().Error()
				}
			}
		}
		until := clock.Load() + int64(20+r.IntN(100))
		eventually(f.t, "the clients go on", func() bool { return clock.Load() >= until })
		f.net.heal()
		before := f.leader().raft.LastIndex()
		eventually(f.t, "writes go on", func() bool { return f.leader().db.Applied() > before+3 })
	}
}

// order returns the place of every value in the log as far as it was applied.
func (f *fleet) order(r *Raft) map[string]int64 {
	f.t.Helper()
	first, _ := r.store.FirstIndex()
	places := map[string]int64{"": 0}
	err := r.store.Range(first, r.db.Applied(), func(l *raft.Log) error {
		if l.Type != raft.LogCommand {
			return nil
		}
		commands, err := unpack(l.Data)
		for i, c := range commands {
			if p, ok := c.Op.(meta.PutObject); ok && c.Term == l.Term {
				if places[string(p.Body)] != 0 {
					f.t.Errorf("%s is in the log twice", p.Body)
				}
				places[string(p.Body)] = int64(l.Index)<<16 + int64(i)
			}
		}
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return places
}

// check judges a history that is not too thin.
func check(t *testing.T, history []attempt, order map[string]int64) {
	t.Helper()
	for _, wrong := range judge(history, order) {
		t.Error(wrong)
	}
	counts := map[string]int{}
	for _, a := range history {
		switch {
		case a.refused:
			counts["refused"]++
		case a.done == 0:
			counts["unknown"]++
		case a.write:
			counts["written"]++
		default:
			counts["read"]++
		}
	}
	t.Logf("%v", counts)
	if counts["written"] < 20 || counts["read"] < 20 {
		t.Errorf("too thin: %v", counts)
	}
}

// judge compares every two attempts of which one ended before the other began.
func judge(history []attempt, order map[string]int64) (wrong []string) {
	var known []placed
	for _, a := range history {
		at, there := order[a.value]
		switch {
		case a.refused:
			if a.write && there {
				wrong = append(wrong, fmt.Sprintf("%+v was refused, and is in the log", a))
			}
		case there:
			known = append(known, placed{a, at})
		case a.done != 0:
			wrong = append(wrong, fmt.Sprintf("%+v succeeded, and its value is not in the log", a))
		}
	}
	for _, before := range known {
		for _, after := range known {
			if before.done == 0 || before.done > after.call {
				continue
			}
			if before.at > after.at || after.write && before.at == after.at {
				wrong = append(wrong, fmt.Sprintf("%+v ended before %+v began", before, after))
			}
		}
	}
	return wrong
}

// The judge of histories knows what is wrong: a test of the test.
func TestHistoryJudge(t *testing.T) {
	order := map[string]int64{"": 0, "1": 1, "2": 2, "3": 3}
	w := func(v string, call, done int64) attempt {
		return attempt{write: true, value: v, call: call, done: done}
	}
	r := func(v string, call, done int64) attempt { return attempt{value: v, call: call, done: done} }
	for _, tt := range []struct {
		name  string
		wrong bool
		h     []attempt
	}{
		{"in turn", false, []attempt{w("1", 1, 2), r("1", 3, 4), w("2", 5, 6), r("2", 7, 8)}},
		{"a read during a write", false, []attempt{w("1", 1, 9), r("1", 2, 3), r("1", 4, 5)}},
		{"a stale read", true, []attempt{w("1", 1, 2), w("2", 3, 4), r("1", 5, 6)}},
		{"a read goes back", true, []attempt{w("1", 1, 9), r("1", 2, 3), r("", 4, 5)}},
		{"a read of the future", true, []attempt{r("1", 1, 2), w("1", 3, 4)}},
		{"an unknown write that was seen", false, []attempt{w("1", 1, 0), r("1", 5, 6)}},
		{"an unknown write that was not", false, []attempt{w("9", 1, 0), r("", 5, 6)}},
		{"a lost write", true, []attempt{w("9", 1, 2)}},
		{"a refused write", false, []attempt{{write: true, value: "9", call: 1, done: 2, refused: true}}},
		{"a refused write that happened", true, []attempt{{write: true, value: "1", call: 1, done: 2, refused: true}}},
	} {
		if got := len(judge(tt.h, order)) > 0; got != tt.wrong {
			t.Errorf("%s: wrong is %v", tt.name, got)
		}
	}
}
