package fault

import (
	"sync"
	"sync/atomic"
)

// points is nil while no point of the code is watched.
var points atomic.Pointer[func(name string)]

// Point names a place of the code at which a process may be asked to end, or to
// wait: between two steps that a crash must not part. Nobody asks in a process
// that serves; it costs one atomic load then.
func Point(name string) {
	if watch := points.Load(); watch != nil {
		(*watch)(name)
	}
}

// WatchPoints has fn called, in the goroutine that got there, whenever one gets
// to a point; calls may run together. stop ends that. One watcher at a time.
func WatchPoints(fn func(name string)) (stop func()) {
	points.Store(&fn)
	return sync.OnceFunc(func() { points.CompareAndSwap(&fn, nil) })
}
