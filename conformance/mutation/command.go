package mutation

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Codes are the exit codes that a command ends with.
type Codes struct {
	Found int // it found a violation
	Sound int // it found none
	Here  int // it cannot run on this machine
}

// A Command runs the rest of a command line, for a bug of a ground or, where that is
// "", without one, and returns the exit code and the end of what it said. Its error says
// that it could not be run to its end.
type Command func(ctx context.Context, ground, line, mutant string) (code int, said string, err error)

// commands runs the command lines that find bugs, one at a time and beside the rest:
// each may take a processor. The control of each line is run once.
type commands struct {
	run      Command
	foreign  bool // the server is not our own
	codes    Codes
	controls map[string]*control

	controlled time.Duration // how long the controls took
}

// A control is a command line without a bug.
type control struct {
	code int
	said string
	err  error
}

const (
	// commandTime bounds a command that is to find a bug, on a machine that may be
	// busy: the time to kill tells of one that takes longer than it should.
	commandTime = 3 * time.Minute
	// controlTime bounds one without a bug, which goes on to its end.
	controlTime = 5 * time.Minute
)

func (c *commands) control(ctx context.Context, ground, line string) *control {
	key := ground + " " + line
	one := c.controls[key]
	if one == nil {
		one = &control{}
		began := time.Now()
		one.code, one.said, one.err = c.bounded(ctx, controlTime, ground, line, "")
		c.controls[key] = one
		c.controlled += time.Since(began)
	}
	return one
}

func (c *commands) bounded(ctx context.Context, most time.Duration, ground, line, mutant string) (int, string, error) {
	bounded, cancel := context.WithTimeoutCause(ctx, most, fmt.Errorf("did not end within %s", most))
	defer cancel()
	code, said, err := c.run(bounded, ground, line, mutant)
	if bounded.Err() != nil {
		err = context.Cause(bounded)
	}
	return code, said, err
}

// judge runs the command of a mutant, first without it.
func (c *commands) judge(ctx context.Context, row *Row) {
	without := c.control(ctx, row.Ground, row.By)
	switch {
	case without.err != nil:
		row.Verdict, row.Why = NotRun, fmt.Sprintf("without the bug: %v", without.err)
		return
	case without.code == c.codes.Found && c.foreign:
		row.Verdict, row.Why = NoGround, "its command finds a violation of the server's own: "+violation(without.said)
		return
	case without.code == c.codes.Found:
		row.Verdict, row.Why = NotRun, "its command finds a violation without the bug"
		row.Alarms = append(row.Alarms, Alarm{Ground: row.Ground, ID: row.By, Verdict: fmt.Sprintf("exit code %d", without.code), Reason: last(without.said)})
		return
	case without.code != c.codes.Sound:
		row.Verdict, row.Why = NotRun, fmt.Sprintf("without the bug: exit code %d: %s", without.code, last(without.said))
		return
	}
	began := time.Now()
	code, said, err := c.bounded(ctx, commandTime, row.Ground, row.By, row.Name)
	row.Took = time.Since(began)
	switch {
	case err != nil && ctx.Err() != nil:
		row.Verdict, row.Why = NotRun, err.Error()
	case err != nil:
		row.Verdict, row.Why = Survived, err.Error()
	case code == c.codes.Found:
		row.Verdict, row.Killer, row.Kill, row.Reason = Killed, row.By, row.Took, violation(said)
	case code == c.codes.Here:
		row.Verdict, row.Why = NotRun, last(said)
	default:
		row.Verdict, row.Why = Survived, fmt.Sprintf("exit code %d: %s", code, last(said))
	}
}

// last is the last line of what a command said.
func last(said string) string {
	said = strings.TrimSpace(said)
	return said[strings.LastIndexByte(said, '\n')+1:]
}

// violation is the first line that tells of one.
func violation(said string) string {
	for line := range strings.Lines(said) {
		if strings.Contains(strings.ToUpper(line), "VIOLATION") {
			return strings.TrimSpace(line)
		}
	}
	return last(said)
}
