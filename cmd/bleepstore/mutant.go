package main

import (
	"slices"
	"strings"

	"bleepstore/fault"
	"bleepstore/fault/sim/campaign"
	"bleepstore/reference"
)

// mutantVar names bugs as --mutant does, with commas between them.
const mutantVar = "BLEEPSTORE_MUTANT"

// plantAll plants bugs, by their names, in this process. It is a usage error where
// there is no such bug, and in a program that can have none.
func plantAll(names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(reference.Bugs(), func(b reference.Bug) bool { return b.Name == name }) {
			var all []string
			for _, b := range reference.Bugs() {
				all = append(all, b.Name)
			}
			return usage("--mutant %s: there is no such bug; there are %s", name, strings.Join(all, ", "))
		}
		if !fault.Plant(name) {
			return usage("--mutant %s: %w", name, campaign.ErrMutant)
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
