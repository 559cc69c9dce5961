package campaign

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"bleepstore/fault"
	"bleepstore/fault/sim"
)

// Reruns is how often a seed that failed is run again.
const Reruns = 5

// tries is how often a smaller schedule is tried: a failure may not come every
// time.
const tries = 2

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

// close looks closer at a violation: how often it comes again, and how little of
// its schedule that takes.
func (c *Campaign) close(ctx context.Context, f *Failure) {
	j := c.job(f.Seed)
	j.Dir = ""
	failed, _, _ := c.again(ctx, j, Reruns)
	f.Again = fmt.Sprintf("%d of %d", failed, Reruns)
	fmt.Fprintf(c.Say, "seed %d failed again in %s reruns\n", f.Seed, f.Again)
	s, err := c.scheduleOf(j)
	if err != nil {
		fmt.Fprintf(c.Say, "its schedule cannot be made smaller: %v\n", err)
		return
	}
	began := time.Now()
	limit := c.Shrinking
	if limit == 0 {
		limit = time.Minute
	}
	searching, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	small := fault.Shrink(searching, s, func(ctx context.Context, s fault.Schedule) bool {
		n, _, _ := c.again(ctx, with(j, s), tries)
		return n > 0
	})
	f.Shrunk = c.confirm(ctx, with(j, small), small)
	f.Shrunk.Took = time.Since(began)
}

// confirm runs the smallest schedule some more, and keeps the shortest
// counterexample.
func (c *Campaign) confirm(ctx context.Context, j Job, s fault.Schedule) *Shrunk {
	out := &Shrunk{Schedule: s, Events: len(s.Events)}
	name := ""
	if c.Out != "" {
		name = filepath.Join(c.Out, scheduleFile)
		j.Dir = c.Out
		j.Repeat = c.Repeat(j.Seed, name)
		out.Repeat = j.Repeat
	}
	failed, best, _ := c.again(ctx, j, Reruns)
	out.Again = fmt.Sprintf("%d of %d", failed, Reruns)
	if best != nil {
		out.Ops, out.Why = best.Witness, best.Why
	}
	if name != "" {
		if err := writeTo(name, func(w writer) error { return fault.WriteSchedule(w, s) }); err != nil {
			fmt.Fprintf(c.Say, "write %s: %v\n", name, err)
		}
	}
	return out
}

// again runs a job n times, and returns how often it was a violation, and the
// report with the shortest counterexample. Its files stay in the job's directory.
func (c *Campaign) again(ctx context.Context, j Job, n int) (failed int, best *Report, dir string) {
	keep := j.Dir
	for i := range n {
		if keep != "" {
			j.Dir = filepath.Join(keep, fmt.Sprintf("rerun-%d", i+1))
		}
		r, err := c.run(ctx, j)
		if err != nil || r.Outcome != sim.Violation {
			continue
		}
		failed++
		if best == nil || r.Witness > 0 && (best.Witness == 0 || r.Witness < best.Witness) {
			best, dir = r, j.Dir
		}
		if keep == "" && n == tries {
			break // once is enough
		}
	}
	if keep != "" && dir != "" {
		for _, name := range []string{historyFile, verdictFile} {
			_ = os.Rename(filepath.Join(dir, name), filepath.Join(keep, name)) // or it stays where it is
		}
		for i := range n {
			_ = os.RemoveAll(filepath.Join(keep, fmt.Sprintf("rerun-%d", i+1)))
		}
	}
	return failed, best, dir
}

// with is the job with another schedule.
func with(j Job, s fault.Schedule) Job {
	var b bytes.Buffer
	if err := fault.WriteSchedule(&b, s); err != nil {
		panic(err) // it is one that was read or drawn
	}
	j.Schedule = json.RawMessage(b.Bytes())
	return j
}

// scheduleOf is what happens in a job.
func (c *Campaign) scheduleOf(j Job) (fault.Schedule, error) {
	if j.Schedule != nil {
		return fault.ReadSchedule(bytes.NewReader(j.Schedule))
	}
	kinds, err := fault.Choose(j.Kinds)
	if err != nil {
		return fault.Schedule{}, err
	}
	return sim.Draw(j.Level, j.Seed, j.Nodes, time.Duration(j.Length), kinds)
}
