package chart

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"bleepstore/conformance/history"
)

// legendHigh is a line of the legend, in pixels.
const legendHigh = 18

// colors are those of bands, by their place among the groups of the run.
var colors = []string{"#f08c00", "#1971c2", "#7048e8", "#0c8599", "#d6336c", "#5c940d", "#495057", "#a61e4d"}

// rows are the workloads as they are drawn: one after the other, or all as one
// where they ran at the same time.
func (c *Chart) rows() []span {
	one, overlap := span{}, false
	for i, s := range c.spans {
		if i == 0 {
			one = s
			continue
		}
		overlap = overlap || s.from < one.to && one.from < s.to
		one = span{one.name + ", " + s.name, min(one.from, s.from), max(one.to, s.to)}
	}
	if overlap {
		return []span{one}
	}
	return c.spans
}

// groups are those of the bands that were done, sorted.
func (c *Chart) groups() (out []string) {
	if c.faults == nil {
		return nil
	}
	for _, b := range c.faults.Done() {
		out = append(out, group(b))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func group(b history.Band) string { return cmp.Or(b.Group, b.Kind) }

// legend is how high the legend of the faults is.
func (c *Chart) legend() int {
	if c.faults == nil {
		return 0
	}
	return legendHigh * (len(c.groups()) + 1)
}

// drawFaults draws a band behind both panels for each fault, and says below
// which is which. A fault that was over at once is a line. Every band says what
// it was to whoever points at it.
func (c *Chart) drawFaults(b *strings.Builder, from, length time.Duration) {
	if c.faults == nil {
		return
	}
	groups := c.groups()
	draw := func(f, t int64, color, opacity, says string) {
		f, t = max(f, int64(from)), min(t, int64(from+length))
		if t < f {
			return
		}
		x, x2 := across(time.Duration(f)-from, length), across(time.Duration(t)-from, length)
		fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s" fill-opacity="%s"><title>%s</title></rect>`+"\n",
			x, top, max(x2-x, 1.5), 2*high+gap, color, opacity, html.EscapeString(says))
	}
	lost := int64(-1)
	for _, q := range append(slices.Clone(c.faults.Quorum), history.Quorum{At: c.faults.To, OK: true}) {
		switch {
		case !q.OK && lost < 0:
			lost = q.At
		case q.OK && lost >= 0:
			draw(lost, q.At, "#000000", "0.18", "no quorum")
			lost = -1
		}
	}
	for _, f := range c.faults.Done() {
		color := colors[slices.Index(groups, group(f))%len(colors)]
		draw(f.From, f.To, color, "0.22", fmt.Sprintf("%s %s, %s to %s", f.Kind, f.Says, time.Duration(f.From), time.Duration(f.To)))
	}
	y := top + 2*(high+gap)
	for i, g := range append(groups, "no quorum") {
		color := "#000000"
		if i < len(groups) {
			color = colors[i%len(colors)]
		}
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="24" height="12" fill="%s" fill-opacity="0.3"/><text x="%d" y="%d">%s</text>`+"\n",
			left, y+i*legendHigh-8, color, left+30, y+i*legendHigh+2, html.EscapeString(g))
	}
}
