package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bleepstore/conformance/check"
	"bleepstore/conformance/history"
	"bleepstore/scenarios/consistency"
)

// File is the name of the history that Judge writes.
const File = "history.jsonl"

// Judge judges what was recorded, after Stop. Unless dir is "", the history is
// written there, and drawings of keys that break something.
func (l *Load) Judge(ctx context.Context, dir string) (*check.Verdict, error) {
	h, err := l.History()
	if err != nil {
		return nil, err
	}
	if dir != "" {
		if err := write(filepath.Join(dir, File), h); err != nil {
			return nil, fmt.Errorf("write the history: %w", err)
		}
	}
	return check.Check(ctx, h, check.Options{MinRate: -1, Artifacts: dir})
}

// History returns what was recorded, after Stop; later calls, and Judge, have
// nothing any more.
func (l *Load) History() (*history.History, error) {
	head := history.Header{Started: time.Now().Add(-time.Duration(l.rec.Now())).UTC(), Endpoints: l.o.Endpoints, Seed: l.Seed(), Repeat: l.o.Repeat}
	for _, w := range l.works {
		if w.told.Name != "" {
			head.Workloads = append(head.Workloads, w.told)
		}
	}
	ops := l.rec.Take()
	if l.o.Resent != nil {
		var err error
		if ops, err = consistency.Again(ops, l.o.Resent()); err != nil {
			return nil, err
		}
	}
	return history.New(head, ops)
}

// Seed is that of all that the clients chose.
func (l *Load) Seed() uint64 { return l.run.Plan.Target.Seed }

func write(path string, h *history.History) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w, err := history.NewWriter(f, h.Header)
	if err != nil {
		return err
	}
	for _, o := range h.Ops {
		w.Add(o)
	}
	return w.Flush()
}

// Short says what is wrong with a verdict of which every workload should reach
// the highest level that it can show; "" is nothing.
func Short(v *check.Verdict) string {
	var why []string
	if len(v.Workloads) == 0 {
		why = append(why, "INCONCLUSIVE: nothing was run")
	}
	for _, w := range v.Workloads {
		switch {
		case len(w.Violations) > 0:
			why = append(why, fmt.Sprintf("VIOLATION: %s is %s, not %s", w.Name, w.Level, w.Top))
		case w.Inconclusive != "":
			why = append(why, fmt.Sprintf("INCONCLUSIVE: %s: %s", w.Name, w.Inconclusive))
		case w.Level < w.Top:
			why = append(why, fmt.Sprintf("INCONCLUSIVE: %s: %s of %s is shown", w.Name, w.Level, w.Top))
		}
	}
	return strings.Join(why, "\n")
}
