package consistency

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"bleepstore/conformance/check"
	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
	. "bleepstore/scenarios"
)

// A workload is a scenario of the suite too, in a short form: what AWS documents
// of it, the level raw, is a must; how much more the server keeps is observed.
var (
	_ = Add(inSuite(register))
	_ = Add(inSuite(torn))
	_ = Add(inSuite(cas))
	_ = Add(inSuite(elect))
	_ = Add(inSuite(appends))
	_ = Add(inSuite(listAtomic))
	_ = Add(inSuite(listPages))
	_ = Add(inSuite(listSet))
	_ = Add(inSuite(versions))
	_ = Add(inSuite(locked))
	_ = Add(inSuite(multipart))
	_ = Add(inSuite(completes))
	_ = Add(inSuite(copies))
	_ = Add(inSuite(deletes))
	_ = Add(inSuite(tags))
)

// The short form ends after so many requests, so that a fast server is not
// troubled for long and a run on a real account costs next to nothing.
const (
	shortForm     = 2 * time.Second
	shortRequests = 2000
)

func inSuite(w Workload) Scenario {
	return Scenario{
		ID: "consistency." + w.Name, Rule: w.Rule, Says: w.Says, Ref: w.Ref, Level: Must,
		Needs: append([]Feature{Consistency}, w.Needs...),
		Check: func(ctx context.Context, s *S) { w.check(ctx, s) },
	}
}

// check runs the workload, judges its history, and holds the verdict against raw
// and against the level that the run expects.
func (w Workload) check(ctx context.Context, s *S) {
	o := Options{Duration: s.Target().Consistency}
	if o.Duration <= shortForm {
		o.Requests, o.Enough = shortRequests, 500
	}
	rec := history.NewRecorder(nil)
	told, err := w.Run(ctx, s, rec, o)
	Require(s, err)
	h, err := rec.History(history.Header{Seed: s.Seed(), Workloads: []history.Workload{told}})
	s.Must(err, "put the history in order")
	// Nothing disturbs the server here, so that operations show as much spread
	// over seconds as in one: a slow machine is no reason to judge nothing.
	v, err := check.Check(ctx, h, check.Options{MinRate: -1})
	s.Must(err, "judge the history")
	judge(s, &v.Workloads[0])
}

// Require ends the scenario where a workload could not be run: as unsupported
// where the server lacks an operation, else as blocked.
func Require(s *S, err error) {
	if lacks, ok := errors.AsType[*unsupported](err); ok {
		s.Expect(&lacks.answer).To(OK(), "%s", lacks.kind)
	}
	s.Must(err, "run the workload")
}

func judge(s *S, w *check.Workload) {
	s.Observe("operations", fmt.Sprintf("%d: %d succeeded, %d refused, %d unclear", w.Ops, w.Succeeded, w.Refused, w.Unclear))
	s.Observe("level", fmt.Sprintf("%s of %s", w.Level, w.Top))
	for _, o := range w.Observations {
		s.Observe("seen", o)
	}
	expect := model.Raw
	if l, err := model.ParseLevel(s.Target().ExpectLevel); err == nil {
		expect = max(expect, min(l, w.Top))
	}
	for i, v := range w.Violations {
		if v.Breaks <= expect {
			s.Silently("breaks %s, key %s: %s", v.Breaks, v.Key, strings.TrimSpace(v.Says))
		}
		if i == 0 { // the others are much like it, on other keys
			s.Observe("breaks "+v.Breaks.String(), fmt.Sprintf("%d times, as on key %s: %s", len(w.Violations), v.Key, strings.TrimSpace(v.Says)))
		}
	}
	if w.Inconclusive != "" {
		s.Skip("inconclusive: " + w.Inconclusive)
	}
}
