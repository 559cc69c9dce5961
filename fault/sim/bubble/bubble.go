// Package bubble runs code in virtual time in programs that are no tests:
// testing/synctest wants a *testing.T, and here is one. It knows nothing of what
// runs.
package bubble

import (
	"flag"
	"os"
	"sync"
	"testing"
	"testing/synctest"
)

// jobs go to the one test of the process, which never ends.
var jobs = sync.OnceValue(begin)

// Run runs fn in a bubble of testing/synctest, and returns once all goroutines
// that were begun in it have ended. A deadlock in the bubble, and a panic, end
// the process. The program may have no flags of package flag registered that it
// has not parsed yet. Test binaries have synctest.Test; Run panics there.
func Run(fn func()) {
	if testing.Testing() {
		panic("bubble: a test has synctest.Test")
	}
	done := make(chan struct{})
	jobs() <- func(t *testing.T) {
		defer close(done)
		synctest.Test(t, func(*testing.T) { fn() })
	}
	<-done
}

// begin starts package testing's main function. Its flags stay out of the
// program's, it reads no arguments, and since its test does not end it prints
// nothing and never ends the process by itself.
func begin() chan<- func(*testing.T) {
	queue, running := make(chan func(*testing.T)), make(chan struct{})
	program := flag.CommandLine
	flag.CommandLine = flag.NewFlagSet(os.Args[0], flag.PanicOnError)
	testing.Init()
	if err := flag.CommandLine.Parse(nil); err != nil {
		panic(err) // there is nothing to parse
	}
	test := testing.InternalTest{Name: "Bubble", F: func(t *testing.T) {
		close(running)
		for job := range queue {
			job(t)
		}
	}}
	match := func(_, _ string) (bool, error) { return true, nil }
	go testing.Main(match, []testing.InternalTest{test}, nil, nil)
	<-running
	flag.CommandLine = program
	return queue
}
