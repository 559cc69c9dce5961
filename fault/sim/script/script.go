// Package script has the schedules that stand in the program, by name: what it
// takes to see a bug that a drawn schedule meets seldom.
//
// bad-reads: one node after the other whose disk fails to read now and then, but not
// so often that it gives up.
//
// early-ack: a leader whose messages take long, and then do not arrive at all.
//
// late-ack: a leader whose clock is slow, made by handing it the leadership,
// others whose clocks are fast, and acknowledgements that are held up until these
// have elected another one and it has acknowledged writes.
package script

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed *.json
var files embed.FS

// Names returns the names of all scripts, sorted.
func Names() (names []string) {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // they are in the program
	}
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".json"))
	}
	slices.Sort(names)
	return names
}

// Read returns the text of a schedule, as fault.ReadSchedule takes it.
func Read(name string) ([]byte, error) {
	if !slices.Contains(Names(), name) {
		return nil, fmt.Errorf("there is no script %s; there are %s", name, strings.Join(Names(), ", "))
	}
	return files.ReadFile(name + ".json")
}
