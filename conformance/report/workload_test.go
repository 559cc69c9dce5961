package report_test

import (
	"strings"
	"testing"

	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

const oneWorkload = `
groups:
  locks:
    - {id: "lock.*", why: one holder, checked: by a race}
workloads:
  - name: w
    says: s
    link: https://example.org/w
    features: [objects]
    groups: [locks]
`

// rests is what the made-up workload rests on: lock.a and lock.b; lock.versioned
// only where the store has versions; never the should.
func rests() []scenarios.Scenario {
	needs := []scenarios.Feature{scenarios.Objects}
	return []scenarios.Scenario{
		{ID: "lock.a", Level: scenarios.Must, Needs: needs},
		{ID: "lock.b", Level: scenarios.Must, Needs: needs},
		{ID: "lock.should", Level: scenarios.Should, Needs: needs},
		{ID: "lock.versioned", Level: scenarios.Must, Needs: []scenarios.Feature{scenarios.Versioning}},
		{ID: "odd", Level: scenarios.Must, Needs: needs},
		{ID: "other", Level: scenarios.Must, Needs: needs},
	}
}

func TestWorkloadAnswers(t *testing.T) {
	const odd = "    needs: [{id: odd, why: it refuses, if: silent}]\n"
	type verdicts map[string]scenarios.Verdict
	for name, tc := range map[string]struct {
		got    verdicts
		more   string // of the workload
		answer string
		why    string
	}{
		"all held":             {verdicts{"lock.a": "pass", "lock.b": "pass"}, "", report.Yes, "all 2 scenarios that it rests on passed; by a race"},
		"should broken":        {verdicts{"lock.a": "pass", "lock.b": "pass", "lock.should": "warn", "other": "fail"}, "", report.Yes, "all 2"},
		"failed":               {verdicts{"lock.a": "pass", "lock.b": "fail"}, "", report.No, "lock.b (R-1) is broken: one holder"},
		"silent first":         {verdicts{"lock.a": "fail", "lock.b": "silent"}, "", report.No, "lock.b (R-1) is answered with a wrong success: one holder; lock.a"},
		"unsupported":          {verdicts{"lock.a": "pass", "lock.b": "unsupported"}, "", report.No, "lock.b (R-1) is not supported"},
		"no beats unknown":     {verdicts{"lock.b": "fail"}, "", report.No, "lock.b"},
		"not selected":         {verdicts{"lock.a": "pass"}, "", report.Unknown, "not run: lock.b"},
		"blocked":              {verdicts{"lock.a": "pass", "lock.b": "blocked"}, "", report.Unknown, "blocked: lock.b"},
		"skipped":              {verdicts{"lock.a": "skipped", "lock.b": "pass"}, "", report.Unknown, "skipped: lock.a"},
		"error":                {verdicts{"lock.a": "error", "lock.b": "pass"}, "", report.Unknown, "error: lock.a"},
		"nothing":              {verdicts{}, "", report.Unknown, "not run: lock.a, lock.b"},
		"versions broken":      {verdicts{"lock.a": "pass", "lock.b": "pass", "lock.versioned": "silent"}, "", report.No, "lock.versioned"},
		"no versions":          {verdicts{"lock.a": "pass", "lock.b": "pass", "lock.versioned": "unsupported"}, "", report.Yes, "all 2"},
		"one pass of two":      {verdicts{"lock.a": "pass", "lock.b": "pass", "lock.b@virtual": "fail"}, "", report.No, "lock.b@virtual"},
		"level not checked":    {verdicts{"lock.a": "pass", "lock.b": "pass"}, "    levels: {cas: register}\n", report.Unknown, "consistency of cas was not checked; it needs level register"},
		"level, rule broken":   {verdicts{"lock.a": "pass", "lock.b": "fail"}, "    levels: {cas: register}\n", report.No, "lock.b"},
		"only a wrong success": {verdicts{"lock.a": "pass", "lock.b": "pass", "odd": "silent"}, odd, report.No, "odd (R-1) is answered with a wrong success: it refuses"},
		"another failure":      {verdicts{"lock.a": "pass", "lock.b": "pass", "odd": "fail"}, odd, report.Unknown, "broken, perhaps harmlessly: odd"},
		"nothing that exists":  {verdicts{"other": "pass"}, "", report.Unknown, "not run"},
	} {
		ws, err := report.ParseWorkloads([]byte(oneWorkload + tc.more))
		if err != nil {
			t.Fatal(err)
		}
		var results []scenarios.Result
		for _, id := range []string{"lock.a", "lock.b", "lock.b@virtual", "lock.should", "lock.versioned", "odd", "other"} {
			if v, ran := tc.got[id]; ran {
				results = append(results, scenarios.Result{ID: id, Rule: "R-1", Verdict: v, Known: "a baseline makes nothing safe"})
			}
		}
		v := ws.Judge(results, rests())[0]
		if v.Answer != tc.answer || !strings.HasPrefix(strings.Join(v.Because, "; "), tc.why) {
			t.Errorf("%s: got %s, because %q; want %s, because %q", name, v.Answer, v.Because, tc.answer, tc.why)
		}
	}
	ws, err := report.ParseWorkloads([]byte(oneWorkload))
	if err != nil {
		t.Fatal(err)
	}
	if v := ws.Judge(nil, nil)[0]; v.Answer != report.Unknown {
		t.Errorf("a target for which nothing exists: got %s, want unknown", v.Answer)
	}
}

// A level that was observed counts as the workload needs it; one that a skipped
// scenario saw is none.
func TestWorkloadLevels(t *testing.T) {
	ws, err := report.ParseWorkloads([]byte(oneWorkload + "    levels: {cas: register}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		verdict            scenarios.Verdict
		level, answer, why string
	}{
		{"pass", "cas of cas", report.Yes, "all 3 scenarios"},
		{"pass", "register of cas", report.Yes, "all 3 scenarios"},
		{"pass", "raw of cas", report.No, "consistency.cas (Z-02) reaches level raw: it needs register"},
		{"silent", "eventual of cas", report.No, "consistency.cas (Z-02) reaches level eventual: it needs register"},
		{"skipped", "raw of cas", report.Unknown, "consistency of cas was not checked; it needs level register"},
		{"blocked", "", report.Unknown, "consistency of cas was not checked"},
	} {
		results := []scenarios.Result{{ID: "lock.a", Verdict: "pass"}, {ID: "lock.b", Verdict: "pass"},
			{ID: "consistency.cas", Rule: "Z-02", Verdict: tc.verdict, Observations: []scenarios.Observation{{Name: "level", Value: tc.level}}}}
		v := ws.Judge(results, rests())[0]
		if v.Answer != tc.answer || !strings.HasPrefix(strings.Join(v.Because, "; "), tc.why) {
			t.Errorf("%s %s: got %s, because %q; want %s, because %q", tc.verdict, tc.level, v.Answer, v.Because, tc.answer, tc.why)
		}
	}
	if errs := ws.Check(append(rests(), scenarios.Scenario{ID: "consistency.list"})); len(errs) != 1 || !strings.Contains(errs[0].Error(), `consistency of "cas"`) {
		t.Errorf("a level that nothing observes: got %v", errs)
	}
}

func TestWorkloadsAreStrict(t *testing.T) {
	for name, text := range map[string]string{
		"unknown key":     oneWorkload + "    note: x\n",
		"unknown group":   strings.Replace(oneWorkload, "[locks]", "[keys]", 1),
		"unknown feature": strings.Replace(oneWorkload, "[objects]", "[telepathy]", 1),
		"no features":     strings.Replace(oneWorkload, "[objects]", "[]", 1),
		"no why":          strings.Replace(oneWorkload, "why: one holder, ", "", 1),
		"no such glob":    strings.Replace(oneWorkload, "lock.*", "lock.[", 1),
		"no citation":     strings.Replace(oneWorkload, "https://example.org/w", "example.org", 1),
		"unknown level":   oneWorkload + "    levels: {cas: perfect}\n",
		"unknown if":      strings.Replace(oneWorkload, "why: one holder", "why: one holder, if: odd", 1),
		"twice":           oneWorkload + strings.SplitAfter(oneWorkload, "workloads:\n")[1],
		"empty":           "",
	} {
		if ws, err := report.ParseWorkloads([]byte(text)); err == nil {
			t.Errorf("%s: got %v, want an error", name, ws)
		}
	}
}

// TestOldRunsKnowNoWorkloads: a result.json without them is not read as safe.
func TestOldRunsKnowNoWorkloads(t *testing.T) {
	vs := sample().Workloads()
	if len(vs) == 0 {
		t.Fatal("got no workload, want all of them")
	}
	for _, v := range vs {
		if v.Answer != report.Unknown {
			t.Errorf("%s: got %s, want unknown", v.Name, v.Answer)
		}
	}
}

func TestWorkloadsAreShown(t *testing.T) {
	r := sample()
	r.Judged = []report.WorkloadVerdict{
		{Name: "open", Says: "s", Link: "https://o", Answer: report.Unknown, Because: []string{"not run: x"}},
		{Name: "raced", Says: "s", Link: "https://r", Answer: report.Yes, Because: []string{"all 2 passed", "by a race"}},
		{Name: "bad|store", Says: "s", Link: "https://b", Answer: report.No, Because: []string{"a", "b", "c", "d"}},
	}
	var summary, text strings.Builder
	if err := report.WriteSummary(&summary, r); err != nil {
		t.Fatal(err)
	}
	if err := report.WriteVerdicts(&text, r); err != nil {
		t.Fatal(err)
	}
	for shown, wants := range map[string][]string{
		summary.String(): {"| [bad\\|store](https://b): s | no | a; b; c; and 1 more |\n| [raced](https://r): s | yes | all 2 passed; by a race |\n| [open](https://o): s | unknown | not run: x |\n"},
		text.String():    {"safe for bad|store: no: a; and 3 more\nsafe for raced: yes: all 2 passed *\n  * concurrent", "safe for 1 others: unknown"},
	} {
		for _, want := range wants {
			if !strings.Contains(shown, want) {
				t.Errorf("no %q in\n%s", want, shown)
			}
		}
	}
	r.Judged = r.Judged[:1]
	text.Reset()
	if err := report.WriteVerdicts(&text, r); err != nil || strings.Contains(text.String(), "safe for") {
		t.Errorf("%v; nothing was judged, and yet:\n%s", err, &text)
	}
}
