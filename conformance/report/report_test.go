package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

func sample() *report.Run {
	exchange := scenarios.Exchange{N: 2, Method: "PUT", URL: "http://h/b/k", Request: "PUT /b/k HTTP/1.1\r\nHost: h\r\n", Response: "HTTP/1.1 200 OK\n", Status: 200, Curl: "curl -X PUT 'http://h/b/k'"}
	r := &report.Run{Schema: report.Schema, Endpoints: []string{"http://h"}, Profile: "core", Region: "us-east-1", Addressing: "path", Seed: 42,
		Features: append(slices.DeleteFunc(slices.Clone(scenarios.Profiles["core"]), func(f scenarios.Feature) bool { return f == scenarios.Range }), scenarios.Tagging),
		Started:  time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Finished: time.Date(2026, 1, 2, 3, 4, 15, 0, time.UTC),
		Preflight: report.Preflight{Server: "x|y"}, Rules: report.RuleCounts{Total: 4, Must: 3, Uncited: 1}, Repeat: "bleepstore test --seed=42",
		Results: []scenarios.Result{
			{ID: "object.put.z", Rule: "O-01", Level: scenarios.Must, Verdict: scenarios.Pass, Took: time.Second},
			{ID: "copy.silent", Rule: "CP-03", Level: scenarios.Must, Says: "It MUST fail.", Ref: "https://docs/x", Verdict: scenarios.Silent, Gating: true,
				Reason: "got success, want 412\nsecond line", Where: "scenarios/copy/x.go:7", Exchanges: []scenarios.Exchange{{N: 1, Method: "GET", URL: "http://h/b"}, exchange}},
			{ID: "copy.blocked", Rule: "CP-01", Verdict: scenarios.Blocked, Gating: true, Reason: "after \x01"},
			{ID: "object.known", Rule: "O-02", Verdict: scenarios.Fail, Known: "an old bug", Reason: "got 500"},
			{ID: "object.warn", Rule: "O-03", Verdict: scenarios.Warn, Reason: "got 400, want 411"},
		}}
	r.Sort()
	return r
}

func TestJSONReadsBack(t *testing.T) {
	want := sample()
	var b bytes.Buffer
	if err := report.WriteJSON(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := report.ReadJSON(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("read back (-want +got):\n%s", d)
	}
	if _, err := report.ReadJSON(strings.NewReader(`{"schema":"bleepstore.result/0"}`)); err == nil {
		t.Error("another schema was read without complaint")
	}
}

// TestSchemaIsDocumented: RESULT.md names every field of result.json.
func TestSchemaIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("RESULT.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(ty reflect.Type) {
		switch ty.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			walk(ty.Elem())
		case reflect.Struct:
			if seen[ty] || ty == reflect.TypeFor[time.Time]() {
				return
			}
			seen[ty] = true
			for i := range ty.NumField() {
				name, _, _ := strings.Cut(ty.Field(i).Tag.Get("json"), ",")
				if name == "-" { // the engine's own, in no file
					continue
				}
				if name == "" || !strings.Contains(string(doc), "`"+name+"`") {
					t.Errorf("%s.%s: `%s` is not in RESULT.md", ty, ty.Field(i).Name, name)
				}
				walk(ty.Field(i).Type)
			}
		}
	}
	walk(reflect.TypeFor[report.Run]())
}

func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := report.WriteJUnit(&b, sample()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Suites []struct {
			Name     string `xml:"name,attr"`
			Tests    int    `xml:"tests,attr"`
			Failures int    `xml:"failures,attr"`
			Errors   int    `xml:"errors,attr"`
			Skipped  int    `xml:"skipped,attr"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v in\n%s", err, b.Bytes())
	}
	if len(got.Suites) != 2 {
		t.Fatalf("got %+v, want suites copy and object", got)
	}
	if c, o := got.Suites[0], got.Suites[1]; c.Failures != 1 || c.Errors != 1 || c.Tests != 2 || o.Tests != 3 || o.Skipped != 2 || o.Failures != 0 {
		t.Errorf("got %+v, want one failure and one error in copy, two skipped in object", got)
	}
}

// TestJUnitNamesRules: a failure names its rule and where that is from, and
// shows the exchange; what is known, warned of or passed does not turn red.
func TestJUnitNamesRules(t *testing.T) {
	r := sample()
	r.Interrupted, r.NotRun, r.Leftover = true, 3, []string{"bleep-x-1"}
	r.Known = &report.Known{Stale: []report.Stale{{Entry: report.Entry{Scenario: "o.gone", Verdict: scenarios.Fail}, Kind: report.Gone, Why: "none"},
		{Entry: report.Entry{Scenario: "o.passed", Verdict: scenarios.Fail}, Kind: report.Passed, Why: "want fail, got pass"}}}
	var b bytes.Buffer
	if err := report.WriteJUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<failure message="CP-03: got success, want 412&#xA;second line (https://docs/x)" type="silent">`, "rule CP-03 (must): https://docs/x", "PUT /b/k HTTP/1.1",
		`<skipped message="known fail: an old bug" type="fail">`, `<skipped message="warn: got 400, want 411" type="warn">`,
		`<testsuite name="run" tests="3" failures="0" errors="3"`, `message="3 scenarios were not run"`, `name="baseline: o.gone fail"`, `message="not removed: bleep-x-1"`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "o.passed") {
		t.Error("an entry that does not gate turned red")
	}
}

func TestSummary(t *testing.T) {
	r := sample()
	r.Known = &report.Known{Stale: []report.Stale{{Entry: report.Entry{Scenario: "copy.gone"}, Why: "want fail, got pass"}}}
	r.NotRun = 3
	var b strings.Builder
	if err := report.WriteSummary(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`Server: x\|y`, "Profile: core -range +tagging, region", "| copy | . | . | . | . | 1 | . | 1 | . | . | 2 | 2 |", "Rules: 4; 3 judged as must, 0 demoted", "**Not run: 3**", "- Gating: **2** of 5",
		"| silent | `copy.silent` | [CP-03](https://docs/x) | It MUST fail. | got success, want 412 ... |", "known: an old bug", "`copy.gone`: want fail, got pass", "got 400, want 411",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "%") {
		t.Error("the summary holds a percentage")
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	if err := report.Write(dir, sample()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"result.json", "junit.xml", "summary.md"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFailureText(t *testing.T) {
	res := sample().Gating()[1]
	got := report.Failure(res, 1, "go test ./conformance -id=copy.silent")
	want := `SILENT copy.silent
  It MUST fail.
  rule CP-03 (must): https://docs/x
  got success, want 412
    second line
  at scenarios/copy/x.go:7
  (1 exchanges before this)
  --- 2: PUT http://h/b/k
  > PUT /b/k HTTP/1.1
  > Host: h
  < HTTP/1.1 200 OK
  $ curl -X PUT 'http://h/b/k'
  repeat: go test ./conformance -id=copy.silent
`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestProgress(t *testing.T) {
	for name, live := range map[string]bool{"terminal": true, "plain": false} {
		var b strings.Builder
		now := time.Unix(100, 0)
		p := &report.Progress{Out: &b, Total: 6, Live: live, Color: live, Keep: 1, Now: func() time.Time { return now }, Repeat: func(r scenarios.Result) string { return "again " + r.ID }}
		for _, res := range sample().Results {
			p.Add(res)
			now = now.Add(6 * time.Second)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		out := b.String()
		for _, want := range map[bool][]string{
			true:  {"\r\x1b[K5/6  gating 2  ETA 5s  object.warn", "\x1b[31mSILENT copy.silent\x1b[0m\n", "\x1b[33mBLOCKED", "repeat: again copy.silent"},
			false: {"\n3/6  gating 2  ETA 12s\n", "\nSILENT copy.silent\n", "repeat: again copy.silent"},
		}[live] {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in %q", name, want, out)
			}
		}
		if !live && strings.ContainsAny(out, "\r\x1b") {
			t.Errorf("plain output holds control characters: %q", out)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestProgressKeepsTheWritersError(t *testing.T) {
	p := &report.Progress{Out: broken{}, Total: 1, Live: true, Now: time.Now, Repeat: func(scenarios.Result) string { return "" }}
	p.Add(scenarios.Result{ID: "a"})
	if err := p.Close(); err == nil || err.Error() != "broken pipe" {
		t.Errorf("got %v, want broken pipe", err)
	}
}

func TestBaselineIsStrict(t *testing.T) {
	const good = "- scenario: object.x\n  verdict: fail\n  reason: r\n  link: https://x\n"
	if b, err := report.ParseBaseline([]byte(good)); err != nil || len(b) != 1 {
		t.Fatalf("got %v, %v, want one entry", b, err)
	}
	for name, text := range map[string]string{
		"unknown key":    good + "  note: x\n",
		"twice":          good + good,
		"names nothing":  "- {verdict: fail, reason: r, link: l}",
		"shows nothing":  "- {rule: O-01, verdict: fail, reason: r}",
		"no reason":      "- {rule: O-01, verdict: fail, link: l}",
		"does not gate":  "- {rule: O-01, verdict: warn, reason: r, link: l}",
		"no verdict":     "- {rule: O-01, reason: r, link: l}",
		"expires oddly":  "- {rule: O-01, verdict: fail, reason: r, link: l, expires: soon}",
		"not a list":     "rule: O-01",
		"not YAML":       "- {",
		"wrong key type": "- {rule: [O-01], verdict: fail, reason: r, link: l}",
	} {
		if b, err := report.ParseBaseline([]byte(text)); err == nil {
			t.Errorf("%s: got %v, want an error", name, b)
		}
	}
}

// The levels that workloads reached stand beside the verdicts.
func TestLevels(t *testing.T) {
	r := sample()
	for id, level := range map[string]string{"consistency.cas": "register of cas", "consistency.tags": "register of register"} {
		r.Results = append(r.Results, scenarios.Result{ID: id, Rule: "Z-02", Verdict: scenarios.Pass,
			Observations: []scenarios.Observation{{Name: "operations", Value: "9: 9 succeeded"}, {Name: "level", Value: level}}})
	}
	r.Sort()
	var text, page bytes.Buffer
	if err := errors.Join(report.WriteVerdicts(&text, r), report.WriteSummary(&page, r)); err != nil {
		t.Fatal(err)
	}
	if want := "levels of consistency: cas register of cas, tags register\n"; !strings.Contains(text.String(), want) {
		t.Errorf("no %q in\n%s", want, &text)
	}
	if want := "| `consistency.cas` | register of cas | 9: 9 succeeded |\n"; !strings.Contains(page.String(), want) {
		t.Errorf("no %q in\n%s", want, &page)
	}
}

// TestCommands: the command that repeats a result names its scenario; that of
// an invariant the scenario that broke it.
func TestCommands(t *testing.T) {
	r := report.Run{Repeat: "bleepstore test --id=object.* --seed=1", RepeatOne: "bleepstore test --seed=1"}
	for name, c := range map[string]struct {
		result scenarios.Result
		want   string
	}{
		"a scenario":      {scenarios.Result{ID: "object.a", Where: "scenarios/object/a.go:1"}, "bleepstore test --seed=1 --id=object.a"},
		"its second pass": {scenarios.Result{ID: "object.a@virtual", Where: "scenarios/object/a.go:1"}, "bleepstore test --seed=1 --id=object.a"},
		"an invariant":    {scenarios.Result{ID: "shape.date", Where: "object.b@virtual"}, "bleepstore test --seed=1 --id=object.b"},
		"one that holds":  {scenarios.Result{ID: "shape.date"}, "bleepstore test --id=object.* --seed=1"},
	} {
		if got := r.Command(c.result); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	r.RepeatOne = "" // a run of before that field
	if got, want := r.CommandFor("O-01"), "bleepstore test --id=object.* --seed=1 --id=O-01"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
