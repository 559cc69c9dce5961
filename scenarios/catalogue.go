package scenarios

import (
	"bytes"
	_ "embed" // the rules and the exceptions
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed rules.yaml
var rulesYAML []byte

//go:embed exceptions.yaml
var exceptionsYAML []byte

// A Rule is one row of the catalogue of rules.
type Rule struct {
	ID   string `yaml:"id"`
	Area string `yaml:"area"` // the letters of the id
	Mark string `yaml:"mark"` // how well it is founded: A, a, ?, disputed, or two parted by "/"
}

// Documented reports whether AWS or an RFC documents the rule, or part of it.
func (r Rule) Documented() bool { return strings.HasPrefix(r.Mark, "A") }

// An Exception is a rule marked A without a must, or a must without the mark.
type Exception struct {
	Rule     string `yaml:"rule"`
	Scenario string `yaml:"scenario"`
	Reason   string `yaml:"reason"`
	Searched string `yaml:"searched"`
}

// A Catalogue is what the scenarios are held against.
type Catalogue struct {
	Rules      []Rule
	Exceptions []Exception
}

// LoadCatalogue reads the catalogue that is part of the program.
func LoadCatalogue() (*Catalogue, error) { return ParseCatalogue(rulesYAML, exceptionsYAML) }

var (
	ruleID = regexp.MustCompile(`^([A-Z]{1,2})-?[0-9]+$`)
	marks  = []string{"A", "a", "?", "disputed", "A/a", "A/?", "a/?"}
)

// ParseCatalogue reads rules and exceptions, strictly: an unknown key, a row
// told twice or a field left out is an error.
func ParseCatalogue(rules, exceptions []byte) (*Catalogue, error) {
	c := &Catalogue{}
	if err := strict(rules, &c.Rules); err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	if err := strict(exceptions, &c.Exceptions); err != nil {
		return nil, fmt.Errorf("exceptions: %w", err)
	}
	seen := map[string]bool{}
	for _, r := range c.Rules {
		m := ruleID.FindStringSubmatch(r.ID)
		switch {
		case m == nil || m[1] != r.Area:
			return nil, fmt.Errorf("rules: id %q of area %q", r.ID, r.Area)
		case !slices.Contains(marks, r.Mark):
			return nil, fmt.Errorf("rules: %s: mark %q: want one of %v", r.ID, r.Mark, marks)
		case seen[r.ID]:
			return nil, fmt.Errorf("rules: %s stands twice", r.ID)
		}
		seen[r.ID] = true
	}
	for _, e := range c.Exceptions {
		switch {
		case !seen[e.Rule]:
			return nil, fmt.Errorf("exceptions: unknown rule %q", e.Rule)
		case e.Scenario == "" || e.Reason == "" || e.Searched == "":
			return nil, fmt.Errorf("exceptions: %s: scenario, reason and searched must be given", e.Rule)
		}
	}
	return c, nil
}

func strict(data []byte, into any) error {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// Rule returns the rule of that id.
func (c *Catalogue) Rule(id string) (Rule, bool) {
	i := slices.IndexFunc(c.Rules, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return Rule{}, false
	}
	return c.Rules[i], true
}

// excepts reports whether an exception names the rule and the scenario.
func (c *Catalogue) excepts(rule, scenario string) bool {
	return slices.ContainsFunc(c.Exceptions, func(e Exception) bool { return e.Rule == rule && e.Scenario == scenario })
}

// demoted reports whether an exception names the rule at all.
func (c *Catalogue) demoted(rule string) bool {
	return slices.ContainsFunc(c.Exceptions, func(e Exception) bool { return e.Rule == rule })
}
