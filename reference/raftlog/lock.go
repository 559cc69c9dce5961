package raftlog

// A lock is held while something is written. It is no sync.Mutex, so that who
// waits for it in a synctest bubble lets time go on: the holder may sleep, where
// the disk is a simulated one.
type lock chan struct{}

func newLock() lock { return make(lock, 1) }

func (l lock) Lock() { l <- struct{}{} }

func (l lock) Unlock() { <-l }
