package chart

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"

	"bleepstore/conformance/history"
)

func TestCut(t *testing.T) {
	at := func(ms int) int64 { return int64(time.Duration(ms) * time.Millisecond) }
	var c Chart
	c.Add("none", nil)
	c.Add("register", []history.Op{
		{Call: at(1000), Return: at(1010), Outcome: history.OK},
		{Call: at(1005), Return: at(1045), Outcome: history.OK},
		{Call: at(1045), Return: at(1049), Outcome: history.Refused},
		{Call: at(1120), Return: history.Never, Outcome: history.Unclear},
	})
	cuts, from, width := c.cut()
	if from != time.Second || width != 50*time.Millisecond || len(cuts) != 3 {
		t.Fatalf("from %s, %d slices of %s; want 3 of 50ms from 1s", from, len(cuts), width)
	}
	if s := cuts[0]; s.ok != 2 || s.refused != 1 || s.unclear != 0 || quantile(s.took, 0.5) != 10 || quantile(s.took, 1) != 40 {
		t.Errorf("first slice %+v", s)
	}
	if s := cuts[2]; s.unclear != 1 || s.ok != 0 || quantile(s.took, 0.5) != 0 {
		t.Errorf("last slice %+v", s)
	}
}

func TestRound(t *testing.T) {
	for v, want := range map[float64]float64{0: 1, 1: 1, 1.5: 2, 3: 5, 7: 10, 1900: 2000, 0.03: 0.05} {
		if got := round(v); got < want*0.999 || got > want*1.001 {
			t.Errorf("round(%g) = %g, want %g", v, got, want)
		}
	}
}

// What is drawn is XML, of runs of any length.
func TestWrite(t *testing.T) {
	for _, ops := range [][]history.Op{nil, {{Call: 1, Return: 1, Outcome: history.OK}}, {{Call: 1, Return: int64(time.Hour), Outcome: history.OK}}} {
		var c Chart
		c.Add("list-pages", ops)
		var out bytes.Buffer
		if err := c.Write(&out); err != nil {
			t.Fatal(err)
		}
		if len(ops) > 0 && !strings.Contains(out.String(), ">list-pages<") || strings.Contains(out.String(), "NaN") {
			t.Errorf("drawn:\n%s", out.String())
		}
		for dec := xml.NewDecoder(&out); ; {
			if _, err := dec.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
}
