package mutation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bleepstore/conformance"
	"bleepstore/fault"
	"bleepstore/scenarios"
)

// A Bench does jobs in this process. It does one at a time: bugs are planted in
// whole processes.
type Bench struct {
	Grounds   map[string]Ground
	Scenarios []scenarios.Scenario
	Getenv    func(string) string // what says how a server that is not our own is reached
}

const (
	// leaving bounds what is done to a server that may be broken for good.
	leaving = 10 * time.Second
	// restTime bounds the rest of a job: scenarios that wait for what a bug keeps
	// from coming take their time.
	restTime = 20 * time.Second
)

// List tells what there is. It opens each ground for it.
func (b *Bench) List(ctx context.Context) (*Inventory, error) {
	inv := &Inventory{Mutants: map[string][]fault.Mutant{}}
	for name, open := range b.Grounds {
		site, err := open(ctx)
		if err != nil {
			return nil, err
		}
		inv.Mutants[name] = site.Subject.Mutants()
		plan, err := conformance.NewPlan(site.Options, b.Scenarios, b.Getenv)
		if err := errors.Join(err, shut(ctx, site)); err != nil {
			return nil, err
		}
		inv.Scenes = scenesOf(plan)
	}
	return inv, nil
}

// scenesOf returns what gates of a plan, and the invariants.
func scenesOf(plan *conformance.Plan) (out []Scene) {
	for _, it := range plan.Items {
		if it.Gates && it.Level == scenarios.Must {
			out = append(out, Scene{ID: it.Name, Rule: it.Rule, Area: it.Area()})
		}
	}
	for _, inv := range scenarios.Invariants() {
		if inv.Level == scenarios.Must {
			out = append(out, Scene{ID: inv.ID, Rule: inv.Rule, Area: shapeArea, Shape: true})
		}
	}
	slices.SortFunc(out, func(a, b Scene) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// shapeArea is where invariants belong.
const shapeArea = "shape"

// Do does a job. Its error says that nothing was found out.
func (b *Bench) Do(ctx context.Context, j Job) (*Outcome, error) {
	out := &Outcome{}
	began := time.Now()
	v, err := b.visit(ctx, j)
	if err != nil {
		return nil, err
	}
	err = v.work(ctx, began, out)
	if lerr := v.leave(ctx, out); j.Mutant == "" { // with a bug it may hang for good
		err = errors.Join(err, lerr)
	}
	out.Took = time.Since(began)
	if err == nil && j.Mutant != "" {
		err = b.again(ctx, j, out)
	}
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return out, err
}

// again runs what failed on a server without the bug.
func (b *Bench) again(ctx context.Context, j Job, out *Outcome) error {
	var failed []string
	for _, t := range out.Trials {
		if t.Failed() || len(t.Shapes) > 0 {
			failed = append(failed, t.ID)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	sound, err := b.Do(ctx, Job{Ground: j.Ground, Seed: j.Seed, Then: failed, Brisk: j.Brisk, Patient: j.Patient})
	if err != nil {
		return fmt.Errorf("without the bug: %w", err)
	}
	out.Sound, out.Ledgers = sound.Trials, append(out.Ledgers, sound.Ledgers...)
	return nil
}

// A visit is a run of the engine on a site, under way.
type visit struct {
	job   Job
	site  *Site
	run   *conformance.Run
	items map[string]conformance.Item
}

// visit opens the ground and plants what the job says, once the engine has found
// the server to be there.
func (b *Bench) visit(ctx context.Context, j Job) (_ *visit, err error) {
	open := b.Grounds[j.Ground]
	if open == nil {
		return nil, fmt.Errorf("there is no ground %q", j.Ground)
	}
	site, err := open(ctx)
	if err != nil {
		return nil, err
	}
	v := &visit{job: j, site: site, items: map[string]conformance.Item{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, v.leave(ctx, &Outcome{}))
		}
	}()
	site.Options.Seed = j.Seed
	plan, err := conformance.NewPlan(site.Options, b.Scenarios, b.Getenv)
	if err != nil {
		return nil, err
	}
	for _, it := range plan.Items {
		v.items[it.Name] = it
	}
	if v.run, err = conformance.Open(ctx, plan); err != nil {
		return nil, err
	}
	site.Subject.Met() // what the engine met is nobody's
	site.Subject.Trace(j.Trace)
	if j.Mutant != "" {
		err = site.Subject.Plant(j.Mutant)
	}
	return v, err
}

// work runs the scenarios of the job.
func (v *visit) work(ctx context.Context, began time.Time, out *Outcome) error {
	done := map[string]bool{}
	run := func(ids []string, more func() bool, ended func(Trial)) error {
		for _, id := range ids {
			if done[id] {
				continue
			}
			if !more() {
				return nil
			}
			done[id] = true
			t, ok, err := v.try(ctx, id)
			if err != nil || !ok { // ctx has ended, which the caller tells
				return err
			}
			out.Trials = append(out.Trials, t)
			if ended(t); out.Killer != "" && out.Kill == 0 {
				out.Kill = time.Since(began)
			}
		}
		return nil
	}
	shape := func(t Trial) {
		if out.Killer == "" {
			out.Killer = t.broke(v.job.Shapes)
		}
	}
	kills := func(t Trial) {
		if shape(t); out.Killer == "" && t.Failed() {
			out.Killer = t.ID
		}
	}
	err := run(v.job.First, func() bool { return out.Killer == "" }, kills)
	if err == nil {
		err = run(v.job.Then, func() bool { return true }, shape)
	}
	if err == nil {
		err = run(v.job.doubted(out.Trials), func() bool { return true }, shape)
	}
	late := time.Now().Add(restTime)
	switch {
	case err == nil && v.job.Any:
		err = run(v.job.Rest, func() bool { return out.Killer == "" && time.Now().Before(late) }, kills)
	case err == nil:
		err = run(v.job.Rest, func() bool { return time.Now().Before(late) }, shape)
	}
	return err
}

// try runs one scenario.
func (v *visit) try(ctx context.Context, id string) (Trial, bool, error) {
	it, known := v.items[id]
	if !known {
		return Trial{}, false, fmt.Errorf("there is no scenario %s", id)
	}
	hurried := v.job.Brisk > 0 && !slices.Contains(v.job.Patient, id)
	if hurried {
		it.Settle = v.job.Brisk
	}
	res, ok := v.run.Check(ctx, it)
	t := Trial{ID: id, Verdict: res.Verdict, Took: res.Took, Waited: res.Waited(), Brisk: hurried, Drew: res.Drew}
	if res.Verdict.Gates() {
		t.Reason = res.Reason
	}
	if v.job.Trace {
		t.Met = v.site.Subject.Met()
	}
	for _, inv := range scenarios.Invariants() {
		if inv.Level == scenarios.Must && res.Shape[inv.ID].Broken > 0 {
			t.Shapes = append(t.Shapes, inv.ID)
		}
	}
	return t, ok, nil
}

// leave takes the bug out, and ends the visit.
func (v *visit) leave(ctx context.Context, out *Outcome) error {
	v.site.Subject.Unplant()
	v.site.Subject.Trace(false)
	var err error
	if v.run != nil {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaving)
		defer cancel()
		var ledger string
		if _, ledger, err = v.run.Close(bounded); ledger != "" {
			out.Ledgers = append(out.Ledgers, ledger)
		}
	}
	return errors.Join(err, shut(ctx, v.site))
}

// shut closes a site, whatever requests may hang in it.
func shut(ctx context.Context, site *Site) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaving)
	defer cancel()
	return site.Close(bounded)
}
