package conformance_test

import (
	"testing"

	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

// TestWorkloadsNameScenarios: what a workload rests on exists, so that no
// workload is safe for want of rules.
func TestWorkloadsNameScenarios(t *testing.T) {
	ws, err := report.LoadWorkloads()
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range ws.Check(scenarios.All()) {
		t.Error(err)
	}
	lone := &report.Workloads{Workloads: []report.Workload{{Name: "w", Needs: []report.Need{{ID: "no.such.*", Why: "y"}, {ID: "object.last-modified.format", Why: "a should"}}}}}
	if errs := lone.Check(scenarios.All()); len(errs) != 2 {
		t.Errorf("got %v, want two complaints: one need matches nothing, one only a should", errs)
	}
}

// TestWorkloadsOfTheWholeCatalogue: where all passes every workload is safe,
// and each scenario that one rests on can by itself make it unsafe.
func TestWorkloadsOfTheWholeCatalogue(t *testing.T) {
	ws, err := report.LoadWorkloads()
	if err != nil {
		t.Fatal(err)
	}
	var all []scenarios.Scenario
	var results []scenarios.Result
	for _, sc := range scenarios.All() {
		if sc.Applies("us-east-1") {
			all = append(all, sc)
			res := scenarios.Result{ID: sc.ID, Rule: sc.Rule, Level: sc.Level, Needs: sc.Needs, Verdict: scenarios.Pass}
			if sc.Area() == "consistency" {
				res.Observations = []scenarios.Observation{{Name: "level", Value: "list-atomic of list-atomic"}}
			}
			results = append(results, res)
		}
	}
	for _, v := range ws.Judge(results, all) {
		if v.Answer != report.Yes {
			t.Errorf("%s: %s, because %v; want yes", v.Name, v.Answer, v.Because)
		}
	}
	for i := range results {
		if results[i].ID == "conditional.put.if-none-match.existing" {
			results[i].Verdict = scenarios.Silent
		}
	}
	unsafe := map[string]bool{}
	for _, v := range ws.Judge(results, all) {
		unsafe[v.Name] = v.Answer == report.No
	}
	if !unsafe["Terraform state locks"] || !unsafe["SlateDB"] || unsafe["restic"] {
		t.Errorf("a store that ignores If-None-Match: got %v unsafe, want Terraform and SlateDB, not restic", unsafe)
	}
}
