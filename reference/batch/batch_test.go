package batch

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// gate is a flush that records its batches and waits to be let through.
type gate[T any] struct {
	let     chan error
	mu      sync.Mutex
	batches [][]T
}

func newGate[T any]() *gate[T] { return &gate[T]{let: make(chan error)} }

func (g *gate[T]) flush(items []T) error {
	g.mu.Lock()
	g.batches = append(g.batches, append([]T(nil), items...))
	g.mu.Unlock()
	return <-g.let
}

// start runs Do in a goroutine and returns when it waits (or is done).
func start[T any](b *Batch[T], ctx context.Context, item T) chan error {
	done := make(chan error, 1)
	go func() { done <- b.Do(ctx, item) }()
	synctest.Wait()
	return done
}

func TestItemsThatArriveDuringAFlushShareTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate[int]()
		b := New(0, 0, g.flush)
		first := start(b, t.Context(), 1)
		var rest []chan error
		for i := 2; i <= 4; i++ {
			rest = append(rest, start(b, t.Context(), i))
		}
		if got := b.Waiting(); got != 3 {
			t.Errorf("%d wait, want 3", got)
		}
		failed := errors.New("disk on fire")
		g.let <- nil
		g.let <- failed
		if err := <-first; err != nil {
			t.Errorf("first flush: got %v, want nil", err)
		}
		for _, c := range rest {
			if err := <-c; err != failed {
				t.Errorf("second flush: got %v, want the error of that flush", err)
			}
		}
		if d := cmp.Diff([][]int{{1}, {2, 3, 4}}, g.batches); d != "" {
			t.Errorf("batches (-want +got):\n%s", d)
		}
	})
}

type sized int

func (s sized) Size() int { return int(s) }

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name               string
		maxItems, maxBytes int
		items              []sized
		want               [][]sized
	}{
		{"items", 2, 0, []sized{1, 1, 1, 1, 1}, [][]sized{{1}, {1, 1}, {1, 1}}},
		{"bytes", 0, 10, []sized{1, 6, 4, 6, 5}, [][]sized{{1}, {6, 4}, {6}, {5}}},
		{"an item above the limit goes alone", 0, 10, []sized{1, 50, 3}, [][]sized{{1}, {50}, {3}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGate[sized]()
				b := New(c.maxItems, c.maxBytes, g.flush)
				var done []chan error
				for _, s := range c.items {
					done = append(done, start(b, t.Context(), s))
				}
				close(g.let)
				for _, d := range done {
					if err := <-d; err != nil {
						t.Error(err)
					}
				}
				if d := cmp.Diff(c.want, g.batches); d != "" {
					t.Errorf("batches (-want +got):\n%s", d)
				}
			})
		})
	}
}

func TestContextThatEndsBeforeTheItemIsTakenRemovesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate[int]()
		b := New(0, 0, g.flush)
		ctx, cancel := context.WithCancel(t.Context())
		one := start(b, t.Context(), 1)
		two := start(b, ctx, 2)
		three := start(b, t.Context(), 3)
		cancel()
		if err := <-two; err != context.Canceled {
			t.Errorf("got %v, want context.Canceled", err)
		}
		close(g.let)
		<-one
		<-three
		if d := cmp.Diff([][]int{{1}, {3}}, g.batches); d != "" {
			t.Errorf("batches (-want +got):\n%s", d)
		}
		if err := b.Do(ctx, 4); err != context.Canceled {
			t.Errorf("a context that has ended: got %v, want context.Canceled", err)
		}
	})
}

func TestContextThatEndsAfterTheItemIsTakenDoesNotHideTheOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate[int]()
		b := New(0, 0, g.flush)
		ctx, cancel := context.WithCancel(t.Context())
		one := start(b, ctx, 1) // flushes itself
		two := start(b, ctx, 2)
		three := start(b, t.Context(), 3)
		g.let <- nil
		synctest.Wait() // the second flush holds 2 and 3
		cancel()
		synctest.Wait()
		select {
		case err := <-two:
			t.Fatalf("returned %v while its flush runs", err)
		default:
		}
		g.let <- nil
		for _, c := range []chan error{one, two, three} {
			if err := <-c; err != nil {
				t.Errorf("got %v, want nil: the item was flushed", err)
			}
		}
	})
}

func TestCloseFlushesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate[int]()
		b := New(0, 0, g.flush)
		one, two := start(b, t.Context(), 1), start(b, t.Context(), 2)
		closed := make(chan struct{})
		go func() { b.Close(); close(closed) }()
		synctest.Wait()
		if err := b.Do(t.Context(), 3); err != ErrClosed {
			t.Errorf("Do after Close: got %v, want ErrClosed", err)
		}
		g.let <- nil
		select {
		case <-closed:
			t.Error("Close returned while an item waits")
		default:
		}
		g.let <- nil
		<-closed
		b.Close()
		if err := errors.Join(<-one, <-two); err != nil {
			t.Errorf("got %v, want nil: taken before Close", err)
		}
	})
}

func TestPanicOfAFlushReleasesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		let := make(chan bool)
		b := New(0, 0, func(items []int) error {
			if <-let {
				panic("boom")
			}
			return nil
		})
		one := start(b, t.Context(), 1)
		lead := make(chan any, 1)
		go func() {
			defer func() { lead <- recover() }()
			b.Do(t.Context(), 2)
		}()
		synctest.Wait()
		three := start(b, t.Context(), 3)
		let <- false
		<-one
		let <- true
		if p := <-lead; p != "boom" {
			t.Errorf("got panic %v in the flushing goroutine, want boom", p)
		}
		if err := <-three; err == nil {
			t.Error("got nil for an item whose flush did not return")
		}
		go func() { let <- false }()
		if err := b.Do(t.Context(), 4); err != nil {
			t.Errorf("the next batch: got %v, want nil", err)
		}
	})
}

// Whatever the limits and the moments at which contexts end: every item that
// Do called flushed was, exactly once, and none of which it said the opposite.
func TestDoNeverLies(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		flushed := map[int]int{}
		failed := errors.New("failed")
		fail := rapid.SliceOfN(rapid.Bool(), 1, 8).Draw(rt, "fail")
		maxItems := rapid.IntRange(0, 5).Draw(rt, "maxItems")
		cancelled := rapid.SliceOfN(rapid.Bool(), 1, 40).Draw(rt, "cancelled")
		flushes := 0
		b := New(maxItems, 0, func(items []int) error { // runs alone: no lock needed
			flushes++
			if fail[flushes%len(fail)] {
				return failed
			}
			for _, i := range items {
				flushed[i]++
			}
			return nil
		})
		results := make([]error, len(cancelled))
		var wg sync.WaitGroup
		for i, c := range cancelled {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			wg.Go(func() { results[i] = b.Do(ctx, i) })
			if c {
				wg.Go(cancel)
			}
		}
		wg.Wait()
		b.Close()
		for i, err := range results {
			want := 0
			if err == nil {
				want = 1
			}
			if flushed[i] != want {
				rt.Fatalf("item %d: flushed %d times, and Do returned %v", i, flushed[i], err)
			}
		}
	})
}

func BenchmarkDo(b *testing.B) {
	x := New(256, 0, func(items []int) error { return nil })
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := x.Do(context.Background(), 1); err != nil {
				b.Fatal(err)
			}
		}
	})
}
