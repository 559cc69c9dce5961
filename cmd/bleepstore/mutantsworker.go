package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"bleepstore/conformance"
	"bleepstore/conformance/mutation"
	"bleepstore/scenarios"
)

// workerCmd does what a matrix says on its standard input, a line each, of which
// the first has the options.
type workerCmd struct{}

func (workerCmd) Run() error {
	ctx, stop := interruptible()
	defer stop.release()
	var o conformance.Options
	dec := json.NewDecoder(os.Stdin)
	if err := dec.Decode(&o); err != nil {
		return usage("mutants-worker is for bleepstore mutants alone: %w", err)
	}
	bench := &mutation.Bench{Grounds: grounds(o), Scenarios: scenarios.All(), Getenv: os.Getenv}
	return mutation.Serve(ctx, io.MultiReader(dec.Buffered(), os.Stdin), os.Stdout, bench)
}

// workerGrace is how long a worker may take to remove what it made.
const workerGrace = 30 * time.Second

// startWorker starts a worker as a process of its own.
func startWorker(o conformance.Options) (mutation.Worker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "mutants-worker")
	cmd.Args[0] = "bleepstore"
	said := &lastWords{}
	cmd.Stderr = said
	to, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	from, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if err := json.NewEncoder(to).Encode(o); err != nil {
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	return &mutation.Remote{To: to, From: from, Gone: gone(cmd, said)}, nil
}

// gone returns a function that waits for a process, whose input has ended, and says
// how it ended; one that lingers is killed.
func gone(cmd *exec.Cmd, said *lastWords) func() error {
	return sync.OnceValue(func() error {
		late := time.AfterFunc(workerGrace, func() { _ = cmd.Process.Kill() }) // it may have just ended
		defer late.Stop()
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("%w\n%s", err, said)
		}
		return nil
	})
}

// lastWords keep the end of what a process says.
type lastWords struct{ said []byte }

// mostWords is how much is kept, in bytes.
const mostWords = 8 << 10

func (l *lastWords) Write(p []byte) (int, error) {
	l.said = append(l.said, p...)
	l.said = l.said[max(0, len(l.said)-mostWords):]
	return len(p), nil
}

func (l *lastWords) String() string { return string(l.said) }
