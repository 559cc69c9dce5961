package scenarios_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	. "bleepstore/scenarios"
)

const ruleRows = "- {id: O-01, area: O, mark: A}\n- {id: O-02, area: O, mark: a}\n- {id: O-03, area: O, mark: A}\n"

func catalogue(t *testing.T, exceptions string) *Catalogue {
	t.Helper()
	c, err := ParseCatalogue([]byte(ruleRows), []byte(exceptions))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sound is a scenario that the catalogue accepts; tests spoil one field. It
// is declared in this folder, so its area is the folder's name.
func sound(edit func(*Scenario)) Scenario {
	sc := Scenario{ID: "scenarios.lint.x", Rule: "O-01", Says: "PUT MUST store the body.", Level: Must, Needs: []Feature{Objects},
		Ref: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html", Check: func(context.Context, *S) {}}
	edit(&sc)
	return Declared(sc)
}

func TestLint(t *testing.T) {
	for want, edit := range map[string]func(*Scenario){
		"":                      func(*Scenario) {},
		"lower-case words":      func(sc *Scenario) { sc.ID = "scenarios.Put" },
		"start with its packag": func(sc *Scenario) { sc.ID = "object.put" },
		"no Check":              func(sc *Scenario) { sc.Check = nil },
		"unknown feature":       func(sc *Scenario) { sc.Needs = []Feature{"telepathy"} },
		"needs no feature":      func(sc *Scenario) { sc.Needs = nil },
		"After: unknown":        func(sc *Scenario) { sc.After = []string{"scenarios.other"} },
		"one sentence":          func(sc *Scenario) { sc.Says = "PUT MUST store. It MUST keep." },
		"full stop":             func(sc *Scenario) { sc.Says = "PUT MUST store the body" },
		"want MUST, SHOULD":     func(sc *Scenario) { sc.Says = "PUT stores the body." },
		"does not say MUST":     func(sc *Scenario) { sc.Says = "PUT SHOULD store the body." },
		"neither SHOULD nor":    func(sc *Scenario) { sc.Level = Should },
		"unknown level":         func(sc *Scenario) { sc.Level = "perhaps" },
		"want https":            func(sc *Scenario) { sc.Ref = "http://docs.aws.amazon.com/AmazonS3/latest/API/x.html" },
		"want https and":        func(sc *Scenario) { sc.Ref = "https://github.com/a/b/issues/1" },
		"unknown rule":          func(sc *Scenario) { sc.Rule = "O-99" },
		"is marked \"a\"":       func(sc *Scenario) { sc.Rule = "O-02" },
	} {
		got := fmt.Sprint(catalogue(t, "").Check([]Scenario{sound(edit)}, nil))
		if want == "" && got != "[]" || !strings.Contains(got, want) {
			t.Errorf("got %s, want ...%s...", got, want)
		}
	}
}

func TestCoverage(t *testing.T) {
	must := sound(func(*Scenario) {})
	should := sound(func(sc *Scenario) { sc.ID, sc.Level, sc.Says = "scenarios.lint.y", Should, "PUT SHOULD store." })
	seen := sound(func(sc *Scenario) {
		sc.ID, sc.Rule, sc.Level, sc.Says = "scenarios.lint.z", "O-02", Should, "PUT SHOULD store."
	})
	third := sound(func(sc *Scenario) { sc.ID, sc.Rule = "scenarios.lint.w", "O-03" })
	demote := "- {rule: O-01, scenario: scenarios.lint.y, reason: r, searched: s}\n"
	promote := "- {rule: O-02, scenario: scenarios.lint.z, reason: r, searched: s}\n"
	for name, tc := range map[string]struct {
		exceptions string
		all        []Scenario
		want       string
	}{
		"whole":                  {"", []Scenario{must, seen, third}, ""},
		"unnamed":                {"", []Scenario{must, seen}, "rule O-03: no scenario"},
		"no must":                {"", []Scenario{should, seen, third}, "no scenario of it is a must"},
		"demoted":                {demote, []Scenario{should, seen, third}, ""},
		"demoted for nothing":    {demote, []Scenario{must, should, seen, third}, "nothing is demoted"},
		"promoted for nothing":   {promote, []Scenario{must, seen, third}, "nothing is promoted"},
		"exception of something": {demote, []Scenario{must, seen, third}, "is no scenario of that rule"},
	} {
		got := fmt.Sprint(catalogue(t, tc.exceptions).Check(tc.all, []string{"O"}))
		if tc.want == "" && got != "[]" || !strings.Contains(got, tc.want) {
			t.Errorf("%s: got %s, want ...%s...", name, got, tc.want)
		}
	}
}

func TestCatalogueIsStrict(t *testing.T) {
	for name, tc := range map[string][2]string{
		"unknown key":       {"- {id: O-01, area: O, mark: A, note: x}", ""},
		"unknown mark":      {"- {id: O-01, area: O, mark: B}", ""},
		"wrong area":        {"- {id: O-01, area: C, mark: A}", ""},
		"twice":             {ruleRows + ruleRows, ""},
		"exception unknown": {ruleRows, "- {rule: O-09, scenario: x, reason: r, searched: s}"},
		"exception short":   {ruleRows, "- {rule: O-01, scenario: x, reason: r}"},
		"exception key":     {ruleRows, "- {rule: O-01, scenario: x, reason: r, searched: s, why: z}"},
	} {
		if c, err := ParseCatalogue([]byte(tc[0]), []byte(tc[1])); err == nil {
			t.Errorf("%s: got %v, want an error", name, c)
		}
	}
}
