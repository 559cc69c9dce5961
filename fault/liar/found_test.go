package liar_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"bleepstore/conformance"
	"bleepstore/fault"
	"bleepstore/fault/liar"
	"bleepstore/scenarios"
)

// few are the lies that are tried when not all are.
var few = []string{"lie.list.utf16-order", "lie.range.end-ignored", "lie.condition.put-if-none-match", "lie.stream.stored", "lie.cache.missing"}

// masked are lies that gofakes3 hides by what it does wrong itself.
var masked = map[string]string{
	"lie.condition.get-if-match": "it heeds no If-Unmodified-Since, so that nothing refuses the read once If-Match is gone",
}

// tried are the lies that a test tries: those that the suite alone is to find.
func tried() (all []fault.Mutant) {
	for _, m := range liar.Lies() {
		if m.By == "" && (os.Getenv(whole) != "" || slices.Contains(few, m.Name)) {
			all = append(all, m)
		}
	}
	return all
}

// Every lie before our server, which has everything, is found by one of the
// scenarios that it names. Before gofakes3 it is found by one of those too, where
// that passes them without a liar and gives occasion for the lie.
func TestFound(t *testing.T) {
	if testing.Short() {
		t.Skip("runs scenarios for each lie; left to the full run")
	}
	mine, theirs := ours(t), others(t)
	var ids []string
	for _, m := range tried() {
		ids = slices.Concat(ids, m.Breaks, m.Given)
	}
	pass := verdicts(t, theirs, ids...)
	passes := func(id string) bool { return pass[id].Verdict == scenarios.Pass }
	for _, m := range tried() {
		t.Run(m.Name, func(t *testing.T) {
			by, told := finders(t, mine, m, m.Breaks)
			if len(by) == 0 || told == 0 {
				t.Fatalf("%s: told %d times, and nothing of %q fails", m.Says, told, m.Breaks)
			}
			able := slices.DeleteFunc(slices.Clone(by), func(id string) bool { return !passes(id) || strings.HasPrefix(id, "shape.") })
			if len(able) == 0 || slices.ContainsFunc(m.Given, func(id string) bool { return !passes(id) }) {
				t.Logf("found by %q; gofakes3 passes none of them, or not all of %q", by, m.Given)
				return
			}
			others, told := finders(t, theirs, m, able)
			if t.Logf("found by %q, before gofakes3 by %q", by, others); len(others) == 0 && told > 0 && masked[m.Name] == "" {
				t.Errorf("%s: told %d times before gofakes3, and nothing of %q fails", m.Says, told, able)
			}
		})
	}
}

// finders are the scenarios, of some, that fail once a lie is told before a server.
func finders(t *testing.T, server string, m fault.Mutant, ids []string) (by []string, told int) {
	t.Helper()
	l := liarBefore(t, server)
	if err := l.Tell(m.Name); err != nil {
		t.Fatal(err)
	}
	for id, res := range verdicts(t, l.URL().String(), ids...) {
		if res.Gating && slices.Contains([]scenarios.Verdict{scenarios.Fail, scenarios.Silent, scenarios.Unsupported}, res.Verdict) {
			by = append(by, id)
		}
	}
	slices.Sort(by)
	return by, l.Told()
}

// What a lie names to find it there is, and gates.
func TestBreaks(t *testing.T) {
	if n := len(liar.Lies()); n < 40 {
		t.Errorf("only %d lies", n)
	}
	for _, m := range liar.Lies() {
		scs, invs, err := conformance.Find(scenarios.All(), "", m.Breaks)
		gates := slices.ContainsFunc(scs, func(sc scenarios.Scenario) bool { return sc.Level == scenarios.Must }) ||
			slices.ContainsFunc(invs, func(inv scenarios.Invariant) bool { return inv.Level == scenarios.Must })
		if err != nil || !gates || len(m.Breaks) == 0 || m.Says == "" {
			t.Errorf("%s breaks %q: %v", m.Name, m.Breaks, err)
		}
		for _, id := range m.Given {
			if scs, _, err := conformance.Find(scenarios.All(), "", []string{id}); err != nil || len(scs) != 1 {
				t.Errorf("%s is given %s: %d scenarios, %v", m.Name, id, len(scs), err)
			}
		}
	}
}

// What is no lie's name is refused.
func TestTell(t *testing.T) {
	l := liarBefore(t, ours(t))
	for _, name := range []string{"lie.mute.GetObject.etag", "lie.ignore.PutObject.if-match", "lie.swallow.Odd.400", "lie.list.twice", ""} {
		if err := l.Tell(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"lie", "lie.none", "lie.mute.GetObject", "lie.mute.Frob.etag", "lie.none.GetObject.etag", "get.range"} {
		if err := l.Tell(name); err == nil {
			t.Errorf("%q is told", name)
		}
	}
}
