package conformance_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/scenarios"
)

var updateGolden = flag.Bool("update-golden", false, "accept the catalogue as it is now")

// complete are the areas of rules whose every rule has its scenario.
var complete = []string{"AC", "AN", "B", "C", "CO", "CP", "E", "K", "L", "LC", "M", "O", "OL", "P", "PB", "PO", "PS", "S", "T", "V", "W", "WS", "X", "Z"}

// TestCatalogue needs no server: it holds every scenario against the rules.
func TestCatalogue(t *testing.T) {
	c, err := scenarios.LoadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range c.Check(scenarios.All(), complete) {
		t.Error(err)
	}
	for _, inv := range scenarios.Invariants() {
		if _, ok := c.Rule(inv.Rule); !ok {
			t.Errorf("%s: unknown rule %q", inv.ID, inv.Rule)
		}
	}
}

// TestGoldenCatalogue shows every rule that was added, changed or removed, so
// that none goes unnoticed.
func TestGoldenCatalogue(t *testing.T) {
	const file = "../scenarios/catalogue.golden"
	now := scenarios.Golden(scenarios.All())
	was, err := os.ReadFile(file)
	if err != nil && !(*updateGolden && errors.Is(err, fs.ErrNotExist)) {
		t.Fatalf("%v: `make golden` writes it", err)
	}
	diff := cmp.Diff(strings.Split(string(was), "\n"), strings.Split(now, "\n"))
	if diff == "" {
		return
	}
	if !*updateGolden {
		t.Fatalf("the catalogue changed; `make golden` accepts it, and the commit must say why a rule was removed or demoted (-was +now):\n%s", diff)
	}
	t.Logf("accepted (-was +now):\n%s", diff)
	if err := os.WriteFile(file, []byte(now), 0o644); err != nil {
		t.Fatal(err)
	}
}
