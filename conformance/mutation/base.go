package mutation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// chunk is how many scenarios a job of the base has at most.
const chunk = 40

// runBases runs every scenario without bugs, on each ground that has rows to run,
// and notes what each met.
func (m *Matrix) runBases(ctx context.Context, slots []*slot, rows []*Row) error {
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
		b := &base{passes: map[string]bool{}, took: map[string]time.Duration{}, met: map[string]map[string]bool{}}
		for _, s := range m.inventory.Scenes {
			if !m.Fast || slices.ContainsFunc(rows, func(r *Row) bool { return r.Ground == ground && names(r.Mutant, s) }) {
				b.scenes = append(b.scenes, s)
			}
		}
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
	b.took[t.ID] = t.Took
	switch {
	case t.Passed():
		b.passes[t.ID] = true
	case !m.Foreign:
		m.alarms(alarm(ground, m.Seed, t))
	}
	if t.Passed() && len(t.Shapes) > 0 && !m.Foreign {
		m.alarms(alarm(ground, m.Seed, t))
	}
	for _, name := range t.Met {
		if b.met[name] == nil {
			b.met[name] = map[string]bool{}
		}
		b.met[name][t.ID] = true
	}
}

// runSeeds runs every scenario without bugs under further seeds.
func (m *Matrix) runSeeds(ctx context.Context, slots []*slot) {
	var tasks []task
	for i := 1; i < m.Seeds; i++ {
		seed := m.Seed + uint64(i)
		for ground := range m.bases {
			tasks = append(tasks, m.pass(m.bases[ground].scenes, Job{Ground: ground, Seed: seed}, func(t Trial) {
				m.report.SeedTrials++
				if (!t.Passed() || len(t.Shapes) > 0) && (!m.Foreign || m.bases[ground].passes[t.ID]) {
					m.alarms(alarm(ground, seed, t))
				}
			}, func(err error) {
				if ctx.Err() != nil {
					return
				}
				m.alarms(Alarm{Ground: ground, ID: "the run", Seed: seed, Verdict: "error", Reason: err.Error()})
			})...)
		}
	}
	work(ctx, slots, each(tasks))
}
