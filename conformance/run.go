package conformance

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

// A Run is a plan under way. Check may be called from several goroutines;
// under parallel processes each has a Run of its own on the same target.
type Run struct {
	Plan      *Plan
	Preflight report.Preflight

	started  time.Time
	ledger   *scenarios.Ledger
	file     string // of the ledger, "" when it is in memory
	sessions map[manner]*scenarios.Session
	mu       sync.Mutex
	cells    map[string]*cell
}

// A manner is what of an item its session knows.
type manner struct {
	addressing scenarios.Addressing
	settle     time.Duration
}

// A cell holds the one result of an item: a scenario that others depend on is
// run once, whoever asks first.
type cell struct {
	once   sync.Once
	result scenarios.Result
	ok     bool
}

// Open checks the ground and opens the ledger. Its error is an *Error that
// tells the exit code. The caller must Close the run.
func Open(ctx context.Context, p *Plan) (*Run, error) {
	r := &Run{Plan: p, started: time.Now(), sessions: map[manner]*scenarios.Session{}, cells: map[string]*cell{}}
	var err error
	if r.Preflight, err = preflight(ctx, &p.Target); err != nil {
		return nil, err
	}
	if p.Target.Bucket != "" {
		if err := empty(ctx, &p.Target); err != nil {
			return nil, err
		}
	}
	if !p.Options.embedded {
		if r.file, err = ledgerFile(p.Options.Out, r.started); err != nil {
			return nil, err
		}
	}
	r.ledger, err = scenarios.NewLedger(r.file, scenarios.LedgerEntry{Endpoint: p.Target.Endpoints[0].String(), Region: p.Target.Region, Bucket: p.Target.Bucket, Shared: p.Target.Bucket != ""})
	if err != nil {
		return nil, usage("%w", err)
	}
	for _, it := range p.Items {
		r.session(it)
	}
	return r, nil
}

// session returns the session in which an item is run.
func (r *Run) session(it Item) *scenarios.Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	how := manner{it.Addressing, it.Settle}
	if r.sessions[how] == nil {
		t := r.Plan.Target
		t.Addressing = it.Addressing
		if it.Settle > 0 {
			t.Settle = it.Settle
		}
		r.sessions[how] = scenarios.NewSession(t, r.ledger)
	}
	return r.sessions[how]
}

// Check runs an item and returns its result. It returns false, and no
// result, when ctx ended first.
func (r *Run) Check(ctx context.Context, it Item) (scenarios.Result, bool) {
	r.mu.Lock()
	c := r.cells[it.Name]
	if c == nil {
		c = &cell{}
		r.cells[it.Name] = c
	}
	r.mu.Unlock()
	c.once.Do(func() { c.result, c.ok = r.check(ctx, it) })
	return c.result, c.ok
}

func (r *Run) check(ctx context.Context, it Item) (scenarios.Result, bool) {
	if ctx.Err() != nil {
		return scenarios.Result{}, false
	}
	if why := r.lacksMeans(it); why != "" {
		return r.judged(it, it.verdict(scenarios.Skipped, why)), true
	}
	for _, id := range it.After {
		dep, here := r.Plan.item(id, it.Addressing)
		if !here {
			continue // left out by the selection: judged on its own
		}
		res, ok := r.Check(ctx, dep)
		if !ok {
			return scenarios.Result{}, false
		}
		if res.Verdict.Gates() {
			return r.judged(it, it.verdict(scenarios.Blocked, fmt.Sprintf("%s, on which it depends, ended as %s", dep.Name, res.Verdict))), true
		}
	}
	res := r.session(it).Run(ctx, it.Scenario, limit(it.Scenario, r.Plan.Options.Consistency))
	if ctx.Err() != nil {
		return scenarios.Result{}, false // what it found may be the interruption's doing
	}
	res.ID = it.Name
	return r.judged(it, res), true
}

// judged decides whether the result gates.
func (r *Run) judged(it Item, res scenarios.Result) scenarios.Result {
	res.Gating = it.Gates && res.Verdict.Gates()
	r.Plan.baseline.Mark(&res, time.Now())
	return res
}

// limit is how long a scenario may take where answers come at once; those that
// are late put its end off, see Session.Run. No rule needs more than a minute,
// but those that move much or wait for a server's own timeouts, and those that run
// for as long as they are told, after which their history is judged.
func limit(sc scenarios.Scenario, consistency time.Duration) time.Duration {
	switch {
	case slices.Contains(sc.Needs, scenarios.Consistency):
		return consistency + 3*time.Minute
	case slices.Contains(sc.Needs, scenarios.Large):
		return 15 * time.Minute
	case slices.Contains(sc.Needs, scenarios.Slow):
		return 5 * time.Minute
	}
	return time.Minute
}

// lacksMeans says what the run, not the server, lacks to judge the item.
func (r *Run) lacksMeans(it Item) string {
	t := &r.Plan.Target
	switch {
	case slices.Contains(it.Needs, scenarios.SecondAccount) && t.Alt.Access == "":
		return "no second account: give -alt-access-key and -alt-secret-key"
	case slices.Contains(it.Needs, scenarios.STS) && t.Expired.Access == "":
		return "no session credentials that have expired: give -expired-keys"
	case slices.Contains(it.Needs, scenarios.KillHook) && t.Kill == nil:
		return "no kill hook: give -kill-hook"
	case slices.Contains(it.Needs, scenarios.WebsiteEndpoint) && t.Website == nil:
		return "no website endpoint: give -website-endpoint"
	case slices.Contains(it.Needs, scenarios.TLS) && t.TLSEndpoint == nil:
		return "no TLS endpoint: give -tls-endpoint"
	}
	return ""
}

// verdict is the result of an item that was not run.
func (it Item) verdict(v scenarios.Verdict, reason string) scenarios.Result {
	return scenarios.Result{ID: it.Name, Rule: it.Rule, Level: it.Level, Says: it.Says, Ref: it.Ref, Needs: it.Needs,
		Verdict: v, Reason: reason, Where: it.Where()}
}

func (p *Plan) item(id string, style scenarios.Addressing) (Item, bool) {
	i := slices.IndexFunc(p.Items, func(it Item) bool { return it.ID == id && it.Addressing == style })
	if i < 0 {
		return Item{}, false
	}
	return p.Items[i], true
}

// Report assembles the run from the results of its items, of this process and
// others: it judges the invariants over all of them and applies the baseline.
func (r *Run) Report(results []scenarios.Result, interrupted bool) *report.Run {
	p := r.Plan
	out := &report.Run{Schema: report.Schema, Tool: Version(), Started: r.started.UTC(), Finished: time.Now().UTC(),
		Region: p.Target.Region, Addressing: p.Options.Addressing, Profile: p.Options.Profile, ID: p.Options.ID, Seed: p.Target.Seed,
		Preflight: r.Preflight, NotRun: len(p.Items) - len(results), Interrupted: interrupted, Repeat: p.Repeat("bleepstore test", ""), RepeatOne: p.RepeatOne("bleepstore test")}
	for _, u := range p.Target.Endpoints {
		out.Endpoints = append(out.Endpoints, u.String())
	}
	for _, f := range scenarios.Features() {
		if p.Claimed[f] {
			out.Features = append(out.Features, f)
		}
	}
	out.Results = append(slices.Clone(results), invariants(results, !p.Narrowed && out.NotRun == 0)...)
	out.Sort()
	out.Rules = p.countRules(out.Results)
	out.Beyond = p.beyond(out.Results)
	if len(results) > 0 {
		out.Judged = p.workloads.Judge(out.Results, p.applies)
	}
	if p.Options.Baseline != "" {
		known := p.baseline.Apply(out.Results, p.exists, out.Finished)
		known.File, known.Strict = p.Options.Baseline, p.Options.StrictBaseline
		out.Known = &known
	}
	return out
}

// Version is the version of the running binary, from its build information.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
			v = s.Value[:min(12, len(s.Value))]
		}
	}
	if v == "" {
		return "(devel)"
	}
	return v
}
