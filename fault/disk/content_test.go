package disk

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// A file behaves as bytes do, and keeps what was synced, whatever happens to it.
func TestContent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var (
			c           content
			free        pool
			rng         = rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
			now, synced []byte
			untouched   = true // since the last sync
		)
		check := func(want []byte) {
			got := make([]byte, len(want)+10)
			if n := c.readAt(got, 0); n != len(want) || !bytes.Equal(got[:n], want) {
				t.Fatalf("got %d bytes, want %d; they differ at %d", n, len(want), differ(got[:n], want))
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				off := rapid.IntRange(0, 5*pageSize).Draw(t, "off")
				b := rapid.SliceOfN(rapid.ByteRange(1, 255), 0, 50).Draw(t, "b")
				b = bytes.Repeat(b, rapid.IntRange(1, 200).Draw(t, "times"))
				c.writeAt(b, int64(off), &free, rng)
				if end := off + len(b); len(b) > 0 && end > len(now) {
					now = append(now, make([]byte, end-len(now))...)
				}
				if len(b) > 0 {
					copy(now[off:], b)
				}
				untouched = false
			},
			"truncate": func(t *rapid.T) {
				size := rapid.IntRange(0, 5*pageSize).Draw(t, "size")
				c.truncate(int64(size), &free)
				now = append(now, make([]byte, max(0, size-len(now)))...)[:size]
				untouched = false
			},
			"sync": func(*rapid.T) {
				c.sync(&free)
				synced, untouched = bytes.Clone(now), true
			},
			"crash": func(*rapid.T) {
				c.crash(rng.Float64(), &free, rng)
				after := make([]byte, c.size)
				c.readAt(after, 0)
				if untouched && !bytes.Equal(after, synced) {
					t.Fatalf("what was synced is lost: %d bytes, want %d", len(after), len(synced))
				}
				now, synced, untouched = after, bytes.Clone(after), true
			},
			"": func(*rapid.T) { check(now) },
		})
	})
}

func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// What is overwritten and not synced is, sector by sector, the old or the new.
func TestTornWrite(t *testing.T) {
	torn, whole := 0, 0
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var c content
		var free pool
		c.writeAt(bytes.Repeat([]byte{1}, 3*pageSize), 0, &free, rng)
		c.sync(&free)
		c.writeAt(bytes.Repeat([]byte{2}, 2*pageSize), 300, &free, rng)
		c.crash(rng.Float64(), &free, rng)
		got := make([]byte, 3*pageSize)
		if n := c.readAt(got, 0); n != len(got) {
			t.Fatalf("seed %d: %d bytes are left", seed, n)
		}
		olds, news := 0, 0
		for at := 512; at < 300+2*pageSize-512; at += sectorSize {
			switch s := got[at : at+sectorSize]; {
			case bytes.Count(s, []byte{1}) == sectorSize:
				olds++
			case bytes.Count(s, []byte{2}) == sectorSize:
				news++
			default:
				t.Fatalf("seed %d: the sector at %d is torn", seed, at)
			}
		}
		if olds > 0 && news > 0 {
			torn++
		} else {
			whole++
		}
	}
	if torn < 50 {
		t.Errorf("%d of 100 writes were torn between sectors, %d not", torn, whole)
	}
}

// A sync that failed and forgot is not made good by the next.
func TestForget(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	var c content
	var free pool
	c.writeAt([]byte("lost"), 0, &free, rng)
	c.forget()
	c.writeAt([]byte("kept"), pageSize, &free, rng)
	c.sync(&free)
	got := make([]byte, 4)
	if c.readAt(got, 0); string(got) != "lost" {
		t.Errorf("before the crash: got %q, want what was written", got)
	}
	c.crash(1, &free, rng)
	if c.readAt(got, 0); !bytes.Equal(got, make([]byte, 4)) {
		t.Errorf("after it: got %q, want zeros", got)
	}
	if c.readAt(got, pageSize); string(got) != "kept" {
		t.Errorf("what was synced later: got %q", got)
	}
}
