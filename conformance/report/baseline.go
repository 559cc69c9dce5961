package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"bleepstore/scenarios"
)

// An Entry of a baseline names one known failure of a server: the scenario, or
// all scenarios of a rule, that end with Verdict. It does not gate until
// Expires. Exchange or Link shows it.
type Entry struct {
	Rule     string            `yaml:"rule,omitempty" json:"rule,omitempty"`
	Scenario string            `yaml:"scenario,omitempty" json:"scenario,omitempty"`
	Verdict  scenarios.Verdict `yaml:"verdict" json:"verdict"`
	Reason   string            `yaml:"reason" json:"reason"`
	Exchange string            `yaml:"exchange,omitempty" json:"exchange,omitempty"` // the request and what was answered
	Link     string            `yaml:"link,omitempty" json:"link,omitempty"`         // an issue of the server's
	Expires  string            `yaml:"expires,omitempty" json:"expires,omitempty"`   // a day, 2006-01-02; it ends with that day, UTC
}

// A Baseline is the known failures of one server.
type Baseline []Entry

// ParseBaseline reads a YAML list of entries. An unknown key, an entry that
// names nothing or shows nothing, and two entries for the same are errors.
func ParseBaseline(data []byte) (Baseline, error) {
	var b Baseline
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&b); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	seen := map[string]bool{}
	for i, e := range b {
		if err := e.validate(); err != nil {
			return nil, fmt.Errorf("baseline: entry %d (%s): %w", i+1, e.Name(), err)
		}
		if seen[e.key()] {
			return nil, fmt.Errorf("baseline: entry %d (%s): stands twice", i+1, e.key())
		}
		seen[e.key()] = true
	}
	return b, nil
}

func (e Entry) validate() error {
	switch {
	case e.Rule == "" && e.Scenario == "":
		return errors.New("neither rule nor scenario is given")
	case !slices.Contains(scenarios.Verdicts(), e.Verdict) || !e.Verdict.Gates():
		return fmt.Errorf("verdict %q: want one that gates", e.Verdict)
	case e.Reason == "":
		return errors.New("no reason")
	case e.Exchange == "" && e.Link == "":
		return errors.New("neither exchange nor link shows it")
	case e.Expires != "":
		if _, err := time.Parse(time.DateOnly, e.Expires); err != nil {
			return fmt.Errorf("expires: want a day like 2027-01-31: %w", err)
		}
	}
	return nil
}

// Name is what the entry names: its scenario, else its rule.
func (e Entry) Name() string {
	if e.Scenario != "" {
		return e.Scenario
	}
	return e.Rule
}

// covers reports whether the entry is about the result, whatever its verdict.
// The passes of -addressing=both count as one scenario.
func (e Entry) covers(r scenarios.Result) bool {
	id, _, _ := strings.Cut(r.ID, "@")
	return (e.Scenario == "" || e.Scenario == id || e.Scenario == r.ID) && (e.Rule == "" || e.Rule == r.Rule)
}

// expired reports whether the entry's day has passed.
func (e Entry) expired(now time.Time) bool {
	day, err := time.Parse(time.DateOnly, e.Expires)
	return err == nil && !now.UTC().Before(day.AddDate(0, 0, 1))
}

// Known is what a baseline did to a run.
type Known struct {
	File   string  `json:"file"`
	Strict bool    `json:"strict"` // an entry whose failure is gone gates too
	Used   int     `json:"used"`   // results that do not gate because of an entry
	Stale  []Stale `json:"stale,omitempty"`
}

// A Stale entry no longer holds, and why.
type Stale struct {
	Entry Entry  `json:"entry"`
	Kind  string `json:"kind"`
	Why   string `json:"why"`
}

// The kinds of stale entries.
const (
	Gone    = "gone"    // names no scenario and no rule of the catalogue
	Expired = "expired" // its day has passed
	Passed  = "passed"  // what it names ended otherwise
)

// Gating returns the stale entries that gate: those that name nothing or have
// expired, since somebody must look at them, and under Strict also those
// whose failure is gone.
func (k *Known) Gating() []Stale {
	if k == nil {
		return nil
	}
	var out []Stale
	for _, s := range k.Stale {
		if k.Strict || s.Kind == Gone || s.Kind == Expired {
			out = append(out, s)
		}
	}
	return out
}

// Mark clears Gating, and says why in Known, when an entry names the result
// and its verdict.
func (b Baseline) Mark(r *scenarios.Result, now time.Time) {
	for _, e := range b {
		if r.Gating && e.covers(*r) && r.Verdict == e.Verdict && !e.expired(now) {
			r.Gating, r.Known = false, e.Reason
		}
	}
}

// Apply marks every result and says which entries no longer hold. exists tells
// whether the catalogue has a scenario or rule of that name: what exists and
// was not judged proves nothing.
func (b Baseline) Apply(results []scenarios.Result, exists func(name string) bool, now time.Time) Known {
	var k Known
	for i := range results {
		b.Mark(&results[i], now)
		if results[i].Known != "" {
			k.Used++
		}
	}
	for _, e := range b {
		if why, kind := e.stale(results, exists, now); why != "" {
			k.Stale = append(k.Stale, Stale{e, kind, why})
		}
	}
	return k
}

// stale says why the entry no longer holds, and of which kind that is; "" when
// it does.
func (e Entry) stale(results []scenarios.Result, exists func(string) bool, now time.Time) (why, kind string) {
	switch {
	case !exists(e.Name()) || e.Rule != "" && !exists(e.Rule):
		return "the catalogue has no such scenario or rule", Gone
	case e.expired(now):
		return "it expired on " + e.Expires, Expired
	}
	var got []string
	for _, r := range results {
		switch {
		case !e.covers(r):
		case r.Verdict == e.Verdict:
			return "", ""
		case r.Verdict != scenarios.Skipped && r.Verdict != scenarios.Blocked && r.Verdict != scenarios.Error:
			got = append(got, string(r.Verdict))
		}
	}
	if len(got) == 0 {
		return "", ""
	}
	slices.Sort(got)
	return fmt.Sprintf("want %s, got %s", e.Verdict, strings.Join(slices.Compact(got), ", ")), Passed
}
