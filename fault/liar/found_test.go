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

// Every lie is found by one of the scenarios that it names, and what it names
// there is.
func TestFound(t *testing.T) {
	server := ours(t)
	for _, m := range liar.Lies() {
		if _, _, err := conformance.Find(scenarios.All(), "", m.Breaks); err != nil || len(m.Breaks) == 0 {
			t.Errorf("%s breaks %q: %v", m.Name, m.Breaks, err)
		} else if m.By == "" && (os.Getenv(whole) != "" || slices.Contains(few, m.Name) && !testing.Short()) {
			t.Run(m.Name, func(t *testing.T) { found(t, server, m) })
		}
	}
}

// found has the scenarios that a lie names look for it.
func found(t *testing.T, server string, m fault.Mutant) {
	l := liarBefore(t, server)
	if err := l.Tell(m.Name); err != nil {
		t.Fatal(err)
	}
	var by []string
	all := verdicts(t, l.URL().String(), m.Breaks...)
	for id, res := range all {
		if res.Gating && (res.Verdict == scenarios.Fail || res.Verdict == scenarios.Silent) {
			by = append(by, id)
		}
	}
	slices.Sort(by)
	if t.Logf("told %d times, found by %d of %d: %s", l.Told(), len(by), len(all), strings.Join(by[:min(4, len(by))], " ")); len(by) == 0 || l.Told() == 0 {
		t.Errorf("%s: nothing of %q fails", m.Says, m.Breaks)
	}
}

// What is no lie's name is refused, and the lie before it stays.
func TestTell(t *testing.T) {
	l := liarBefore(t, ours(t))
	if err := l.Tell("lie.mute.GetObject.etag"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lie", "lie.none", "lie.mute.GetObject", "lie.mute.Frob.etag", "lie.none.GetObject.etag", "get.range"} {
		if err := l.Tell(name); err == nil {
			t.Errorf("%q is told", name)
		}
	}
}
