package check

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

const second = int64(time.Second)

// steady are so many successes a second between two times in seconds, each of
// 4 ms, writes and reads in turn.
func steady(rate float64, from, to float64) (ops []history.Op) {
	for at, n := from, 0; at < to; at, n = at+1/rate, n+1 {
		o := history.Op{Workload: "w", Kind: history.Put, Outcome: history.OK, Endpoint: n % 3}
		if n%2 == 1 {
			o.Kind = history.Get
		}
		o.Call = int64(at * float64(second))
		o.Return = o.Call + int64(4*time.Millisecond)
		ops = append(ops, o)
	}
	return ops
}

func join(all ...[]history.Op) (ops []history.Op) {
	for _, a := range all {
		ops = append(ops, a...)
	}
	return ops
}

// band is a fault between two times in seconds.
func band(from, to float64) history.Band {
	return history.Band{Kind: "net.cut", Group: "partition", From: int64(from * float64(second)), To: int64(to * float64(second))}
}

// quorum is lost and back at times in seconds, in turn.
func quorum(at ...float64) (out []history.Quorum) {
	for i, t := range at {
		out = append(out, history.Quorum{At: int64(t * float64(second)), OK: i%2 == 1})
	}
	return out
}

// judge judges successes during 30 s.
func judge(f history.Faults, ops []history.Op) *Verdict {
	f.To = 30 * second
	if f.MinRate == 0 {
		f.MinRate = 50
	}
	w := NewWindows(&f)
	w.Add("w", ops)
	v := &Verdict{Workloads: []Workload{{Name: "w", Top: model.CAS, Level: model.CAS}}}
	w.Judge(v)
	return v
}

func TestWindows(t *testing.T) {
	one := []history.Band{band(10, 20)}
	for _, c := range []struct {
		name   string
		faults history.Faults
		ops    []history.Op
		want   string // of what is inconclusive or slow; "": nothing
		code   int
	}{
		{"nothing suffers", history.Faults{Bands: one}, steady(100, 0, 30), "", 0},
		{"too slow from the beginning", history.Faults{Bands: one}, steady(40, 0, 30), "before the faults, while a quorum lived, 40", 6},
		{"a lower rate is asked for", history.Faults{Bands: one, MinRate: 30}, steady(40, 0, 30), "", 0},
		{"too slow meanwhile", history.Faults{Bands: one}, join(steady(100, 0, 10), steady(40, 10, 20), steady(100, 20, 30)), "during the faults", 6},
		{"it hangs afterwards", history.Faults{Bands: one}, steady(100, 0, 20), "after the faults", 6},
		{"no quorum for a while", history.Faults{Bands: one, Quorum: quorum(12, 15)}, join(steady(100, 0, 12), steady(100, 16, 30)), "", 0},
		{"the same with a quorum", history.Faults{Bands: one}, join(steady(100, 0, 12), steady(100, 19, 30)), "during the faults", 6},
		{"no quorum at all meanwhile", history.Faults{Bands: one, Quorum: quorum(10, 20)}, join(steady(100, 0, 10), steady(100, 22, 30)), "", 0},
		{"it never recovers", history.Faults{Bands: one, Quorum: quorum(10, 20)}, steady(100, 0, 10), "after the faults", 6},
		{"it recovers late", history.Faults{Bands: one, Quorum: quorum(10, 20)}, join(steady(100, 0, 10), steady(200, 25.5, 30)), "first success 5.504s", 0},
		{"it recovers too late", history.Faults{Bands: one, Quorum: quorum(10, 20), Recovery: 5 * time.Second}, join(steady(100, 0, 10), steady(200, 25.5, 30)), "slow to recover", 1},
		{"no fault", history.Faults{}, steady(100, 0, 30), "no fault was done", 6},
		{"faults that were skipped", history.Faults{Bands: []history.Band{{Kind: "disk.full", From: second, To: second, Skipped: "no disk"}}}, steady(100, 0, 30), "no fault was done", 6},
		{"nothing before", history.Faults{Bands: []history.Band{band(0.5, 20)}}, steady(100, 0, 30), "only 500ms before the faults", 6},
		{"nothing after", history.Faults{Bands: []history.Band{band(10, 29.5)}}, steady(100, 0, 30), "after the faults count", 6},
		{"nodes that differ", history.Faults{Bands: one, States: []history.State{{Node: "a", Applied: 7, Hash: "x"}, {Node: "b", Applied: 8, Hash: "z"}, {Node: "c", Applied: 7, Hash: "y"}}}, steady(100, 0, 30), "a and c have applied", 4},
		{"nodes that lag", history.Faults{Bands: one, States: []history.State{{Node: "a", Applied: 7, Hash: "x"}, {Node: "b", Applied: 8, Hash: "y"}}}, steady(100, 0, 30), "had not applied the same", 6},
		{"nodes that are equal", history.Faults{Bands: one, States: []history.State{{Node: "a", Applied: 7, Hash: "x"}, {Node: "b", Applied: 7, Hash: "x"}}}, steady(100, 0, 30), "", 0},
		{"a node that is gone", history.Faults{Bands: one, Broken: []string{"node-2 ended by itself"}}, steady(100, 0, 30), "node-2 ended", 1},
	} {
		v := judge(c.faults, c.ops)
		var out bytes.Buffer
		v.Faults.Write(&out)
		said := strings.Join(append(v.Faults.Failing, v.Faults.Inconclusive, v.Faults.Slow, v.Faults.Diverged, v.Workloads[0].Inconclusive), " ")
		if c.want == "" && strings.TrimSpace(said) != "" || !strings.Contains(said, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, said, c.want)
		}
		if got := v.ExitCode(model.CAS); got != c.code {
			t.Errorf("%s: exit code %d, want %d\n%s", c.name, got, c.code, &out)
		}
		if _, err := json.Marshal(v); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// What counts, measured: neither the time without a quorum nor that until the
// first success begun since.
func TestCounted(t *testing.T) {
	f := judge(history.Faults{Bands: []history.Band{band(10, 14), band(12, 20)}, Quorum: quorum(12, 15)},
		join(steady(100, 0, 12), steady(100, 17, 30))).Faults
	near := func(what string, got, want time.Duration) {
		t.Helper()
		if d := got - want; d < -20*time.Millisecond || d > 20*time.Millisecond {
			t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
	near("before", f.Windows[0].Counted, 10*time.Second)
	near("during", f.Windows[1].Counted, 5*time.Second)
	near("after", f.Windows[2].Counted, 10*time.Second)
	if rate := f.Windows[1].Rate; rate < 98 || rate > 102 {
		t.Errorf("during: %.1f a second", rate)
	}
	if len(f.Recoveries) != 2 {
		t.Fatalf("recoveries: %+v", f.Recoveries)
	}
	near("the quorum is back", f.Recoveries[0].At, 15*time.Second)
	near("first success since", f.Recoveries[0].First, 2*time.Second)
	near("all is healed", f.Recoveries[1].At, 20*time.Second)
	near("first success since", f.Recoveries[1].First, 4*time.Millisecond)
	near("longest silence that counts", f.Stall, 10*time.Millisecond)
}

// A recovery that the next fault cuts short is none; a longer one is.
func TestRecoveryCutShort(t *testing.T) {
	for gap, want := range map[float64]int{2: 1, 6: 2} {
		bands := []history.Band{band(10, 12), band(12+gap, 20)}
		f := judge(history.Faults{Bands: bands}, join(steady(100, 0, 10), steady(100, 21, 30))).Faults
		if len(f.Recoveries) != want {
			t.Errorf("%g s until the next fault: %d recoveries, want %d", gap, len(f.Recoveries), want)
		}
	}
}

// A workload that stood still during the faults shows nothing, though others went on.
func TestStarvedWorkload(t *testing.T) {
	w := NewWindows(&history.Faults{To: 30 * second, MinRate: 50, Bands: []history.Band{band(10, 20)}})
	w.Add("busy", steady(100, 0, 30))
	w.Add("starved", join(steady(10, 0, 9.9), steady(10, 20, 30)))
	v := &Verdict{Workloads: []Workload{{Name: "busy", Level: model.CAS, Top: model.CAS}, {Name: "starved", Level: model.CAS, Top: model.CAS}}}
	w.Judge(v)
	if v.Workloads[0].Inconclusive != "" || !strings.Contains(v.Workloads[1].Inconclusive, "only 0 of its operations succeeded during") || v.ExitCode(model.CAS) != 6 {
		t.Errorf("%+v", v.Workloads)
	}
}

// TestWindowsOfAnyRun: whatever the faults are, a server that does its work as
// soon as it can is conclusive, and one that does too little never is.
func TestWindowsOfAnyRun(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var f history.Faults
		var lost []float64
		at := 2 + rapid.Float64Range(0, 3).Draw(rt, "first")
		for at < 26 {
			to := at + rapid.Float64Range(0.1, 4).Draw(rt, "lasts")
			f.Bands = append(f.Bands, band(at, to))
			if rapid.Bool().Draw(rt, "quorum is lost") {
				lost = append(lost, at, to)
			}
			at = to + rapid.Float64Range(0.05, 3).Draw(rt, "gap")
		}
		f.Bands[len(f.Bands)-1].To = min(f.Bands[len(f.Bands)-1].To, 27*second)
		if n := len(lost); n > 0 {
			lost[n-1] = min(lost[n-1], 27)
		}
		f.Quorum = quorum(lost...)
		pace := func(rate float64) (ops []history.Op) {
			from := 0.0
			for i := 0; i < len(lost); i += 2 {
				ops = append(ops, steady(rate, from, lost[i])...)
				from = lost[i+1] + rapid.Float64Range(0, 1.5).Draw(rt, "election")
			}
			return append(ops, steady(rate, from, 30)...)
		}
		if good := judge(f, pace(80)); good.ExitCode(model.CAS) != 0 {
			rt.Fatalf("%s", good.Faults.Inconclusive)
		}
		if bad := judge(f, pace(30)); bad.ExitCode(model.CAS) != 6 {
			rt.Fatalf("got %d", bad.ExitCode(model.CAS))
		}
	})
}
