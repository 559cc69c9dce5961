package consistency

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bleepstore/conformance/history"
	"bleepstore/scenarios"
)

// A workload goes on until it is told to stop, and then reads everything once
// more; who watches sees all of it.
func TestUntil(t *testing.T) {
	rec, enough := history.NewRecorder(nil), make(chan struct{})
	var seen atomic.Int64
	var once sync.Once
	rec.Watch(func(*history.Op) {
		if seen.Add(1) >= 300 {
			once.Do(func() { close(enough) })
		}
	})
	var told history.Workload
	res := session(t, newFake().ServeHTTP).Run(t.Context(), scenarios.Scenario{ID: "consistency.self.test", Level: scenarios.Must, Check: func(ctx context.Context, s *scenarios.S) {
		var err error
		told, err = register.Run(ctx, s, rec, Options{Duration: time.Hour, Until: enough})
		s.Must(err, "run")
	}}, time.Minute)
	if res.Verdict != scenarios.Pass {
		t.Fatalf("%s: %s", res.Verdict, res.Reason)
	}
	ops := rec.Take()
	if int64(len(ops)) != seen.Load() || seen.Load() < 300 {
		t.Errorf("%d operations, %d were seen", len(ops), seen.Load())
	}
	after := map[string]bool{}
	for _, o := range ops {
		if o.Client >= register.Clients { // those that read at the end
			after[o.Key] = true
		}
	}
	for _, key := range told.Keys {
		if !after[key] {
			t.Errorf("%s was not read at the end", key)
		}
	}
}
