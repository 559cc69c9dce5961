//go:build mutants

package fault

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// A Bug is one that can be planted in a server, so that those who look for bugs
// can be seen to find it. It stands in the file whose rule it breaks, as a
// variable of the package:
//
//	var rangeEndIgnored = fault.NewBug("object.range-end-ignored",
//		"a range goes on to the end of the object, whatever its last byte", "C-10")
//
// and where the rule is kept:
//
//	if rangeEndIgnored.On() {
//
// Ask On last, once everything else says that the bug would show: what was asked
// is what was reached, and tells which scenarios can meet the bug at all.
//
// Only a program built with the tag mutants has any bugs. In every other one a
// Bug is nothing, and On is the constant false.
type Bug struct {
	mutant Mutant
	on     atomic.Bool
	met    atomic.Bool
}

var bugs = struct {
	sync.Mutex
	byName map[string]*Bug
}{byName: map[string]*Bug{}}

// tracing says whether it is noted which bugs are asked for.
var tracing atomic.Bool

// NewBug registers a bug under a name of two or more words with dots and dashes,
// the sentence of what the server then does, and what it breaks: ids of rules, or
// globs over ids of scenarios, of which at least one must fail. It panics when the
// name is taken.
func NewBug(name, says string, breaks ...string) *Bug {
	b := &Bug{mutant: Mutant{Name: name, Says: says, Breaks: breaks}}
	if _, file, line, ok := runtime.Caller(1); ok {
		b.mutant.Where = fmt.Sprintf("%s:%d", within(file), line)
	}
	bugs.Lock()
	defer bugs.Unlock()
	if old := bugs.byName[name]; old != nil {
		panic(fmt.Sprintf("fault: the bug %s is at %s and at %s", name, old.mutant.Where, b.mutant.Where))
	}
	bugs.byName[name] = b
	return b
}

// within is a file's path as the module sees it.
func within(file string) string {
	for _, top := range []string{"/reference/", "/fault/"} {
		if i := strings.LastIndex(file, top); i >= 0 {
			return file[i+1:]
		}
	}
	return file
}

// By says that the suite alone does not find the bug, and what does: the rest of a
// command line of bleepstore, which ends with the exit code of a violation where
// the bug is, and with 0 where it is not. It returns b.
func (b *Bug) By(command string) *Bug {
	b.mutant.By = command
	return b
}

// On says whether the bug is planted.
func (b *Bug) On() bool {
	if tracing.Load() {
		b.met.Store(true)
	}
	return b.on.Load()
}

// Bugs returns every bug of this program, sorted by name. The slice is the
// caller's.
func Bugs() []Mutant {
	bugs.Lock()
	defer bugs.Unlock()
	var all []Mutant
	for _, b := range bugs.byName {
		all = append(all, b.mutant)
	}
	slices.SortFunc(all, func(a, b Mutant) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Plant plants the bug of that name; it returns false where there is none.
func Plant(name string) bool {
	bugs.Lock()
	defer bugs.Unlock()
	b := bugs.byName[name]
	if b == nil {
		return false
	}
	b.on.Store(true)
	return true
}

// Unplant takes all bugs out again.
func Unplant() {
	bugs.Lock()
	defer bugs.Unlock()
	for _, b := range bugs.byName {
		b.on.Store(false)
	}
}

// TraceBugs has Met know, or no longer know.
func TraceBugs(on bool) { tracing.Store(on) }

// Met returns the names, sorted, of the bugs that were asked for since the last
// call, while TraceBugs was on.
func Met() (names []string) {
	bugs.Lock()
	defer bugs.Unlock()
	for name, b := range bugs.byName {
		if b.met.Swap(false) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
