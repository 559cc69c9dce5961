package conformance

import (
	"context"
	"sync"

	"bleepstore/scenarios"
)

// All checks every item of the plan with workers at a time (one when the run
// shares the user's bucket) and calls each, if not nil, with every result as
// it comes, never concurrently. It stops early when ctx ends or, under
// -fail-fast, after the first gating result.
func (r *Run) All(ctx context.Context, workers int, each func(scenarios.Result)) []scenarios.Result {
	if r.Plan.Target.Bucket != "" {
		workers = 1
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	todo := make(chan Item)
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		results []scenarios.Result
	)
	for range max(workers, 1) {
		wg.Go(func() {
			for it := range todo {
				res, ok := r.Check(ctx, it)
				if !ok {
					continue
				}
				mu.Lock()
				results = append(results, res)
				if each != nil {
					each(res)
				}
				mu.Unlock()
				if res.Gating && r.Plan.Options.FailFast {
					stop()
				}
			}
		})
	}
	for _, it := range r.Plan.Items {
		select {
		case todo <- it:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(todo)
	wg.Wait()
	return results
}
