//go:build unix

package check_test

import (
	"context"
	"fmt"
	"runtime"
	"runtime/metrics"
	"syscall"
	"testing"
	"time"

	"bleepstore/conformance/check"
	"bleepstore/conformance/history"
	"bleepstore/conformance/history/generate"
)

// BenchmarkCheck prints what a check costs, by model and number of operations, of
// 5 clients a key: the time, by the clock and of all processors, and how far the
// heap grew beyond the history itself.
func BenchmarkCheck(b *testing.B) {
	for _, name := range []string{"register", "cas", "append", "list", "list-atomic", "versions"} {
		for _, ops := range []int{1_000, 10_000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", name, ops), func(b *testing.B) {
				run, err := generate.New(generate.Options{Seed: 1, Model: name, Ops: ops, Unclear: 0.01})
				if err != nil {
					b.Fatal(err)
				}
				var peak uint64
				began := busy(b)
				for b.Loop() {
					peak = max(peak, grown(func() { mustConclude(b, run.History) }))
				}
				b.ReportMetric((busy(b)-began).Seconds()/float64(b.N), "cpu-s/check")
				b.ReportMetric(float64(peak)/(1<<20), "MB-peak")
				b.ReportMetric(float64(len(run.History.Ops)), "ops")
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/check")
			})
		}
	}
}

func mustConclude(tb testing.TB, h *history.History) {
	tb.Helper()
	v, err := check.Check(context.Background(), h, check.Options{Deadline: 5 * time.Minute})
	if err != nil {
		tb.Fatal(err)
	}
	if w := v.Workloads[0]; w.Level != w.Top {
		tb.Errorf("level %s of %s, inconclusive %q", w.Level, w.Top, w.Inconclusive)
	}
}

// grown runs f and returns by how much the heap grew at most meanwhile.
func grown(f func()) uint64 {
	runtime.GC()
	before, peak := heap(), uint64(0)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				peak = max(peak, heap())
			case <-stop:
				peak = max(peak, heap())
				return
			}
		}
	}()
	f()
	close(stop)
	<-done
	return peak - min(peak, before)
}

// busy is the processor time of this process.
func busy(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// heap is what objects on the heap take, living and dead.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// 20 clients that all work on one key are more than a search can get through. It
// gives up at its deadline and says so, whatever the history was, and keeps its
// memory within bounds.
func TestCrowdedKey(t *testing.T) {
	run, err := generate.New(generate.Options{Seed: 1, Model: "register", Ops: 3000, Keys: 1, Clients: 20, Unclear: 0.05, Slow: 0.2})
	if err != nil {
		t.Fatal(err)
	}
	var v *check.Verdict
	peak := grown(func() {
		v, err = check.Check(context.Background(), run.History, check.Options{Deadline: 2 * time.Second})
	})
	if err != nil {
		t.Fatal(err)
	}
	w := v.Workloads[0]
	if len(w.Violations) > 0 {
		t.Errorf("a legal history is said to break %s: %s", w.Violations[0].Breaks, w.Violations[0].Says)
	}
	if w.Inconclusive == "" || w.Level == w.Top || v.ExitCode(w.Top) != 6 {
		t.Errorf("level %s of %s, inconclusive %q, exit code %d; want no conclusion", w.Level, w.Top, w.Inconclusive, v.ExitCode(w.Top))
	}
	if peak > 1<<30 {
		t.Errorf("the check took %d MB, want at most 1 GB", peak>>20)
	}
	t.Logf("%s, %d MB", w.Inconclusive, peak>>20)
}
