package fault

import (
	"math/rand/v2"
	"slices"
)

// A Grudge draws which edges are cut. leader is among nodes, or "" where nobody
// is known to lead. nodes has at least two; r decides what is left open.
type Grudge func(nodes []string, leader string, r *rand.Rand) []Edge

// Grudges are the ways in which a network is cut, by name.
var Grudges = map[string]Grudge{
	"one":             oneAlone,
	"leader":          leaderAlone,
	"minority":        minority,
	"majority":        leaderWithMajority,
	"bridge":          bridge,
	"majorities-ring": majoritiesRing,
	"one-way-in":      func(n []string, l string, r *rand.Rand) []Edge { return oneWay(n, l, r, true) },
	"one-way-out":     func(n []string, l string, r *rand.Rand) []Edge { return oneWay(n, l, r, false) },
	"follower-pair":   followerPair,
	"flapping":        flapping,
}

// oneAlone cuts any node off from all others.
func oneAlone(nodes []string, _ string, r *rand.Rand) []Edge {
	return apart([]string{pick(nodes, r)}, nodes)
}

// leaderAlone cuts the leader off.
func leaderAlone(nodes []string, leader string, r *rand.Rand) []Edge {
	return apart([]string{known(nodes, leader, r)}, nodes)
}

// minority cuts the largest minority without the leader off.
func minority(nodes []string, leader string, r *rand.Rand) []Edge {
	others := shuffled(without(nodes, leader), r)
	return apart(others[:max(1, (len(nodes)-1)/2)], nodes)
}

// leaderWithMajority leaves the leader the smallest majority.
func leaderWithMajority(nodes []string, leader string, r *rand.Rand) []Edge {
	leader = known(nodes, leader, r)
	others := shuffled(without(nodes, leader), r)
	return apart(append([]string{leader}, others[:len(nodes)/2]...), nodes)
}

// bridge makes two halves that only one node, in neither, can reach.
func bridge(nodes []string, _ string, r *rand.Rand) []Edge {
	all := shuffled(nodes, r)
	rest := all[1:]
	return apart(rest[:len(rest)/2], rest)
}

// majoritiesRing lets every node reach a majority, each another one.
func majoritiesRing(nodes []string, _ string, r *rand.Rand) []Edge {
	all := shuffled(nodes, r)
	n := len(all)
	var cut []Edge
	for i, a := range all {
		for j, b := range all {
			if d := min((i-j+n)%n, (j-i+n)%n); d > (n/2+1)/2 {
				cut = append(cut, Edge{a, b})
			}
		}
	}
	if n == 3 { // a ring of three is whole: it becomes a line
		return []Edge{{all[0], all[2]}, {all[2], all[0]}}
	}
	return cut
}

// oneWay lets the leader only speak, or only hear.
func oneWay(nodes []string, leader string, r *rand.Rand, in bool) []Edge {
	leader = known(nodes, leader, r)
	var cut []Edge
	for _, other := range without(nodes, leader) {
		if in {
			cut = append(cut, Edge{other, leader})
		} else {
			cut = append(cut, Edge{leader, other})
		}
	}
	return cut
}

// followerPair parts two followers, who both reach the leader.
func followerPair(nodes []string, leader string, r *rand.Rand) []Edge {
	all := shuffled(without(nodes, leader), r)
	if len(all) < 2 {
		all = append(all, leader)
	}
	return apart(all[:1], all[:2])
}

// flapping is what net.flap takes up and lets go of again: any node alone.
func flapping(nodes []string, leader string, r *rand.Rand) []Edge { return oneAlone(nodes, leader, r) }

// apart cuts some off from all that are not among them, both ways.
func apart(some, all []string) (cut []Edge) {
	for _, a := range some {
		for _, b := range all {
			if !slices.Contains(some, b) {
				cut = append(cut, Edge{a, b}, Edge{b, a})
			}
		}
	}
	return cut
}

func pick(nodes []string, r *rand.Rand) string { return nodes[r.IntN(len(nodes))] }

// known is the leader, or anybody where nobody leads.
func known(nodes []string, leader string, r *rand.Rand) string {
	if slices.Contains(nodes, leader) {
		return leader
	}
	return pick(nodes, r)
}

func without(nodes []string, node string) []string {
	return slices.DeleteFunc(slices.Clone(nodes), func(n string) bool { return n == node })
}

func shuffled(nodes []string, r *rand.Rand) []string {
	all := slices.Clone(nodes)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
