package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// A row is what became of one client; missing says why it did not run.
type row struct {
	client, version, missing string
	ok, failed, skipped      int
	took                     time.Duration
}

func table(rows []row) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "client\tok\tfailed\tskipped\tseconds\tversion")
	var all row
	absent := 0
	for _, r := range rows {
		if r.missing != "" {
			absent++
			fmt.Fprintf(w, "%s\t-\t-\tall\t-\t%s\n", r.client, r.missing)
			continue
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%.0f\t%s\n", r.client, r.ok, r.failed, r.skipped, r.took.Seconds(), r.version)
		all.ok, all.failed, all.skipped = all.ok+r.ok, all.failed+r.failed, all.skipped+r.skipped
	}
	w.Flush()
	fmt.Fprintf(&b, "\n%d steps passed, %d failed, %d skipped; %d clients missing\n", all.ok, all.failed, all.skipped, absent)
	return b.String()
}
