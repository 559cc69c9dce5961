package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"bleepstore/conformance/check"
	"bleepstore/conformance/history"
	"bleepstore/fault"
	"bleepstore/fault/sim/full"
)

// The levels of a simulation.
const (
	LevelRaft = "raft" // raft, metadata, replicated blobs and the domain
	LevelFull = "full" // the whole server
)

// Options say what is run.
type Options struct {
	Level   string
	Seed    uint64
	Nodes   int
	Virtual time.Duration // length of the run
	Shared  bool          // of the level raft: all nodes keep bodies in one store
	Kinds   []fault.Kind  // of faults, from which the schedule is drawn
	// Schedule, when not nil, is what happens, instead of what Seed would draw; its
	// Nodes and Length count, its seed does not.
	Schedule *fault.Schedule
	// Workloads are those of the level full; nil: full.Workloads.
	Workloads []string
	// Collect is how much virtual time lies between two collections of garbage, for a
	// process without any of its own; 0: none are made.
	Collect time.Duration
	// Bubble runs fn in a bubble of virtual time: synctest.Test of a test, or
	// Outside in any other program.
	Bubble func(fn func())
}

// A Result is a run, judged.
type Result struct {
	Schedule  fault.Schedule
	Diary     fault.Diary
	History   *history.History
	Verdict   *check.Verdict
	Ending    Ending
	Elections int
	Messages  int
	Wall      time.Duration // what the run took, without judging it
}

// An Ending is what was found when everything was healed.
type Ending struct {
	Recovered  time.Duration   `json:"recovered_ns"` // from the healing until an operation succeeded
	States     []history.State `json:"states,omitempty"`
	Violations []string        `json:"violations,omitempty"` // what must not be
	Unknown    []string        `json:"unknown,omitempty"`    // what could not be found out
	Notes      []string        `json:"notes,omitempty"`      // nodes that ended by themselves
}

// Times of the end of a run.
const (
	recovery = 30 * time.Second // within which a leader has to be there, and everything readable
	agreeing = 10 * time.Second // within which the states have to be equal
	copying  = 2 * time.Minute  // within which every blob has to be everywhere
)

// A run is one simulation under way.
type run struct {
	o     Options
	s     *fleet
	rec   *history.Recorder
	pools []*pool
	began time.Time
	res   *Result
	lost  []string // blobs that were named and gone

	answered atomic.Int64 // when the latest operation that has succeeded was begun
}

// Run runs one simulation and judges it. Its error says that nothing was found
// out: a verdict is in the Result, see Result.Outcome.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Level != LevelRaft && o.Level != LevelFull {
		return nil, fmt.Errorf("there is no level %q of simulation", o.Level)
	}
	if o.Shared && o.Level != LevelRaft {
		return nil, fmt.Errorf("at the level %s nodes share no store", o.Level)
	}
	res := &Result{}
	if o.Schedule != nil {
		res.Schedule = *o.Schedule
		res.Schedule.Seed = o.Seed
	} else {
		s, err := Draw(o.Level, o.Seed, o.Nodes, o.Virtual, o.Kinds)
		if err != nil {
			return nil, err
		}
		res.Schedule = s
	}
	o.Nodes, o.Virtual = res.Schedule.Nodes, time.Duration(res.Schedule.Length)
	var err error
	began := time.Now()
	o.Bubble(func() {
		//lint:ignore SA1019 raft draws its timeouts there
		rand.Seed(int64(o.Seed))
		err = inside(ctx, o.Virtual+stuckAfter, o.Collect, func(ctx context.Context) error {
			if o.Level == LevelFull {
				return res.playFull(ctx, o.Workloads)
			}
			r := &run{o: o, s: newFleet(o), res: res}
			return r.play(ctx)
		})
	})
	res.Wall = time.Since(began)
	if err == nil {
		err = res.judge(ctx)
	}
	return res, err
}

// Draw is the schedule that a seed draws, of the kinds that there can be at the
// level.
func Draw(level string, seed uint64, nodes int, length time.Duration, kinds []fault.Kind) (fault.Schedule, error) {
	if len(kinds) == 0 { // nothing is to be done
		return fault.Schedule{Seed: seed, Nodes: nodes, Length: fault.Span(length)}, nil
	}
	if level == LevelFull {
		kinds = full.Kinds(kinds)
	}
	return fault.Draw(seed, fault.Plan{Kinds: kinds, Nodes: nodes, Length: length, Longest: min(10*time.Second, length/6), Gap: min(2*time.Second, length/20)})
}

// stuckAfter is how long a run may go on behind its end, by its own time, before
// it is one that never ends.
const stuckAfter = 15 * time.Minute

// beat is how often a run is looked at: at moments that hardly anything else has.
const beat = time.Second + 7*time.Nanosecond

// inside gives fn a context of the bubble, which ends soon after the one from
// outside has: the channel of that is of no use in here. A run that does not end
// within most panics. collect is Options.Collect.
func inside(outside context.Context, most, collect time.Duration, fn func(context.Context) error) error {
	ctx, cancel := context.WithCancel(context.Background())
	var watch sync.WaitGroup
	over, began := make(chan struct{}), time.Now()
	watch.Go(func() {
		for collected := began; ; {
			select {
			case <-over:
				return
			default:
			}
			if outside.Err() != nil {
				cancel()
			}
			if time.Since(began) > most {
				panic(fmt.Sprintf("a run that should have ended goes on after %s of its time", most))
			}
			if collect > 0 && time.Since(collected) >= collect {
				runtime.GC() // while all others wait, so that it changes no order
				collected = time.Now()
			}
			sleep(over, beat)
		}
	})
	err := fn(ctx)
	close(over)
	watch.Wait()
	cancel()
	if outside.Err() != nil {
		return context.Cause(outside)
	}
	return err
}

// play is the run, in the bubble.
func (r *run) play(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, r.s.close()) }()
	if err := r.s.found(r.o.Nodes); err != nil {
		return err
	}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	r.rec, r.began = history.NewRecorder(nil), time.Now()
	r.rec.Watch(func(o *history.Op) {
		for o.Outcome == history.OK {
			if was := r.answered.Load(); was >= o.Call || r.answered.CompareAndSwap(was, o.Call) {
				return
			}
		}
	})
	from := r.rec.Now()
	over, playing := make(chan struct{}), make(chan struct{})
	var clients sync.WaitGroup
	n := 0
	for i := range workloads {
		w := &workloads[i]
		p := newPool(w.name, w.live, w.group)
		r.pools = append(r.pools, p)
		for range w.clients {
			c := r.client(w, n)
			n++
			clients.Go(func() { c.roam(ctx, p, over) })
		}
	}
	clients.Go(func() { r.lost = r.s.lost(over) })
	zero, nemesis := r.rec.Now(), fault.NewNemesis(r.s)
	go func() {
		defer close(playing)
		if err := nemesis.Play(ctx, r.res.Schedule, time.Minute); err != nil {
			r.res.Ending.Unknown = append(r.res.Ending.Unknown, "faults: "+err.Error())
		}
	}()
	<-playing
	r.settle(ctx)
	to := r.rec.Now()
	close(over)
	clients.Wait()
	r.res.Diary = nemesis.Diary()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.finish(ctx)
	r.res.Elections, r.res.Messages = int(r.s.elections.Load()), r.s.mesh.messages
	return r.collect(zero, from, to)
}

// settle lets the clients go on when all is healed, to the end of the schedule and
// at least for a quiet time behind the first success: a cluster may be slow to
// recover, and that it serves again is what the end of a run is to show.
func (r *run) settle(ctx context.Context) {
	healed := r.rec.Now()
	for end := time.Now().Add(recovery); r.answered.Load() < healed && time.Now().Before(end) && ctx.Err() == nil; {
		sleep(ctx.Done(), 20*time.Millisecond)
	}
	length := r.res.Schedule.Length
	sleep(ctx.Done(), max(fault.Quiet(length), time.Until(r.began.Add(time.Duration(length)))))
}

// client makes client n. Every second one is pinned to a node.
func (r *run) client(w *workload, n int) *client {
	c := &client{s: r.s, rec: r.rec, name: fmt.Sprintf("c%d", n+1), work: w, n: n, process: r.rec.Process(),
		rand: newRand(r.o.Seed, "client", n), seen: map[string]string{}}
	if n%2 == 0 {
		nodes := r.s.Nodes()
		c.endpoint = nodes[n/2%len(nodes)]
	}
	r.s.mesh.join(c.name, nil)
	return c
}
