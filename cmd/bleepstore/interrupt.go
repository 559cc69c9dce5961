package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"bleepstore/conformance"
)

// An interrupt turns signals into an orderly end: the first ends the context,
// so that the run stops and cleans up; the second leaves at once and says
// where the ledger is.
type interrupt struct {
	ledger  atomic.Value // string: path to print, "" when there is none
	release func()       // ends the watch
}

// interruptible returns a context that ends with the first SIGINT or SIGTERM.
func interruptible() (context.Context, *interrupt) {
	ctx, cancel := context.WithCancel(context.Background())
	signals, done := make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	in := &interrupt{release: func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}}
	in.ledger.Store("")
	go in.watch(signals, done, cancel)
	return ctx, in
}

func (in *interrupt) watch(signals <-chan os.Signal, done <-chan struct{}, cancel func()) {
	select {
	case <-done:
		return
	case <-signals:
	}
	fmt.Fprintln(os.Stderr, "\nstopping, and removing what the run made; a second signal leaves at once")
	cancel()
	select {
	case <-done:
	case <-signals:
		if file, _ := in.ledger.Load().(string); file != "" {
			fmt.Fprintln(os.Stderr, "not cleaned; finish with: bleepstore cleanup --ledger", file)
		}
		os.Exit(conformance.ExitInterrupted)
	}
}
