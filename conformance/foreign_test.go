package conformance_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"bleepstore/conformance"
	"bleepstore/conformance/report"
	. "bleepstore/scenarios"
	_ "bleepstore/scenarios/all"
)

var updateForeign = flag.Bool("update-foreign", false, "write the baseline of gofakes3 anew")

// foreignBaseline names what gofakes3 fails, each with its rule and the
// exchange that shows it.
const foreignBaseline = "testdata/gofakes3.yaml"

// TestForeignServer judges a server that nobody here wrote: the whole suite
// runs to its end, and what it fails is what its baseline says, no more, no
// less. A scenario that judges an undocumented point would show here first.
func TestForeignServer(t *testing.T) {
	if testing.Short() {
		t.Skip("judges a whole server; left to the full run")
	}
	f := newForeign(t, nil)
	o := opts(t, f, func(o *conformance.Options) {
		o.Features = []string{"+versioning", "+tagging"}
		if !*updateForeign {
			o.Baseline = foreignBaseline
		}
	})
	r := runAll(t, o, All())
	if *updateForeign {
		writeBaseline(t, r)
		return
	}
	for _, res := range r.Gating() {
		t.Errorf("%s (%s) is %s and not in %s: %s", res.ID, res.Rule, res.Verdict, foreignBaseline, res.Reason)
	}
	for _, s := range r.Known.Stale {
		t.Errorf("%s: %s no longer holds: %s", foreignBaseline, s.Entry.Name(), s.Why)
	}
	for _, res := range r.Results {
		if res.Verdict == Error {
			t.Errorf("%s: the harness broke: %s", res.ID, res.Reason)
		}
	}
	if t.Failed() {
		t.Logf("if the change is meant: go test ./conformance -run '^TestForeignServer$' -update-foreign, and read the diff")
	}
}

func writeBaseline(t *testing.T, r *report.Run) {
	t.Helper()
	was := knownFailures(t)
	var b report.Baseline
	for _, res := range r.Gating() {
		if e, same := was[res.ID]; same && e.Verdict == res.Verdict && e.Rule == res.Rule {
			b = append(b, e) // its words may differ from run to run
			continue
		}
		e := report.Entry{Rule: res.Rule, Scenario: res.ID, Verdict: res.Verdict, Reason: oneLine(res.Reason), Exchange: "none: " + oneLine(res.Reason)}
		if n := len(res.Exchanges); n > 0 {
			e.Exchange = exchange(res.Exchanges[n-1])
		}
		b = append(b, e)
	}
	text, err := yaml.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	head := "# What gofakes3 (github.com/johannesboyne/gofakes3, in memory) fails of the profile core\n" +
		"# with versioning and tagging. Written by go test ./conformance -run '^TestForeignServer$' -update-foreign\n"
	if err := os.WriteFile(filepath.FromSlash(foreignBaseline), append([]byte(head), text...), 0o644); err != nil {
		t.Fatal(err)
	}
}

// knownFailures is the baseline as it is, by scenario.
func knownFailures(t *testing.T) map[string]report.Entry {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(foreignBaseline))
	if err != nil {
		t.Fatal(err)
	}
	b, err := report.ParseBaseline(data)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]report.Entry{}
	for _, e := range b {
		out[e.Scenario] = e
	}
	return out
}

// exchange is one line: the request and what was answered. Names that differ
// from run to run are left out.
func exchange(x Exchange) string {
	_, rest, _ := strings.Cut(x.URL, "://")
	_, path, _ := strings.Cut(rest, "/")
	bucket, rest, _ := strings.Cut(path, "/")
	if strings.HasPrefix(bucket, "bleep-") {
		path = "BUCKET"
		if _, query, ok := strings.Cut(bucket, "?"); ok {
			path += "?" + query
		}
		if rest != "" {
			path += "/" + rest
		}
	}
	for _, cut := range []string{"uploadId=", "versionId=", "continuation-token="} {
		if i := strings.Index(path, cut); i >= 0 {
			path = path[:i+len(cut)] + "..."
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%s /%s -> %d %s", x.Method, path, x.Status, x.Code))
}

// oneLine is the reason without what differs from run to run.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 200 {
		s = s[:200] + "..."
	}
	return s
}
