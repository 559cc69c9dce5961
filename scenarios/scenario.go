// Package scenarios states the rules of S3 as data: a Scenario is one rule,
// one sentence, one citation and one function that checks it through the
// toolbox S. The package knows how to talk to a server and how to record what
// was said; it does not know which scenarios exist, how they are selected or
// how results are shown, and it shares no S3 code with the reference server.
package scenarios

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// A Level says what a broken rule means.
type Level string

// The levels. Only a rule that AWS, or an RFC, documents may be a Must.
const (
	Must     Level = "must"     // documented: a break is a failure
	Should   Level = "should"   // observed on AWS or common: a break is a warning
	Info     Level = "info"     // unsettled: what the server does is recorded
	Disputed Level = "disputed" // documentation or good servers contradict each other: recorded
)

// A Scenario is one rule of S3 and the code that checks it.
type Scenario struct {
	ID    string // dotted, starts with its area's package name, unique, never reused
	Rule  string // id of its row in the catalogue of rules
	Says  string // one sentence that holds MUST, SHOULD or MAY
	Ref   string // full https address of the page the rule is taken from
	Level Level
	// SDK cites the SDK's documentation besides or instead of a page:
	// "s3@v1.114.8 PutObjectInput.IfNoneMatch".
	SDK string
	// Needs are the features without which the rule cannot be judged.
	Needs []Feature
	// After are ids of scenarios whose failure makes this one blocked.
	After []string
	// Regions, when set, are the target regions for which the scenario exists
	// at all ("!us-east-1" means any other); elsewhere it is not selected.
	Regions []string
	// Check exercises the rule. It runs in a goroutine of its own, which the
	// toolbox ends at the first failed expectation; other goroutines it starts
	// must not call Expect.
	Check func(context.Context, *S)

	file string
	line int
}

// Pos reports where the scenario is declared.
func (sc Scenario) Pos() (file string, line int) { return sc.file, sc.line }

// Where is Pos as results show it: relative to the root of the repository.
func (sc Scenario) Where() string { return shortPos(sc.file, sc.line) }

// Area is the first word of the ID: the package that holds the scenario.
func (sc Scenario) Area() string {
	area, _, _ := strings.Cut(sc.ID, ".")
	return area
}

// Alone reports whether nothing else may run beside the scenario: it takes the
// server down.
func (sc Scenario) Alone() bool { return slices.Contains(sc.Needs, KillHook) }

// Applies reports whether the scenario exists for a target in region.
func (sc Scenario) Applies(region string) bool {
	if len(sc.Regions) == 0 {
		return true
	}
	return slices.ContainsFunc(sc.Regions, func(r string) bool {
		if not, ok := strings.CutPrefix(r, "!"); ok {
			return not != region
		}
		return r == region
	})
}

var registry = struct {
	sync.Mutex
	byID map[string]Scenario
}{byID: map[string]Scenario{}}

// Add registers sc. It is called from package-level variable declarations of
// the area packages and panics when the id is taken, since two rules under one
// id would make every result ambiguous.
func Add(sc Scenario) struct{} {
	sc = sc.at(2)
	registry.Lock()
	defer registry.Unlock()
	if old, dup := registry.byID[sc.ID]; dup {
		panic(fmt.Sprintf("scenarios: %q is declared at %s:%d and at %s:%d", sc.ID, old.file, old.line, sc.file, sc.line))
	}
	registry.byID[sc.ID] = sc
	return struct{}{}
}

// Declared returns sc as declared where it is called, without registering it:
// for tests and for programs with a catalogue of their own.
func Declared(sc Scenario) Scenario { return sc.at(2) }

func (sc Scenario) at(skip int) Scenario {
	_, sc.file, sc.line, _ = runtime.Caller(skip)
	return sc
}

// All returns every registered scenario, ascending by id.
func All() []Scenario {
	registry.Lock()
	defer registry.Unlock()
	return slices.SortedFunc(maps.Values(registry.byID), func(a, b Scenario) int { return cmp.Compare(a.ID, b.ID) })
}
