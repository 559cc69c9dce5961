package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Print writes the table. A goal that a row misses is marked with "<".
func Print(w io.Writer, rows []Row) error {
	for _, r := range rows {
		if r.Bound > 0 {
			fmt.Fprintf(w, "%s, %d clients: %s\n", r.Op, r.Clients, r.bound())
		}
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "operation\tclients\trate/s\tMiB/s\tp50\tp99\tbare/s\tratio\tgoal\t")
	for _, r := range rows {
		mib, goal := "", ""
		if r.Size >= large {
			mib = fmt.Sprintf("%.0f", r.Rate*float64(r.Size)/(1<<20))
		}
		if want := r.goal(); want > 0 {
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

// bound tells what the row was bounded by.
func (r Row) bound() string {
	if r.Size >= large {
		return fmt.Sprintf("md5 of one core %.0f MiB/s", r.Bound)
	}
	return fmt.Sprintf("append+fsync of 4 KiB %.0f/s", r.Bound)
}

// goal is the ratio aimed at, 0 for none. A small durable PUT cannot be faster
// than what group commit makes of the disk's own fsync rate, and a large one
// not faster than its MD5. A large GET shall do 2 GiB/s where the bare server
// does.
func (r Row) goal() float64 {
	switch r.Op {
	case "PUT 4 KiB":
		if disk := 0.6 * float64(r.Clients) * r.Bound / r.Bare; disk < r.Goal {
			return disk
		}
	case "PUT 1 MiB":
		return 0.7 * r.Bound / r.Bare
	case "GET 1 MiB":
		if twoGiB := 2048 / r.Bare; twoGiB <= 1 {
			return twoGiB
		}
	}
	return r.Goal
}
