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
