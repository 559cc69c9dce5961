package conformance

import (
	"errors"
	"fmt"

	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

// The exit codes of a run, as `bleepstore test` returns them.
const (
	ExitOK           = 0
	ExitFailed       = 1   // a gating fail, silent or unsupported
	ExitUsage        = 2   // bad flags, or nothing selected
	ExitPreflight    = 3   // unreachable, not S3, or credentials refused: no verdicts
	ExitViolation    = 4   // the history of a consistency workload is impossible
	ExitUnexpected   = 5   // a baseline entry that has expired, names nothing or, if strict, no longer holds
	ExitInconclusive = 6   // a gating blocked, skipped or error
	ExitLeftover     = 7   // the run could not remove all it made
	ExitInterrupted  = 130 // stopped by a signal, and cleaned
)

// An Error ends a run before it has verdicts.
type Error struct {
	Code int // one of the exit codes
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the exit code that err asks for; any error that is not an
// *Error is one of usage.
func CodeOf(err error) int {
	if err == nil {
		return ExitOK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ExitUsage
}

func usage(format string, args ...any) error {
	return &Error{ExitUsage, fmt.Errorf(format, args...)}
}

// ExitCode is what a run ends with: the gravest of what it found, unless a
// signal ended it.
func ExitCode(r *report.Run) int {
	if r.Interrupted {
		if len(r.Leftover) > 0 {
			return ExitLeftover
		}
		return ExitInterrupted
	}
	code := ExitOK
	for _, res := range r.Gating() {
		switch res.Verdict {
		case scenarios.Fail, scenarios.Silent, scenarios.Unsupported:
			return ExitFailed
		default:
			code = ExitInconclusive
		}
	}
	switch {
	case code != ExitOK:
		return code
	case len(r.Known.Gating()) > 0:
		return ExitUnexpected
	case len(r.Leftover) > 0:
		return ExitLeftover
	}
	return ExitOK
}
