// Command clients drives the reference server with the clients that people
// use: command lines, SDKs, backup tools and a file system. Each works on a server of its own, freshly started;
// what could not be installed is counted as skipped, with the reason. It knows
// nothing of S3: what a client does and expects stands in its script.
package main

import (
	"context"
	"errors"
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
	if errors.Is(err, errInterrupted) {
		fmt.Fprintln(os.Stderr, "clients: interrupted; what was left out says nothing of the server")
		os.Exit(130)
	}
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
	rows := each(ctx, selected, w, func(c client) ([]installed, string) {
		found, missing := c.find(ctx, b, o.install)
		if len(found) == 0 && refusal != "" {
			missing += "; " + refusal
		}
		return found, missing
	}, func(c client, f installed) row { return b.drive(ctx, c, f, w) })
	fmt.Fprint(w, "\n", table(rows))
	if ctx.Err() != nil {
		return true, errInterrupted
	}
	ran := slices.ContainsFunc(rows, func(r row) bool { return r.ok > 0 })
	return !ran || slices.ContainsFunc(rows, func(r row) bool { return r.failed > 0 }), nil
}

// errInterrupted says that clients were left out because the run was ended.
var errInterrupted = errors.New("interrupted")

// each finds and drives the clients in turn and returns what became of every
// one. When ctx ends, the client under way is cut off and the rest are left
// out: neither says anything of the client or the server.
func each(ctx context.Context, selected []client, w io.Writer, find func(client) ([]installed, string), drive func(client, installed) row) (rows []row) {
	for _, c := range selected {
		var found []installed
		var missing string
		if ctx.Err() == nil {
			found, missing = find(c)
		}
		for _, f := range found {
			if ctx.Err() == nil {
				rows = append(rows, drive(c, f))
			} else {
				rows = append(rows, row{client: c.name, version: f.version, left: true})
			}
		}
		switch {
		case len(found) > 0:
		case ctx.Err() != nil: // what find says then is only that it was cut off
			rows = append(rows, row{client: c.name, left: true})
		default:
			rows = append(rows, row{client: c.name, missing: missing})
			fmt.Fprintf(w, "%s: skipped: %s\n", c.name, missing)
		}
	}
	return rows
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
