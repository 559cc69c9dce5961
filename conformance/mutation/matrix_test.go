package mutation

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"bleepstore/fault"
	"bleepstore/scenarios"
)

// mutant is one that breaks scenarios.
func mutant(name string, breaks ...string) fault.Mutant {
	return fault.Mutant{Name: name, Says: "it does", Breaks: breaks}
}

// areas are scenarios of six areas that meet nothing.
func (f *fake) areas() (out []scenarios.Scenario) {
	for _, a := range []string{"bucket", "copy", "listing", "multipart", "version", "wire"} {
		out = append(out, f.meets(a+".plain"))
	}
	return out
}

func TestMatrix(t *testing.T) {
	f := &fake{mutants: []fault.Mutant{mutant("a.killed", "object.*"), mutant("b.survives", "object.blind"), mutant("c.broad", "object.seen"), mutant("d.nothing", "nowhere.*")}}
	all := append(f.areas(), f.meets("object.seen", "a.killed", "c.broad"), f.meets("object.other", "a.killed"), f.misses("object.blind", "b.survives"),
		f.meets("acl.one", "c.broad"), f.meets("auth.one", "c.broad"), f.meets("presign.one", "c.broad", "s.family.one"))
	m := f.matrix(t, all)
	r := run(t, m)
	for name, want := range map[string]Verdict{"a.killed": Killed, "b.survives": Survived, "c.broad": Broad, "d.nothing": Survived} {
		if got := r.row(t, name).Verdict; got != want {
			t.Errorf("%s: got %s (%s), want %s", name, got, r.row(t, name).Why, want)
		}
	}
	if row := r.row(t, "a.killed"); row.Ran != 2 || len(row.Failed) != 2 || row.Met != 2 {
		t.Errorf("a.killed: got %+v, want what met it and nothing else to be run", row)
	}
	if r.Killed() || len(r.Alarms) > 0 {
		t.Errorf("all killed: %v, alarms %v", r.Killed(), r.Alarms)
	}
	if len(r.Families) != 1 || r.Families[0].Name != "s.family" || !slices.Equal(r.Families[0].Failed, []string{"presign.one"}) {
		t.Errorf("families: got %+v", r.Families)
	}
	names := func(id string) bool {
		return slices.ContainsFunc(r.Unkilled, func(u Unkilled) bool { return u.ID == id })
	}
	for id, want := range map[string]bool{"object.seen": false, "presign.one": false, "acl.one": true, "wire.plain": true} {
		if names(id) != want {
			t.Errorf("%s kills nothing: %v, want %v", id, !want, want)
		}
	}
	var text strings.Builder
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"b.survives: of 1 scenarios", "c.broad: only 6 of 9 other areas", "wire.plain"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the summary does not say %q:\n%s", want, &text)
		}
	}
}

// TestFalseAlarm: what fails without the bug is no killer, and is told; a server that
// is not our own may itself be what fails.
func TestFalseAlarm(t *testing.T) {
	runs := 0
	f := &fake{mutants: []fault.Mutant{mutant("a.bug", "object.chance")}}
	m := f.matrix(t, append(f.areas(), f.scene("object.chance", func(s *scenarios.S) {
		f.on("a.bug")
		if runs++; runs > 1 { // it passes in the base alone
			s.Silently("by chance")
		}
	})))
	r := run(t, m)
	if row := r.row(t, "a.bug"); row.Verdict != Survived {
		t.Errorf("got %s", row.Verdict)
	}
	if len(r.Alarms) != 1 || r.Alarms[0].ID != "object.chance" || r.Alarms[0].Verdict != "silent" {
		t.Errorf("got %v", r.Alarms)
	}
	runs, m.Foreign = 0, true
	if r := run(t, m); len(r.Alarms) > 0 || len(r.Notes) == 0 || r.row(t, "a.bug").Verdict != Survived {
		t.Errorf("not our own: got %+v, alarms %v, notes %v", r.row(t, "a.bug"), r.Alarms, r.Notes)
	}
}

// TestBaseAlarm: what does not pass in the base is told, and under the further seed
// that it is run under, and finds nothing; of a server that is not our own it is what does not pass there.
func TestBaseAlarm(t *testing.T) {
	f := &fake{mutants: []fault.Mutant{mutant("a.bug", "object.fails")}}
	all := append(f.areas(), f.scene("object.fails", func(s *scenarios.S) {
		f.on("a.bug")
		s.Skip("nothing can be said")
	}))
	m := f.matrix(t, all)
	m.Seeds = 3
	r := run(t, m)
	if len(r.Alarms) != 2 || r.row(t, "a.bug").Verdict != NoGround || r.SeedTrials != 7 {
		t.Errorf("got %v, %s, %d trials", r.Alarms, r.row(t, "a.bug").Verdict, r.SeedTrials)
	}
	m = f.matrix(t, all)
	m.Foreign = true
	if r := run(t, m); len(r.Alarms) > 0 || r.row(t, "a.bug").Verdict != NoGround {
		t.Errorf("not our own: got %v, %s", r.Alarms, r.row(t, "a.bug").Verdict)
	}
}

// TestForeign: any scenario that passes finds a lie. One that is found on our own
// server by what does not pass there, that nothing gives occasion for, or that the
// server does by itself, has no ground.
func TestForeign(t *testing.T) {
	f := &fake{mutants: []fault.Mutant{mutant("lie.seen", "object.gone"), mutant("lie.unseen", "object.gone"), mutant("lie.known", "object.gone"),
		mutant("lie.never", "acl.two"), {Name: "lie.its-own", Says: "so", Breaks: []string{"acl.two"}, Given: []string{"acl.two", "object.gone"}}}}
	m := f.matrix(t, []scenarios.Scenario{f.meets("acl.one", "lie.seen"), f.misses("acl.two", "lie.unseen", "lie.its-own"), f.misses("acl.three", "lie.known"),
		f.scene("object.gone", func(s *scenarios.S) { s.Skip("it is not there") })})
	m.Foreign, m.Killers = true, map[string]string{"lie.known": "object.gone", "lie.unseen": "acl.two", "lie.never": "acl.two", "lie.its-own": "acl.two"}
	r := run(t, m)
	for _, name := range []string{"lie.never", "lie.its-own"} {
		if got := r.row(t, name); got.Verdict != NoGround {
			t.Errorf("got %+v", got)
		}
	}
	if got := r.row(t, "lie.seen"); got.Verdict != Killed || got.Killer != "acl.one" {
		t.Errorf("got %+v", got)
	}
	if got := r.row(t, "lie.unseen"); got.Verdict != Survived {
		t.Errorf("got %+v", got)
	}
	if got := r.row(t, "lie.known"); got.Verdict != NoGround {
		t.Errorf("got %+v", got)
	}
}

// TestForgive: an invariant that the server breaks itself is neither an alarm nor a
// find.
func TestForgive(t *testing.T) {
	b := newBase([]Scene{{ID: "shape.own", Area: "shape", Shape: true}, {ID: "shape.kept", Area: "shape", Shape: true}, {ID: "a.1", Area: "a"}})
	b.passes["a.1"], b.breaks["shape.own"] = true, true
	c := b.chooseAny(mutant("lie.shape", "shape.*", "a.1"), "liar", 1)
	if !slices.Equal(c.job.Shapes, []string{"shape.kept"}) {
		t.Fatalf("shapes: %q", c.job.Shapes)
	}
	shapes := []string{"shape.own"}
	out := &Outcome{Trials: []Trial{{ID: "a.1", Verdict: scenarios.Fail, Shapes: slices.Clone(shapes)}}, Sound: []Trial{{ID: "a.1", Verdict: scenarios.Pass, Shapes: slices.Clone(shapes)}}}
	b.forgive(out)
	var row Row
	if judge(c, out, true, &row); row.Verdict != Killed || row.Killer != "a.1" || len(row.Alarms) > 0 {
		t.Errorf("got %+v", row)
	}
	if !b.lacks("shape.own") || b.lacks("shape.kept") || b.lacks("a.1") || b.lacks("") || !b.lacks("b.unselected") {
		t.Error("what is known to find a bug, and does not pass here")
	}
}

// TestNothingIsNoSuccess: a run that selects nothing, or of which no scenario
// passes, or whose worker knows no bug of the name, is none.
func TestNothingIsNoSuccess(t *testing.T) {
	f := &fake{mutants: []fault.Mutant{mutant("no.such", "object.*")}}
	m := f.matrix(t, append(f.areas(), f.meets("object.one", "no.such")))
	m.Only = []string{"other.*"}
	if _, err := m.Run(t.Context()); !errors.Is(err, ErrNothing) {
		t.Errorf("got %v", err)
	}
	m = f.matrix(t, []scenarios.Scenario{f.scene("object.one", func(s *scenarios.S) { s.Skip("so") })})
	if _, err := m.Run(t.Context()); !errors.Is(err, ErrNothing) {
		t.Errorf("got %v", err)
	}
	m = f.matrix(t, append(f.areas(), f.meets("object.one", "no.such")))
	r := run(t, m)
	if r.Killed() || r.row(t, "no.such").Verdict != NotRun {
		t.Errorf("got %+v", r.row(t, "no.such"))
	}
	if (&Report{}).Killed() {
		t.Error("nothing was selected, and all is killed")
	}
}

// TestFast: no control and no commands, and a bug is killed all the same, by what
// killed it before if that still does.
func TestFast(t *testing.T) {
	f := &fake{mutants: []fault.Mutant{mutant("a.bug", "object.*"), {Name: "b.slow", By: "chaos"}}}
	m := f.matrix(t, append(f.areas(), f.meets("object.one"), f.meets("object.two", "a.bug"), f.meets("object.three", "a.bug")))
	m.Fast, m.Killers = true, map[string]string{"a.bug": "object.two"}
	r := run(t, m)
	if row := r.row(t, "a.bug"); row.Verdict != Killed || row.Ran != 1 || row.Killer != "object.two" || !r.Killed() || len(r.Base) > 0 {
		t.Errorf("got %+v, base %+v", row, r.Base)
	}
	m = f.matrix(t, append(f.areas(), f.meets("object.one"), f.meets("object.two", "a.bug")))
	m.Fast, m.Killers = true, map[string]string{"a.bug": "object.one"}
	if row := run(t, m).row(t, "a.bug"); row.Verdict != Killed || row.Ran != 2 || row.Killer != "object.two" {
		t.Errorf("after a killer of yore: got %+v", row)
	}
}

// TestSample: a sample has a bug of each area, and over the seeds every bug is drawn.
func TestSample(t *testing.T) {
	var rows []*Row
	for _, name := range strings.Fields("a.1 a.2 a.3 a.4 a.5 a.6 b.1 lie.c.1 lie.c.2 lie.d") {
		rows = append(rows, &Row{Mutant: mutant(name), Ground: "g"})
	}
	times := map[string]int{}
	for seed := range uint64(100) {
		m := &Matrix{Seed: seed}
		drawn, again := m.sampled(rows, 6), m.sampled(rows, 6)
		if !slices.Equal(drawn, again) || len(drawn) != 6 {
			t.Fatalf("seed %d: got %d and %d bugs", seed, len(drawn), len(again))
		}
		strata := map[string]bool{}
		for _, row := range drawn {
			times[row.Name]++
			strata[stratum(row.Name)] = true
		}
		if len(strata) != 4 {
			t.Errorf("seed %d: of four areas got %v", seed, strata)
		}
		if n := len(m.sampled(rows, 1)); n != 4 {
			t.Errorf("seed %d: got %d bugs of four areas", seed, n)
		}
	}
	for _, row := range rows {
		if times[row.Name] == 0 {
			t.Errorf("%s is never drawn", row.Name)
		}
	}
}

// TestBrisk: what waits without a bug too is waited for; where that is not known, a
// failure without the bug shows nothing, and patience decides.
func TestBrisk(t *testing.T) {
	f := &fake{mutants: []fault.Mutant{mutant("a.bug", "object.late")}}
	late := scenarios.Declared(scenarios.Scenario{ID: "object.late", Rule: "O-01", Says: "It MUST.", Ref: "https://example.com", Level: scenarios.Must,
		Check: func(_ context.Context, s *scenarios.S) {
			if on := f.on("a.bug"); on || s.Target().Settle == brisk {
				s.Silently("it did not wait")
			}
		}})
	m := f.matrix(t, append(f.areas(), late))
	m.Fast = true
	r := run(t, m)
	if row := r.row(t, "a.bug"); row.Verdict != Killed || len(r.Alarms) > 0 || len(r.Notes) != 1 {
		t.Errorf("got %+v, alarms %v, notes %v", row, r.Alarms, r.Notes)
	}
	b := newBase(nil)
	b.waits["object.late"] = true
	j := Job{First: []string{"object.late", "object.one"}}
	if b.hurry(&j); j.Brisk != brisk || !slices.Equal(j.Patient, []string{"object.late"}) {
		t.Errorf("got %+v", j)
	}
}

// TestKillers: they are read from the table as it is written.
func TestKillers(t *testing.T) {
	r := Report{Mutants: []*Row{{Mutant: fault.Mutant{Name: "a.bug", Says: "says `x`|y"}, Verdict: Killed, Killer: "object.one", Kill: 1}, {Mutant: mutant("b.bug"), Verdict: Survived, Why: "so"}}}
	var table strings.Builder
	if err := r.WriteMarkdown(&table); err != nil {
		t.Fatal(err)
	}
	if got := killersOf(table.String()); len(got) != 1 || got["a.bug"] != "object.one" {
		t.Errorf("got %v of\n%s", got, &table)
	}
	if len(Killers()) == 0 {
		t.Error("MATRIX.md has no killers")
	}
}

// TestCommands: the exit codes of command lines.
func TestCommands(t *testing.T) {
	by := func(line string) fault.Mutant { return fault.Mutant{Name: "m." + line, By: line} }
	var lines = map[string]struct {
		without, with int
		err           error
		want          Verdict
	}{
		"found": {0, 4, nil, Killed}, "unfound": {0, 0, nil, Survived}, "unclear": {0, 6, nil, Survived}, "misspelt": {2, 2, nil, NotRun},
		"elsewhere": {3, 3, nil, NotRun}, "alarm": {4, 4, nil, NotRun}, "late": {0, 0, errors.New("too late"), Survived},
	}
	f := &fake{}
	for line := range lines {
		f.mutants = append(f.mutants, by(line))
	}
	f.mutants = append(f.mutants, fault.Mutant{Name: "m.again", By: "found"})
	m := f.matrix(t, f.areas())
	controls := map[string]int{}
	m.Command = func(_ context.Context, _, line, mutant string) (int, string, error) {
		if mutant == "" {
			controls[line]++
			return lines[line].without, "said", nil
		}
		return lines[line].with, "VIOLATION: it\nmore\n", lines[line].err
	}
	r := run(t, m)
	for line, l := range lines {
		if got := r.row(t, "m."+line); got.Verdict != l.want || controls[line] != 1 {
			t.Errorf("%s: got %s (%s) after %d controls, want %s", line, got.Verdict, got.Why, controls[line], l.want)
		}
	}
	if len(r.Alarms) != 1 || r.Alarms[0].ID != "alarm" {
		t.Errorf("alarms: got %v", r.Alarms)
	}
	if got := r.row(t, "m.again"); got.Verdict != Killed || got.Reason != "VIOLATION: it" {
		t.Errorf("got %+v", got)
	}
	m.Foreign = true
	if r := run(t, m); len(r.Alarms) > 0 || r.row(t, "m.alarm").Verdict != NoGround || r.row(t, "m.found").Verdict != Killed {
		t.Errorf("a violation of a server's own: got %v, %+v", r.Alarms, r.row(t, "m.alarm"))
	}
}

// TestInterrupted: what was not run is not said to be.
func TestInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	f := &fake{mutants: []fault.Mutant{mutant("a.bug", "object.one"), mutant("b.bug", "object.one")}}
	m := f.matrix(t, append(f.areas(), f.scene("object.one", func(s *scenarios.S) {
		f.on("b.bug")
		if f.on("a.bug") {
			stop()
		}
	})))
	r, err := m.Run(ctx)
	if err != nil || !r.Interrupted || r.Killed() || len(r.Mutants) > 0 {
		t.Errorf("got %+v, %v", r, err)
	}
	var table strings.Builder
	if err := r.WriteMarkdown(&table); err != nil || !strings.Contains(table.String(), "interrupted: 0 of 2 bugs") || strings.Contains(table.String(), "seeds: 0") {
		t.Errorf("got %v and\n%s", err, &table)
	}
}
