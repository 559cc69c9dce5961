package report

import (
	"bytes"
	_ "embed" // the workloads
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"bleepstore/conformance/model"
	"bleepstore/scenarios"
)

//go:embed workloads.yaml
var workloadsYAML []byte

// The answers to whether a store is safe for a workload.
const (
	Yes     = "yes"     // all that it rests on was judged in the run, and held
	No      = "no"      // something that it rests on is broken or missing
	Unknown = "unknown" // something that it rests on was not judged
)

// A WorkloadVerdict says whether the store is safe for a well-known program,
// as far as the run can tell.
type WorkloadVerdict struct {
	Name   string `json:"name"` // "Terraform state locks"
	Says   string `json:"says"` // what its user relies on
	Link   string `json:"link"` // its own documentation of that
	Answer string `json:"answer"`
	// Because holds the reasons of a no or an unknown, the gravest first; of a
	// yes, how much was judged, and where the check is weaker than it may seem.
	Because []string `json:"because"`
}

// Workloads are a set of workloads and the needs that they share; the content
// of workloads.yaml, which explains the fields.
type Workloads struct {
	Groups    map[string][]Need `yaml:"groups"`
	Workloads []Workload        `yaml:"workloads"`
}

// A Workload is what one program rests on.
type Workload struct {
	Name     string                 `yaml:"name"`
	Says     string                 `yaml:"says"`
	Link     string                 `yaml:"link"`
	Features []scenarios.Feature    `yaml:"features"`
	Groups   []string               `yaml:"groups"`
	Needs    []Need                 `yaml:"needs"` // after parsing, with those of the groups
	Levels   map[string]model.Level `yaml:"levels"`
}

// A Need names scenarios and says why a workload rests on them.
type Need struct {
	ID      string `yaml:"id"` // a glob
	Why     string `yaml:"why"`
	Checked string `yaml:"checked"`
	If      string `yaml:"if"` // "silent", or "" for any failure
}

// LoadWorkloads reads the workloads that are part of the program.
func LoadWorkloads() (*Workloads, error) { return ParseWorkloads(workloadsYAML) }

// ParseWorkloads reads workloads strictly: an unknown key, group or feature, a
// field left out and a name told twice are errors.
func ParseWorkloads(data []byte) (*Workloads, error) {
	var ws Workloads
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&ws); err != nil {
		return nil, fmt.Errorf("workloads: %w", err)
	}
	seen := map[string]bool{}
	for i := range ws.Workloads {
		w := &ws.Workloads[i]
		if seen[w.Name] {
			return nil, fmt.Errorf("workloads: %s stands twice", w.Name)
		}
		seen[w.Name] = true
		for _, g := range w.Groups {
			needs, known := ws.Groups[g]
			if !known {
				return nil, fmt.Errorf("workloads: %s: unknown group %q", w.Name, g)
			}
			w.Needs = append(w.Needs, needs...)
		}
		if err := w.validate(); err != nil {
			return nil, fmt.Errorf("workloads: %s: %w", w.Name, err)
		}
	}
	return &ws, nil
}

func (w *Workload) validate() error {
	switch {
	case w.Name == "" || w.Says == "" || len(w.Features) == 0 || len(w.Needs) == 0:
		return errors.New("name, says, features and needs must be given")
	case !strings.HasPrefix(w.Link, "https://"):
		return fmt.Errorf("link %q: want an https address", w.Link)
	}
	for _, f := range w.Features {
		if !slices.Contains(scenarios.Features(), f) {
			return fmt.Errorf("unknown feature %q", f)
		}
	}
	for _, n := range w.Needs {
		if _, err := path.Match(n.ID, ""); err != nil || n.ID == "" || n.Why == "" {
			return fmt.Errorf("need %q: id, a glob, and why must be given", n.ID)
		}
		if n.If != "" && n.If != string(scenarios.Silent) {
			return fmt.Errorf("need %q: if: %s: want silent or nothing", n.ID, n.If)
		}
	}
	return nil
}

// matches reports whether the need is about the scenario: only what is
// documented can be needed.
func (n Need) matches(id string, level scenarios.Level) bool {
	if level != scenarios.Must {
		return false
	}
	ok, _ := path.Match(n.ID, id) // the pattern has been tried
	return ok
}

// uses reports whether the workload uses all features that a scenario needs.
func (w *Workload) uses(needs []scenarios.Feature) bool {
	return !slices.ContainsFunc(needs, func(f scenarios.Feature) bool { return !slices.Contains(w.Features, f) })
}

// Check holds the workloads against a catalogue: every need must name at
// least one scenario of level must, every level a scenario that observes one.
func (ws *Workloads) Check(all []scenarios.Scenario) []error {
	var errs []error
	for i := range ws.Workloads {
		w := &ws.Workloads[i]
		for kind := range w.Levels {
			if !slices.ContainsFunc(all, func(sc scenarios.Scenario) bool { return sc.ID == "consistency."+kind }) {
				errs = append(errs, fmt.Errorf("workload %s: no scenario judges the consistency of %q", w.Name, kind))
			}
		}
		for _, n := range w.Needs {
			if !slices.ContainsFunc(all, func(sc scenarios.Scenario) bool { return n.matches(sc.ID, sc.Level) }) {
				errs = append(errs, fmt.Errorf("workload %s: %s names no scenario of level must", w.Name, n.ID))
			}
		}
	}
	return errs
}

// Workloads returns what the run says of each workload. A run that was
// written before workloads were judged says unknown of all.
func (r *Run) Workloads() []WorkloadVerdict {
	if len(r.Judged) > 0 {
		return r.Judged
	}
	ws, err := LoadWorkloads()
	if err != nil { // a test holds the file
		return nil
	}
	var out []WorkloadVerdict
	for _, w := range ws.Workloads {
		out = append(out, WorkloadVerdict{w.Name, w.Says, w.Link, Unknown, []string{"the run did not judge workloads"}})
	}
	return out
}
