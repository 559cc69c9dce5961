package report_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

// workflow is the environment of a step whose summary is file.
func workflow(file string) func(string) string {
	return func(name string) string {
		return map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": file}[name]
	}
}

func TestGitHubAnnotations(t *testing.T) {
	r := sample()
	r.Results[1].Says, r.Results[1].Reason = "It MUST 100%.", "got a:b, c\r\nsecond"
	r.Results[1].ID = "copy.silent"
	for i := range r.Results {
		if r.Results[i].ID == "copy.silent" {
			r.Results[i].Where = "scenarios/copy/a,b.go:7"
		}
	}
	r.Known = &report.Known{Stale: []report.Stale{
		{Entry: report.Entry{Rule: "O-01"}, Kind: report.Passed, Why: "want fail, got pass"},
		{Entry: report.Entry{Scenario: "x.gone"}, Kind: report.Gone, Why: "no such"},
	}}
	var out strings.Builder
	if err := report.ToGitHub(&out, workflow(""), r); err != nil {
		t.Fatal(err)
	}
	want := `::error file=scenarios/copy/a%2Cb.go,line=7,title=silent copy.silent (CP-03)::It MUST 100%25.%0Agot a:b, c%0D%0Asecond%0Ahttps://docs/x
::error title=blocked copy.blocked (CP-01)::%0Aafter ` + "\x01" + `%0A
::error title=stale baseline entry x.gone::no such
::warning title=stale baseline entry O-01::want fail, got pass
::warning title=warn object.warn (O-03)::%0Agot 400, want 411%0A
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// TestGitHubShowsTen: the gravest come first, and the last line counts.
func TestGitHubShowsTen(t *testing.T) {
	r := sample()
	for i := range 12 {
		r.Results = append(r.Results, scenarios.Result{ID: fmt.Sprintf("a.fail.%02d", i), Verdict: scenarios.Fail, Gating: true})
	}
	var out strings.Builder
	if err := report.ToGitHub(&out, workflow(""), r); err != nil {
		t.Fatal(err)
	}
	var errs []string
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "::error") {
			errs = append(errs, line)
		}
	}
	if len(errs) != 10 || !strings.Contains(errs[0], "silent copy.silent") || !strings.Contains(errs[1], "a.fail.00") || !strings.Contains(errs[9], "and 5 more") {
		t.Errorf("got %d errors, want 10, silent first, the last counting 5 more:\n%s", len(errs), &out)
	}
}

func TestGitHubStepSummary(t *testing.T) {
	file := filepath.Join(t.TempDir(), "summary")
	if err := os.WriteFile(file, []byte("of another program\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := report.ToGitHub(&out, workflow(file), sample()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(got), "of another program\n# S3 conformance of http://h\n") || !strings.Contains(string(got), "`copy.silent`") {
		t.Errorf("got\n%s", got)
	}
	r := sample()
	for i := range 9000 {
		r.Results = append(r.Results, scenarios.Result{ID: fmt.Sprint("z.", i), Verdict: scenarios.Warn, Reason: strings.Repeat("x", 200)})
	}
	if err := report.ToGitHub(&out, workflow(file), r); err != nil {
		t.Fatal(err)
	}
	if got, err = os.ReadFile(file); err != nil || len(got) > 1<<20 || len(got) < 1<<19 || !strings.HasSuffix(string(got), "summary.md is whole.\n") {
		t.Errorf("%v: %d bytes, ending in %q; want at most 1 MiB and word of what is cut", err, len(got), got[max(0, len(got)-80):])
	}
	if err := report.ToGitHub(&out, workflow(file), r); err != nil { // no room at all
		t.Fatal(err)
	}
}

func TestElsewhereGitHubHearsNothing(t *testing.T) {
	var out strings.Builder
	nowhere := func(string) string { return "" }
	resume, err := report.QuietCommands(&out, nowhere)
	if err != nil {
		t.Fatal(err)
	}
	if err := resume(); err != nil {
		t.Fatal(err)
	}
	if err := report.ToGitHub(&out, nowhere, sample()); err != nil || out.Len() > 0 {
		t.Errorf("%v, %q, want nothing", err, &out)
	}
	resume, err = report.QuietCommands(&out, workflow(""))
	if err != nil {
		t.Fatal(err)
	}
	token, ok := strings.CutPrefix(strings.TrimSpace(out.String()), "::stop-commands::")
	if err := resume(); err != nil || !ok || len(token) < 20 || !strings.HasSuffix(out.String(), "\n::"+token+"::\n") {
		t.Errorf("%v, got %q, want commands stopped and resumed by one token", err, &out)
	}
}
