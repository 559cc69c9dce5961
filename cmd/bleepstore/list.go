package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"bleepstore/conformance"
	"bleepstore/scenarios"
	_ "bleepstore/scenarios/all"
)

type listCmd struct {
	JSON    bool     `name:"json" help:"One JSON array instead of lines."`
	ID      []string `name:"id" sep:"," placeholder:"GLOB" help:"Only scenarios whose id or rule matches one of the globs."`
	Profile string   `name:"profile" help:"Only scenarios of a profile: core or full. None: all."`
	Faults  bool     `help:"The kinds of faults of bleepstore chaos instead: name, group, sentence."`
	Mutants bool     `help:"The bugs that this program can be given instead: name, sentence, what each breaks. Only programs built with -tags mutants have any."`
}

// listed is one scenario as list --json prints it.
type listed struct {
	ID    string              `json:"id"`
	Rule  string              `json:"rule"`
	Level scenarios.Level     `json:"level"`
	Needs []scenarios.Feature `json:"needs"`
	Says  string              `json:"says"`
	Ref   string              `json:"ref"`
	SDK   string              `json:"sdk,omitempty"`
	Where string              `json:"where,omitempty"`
}

// Run prints the scenarios and invariants that are asked for.
func (c *listCmd) Run() error {
	if c.Faults || c.Mutants {
		if len(c.ID) > 0 || c.Profile != "" || c.Faults && c.Mutants {
			return usage("--faults and --mutants list no scenarios: give one alone, without --id and --profile")
		}
		if c.Faults {
			return listFaults(os.Stdout, c.JSON)
		}
		return listMutants(os.Stdout, c.JSON)
	}
	scs, invs, err := conformance.Find(scenarios.All(), c.Profile, c.ID)
	if err != nil {
		return err
	}
	var all []listed
	for _, sc := range scs {
		needs := sc.Needs
		if needs == nil {
			needs = []scenarios.Feature{}
		}
		all = append(all, listed{sc.ID, sc.Rule, sc.Level, needs, sc.Says, sc.Ref, sc.SDK, sc.Where()})
	}
	for _, inv := range invs {
		all = append(all, listed{ID: inv.ID, Rule: inv.Rule, Level: inv.Level, Needs: []scenarios.Feature{}, Says: inv.Says, Ref: inv.Ref})
	}
	w := bufio.NewWriter(os.Stdout)
	if err := c.write(w, all); err != nil {
		return err
	}
	return w.Flush()
}

func (c *listCmd) write(w io.Writer, all []listed) error {
	if c.JSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, l := range all {
		needs := fmt.Sprint(l.Needs)
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", l.ID, l.Rule, l.Level, needs[1:len(needs)-1])
		fmt.Fprintf(tw, "    %s\n    %s\n", l.Says, l.Ref)
	}
	return tw.Flush()
}
