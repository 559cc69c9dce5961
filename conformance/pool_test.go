package conformance_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"bleepstore/conformance"
	. "bleepstore/scenarios"
)

// What takes the server down runs after all others, and nothing beside it; without
// a hook it is not run at all.
func TestTheServerDiesAlone(t *testing.T) {
	var ended, busy, early atomic.Int32
	var all []Scenario
	for i := range 12 {
		all = append(all, scene(fmt.Sprint("a", i), func(ctx context.Context, s *S) {
			passes(ctx, s)
			ended.Add(1)
		}))
	}
	for i := range 2 { // by their ids they would come first
		all = append(all, scene(fmt.Sprint("A", i), func(ctx context.Context, s *S) {
			if busy.Add(1) > 1 || ended.Load() < 12 {
				early.Add(1)
			}
			s.Must(s.Target().Kill(ctx), "kill the server")
			passes(ctx, s)
			busy.Add(-1)
		}, needs(Objects, KillHook)))
	}
	for hook, want := range map[string]Verdict{"true": Pass, "": Skipped} {
		ended.Store(0)
		r := runAll(t, opts(t, newForeign(t, nil), func(o *conformance.Options) { o.KillHook, o.Features = hook, []string{"+kill-hook"} }), all)
		for _, id := range []string{"fake.A0", "fake.A1"} {
			if got := verdictOf(r, id); got != want {
				t.Errorf("hook %q: %s: got %s, want %s", hook, id, got, want)
			}
		}
	}
	if n := early.Load(); n > 0 {
		t.Errorf("%d ran beside others", n)
	}
}
