package fault

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// A Plan says what schedules Draw makes.
type Plan struct {
	Kinds   []Kind // from which events are drawn
	Nodes   int
	Length  time.Duration // of the run
	Before  time.Duration // nothing happens in the beginning; 0: a sixth of Length
	After   time.Duration // nor in the end; 0: a sixth of Length
	Overlap int           // most events at a time; 0: 3
	Longest time.Duration // an event; 0: 10 s
	Gap     time.Duration // mean time without any event between two; 0: 2 s
}

// shortest is how long a fault lasts at least.
const shortest = 200 * time.Millisecond

// Quiet is how long a run goes on, at least, when all is healed and the first
// operation has succeeded again: shorter windows show nothing.
func Quiet(length Span) time.Duration { return max(2*time.Second, time.Duration(length)/6) }

// Draw makes a schedule from a seed: the same plan and seed give the same. Groups
// of kinds are as frequent as each other.
func Draw(seed uint64, p Plan) (Schedule, error) {
	if len(p.Kinds) == 0 || p.Nodes < 1 {
		return Schedule{}, errors.New("draw a schedule: no kinds of faults, or no nodes")
	}
	p.Before, p.After = cmp.Or(p.Before, p.Length/6), cmp.Or(p.After, p.Length/6)
	p.Overlap, p.Longest, p.Gap = cmp.Or(p.Overlap, 3), cmp.Or(p.Longest, 10*time.Second), cmp.Or(p.Gap, 2*time.Second)
	end := p.Length - p.After
	if end-p.Before < time.Second {
		return Schedule{}, fmt.Errorf("draw a schedule: %s are too short for faults with quiet before and after", p.Length)
	}
	r := rand.New(rand.NewPCG(seed, 0x7363686564))
	groups := byGroup(p.Kinds)
	s := Schedule{Seed: seed, Nodes: p.Nodes, Length: Span(p.Length)}
	for at := p.Before; at < end; {
		last := at
		for n := 1 + r.IntN(p.Overlap); n > 0; n-- { // a bout
			e := drawn(r, groups, p.Longest)
			e.At = Span((at + time.Duration(r.Int64N(int64(time.Second)))).Truncate(time.Millisecond))
			if left := Span(end) - e.At; left < Span(shortest) {
				continue
			} else if e.For > left {
				e.For = left
			}
			last = max(last, time.Duration(e.End()))
			s.Events = append(s.Events, e)
		}
		at = last + time.Duration(r.ExpFloat64()*float64(p.Gap)) + 100*time.Millisecond
	}
	return s, s.check()
}

func byGroup(kinds []Kind) [][]Kind {
	var groups [][]Kind
	for _, k := range kinds {
		i := slices.IndexFunc(groups, func(g []Kind) bool { return g[0].Group == k.Group })
		if i < 0 {
			groups = append(groups, []Kind{k})
			continue
		}
		groups[i] = append(groups[i], k)
	}
	return groups
}

// drawn is an event of any kind, at no time yet. Most are short.
func drawn(r *rand.Rand, groups [][]Kind, longest time.Duration) Event {
	g := groups[r.IntN(len(groups))]
	k := g[r.IntN(len(g))]
	e := Event{Kind: k.Name}
	if k.Draw != nil {
		e.Args = k.Draw(r)
	}
	e.Args.Pick = r.Uint64N(1 << 32)
	if !k.Brief {
		d := time.Duration(float64(longest) * r.Float64() * r.Float64())
		e.For = Span(max(shortest, d.Truncate(time.Millisecond)))
	}
	return e
}
