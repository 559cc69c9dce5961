package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A panel is one of the chart's two drawings.
type panel struct {
	y      int // its upper edge
	title  string
	length time.Duration // of the run
	lines  []line
}

// A line has a value for each slice of the run.
type line struct {
	name, color string
	values      []float64
}

// draw draws the panel from zero up, with three marks on each axis.
func (p panel) draw(b *strings.Builder) {
	ceiling := 0.0
	for _, l := range p.lines {
		for _, v := range l.values {
			ceiling = max(ceiling, v)
		}
	}
	ceiling = round(ceiling)
	fmt.Fprintf(b, `<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#888"/>`+"\n", left, p.y, wide, high)
	fmt.Fprintf(b, `<text x="%d" y="%d" transform="rotate(-90 14 %d)" text-anchor="middle">%s</text>`+"\n", 14, p.y+high/2, p.y+high/2, p.title)
	for i := range 3 {
		y := p.y + high - i*high/2
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", left-6, y+4, strconv.FormatFloat(ceiling*float64(i)/2, 'f', -1, 64))
		x := left + i*wide/2
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">%.3g s</text>`+"\n", x, p.y+high+16, p.length.Seconds()*float64(i)/2)
	}
	for i, l := range p.lines {
		fmt.Fprintf(b, `<text x="%d" y="%d" fill="%s">%s</text>`+"\n", left+8+90*i, p.y+14, l.color, l.name)
		fmt.Fprintf(b, `<polyline fill="none" stroke="%s" points="`, l.color)
		for n, v := range l.values {
			fmt.Fprintf(b, "%.1f,%.1f ", left+wide*(float64(n)+0.5)/float64(len(l.values)), float64(p.y+high)-high*v/ceiling)
		}
		b.WriteString("\"/>\n")
	}
}

// round rounds up to a figure that reads well: 1, 2 or 5 and zeros.
func round(v float64) float64 {
	if v <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 5} {
		if f*unit >= v {
			return f * unit
		}
	}
	return 10 * unit
}
