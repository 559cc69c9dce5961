package campaign

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// A ChildError is a run that hung or died: nothing was found out, and that is
// never a pass.
type ChildError struct {
	Why  string
	Said string // the end of what the child had to say
}

func (e *ChildError) Error() string { return e.Why + "\n" + e.Said }

const (
	// slack is how long a child may take besides a virtual second a second.
	slack = 90 * time.Second
	// lastWords is how long a child has that is asked where it hangs.
	lastWords = 5 * time.Second
	// mostSaid is how much of what a child has said is kept, in bytes.
	mostSaid = 1 << 20
)

// environment makes a child run as much the same every time as Go lets it: one
// goroutine at a time, each until it waits. The collector seldom runs; without it
// the same takes a quarter more, for memory that was never touched.
var environment = []string{"GOMAXPROCS=1", "GOGC=400", "GOMEMLIMIT=1GiB", "GODEBUG=asyncpreemptoff=1", "GOTRACEBACK=all"}

// run runs a job in a child. Its error is a *ChildError, or that of ctx.
func (c *Campaign) run(ctx context.Context, j Job) (*Report, error) {
	input, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, time.Duration(j.Length)+slack)
	defer cancel()
	cmd := exec.CommandContext(bounded, c.Command[0], c.Command[1:]...)
	var out bytes.Buffer
	said := &tail{}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, said
	cmd.Env = append(os.Environ(), environment...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // it says where it stands
	cmd.WaitDelay = lastWords
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case bounded.Err() != nil:
		return nil, c.lost(j, "it hung", said)
	case err != nil:
		return nil, c.lost(j, err.Error(), said)
	}
	r := new(Report)
	if err := json.Unmarshal(out.Bytes(), r); err != nil {
		return nil, c.lost(j, fmt.Sprintf("its report cannot be read: %v", err), said)
	}
	return r, nil
}

// lost keeps what a child said that hung or died.
func (c *Campaign) lost(j Job, why string, said *tail) error {
	e := &ChildError{Why: why, Said: said.String()}
	if j.Dir != "" {
		if err := os.MkdirAll(j.Dir, 0o755); err == nil {
			_ = os.WriteFile(filepath.Join(j.Dir, "child.log"), said.b, 0o644) // it is told, too
		}
	}
	return e
}

// A tail keeps the beginning and the end of what is written to it.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if over := len(t.b) - mostSaid; over > 0 {
		t.b = append(t.b[:mostSaid/4], t.b[mostSaid/4+over:]...)
	}
	return len(p), nil
}

// String is the part that tells most: the beginning.
func (t *tail) String() string { return string(t.b[:min(len(t.b), 2<<10)]) }
