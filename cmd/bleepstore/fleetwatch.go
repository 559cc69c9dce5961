package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// The wait before a node is started again doubles while it dies at once.
const (
	leastWait, mostWait = time.Second, 30 * time.Second
	atOnce              = 10 * time.Second
)

// waitAfter is how long to wait after a node that has lived for so long, and
// before whose start the wait was before; 0: it is the first.
func waitAfter(before, lived time.Duration) time.Duration {
	if lived > atOnce {
		before = 0
	}
	return min(max(2*before, leastWait), mostWait)
}

// watch tells of the end of a node, and starts it again where that is wanted.
func (f *fleet) watch(i int, p *launched) {
	for wait := time.Duration(0); ; {
		began := time.Now()
		<-p.Ended()
		wait = waitAfter(wait, time.Since(began))
		if !f.buried(i, p) {
			return
		}
		select {
		case <-f.quit:
			return
		case <-time.After(wait):
		}
		if p = f.again(i, p); p == nil {
			return
		}
	}
}

// buried records that a node has ended, and says whether to start it again.
func (f *fleet) buried(i int, p *launched) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopping {
		return false
	}
	n := &f.record.Nodes[i]
	fmt.Fprintf(f.notes, "%s, process %d, ended: %s; its log: %s\n", n.ID, n.PID, p.How(), n.Log)
	n.PID = 0
	if err := f.record.write(f.plan.dir); err != nil {
		fmt.Fprintf(f.notes, "%s: %v\n", filepath.Join(f.plan.dir, recordFile), err)
	}
	if f.plan.restart {
		return true
	}
	fmt.Fprintf(f.notes, "to have it again: bleepstore serve --config %s\n", n.Config)
	if !slices.ContainsFunc(f.record.Nodes, func(n nodeRecord) bool { return n.PID != 0 }) { // the last one
		close(f.dead)
	}
	return false
}

// again starts a node that has ended, and returns its new process, nil when
// that is over.
func (f *fleet) again(i int, p *launched) *launched {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopping {
		return nil
	}
	if err := f.spawn(i); err != nil {
		fmt.Fprintf(f.notes, "%v\n", err)
		return p // it has ended, so that the next attempt follows
	}
	fmt.Fprintf(f.notes, "%s is started again as process %d\n", f.record.Nodes[i].ID, f.record.Nodes[i].PID)
	return f.nodes[i]
}

// lost are the nodes that have ended without being asked to, and were not
// started again.
func (f *fleet) lost() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids []string
	for _, n := range f.record.Nodes {
		if n.PID == 0 {
			ids = append(ids, n.ID)
		}
	}
	return ids
}
