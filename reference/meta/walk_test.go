package meta

import (
	"fmt"
	"slices"
	"testing"
)

// A counter is a cursor over keys that counts what it is asked.
type counter struct {
	keys         []string
	at           int
	reads, seeks int
}

func (c *counter) seek(key string) error {
	c.seeks++
	c.at, _ = slices.BinarySearch(c.keys, key)
	return nil
}

func (c *counter) next() (string, bool, error) {
	c.reads++
	if c.at == len(c.keys) {
		return "", false, nil
	}
	c.at++
	return c.keys[c.at-1], true, nil
}

func (c *counter) close() error { return nil }

// What is rolled up costs nothing: a group of 2,000 keys is as dear as one of
// ten, and one of two is not worth a seek.
func TestWalkSeeksOverGroups(t *testing.T) {
	tests := []struct{ groups, keys, reads, seeks int }{
		{100, 2000, 100 * (nearby + 1), 100},
		{100, 10, 100 * (nearby + 1), 100},
		{100, 2, 200, 0},
	}
	for _, tt := range tests {
		c := &counter{}
		for g := range tt.groups {
			for k := range tt.keys {
				c.keys = append(c.keys, fmt.Sprintf("%03d/%05d", g, k))
			}
		}
		p, err := walk(c, "", "/", 1000, func(key string) error { return fmt.Errorf("%q is not rolled up", key) })
		if err != nil || len(p.prefixes) != tt.groups || p.truncated {
			t.Errorf("%+v: %d groups, truncated %v, %v", tt, len(p.prefixes), p.truncated, err)
		}
		if c.reads > tt.reads+1 || c.seeks > tt.seeks {
			t.Errorf("%+v: %d reads and %d seeks", tt, c.reads, c.seeks)
		}
	}
}

// A page reads one row more than it returns, however many follow.
func TestWalkReadsOnePage(t *testing.T) {
	c := &counter{}
	for k := range 10000 {
		c.keys = append(c.keys, fmt.Sprintf("%05d", k))
	}
	got := 0
	p, err := walk(c, "", "/", 10, func(string) error { got++; return nil })
	if err != nil || got != 10 || !p.truncated || p.last != "00009" || c.reads != 11 {
		t.Errorf("%d keys, %+v, %v, %d reads", got, p, err, c.reads)
	}
}

func TestSuccessor(t *testing.T) {
	for s, want := range map[string]string{"a": "b", "a/": "a0", "a\xff": "b", "\xfe\xff\xff": "\xff", "\x00": "\x01"} {
		if got, ok := successor(s); got != want || !ok {
			t.Errorf("successor of %q is %q, %v; want %q", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "\xff", "\xff\xff"} {
		if got, ok := successor(s); ok {
			t.Errorf("successor of %q is %q, want none", s, got)
		}
	}
}
