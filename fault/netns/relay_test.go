//go:build linux

package netns_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"bleepstore/fault"
)

// TestLatency: what is late does not come before its time, comes when the edge is
// whole, and keeps nobody else up.
func TestLatency(t *testing.T) {
	l := lab(t, "a", "b", "c")
	ab, ba, cb := post(t, l, "a", "b"), post(t, l, "b", "a"), post(t, l, "c", "b")
	heal := ail(t, l, "a", "b", fault.NetTrouble{Latency: time.Hour})
	say(t, ab.near, "late")
	say(t, ba.near, "back")
	say(t, cb.near, "aside")
	hear(t, ba.far, "back")
	hear(t, cb.far, "aside")
	if n := unread(t, ab.far); n != 0 {
		t.Errorf("b has got %d bytes that are an hour late", n)
	}
	heal()
	hear(t, ab.far, "late")
	say(t, ab.near, "soon")
	hear(t, ab.far, "soon")
}

func TestDuplicate(t *testing.T) {
	l := lab(t, "a", "b")
	ab := post(t, l, "a", "b")
	ail(t, l, "a", "b", fault.NetTrouble{Duplicate: 1})
	for _, text := range []string{"one", "two"} {
		say(t, ab.near, text)
		hear(t, ab.far, text)
		hear(t, ab.far, text)
	}
}

// TestTCPOverABadEdge: the kernel's TCP makes everything whole again, its large
// packets and unfinished checksums too.
func TestTCPOverABadEdge(t *testing.T) {
	l := lab(t, "a", "b")
	ab := connect(t, l, "a", "b")
	ail(t, l, "a", "b", fault.NetTrouble{Latency: time.Millisecond, Jitter: time.Millisecond, Loss: 0.02, Duplicate: 0.1, Reorder: 0.1, Bandwidth: 50 << 20})
	ail(t, l, "b", "a", fault.NetTrouble{Jitter: time.Millisecond, Reorder: 0.1})
	sent := make([]byte, 2<<20)
	rand.NewChaCha8([32]byte{}).Read(sent)
	go func() {
		ab.near.Write(sent) // what is missing shows on the other side
		ab.near.Close()
	}()
	got, err := io.ReadAll(ab.far)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes came, %v, and not as they were sent", len(got), err)
	}
}

// TestRemovedWhileAiling: a node can go while its packets wait.
func TestRemovedWhileAiling(t *testing.T) {
	l := lab(t, "a", "b", "c")
	ac := post(t, l, "a", "c")
	ab := post(t, l, "a", "b")
	ail(t, l, "a", "b", fault.NetTrouble{Latency: time.Hour})
	heal := ail(t, l, "a", "c", fault.NetTrouble{Latency: time.Hour})
	say(t, ab.near, "lost")
	say(t, ac.near, "late")
	if err := l.Remove("b"); err != nil {
		t.Fatal(err)
	}
	heal()
	hear(t, ac.far, "late")
}
