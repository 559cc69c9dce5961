package fault_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"bleepstore/fault"
)

func TestDrawIsItsSeed(t *testing.T) {
	groups := map[string]bool{}
	most := 0
	for seed := range uint64(50) {
		p := fault.Plan{Kinds: fault.Kinds(), Nodes: 3, Length: 2 * time.Minute}
		a, err := fault.Draw(seed, p)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := fault.Draw(seed, p)
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("seed %d: two schedules", seed)
		}
		var file bytes.Buffer
		if err := fault.WriteSchedule(&file, a); err != nil {
			t.Fatal(err)
		}
		if c, err := fault.ReadSchedule(&file); err != nil || !reflect.DeepEqual(a, c) {
			t.Fatalf("seed %d: read back as %+v, %v", seed, c, err)
		}
		for _, e := range a.Events {
			k, _ := fault.Find(e.Kind)
			groups[k.Group] = true
			if time.Duration(e.At) < 20*time.Second || time.Duration(e.End()) > 100*time.Second {
				t.Errorf("seed %d: %s is in the quiet time", seed, e)
			}
			over := 0
			for _, o := range a.Events {
				if o.At <= e.At && e.At < o.End() {
					over++
				}
			}
			most = max(most, over)
		}
	}
	if len(groups) != 9 || most != 3 {
		t.Errorf("%d groups were drawn, %d at a time; want 9 and 3", len(groups), most)
	}
	if _, err := fault.Draw(1, fault.Plan{Kinds: fault.Kinds(), Nodes: 3, Length: time.Second}); err == nil {
		t.Error("a second is enough")
	}
}

func TestReadScheduleIsStrict(t *testing.T) {
	for name, text := range map[string]string{
		"unknown key":    `{"seed":1,"nodes":3,"length":"10s","events":[],"extra":1}`,
		"unknown kind":   `{"seed":1,"nodes":3,"length":"10s","events":[{"at":"1s","kind":"net.gone"}]}`,
		"unknown grudge": `{"seed":1,"nodes":3,"length":"10s","events":[{"at":"1s","for":"1s","kind":"net.cut","args":{"grudge":"old"}}]}`,
		"too late":       `{"seed":1,"nodes":3,"length":"10s","events":[{"at":"9s","for":"2s","kind":"net.cut"}]}`,
		"no duration":    `{"seed":1,"nodes":3,"length":"10s","events":[{"at":"1s","kind":"net.cut"}]}`,
		"a duration":     `{"seed":1,"nodes":3,"length":"10s","events":[{"at":"1s","for":"1s","kind":"net.reset"}]}`,
		"no nodes":       `{"seed":1,"length":"10s","events":[]}`,
		"no unit":        `{"seed":1,"nodes":3,"length":"10","events":[]}`,
		"empty":          ``,
	} {
		if _, err := fault.ReadSchedule(strings.NewReader(text)); !errors.Is(err, fault.ErrSchedule) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestGrudges: who can still talk to whom.
func TestGrudges(t *testing.T) {
	for n := 3; n <= 7; n++ {
		nodes := []string{"a", "b", "c", "d", "e", "f", "g"}[:n]
		for name, grudge := range fault.Grudges {
			for seed := range uint64(20) {
				cut := grudge(nodes, "a", rand.New(rand.NewPCG(seed, 1)))
				check(t, name, nodes, cut)
				again := grudge(nodes, "a", rand.New(rand.NewPCG(seed, 1)))
				if !slices.Equal(cut, again) {
					t.Errorf("%s: another one for the same seed", name)
				}
			}
		}
	}
}

func check(t *testing.T, name string, nodes []string, cut []fault.Edge) {
	t.Helper()
	mutual := map[string]int{} // with how many a node can talk both ways, itself among them
	for _, a := range nodes {
		for _, b := range nodes {
			if !slices.Contains(cut, fault.Edge{From: a, To: b}) && !slices.Contains(cut, fault.Edge{From: b, To: a}) {
				mutual[a]++
			}
		}
	}
	n, majority := len(nodes), len(nodes)/2+1
	alone, whole := 0, 0
	for _, m := range mutual {
		if m == 1 {
			alone++
		}
		if m == n {
			whole++
		}
	}
	ok := len(cut) > 0
	switch name {
	case "one", "flapping":
		ok = ok && alone == 1
	case "leader":
		ok = ok && alone == 1 && mutual["a"] == 1
	case "one-way-in", "one-way-out":
		ok = ok && mutual["a"] == 1 && len(cut) == n-1
	case "minority":
		ok = ok && mutual["a"] >= majority && mutual["a"] < n
	case "majority":
		ok = ok && mutual["a"] == majority
	case "bridge":
		ok = ok && whole == 1
	case "majorities-ring":
		for _, node := range nodes {
			ok = ok && (mutual[node] >= majority || n%2 == 0 && mutual[node] >= n/2)
		}
	case "follower-pair":
		ok = ok && mutual["a"] == n && len(cut) == 2
	}
	if !ok {
		t.Errorf("%s of %d: %v", name, n, cut)
	}
}

func TestShrink(t *testing.T) {
	s, err := fault.Draw(7, fault.Plan{Kinds: fault.Kinds(), Nodes: 3, Length: 5 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	need := []fault.Event{s.Events[3], s.Events[10], s.Events[len(s.Events)-1]}
	tries := 0
	small := fault.Shrink(t.Context(), s, func(_ context.Context, s fault.Schedule) bool {
		tries++
		for _, e := range need {
			if !slices.Contains(s.Events, e) {
				return false
			}
		}
		return true
	})
	if !slices.Equal(small.Events, need) {
		t.Errorf("of %d events %d are left", len(s.Events), len(small.Events))
	}
	if tries > len(s.Events)*4 {
		t.Errorf("%d tries for %d events", tries, len(s.Events))
	}
}
