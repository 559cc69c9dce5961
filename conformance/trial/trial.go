// Package trial keeps a server under several workloads at once while somebody
// else disturbs it, tells meanwhile how they fare, and judges their histories in
// the end. It knows nothing of what disturbs the server.
package trial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"bleepstore/conformance"
	"bleepstore/conformance/history"
	"bleepstore/scenarios"
	"bleepstore/scenarios/consistency"
)

// Options say what clients do, and to whom.
type Options struct {
	Endpoints      []string // URLs of the nodes of one server, which is for this load alone
	Access, Secret string
	Workloads      []string      // by consistency.Workload.Name
	Clients        int           // of each workload; 0: the workload's own number
	Think          time.Duration // mean pause of a client between two moves; 0: none
	Timeout        time.Duration // of a request, whose outcome is unclear then
	Settle         time.Duration // longest wait for a new bucket; 0: 10 s
	Most           time.Duration // after which the workloads end by themselves
	Seed           uint64        // of all that the clients choose; 0 picks one
	Repeat         string        // the command that runs it again, for the history
	// Resent tells, when the workloads have stopped, which of their requests
	// something on the way sent twice; nil: none were.
	Resent func() []consistency.Resent
	// Dial makes the connections to the endpoints; nil: by TCP.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Engine, where it is given, says how the server is reached, instead of
	// Endpoints, Access, Secret, Timeout and Seed: one that is not for this load
	// alone has a ledger of what is to be removed.
	Engine *conformance.Options
	Getenv func(string) string // likewise what else says how; nil: nothing
}

// A Load is under way from Start to Stop. Its methods may be called together,
// but for Stop, Judge and Close, which follow each other in this order.
type Load struct {
	o     Options
	run   *conformance.Run
	rec   *history.Recorder
	works []*work

	stop, release func()
	until, leave  chan struct{} // closed by them
	checks        sync.WaitGroup

	mu    sync.Mutex
	mark  int64 // by the recorder's clock
	tally Tally
}

// A work is one workload under way.
type work struct {
	consistency.Workload
	once  sync.Once
	ended chan struct{}
	told  history.Workload // these two are set when it has ended
	err   error
}

// untold is what is known of a workload that did not come to its end.
func (w *work) untold() history.Workload {
	return history.Workload{Name: w.Name, Rule: w.Rule, Model: w.Model, Versioned: w.Versioned}
}

func (w *work) end(told history.Workload, err error) {
	w.once.Do(func() {
		w.told, w.err = told, err
		close(w.ended)
	})
}

// Start lets the clients loose. The end of ctx ends them too, and is an error of
// Stop. The caller must Close the Load, whatever it was told meanwhile.
func Start(ctx context.Context, o Options) (*Load, error) {
	l := &Load{rec: history.NewRecorder(nil), until: make(chan struct{}), leave: make(chan struct{})}
	l.stop, l.release = sync.OnceFunc(func() { close(l.until) }), sync.OnceFunc(func() { close(l.leave) })
	if o.Engine != nil {
		o.Endpoints = o.Engine.Endpoint
	}
	l.tally = newTally()
	l.rec.Watch(l.see)
	var all []scenarios.Scenario
	for _, name := range o.Workloads {
		w, err := find(name)
		if err != nil {
			return nil, err
		}
		l.works = append(l.works, w)
		all = append(all, l.scenario(w))
	}
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	plan, err := conformance.NewPlan(o.engine(), all, o.Getenv)
	if err != nil {
		return nil, err
	}
	if l.run, err = conformance.Open(ctx, plan); err != nil {
		return nil, err
	}
	l.o = o
	for _, it := range plan.Items {
		l.checks.Go(func() { l.check(ctx, it) })
	}
	return l, nil
}

// engine are the options of the engine, which sees to buckets and clean-up.
func (o *Options) engine() conformance.Options {
	if o.Engine != nil {
		e := *o.Engine
		e.Consistency = o.Most
		return e
	}
	e := conformance.DefaultOptions()
	e.Embed(conformance.Embedded{URL: o.Endpoints[0], AccessKey: o.Access, SecretKey: o.Secret})
	e.DialBy(o.Dial)
	e.Endpoint, e.Seed, e.Timeout, e.Consistency = o.Endpoints, o.Seed, o.Timeout, o.Most
	if o.Settle > 0 {
		e.Settle = o.Settle
	}
	return e
}

func find(name string) (*work, error) {
	for _, w := range consistency.Workloads() {
		if w.Name == name {
			return &work{Workload: w, ended: make(chan struct{})}, nil
		}
	}
	return nil, fmt.Errorf("no workload is called %q", name)
}

// scenario is a workload as the engine runs it: its bucket stays until Close.
func (l *Load) scenario(w *work) scenarios.Scenario {
	return scenarios.Declared(scenarios.Scenario{
		ID: "trial." + w.Name, Rule: w.Rule, Says: w.Says, Ref: w.Ref, Level: scenarios.Must, Needs: []scenarios.Feature{scenarios.Consistency},
		Check: func(ctx context.Context, s *scenarios.S) {
			w.end(w.Run(ctx, s, l.rec, consistency.Options{Duration: l.o.Most, Clients: l.o.Clients, Think: l.o.Think, Until: l.until}))
			select {
			case <-l.leave:
			case <-ctx.Done():
			}
		},
	})
}

// check runs one workload to its end, whatever that is.
func (l *Load) check(ctx context.Context, it conformance.Item) {
	res, ok := l.run.Check(ctx, it)
	for _, w := range l.works {
		if it.ID != "trial."+w.Name {
			continue
		}
		switch {
		case !ok:
			w.end(w.untold(), fmt.Errorf("ended early: %w", context.Cause(ctx)))
		case res.Verdict != scenarios.Pass:
			w.end(w.untold(), fmt.Errorf("%s: %s", res.Verdict, res.Reason))
		}
	}
}

// Stop lets the clients end what they have under way, and read everything once
// more. What they wrote is still there when it returns.
func (l *Load) Stop() error {
	l.stop()
	var errs []error
	for _, w := range l.works {
		<-w.ended
		if w.err != nil {
			errs = append(errs, fmt.Errorf("workload %s: %w", w.Name, w.err))
		}
	}
	return errors.Join(errs...)
}

// Close ends the load where Stop has not, and removes what it made.
func (l *Load) Close(ctx context.Context) error {
	left, _, err := l.Remove(ctx)
	if len(left) > 0 {
		err = errors.Join(err, fmt.Errorf("could not be removed: %v", left))
	}
	return err
}

// Remove is Close that returns what could not be removed, and the ledger that
// names it.
func (l *Load) Remove(ctx context.Context) (left []string, ledger string, err error) {
	l.stop()
	l.release()
	l.checks.Wait()
	return l.run.Close(ctx)
}

// Run is the engine's side of the load: its plan, its ledger, and what it found
// of the server.
func (l *Load) Run() *conformance.Run { return l.run }
