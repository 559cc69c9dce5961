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

// tried are the lies that a test tries: those that the suite alone is to find.
func tried() (all []fault.Mutant) {
	for _, m := range liar.Lies() {
		if m.By == "" && (os.Getenv(whole) != "" || slices.Contains(few, m.Name)) {
			all = append(all, m)
		}
	}
	return all
}

// Every lie is found by one of the scenarios that it names.
func TestFound(t *testing.T) {
	if testing.Short() {
		t.Skip("runs scenarios for each lie; left to the full run")
	}
	for name, start := range map[string]func(*testing.T) string{"ours": ours, "gofakes3": others} {
		t.Run(name, func(t *testing.T) {
			server := start(t)
			everything := name == "ours"
			var ids []string
			for _, m := range tried() {
				ids = append(ids, m.Breaks...)
			}
			without := verdicts(t, server, ids...)
			for _, m := range tried() {
				t.Run(m.Name, func(t *testing.T) { found(t, server, everything, m, without) })
			}
		})
	}
}

// found has the scenarios that a lie names look for it: one that the server passes
// without has to fail. Only a server that has everything gives occasion for every
// lie.
func found(t *testing.T, server string, everything bool, m fault.Mutant, without map[string]scenarios.Result) {
	l := liarBefore(t, server)
	if err := l.Tell(m.Name); err != nil {
		t.Fatal(err)
	}
	var by []string
	passed := 0
	for id, res := range verdicts(t, l.URL().String(), m.Breaks...) {
		if without[id].Verdict != scenarios.Pass {
			continue
		}
		passed++
		if res.Gating && slices.Contains([]scenarios.Verdict{scenarios.Fail, scenarios.Silent, scenarios.Unsupported}, res.Verdict) {
			by = append(by, id)
		}
	}
	slices.Sort(by)
	t.Logf("told %d times, found by %d of %d: %s", l.Told(), len(by), passed, strings.Join(by[:min(4, len(by))], " "))
	if !everything && (passed == 0 || l.Told() == 0) {
		t.Skip("the server gives no occasion for it")
	}
	if len(by) == 0 {
		t.Errorf("%s: nothing of %q fails", m.Says, m.Breaks)
	}
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
