package fault

import (
	"cmp"
	"maps"
	"slices"
)

// quorum says whether, with all that is wrong now, some node that runs can talk
// both ways with so many others that they are a majority. The gate is held.
func (s *Stage) quorum() bool {
	nodes := s.target.Nodes()
	ok := func(n string) bool {
		d := s.state.disk.sum(n)
		return s.state.down[n] == 0 && s.state.paused[n] == 0 && !d.Hang && !d.Full && d.FailSync == 0 && d.FailWrite == 0
	}
	for _, a := range nodes {
		if !ok(a) {
			continue
		}
		friends := 1
		for _, b := range nodes {
			there, back := s.state.net.sum(Edge{a, b}), s.state.net.sum(Edge{b, a})
			if a != b && ok(b) && !there.Blocks() && !back.Blocks() {
				friends++
			}
		}
		if friends > len(nodes)/2 {
			return true
		}
	}
	return false
}

func sortedByKey[K cmp.Ordered, V any](m map[K]V) []V {
	out := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}
