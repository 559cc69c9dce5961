package conformance

import (
	"context"
	"sync"

	"bleepstore/scenarios"
)

// All checks every item of the plan with workers at a time (one when the run
// shares the user's bucket), and after the others, one by one, those that take the
// server down. It calls each, if not nil, with every result as it comes, never
// concurrently. It stops early when ctx ends or, under -fail-fast, after the first
// gating result.
func (r *Run) All(ctx context.Context, workers int, each func(scenarios.Result)) []scenarios.Result {
	if r.Plan.Target.Bucket != "" {
		workers = 1
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var (
		mu      sync.Mutex
		results []scenarios.Result
	)
	check := func(it Item) {
		res, ok := r.Check(ctx, it)
		if !ok {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		results = append(results, res)
		if each != nil {
			each(res)
		}
		if res.Gating && r.Plan.Options.FailFast {
			stop()
		}
	}
	var together, alone []Item
	for _, it := range r.Plan.Items {
		if it.Alone() {
			alone = append(alone, it)
		} else {
			together = append(together, it)
		}
	}
	shared(ctx, together, max(workers, 1), check)
	shared(ctx, alone, 1, check)
	return results
}

// shared has so many workers check the items, until ctx ends.
func shared(ctx context.Context, items []Item, workers int, check func(Item)) {
	todo := make(chan Item)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for it := range todo {
				check(it)
			}
		})
	}
	for _, it := range items {
		select {
		case todo <- it:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(todo)
	wg.Wait()
}
