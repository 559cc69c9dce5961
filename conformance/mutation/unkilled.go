package mutation

import (
	"bytes"
	_ "embed" // the reasons
	"errors"
	"fmt"
	"io"
	"path"
	"slices"

	"go.yaml.in/yaml/v3"
)

//go:embed unkilled.yaml
var unkilledYAML []byte

// An Excuse says why scenarios kill nothing.
type Excuse struct {
	ID     string `yaml:"id" json:"id"` // of a scenario, or a glob
	Reason string `yaml:"reason" json:"reason"`
}

// LoadExcuses reads the excuses that are part of the program.
func LoadExcuses() ([]Excuse, error) { return ParseExcuses(unkilledYAML) }

// ParseExcuses reads excuses, strictly: an unknown key, an id told twice or a reason
// left out is an error.
func ParseExcuses(data []byte) ([]Excuse, error) {
	var out []Excuse
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&out); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("unkilled: %w", err)
	}
	seen := map[string]bool{}
	for _, e := range out {
		_, err := path.Match(e.ID, "")
		switch {
		case e.ID == "" || e.Reason == "":
			return nil, fmt.Errorf("unkilled: %q: want an id and a reason", e.ID)
		case err != nil:
			return nil, fmt.Errorf("unkilled: %s: %w", e.ID, err)
		case seen[e.ID]:
			return nil, fmt.Errorf("unkilled: %s stands twice", e.ID)
		}
		seen[e.ID] = true
	}
	return out, nil
}

// An Unkilled is a scenario that kills nothing.
type Unkilled struct {
	ID     string `json:"id"`
	Reason string `json:"reason,omitempty"` // "": nobody knows
}

// excuse finds the reasons of what kills nothing, and returns besides the excuses
// that name no scenario, and those of which every scenario kills something.
func excuse(scenes []Scene, kills map[string][]string, excuses []Excuse) (out []Unkilled, unknown, needless []string) {
	for _, s := range scenes {
		if len(kills[s.ID]) > 0 {
			continue
		}
		u := Unkilled{ID: s.ID}
		if i := slices.IndexFunc(excuses, func(e Excuse) bool { return e.names(s.ID) }); i >= 0 {
			u.Reason = excuses[i].Reason
		}
		out = append(out, u)
	}
	for _, e := range excuses {
		switch {
		case !slices.ContainsFunc(scenes, func(s Scene) bool { return e.names(s.ID) }):
			unknown = append(unknown, e.ID)
		case !slices.ContainsFunc(out, func(u Unkilled) bool { return e.names(u.ID) }):
			needless = append(needless, e.ID)
		}
	}
	return out, unknown, needless
}

func (e Excuse) names(id string) bool { ok, _ := path.Match(e.ID, id); return ok }
