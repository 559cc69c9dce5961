package main

import (
	"errors"
	"slices"
	"testing"

	"bleepstore/conformance"
	"bleepstore/fault"
	"bleepstore/fault/sim/campaign"
)

// A bug that there is none of is refused, whatever the program can have.
func TestUnknownMutant(t *testing.T) {
	if err := plantAll([]string{"read.folower"}); conformance.CodeOf(err) != conformance.ExitUsage {
		t.Errorf("got %v, want a usage error", err)
	}
}

// A program that can have no bugs says so; one that can has them.
func TestMutant(t *testing.T) {
	t.Cleanup(fault.Unplant)
	env := func(name string) string {
		if name == mutantVar {
			return "disk.nosync,vote.not-synced"
		}
		return ""
	}
	names := mutants([]string{"read.follower"}, env)
	if want := []string{"read.follower", "disk.nosync", "vote.not-synced"}; !slices.Equal(names, want) {
		t.Fatalf("got %v, want %v", names, want)
	}
	err := plantAll(names)
	if !canHaveBugs {
		if conformance.CodeOf(err) != conformance.ExitUsage || !errors.Is(err, campaign.ErrMutant) {
			t.Errorf("got %v, want a usage error that tells of the tag", err)
		}
		if code := run([]string{"serve", "--mutant", "read.follower", "--data", t.TempDir()}); code != int(conformance.ExitUsage) {
			t.Errorf("serve --mutant ended with %d, want %d", code, conformance.ExitUsage)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if !fault.NoSync.On() {
		t.Error("disk.nosync is not planted")
	}
}
