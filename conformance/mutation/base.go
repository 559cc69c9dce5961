package mutation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// chunk is how many scenarios a job of the base has at most.
const chunk = 40

// runBases runs every scenario without bugs, on each ground that has rows to run,
// and notes what each met.
func (m *Matrix) runBases(ctx context.Context, slots []*slot, rows []*Row) error {
	if m.Fast && !m.Foreign {
		m.assume(rows)
		return nil
	}
	began := time.Now()
	grounds := map[string]bool{}
	for _, row := range rows {
		if row.By == "" {
			grounds[row.Ground] = true
		}
	}
	var errs []error
	var tasks []task
	for _, ground := range slices.Sorted(maps.Keys(grounds)) {
		b := newBase(m.inventory.Scenes)
		m.bases[ground] = b
		tasks = append(tasks, m.pass(b.scenes, Job{Ground: ground, Seed: m.Seed, Trace: true}, func(t Trial) {
			m.note(ground, t)
		}, func(err error) { errs = append(errs, err) })...)
	}
	work(ctx, slots, each(tasks))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("without bugs: %w", err)
	}
	for ground, b := range m.bases {
		if len(b.passes) == 0 {
			return fmt.Errorf("%w: on %s no scenario passes without bugs", ErrNothing, ground)
		}
		m.report.Base = append(m.report.Base, Base{Ground: ground, Scenarios: len(b.took), Passed: len(b.passes)})
	}
	m.report.BaseTook = time.Since(began)
	for _, b := range m.report.Base {
		m.Say(fmt.Sprintf("without bugs, on %s: %d of %d scenarios pass", b.Ground, b.Passed, b.Scenarios))
	}
	return nil
}

// assume takes it that every scenario passes without bugs, and any may meet any bug:
// what then fails is run without it all the same.
func (m *Matrix) assume(rows []*Row) {
	for _, row := range rows {
		if m.bases[row.Ground] == nil {
			b := newBase(m.inventory.Scenes)
			for _, s := range b.scenes {
				if b.passes[s.ID] = !s.Shape; s.Area == concurrentArea {
					b.took[s.ID] = mostControl // others first
				}
			}
			m.bases[row.Ground] = b
		}
	}
}

// concurrentArea is where scenarios run for as long as they are told, and wait for
// servers that are busy.
const concurrentArea = "consistency"

func concurrent(glob string) bool { return strings.HasPrefix(glob, concurrentArea+".") }

// pass makes tasks that run scenes by jobs like j, and hand each trial to note, or
// an error to broken; never concurrently.
func (m *Matrix) pass(scenes []Scene, j Job, note func(Trial), broken func(error)) (tasks []task) {
	var ids []string
	for _, s := range scenes {
		if !s.Shape {
			ids = append(ids, s.ID)
		}
	}
	for part := range slices.Chunk(ids, chunk) {
		j := j
		j.Then = part
		tasks = append(tasks, func(ctx context.Context, s *slot) {
			out, err := s.do(ctx, j)
			m.mu.Lock()
			defer m.mu.Unlock()
			if err != nil {
				broken(err)
				return
			}
			m.report.Ledgers = append(m.report.Ledgers, out.Ledgers...)
			for _, t := range out.Trials {
				note(t)
			}
		})
	}
	return tasks
}

// note takes a trial without bugs into the base. The caller holds mu.
func (m *Matrix) note(ground string, t Trial) {
	b := m.bases[ground]
	b.took[t.ID], b.waits[t.ID], b.draws[t.ID] = t.Took, t.Waited || concurrent(t.ID), t.Drew
	switch {
	case t.Passed():
		b.passes[t.ID] = true
	case !m.Foreign:
		m.alarms(alarm(ground, m.Seed, t))
	}
	if t.Passed() && len(t.Shapes) > 0 && !m.Foreign {
		m.alarms(alarm(ground, m.Seed, t))
	}
	for _, shape := range t.Shapes {
		if m.Foreign {
			b.breaks[shape] = true
		}
	}
	for _, name := range t.Met {
		if b.met[name] == nil {
			b.met[name] = map[string]bool{}
		}
		b.met[name][t.ID] = true
	}
}

// runSeeds runs scenarios without bugs under further seeds, on one ground after the
// other: under each seed those that do something else under it, and of the others a
// part, so that each is run under one of the seeds.
func (m *Matrix) runSeeds(ctx context.Context, slots []*slot) {
	var tasks []task
	grounds := slices.Sorted(maps.Keys(m.bases))
	for i := 1; i < m.Seeds && len(grounds) > 0; i++ {
		seed, ground := m.Seed+uint64(i), grounds[i%len(grounds)]
		b := m.bases[ground]
		tasks = append(tasks, m.pass(b.under(i-1, m.Seeds-1, m.Seed), Job{Ground: ground, Seed: seed}, func(t Trial) {
			m.report.SeedTrials++
			t.Shapes = slices.DeleteFunc(t.Shapes, func(id string) bool { return b.breaks[id] })
			if (!t.Passed() || len(t.Shapes) > 0) && (!m.Foreign || b.passes[t.ID]) {
				m.alarms(alarm(ground, seed, t))
			}
		}, func(err error) {
			if ctx.Err() != nil {
				return
			}
			m.alarms(Alarm{Ground: ground, ID: "the run", Seed: seed, Verdict: "error", Reason: err.Error()})
		})...)
	}
	work(ctx, slots, each(tasks))
}

// under returns what is run under the i-th of n further seeds.
func (b *base) under(i, n int, seed uint64) (out []Scene) {
	place := drawer("seeds", seed).Perm(len(b.scenes))
	for j, s := range b.scenes {
		if b.draws[s.ID] || place[j]%n == i {
			out = append(out, s)
		}
	}
	return out
}
