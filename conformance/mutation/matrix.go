package mutation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"bleepstore/conformance"
	"bleepstore/fault"
)

// A Matrix runs mutants against scenarios. Its fields say how; Run is called once.
type Matrix struct {
	Start   func() (Worker, error)
	Workers int      // at a time
	Only    []string // globs over names; none: every mutant
	Seed    uint64   // of all that is drawn
	Seeds   int      // how many of them the server has to pass without bugs
	Control int      // scenarios of each other area, at most
	// Fast stops at the first scenario that fails: no run without bugs but of that
	// one, no control, no commands, no systematic bugs, and nothing of what kills
	// nothing.
	Fast   bool
	Sample int // of a fast run, how many mutants are drawn, of each area one at least; 0: all
	// Foreign says that the server is not our own: what does not pass there is no
	// alarm, and any scenario that passes there and fails with a bug finds it.
	Foreign bool
	Command Command
	Codes   Codes
	Killers map[string]string // by mutant, what is likely to kill it and is run first
	Excuses []Excuse
	Say     func(line string) // progress, never concurrently

	mu        sync.Mutex
	inventory *Inventory
	bases     map[string]*base // by ground
	report    *Report
	rested    map[string]int // by scenario, how many jobs had it in their rest
}

// ErrNothing says that there is nothing to run.
var ErrNothing = errors.New("nothing selected")

// Run runs everything and returns what it found; when ctx ends, what it has found
// until then. Its error says that the run could not be.
func (m *Matrix) Run(ctx context.Context) (_ *Report, err error) {
	m.bases, m.report = map[string]*base{}, &Report{Schema: Schema, Tool: conformance.Version(), Alarms: []Alarm{}, Started: time.Now().UTC(), Seed: m.Seed, Seeds: max(m.Seeds, 1), Only: m.Only, Fast: m.Fast, Sample: m.Sample, Foreign: m.Foreign}
	var slots []*slot
	for range max(m.Workers, 1) {
		slots = append(slots, &slot{start: m.Start})
	}
	defer func() {
		for _, s := range slots {
			err = errors.Join(err, s.close())
		}
	}()
	w, err := slots[0].hold()
	if err != nil {
		return nil, err
	}
	if m.inventory, err = w.List(ctx); err != nil {
		return nil, err
	}
	rows, err := m.rows()
	if err != nil {
		return nil, err
	}
	m.stage("without bugs", func() { err = m.runBases(ctx, slots, rows) })
	if err != nil {
		return nil, err
	}
	m.report.Selected = len(rows)
	var lines sync.WaitGroup
	defer lines.Wait()
	lines.Go(func() { m.runCommands(ctx, rows) })
	m.stage("bugs", func() { m.runMutants(ctx, slots, rows) })
	if m.whole() {
		m.stage("what kills nothing", func() { m.look(ctx, slots) })
	}
	if m.Seeds > 1 {
		m.stage("further seeds", func() { m.runSeeds(ctx, slots) })
	}
	lines.Wait()
	m.report.Interrupted = ctx.Err() != nil
	m.sum()
	return m.report, nil
}

// stage does a part of the run, and notes how long it took.
func (m *Matrix) stage(name string, do func()) {
	began := time.Now()
	do()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.report.Stages = append(m.report.Stages, Stage{Name: name, Took: time.Since(began)})
}

// whole says whether the run can tell which scenarios kill nothing.
func (m *Matrix) whole() bool { return len(m.Only) == 0 && !m.Fast && !m.Foreign }

// selected says whether Only names a mutant.
func (m *Matrix) selected(name string) bool {
	return len(m.Only) == 0 || slices.ContainsFunc(m.Only, func(g string) bool { ok, _ := path.Match(g, name); return ok })
}

// rows are the mutants that are selected.
func (m *Matrix) rows() (rows []*Row, err error) {
	for _, g := range m.Only {
		if _, err := path.Match(g, ""); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrNothing, g, err)
		}
	}
	for _, ground := range slices.Sorted(maps.Keys(m.inventory.Mutants)) {
		for _, mu := range m.inventory.Mutants[ground] {
			if m.selected(mu.Name) && !(m.Fast && mu.By != "") {
				rows = append(rows, &Row{Mutant: mu, Ground: ground, Group: groupOf(mu)})
			}
		}
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%w: no bug is called %v", ErrNothing, m.Only)
	}
	if m.Sample > 0 {
		m.report.Choice = len(rows)
		rows = m.sampled(rows, m.Sample)
		m.Say(fmt.Sprintf("%d of %d bugs are drawn by the seed", len(rows), m.report.Choice))
	}
	return rows, nil
}

// The groups of mutants.
const (
	groupAPI         = "api"
	groupConsistency = "consistency"
	groupHistory     = "history"
	groupLies        = "lies"
)

// groupOf is where a mutant is counted.
func groupOf(m fault.Mutant) string {
	switch first, _, _ := strings.Cut(m.Name, "."); {
	case first == "history":
		return groupHistory
	case first == "lie":
		return groupLies
	case m.By != "" || len(m.Breaks) > 0 && !slices.ContainsFunc(m.Breaks, func(g string) bool { return !concurrent(g) }):
		return groupConsistency
	}
	return groupAPI
}

// runCommands runs the rows that command lines find.
func (m *Matrix) runCommands(ctx context.Context, rows []*Row) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r *Row) bool { return r.By == "" })
	if len(rows) == 0 {
		return
	}
	cs := &commands{run: m.Command, foreign: m.Foreign, codes: m.Codes, controls: map[string]*control{}}
	m.stage("command lines beside that", func() {
		for _, row := range rows {
			cs.judge(ctx, row)
			m.add(ctx, row)
		}
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	m.report.Stages = append(m.report.Stages, Stage{Name: "of which without bugs", Took: cs.controlled})
}

// runMutants runs the other rows.
func (m *Matrix) runMutants(ctx context.Context, slots []*slot, rows []*Row) {
	var tasks []task
	for _, row := range rows {
		if row.By == "" {
			tasks = append(tasks, func(ctx context.Context, s *slot) {
				m.try(ctx, s, row)
				m.add(ctx, row)
			})
		}
	}
	work(ctx, slots, each(tasks))
}

// try runs the scenarios of one mutant and judges it.
func (m *Matrix) try(ctx context.Context, s *slot, row *Row) {
	b := m.bases[row.Ground]
	var c *choice
	if m.Foreign {
		c = b.chooseAny(row.Mutant, row.Ground, m.Seed)
	} else {
		c = b.choose(row.Mutant, row.Ground, m.Seed, m.Control)
	}
	row.Met = len(b.met[row.Name])
	if c == nil {
		row.Verdict, row.Why = NoGround, fmt.Sprintf("nothing that passes can show it; it names %v", row.Breaks)
		if !m.Foreign && !b.knows(row.Mutant) {
			row.Verdict, row.Why = Survived, fmt.Sprintf("%v names no scenario that gates", row.Breaks)
		}
		return
	}
	if !c.job.Any {
		m.spare(&c.job)
	}
	before(c.job.First, m.Killers[row.Name])
	if m.Fast {
		c.job.Rest, c.job.More, c.areas = nil, nil, nil
		switch {
		case len(c.job.First) > 0:
			c.job.Then = nil
		case len(c.job.Then) == 0: // it names only what others show
			c.job.Then = b.taste(row.Name, m.Seed)
		}
	}
	if !m.Foreign {
		b.hurry(&c.job)
	}
	fresh := *row
	for n := range tries {
		out, err := s.do(ctx, c.job)
		if err != nil {
			row.Verdict, row.Why = NotRun, err.Error()
			return
		}
		m.ledgers(out)
		m.hasty(c.job, out)
		b.forgive(out)
		judge(c, out, m.Foreign, row)
		if m.Foreign {
			m.unsteady(row)
		}
		if m.Foreign && row.Verdict == Survived {
			if why := b.groundless(row.Mutant, m.Killers[row.Name], out.Trials); why != "" {
				row.Verdict, row.Why = NoGround, why+"; "+row.Why
			}
		}
		if row.Verdict != Survived || len(row.Alarms) > 0 || n == tries-1 {
			return
		}
		*row = fresh
		c.job.Seed++
		if !c.job.Any {
			c.job.Rest = nil
		}
		c.job.Brisk = 0
	}
}

// tries is how often what a mutant names is run, each time with another seed, until
// some of it fails: a bug that is a race, or one in a thousand, is found by chance,
// and that it was found is no chance.
const tries = 3

// hasty takes down what failed without a bug where it was to wait briefly: it is no
// alarm, for with patience it may pass, and shows nothing of the bug.
func (m *Matrix) hasty(j Job, out *Outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range out.Sound {
		if t.Brisk && !t.Passed() {
			m.report.Notes = append(m.report.Notes, fmt.Sprintf("%s: %s without a bug where it waits for %s at most, under seed %d: %s", t.ID, t.Verdict, j.Brisk, j.Seed, t.Reason))
		}
	}
}

// spare leaves out of the rest of a job what has killed a mutant already: it is run
// to know which scenarios can fail at all.
func (m *Matrix) spare(j *Job) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rested == nil {
		m.rested = map[string]int{}
	}
	j.Rest = slices.DeleteFunc(j.Rest, func(id string) bool { return len(m.report.kills[id]) > 0 || m.rested[id] >= mostRest })
	for _, id := range j.Rest {
		m.rested[id]++
	}
}

// mostRest is with how many bugs a scenario is run in the rest of a job: what kills
// nothing then is looked at in the end.
const mostRest = 12

// knows says whether a mutant names anything at all.
func (b *base) knows(m fault.Mutant) bool {
	return slices.ContainsFunc(b.scenes, func(s Scene) bool { return names(m, s) })
}

// add takes a row into the report, and tells of it, unless ctx has ended: then it
// says nothing.
func (m *Matrix) add(ctx context.Context, row *Row) {
	if ctx.Err() != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.report.Mutants = append(m.report.Mutants, row)
	m.alarms(row.Alarms...)
	if row.Verdict == Killed {
		m.report.credit(row.Name, row.Failed...)
	}
	m.Say(row.line())
}

// unsteady takes down what failed without a bug on a server that is not our own: what
// passed there at first is the server's to answer for, and shows nothing of the bug.
func (m *Matrix) unsteady(row *Row) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.alarms(row.Alarms...)
	row.Alarms = nil
}

// alarms takes in alarms, each scenario and seed once, as notes where the server is
// not our own. The caller holds mu.
func (m *Matrix) alarms(all ...Alarm) {
	for _, a := range all {
		if m.Foreign {
			if note := fmt.Sprintf("passed without a bug, and at another time not: %s", a); !slices.Contains(m.report.Notes, note) {
				m.report.Notes = append(m.report.Notes, note)
			}
			continue
		}
		if !slices.ContainsFunc(m.report.Alarms, func(o Alarm) bool { return o.ID == a.ID && o.Seed == a.Seed && o.Ground == a.Ground }) {
			m.report.Alarms = append(m.report.Alarms, a)
			m.Say(fmt.Sprintf("FALSE ALARM  %s", a))
		}
	}
}

func (m *Matrix) ledgers(out *Outcome) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.report.Ledgers = append(m.report.Ledgers, out.Ledgers...)
}
