// Command clients drives the reference server with the clients that people
// use: command lines, SDKs, backup tools and a file system. Each works on a server of its own, freshly started;
// what could not be installed is counted as skipped, with the reason. It knows
// nothing of S3: what a client does and expects stands in its script.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	var o options
	flag.BoolVar(&o.install, "install", false, "install what is missing, with apt-get and npm")
	flag.StringVar(&o.backend, "backend", "local", "where the server keeps bodies")
	flag.StringVar(&o.only, "only", "", "names of clients to run, comma-separated; all otherwise")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	failed, err := run(ctx, o, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "clients:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

type options struct {
	install       bool
	backend, only string
}

// run drives every client that o selects and prints the table. It reports
// whether anything failed, or nothing ran; the error is that of the set-up.
func run(ctx context.Context, o options, w io.Writer) (failed bool, err error) {
	selected, err := choose(o.only)
	if err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "clients-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	b, err := newBench(ctx, dir, o.backend)
	if err != nil {
		return false, err
	}
	refusal := ""
	if o.install {
		refusal = installPackages(ctx, selected)
	}
	var rows []row
	for _, c := range selected {
		found, missing := c.find(ctx, b, o.install)
		if len(found) == 0 {
			if refusal != "" {
				missing += "; " + refusal
			}
			rows = append(rows, row{client: c.name, missing: missing})
			fmt.Fprintf(w, "%s: skipped: %s\n", c.name, missing)
		}
		for _, f := range found {
			if ctx.Err() != nil {
				return true, ctx.Err()
			}
			rows = append(rows, b.drive(ctx, c, f, w))
		}
	}
	fmt.Fprint(w, "\n", table(rows))
	ran := slices.ContainsFunc(rows, func(r row) bool { return r.ok > 0 })
	return !ran || slices.ContainsFunc(rows, func(r row) bool { return r.failed > 0 }), nil
}

func choose(only string) ([]client, error) {
	if only == "" {
		return clients, nil
	}
	var out []client
	for _, name := range strings.Split(only, ",") {
		i := slices.IndexFunc(clients, func(c client) bool { return c.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no client is called %q", name)
		}
		out = append(out, clients[i])
	}
	return out, nil
}
