package batch

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sizes is a flush that takes 10 ms and notes how large its batches were.
type sizes struct {
	mu  sync.Mutex
	all []int
}

func (s *sizes) flush(items []sized) error {
	time.Sleep(10 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, len(items))
	return nil
}

// loop lets each of n callers ask rounds times, a millisecond after his answer
// (the i-th a little later than the one before), and returns how long it took.
func loop(b *Batch[sized], n, rounds int) time.Duration {
	began := time.Now()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			for range rounds {
				time.Sleep(time.Millisecond + time.Duration(i)*10*time.Microsecond)
				if err := b.Do(context.Background(), 1); err != nil {
					panic(err)
				}
			}
		})
	}
	wg.Wait()
	return time.Since(began)
}

func TestPatience(t *testing.T) {
	for _, c := range []struct {
		name               string
		callers, rounds    int
		maxItems, maxBytes int
		want               []int
	}{
		{"a crowd comes together", 8, 4, 0, 0, []int{1, 7, 8, 8, 8}},
		{"two share every flush", 2, 4, 0, 0, []int{1, 2, 2, 2, 1}},
		{"a full batch goes at once", 8, 3, 4, 0, []int{1, 4, 4, 4, 4, 4, 3}},
		{"bytes fill it too", 8, 3, 0, 4, []int{1, 4, 4, 4, 4, 4, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &sizes{}
				loop(New(c.maxItems, c.maxBytes, s.flush).Patient(), c.callers, c.rounds)
				if d := cmp.Diff(c.want, s.all); d != "" {
					t.Errorf("batches (-want +got):\n%s", d)
				}
			})
		})
	}
}

func TestNobodyIsWaitedForInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sizes{}
		b := New(0, 0, s.flush).Patient()
		if got, want := loop(b, 1, 5), 5*11*time.Millisecond; got != want {
			t.Errorf("a lone caller: got %v, want %v", got, want)
		}
		loop(b, 4, 2)
		// The others stay away: once half a flush is lost, and never again.
		if got, want := loop(b, 1, 3), 3*11*time.Millisecond+5*time.Millisecond; got != want {
			t.Errorf("the last of a crowd: got %v, want %v", got, want)
		}
		time.Sleep(time.Hour)
		if got, want := loop(b, 1, 1), 11*time.Millisecond; got != want {
			t.Errorf("much later: got %v, want %v", got, want)
		}
	})
}

func TestCloseEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sizes{}
		b := New(0, 0, s.flush).Patient()
		loop(b, 4, 2)
		waits := start(b, t.Context(), 1)
		b.Close()
		if err := <-waits; err != nil {
			t.Errorf("got %v, want the item flushed", err)
		}
		if err := b.Do(t.Context(), 1); err != ErrClosed {
			t.Errorf("got %v, want ErrClosed", err)
		}
	})
}
