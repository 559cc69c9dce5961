package mutation

import (
	"slices"
	"testing"
	"time"

	"bleepstore/fault"
	"bleepstore/scenarios"
)

// tried are trials that ended with a verdict.
func tried(v scenarios.Verdict, ids ...string) (out []Trial) {
	for _, id := range ids {
		out = append(out, Trial{ID: id, Verdict: v, Took: time.Second})
	}
	return out
}

func TestJudge(t *testing.T) {
	five := map[string]area{"b": {10, 2}, "c": {10, 2}, "d": {10, 2}, "e": {10, 2}, "f": {10, 10}}
	fine := tried(scenarios.Pass, "b.1", "c.1", "d.1", "e.1", "f.1", "f.2")
	for name, tt := range map[string]struct {
		trials, sound []Trial
		areas         map[string]area
		shapes        []string
		anyKills      bool
		want          Verdict
		killer        string
		passed        int
	}{
		"a named one fails":               {trials: append(tried(scenarios.Fail, "a.1"), fine...), areas: five, want: Killed, killer: "a.1", passed: 5},
		"a wrong success":                 {trials: append(tried(scenarios.Silent, "a.1"), fine...), areas: five, want: Killed, killer: "a.1", passed: 5},
		"a named one is blocked":          {trials: append(tried(scenarios.Blocked, "a.1"), fine...), areas: five, want: Survived, passed: 5},
		"the harness broke":               {trials: append(tried(scenarios.Error, "a.1"), fine...), areas: five, want: Survived, passed: 5},
		"it refuses":                      {trials: append(tried(scenarios.Unsupported, "a.1"), fine...), areas: five, want: Survived, passed: 5},
		"it was skipped":                  {trials: append(tried(scenarios.Skipped, "a.1"), fine...), areas: five, want: Survived, passed: 5},
		"only another one fails":          {trials: append(tried(scenarios.Fail, "a.9"), fine...), areas: five, want: Survived, passed: 5},
		"it fails without the bug too":    {trials: append(tried(scenarios.Fail, "a.1"), fine...), sound: tried(scenarios.Fail, "a.1"), areas: five, want: Survived, passed: 5},
		"one area of five fails":          {trials: append(tried(scenarios.Fail, "a.1", "f.1", "f.2"), fine[:4]...), areas: five, want: Killed, killer: "a.1", passed: 4},
		"two areas of five fail":          {trials: append(tried(scenarios.Fail, "a.1", "f.1"), fine[:4]...), areas: map[string]area{"b": {1, 1}, "c": {1, 1}, "d": {1, 1}, "f": {1, 1}, "g": {1, 1}}, want: Broad, killer: "a.1", passed: 3},
		"most never had the occasion":     {trials: tried(scenarios.Fail, "a.1", "b.1", "c.1", "d.1"), areas: map[string]area{"b": {10, 2}, "c": {10, 2}, "d": {10, 2}}, want: Killed, killer: "a.1", passed: 3},
		"a control that could not be run": {trials: tried(scenarios.Fail, "a.1"), areas: map[string]area{"b": {10, 10}}, want: Broad, killer: "a.1"},
		"nothing is left to pass":         {trials: tried(scenarios.Fail, "a.1"), areas: map[string]area{}, want: Broad, killer: "a.1"},
		"there is no control":             {trials: tried(scenarios.Fail, "a.1"), want: Killed, killer: "a.1"},
		"nothing was run":                 {areas: five, want: NotRun, passed: 4},
		"any failure finds it":            {trials: tried(scenarios.Fail, "z.9"), anyKills: true, want: Killed, killer: "z.9"},
		"an exchange breaks an invariant": {trials: append([]Trial{{ID: "b.1", Verdict: scenarios.Pass, Shapes: []string{"shape.x"}}}, fine...), shapes: []string{"shape.x"}, areas: five, want: Killed, killer: "shape.x", passed: 5},
	} {
		t.Run(name, func(t *testing.T) {
			c := &choice{job: Job{Shapes: tt.shapes}, named: []string{"a.1", "a.2"}, areas: tt.areas}
			var row Row
			judge(c, &Outcome{Trials: tt.trials, Sound: tt.sound}, tt.anyKills, &row)
			if row.Verdict != tt.want || row.Killer != tt.killer || row.Passed != tt.passed {
				t.Errorf("got %s by %q, %d areas pass (%s), want %s by %q, %d", row.Verdict, row.Killer, row.Passed, row.Why, tt.want, tt.killer, tt.passed)
			}
			if (row.Verdict == Killed) != (row.Why == "") {
				t.Errorf("%s, and why is %q", row.Verdict, row.Why)
			}
			if len(row.Alarms) != len(tt.sound) {
				t.Errorf("got alarms %v", row.Alarms)
			}
		})
	}
}

// testBase is a base of ten scenarios in each of three areas, of which the first
// four met the bug x.
func testBase() *base {
	b := newBase(nil)
	b.met["x"] = map[string]bool{}
	for _, area := range []string{"a", "b", "c"} {
		for _, n := range []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"} {
			id := area + "." + n
			b.scenes = append(b.scenes, Scene{ID: id, Rule: "R-" + n, Area: area})
			b.passes[id], b.took[id] = true, 10*time.Millisecond
			if n < "4" {
				b.met["x"][id] = true
			}
		}
	}
	return b
}

func TestChoose(t *testing.T) {
	b := testBase()
	b.took["a.2"] = time.Millisecond
	b.passes["a.3"] = false
	c := b.choose(fault.Mutant{Name: "x", Breaks: []string{"a.*"}}, "g", 1, 2)
	if want := []string{"a.2", "a.0", "a.1"}; !slices.Equal(c.job.First, want) { // the quickest first
		t.Errorf("first: got %v, want %v", c.job.First, want)
	}
	if want := (area{10, 4}); len(c.areas) != 2 || c.areas["b"] != want || c.areas["c"] != want {
		t.Errorf("areas: got %v", c.areas)
	}
	if len(c.job.Then) != 2 || len(c.job.More["b"]) != 1 || slices.ContainsFunc(c.job.Then, func(id string) bool { return id[:1] == "a" || !b.met["x"][id] }) {
		t.Errorf("control: got %v", c.job.Then)
	}
	if c := b.choose(fault.Mutant{Name: "x", Breaks: []string{"a.*"}}, "g", 1, 4); len(c.job.Then) != 2 || len(c.job.More["b"]) != 3 || len(c.job.More["c"]) != 3 {
		t.Errorf("a larger control: got %v, then %v", c.job.Then, c.job.More)
	}
	again := b.choose(fault.Mutant{Name: "x", Breaks: []string{"a.*"}}, "g", 1, 2)
	if !slices.Equal(c.job.Then, again.job.Then) {
		t.Errorf("one seed draws %v and %v", c.job.Then, again.job.Then)
	}
	if c := b.choose(fault.Mutant{Name: "x", Breaks: []string{"R-0"}}, "g", 1, 2); len(c.named) != 3 || len(c.areas) != 0 {
		t.Errorf("by rule: got %+v", c)
	}
	if c := b.choose(fault.Mutant{Name: "never.met", Breaks: []string{"a.*"}}, "g", 1, 2); len(c.job.First) != 9 || len(c.job.Then) != 0 {
		t.Errorf("what was not met: got %+v", c.job)
	}
	if c := b.choose(fault.Mutant{Name: "x", Breaks: []string{"z.*"}}, "g", 1, 2); c != nil {
		t.Errorf("what names nothing: got %+v", c)
	}
}

// TestControlTime: scenarios that take long are not drawn by the dozen.
func TestControlTime(t *testing.T) {
	b := testBase()
	for id := range b.took {
		b.took[id] = 2 * time.Second
	}
	if c := b.choose(fault.Mutant{Name: "x", Breaks: []string{"a.*"}}, "g", 1, 4); len(c.job.Then) != 2 {
		t.Errorf("got %v, want one of each area", c.job.Then)
	}
}

// TestDoubted: of an area more is run where something did not pass.
func TestDoubted(t *testing.T) {
	j := Job{Then: []string{"b.1", "c.1"}, More: map[string][]string{"b": {"b.2"}, "c": {"c.2", "c.3"}}}
	if got := j.doubted(append(tried(scenarios.Pass, "b.1"), tried(scenarios.Blocked, "c.1")...)); !slices.Equal(got, []string{"c.2", "c.3"}) {
		t.Errorf("got %v", got)
	}
	if got := j.doubted(append(tried(scenarios.Pass, "b.1", "c.1"), tried(scenarios.Fail, "b.9")...)); got != nil {
		t.Errorf("got %v where the control passes", got)
	}
}

// TestUnder: what the seed has a part in is run under each, the rest under one.
func TestUnder(t *testing.T) {
	b := testBase()
	b.draws["a.1"] = true
	times := map[string]int{}
	for i := range 3 {
		for _, s := range b.under(i, 3, 7) {
			times[s.ID]++
		}
	}
	for _, s := range b.scenes {
		want := 1
		if s.ID == "a.1" {
			want = 3
		}
		if times[s.ID] != want {
			t.Errorf("%s: %d times, want %d", s.ID, times[s.ID], want)
		}
	}
}

func TestGroups(t *testing.T) {
	for want, m := range map[string]fault.Mutant{
		groupHistory:     {Name: "history.minio-1.x", By: "chaos"},
		groupLies:        {Name: "lie.x"},
		groupConsistency: {Name: "read.x", Breaks: []string{"consistency.*"}},
		groupAPI:         {Name: "object.x", Breaks: []string{"consistency.*", "O-01"}},
	} {
		if got := groupOf(m); got != want {
			t.Errorf("%s: got %s, want %s", m.Name, got, want)
		}
	}
	if got := groupOf(fault.Mutant{Name: "vote.x", By: "chaos"}); got != groupConsistency {
		t.Errorf("got %s", got)
	}
}
