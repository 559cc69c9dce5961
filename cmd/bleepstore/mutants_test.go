package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"bleepstore/conformance"
	"bleepstore/conformance/mutation"
	"bleepstore/fault"
	"bleepstore/fault/liar"
	"bleepstore/scenarios"
)

// TestMutantsBreakWhatThereIs: every bug and every lie names rules and scenarios
// that gate, or a command line that this program understands; beside one it may
// name rules that no scenario of the suite judges.
func TestMutantsBreakWhatThereIs(t *testing.T) {
	var gates []mutation.Scene
	for _, sc := range scenarios.All() {
		if sc.Level == scenarios.Must {
			gates = append(gates, mutation.Scene{ID: sc.ID, Rule: sc.Rule})
		}
	}
	for _, inv := range scenarios.Invariants() {
		if inv.Level == scenarios.Must {
			gates = append(gates, mutation.Scene{ID: inv.ID, Rule: inv.Rule})
		}
	}
	for _, m := range slices.Concat(fault.Bugs(), liar.Lies()) {
		if len(m.Breaks) == 0 && m.By == "" {
			t.Errorf("%s names nothing that finds it", m.Name)
		}
		for _, glob := range m.Breaks {
			if m.By == "" && !slices.ContainsFunc(gates, func(s mutation.Scene) bool { return conformance.Match(glob, s.ID, s.Rule) }) {
				t.Errorf("%s breaks %s, which names no scenario that gates", m.Name, glob)
			}
		}
		if m.By != "" {
			understood(t, m)
		}
	}
}

func understood(t *testing.T, m fault.Mutant) {
	t.Helper()
	var c commands
	parser, err := kong.New(&c, kong.Vars{"workloads": "", "scripts": ""})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(strings.Fields(m.By)); err != nil {
		t.Errorf("%s is found by %q: %v", m.Name, m.By, err)
	}
}

func TestMutantsCode(t *testing.T) {
	row := func(v mutation.Verdict) *mutation.Row { return &mutation.Row{Verdict: v} }
	killed, notRun := row(mutation.Killed), row(mutation.NotRun)
	for name, tt := range map[string]struct {
		report mutation.Report
		want   int
	}{
		"killed":            {mutation.Report{Selected: 1, Mutants: []*mutation.Row{killed}}, conformance.ExitOK},
		"survived":          {mutation.Report{Selected: 2, Mutants: []*mutation.Row{killed, row(mutation.Survived)}}, conformance.ExitFailed},
		"broad":             {mutation.Report{Selected: 2, Mutants: []*mutation.Row{killed, row(mutation.Broad)}}, conformance.ExitFailed},
		"a false alarm":     {mutation.Report{Selected: 1, Mutants: []*mutation.Row{killed}, Alarms: []mutation.Alarm{{}}}, conformance.ExitFailed},
		"one not run":       {mutation.Report{Selected: 2, Mutants: []*mutation.Row{killed, notRun}}, conformance.ExitInconclusive},
		"one is missing":    {mutation.Report{Selected: 2, Mutants: []*mutation.Row{killed}}, conformance.ExitFailed},
		"nothing":           {mutation.Report{}, conformance.ExitInconclusive},
		"no ground at home": {mutation.Report{Selected: 2, Mutants: []*mutation.Row{killed, row(mutation.NoGround)}}, conformance.ExitInconclusive},
		"no ground":         {mutation.Report{Foreign: true, Selected: 2, Mutants: []*mutation.Row{killed, row(mutation.NoGround)}}, conformance.ExitOK},
		"no ground at all":  {mutation.Report{Foreign: true, Selected: 1, Mutants: []*mutation.Row{row(mutation.NoGround)}}, conformance.ExitInconclusive},
		"unexplained":       {mutation.Report{Selected: 1, Mutants: []*mutation.Row{killed}, Gating: 100, Unkilled: []mutation.Unkilled{{ID: "a.b"}}}, conformance.ExitUnexpected},
		"explained":         {mutation.Report{Selected: 1, Mutants: []*mutation.Row{killed}, Gating: 100, Unkilled: []mutation.Unkilled{{ID: "a.b", Reason: "so"}}}, conformance.ExitOK},
		"too many":          {mutation.Report{Selected: 1, Mutants: []*mutation.Row{killed}, Gating: 9, Unkilled: []mutation.Unkilled{{ID: "a.b", Reason: "so"}}}, conformance.ExitUnexpected},
		"interrupted":       {mutation.Report{Interrupted: true, Selected: 1, Mutants: []*mutation.Row{killed}}, conformance.ExitInterrupted},
		"left over":         {mutation.Report{Selected: 1, Mutants: []*mutation.Row{killed}, Ledgers: []string{"l"}}, conformance.ExitLeftover},
	} {
		if got := mutantsCode(&tt.report); got != tt.want {
			t.Errorf("%s: got %d, want %d", name, got, tt.want)
		}
	}
}
