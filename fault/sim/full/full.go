// Package full runs the whole server in virtual time: nodes of a cluster as
// package reference opens them, to their sockets and their disks, which are
// simulated, under clients that speak signed HTTP to them, while a schedule of
// faults is played. It says what was recorded and what was found in the end; it
// does not judge histories.
//
// Everything runs in the bubble of the caller. Nothing in it may wait with a
// sync.Mutex held: time would stand still, and nobody would say so.
package full

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"time"

	"bleepstore/conformance/history"
	"bleepstore/conformance/trial"
	"bleepstore/fault"
)

// Options say what is run.
type Options struct {
	Schedule  fault.Schedule // its seed decides everything that is drawn, its Nodes and Length count
	Dir       string         // an empty directory for the nodes; "": they have simulated disks
	Workloads []string       // by consistency.Workload.Name; nil: Workloads
	Clients   int            // of each workload; 0: 4
	Think     time.Duration  // mean pause of each between two moves; 0: 1 s
	Backend   string         // reference.Local or SQLite; "": Local
	Trace     func(what string, at time.Duration, err error)
}

// Workloads are what clients do unless told otherwise.
var Workloads = []string{"register", "cas", "append", "list", "mpu"}

// An Outcome is what came of a run that could be held.
type Outcome struct {
	Diary   fault.Diary
	History *history.History
	// Zero is when the diary began, From and To when clients were let loose and
	// told to stop, all by the clock of the operations.
	Zero, From, To int64
	States         []history.State // of the nodes, in the end
	Recovered      time.Duration   // from the healing until a write that was begun since had succeeded
	// Violations are what must not be, Unknown what could not be found out; Notes
	// are worth knowing: nodes that ended by themselves.
	Violations, Unknown, Notes []string
	Elections                  int // the term of the last leader
	Messages                   int // over the network
	Calls                      int // of the AWS SDK
}

// Kinds are those of the kinds of faults that can be done here. Over a stream of
// bytes nothing comes twice or out of order, clients have no proxy before the
// nodes, and a named point of the code does not tell whose it is where all nodes
// share a process.
func Kinds(all []fault.Kind) []fault.Kind {
	return slices.DeleteFunc(slices.Clone(all), func(k fault.Kind) bool {
		return k.Group == "http" || slices.Contains([]string{"net.duplicate", "net.reorder", "proc.crash-point"}, k.Name)
	})
}

// The bounds of the end of a run, in virtual time.
const (
	within   = time.Minute      // everything that is waited for
	recovery = 5 * time.Second  // from the healing to the first success
	agreeing = 10 * time.Second // until the states are equal
	request  = 5 * time.Second  // of a client, whose outcome is unclear then
)

// Run runs one simulation inside the caller's bubble. Its error says that it
// could not be held: nothing was found out about the server then.
func Run(ctx context.Context, o Options) (*Outcome, error) {
	if o.Workloads == nil {
		o.Workloads = Workloads
	}
	if o.Clients == 0 {
		o.Clients = 4
	}
	if o.Think == 0 {
		o.Think = time.Second
	}
	if o.Trace == nil {
		o.Trace = func(string, time.Duration, error) {}
	}
	//lint:ignore SA1019 raft draws its timeouts there
	rand.Seed(int64(o.Schedule.Seed))
	r := &run{Options: o, out: &Outcome{}}
	var err error
	if r.c, err = found(ctx, o); err == nil {
		err = r.play(ctx)
	}
	if r.c != nil {
		err = errors.Join(err, r.c.close())
	}
	return r.out, err
}

// A run is one simulation under way.
type run struct {
	Options
	c    *cluster
	load *trial.Load
	out  *Outcome
}

// play is the run from when the cluster serves.
func (r *run) play(ctx context.Context) (err error) {
	r.load, err = trial.Start(ctx, trial.Options{
		Endpoints: r.c.urls(), Access: user.AccessKey, Secret: user.SecretKey, Workloads: r.Workloads, Clients: r.Clients,
		Think: r.Think, Timeout: request, Most: 100 * time.Hour, Seed: r.Schedule.Seed | 1<<40, Dial: r.c.dialClient,
	})
	if err != nil {
		return err
	}
	defer func() {
		if cerr := r.load.Close(context.WithoutCancel(ctx)); cerr != nil { // what it found is recorded already
			r.out.Unknown = append(r.out.Unknown, fmt.Sprintf("the clients' buckets: %v", cerr))
		}
	}()
	visits := r.c.visit(ctx)
	r.out.Zero, r.out.From = r.load.Now(), r.load.Now()
	nemesis := fault.NewNemesis(target{r.c})
	began := time.Now()
	if err := nemesis.Play(ctx, r.Schedule, within); err != nil {
		r.out.Unknown = append(r.out.Unknown, "faults: "+err.Error())
	}
	r.load.Mark()
	healed := time.Now()
	r.recover(ctx, healed)
	sleep(ctx, max(fault.Quiet(r.Schedule.Length), time.Until(began.Add(time.Duration(r.Schedule.Length)))))
	r.out.Diary, r.out.To = nemesis.Diary(), r.load.Now()
	r.out.Calls = visits.end(r.out)
	if err := r.load.Stop(); err != nil {
		return err
	}
	r.agree(ctx)
	if r.out.History, err = r.load.History(); err != nil {
		return err
	}
	r.out.Notes = r.c.notes()
	r.out.Messages = r.c.net.Messages()
	return ctx.Err()
}

// sleep returns false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// await polls until ok says so, not beyond d; false: it did not.
func await(ctx context.Context, d time.Duration, ok func() bool) bool {
	for end := time.Now().Add(d); !ok(); {
		if !time.Now().Before(end) || !sleep(ctx, 20*time.Millisecond) {
			return false
		}
	}
	return true
}
