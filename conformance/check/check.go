// Package check judges histories: it says for each workload which level of
// consistency its operations show, and where one is broken, by which of them. A
// verdict is a function of the history alone. It knows nothing of servers.
package check

import (
	"context"
	"runtime"
	"time"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// Options are what a check may cost, and where its drawings go.
type Options struct {
	Deadline  time.Duration // of the whole check; 0: a minute
	Workers   int           // 0: one a processor
	MinRate   float64       // successful operations a second below which a run shows nothing; 0: 50; negative: any will do; of a run with faults Windows judge that
	Artifacts string        // directory for drawings of failing keys; "": none
}

func (o *Options) defaults() {
	if o.Deadline == 0 {
		o.Deadline = time.Minute
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.MinRate == 0 {
		o.MinRate = 50
	}
}

// Check judges h. The error is about files that could not be written and says
// nothing about the history.
func Check(ctx context.Context, h *history.History, o Options) (*Verdict, error) {
	o.defaults()
	if h.Faults != nil {
		o.MinRate = -1
	}
	ctx, cancel := context.WithTimeout(ctx, o.Deadline)
	defer cancel()
	of := map[string][]*history.Op{}
	for i := range h.Ops {
		of[h.Ops[i].Workload] = append(of[h.Ops[i].Workload], &h.Ops[i])
	}
	v := &Verdict{Workloads: make([]Workload, len(h.Workloads))}
	works := make([]*work, 0, len(h.Workloads))
	for i := range h.Workloads {
		began := time.Now()
		w := newWork(h.Workloads[i], of[h.Workloads[i].Name], &v.Workloads[i])
		if w != nil {
			w.definite()
			works = append(works, w)
		}
		v.Workloads[i].Took = time.Since(began)
	}
	search(ctx, works, o.Workers)
	var err error
	for _, w := range works {
		w.conclude(&o)
		if o.Artifacts != "" && err == nil {
			err = w.draw(ctx, o.Artifacts, h.Faults)
		}
	}
	return v, err
}

// ladder is what a workload can reach. A listing of groups is judged as a whole
// too.
func ladder(w *history.Workload) []model.Level {
	if w.Model == "list" && len(w.Groups) > 0 {
		return model.Ladder("list-atomic")
	}
	return model.Ladder(w.Model)
}
