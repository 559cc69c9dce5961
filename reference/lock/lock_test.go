package lock

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// Who waits for a holder that sleeps does not stop the bubble's time.
func TestHolderSleeps(t *testing.T) {
	for name, hold := range map[string]func(*Lock) func(){
		"alone":  func(l *Lock) func() { l.Lock(); return l.Unlock },
		"shared": func(l *Lock) func() { l.RLock(); return l.RUnlock },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var l Lock
				began := time.Now()
				release := hold(&l)
				var all sync.WaitGroup
				for range 3 {
					all.Go(func() {
						l.Lock()
						defer l.Unlock()
						time.Sleep(time.Hour)
					})
				}
				time.Sleep(time.Hour)
				release()
				all.Wait()
				if took := time.Since(began); took != 4*time.Hour {
					t.Errorf("one holder and three more took %s, want 4h0m0s: one after the other", took)
				}
			})
		})
	}
}

func TestReadersShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Lock
		began := time.Now()
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				l.RLock()
				defer l.RUnlock()
				time.Sleep(time.Minute)
			})
		}
		all.Wait()
		if took := time.Since(began); took != time.Minute {
			t.Errorf("five readers took %s, want 1m0s", took)
		}
	})
}

// Who wants it alone gets it though readers come without end.
func TestNobodyIsKeptOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Lock
		var stop atomic.Bool
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 3 * time.Second)
				for !stop.Load() {
					l.RLock()
					time.Sleep(10 * time.Second)
					l.RUnlock()
				}
			})
		}
		time.Sleep(time.Minute)
		began := time.Now()
		l.Lock()
		if waited := time.Since(began); waited > 10*time.Second {
			t.Errorf("waited for %s, want no longer than for the readers that were in", waited)
		}
		stop.Store(true)
		l.Unlock()
		all.Wait()
	})
}

// Whatever the order: alone means alone.
func TestExclusion(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		alone := rapid.SliceOfN(rapid.Bool(), 1, 30).Draw(rt, "alone")
		var l Lock
		var in atomic.Int64 // readers in, or minus one
		var wrong atomic.Bool
		var all sync.WaitGroup
		for _, a := range alone {
			all.Go(func() {
				if a {
					l.Lock()
					defer l.Unlock()
					if !in.CompareAndSwap(0, -1) {
						wrong.Store(true)
					}
					in.Store(0)
					return
				}
				l.RLock()
				defer l.RUnlock()
				if in.Add(1) <= 0 {
					wrong.Store(true)
				}
				in.Add(-1)
			})
		}
		all.Wait()
		if wrong.Load() {
			rt.Fatal("somebody was in beside one who had it alone")
		}
		l.Lock() // nothing is left behind
		//lint:ignore SA2001 that it can be taken is all
		l.Unlock()
	})
}

func TestUnlockedTwice(t *testing.T) {
	for name, unlock := range map[string]func(*Lock){"alone": (*Lock).Unlock, "shared": (*Lock).RUnlock} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("got no panic")
				}
			}()
			unlock(new(Lock))
		})
	}
}

func BenchmarkShared(b *testing.B) {
	b.Run("lock", func(b *testing.B) {
		var l Lock
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				l.RLock()
				//lint:ignore SA2001 it is what is measured
				l.RUnlock()
			}
		})
	})
	b.Run("sync", func(b *testing.B) {
		var l sync.RWMutex
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				l.RLock()
				//lint:ignore SA2001 it is what is measured
				l.RUnlock()
			}
		})
	})
}

func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o Once
		var runs atomic.Int64
		began := time.Now()
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				o.Do(func() {
					time.Sleep(time.Minute)
					runs.Add(1)
				})
				if runs.Load() != 1 {
					t.Error("Do has returned before the function had")
				}
			})
		}
		all.Wait()
		if n, took := runs.Load(), time.Since(began); n != 1 || took != time.Minute {
			t.Errorf("%d runs in %s, want 1 in 1m0s", n, took)
		}
	})
}
