package proxy

import (
	"math/rand/v2"
	"testing"
	"time"

	"bleepstore/fault"
)

// What is drawn comes from the seed, the edge, and which of its connections it is.
func TestLuckIsSeeded(t *testing.T) {
	draw := func(seed uint64, e fault.Edge) [4]float64 {
		w := newWires(seed, func(fault.Edge) fault.NetTrouble { return fault.NetTrouble{} })
		l := &link{}
		w.assign(l, e)
		first := l.dice
		w.assign(l, e)
		return [4]float64{first[0].Float64(), first[1].Float64(), l.dice[0].Float64(), l.dice[1].Float64()}
	}
	one := draw(1, ab)
	if again := draw(1, ab); again != one {
		t.Errorf("got %v, then %v", one, again)
	}
	if one[0] == one[1] || one[0] == one[2] || one == draw(2, ab) || one == draw(1, ba) {
		t.Errorf("what differs draws the same: %v", one)
	}
}

// A lost parcel comes after the retransmissions that it took, and of n in a row
// the chance is the n-th power.
func TestLossIsLate(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	tr := fault.NetTrouble{Loss: 0.5, Latency: time.Second}
	count := map[time.Duration]int{}
	for range 4000 {
		p := newParcel(r)
		count[p.due(tr).Sub(p.sent)-time.Second]++
	}
	for late, want := range map[time.Duration]int{0: 2000, firstRetry: 1000, 3 * firstRetry: 500, 7 * firstRetry: 250, 15 * firstRetry: 125, 31 * firstRetry: 125} {
		if got := count[late]; got < want*3/4 || got > want*5/4 {
			t.Errorf("%d parcels were %s late, want about %d", got, late, want)
		}
	}
	if p := newParcel(r); p.due(fault.NetTrouble{Loss: 1}).Sub(p.sent) != 31*firstRetry {
		t.Error("an edge that loses all is not as late as can be")
	}
}

// Turns of an edge follow each other, and a slice is never more than it may be.
func TestTurns(t *testing.T) {
	w := newWires(1, func(fault.Edge) fault.NetTrouble { return fault.NetTrouble{} })
	slow := fault.NetTrouble{Bandwidth: 1000, Slice: 30}
	one, two := w.allot(ab, 4000, slow), w.allot(ab, 4000, slow)
	if one.bytes != 30 || two.bytes != 30 || two.when.Sub(one.when) != 30*time.Millisecond {
		t.Errorf("%d and %d bytes, %s apart", one.bytes, two.bytes, two.when.Sub(one.when))
	}
	if got := w.allot(ab, 4000, fault.NetTrouble{Bandwidth: 1000}); got.bytes != 50 {
		t.Errorf("a turn of %d bytes, want 50", got.bytes)
	}
	if got := w.allot(ba, 4000, fault.NetTrouble{Slice: 7}); got.bytes != 7 || !got.when.IsZero() {
		t.Errorf("a slice of %d bytes, at %v", got.bytes, got.when)
	}
}
