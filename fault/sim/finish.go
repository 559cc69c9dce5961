package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	randv2 "math/rand/v2"
	"slices"
	"time"

	"bleepstore/conformance/history"
	"bleepstore/reference/blob"
	"bleepstore/reference/object"
)

func newRand(seed uint64, name string, n int) *randv2.Rand {
	return randv2.New(randv2.NewChaCha8(seedOf(seed, name, n)))
}

// prepare waits for the first leader and makes the bucket.
func (r *run) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recovery)
	defer cancel()
	err := errors.New("no leader was elected")
	await(ctx, func() bool {
		if l := r.s.leader(); l != nil {
			_, err = l.service.CreateBucket(ctx, object.CreateBucketInput{Caller: owner, Name: bucket, Region: "us-east-1"})
		}
		return err == nil
	})
	return err
}

// finish finds out, when all is healed and the clients have stopped, whether
// everything is there and the same everywhere.
func (r *run) finish(ctx context.Context) {
	healed := time.Now()
	end := &r.res.Ending
	for _, err := range r.s.notes() {
		end.Notes = append(end.Notes, err.Error())
	}
	end.Violations = append(end.Violations, r.lost...)
	defer func() {
		end.Violations = append(end.Violations, r.s.mesh.ballots.found()...)
		if r.s.cloud != nil {
			end.Violations = append(end.Violations, r.s.cloud.violations()...)
		}
	}()
	recovering, cancel := context.WithTimeout(ctx, recovery)
	defer cancel()
	if !await(recovering, func() bool { return r.s.leader() != nil && len(r.s.running()) == len(r.s.all()) }) {
		end.Violations = append(end.Violations, fmt.Sprintf("%s after everything was healed, %d of %d nodes run, and the leader is %v",
			recovery, len(r.s.running()), len(r.s.all()), r.s.leader() != nil))
		return
	}
	if err := r.s.tidy(recovering); err != nil {
		end.Violations = append(end.Violations, fmt.Sprintf("%s after everything was healed: %v", recovery, err))
		return
	}
	r.lookAtAll(recovering, healed)
	r.agree(ctx)
	if r.s.cloud != nil {
		r.s.gone(ctx)
		return
	}
	r.copies(ctx)
}

// lookAtAll reads every key by a client of its own until an answer comes.
func (r *run) lookAtAll(ctx context.Context, healed time.Time) {
	end := &r.res.Ending
	for i := range workloads {
		c := r.client(&workloads[i], 100+i)
		for _, h := range r.pools[i].used() {
			for k, key := range h.keys {
				if k > 0 && c.work.model == "list" {
					break
				}
				c.process = r.rec.Process()
				ok := await(ctx, func() bool {
					op := c.look(ctx, h, key)
					return op.Outcome == history.OK || op.Outcome == history.Refused
				})
				if !ok {
					end.Violations = append(end.Violations, fmt.Sprintf("%s after everything was healed key %s cannot be read", recovery, key))
					return
				}
				if end.Recovered == 0 {
					end.Recovered = time.Since(healed)
				}
			}
		}
	}
}

// agree compares the states of all nodes once they have applied the same.
func (r *run) agree(ctx context.Context) {
	end := &r.res.Ending
	ctx, cancel := context.WithTimeout(ctx, agreeing)
	defer cancel()
	var err error
	same := await(ctx, func() bool {
		end.States = nil
		for _, n := range r.s.running() {
			s := history.State{Node: n.id}
			if s.Hash, s.Applied, err = n.log.Hash(ctx); err != nil {
				return false
			}
			end.States = append(end.States, s)
		}
		return !slices.ContainsFunc(end.States, func(s history.State) bool {
			return s.Applied != end.States[0].Applied || s.Hash != end.States[0].Hash
		})
	})
	switch {
	case err != nil && ctx.Err() == nil:
		end.Unknown = append(end.Unknown, fmt.Sprintf("the state of a node could not be read: %v", err))
	case !same:
		end.Violations = append(end.Violations, fmt.Sprintf("%s after the last operation the states differ: %v", agreeing, end.States))
	}
}

// copies sees to it that every blob that is named is whole on every voter, as
// long as these are few enough for all of them to be holders. Names and copies
// come and go for a while; what is still amiss after that is.
func (r *run) copies(ctx context.Context) {
	end := &r.res.Ending
	ctx, cancel := context.WithTimeout(ctx, copying)
	defer cancel()
	for _, n := range r.s.running() {
		n.blobs.Kick()
	}
	var why string
	all := await(ctx, func() bool {
		why = ""
		for _, n := range r.s.running() {
			if s := n.blobs.Status(); !s.Complete {
				why = fmt.Sprintf("%s does not say that it has all its blobs: %+v", n.id, s)
			}
			if missing := r.missing(ctx, n); missing != "" {
				why = missing
			}
		}
		return why == ""
	})
	if !all {
		end.Violations = append(end.Violations, fmt.Sprintf("%s after everything was healed %s", copying, why))
	}
}

// missing names a blob of which a node has no whole copy.
func (r *run) missing(ctx context.Context, n *node) string {
	ids, err := n.named(ctx, "", 1<<20)
	if err != nil {
		return fmt.Sprintf("the names of %s cannot be read: %v", n.id, err)
	}
	for _, id := range ids {
		if err := whole(n, id); err != nil {
			return fmt.Sprintf("%s has no whole copy of %s: %v", n.id, id, err)
		}
	}
	return ""
}

// whole reads the copy of a blob that a node has.
func whole(n *node, id blob.ID) error {
	f, err := n.blobs.Local().Open(context.Background(), id, 0, -1)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, f)
	return errors.Join(err, f.Close())
}

// collect makes the history of the run.
func (r *run) collect(zero, from, to int64) (err error) {
	head := history.Header{Started: r.began.UTC(), Endpoints: r.s.ever(), Seed: r.o.Seed, Faults: r.res.faults(zero, from, to)}
	for i, w := range workloads {
		told := history.Workload{Name: w.name, Rule: w.rule, Model: w.model, Duration: time.Duration(to - from)}
		for _, h := range r.pools[i].used() {
			told.Keys = append(told.Keys, h.keys...)
			if w.model == "list" {
				told.Groups = append(told.Groups, h.keys)
			}
		}
		head.Workloads = append(head.Workloads, told)
	}
	r.res.History, err = history.New(head, r.rec.Take())
	return err
}
