package campaign

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"bleepstore/conformance/check"
	"bleepstore/fault/sim"
)

// A Campaign is many seeds of one simulation.
type Campaign struct {
	Command []string // starts a child, which calls Child
	Env     []string // of a child besides what makes it run the same every time
	Job     Job      // of the first seed; Dir and Keep are the campaign's
	Runs    int
	Jobs    int       // children at a time
	Out     string    // where results go; "": a run that fails leaves nothing
	Say     io.Writer // progress, a line each
	// Repeat is the command that runs one seed alone, or, where that is not "", a
	// schedule's file, which has a seed of its own.
	Repeat func(seed uint64, schedule string) string
	// KeepGoing runs all seeds, also after one has failed.
	KeepGoing bool
	// Shrinking bounds the search for a smaller schedule; 0: there is none, and what
	// failed is not run again.
	Shrinking time.Duration

	fateless sync.Once // it is told once that children cannot be given a fate

	mu    sync.Mutex
	began time.Time
	sum   Sum
}

// A Sum is what came of all seeds.
type Sum struct {
	Runs      int           `json:"runs"` // that came to their end
	Virtual   time.Duration `json:"virtual_ns"`
	Wall      time.Duration `json:"wall_ns"`
	Ops       int           `json:"ops"`
	Elections int           `json:"elections"`
	Done      []check.Count `json:"done"`
	Skipped   []check.Count `json:"skipped,omitempty"`
	Notes     []string      `json:"notes,omitempty"` // of nodes that ended by themselves
	Recovered time.Duration `json:"recovered_ns"`
	Failed    []Failure     `json:"failed,omitempty"` // in the order in which they came
}

// A Failure is a seed whose run was not good.
type Failure struct {
	Seed    uint64      `json:"seed"`
	Outcome sim.Outcome `json:"outcome"` // "" where the child hung or died
	Why     []string    `json:"why"`
	Repeat  string      `json:"repeat"`
	Dir     string      `json:"dir,omitempty"`
	Again   string      `json:"again,omitempty"`  // how often it failed again, of how many reruns, and how many were the same
	Shrunk  *Shrunk     `json:"shrunk,omitempty"` // of the first violation

	at     time.Duration // when it had happened, in the run; 0: in the end
	digest string        // of the run's history
}

// Seed is the i-th seed from first on: the first is first itself.
func Seed(first uint64, i int) uint64 {
	if i == 0 {
		return first
	}
	x := first + uint64(i)*0x9e3779b97f4a7c15 // splitmix64
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return (x ^ x>>31) & 0xffffffff // short enough to type
}

// Run runs all seeds, looks closer at the first violation, and returns what
// came of it. Its error is that of ctx.
func (c *Campaign) Run(ctx context.Context) (Sum, error) {
	c.began = time.Now()
	running, stop := context.WithCancel(ctx)
	defer stop()
	seeds := make(chan uint64)
	var workers sync.WaitGroup
	for range max(1, c.Jobs) {
		workers.Go(func() {
			for seed := range seeds {
				c.one(running, seed, stop)
			}
		})
	}
feed:
	for i := range c.Runs {
		select {
		case seeds <- Seed(c.Job.Seed, i):
		case <-running.Done():
			break feed
		}
	}
	close(seeds)
	workers.Wait()
	c.sum.Wall = time.Since(c.began)
	if ctx.Err() != nil {
		return c.sum, context.Cause(ctx)
	}
	for i := range c.sum.Failed {
		if f := &c.sum.Failed[i]; f.Outcome == sim.Violation && c.Shrinking > 0 {
			if err := c.examine(ctx, f); err != nil {
				return c.sum, err
			}
			break
		}
	}
	return c.sum, ctx.Err()
}

// one runs a seed. stop ends the campaign where a violation is to.
func (c *Campaign) one(ctx context.Context, seed uint64, stop func()) {
	j := c.job(seed)
	r, err := c.run(ctx, j)
	if err != nil && ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f := Failure{Seed: seed, Repeat: j.Repeat, Dir: j.Dir}
	if err != nil {
		f.Why = []string{err.Error()}
	} else {
		c.add(r)
		f.Outcome, f.Why, f.at, f.digest = r.Outcome, r.Why, r.At, r.Digest
	}
	if f.Outcome == sim.Good {
		c.progress(seed, r)
		return
	}
	c.sum.Failed = append(c.sum.Failed, f)
	fmt.Fprintf(c.Say, "seed %d: %s\n  %s\n  repeat: %s\n", seed, strings.ToUpper(string(cmpOr(f.Outcome, "no verdict"))),
		strings.ReplaceAll(strings.Join(f.Why, "\n"), "\n", "\n  "), f.Repeat)
	if f.Outcome == sim.Violation && !c.KeepGoing {
		stop()
	}
}

func cmpOr(o sim.Outcome, other string) sim.Outcome {
	if o == "" {
		return sim.Outcome(other)
	}
	return o
}

// job is the job of one seed.
func (c *Campaign) job(seed uint64) Job {
	j := c.Job
	j.Seed, j.Dir = seed, ""
	j.Repeat = c.Repeat(seed, "")
	if c.Out != "" {
		j.Dir = filepath.Join(c.Out, fmt.Sprintf("seed-%d", seed))
	}
	return j
}

// file is one of the campaign's own.
func (c *Campaign) file(name string) string { return filepath.Join(c.Out, name) }

// add takes a report into the sum.
func (c *Campaign) add(r *Report) {
	s := &c.sum
	s.Runs++
	s.Virtual += r.Virtual
	s.Ops += r.Ops
	s.Elections += r.Elections
	s.Notes = append(s.Notes, r.Notes...)
	s.Recovered = max(s.Recovered, r.Recovered)
	merge(&s.Done, r.Done)
	merge(&s.Skipped, r.Skipped)
}

func merge(to *[]check.Count, from []check.Count) {
	for _, c := range from {
		i := slices.IndexFunc(*to, func(o check.Count) bool { return o.What == c.What })
		if i < 0 {
			*to = append(*to, c)
			continue
		}
		(*to)[i].N += c.N
	}
	slices.SortFunc(*to, func(a, b check.Count) int { return strings.Compare(a.What, b.What) })
}

// progress tells of a run that was good, not more often than is read.
func (c *Campaign) progress(seed uint64, r *Report) {
	if every := max(1, c.Runs/20); c.sum.Runs%every == 0 {
		fmt.Fprintf(c.Say, "%3d of %d, after %s: seed %d ok: %d operations, %d elections, %d faults\n", c.sum.Runs, c.Runs,
			time.Since(c.began).Round(100*time.Millisecond), seed, r.Ops, r.Elections, total(r.Done))
	}
}

func total(cs []check.Count) (n int) {
	for _, c := range cs {
		n += c.N
	}
	return n
}

// mostIdle is the share of a campaign's runs that may show nothing, as when a seed
// draws faults that leave no quorum for long: the campaign speaks of the others,
// and says how many they are.
const mostIdle = 0.1

// Outcome is the gravest of all. A campaign in which nothing came to its end shows
// nothing, nor does one of which a run hung or died, or more than mostIdle of the
// runs were inconclusive.
func (s *Sum) Outcome() sim.Outcome {
	idle, lost := 0, 0
	for _, f := range s.Failed {
		switch f.Outcome {
		case sim.Violation:
			return sim.Violation
		case sim.Inconclusive:
			idle++
		default:
			lost++
		}
	}
	if s.Runs == 0 || lost > 0 || float64(idle) > mostIdle*float64(s.Runs) {
		return sim.Inconclusive
	}
	return sim.Good
}
