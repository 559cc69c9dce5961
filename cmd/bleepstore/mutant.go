package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"bleepstore/fault"
	"bleepstore/fault/sim/campaign"
)

// mutantVar names bugs as --mutant does, with commas between them.
const mutantVar = "BLEEPSTORE_MUTANT"

// plantAll plants bugs, by their names, in this process. It is a usage error where
// there is no such bug, and in a program that can have none.
func plantAll(names []string) error {
	for _, name := range names {
		if len(fault.Bugs()) == 0 {
			return usage("--mutant %s: %w", name, campaign.ErrMutant)
		}
		if !fault.Plant(name) {
			return usage("--mutant %s: there is no such bug: see bleepstore list --mutants", name)
		}
	}
	return nil
}

// mutants are the bugs that a command line and the environment name.
func mutants(flags []string, getenv func(string) string) []string {
	if text := getenv(mutantVar); text != "" {
		return append(slices.Clone(flags), strings.Split(text, ",")...)
	}
	return flags
}

// listMutants prints the bugs that can be planted in this program.
func listMutants(w io.Writer, asJSON bool) error {
	all := fault.Bugs()
	if len(all) == 0 {
		return usage("list --mutants: %w", campaign.ErrMutant)
	}
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, m := range all {
		fmt.Fprintf(tw, "%s\t%s\t%s\n    %s\n", m.Name, strings.Join(m.Breaks, " "), m.By, m.Says)
	}
	return tw.Flush()
}
