package proxy

import (
	"time"

	"bleepstore/fault"
)

// Cut lets nothing through from one node to another; the other way stays as it is.
func (n *Net) Cut(from, to string) {
	n.worsen(fault.NetTrouble{Cut: true}, fault.Edge{From: from, To: to})
}

// Isolate cuts a node off from all others, both ways.
func (n *Net) Isolate(node string) {
	n.wires.change(func() { n.isolated[node] = true })
}

// Split cuts, both ways, what goes from a node of one group to one of another.
func (n *Net) Split(groups ...[]string) {
	var cut []fault.Edge
	for i, group := range groups {
		for _, other := range groups[i+1:] {
			for _, a := range group {
				for _, b := range other {
					cut = append(cut, fault.Edge{From: a, To: b}, fault.Edge{From: b, To: a})
				}
			}
		}
	}
	n.worsen(fault.NetTrouble{Cut: true}, cut...)
}

// Slow lets what goes from one node to another arrive d later than it was sent.
func (n *Net) Slow(from, to string, d time.Duration) {
	e := fault.Edge{From: from, To: to}
	n.wires.change(func() {
		t := n.trouble[e]
		t.Latency = d
		n.trouble[e] = t
	})
}

// Reset ends every connection between two nodes as a reset does, and refuses
// new ones until Heal.
func (n *Net) Reset(a, b string) {
	e := fault.Edge{From: a, To: b}
	n.worsen(fault.NetTrouble{Refuse: true}, e, back(e))
	n.wires.kill(func(d fault.Edge) bool { return d == e || d == back(e) })
}

// Kill resets every connection of a node, also where a link is cut, as the end
// of its process would sooner or later. New ones are the node's own affair.
func (n *Net) Kill(node string) {
	n.wires.kill(func(e fault.Edge) bool { return e.From == node || e.To == node })
}

// Heal takes back every fault: what stalls goes on.
func (n *Net) Heal() { n.wires.change(n.reset) }

// Close resets every connection and lets no new one be made. It returns when
// nothing of the network runs any more.
func (n *Net) Close() { n.wires.close() }
