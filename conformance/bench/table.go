package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// A Machine is what the disk and a core do by themselves, measured in the run.
type Machine struct {
	Fsync float64 // appends of 4 KiB with fsync, a second
	MD5   float64 // bytes a second
}

// Print writes the table. A goal that a row misses is marked with "<".
func Print(w io.Writer, rows []Row, m Machine) error {
	fmt.Fprintf(w, "append+fsync of 4 KiB: %.0f/s    md5 of one core: %.0f MiB/s\n\n", m.Fsync, m.MD5/(1<<20))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "operation\tclients\trate/s\tMiB/s\tp50\tp99\tbare/s\tratio\tgoal\t")
	for _, r := range rows {
		mib, goal := "", ""
		if r.Size >= large {
			mib = fmt.Sprintf("%.0f", r.Rate*float64(r.Size)/(1<<20))
		}
		if want := r.goal(m); want > 0 {
			goal = fmt.Sprintf("%.2f", want)
			if r.Ratio < want {
				goal = "< " + goal
			}
		}
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%s\t%s\t%s\t%.0f\t%.3f\t%s\t\n", r.Op, r.Clients, r.Rate, mib,
			r.P50.Round(10*time.Microsecond), r.P99.Round(10*time.Microsecond), r.Bare, r.Ratio, goal)
	}
	return t.Flush()
}

// goal is the ratio aimed at. A small durable PUT cannot be faster than what
// group commit makes of the disk's own fsync rate, and a large one not faster
// than its MD5.
func (r Row) goal(m Machine) float64 {
	switch r.Op {
	case "PUT 4 KiB":
		if disk := 0.6 * float64(r.Clients) * m.Fsync / r.Bare; disk < r.Goal {
			return disk
		}
	case "PUT 1 MiB":
		return 0.7 * m.MD5 / large / r.Bare
	}
	return r.Goal
}
