package netns

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"bleepstore/fault"
)

// sent puts packets of 1,000 bytes in line, one every millisecond, and returns at
// which millisecond each leaves, by its number.
func sent(n int, t fault.NetTrouble) (order []int, when map[int]int) {
	var l line
	r := rand.New(rand.NewPCG(1, 2))
	began := time.Unix(0, 0)
	for i := range n {
		p := make([]byte, headroom+1000)
		p[0] = byte(i)
		l.put(p, began.Add(time.Duration(i)*time.Millisecond), t, r)
	}
	when = map[int]int{}
	for ms := 0; len(l.waiting) > 0; ms++ {
		for {
			p, _ := l.next(began.Add(time.Duration(ms) * time.Millisecond))
			if p == nil {
				break
			}
			order = append(order, int(p[0]))
			when[int(p[0])] = ms
		}
	}
	return order, when
}

func TestLineLatency(t *testing.T) {
	order, when := sent(50, fault.NetTrouble{Latency: 20 * time.Millisecond})
	for i := range 50 {
		if when[i] != i+20 {
			t.Errorf("packet %d, of %d ms, leaves at %d ms", i, i, when[i])
		}
	}
	if len(order) != 50 || !slices.IsSorted(order) {
		t.Errorf("they leave in the order %v", order)
	}
}

// TestLineJitter: packets are as late as they are, but none overtakes another.
func TestLineJitter(t *testing.T) {
	order, when := sent(100, fault.NetTrouble{Latency: 5 * time.Millisecond, Jitter: 20 * time.Millisecond})
	if len(order) != 100 || !slices.IsSorted(order) {
		t.Errorf("they leave in the order %v", order)
	}
	late := map[int]bool{}
	for i := range 100 {
		d := when[i] - i
		late[d] = true
		if d < 5 || d > 25 {
			t.Errorf("packet %d is %d ms late, want 5 to 25", i, d)
		}
	}
	if len(late) < 5 {
		t.Errorf("all are as late as each other: %v", late)
	}
}

func TestLineDuplicate(t *testing.T) {
	order, _ := sent(100, fault.NetTrouble{Duplicate: 0.5})
	if len(order) < 130 || len(order) > 170 || len(slices.Compact(slices.Clone(order))) != 100 {
		t.Errorf("of 100 packets %d leave: %v", len(order), order)
	}
}

func TestLineReorder(t *testing.T) {
	order, when := sent(100, fault.NetTrouble{Reorder: 0.2})
	overtaken := 0
	for i := range 100 {
		if when[i] != i {
			overtaken++
		}
	}
	if slices.IsSorted(order) || len(order) != 100 || overtaken < 8 || overtaken > 32 {
		t.Errorf("%d of 100 are overtaken: %v", overtaken, order)
	}
}

// TestLineBandwidth: half of what is sent fits through the wire; when it has kept
// as much as it does, it drops.
func TestLineBandwidth(t *testing.T) {
	order, when := sent(200, fault.NetTrouble{Bandwidth: 500_000})
	for i := range 200 {
		if want := 2 * (i + 1); when[i] != want {
			t.Fatalf("packet %d leaves at %d ms, want %d", i, when[i], want)
		}
	}
	if len(order) != 200 {
		t.Errorf("%d of 200 leave, and a second is less than what is kept", len(order))
	}
	if order, _ := sent(200, fault.NetTrouble{Bandwidth: 100_000}); len(order) < 110 || len(order) > 130 {
		t.Errorf("%d of 200 leave, want what takes a second, and what left meanwhile", len(order))
	}
}
