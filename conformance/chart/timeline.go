package chart

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"bleepstore/conformance/history"
)

// A moment is a line of the timeline.
type moment struct {
	at   int64
	what string
}

// Timeline writes what was done to the server, and when, a line each: the time
// since clients were let loose, how many operations a second had succeeded since
// the line before, and what happened. It writes nothing of a run without faults.
func (c *Chart) Timeline(w io.Writer) error {
	if c.faults == nil {
		return nil
	}
	var returns []int64
	for _, p := range c.points {
		if p.outcome == history.OK {
			returns = append(returns, int64(p.at))
		}
	}
	slices.Sort(returns)
	var b strings.Builder
	last := c.faults.From
	for _, m := range c.moments() {
		from, _ := slices.BinarySearch(returns, last)
		to, _ := slices.BinarySearch(returns, m.at)
		pace := "        "
		if m.at > last {
			pace = fmt.Sprintf("%6.0f/s", float64(to-from)/time.Duration(m.at-last).Seconds())
		}
		fmt.Fprintf(&b, "%10.3fs %s  %s\n", time.Duration(m.at-c.faults.From).Seconds(), pace, m.what)
		last = max(last, m.at)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// moments are the lines, by time.
func (c *Chart) moments() []moment {
	f := c.faults
	all := []moment{{f.From, "clients are let loose"}, {f.To, "clients are told to stop"}}
	for i, band := range f.Bands {
		what := strings.TrimRight(fmt.Sprintf("%2d %-18s %s", i+1, band.Kind, band.Says), " ")
		switch {
		case band.Skipped != "":
			all = append(all, moment{band.From, "-  " + what + ": SKIPPED: " + band.Skipped})
			continue
		case band.To == band.From:
			all = append(all, moment{band.From, "!  " + what})
		default:
			all = append(all, moment{band.From, ">> " + what}, moment{band.To, "<< " + what + ", after " + time.Duration(band.To-band.From).Round(time.Millisecond).String()})
		}
		if band.Failed != "" {
			all = append(all, moment{band.To, "?? " + what + ": went wrong: " + band.Failed})
		}
	}
	for _, q := range f.Quorum {
		if what := "no quorum"; !q.OK {
			all = append(all, moment{q.At, what})
		} else if q.At > f.From+int64(time.Millisecond) {
			all = append(all, moment{q.At, "a quorum is back"})
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	return all
}
