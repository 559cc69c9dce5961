// Package chart draws a history: how many operations ended in each slice of the
// run, and how long they took. It knows nothing of what they were for.
package chart

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"bleepstore/conformance/history"
)

// A Chart gathers the operations of a run, workload by workload, and keeps of
// each no more than it draws.
type Chart struct {
	spans  []span
	points []point
	faults *history.Faults
}

// Disturb has the faults of the run drawn behind everything.
func (c *Chart) Disturb(f *history.Faults) { c.faults = f }

// A span is the time that a workload took.
type span struct {
	name     string
	from, to time.Duration
}

// A point is an operation that ended, or that is known to have begun.
type point struct {
	at, took time.Duration
	outcome  history.Outcome
}

// Add takes in the operations of one workload.
func (c *Chart) Add(name string, ops []history.Op) {
	if len(ops) == 0 {
		return
	}
	s := span{name: name, from: time.Duration(ops[0].Call)}
	for i := range ops {
		o := &ops[i]
		p := point{at: time.Duration(o.Call), outcome: o.Outcome}
		if o.Ended() {
			p.at, p.took = time.Duration(o.Return), time.Duration(o.Return-o.Call)
		}
		s.from, s.to = min(s.from, time.Duration(o.Call)), max(s.to, p.at)
		c.points = append(c.points, p)
	}
	c.spans = append(c.spans, s)
}

// The picture's measures, in pixels.
const (
	left, right, top = 70, 40, 40
	wide, high, gap  = 900, 180, 50
)

// slices is into how many parts the run is cut.
const parts = 180

// A slice is a part of the run.
type slice struct {
	ok, refused, unclear int
	took                 []time.Duration // of what succeeded
}

// rate is n operations of a slice as operations a second.
func rate(n int, width time.Duration) float64 { return float64(n) / width.Seconds() }

// cut parts the run into slices of equal length, of 50 ms or more.
func (c *Chart) cut() (cuts []slice, from, width time.Duration) {
	if len(c.spans) == 0 {
		return nil, 0, 0
	}
	from = c.spans[0].from
	to := from
	for _, s := range c.spans {
		from, to = min(from, s.from), max(to, s.to)
	}
	width = max((to-from)/parts, 50*time.Millisecond)
	cuts = make([]slice, (to-from)/width+1)
	for _, p := range c.points {
		s := &cuts[(p.at-from)/width]
		switch p.outcome {
		case history.OK:
			s.ok++
			s.took = append(s.took, p.took)
		case history.Refused:
			s.refused++
		default:
			s.unclear++
		}
	}
	for i := range cuts {
		slices.Sort(cuts[i].took)
	}
	return cuts, from, width
}

// quantile is the q-th part of sorted times, in milliseconds; 0 where there are
// none.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return float64(sorted[int(q*float64(len(sorted)-1))]) / float64(time.Millisecond)
}

// Write draws the chart as one SVG: operations a second above, latency below,
// and the workloads along both.
func (c *Chart) Write(w io.Writer) error {
	cuts, from, width := c.cut()
	var ok, refused, unclear, median, most []float64
	for _, s := range cuts {
		ok, refused, unclear = append(ok, rate(s.ok, width)), append(refused, rate(s.refused, width)), append(unclear, rate(s.unclear, width))
		median, most = append(median, quantile(s.took, 0.5)), append(most, quantile(s.took, 0.99))
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n",
		left+wide+right, top+2*(high+gap)+c.legend())
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/>`+"\n")
	length := time.Duration(len(cuts)) * width
	for i, s := range c.rows() {
		x, x2 := across(s.from-from, length), across(s.to-from, length)
		fill := []string{"#f2f2f2", "#e4e9f2"}[i%2]
		fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/><text x="%.1f" y="%d">%s</text>`+"\n",
			x, top, max(x2-x, 1), 2*high+gap, fill, x+2, top-6-12*(i%2), s.name)
	}
	c.drawFaults(&b, from, length)
	panel{top, "operations a second", length, []line{{"succeeded", "#1a7f37", ok}, {"refused", "#9a6700", refused}, {"unclear", "#cf222e", unclear}}}.draw(&b)
	panel{top + high + gap, "latency of what succeeded, ms", length, []line{{"median", "#0969da", median}, {"99 %", "#8250df", most}}}.draw(&b)
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// across is where a time stands on the horizontal axis.
func across(at, length time.Duration) float64 {
	if length == 0 {
		return left
	}
	return left + wide*float64(at)/float64(length)
}
