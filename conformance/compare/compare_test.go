package compare_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bleepstore/conformance/compare"
	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

var update = flag.Bool("update", false, "write the golden file anew")

// result is a result of rule rule, must unless edited.
func result(id, rule string, v scenarios.Verdict, edit ...func(*scenarios.Result)) scenarios.Result {
	r := scenarios.Result{ID: id, Rule: rule, Level: scenarios.Must, Verdict: v, Gating: v.Gates(), Says: "It MUST hold for <a> and *.",
		Ref: "https://docs.aws.amazon.com/" + rule, Where: "scenarios/x.go:1"}
	if v != scenarios.Pass {
		r.Reason = "got success (200), want 412"
	}
	for _, e := range edit {
		e(&r)
	}
	return r
}

func run(results ...scenarios.Result) *report.Run {
	return &report.Run{Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Region: "us-east-1", Addressing: "path", Profile: "core", Seed: 7,
		Features: scenarios.Profiles["core"], RepeatOne: "bleepstore test --endpoint=http://h --seed=7", Results: results}
}

func sample(t *testing.T) *compare.Comparison {
	t.Helper()
	should := func(r *scenarios.Result) { r.Level = scenarios.Should }
	ours := run(result("copy.a", "CP-01", scenarios.Pass), result("object.a", "O-01", scenarios.Pass), result("object.b", "O-02", scenarios.Pass, should))
	theirs := run(
		result("copy.a", "CP-01", scenarios.Fail, func(r *scenarios.Result) {
			r.Reason = "GET http://127.0.0.1:4711/bleep-abc123-7/k: got 500\n<b>`` x, want 200"
		}),
		result("object.a", "O-01", scenarios.Fail),
		result("object.a2", "O-01", scenarios.Silent, func(r *scenarios.Result) { r.Gating, r.Known = false, "an old bug" }),
		result("object.b", "O-02", scenarios.Warn, should),
		result("object.c", "O-03", scenarios.Observed, func(r *scenarios.Result) { r.Level = scenarios.Info }),
		result("object.d", "O-04", scenarios.Skipped, func(r *scenarios.Result) { r.Gating = false }),
		result("shape.date", "I1", scenarios.Fail, func(r *scenarios.Result) { r.Where = "object.a@virtual" }))
	theirs.Preflight.Server = "x|y"
	theirs.Judged = []report.WorkloadVerdict{
		{Name: "locks", Says: "Only one must hold it.", Link: "https://example.org/locks", Answer: report.No, Because: []string{"object.a2 (silent): *it* would be held twice", "another"}},
		{Name: "backups", Says: "They must be there.", Link: "https://example.org/backups", Answer: report.Yes, Because: []string{"3 judged"}},
	}
	c, err := compare.New([]compare.Server{{Name: "ours", Run: ours}, {Name: "theirs", Run: theirs, Note: "Start it first."}},
		[]compare.Absent{{Name: "gone", Why: "connection | refused"}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestMarkdown: the page of Markdown is what stands in testdata, every time.
func TestMarkdown(t *testing.T) {
	golden := filepath.Join("testdata", "report.md")
	got := sample(t).Markdown()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("if the change is meant: go test ./conformance/compare -update\n(-want +got):\n%s", d)
	}
	for range 20 {
		if sample(t).Markdown() != got {
			t.Fatal("the same runs made two pages")
		}
	}
}

// TestRows: rows are grouped and ascending, with nothing where a server has
// no result, and differ only by verdict.
func TestRows(t *testing.T) {
	c := sample(t)
	var got []string
	for _, a := range c.Areas {
		for _, r := range a.Rows {
			line := a.Name + " " + r.ID
			for _, cell := range r.Cells {
				if cell == nil {
					line += " -"
				} else {
					line += " " + string(cell.Verdict)
				}
			}
			if r.Differs() {
				line += " differ"
			}
			got = append(got, line)
		}
	}
	want := []string{"copy copy.a pass fail differ", "object object.a pass fail differ", "object object.a2 - silent", "object object.b pass warn differ",
		"object object.c - observed", "object object.d - skipped", "shape shape.date - fail"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}

// TestFindings: a rule once, told by its gravest result; what was only
// recorded is none.
func TestFindings(t *testing.T) {
	var got []string
	for _, f := range compare.Findings(sample(t).Servers[1].Run) {
		got = append(got, f.Worst.ID+" "+string(f.Worst.Verdict)+" ("+f.More()+") "+f.Got())
	}
	want := []string{
		"object.a2 silent (2 results: 1 fail, 1 silent) got success (200), want 412",
		"copy.a fail () GET http://HOST/BUCKET/k: got 500 <b>`` x, want 200",
		"shape.date fail () got success (200), want 412",
		"object.b warn () got success (200), want 412",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
}

func TestNewRefuses(t *testing.T) {
	r := run(result("object.a", "O-01", scenarios.Pass))
	for name, servers := range map[string][]compare.Server{
		"nothing":        nil,
		"the same twice": {{Name: "a", Run: r}, {Name: "a", Run: r}},
		"no name":        {{Name: "", Run: r}},
		"a path":         {{Name: "../a", Run: r}},
		"a hidden one":   {{Name: ".a", Run: r}},
		"id twice":       {{Name: "a", Run: run(r.Results[0], r.Results[0])}},
	} {
		if _, err := compare.New(servers, nil); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// TestSpliceKeepsItsMarks: what a server says cannot be taken for a mark, so
// that the file can be written again.
func TestSpliceKeepsItsMarks(t *testing.T) {
	words := "got " + compare.End + " and " + compare.Begin + ", want ``none``"
	r := run(result("object.a", "O-01", scenarios.Fail, func(r *scenarios.Result) { r.Reason, r.Says = words, words }))
	r.Preflight.Server = words
	c, err := compare.New([]compare.Server{{Name: "a", Run: r, Note: "n"}}, []compare.Absent{{Name: "b", Why: words}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := compare.Splice(nil, c.Markdown())
	for range 2 {
		if err != nil {
			t.Fatal(err)
		}
		out, err = compare.Splice(out, c.Markdown())
	}
}

func TestSplice(t *testing.T) {
	const old = "# Mine\n\nbefore\n\n" + compare.Begin + "\nold\n" + compare.End + "\n\n## Also mine\nafter\n"
	got, err := compare.Splice([]byte(old), "\nnew\n")
	if err != nil {
		t.Fatal(err)
	}
	if want := "# Mine\n\nbefore\n\n" + compare.Begin + "\n\nnew\n\n" + compare.End + "\n\n## Also mine\nafter\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	again, err := compare.Splice(got, "new")
	if err != nil || string(again) != string(got) {
		t.Errorf("a second time: got %q, %v, want the same", again, err)
	}
	fresh, err := compare.Splice(nil, "new")
	if err != nil || !strings.HasPrefix(string(fresh), "# Report\n") || !strings.Contains(string(fresh), "\nnew\n") {
		t.Errorf("without a document: got %q, %v", fresh, err)
	}
	for name, document := range map[string]string{
		"no marks":     "# Mine\n",
		"no end":       "x" + compare.Begin,
		"wrong order":  compare.End + compare.Begin,
		"two of them":  old + old,
		"two ends":     old + compare.End,
		"begins twice": compare.Begin + old,
	} {
		if out, err := compare.Splice([]byte(document), "new"); err == nil {
			t.Errorf("%s: got %q, want an error", name, out)
		}
	}
}
