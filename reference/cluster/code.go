package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Headers between nodes. Who carries the requests vouches for headerFrom.
const (
	headerFrom    = "Bleepstore-From"
	headerTimeout = "Bleepstore-Timeout" // milliseconds that the caller still waits
	headerFailure = "Bleepstore-Failure" // marks an answer of ours: refused or failed
	headerCode    = "Bleepstore-Code"
)

const (
	kindFailed  = "failed"
	kindRefused = "refused"
)

// codes are the failures that another node can tell from others.
var codes = []struct {
	code   string
	err    error
	status int
}{
	{"no-leader", ErrNoLeader, http.StatusServiceUnavailable},
	{"not-leader", ErrNotLeader, http.StatusServiceUnavailable},
	{"no-quorum", ErrNoQuorum, http.StatusServiceUnavailable},
	{"busy", ErrBusy, http.StatusServiceUnavailable},
	{"behind", ErrBehind, http.StatusServiceUnavailable},
	{"version", ErrVersion, http.StatusServiceUnavailable},
	{"broken", ErrBroken, http.StatusServiceUnavailable},
	{"closed", ErrClosed, http.StatusServiceUnavailable},
	{"too-large", ErrTooLarge, http.StatusRequestEntityTooLarge},
	{"not-member", ErrNotMember, http.StatusForbidden},
	{"known", ErrKnown, http.StatusConflict},
	{"address-taken", ErrAddrTaken, http.StatusConflict},
	{"unknown-member", ErrUnknownMember, http.StatusNotFound},
	{"last-voter", ErrLastVoter, http.StatusConflict},
	{"quorum", ErrQuorum, http.StatusConflict},
	{"not-voter", ErrNotVoter, http.StatusConflict},
	{"changed", ErrChanged, http.StatusConflict},
	{"bodies", ErrBodies, http.StatusConflict},
}

// A failure is an error in the words that go between nodes.
type failure struct {
	kind, code, text string
	status           int
}

func failureOf(err error) failure {
	f := failure{kind: kindFailed, status: http.StatusInternalServerError}
	var no *RefusedError
	if errors.As(err, &no) {
		f.kind, f.status, err = kindRefused, http.StatusServiceUnavailable, no.Err
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			f.code, f.status = c.code, c.status
			break
		}
	}
	f.text = err.Error()
	return f
}

// writeFailure answers with err, so that readFailure makes of it what it was.
func writeFailure(w http.ResponseWriter, err error) {
	f := failureOf(err)
	w.Header().Set(headerFailure, f.kind)
	w.Header().Set(headerCode, f.code)
	http.Error(w, f.text, f.status)
}

// readFailure is the error that a node has answered with. An answer that is not
// marked as ours is of somebody in between, and proves nothing.
func readFailure(resp *http.Response) error {
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // what has come is told
	e := remote(resp.Header.Get(headerCode), string(trimEnd(b)))
	switch resp.Header.Get(headerFailure) {
	case kindRefused:
		return &RefusedError{e}
	case kindFailed:
		return e
	}
	return &statusError{status: resp.StatusCode, text: e.text}
}

// remote is what another node has said.
func remote(code, text string) *remoteError {
	e := &remoteError{text: text}
	for _, c := range codes {
		if c.code == code {
			e.cause = c.err
		}
	}
	return e
}

func trimEnd(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == '\n' {
		b = b[:len(b)-1]
	}
	return b
}

// A remoteError is what another node has said; cause is one of codes, or nil.
type remoteError struct {
	text  string
	cause error
}

func (e *remoteError) Error() string { return e.text }

func (e *remoteError) Unwrap() error { return e.cause }

// A statusError is an answer that no handler of this package has given.
type statusError struct {
	status int
	text   string
}

// StatusCode is that of the answer.
func (e *statusError) StatusCode() int { return e.status }

func (e *statusError) Error() string { return fmt.Sprintf("answered %d: %s", e.status, e.text) }

// transient tells whether the same request may succeed a little later.
func transient(err error) bool {
	for _, again := range []error{ErrNoLeader, ErrNotLeader, ErrNoQuorum, ErrBusy, ErrBroken, ErrClosed, context.DeadlineExceeded} {
		if errors.Is(err, again) {
			return true
		}
	}
	return false
}
