package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// Faults is what a run with faults shows besides the levels of its workloads:
// whether there was enough to judge, and how the server fared.
type Faults struct {
	Done    []Count `json:"done"` // by kind
	Skipped []Count `json:"skipped,omitempty"`
	Failed  []Count `json:"failed,omitempty"`

	MinRate float64  `json:"min_rate"`
	Rate    float64  `json:"rate"` // successes a second, of the whole run
	Windows []Window `json:"windows"`
	// Slowest is the slowest stretch of Patience that counts; nil: none was so long.
	Slowest *Window `json:"slowest,omitempty"`
	// Stall is the longest time that counts without any success.
	Stall      time.Duration `json:"stall_ns"`
	StallAt    time.Duration `json:"stall_at_ns"`
	Recoveries []Recovery    `json:"recoveries"`
	// Everywhere is how long after the last fault every endpoint had served again;
	// Silent: one has not.
	Everywhere time.Duration `json:"everywhere_ns"`
	Silent     bool          `json:"silent,omitempty"`

	States       []history.State `json:"states,omitempty"`
	Diverged     string          `json:"diverged,omitempty"`     // nodes that have applied the same, and differ
	Slow         string          `json:"slow,omitempty"`         // it recovers more slowly than within Patience
	Failing      []string        `json:"failing,omitempty"`      // what is wrong, and gates
	Starved      []string        `json:"starved,omitempty"`      // workloads that show nothing, and why
	Inconclusive string          `json:"inconclusive,omitempty"` // why the run shows nothing
}

// A Count is how often there was something.
type Count struct {
	What string `json:"what"`
	N    int    `json:"n"`
}

// A Window is a part of a run.
type Window struct {
	Name    string        `json:"name"`
	From    time.Duration `json:"from_ns"` // since clients were let loose
	Length  time.Duration `json:"length_ns"`
	Counted time.Duration `json:"counted_ns"` // with a quorum, and not recovering
	Rate    float64       `json:"rate"`       // successes a second of Counted
}

// Judge judges what was added, and says in v, of each workload too, what shows
// nothing.
func (w *Windows) Judge(v *Verdict) {
	f := &Faults{MinRate: w.faults.MinRate, States: w.faults.States, Failing: slices.Clone(w.faults.Broken)}
	v.Faults = f
	f.count(w.faults)
	all, writes := newTimes(w.all), newTimes(slices.DeleteFunc(slices.Clone(w.all), func(s success) bool { return !s.write }))
	if d := w.whole().length(); d > 0 {
		f.Rate = float64(all.within(w.whole())) / d.Seconds()
	}
	f.Diverged = diverged(w.faults.States)
	faults, some := w.disturbed()
	if !some {
		f.Inconclusive = "no fault was done"
		return
	}
	var why []string
	for i, s := range []stretch{{w.faults.From, faults.from}, faults, {faults.to, w.faults.To}} {
		x := w.window([]string{"before", "during", "after"}[i], s, all)
		f.Windows = append(f.Windows, x)
		why = append(why, x.thin(w.faults.MinRate)...)
		if x.Counted >= leastWindow {
			w.floor(v, x.Name, w.counted(s, all))
		}
	}
	if f.Diverged == "" && !f.equal() {
		why = append(why, "the nodes had not applied the same in the end")
	}
	f.Inconclusive = strings.Join(why, "; ")
	f.slowest(w, all)
	f.Recoveries = w.recoveries(all, writes)
	took, ok := w.everywhere()
	f.Everywhere, f.Silent = took, !ok
	f.late(w.faults.Recovery)
}

func (f *Faults) count(of *history.Faults) {
	add := func(to *[]Count, what string) {
		i := slices.IndexFunc(*to, func(c Count) bool { return c.What == what })
		if i < 0 {
			i = len(*to)
			*to = append(*to, Count{What: what})
		}
		(*to)[i].N++
	}
	for _, b := range of.Bands {
		if b.Skipped != "" {
			add(&f.Skipped, b.Kind+": "+b.Skipped)
			continue
		}
		add(&f.Done, b.Kind)
		if b.Failed != "" {
			add(&f.Failed, b.Failed)
		}
	}
	for _, c := range [][]Count{f.Done, f.Skipped, f.Failed} {
		slices.SortFunc(c, func(a, b Count) int { return strings.Compare(a.What, b.What) })
	}
}

// window measures one of the three.
func (w *Windows) window(name string, s stretch, t *times) Window {
	x := Window{Name: name, From: time.Duration(s.from - w.faults.From), Length: s.length()}
	n := 0
	for _, part := range w.counted(s, t) {
		x.Counted += part.length()
		n += t.within(part)
	}
	if x.Counted > 0 {
		x.Rate = float64(n) / x.Counted.Seconds()
	}
	return x
}

// thin says why a window shows nothing.
func (x Window) thin(least float64) []string {
	switch {
	case x.Counted < leastWindow && x.Name == "during":
		return nil // no quorum that could be asked anything
	case x.Counted < leastWindow:
		return []string{fmt.Sprintf("only %s %s the faults count: no quorum lived, or the run is too short", x.Counted.Round(time.Millisecond), x.Name)}
	case x.Rate < least:
		return []string{fmt.Sprintf("%s the faults, while a quorum lived, %.1f operations a second succeeded, and %g are needed", x.Name, x.Rate, least)}
	}
	return nil
}

// floor says of every workload that has hardly done anything in a window that it
// shows nothing.
func (w *Windows) floor(v *Verdict, window string, parts []stretch) {
	for i := range v.Workloads {
		l := &v.Workloads[i]
		n, t := 0, newTimes(w.of[l.Name])
		for _, s := range parts {
			n += t.within(s)
		}
		if n < handful {
			why := fmt.Sprintf("only %d of its operations succeeded %s the faults while a quorum lived", n, window)
			l.Level = min(l.Level, model.Eventual)
			l.Inconclusive = strings.TrimPrefix(l.Inconclusive+"; "+why, "; ")
			v.Faults.Starved = append(v.Faults.Starved, l.Name+": "+why)
		}
	}
}

// slowest finds the slowest stretch of Patience, and the longest silence.
func (f *Faults) slowest(w *Windows, t *times) {
	for _, s := range w.counted(w.whole(), t) {
		last := s.from
		i, _ := slices.BinarySearch(t.rets, s.from)
		for from := s.from; ; i++ {
			if x := (stretch{from, from + int64(Patience)}); x.to <= s.to {
				rate := float64(t.within(x)) / Patience.Seconds()
				if f.Slowest == nil || rate < f.Slowest.Rate {
					f.Slowest = &Window{"slowest", time.Duration(from - w.faults.From), Patience, Patience, rate}
				}
			}
			end := i >= len(t.rets) || t.rets[i] >= s.to
			next := s.to
			if !end {
				next = t.rets[i]
			}
			if d := time.Duration(next - last); d > f.Stall {
				f.Stall, f.StallAt = d, time.Duration(last-w.faults.From)
			}
			if end {
				break
			}
			last, from = next, next+1
		}
	}
}

// late says that a recovery took too long, which gates where gate is above 0.
func (f *Faults) late(gate time.Duration) {
	var worst Recovery
	for _, r := range f.Recoveries {
		if max(r.First, r.Write) > max(worst.First, worst.Write) {
			worst = r
		}
	}
	took := max(worst.First, worst.Write)
	says := fmt.Sprintf("first success %s, first write %s after %s into the run", worst.First.Round(time.Millisecond), worst.Write.Round(time.Millisecond), worst.At.Round(time.Millisecond))
	if took > Patience {
		f.Slow = says
	}
	if gate > 0 && took > gate {
		f.Failing = append(f.Failing, fmt.Sprintf("slow to recover: %s, and %s is what is allowed", says, gate))
	}
	if gate > 0 && f.Silent {
		f.Failing = append(f.Failing, "a node served nothing after the last fault")
	}
}

// diverged names two nodes that have applied the same, and are not the same.
func diverged(states []history.State) string {
	for i, a := range states {
		for _, b := range states[:i] {
			if a.Applied == b.Applied && a.Hash != b.Hash {
				return fmt.Sprintf("%s and %s have applied the log up to %d, and differ: %s, %s", b.Node, a.Node, a.Applied, b.Hash, a.Hash)
			}
		}
	}
	return ""
}
