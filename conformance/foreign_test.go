package conformance_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"bleepstore/conformance"
	"bleepstore/conformance/report"
	. "bleepstore/scenarios"
	_ "bleepstore/scenarios/all"
)

var updateForeign = flag.Bool("update-foreign", false, "write the baseline of gofakes3 anew")

// foreignBaseline names what gofakes3 fails, each with its rule and the
// exchange that shows it.
const foreignBaseline = "testdata/gofakes3.yaml"

// raced are the scenarios that let clients race: a server which breaks them does
// so now and then, and to see nothing of it in one run is no news.
var raced = regexp.MustCompile(`^(conditional\.race|consistency)\.`)

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
		if raced.MatchString(s.Entry.Name()) {
			t.Logf("%s: %s was not seen this time: %s", foreignBaseline, s.Entry.Name(), s.Why)
			continue
		}
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
	file := filepath.FromSlash(foreignBaseline)
	was, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	now, changes, err := report.UpdateBaseline(was, r, report.Update{Prune: true, Now: time.Now(), Exists: conformance.Exists(All())})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", changes)
	if err := os.WriteFile(file, now, 0o644); err != nil {
		t.Fatal(err)
	}
}
