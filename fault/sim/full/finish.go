package full

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bleepstore/conformance/history"
	"bleepstore/conformance/trial"
)

// recover waits for the first success after the healing.
func (r *run) recover(ctx context.Context, healed time.Time) {
	tally := func() trial.Tally { return r.load.Tally() }
	if !await(ctx, within, func() bool { return tally().FirstWrite > 0 }) {
		r.out.Violations = append(r.out.Violations, fmt.Sprintf("%s after everything was healed nothing could be written", time.Since(healed)))
		return
	}
	if r.out.Recovered = tally().FirstWrite; r.out.Recovered > recovery {
		r.out.Violations = append(r.out.Violations, fmt.Sprintf("the first write after the healing succeeded after %s, not within %s", r.out.Recovered, recovery))
	}
}

// agree compares the states of the nodes once they have applied the same.
func (r *run) agree(ctx context.Context) {
	var err error
	var missing []string
	same := await(ctx, agreeing, func() bool {
		r.out.States, missing = nil, nil
		nodes := r.c.members()
		for _, n := range nodes {
			s := n.server()
			if s == nil {
				missing = append(missing, n.id)
				continue
			}
			state := history.State{Node: n.id}
			if state.Hash, state.Applied, err = s.Cluster().Raft().Hash(ctx); err != nil {
				return false
			}
			r.out.States = append(r.out.States, state)
		}
		return len(nodes) > 0 && len(missing) == 0 && !slices.ContainsFunc(r.out.States, func(s history.State) bool {
			return s.Applied != r.out.States[0].Applied || s.Hash != r.out.States[0].Hash
		})
	})
	_, r.out.Elections = r.c.leader()
	switch {
	case len(missing) > 0:
		r.out.Violations = append(r.out.Violations, fmt.Sprintf("%s after the last operation %v do not serve", agreeing, missing))
	case err != nil:
		r.out.Unknown = append(r.out.Unknown, fmt.Sprintf("the state of a node could not be read: %v", err))
	case !same:
		r.out.Violations = append(r.out.Violations, fmt.Sprintf("%s after the last operation the states differ: %v", agreeing, r.out.States))
	}
}
