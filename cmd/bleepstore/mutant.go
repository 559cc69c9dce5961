package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
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
	if err := campaign.Plant(names); err != nil {
		return usage("--mutant %w", err)
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

// plant plants what is asked for in this process, in which a server may be
// embedded, and tells the nodes that it starts. A server that is none of ours has
// no such bugs.
func (c *chaosCmd) plant() error {
	if len(c.Endpoint) > 0 || c.Topology != "" {
		if len(c.Mutant) > 0 {
			return usage("--mutant is for servers that are started for the run")
		}
		return nil
	}
	c.Mutant = mutants(c.Mutant, os.Getenv)
	if len(c.Mutant) == 0 {
		return nil
	}
	if err := plantAll(c.Mutant); err != nil {
		return err
	}
	return os.Setenv(mutantVar, strings.Join(c.Mutant, ","))
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
