package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// A row is what became of one client; missing says why it could not run.
type row struct {
	client, version, missing string
	left                     bool // an interrupt came before it
	cut                      bool // an interrupt came amidst it: what it counted is not all
	ok, failed, skipped      int
	took                     time.Duration
}

func table(rows []row) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "client\tok\tfailed\tskipped\tseconds\tversion")
	var all row
	absent, left := 0, 0
	for _, r := range rows {
		if r.left {
			left++
			fmt.Fprintf(w, "%s\t-\t-\tall\t-\tleft out: interrupted before it\n", r.client)
			continue
		}
		if r.cut {
			left++
			r.version = "cut off: interrupted amidst it; " + r.version
		}
		if r.missing != "" {
			absent++
			fmt.Fprintf(w, "%s\t-\t-\tall\t-\t%s\n", r.client, r.missing)
			continue
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%.0f\t%s\n", r.client, r.ok, r.failed, r.skipped, r.took.Seconds(), r.version)
		all.ok, all.failed, all.skipped = all.ok+r.ok, all.failed+r.failed, all.skipped+r.skipped
	}
	w.Flush()
	fmt.Fprintf(&b, "\n%d steps passed, %d failed, %d skipped; %d clients missing", all.ok, all.failed, all.skipped, absent)
	if left > 0 {
		fmt.Fprintf(&b, "; %d cut off or left out by the interrupt", left)
	}
	b.WriteByte('\n')
	return b.String()
}
