package replica

import (
	"fmt"
	"slices"
	"testing"

	"bleepstore/reference/blob"
)

func voters(n int) []Member {
	var all []Member
	for i := range n {
		all = append(all, Member{ID: fmt.Sprintf("node-%d", i), Voter: true})
	}
	return all
}

func TestHoldersAreSpreadEvenly(t *testing.T) {
	const blobs = 20_000
	for _, n := range []int{3, 5, 7, 12} {
		members, held, firsts := voters(n), map[string]int{}, map[string]int{}
		for i := range blobs {
			h := holders(blob.ID(fmt.Sprintf("%016x-%d", 1, i)), members)
			if want := min(n, 5); len(h) != want {
				t.Fatalf("%d voters: got %d holders, want %d", n, len(h), want)
			}
			firsts[h[0]]++
			for _, node := range h {
				held[node]++
			}
		}
		for _, m := range members {
			if want := blobs * min(n, 5) / n; held[m.ID] < want*95/100 || held[m.ID] > want*105/100 {
				t.Errorf("%d voters: %s holds %d blobs, want about %d", n, m.ID, held[m.ID], want)
			}
			if want := blobs / n; firsts[m.ID] < want*9/10 || firsts[m.ID] > want*11/10 {
				t.Errorf("%d voters: %s is first of %d blobs, want about %d", n, m.ID, firsts[m.ID], want)
			}
		}
	}
}

func TestRemovingANodeMovesOnlyItsShare(t *testing.T) {
	members := voters(8)
	gone := members[3].ID
	fewer := slices.DeleteFunc(slices.Clone(members), func(m Member) bool { return m.ID == gone })
	for i := range 2000 {
		id := blob.ID(fmt.Sprint("blob-", i))
		before, after := holders(id, members), holders(id, fewer)
		want := slices.DeleteFunc(slices.Clone(before), func(n string) bool { return n == gone })
		if !slices.Equal(after[:len(want)], want) {
			t.Fatalf("%s: holders were %v, without %s they are %v", id, before, gone, after)
		}
	}
}

func TestWhereCopiesAreNeverChanges(t *testing.T) {
	members := voters(7)
	for id, want := range map[blob.ID][]string{
		"0000000000000001-a": {"node-6", "node-1", "node-5", "node-0", "node-4"},
		"0000000000000002-b": {"node-2", "node-6", "node-3", "node-5", "node-0"},
	} {
		if got := holders(id, members); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v: nodes of another build look elsewhere", id, got, want)
		}
	}
}

func TestOneWithoutAVoteHoldsAsIfItHadOne(t *testing.T) {
	members := append(voters(7), Member{ID: "new"})
	held := 0
	for i := range 7000 {
		id := blob.ID(fmt.Sprint("blob-", i))
		if slices.Contains(holders(id, members), "new") {
			t.Fatalf("%s: a node without a vote is a holder", id)
		}
		if holds("new", id, members) {
			held++
		}
		if holds("stranger", id, members) {
			t.Fatalf("%s: one that is no member holds it", id)
		}
	}
	if want := 7000 * 5 / 8; held < want*9/10 || held > want*11/10 {
		t.Errorf("it holds %d blobs, want about %d", held, want)
	}
}

func TestBeforeIsRightBeforeAnID(t *testing.T) {
	for _, id := range []blob.ID{"a", "0", "ab-", "z0", "0-"} {
		b := before(id)
		if b >= id {
			t.Errorf("%q does not sort before %q", b, id)
		}
		for c := byte('-'); c <= 'z'; c++ {
			for _, other := range []blob.ID{id[:len(id)-1] + blob.ID([]byte{c}), id[:len(id)-1] + blob.ID([]byte{c, 'z', 'z'})} {
				if other.Check() == nil && other > b && other < id {
					t.Errorf("%q lies between %q and %q", other, b, id)
				}
			}
		}
	}
}
