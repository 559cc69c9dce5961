package campaign

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	// starts is how often a child is started that is to be as all are.
	starts = 20
)

// collect is how often a child collects its garbage, in virtual time: memory that
// has been used before costs less than new one.
const collect = 20 * time.Second

// environment is all of a child's. With what start does, it makes a child run the
// same every time: one goroutine at a time, each until it waits. The collector would
// begin at times of its own; below the limit, which is not reached, it never does.
var environment = []string{"GOMAXPROCS=1", "GOGC=off", "GOMEMLIMIT=1GiB", "GODEBUG=asyncpreemptoff=1,cryptocustomrand=1", "GOTRACEBACK=all"}

// errNoFate says that the random numbers of a child's runtime are its own.
var errNoFate = errors.New("the order of what happens at one moment cannot be decided on this system")

// fate is what a seed makes of the random numbers of a runtime.
func fate(seed uint64) (f [16]byte) {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("fate"), seed))
	copy(f[:], sum[:])
	return f
}

// run runs a job in a child that starts as all do. Its error is a *ChildError, or
// that of ctx.
func (c *Campaign) run(ctx context.Context, j Job) (*Report, error) {
	for n := 1; ; n++ {
		j.Fated = n < starts
		r, err := c.child(ctx, j)
		if err != nil || !r.Astray {
			return r, err
		}
	}
}

// temporary is where the user wants temporary files, if anywhere.
func temporary() []string {
	if dir, ok := os.LookupEnv("TMPDIR"); ok {
		return []string{"TMPDIR=" + dir}
	}
	return nil
}

// lines writes values, a line each.
func lines(values ...any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, v := range values {
		if err := enc.Encode(v); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// child runs a job in a child.
func (c *Campaign) child(ctx context.Context, j Job) (*Report, error) {
	input, err := lines(j, j.After)
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, time.Duration(j.Length)+slack)
	defer cancel()
	var out bytes.Buffer
	said := &tail{}
	command := func() *exec.Cmd {
		cmd := exec.CommandContext(bounded, c.Command[0], c.Command[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, said
		cmd.Env = slices.Concat(environment, temporary(), c.Env)
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // it says where it stands
		cmd.WaitDelay = lastWords
		return cmd
	}
	cmd := command()
	if err = start(cmd, fate(j.Seed)); errors.Is(err, errNoFate) {
		c.fateless.Do(func() { fmt.Fprintf(c.Say, "a seed may not come again: %v\n", err) })
		out.Reset()
		cmd = command()
		err = cmd.Start()
	}
	if err == nil {
		err = cmd.Wait()
	}
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
