package campaign

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"bleepstore/fault"
	"bleepstore/fault/sim"
)

const (
	// Reruns is how often a seed that failed is run again.
	Reruns = 5
	// tries is how often a smaller schedule is tried, each time with another seed
	// for what the schedule leaves open: a failure may not come every time.
	tries = 4
	// behind is how much of a run is kept behind its first failure.
	behind = 3 * time.Second
)

// A Shrunk is the smallest schedule that was found to fail.
type Shrunk struct {
	Schedule fault.Schedule `json:"schedule"`
	Events   int            `json:"events"`
	Ops      int            `json:"ops"` // of the shortest counterexample that it gave; 0: what failed was no history
	Why      []string       `json:"why"`
	Again    string         `json:"again"`
	Repeat   string         `json:"repeat,omitempty"`
	Took     time.Duration  `json:"took_ns"`
}

// examine looks closer at a violation: how often it comes again, and how little
// of its schedule that takes.
func (c *Campaign) examine(ctx context.Context, f *Failure) error {
	j := c.job(f.Seed)
	j.Dir = ""
	failed, same := c.violations(ctx, repeated(j, Reruns)), 0
	for _, r := range failed {
		if r.Digest == f.digest {
			same++
		}
	}
	f.Again = fmt.Sprintf("%d of %d reruns, %d of them the same to the nanosecond", len(failed), Reruns, same)
	fmt.Fprintf(c.Say, "seed %d failed again in %s\n", f.Seed, f.Again)
	s, err := c.scheduleOf(j)
	if err != nil {
		return err
	}
	began := time.Now()
	searching, cancel := context.WithTimeout(ctx, c.Shrinking)
	defer cancel()
	fails := func(ctx context.Context, s *fault.Schedule) bool {
		seed, ok := c.fails(ctx, j, *s)
		if ok {
			s.Seed = seed
		}
		return ok
	}
	if early := until(s, f.at); fails(searching, &early) {
		s = early
	}
	seed := s.Seed
	s = fault.Shrink(searching, s, func(ctx context.Context, s fault.Schedule) bool {
		ok := fails(ctx, &s)
		if ok {
			seed = s.Seed
		}
		return ok
	})
	s.Seed = seed
	f.Shrunk, err = c.confirm(ctx, j, s)
	f.Shrunk.Took = time.Since(began)
	return err
}

// until is a schedule as far as something can have come of it by then: 0 is the
// end.
func until(s fault.Schedule, then time.Duration) fault.Schedule {
	if then == 0 {
		return s
	}
	end := min(s.Length, fault.Span(then+behind))
	s.Length = end
	s.Events = slices.DeleteFunc(slices.Clone(s.Events), func(e fault.Event) bool { return e.At >= fault.Span(then) })
	for i := range s.Events {
		if e := &s.Events[i]; e.End() > end {
			e.For = end - e.At
		}
	}
	return s
}

// fails tries a schedule with several seeds, and returns one that failed.
func (c *Campaign) fails(ctx context.Context, j Job, s fault.Schedule) (seed uint64, ok bool) {
	var jobs []Job
	for i := range tries {
		s.Seed = Seed(j.Seed, i*1000)
		jobs = append(jobs, with(j, s))
	}
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	var mu sync.Mutex
	c.each(ctx, jobs, func(at int, r *Report) {
		mu.Lock()
		defer mu.Unlock()
		if r.Outcome == sim.Violation && !ok {
			seed, ok = jobs[at].Seed, true
			enough()
		}
	})
	return seed, ok
}

// confirm runs the smallest schedule some more, and keeps what it leaves.
func (c *Campaign) confirm(ctx context.Context, j Job, s fault.Schedule) (*Shrunk, error) {
	j = with(j, s)
	out := &Shrunk{Schedule: s, Events: len(s.Events)}
	if c.Out != "" {
		j.Dir = c.Out // the last that fails stays
		j.Repeat = c.Repeat(0, c.file(scheduleFile))
		out.Repeat = j.Repeat
		if err := writeTo(c.file(scheduleFile), func(w writer) error { return fault.WriteSchedule(w, s) }); err != nil {
			return out, err
		}
	}
	failed := c.violations(ctx, repeated(j, Reruns))
	out.Again = fmt.Sprintf("%d of %d", len(failed), Reruns)
	for _, r := range failed {
		if out.Why == nil || r.Witness > 0 && (out.Ops == 0 || r.Witness < out.Ops) {
			out.Ops, out.Why = r.Witness, r.Why
		}
	}
	return out, nil
}

// violations runs jobs and returns what was a violation.
func (c *Campaign) violations(ctx context.Context, jobs []Job) (out []*Report) {
	var mu sync.Mutex
	c.each(ctx, jobs, func(_ int, r *Report) {
		mu.Lock()
		defer mu.Unlock()
		if r.Outcome == sim.Violation {
			out = append(out, r)
		}
	})
	return out
}

// each runs jobs, as many at a time as the campaign may, and hands their reports
// over. One that hangs or dies has none.
func (c *Campaign) each(ctx context.Context, jobs []Job, fn func(at int, r *Report)) {
	next := make(chan int)
	var workers sync.WaitGroup
	for range max(1, c.Jobs) {
		workers.Go(func() {
			for i := range next {
				if r, err := c.run(ctx, jobs[i]); err == nil {
					fn(i, r)
				}
			}
		})
	}
	for i := range jobs {
		if ctx.Err() == nil {
			next <- i
		}
	}
	close(next)
	workers.Wait()
}

func repeated(j Job, n int) (out []Job) {
	for range n {
		out = append(out, j)
	}
	return out
}

// with is the job with another schedule, and its seed.
func with(j Job, s fault.Schedule) Job {
	var b bytes.Buffer
	if err := fault.WriteSchedule(&b, s); err != nil {
		panic(err) // it is one that was read or drawn
	}
	j.Schedule, j.Seed, j.Length = json.RawMessage(b.Bytes()), s.Seed, s.Length
	return j
}

// scheduleOf is what happens in a job.
func (c *Campaign) scheduleOf(j Job) (s fault.Schedule, err error) {
	if j.Schedule != nil {
		s, err = fault.ReadSchedule(bytes.NewReader(j.Schedule))
		s.Seed = j.Seed
		return s, err
	}
	kinds, err := fault.Choose(j.Kinds)
	if err != nil {
		return s, err
	}
	return sim.Draw(j.Level, j.Seed, j.Nodes, time.Duration(j.Length), kinds)
}
