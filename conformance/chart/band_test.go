package chart

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"bleepstore/conformance/history"
)

// Faults stand behind the lines, those that were skipped do not, and a chart
// without faults is as it was.
func TestFaults(t *testing.T) {
	ops := []history.Op{{Call: 1, Return: int64(10 * time.Second), Outcome: history.OK}}
	draw := func(f *history.Faults) string {
		var c Chart
		c.Add("cas", ops)
		c.Add("list", ops)
		c.Disturb(f)
		var out bytes.Buffer
		if err := c.Write(&out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	got := draw(&history.Faults{
		To: int64(10 * time.Second),
		Bands: []history.Band{
			{Kind: "net.cut", Group: "partition", Says: "<node-1>", From: int64(time.Second), To: int64(3 * time.Second)},
			{Kind: "proc.kill", Group: "kill", From: int64(4 * time.Second), To: int64(4 * time.Second)},
			{Kind: "disk.full", Group: "disk", Skipped: "no disk"},
		},
		Quorum: []history.Quorum{{At: int64(2 * time.Second)}, {At: int64(3 * time.Second), OK: true}},
	})
	for _, want := range []string{">partition<", ">kill<", "net.cut &lt;node-1&gt;, 1s to 3s", "<title>no quorum</title>", ">cas, list<"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "disk") {
		t.Error("a fault that was skipped is drawn")
	}
	if strings.Index(got, "net.cut") > strings.Index(got, "<polyline") {
		t.Error("a band hides the lines")
	}
	if plain := draw(nil); strings.Contains(plain, "quorum") || strings.Contains(plain, "<title>") {
		t.Errorf("without faults:\n%s", plain)
	}
}

func TestTimeline(t *testing.T) {
	var ops []history.Op
	for i := range 100 { // 10 a second
		at := int64(i) * int64(100*time.Millisecond)
		ops = append(ops, history.Op{Call: at, Return: at + 1, Outcome: history.OK})
	}
	var c Chart
	c.Add("cas", ops)
	var out bytes.Buffer
	if err := c.Timeline(&out); err != nil || out.Len() > 0 {
		t.Errorf("without faults: %v, %s", err, &out)
	}
	c.Disturb(&history.Faults{
		To: int64(10 * time.Second),
		Bands: []history.Band{
			{Kind: "net.cut", Says: "leader", From: int64(2 * time.Second), To: int64(4 * time.Second)},
			{Kind: "disk.full", From: int64(3 * time.Second), To: int64(3 * time.Second), Skipped: "no disk"},
			{Kind: "leader.transfer", From: int64(5 * time.Second), To: int64(5 * time.Second), Failed: "nobody leads"},
		},
		Quorum: []history.Quorum{{OK: true}, {At: int64(3500 * time.Millisecond)}, {At: int64(4 * time.Second), OK: true}},
	})
	if err := c.Timeline(&out); err != nil {
		t.Fatal(err)
	}
	want := []string{"clients are let loose", "2.000s     10/s  >>  1 net.cut            leader", "SKIPPED: no disk", "no quorum",
		"<<  1 net.cut            leader, after 2s", "a quorum is back", "!   3 leader.transfer", "went wrong: nobody leads", "clients are told to stop"}
	rest := out.String()
	for _, w := range want { // in this order
		_, after, ok := strings.Cut(rest, w)
		if !ok {
			t.Errorf("no %q where it should be in\n%s", w, &out)
			return
		}
		rest = after
	}
}
