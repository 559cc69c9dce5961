package mutation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bleepstore/fault"
	"bleepstore/scenarios"
)

// A Verdict is what became of one mutant.
type Verdict string

// The verdicts. Only the first is a success.
const (
	Killed   Verdict = "killed"    // what it names failed, and nothing else much
	Survived Verdict = "survived"  // nothing that it names failed
	Broad    Verdict = "broad"     // more failed than a bug of its kind may break
	NoGround Verdict = "no ground" // nothing that passes on this server, and is named, can show it
	NotRun   Verdict = "not run"   // this machine cannot, or the run broke
)

// enough is the share of an area, and of the areas, that must pass.
const enough = 0.8

// A Row is one mutant and what became of it.
type Row struct {
	fault.Mutant
	Ground  string        `json:"ground"`
	Group   string        `json:"group"`
	Verdict Verdict       `json:"verdict"`
	Why     string        `json:"why,omitempty"` // in words, unless it is killed
	Killer  string        `json:"killer,omitempty"`
	Reason  string        `json:"reason,omitempty"` // the killer's own words
	Kill    time.Duration `json:"kill_ns,omitempty"`
	Took    time.Duration `json:"took_ns"`

	Met    int      `json:"met"`              // scenarios that had its occasion, without bugs
	Named  int      `json:"named"`            // scenarios of which one must fail
	Ran    int      `json:"ran"`              // scenarios that were run with it
	Failed []string `json:"failed,omitempty"` // of these, all that failed
	Areas  int      `json:"areas"`            // other than those of the named ones
	Passed int      `json:"passed"`           // of these areas
	Broken []string `json:"broken,omitempty"` // the areas that did not pass
	// Alarms failed without the bug too, under the same seed.
	Alarms []Alarm `json:"-"`

	ran map[string]bool
}

// An Alarm is a scenario that failed, or could not be judged, on a server without
// bugs.
type Alarm struct {
	Ground  string `json:"ground"`
	ID      string `json:"id"`
	Seed    uint64 `json:"seed"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason,omitempty"`
}

// alarm is a trial as an alarm.
func alarm(ground string, seed uint64, t Trial) Alarm {
	a := Alarm{Ground: ground, ID: t.ID, Seed: seed, Verdict: string(t.Verdict), Reason: t.Reason}
	if t.Passed() {
		a.Verdict, a.Reason = "shape", fmt.Sprintf("an exchange breaks %v", t.Shapes)
	}
	return a
}

// judge says what became of a mutant. anyKills says that whatever fails kills,
// named or not, and that nothing is too broad: so it is where the server is not our
// own, and little of what is named may pass.
func judge(c *choice, out *Outcome, anyKills bool, row *Row) {
	row.ran = map[string]bool{}
	alarms := map[string]bool{}
	for _, t := range out.Sound {
		if !t.Passed() || len(t.Shapes) > 0 {
			alarms[t.ID] = true
			if !t.Brisk || t.Passed() {
				row.Alarms = append(row.Alarms, alarm(c.job.Ground, c.job.Seed, t))
			}
		}
	}
	row.Took, row.Ran, row.Named = out.Took, len(out.Trials), len(c.named)
	sum := tally{c: c, alarms: alarms, anyKills: anyKills, ran: map[string]int{}, passed: map[string]int{}, named: map[scenarios.Verdict]int{}}
	for _, t := range out.Trials {
		row.ran[t.ID] = true
		sum.add(t, row)
	}
	if row.Killer != "" && row.Killer == out.Killer {
		row.Kill = out.Kill
	}
	sum.judgeAreas(row)
	switch {
	case row.Killer == "" && len(out.Trials) == 0:
		row.Verdict, row.Why = NotRun, "nothing was run with it"
	case row.Killer == "":
		row.Verdict, row.Why = Survived, fmt.Sprintf("of %d scenarios that it names none failed%s%s", row.Named, sum.ends(), others(row.Failed))
	case !anyKills && c.areas != nil && row.Areas == 0:
		row.Verdict, row.Why = Broad, "it names every area: nothing is left that must pass"
	case !anyKills && float64(row.Passed) < enough*float64(row.Areas):
		row.Verdict, row.Why = Broad, fmt.Sprintf("only %d of %d other areas pass; not %v", row.Passed, row.Areas, row.Broken)
	default:
		row.Verdict = Killed
	}
}

// ends tells how the scenarios that are named ended, where not all passed.
func (s *tally) ends() string {
	var out []string
	for _, v := range scenarios.Verdicts() {
		if n := s.named[v]; n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, v))
		}
	}
	if len(out) == 0 || len(out) == 1 && s.named[scenarios.Pass] > 0 {
		return ""
	}
	return " (" + strings.Join(out, ", ") + ")"
}

// others tells of what failed without being named.
func others(failed []string) string {
	switch n := len(failed); {
	case n == 0:
		return ""
	case n > 5:
		return fmt.Sprintf("; %d others did: %v and so on", n, failed[:5])
	default:
		return fmt.Sprintf("; others did: %v", failed)
	}
}

// A tally sums up trials.
type tally struct {
	c           *choice
	alarms      map[string]bool
	anyKills    bool
	ran, passed map[string]int            // by area
	named       map[scenarios.Verdict]int // of what the mutant names
	elapsed     time.Duration
}

func (s *tally) add(t Trial, row *Row) {
	s.elapsed += t.Took
	area := scenarios.Scenario{ID: t.ID}.Area()
	s.ran[area]++
	if slices.Contains(s.c.named, t.ID) {
		s.named[t.Verdict]++
	}
	if t.Passed() {
		s.passed[area]++
	}
	if s.alarms[t.ID] {
		return
	}
	for _, shape := range t.Shapes {
		if !slices.Contains(row.Failed, shape) {
			row.Failed = append(row.Failed, shape)
		}
	}
	by := t.broke(s.c.job.Shapes)
	if t.Failed() {
		row.Failed = append(row.Failed, t.ID)
		if by == "" && (s.anyKills || slices.Contains(s.c.named, t.ID)) {
			by = t.ID
		}
	}
	if row.Killer == "" && by != "" {
		row.Killer, row.Reason, row.Kill = by, t.Reason, s.elapsed
	}
}

// judgeAreas counts the other areas that pass. An area passes if four fifths of
// its scenarios do: those that never had the bug's occasion pass, as they do
// without it, and those that had it pass in the proportion of those that were run.
// What could not be run does not pass.
func (s *tally) judgeAreas(row *Row) {
	row.Areas = len(s.c.areas)
	for _, name := range slices.Sorted(maps.Keys(s.c.areas)) {
		a := s.c.areas[name]
		share := 1.0
		if a.met > 0 && s.ran[name] > 0 {
			share = float64(s.passed[name]) / float64(s.ran[name])
		} else if a.met > 0 {
			share = 0
		}
		if float64(a.all-a.met)+share*float64(a.met) >= enough*float64(a.all) {
			row.Passed++
		} else {
			row.Broken = append(row.Broken, name)
		}
	}
}
