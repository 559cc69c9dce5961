package scenarios

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/onsi/gomega/types"
)

// ending is how a scenario ended before its last line.
type ending struct {
	kind   endKind
	where  string
	reason string
}

type endKind int

const (
	outFailed endKind = iota
	outSilent
	outUnsupported
	outBlocked
	outSkipped
	outError
)

// stop unwinds the scenario's goroutine.
type stop struct{}

// end records the first outcome and unwinds the scenario.
func (s *S) end(kind endKind, where, reason string) {
	s.conclude(kind, where, reason)
	panic(stop{})
}

// conclude records the first outcome.
func (s *S) conclude(kind endKind, where, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out == nil {
		s.out = &ending{kind, where, reason}
	}
}

// expire concludes a scenario whose time is up. That a request got no answer
// by then is the clock's doing, and no verdict on the server.
func (s *S) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	late := ending{kind: outError, reason: fmt.Sprintf("the scenario did not end within %s", s.deadline.limit+s.deadline.lateness().Round(time.Second))}
	switch {
	case s.out == nil:
		s.out = &late
	case (s.out.kind == outFailed || s.out.kind == outBlocked) && strings.Contains(s.out.reason, "no answer: "):
		late.where, late.reason = s.out.where, late.reason+"; "+s.out.reason
		s.out = &late
	}
}

// A Judgement judges one value; see Expect.
type Judgement struct {
	s      *S
	actual any
	extra  []any
}

// Expect begins a judgement: s.Expect(err).To(FailWith(412,
// "PreconditionFailed")). Any matcher of Gomega works. As with Gomega, values
// behind the first must be nil or zero, so that a call's results can be passed
// as they are. The first judgement that fails ends the scenario: as silent
// when a refusal was expected and the server answered success, as unsupported
// when it answered a well-formed 501 or 405, else as failed.
func (s *S) Expect(actual any, extra ...any) Judgement { return Judgement{s, actual, extra} }

// To demands that m matches; desc, a format and its values, is put before the
// message of a failure.
func (a Judgement) To(m types.GomegaMatcher, desc ...any) { a.judge(m, true, desc) }

// NotTo demands that m does not match.
func (a Judgement) NotTo(m types.GomegaMatcher, desc ...any) { a.judge(m, false, desc) }

func (a Judgement) judge(m types.GomegaMatcher, want bool, desc []any) {
	for _, x := range a.extra {
		if x == nil || reflect.ValueOf(x).IsZero() {
			continue
		}
		if err, ok := x.(error); ok {
			a.fail(describe(desc)+fmt.Sprintf("got %s, want success", outcomeOf(err)), err, false)
		}
		a.fail(describe(desc)+fmt.Sprintf("unexpected value %v", x), nil, false)
	}
	ok, err := m.Match(a.actual)
	switch {
	case err != nil:
		a.fail(describe(desc)+err.Error(), a.actual, false)
	case ok == want:
		return
	case want:
		_, refusal := m.(*failWith)
		a.fail(describe(desc)+message(m, a.actual), a.actual, refusal)
	default:
		_, success := m.(succeed)
		a.fail(describe(desc)+oneLine(m.NegatedFailureMessage(a.actual)), a.actual, success)
	}
}

func describe(desc []any) string {
	if len(desc) == 0 {
		return ""
	}
	if f, ok := desc[0].(string); ok {
		return fmt.Sprintf(f, desc[1:]...) + ": "
	}
	return fmt.Sprint(desc...) + ": "
}

// fail ends the scenario. refusal says that an error answer was expected.
func (a Judgement) fail(reason string, actual any, refusal bool) {
	kind := outFailed
	switch actual.(type) {
	case error, *Response, nil:
		if err, ok := actual.(error); ok && errors.Is(err, ErrGuard) {
			a.s.broke(err)
		}
		o := outcomeOf(actual)
		switch {
		case refusal && o.ok:
			kind = outSilent
		case actual != nil && o.unsupported():
			kind = outUnsupported
		}
	}
	a.s.end(kind, a.s.where(), reason)
}

// Silently ends the scenario with the verdict silent: the server answered
// success and did not do what it was asked.
func (s *S) Silently(format string, args ...any) {
	s.end(outSilent, s.where(), fmt.Sprintf(format, args...))
}

// where is the deepest line of the scenario's own file on the stack, else the
// nearest caller outside this package.
func (s *S) where() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	near := ""
	for {
		f, more := frames.Next()
		if f.File == s.sc.file {
			return shortPos(f.File, f.Line)
		}
		if near == "" && !strings.HasPrefix(f.Function, "bleepstore/scenarios.") {
			near = shortPos(f.File, f.Line)
		}
		if !more {
			return near
		}
	}
}

// shortPos names a file of the repository relative to its root.
func shortPos(file string, line int) string {
	if i := strings.LastIndex(file, "/scenarios/"); i >= 0 {
		file = file[i+1:]
	} else {
		file = filepath.Base(file)
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// ExpectBody demands that the object reads back as body, whole.
func (s *S) ExpectBody(ctx context.Context, bucket, key, body string) {
	got, err := s.Get(ctx, bucket, key)
	s.Expect(err).To(succeed{}, "read %s", key)
	if string(got.Bytes) != body {
		s.end(outFailed, s.where(), fmt.Sprintf("body of %s: got %s, want %s", key, clip(string(got.Bytes)), clip(body)))
	}
}

// ExpectUnchanged is invariant I0 in full: a refused write left the object as
// it was.
func (s *S) ExpectUnchanged(ctx context.Context, bucket, key, body string) {
	got, err := s.Get(ctx, bucket, key)
	s.Expect(err).To(succeed{}, "I0: read %s after a refused write", key)
	if string(got.Bytes) != body {
		s.end(outSilent, s.where(), fmt.Sprintf("I0: a refused write changed %s: got %s, want %s", key, clip(string(got.Bytes)), clip(body)))
	}
}

// ExpectAbsent is invariant I0 for a key that did not exist: neither HEAD nor
// a listing knows it.
func (s *S) ExpectAbsent(ctx context.Context, bucket, key string) {
	_, err := s.Head(ctx, bucket, key)
	if o := outcomeOf(err); o.status != http.StatusNotFound {
		s.end(outSilent, s.where(), fmt.Sprintf("I0: HEAD of %s: got %s, want 404", key, o))
	}
	out, err := s.main.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &key})
	s.Expect(err).To(succeed{}, "list %s", key)
	for _, o := range out.Contents {
		if aws.ToString(o.Key) == key {
			s.end(outSilent, s.where(), fmt.Sprintf("I0: %s is listed, want absent", key))
		}
	}
}

// succeed matches a nil error or a 2xx Response.
type succeed struct{}

// OK matches a nil error, or a *Response of status 2xx without an error body.
func OK() types.GomegaMatcher { return succeed{} }

func (succeed) Match(actual any) (bool, error) { return outcomeOf(actual).ok, nil }
func (succeed) FailureMessage(actual any) string {
	return fmt.Sprintf("got %s, want success", outcomeOf(actual))
}
func (succeed) NegatedFailureMessage(actual any) string {
	return fmt.Sprintf("got %s, want a failure", outcomeOf(actual))
}

func clip(s string) string {
	if len(s) > 200 {
		return fmt.Sprintf("%q... (%d bytes)", s[:200], len(s))
	}
	return fmt.Sprintf("%q", s)
}

// result turns what happened into a verdict by the scenario's level.
func (s *S) result(took time.Duration) Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := Result{ID: s.sc.ID, Rule: s.sc.Rule, Level: s.sc.Level, Says: s.sc.Says, Ref: s.sc.Ref, Needs: s.sc.Needs,
		Took: took, Observations: s.notes, Shape: maps.Clone(s.shape), Where: s.sc.Where(), Drew: s.drew.Load()}
	r.Verdict, r.Reason = s.verdict()
	r.Reason = s.session.secrets.Replace(r.Reason)
	if s.out != nil && s.out.where != "" {
		r.Where = s.out.where
	}
	if r.Verdict != Pass {
		r.Exchanges = s.log
	}
	return r
}

// verdict applies the level to the outcome. An internal error of the server is
// a failure whatever the level; a 503 says that it was too busy to be judged.
func (s *S) verdict() (Verdict, string) {
	if s.out == nil {
		switch {
		case s.serverEr != "":
			return Fail, s.serverEr
		case s.sc.Level == Info || s.sc.Level == Disputed:
			return Observed, ""
		}
		return Pass, ""
	}
	o := *s.out
	switch {
	case o.kind == outError:
		return Error, o.reason
	case o.kind == outSkipped:
		return Skipped, o.reason
	case s.serverEr != "":
		return Fail, o.reason + "; " + s.serverEr
	case s.busy:
		return Blocked, "the server answered 503, too busy to be judged: " + o.reason
	case o.kind == outBlocked:
		return Blocked, o.reason
	case s.sc.Level == Should:
		return Warn, o.reason
	case s.sc.Level != Must:
		return Observed, o.reason
	case o.kind == outUnsupported:
		return Unsupported, o.reason
	case o.kind == outSilent:
		return Silent, o.reason
	}
	return Fail, o.reason
}
