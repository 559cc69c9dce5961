package replica

import (
	"cmp"
	"hash/fnv"
	"slices"

	"bleepstore/reference/blob"
)

// maxHolders is how many copies a blob gets at most.
const maxHolders = 5

// rank sorts nodes by their weight for id, the heaviest first: rendezvous
// hashing. A node that comes or goes changes no order among the others.
func rank(id blob.ID, nodes []string) []string {
	type weighted struct {
		node   string
		weight uint64
	}
	all := make([]weighted, len(nodes))
	for i, n := range nodes {
		all[i] = weighted{n, weight(id, n)}
	}
	slices.SortFunc(all, func(a, b weighted) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.node, b.node))
	})
	ranked := make([]string, len(all))
	for i, w := range all {
		ranked[i] = w.node
	}
	return ranked
}

// weight must never change: it says where the copies are. FNV alone spreads
// inputs that differ in their last bytes badly, so its bits are mixed.
func weight(id blob.ID, node string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(node))
	h.Write([]byte{0})
	h.Write([]byte(id))
	x := h.Sum64()
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// holders returns the nodes that shall hold id, by rank.
func holders(id blob.ID, members []Member) []string {
	var voters []string
	for _, m := range members {
		if m.Voter {
			voters = append(voters, m.ID)
		}
	}
	return rank(id, voters)[:min(len(voters), maxHolders)]
}

// holds says whether node shall hold id. One that has no vote yet counts as if
// it had: it gets the vote once it holds its share.
func holds(node string, id blob.ID, members []Member) bool {
	as := slices.Clone(members)
	for i := range as {
		if as[i].ID == node {
			as[i].Voter = true
		}
	}
	return slices.Contains(holders(id, as), node)
}

// others returns every member but this node in the order in which to ask them
// for id: those that answered of late first, among them the holders by rank.
func (s *Store) others(id blob.ID) []string {
	members := s.opt.Members()
	order := holders(id, members)
	var rest []string
	for _, m := range members {
		if !slices.Contains(order, m.ID) {
			rest = append(rest, m.ID)
		}
	}
	order = append(order, rank(id, rest)...)
	order = slices.DeleteFunc(order, func(n string) bool { return n == s.opt.Node })
	slices.SortStableFunc(order, func(a, b string) int {
		return cmp.Compare(s.health.late(a), s.health.late(b))
	})
	return order
}

// knows says whether node is a member.
func (s *Store) knows(node string) bool {
	return slices.ContainsFunc(s.opt.Members(), func(m Member) bool { return m.ID == node })
}

// sorted returns the members in an order that tells nothing but who they are.
func (s *Store) sorted() []Member {
	return slices.SortedFunc(slices.Values(s.opt.Members()), func(a, b Member) int { return cmp.Compare(a.ID, b.ID) })
}
