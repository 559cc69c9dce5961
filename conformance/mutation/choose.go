package mutation

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"bleepstore/conformance"
	"bleepstore/fault"
)

// mostControl is how long the control of one area took, without bugs, at most: of
// scenarios that take longer there is one.
const mostControl = time.Second

// A base is what became of the scenarios without any bug.
type base struct {
	scenes []Scene
	passes map[string]bool            // by scenario
	took   map[string]time.Duration   // likewise
	waits  map[string]bool            // likewise: may need patience
	draws  map[string]bool            // likewise: does something else under another seed
	met    map[string]map[string]bool // by bug, the scenarios that had its occasion
	breaks map[string]bool            // invariants that a server which is not our own breaks itself
}

func newBase(scenes []Scene) *base {
	return &base{scenes: scenes, passes: map[string]bool{}, took: map[string]time.Duration{}, waits: map[string]bool{}, draws: map[string]bool{}, met: map[string]map[string]bool{}, breaks: map[string]bool{}}
}

// brisk is how long a scenario that had nothing to wait for, without bugs, waits for
// a change with one.
const brisk = 500 * time.Millisecond

// hurry has a job wait briefly where nothing had to be waited for.
func (b *base) hurry(j *Job) {
	j.Brisk, j.Patient = brisk, nil
	for _, ids := range [][]string{j.First, j.Then, j.Rest} {
		for _, id := range ids {
			if b.waits[id] && !slices.Contains(j.Patient, id) {
				j.Patient = append(j.Patient, id)
			}
		}
	}
	for _, ids := range j.More {
		for _, id := range ids {
			if b.waits[id] {
				j.Patient = append(j.Patient, id)
			}
		}
	}
}

// sip is how many scenarios of each area are run at first, of those that are drawn to
// be its control. There are more than twenty areas, so that a bug which breaks a part
// of each shows in too many of them; where one fails more of its area are run.
const sip = 1

// A choice is what is run with one mutant.
type choice struct {
	job   Job
	named []string        // ids of scenarios and invariants of which one must fail
	own   map[string]bool // areas of those
	areas map[string]area // the other ones
}

// An area is one in which a mutant must not show.
type area struct {
	all int // scenarios that pass without bugs
	met int // of these, had the mutant's occasion
}

// choose says what is run with a mutant. It is nil where nothing that is named
// passes.
func (b *base) choose(m fault.Mutant, ground string, seed uint64, control int) *choice {
	c := &choice{own: map[string]bool{}, areas: map[string]area{}, job: Job{Ground: ground, Seed: seed, Mutant: m.Name, More: map[string][]string{}}}
	var named []Scene
	for _, s := range b.scenes {
		if names(m, s) && (s.Shape || b.passes[s.ID]) {
			named = append(named, s)
			c.named = append(c.named, s.ID)
			c.own[s.Area] = true
		}
	}
	if len(named) == 0 {
		return nil
	}
	draw := drawer(m.Name, seed)
	for _, s := range named {
		if s.Shape {
			c.job.Shapes = append(c.job.Shapes, s.ID)
		} else if b.met[m.Name][s.ID] {
			c.job.First = append(c.job.First, s.ID)
		}
	}
	if len(c.job.First) == 0 { // its occasion comes up by chance, or not in the base
		for _, s := range named {
			if !s.Shape {
				c.job.First = append(c.job.First, s.ID)
			}
		}
	}
	b.quickest(c.job.First)
	rest := b.byArea(m.Name)
	for _, name := range areasOf(b.scenes) {
		if a := (area{all: b.count(name), met: len(rest[name])}); !c.own[name] && a.all > 0 {
			c.areas[name] = a
			drawn := b.sample(draw, rest[name], control)
			c.job.Then = append(c.job.Then, drawn[:min(sip, len(drawn))]...)
			if len(drawn) > sip {
				c.job.More[name] = drawn[sip:]
			}
		}
	}
	for _, name := range areasOf(b.scenes) {
		if c.own[name] {
			c.job.Rest = append(c.job.Rest, rest[name]...)
		}
	}
	return c
}

// names says whether one of the scenarios that a mutant names is s.
func names(m fault.Mutant, s Scene) bool {
	return slices.ContainsFunc(m.Breaks, func(glob string) bool { return conformance.Match(glob, s.ID, s.Rule) })
}

// drawer draws for one mutant; other mutants do not change what it draws.
func drawer(name string, seed uint64) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name)) // never fails
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// chooseAny says what is run with a mutant on a server that is not our own: what
// is named, and for a while whatever else had its occasion, until one fails. It is nil
// where nothing can.
func (b *base) chooseAny(m fault.Mutant, ground string, seed uint64) *choice {
	c := &choice{job: Job{Ground: ground, Seed: seed, Mutant: m.Name}}
	var first, then []string
	for _, s := range b.scenes {
		switch named, met := names(m, s), b.met[m.Name][s.ID]; {
		case s.Shape && b.breaks[s.ID]:
		case s.Shape && named:
			c.job.Shapes = append(c.job.Shapes, s.ID)
			c.named = append(c.named, s.ID)
		case named && b.passes[s.ID] && (met || len(b.met[m.Name]) == 0):
			first = append(first, s.ID)
			c.named = append(c.named, s.ID)
		case met && b.passes[s.ID]:
			then = append(then, s.ID)
		}
	}
	b.quickest(first)
	b.quickest(then)
	if len(first)+len(then) == 0 {
		return nil
	}
	c.job.First, c.job.Rest, c.job.Any = first, then, true
	c.job.Trace = len(b.met[m.Name]) == 0 // it may come up by chance
	return c
}

// forgive takes from trials the invariants that the server breaks itself.
func (b *base) forgive(out *Outcome) {
	for _, trials := range [][]Trial{out.Trials, out.Sound} {
		for i := range trials {
			trials[i].Shapes = slices.DeleteFunc(trials[i].Shapes, func(id string) bool { return b.breaks[id] })
		}
	}
}

// groundless says why nothing on a server that is not our own could have found a bug
// with which every trial passed; "" is that something could. The killer is what finds
// the bug on our own server.
func (b *base) groundless(m fault.Mutant, killer string, trials []Trial) string {
	met := len(b.met[m.Name]) > 0 || slices.ContainsFunc(trials, func(t Trial) bool { return slices.Contains(t.Met, m.Name) })
	own := slices.IndexFunc(m.Given, func(id string) bool { return !b.passes[id] })
	switch {
	case !met:
		return "nothing here gives occasion for it"
	case own >= 0:
		return fmt.Sprintf("%s does not pass here: on such a server the bug changes nothing", m.Given[own])
	case b.lacks(killer):
		return fmt.Sprintf("%s, which finds it on our own server, does not pass here", killer)
	}
	return ""
}

// lacks says that what is known to find a bug does not pass here, or is not run.
func (b *base) lacks(killer string) bool {
	for _, s := range b.scenes {
		if s.ID == killer {
			return s.Shape && b.breaks[killer] || !s.Shape && !b.passes[killer]
		}
	}
	return killer != ""
}

// before moves the scenario that is likely to find a bug to the front, where it is
// among ids.
func before(ids []string, likely string) {
	if i := slices.Index(ids, likely); i > 0 {
		copy(ids[1:i+1], ids[:i])
		ids[0] = likely
	}
}

// quickest sorts scenarios by the time that they took, so that a bug dies early.
func (b *base) quickest(ids []string) {
	slices.SortStableFunc(ids, func(x, y string) int { return int(b.took[x] - b.took[y]) })
}

// byArea returns, by area, the scenarios that met a bug and pass without it.
func (b *base) byArea(mutant string) map[string][]string {
	out := map[string][]string{}
	for _, s := range b.scenes {
		if b.met[mutant][s.ID] && b.passes[s.ID] {
			out[s.Area] = append(out[s.Area], s.ID)
		}
	}
	return out
}

// count is how many scenarios of an area pass without bugs.
func (b *base) count(area string) (n int) {
	for _, s := range b.scenes {
		if s.Area == area && b.passes[s.ID] {
			n++
		}
	}
	return n
}

// sample draws at most n of ids, and none that makes them take longer together
// than a control may, but for the first.
func (b *base) sample(draw *rand.Rand, ids []string, n int) (out []string) {
	var sum time.Duration
	for _, i := range draw.Perm(len(ids)) {
		if id := ids[i]; len(out) == 0 || len(out) < n && sum+b.took[id] <= mostControl {
			out = append(out, id)
			sum += b.took[id]
		}
	}
	return out
}

// taste draws a few scenarios of each area, whatever they meet.
func (b *base) taste(mutant string, seed uint64) (out []string) {
	draw := drawer(mutant, seed)
	for _, name := range areasOf(b.scenes) {
		var ids []string
		for _, s := range b.scenes {
			if s.Area == name && b.passes[s.ID] {
				ids = append(ids, s.ID)
			}
		}
		out = append(out, b.sample(draw, ids, sip)...)
	}
	return out
}

// areasOf returns the areas in the order of their first scenarios.
func areasOf(scenes []Scene) (out []string) {
	for _, s := range scenes {
		if !slices.Contains(out, s.Area) {
			out = append(out, s.Area)
		}
	}
	return out
}
