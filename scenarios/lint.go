package scenarios

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	scenarioID = regexp.MustCompile(`^[a-z][a-z0-9]*(\.[a-z0-9]+(-[a-z0-9]+)*)+$`)
	modal      = regexp.MustCompile(`\b(MUST|SHOULD|MAY)\b`)
	nextOne    = regexp.MustCompile(`[.!?]["')]?\s+[A-Z]`) // a second sentence begins

	// documentation may found a must; threads may found a should.
	documentation = []string{"docs.aws.amazon.com", "www.rfc-editor.org", "www.w3.org"}
	threads       = []string{"github.com", "aws.amazon.com", "repost.aws", "fetch.spec.whatwg.org"}
)

// Check holds the scenarios against the catalogue and returns what is wrong,
// in the order of the scenarios. Rules of the areas in complete must each be
// named by a scenario, and those that are documented judged by a must.
func (c *Catalogue) Check(all []Scenario, complete []string) []error {
	var errs []error
	for _, sc := range all {
		for _, problem := range c.lint(sc, all) {
			errs = append(errs, fmt.Errorf("%s (%s): %s", sc.ID, sc.Where(), problem))
		}
	}
	errs = append(errs, c.coverage(all, complete)...)
	return append(errs, c.unused(all)...)
}

func (c *Catalogue) lint(sc Scenario, all []Scenario) []string {
	var bad []string
	say := func(wrong bool, format string, args ...any) {
		if wrong {
			bad = append(bad, fmt.Sprintf(format, args...))
		}
	}
	say(!scenarioID.MatchString(sc.ID), "id: want lower-case words parted by dots")
	say(filepath.Base(filepath.Dir(sc.file)) != sc.Area(), "id: want it to start with its package, %q", filepath.Base(filepath.Dir(sc.file)))
	say(sc.Check == nil, "no Check")
	for _, f := range sc.Needs {
		say(!slices.Contains(Features(), f), "unknown feature %q", f)
	}
	say(len(sc.Needs) == 0, "needs no feature: no profile would claim it knowingly")
	for _, dep := range sc.After {
		say(!slices.ContainsFunc(all, func(o Scenario) bool { return o.ID == dep }), "After: unknown scenario %q", dep)
	}
	bad = append(bad, lintText(sc.Says, sc.Ref, sc.Level)...)
	r, known := c.Rule(sc.Rule)
	say(!known, "unknown rule %q: add it to rules.yaml", sc.Rule)
	say(known && sc.Level == Must && !r.Documented() && !c.excepts(r.ID, sc.ID), "level must, but rule %s is marked %q: cite it in exceptions.yaml", r.ID, r.Mark)
	return bad
}

// lintText judges sentence, citation and level.
func lintText(says, ref string, level Level) []string {
	var bad []string
	words := modal.FindAllString(says, -1)
	switch {
	case !strings.HasSuffix(says, ".") || nextOne.MatchString(says):
		bad = append(bad, "says: want one sentence that ends in a full stop")
	case len(words) == 0:
		bad = append(bad, "says: want MUST, SHOULD or MAY")
	case level == Must && !slices.Contains(words, "MUST"):
		bad = append(bad, "says: level must, but the sentence does not say MUST")
	case level == Should && !slices.Contains(words, "SHOULD") && !slices.Contains(words, "MAY"):
		bad = append(bad, "says: level should, but the sentence says neither SHOULD nor MAY")
	}
	if !slices.Contains([]Level{Must, Should, Info, Disputed}, level) {
		bad = append(bad, fmt.Sprintf("unknown level %q", level))
	}
	hosts := documentation
	if level != Must {
		hosts = slices.Concat(documentation, threads)
	}
	u, err := url.Parse(ref)
	if err != nil || u.Scheme != "https" || !slices.Contains(hosts, u.Host) || len(u.Path) < 2 {
		bad = append(bad, fmt.Sprintf("ref %q: want https and a page of one of %v", ref, hosts))
	}
	return bad
}

// coverage returns the rules of complete areas that no scenario judges as
// their mark demands.
func (c *Catalogue) coverage(all []Scenario, complete []string) []error {
	var errs []error
	for _, r := range c.Rules {
		if !slices.Contains(complete, r.Area) {
			continue
		}
		named, must := false, false
		for _, sc := range all {
			named = named || sc.Rule == r.ID
			must = must || sc.Rule == r.ID && sc.Level == Must
		}
		switch {
		case !named:
			errs = append(errs, fmt.Errorf("rule %s: no scenario names it", r.ID))
		case r.Documented() && !must && !c.demoted(r.ID):
			errs = append(errs, fmt.Errorf("rule %s: marked %s, but no scenario of it is a must and exceptions.yaml does not say why", r.ID, r.Mark))
		}
	}
	return errs
}

// unused returns the exceptions that except nothing.
func (c *Catalogue) unused(all []Scenario) []error {
	var errs []error
	for _, e := range c.Exceptions {
		r, _ := c.Rule(e.Rule)
		i := slices.IndexFunc(all, func(sc Scenario) bool { return sc.ID == e.Scenario })
		must := slices.ContainsFunc(all, func(sc Scenario) bool { return sc.Rule == e.Rule && sc.Level == Must })
		switch {
		case i < 0 || all[i].Rule != e.Rule:
			errs = append(errs, fmt.Errorf("exception of %s: %s is no scenario of that rule", e.Rule, e.Scenario))
		case r.Documented() && must:
			errs = append(errs, fmt.Errorf("exception of %s: a scenario of it is a must, so nothing is demoted", e.Rule))
		case !r.Documented() && all[i].Level != Must:
			errs = append(errs, fmt.Errorf("exception of %s: %s is no must, so nothing is promoted", e.Rule, e.Scenario))
		}
	}
	return errs
}

// Golden renders the catalogue as one text: what the golden file holds.
func Golden(all []Scenario) string {
	var b strings.Builder
	for _, sc := range all {
		needs := make([]string, len(sc.Needs))
		for i, f := range sc.Needs {
			needs[i] = string(f)
		}
		fmt.Fprintf(&b, "%s  %s  %s  %s\n    %s\n    %s\n", sc.ID, sc.Rule, sc.Level, strings.Join(needs, ","), sc.Says, sc.Ref)
	}
	return b.String()
}
