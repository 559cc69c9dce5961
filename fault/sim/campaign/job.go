// Package campaign runs simulations one beside the other, each in a process of
// its own: what hangs or dies there is told, and takes nothing else with it. It
// finds out how reliably a seed that fails does so again, and makes its schedule
// small. It knows nothing of what a simulation does.
package campaign

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"bleepstore/conformance/check"
	"bleepstore/conformance/history"
	"bleepstore/fault"
	"bleepstore/fault/sim"
	"bleepstore/fault/sim/bubble"
)

// A Job is one simulation, as a child process is told.
type Job struct {
	Level    string          `json:"level"`
	Seed     uint64          `json:"seed"`
	Nodes    int             `json:"nodes"`
	Length   fault.Span      `json:"length"`
	Kinds    []string        `json:"kinds,omitempty"`    // groups or kinds of faults
	Schedule json.RawMessage `json:"schedule,omitempty"` // instead of what Seed draws
	Mutants  []string        `json:"mutants,omitempty"`
	Workload []string        `json:"workload,omitempty"` // of the level full; none: its own
	Shared   bool            `json:"shared,omitempty"`   // of the level raft: all nodes keep bodies in one store
	// Fated says that the run is to be the same every time: a process that did not
	// start as all do says so, and does not run it.
	Fated bool `json:"fated"`

	After `json:"-"`
}

// After is what is to be done with what a job showed. A child learns of it when
// the simulation is over: what it had read before, be it a longer name, would
// change the addresses of all that follows, and so the order of maps.
type After struct {
	// Dir gets history.jsonl, schedule.json and verdict.json, where the run is not
	// good or Keep says so; "": nothing is written.
	Dir  string `json:"dir"`
	Keep bool   `json:"keep"`
	// Repeat is the command that runs it again, for the history.
	Repeat string `json:"repeat"`
}

// A Report is what came of a job.
type Report struct {
	Outcome   sim.Outcome   `json:"outcome"`
	Why       []string      `json:"why,omitempty"`
	Virtual   time.Duration `json:"virtual_ns"`
	Wall      time.Duration `json:"wall_ns"`
	Ops       int           `json:"ops"` // that succeeded
	Elections int           `json:"elections"`
	Messages  int           `json:"messages"`
	Done      []check.Count `json:"done,omitempty"` // faults by kind
	Skipped   []check.Count `json:"skipped,omitempty"`
	Recovered time.Duration `json:"recovered_ns"`
	Notes     []string      `json:"notes,omitempty"`
	Events    int           `json:"events"`           // of the schedule
	Witness   int           `json:"witness"`          // operations of the shortest counterexample; 0: there is none
	At        time.Duration `json:"at_ns"`            // when the first one was complete; 0: there is none
	Astray    bool          `json:"astray,omitempty"` // nothing was run: see Job.Fated
	// Digest is the same of two runs whose histories are, to the nanosecond.
	Digest string `json:"digest"`
}

// Files of a run.
const (
	historyFile  = "history.jsonl"
	scheduleFile = "schedule.json"
	verdictFile  = "verdict.json"
)

// Why a bug cannot be planted.
var (
	ErrMutant   = errors.New("bugs are planted only in programs built with -tags mutants")
	ErrNoMutant = errors.New("there is no such bug: see bleepstore list --mutants")
)

// Plant plants bugs, by their names, in this process. Its error is ErrMutant or
// ErrNoMutant, with the name.
func Plant(names []string) error {
	for _, name := range names {
		switch {
		case len(fault.Bugs()) == 0:
			return fmt.Errorf("%s: %w", name, ErrMutant)
		case !fault.Plant(name):
			return fmt.Errorf("%s: %w", name, ErrNoMutant)
		}
	}
	return nil
}

// Child runs the job that stands in the first line of in, does what the second, an
// After, says of it, and writes a Report to out: what a child process does. The
// program has to let its seed decide math/rand (//go:debug randseednop=0), and
// listens for no signals: that takes threads, whose race changes what a seed plays.
func Child(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	var j Job
	if err := next(lines, &j); err != nil {
		return fmt.Errorf("read job: %w", err)
	}
	if j.Fated && threads() > freshThreads {
		return json.NewEncoder(out).Encode(Report{Astray: true})
	}
	rand.Reader = &stream{r: mathrand.NewChaCha8(sha256.Sum256(binary.BigEndian.AppendUint64([]byte("secrets"), j.Seed)))}
	res, err := j.run(ctx)
	if err != nil {
		return err
	}
	if err := next(lines, &j.After); err != nil {
		return fmt.Errorf("read what is to be done with it: %w", err)
	}
	r := report(res)
	if j.Dir != "" && (j.Keep || r.Outcome != sim.Good) {
		res.History.Repeat = j.Repeat
		if err := write(j.Dir, res); err != nil {
			return err
		}
	}
	return json.NewEncoder(out).Encode(r)
}

// next reads a value that is a line.
func next(lines *bufio.Reader, v any) error {
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// freshThreads is how many threads a program of Go 1.26 has that has done nothing.
// At times one more is made while another is about to rest, and then random
// numbers and addresses, which decide the order of maps, are others.
const freshThreads = 4

// threads counts those of this process; 0 where it cannot be told.
func threads() int {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return 0
	}
	return len(tasks)
}

// A stream is the random bytes of crypto/rand in a child: keys and names that
// nobody is to guess, but that are the same every time. See environment.
type stream struct {
	mu sync.Mutex
	r  *mathrand.ChaCha8
}

func (s *stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.r.Read(p)
}

func (j *Job) run(ctx context.Context) (*sim.Result, error) {
	if err := Plant(j.Mutants); err != nil {
		return nil, err
	}
	o := sim.Options{Level: j.Level, Seed: j.Seed, Nodes: j.Nodes, Virtual: time.Duration(j.Length), Bubble: bubble.Run, Collect: collect, Workloads: j.Workload, Shared: j.Shared}
	var err error
	if o.Kinds, err = fault.Choose(j.Kinds); err != nil {
		return nil, err
	}
	if j.Schedule != nil {
		s, err := fault.ReadSchedule(bytes.NewReader(j.Schedule))
		if err != nil {
			return nil, err
		}
		o.Schedule = &s
	}
	return sim.Run(ctx, o)
}

func report(res *sim.Result) *Report {
	r := &Report{
		Virtual: time.Duration(res.Schedule.Length), Wall: res.Wall, Elections: res.Elections, Messages: res.Messages,
		Recovered: res.Ending.Recovered, Notes: res.Ending.Notes, Events: len(res.Schedule.Events),
	}
	r.Outcome, r.Why = res.Outcome()
	r.Digest = digest(res.History)
	for _, w := range res.Verdict.Workloads {
		r.Ops += w.Succeeded
		for _, v := range w.Violations {
			n := len(v.Ops)
			if n == 0 {
				continue
			}
			if r.Witness == 0 || n < r.Witness {
				r.Witness = n
			}
			if at := complete(v.Ops); r.At == 0 || at < r.At {
				r.At = at
			}
		}
	}
	if f := res.Verdict.Faults; f != nil {
		r.Done, r.Skipped = f.Done, f.Skipped
	}
	return r
}

// digest is that of the operations of a history.
func digest(h *history.History) string {
	sum := sha256.New()
	enc := json.NewEncoder(sum)
	for _, load := range h.Workloads {
		for _, op := range h.Of(load.Name) {
			if err := enc.Encode(op); err != nil {
				panic(err) // a hash takes everything, and an operation is to be written
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// complete is when the last of some operations had begun, and has ended if it did.
func complete(ops []history.Op) (at time.Duration) {
	for _, op := range ops {
		at = max(at, time.Duration(op.Call))
		if op.Ended() {
			at = max(at, time.Duration(op.Return))
		}
	}
	return at
}

// write leaves what a run showed in a directory.
func write(dir string, res *sim.Result) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(res.Verdict, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(
		writeTo(filepath.Join(dir, historyFile), func(w io.Writer) error { return writeHistory(w, res.History) }),
		writeTo(filepath.Join(dir, scheduleFile), func(w io.Writer) error { return fault.WriteSchedule(w, res.Schedule) }),
		os.WriteFile(filepath.Join(dir, verdictFile), append(text, '\n'), 0o644),
	)
}

func writeHistory(w io.Writer, h *history.History) error {
	to, err := history.NewWriter(w, h.Header)
	if err != nil {
		return err
	}
	for _, load := range h.Workloads { // one after the other, as bleepstore replay wants them
		for _, op := range h.Of(load.Name) {
			to.Add(op)
		}
	}
	return to.Flush()
}

func writeTo(name string, fill func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(fill(f), f.Close())
}
