package fault

import (
	"context"
	"slices"
)

// Shrink returns a schedule with as few events as it can find, made of those of
// s, for which fails is still true. It is called with one schedule at a time;
// where a failure comes only now and then, fails should try more than once. The
// end of ctx ends the search, with the smallest so far. s itself is assumed to
// fail.
func Shrink(ctx context.Context, s Schedule, fails func(context.Context, Schedule) bool) Schedule {
	with := func(events []Event) Schedule {
		t := s
		t.Events = slices.Clone(events)
		return t
	}
	for size := (len(s.Events) + 1) / 2; size > 0; { // drop ever smaller stretches
		dropped := false
		for i := 0; i < len(s.Events) && ctx.Err() == nil; {
			j := min(i+size, len(s.Events))
			if less := with(slices.Concat(s.Events[:i], s.Events[j:])); fails(ctx, less) {
				s, dropped = less, true
				continue
			}
			i = j
		}
		if ctx.Err() != nil {
			break
		}
		if !dropped || size > len(s.Events) {
			size /= 2
		}
	}
	return s
}
