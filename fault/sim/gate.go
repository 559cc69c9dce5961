package sim

import "sync"

// A gate is what stops a node whose process is to stand still: whatever it
// reaches next waits there. It is passed by goroutines that hold no mutex.
type gate struct {
	mu   sync.Mutex
	open chan struct{} // nil: open; else closed when it opens
}

// shut stops who comes; unlock lets them go on.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == nil {
		g.open = make(chan struct{})
	}
}

func (g *gate) unlock() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open != nil {
		close(g.open)
		g.open = nil
	}
}

// pass waits until the gate is open.
func (g *gate) pass() {
	for {
		g.mu.Lock()
		open := g.open
		g.mu.Unlock()
		if open == nil {
			return
		}
		<-open
	}
}
