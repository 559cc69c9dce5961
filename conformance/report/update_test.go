package report_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

var (
	day    = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	update = report.Update{Now: day, Exists: func(name string) bool { return !strings.Contains(name, "gone") }}
)

const oldBaseline = `# What our server fails.

# Ours to mend.
- scenario: b.known # since 1.2
  verdict: fail
  # agreed upon
  reason: an old bug
  link: https://x/1
# Theirs.
- rule: R-9
  verdict: silent
  reason: r
  exchange: GET / -> 200
  expires: "2026-01-31"
- scenario: c.mended
  verdict: fail
  reason: r
  link: https://x/2
- {scenario: d.gone, verdict: fail, reason: r, link: l}
`

// failing are results of which b.known and R-9 stand in the old baseline.
func failing() *report.Run {
	wire := []scenarios.Exchange{{N: 1, Method: "PUT", URL: "http://h:1/bleep-x1-2/k?uploadId=77", Status: 200, Code: "Odd"}}
	return &report.Run{Results: []scenarios.Result{
		{ID: "a.new", Rule: "R-1", Verdict: scenarios.Silent, Gating: true, Reason: "got 200,\n  want 412", Exchanges: wire},
		{ID: "b.known", Rule: "R-2", Verdict: scenarios.Fail, Known: "an old bug"},
		{ID: "c.mended", Rule: "R-3", Verdict: scenarios.Pass},
		{ID: "c.warn", Rule: "R-3", Verdict: scenarios.Warn},
		{ID: "x.nine", Rule: "R-9", Verdict: scenarios.Silent, Gating: true},
		{ID: "y.new", Rule: "R-4", Verdict: scenarios.Skipped, Gating: true, Reason: "no means: none"},
		{ID: "y.new@virtual", Rule: "R-4", Verdict: scenarios.Skipped, Gating: true, Reason: "no means: none"},
		{ID: "z.broke", Rule: "R-5", Verdict: scenarios.Error, Gating: true, Reason: "nil"},
	}}
}

func TestUpdateBaseline(t *testing.T) {
	got, c, err := report.UpdateBaseline([]byte(oldBaseline), failing(), update)
	if err != nil {
		t.Fatal(err)
	}
	want := `# What our server fails.

- rule: R-1
  scenario: a.new
  verdict: silent
  reason: got 200, want 412
  exchange: PUT /BUCKET/k?uploadId=... -> 200 Odd
` + oldBaseline[strings.Index(oldBaseline, "# Ours"):] + `- rule: R-4
  scenario: y.new
  verdict: skipped
  reason: 'no means: none'
  exchange: 'none: no means: none'
`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff(report.Changes{Added: []string{"a.new silent", "y.new skipped"}, Kept: 1, Left: []string{"z.broke error: the harness broke: nil"},
		Stale: []string{"R-9 silent: it expired on 2026-01-31", "c.mended fail: want fail, got pass", "d.gone fail: the catalogue has no such scenario or rule"}}, c); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	again, c, err := report.UpdateBaseline(got, failing(), update)
	if err != nil || string(again) != string(got) || len(c.Added) > 0 {
		t.Errorf("%v: a second update added %v and changed the file:\n%s", err, c.Added, cmp.Diff(string(got), string(again)))
	}
}

func TestUpdatePrunesAndRenews(t *testing.T) {
	u := update
	u.Prune, u.Expires = true, "2026-09-01"
	got, c, err := report.UpdateBaseline([]byte(oldBaseline), failing(), u)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"c.mended fail", "d.gone fail"}, c.Pruned); d != "" || len(c.Renewed) != 1 || len(c.Stale) != 0 {
		t.Errorf("%s; got %+v, want R-9 renewed", d, c)
	}
	b, err := report.ParseBaseline(got)
	if err != nil {
		t.Fatal(err)
	}
	days := map[string]string{}
	for _, e := range b {
		days[e.Name()] = e.Expires
	}
	if d := cmp.Diff(map[string]string{"a.new": "2026-09-01", "b.known": "", "R-9": "2026-09-01", "y.new": "2026-09-01"}, days); d != "" {
		t.Errorf("days of expiry (-want +got):\n%s", d)
	}
}

// TestUpdateFollowsRules: an entry whose scenario shows another rule than it did is
// given that one, and holds, is dropped or renewed as any other.
func TestUpdateFollowsRules(t *testing.T) {
	const old = `# Ours.
- rule: R-7 # as it was
  scenario: b.known
  verdict: fail
  reason: an old bug
  link: https://x/1
- {rule: R-gone, scenario: x.nine, verdict: silent, reason: r, link: l}
- {rule: R-8, scenario: c.mended, verdict: fail, reason: r, link: l}
- {rule: R-8, scenario: n.not-run, verdict: fail, reason: r, link: l}
`
	u := update
	u.Prune = true
	got, c, err := report.UpdateBaseline([]byte(old), failing(), u)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"b.known fail: R-2", "x.nine silent: R-9"}, c.Moved); d != "" || !cmp.Equal(c.Pruned, []string{"c.mended fail"}) {
		t.Errorf("moved (-want +got):\n%s; got %+v", d, c)
	}
	b, err := report.ParseBaseline(got)
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]string{}
	for _, e := range b {
		rules[e.Scenario] = e.Rule
	}
	if d := cmp.Diff(map[string]string{"a.new": "R-1", "b.known": "R-2", "n.not-run": "R-8", "x.nine": "R-9", "y.new": "R-4"}, rules); d != "" || !strings.Contains(string(got), "- rule: R-2 # as it was\n") {
		t.Errorf("rules (-want +got):\n%s\nin\n%s", d, got)
	}
	if known := b.Apply(failing().Results, update.Exists, day); len(known.Stale) > 0 || known.Used != 5 {
		t.Errorf("of the new baseline %d are used, and stale are %v; want 5 and none", known.Used, known.Stale)
	}
}

// TestHeadOfTheFileStaysAbove: a comment above the first entry is the file's.
func TestHeadOfTheFileStaysAbove(t *testing.T) {
	got, _, err := report.UpdateBaseline([]byte("# head\n- {scenario: b.known, verdict: fail, reason: r, link: l}\n"), failing(), update)
	if err != nil || !strings.HasPrefix(string(got), "# head\n") {
		t.Errorf("%v, got\n%s", err, got)
	}
}

// TestUpdateOfNothing: files that are new, empty or hold comments alone.
func TestUpdateOfNothing(t *testing.T) {
	for _, old := range []string{"", "[]\n", "# about it\n"} {
		got, c, err := report.UpdateBaseline([]byte(old), failing(), update)
		if err != nil || len(c.Added) != 4 || strings.HasPrefix(old, "#") != strings.HasPrefix(string(got), old+"\n- rule: R-1\n") {
			t.Errorf("%q: %v, %+v, got\n%s", old, err, c, got)
		}
	}
}

func TestUpdateRefusesRunsThatProveNothing(t *testing.T) {
	shape := scenarios.Invariants()[0].ID
	for name, r := range map[string]*report.Run{
		"empty":         {},
		"interrupted":   {Interrupted: true, Results: failing().Results},
		"stopped early": {NotRun: 3, Results: failing().Results},
		"not judged": {Results: []scenarios.Result{{ID: "a", Verdict: scenarios.Blocked, Gating: true}, {ID: "b", Verdict: scenarios.Skipped},
			{ID: shape, Verdict: scenarios.Fail, Gating: true}}},
	} {
		if got, _, err := report.UpdateBaseline([]byte(oldBaseline), r, update); !errors.Is(err, report.ErrProvesNothing) {
			t.Errorf("%s: got %v and\n%s", name, err, got)
		}
	}
	if _, _, err := report.UpdateBaseline([]byte("rule: x"), failing(), update); err == nil || errors.Is(err, report.ErrProvesNothing) {
		t.Errorf("a file that is no baseline: got %v", err)
	}
}
