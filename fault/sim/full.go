package sim

import (
	"context"

	"bleepstore/fault/sim/full"
)

// playFull is a run at the level full, in the bubble.
func (r *Result) playFull(ctx context.Context, workloads []string) error {
	out, err := full.Run(ctx, full.Options{Schedule: r.Schedule, Workloads: workloads})
	if err != nil {
		return err
	}
	r.Diary, r.History, r.Elections, r.Messages = out.Diary, out.History, out.Elections, out.Messages
	r.Ending = Ending{Recovered: out.Recovered, States: out.States, Violations: out.Violations, Unknown: out.Unknown, Notes: out.Notes}
	r.History.Faults = r.faults(out.Zero, out.From, out.To)
	return nil
}
