package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"bleepstore/conformance/model"
	"bleepstore/scenarios"
)

// Judge says of each workload whether the results of a run show the store to
// be safe for it. all are the scenarios that exist for the target: what a
// workload needs and has no result leaves the answer open, never yes.
//
// A known failure counts like any other: a baseline says what gates, not what
// is safe.
func (ws *Workloads) Judge(results []scenarios.Result, all []scenarios.Scenario) []WorkloadVerdict {
	byID := map[string][]scenarios.Result{}
	for _, res := range results {
		id, _, _ := strings.Cut(res.ID, "@") // every pass of -addressing=both counts
		byID[id] = append(byID[id], res)
	}
	var out []WorkloadVerdict
	for i := range ws.Workloads {
		w := &ws.Workloads[i]
		f := findings{open: map[string][]string{}}
		f.gather(w, byID, all)
		f.levels(w, byID)
		v := WorkloadVerdict{Name: w.Name, Says: w.Says, Link: w.Link}
		v.Answer, v.Because = f.answer(w)
		out = append(out, v)
	}
	return out
}

// findings are what a run has about the needs of one workload.
type findings struct {
	held    int
	broken  []string            // in words, silent first
	silent  int                 // how many of broken
	open    map[string][]string // ids by why they were not judged
	checked []string            // how strong checks of what held are
	// unchecked are levels of consistency of which the run says nothing.
	unchecked []string
}

func (f *findings) gather(w *Workload, byID map[string][]scenarios.Result, all []scenarios.Scenario) {
	for _, sc := range all {
		i := slices.IndexFunc(w.Needs, func(n Need) bool { return n.matches(sc.ID, sc.Level) })
		if i < 0 {
			continue
		}
		uses := w.uses(sc.Needs)
		if len(byID[sc.ID]) == 0 && uses {
			f.open["not run"] = append(f.open["not run"], sc.ID)
		}
		for _, res := range byID[sc.ID] {
			f.add(w.Needs[i], res, uses)
		}
	}
}

// add weighs one result. What needs a feature that the workload does not use
// counts only where the store has the feature and breaks the rule.
func (f *findings) add(n Need, res scenarios.Result, uses bool) {
	switch v := res.Verdict; {
	case v == scenarios.Pass:
		if uses {
			f.held++
		}
		if n.Checked != "" && !slices.Contains(f.checked, n.Checked) {
			f.checked = append(f.checked, n.Checked)
		}
	case v == scenarios.Silent:
		f.broken = slices.Insert(f.broken, f.silent, broken(n, res))
		f.silent++
	case v == scenarios.Fail && n.If == "", v == scenarios.Unsupported && n.If == "" && uses:
		f.broken = append(f.broken, broken(n, res))
	case v == scenarios.Fail:
		f.open["broken, perhaps harmlessly"] = append(f.open["broken, perhaps harmlessly"], res.ID)
	case uses:
		f.open[string(v)] = append(f.open[string(v)], res.ID)
	}
}

// levels weighs the levels of consistency that workloads of the suite reached.
func (f *findings) levels(w *Workload, byID map[string][]scenarios.Result) {
	for _, kind := range slices.Sorted(maps.Keys(w.Levels)) {
		want, told := w.Levels[kind], false
		for _, res := range byID["consistency."+kind] {
			got, _, _ := strings.Cut(observed(res, "level"), " of ")
			level, err := model.ParseLevel(got)
			switch {
			case err != nil || res.Verdict == scenarios.Skipped || res.Verdict == scenarios.Error:
				continue // nothing that can be relied on was found
			case level < want:
				f.broken = append(f.broken, fmt.Sprintf("%s (%s) reaches level %s: it needs %s", res.ID, res.Rule, got, want))
			}
			told = true
		}
		switch {
		case !told:
			f.unchecked = append(f.unchecked, fmt.Sprintf("consistency of %s was not checked; it needs level %s", kind, want))
		default:
			f.held++
		}
	}
}

// broken tells of one broken rule in words.
func broken(n Need, res scenarios.Result) string {
	return fmt.Sprintf("%s (%s) %s: %s", res.ID, res.Rule, word[res.Verdict], n.Why)
}

// word is how a verdict is told to one who asks about a workload.
var word = map[scenarios.Verdict]string{
	scenarios.Silent:      "is answered with a wrong success",
	scenarios.Fail:        "is broken",
	scenarios.Unsupported: "is not supported",
}

func (f *findings) answer(w *Workload) (string, []string) {
	if len(f.broken) > 0 {
		return No, f.broken
	}
	var because []string
	because = append(because, f.unchecked...)
	for _, why := range slices.Sorted(maps.Keys(f.open)) {
		because = append(because, fmt.Sprintf("%s: %s", why, some(f.open[why], 5)))
	}
	if len(because) > 0 {
		return Unknown, because
	}
	if f.held == 0 { // its needs name nothing that exists for this target
		return Unknown, []string{"nothing that it rests on was run"}
	}
	return Yes, append([]string{fmt.Sprintf("all %d scenarios that it rests on passed", f.held)}, f.checked...)
}

// some lists at most n of the names and how many more there are.
func some(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
}
