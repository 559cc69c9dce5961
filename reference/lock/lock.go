// Package lock has a lock for those who wait for a disk or for another node
// while they hold it. It knows nothing of what it guards.
package lock

import "sync"

// A Lock is what a sync.RWMutex is: held alone, or shared by readers, of whom
// none comes in any more once somebody waits to have it alone. Who waits for it
// waits at a channel. In a synctest bubble that lets time go on, which it must
// when the holder sleeps, as a simulated disk does; behind a mutex of package
// sync the bubble would hang without a word. The zero value is ready; it must not
// be copied, and not be locked again by who has it.
type Lock struct {
	mu      sync.Mutex // held for a few instructions
	readers int
	shut    chan struct{} // not nil while it is held or wanted alone; closed after
	idle    chan struct{} // not nil while who wants it alone waits for readers
}

// Lock returns when nobody else holds l.
func (l *Lock) Lock() {
	for {
		l.mu.Lock()
		shut := l.shut
		if shut == nil {
			break
		}
		l.mu.Unlock()
		<-shut
	}
	l.shut = make(chan struct{})
	var idle chan struct{}
	if l.readers > 0 {
		idle = make(chan struct{})
		l.idle = idle
	}
	l.mu.Unlock()
	if idle != nil {
		<-idle
	}
}

// Unlock is called by who has l alone.
func (l *Lock) Unlock() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut == nil {
		panic("lock: unlocked twice")
	}
	close(l.shut)
	l.shut = nil
}

// RLock returns when nobody holds l alone, nor waits to.
func (l *Lock) RLock() {
	for {
		l.mu.Lock()
		shut := l.shut
		if shut == nil {
			l.readers++
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		<-shut
	}
}

// RUnlock is called by who shares l.
func (l *Lock) RUnlock() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.readers == 0 {
		panic("lock: unlocked twice")
	}
	l.readers--
	if l.readers == 0 && l.idle != nil {
		close(l.idle)
		l.idle = nil
	}
}

// A Once runs one function, once. The zero value is ready.
type Once struct {
	l    Lock
	done bool
}

// Do calls fn unless an earlier Do has, and returns when that call has.
func (o *Once) Do(fn func()) {
	o.l.Lock()
	defer o.l.Unlock()
	if !o.done {
		o.done = true
		fn()
	}
}
