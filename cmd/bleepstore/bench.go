package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bleepstore/conformance"
	"bleepstore/conformance/bench"
	"bleepstore/conformance/report"
)

type benchCmd struct {
	Endpoint  string        `placeholder:"URL" help:"The server to measure. None: bleepstore serve, started for the run."`
	AccessKey string        `help:"Access key; else AWS_ACCESS_KEY_ID, else AWS_PROFILE."`
	SecretKey string        `help:"Secret key; else AWS_SECRET_ACCESS_KEY."`
	Region    string        `help:"Region to sign for; else AWS_REGION, else us-east-1."`
	Insecure  bool          `name:"k" short:"k" help:"Do not verify the server's TLS certificate."`
	Backend   string        `default:"local" help:"Backend of the server that is started."`
	Data      string        `default:"." placeholder:"DIR" help:"Where a directory for the run is made, and removed afterwards: on the disk to be measured."`
	Clients   []int         `default:"8,32" help:"Clients at a time."`
	Rounds    int           `default:"5" help:"Rounds of each operation, against the server and the bare one in turn; medians count."`
	Round     time.Duration `default:"1s" help:"Length of a round."`
	Only      string        `placeholder:"NAME" help:"Only operations whose name contains this."`
}

// Run measures one server and prints the table.
func (c *benchCmd) Run() error {
	if len(c.Clients) == 0 || slices.Min(c.Clients) < 1 || c.Rounds < 1 || c.Round <= 0 {
		return errors.New("--clients, --rounds and --round must be above zero")
	}
	if !slices.ContainsFunc(bench.Operations(), func(o bench.Operation) bool { return o.Named(c.Only) }) {
		return fmt.Errorf("--only %s: no operation is called that", c.Only)
	}
	ctx, stop := interruptible()
	defer stop.release()
	dir, err := os.MkdirTemp(c.Data, "bleepstore-bench-")
	if err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	err = c.measure(ctx, dir, os.Stdout)
	if err = errors.Join(err, os.RemoveAll(dir)); err != nil && ctx.Err() != nil {
		return exitWith(conformance.ExitInterrupted)
	}
	if err != nil && conformance.CodeOf(err) == conformance.ExitUsage {
		err = &conformance.Error{Code: conformance.ExitFailed, Err: err}
	}
	return err
}

// measure runs everything; what it starts has ended when it returns. dir is
// for the run alone.
func (c *benchCmd) measure(ctx context.Context, dir string, out io.Writer) (err error) {
	bare, err := startProcess(dir, "bare")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bare.stop()) }()
	target, own, err := c.target(ctx, dir, out)
	if err != nil {
		return err
	}
	if own != nil {
		defer func() { err = errors.Join(err, own.stop()) }()
	}
	rows, err := c.rows(ctx, target, bare.server("bare", "bare", target.Region), dir)
	if err != nil {
		return err
	}
	if own != nil {
		fmt.Fprintf(out, "memory after the load: %.1f MiB\n", float64(own.memory())/(1<<20))
	}
	return bench.Print(out, rows)
}

// target is the server to measure, and its process when it is our own.
func (c *benchCmd) target(ctx context.Context, dir string, out io.Writer) (bench.Server, *launched, error) {
	if c.Endpoint == "" {
		return c.own(ctx, dir, out)
	}
	o := conformance.DefaultOptions()
	o.Endpoint, o.AccessKey, o.SecretKey, o.Region, o.Insecure = []string{c.Endpoint}, c.AccessKey, c.SecretKey, c.Region, c.Insecure
	t, err := conformance.TargetOf(o, os.Getenv)
	if err != nil {
		return bench.Server{}, nil, err
	}
	s := bench.Server{Endpoint: t.Endpoints[0], Access: t.Main.Access, Secret: t.Main.Secret, Session: t.Main.Session, Region: t.Region, TLS: t.TLS}
	if err := bench.Answer(ctx, s); err != nil {
		return s, nil, &conformance.Error{Code: conformance.ExitPreflight, Err: err}
	}
	return s, nil, nil
}

// own starts bleepstore serve, first on new data, then again and again on what
// the first left, and tells how long it took to answer and what it holds.
func (c *benchCmd) own(ctx context.Context, dir string, out io.Writer) (bench.Server, *launched, error) {
	const access, region = "bench", "us-east-1"
	secret := rand.Text()
	var took []time.Duration
	for {
		began := time.Now()
		p, err := startProcess(dir, "serve", "--data", filepath.Join(dir, "data"), "--backend", c.Backend,
			"--access-key", access, "--secret-key", secret, "--region", region)
		if err != nil {
			return bench.Server{}, nil, err
		}
		s := p.server(access, secret, region)
		if err := bench.Answer(ctx, s); err != nil {
			return s, nil, errors.Join(err, p.stop())
		}
		if took = append(took, time.Since(began)); len(took) > c.Rounds {
			again := slices.Sorted(slices.Values(took[1:]))
			fmt.Fprintf(out, "start to first answer: %s on new data, %s on old (goal 60ms)\nidle memory: %.1f MiB (goal 30 MiB)\n",
				took[0].Round(time.Millisecond), again[len(again)/2].Round(time.Millisecond), float64(p.memory())/(1<<20))
			return s, p, nil
		}
		if err := p.stop(); err != nil {
			return s, nil, err
		}
	}
}

// rows measures in a bucket of the run's own.
func (c *benchCmd) rows(ctx context.Context, target, bare bench.Server, dir string) (rows []bench.Row, err error) {
	bucket := "bleep-bench-" + strings.ToLower(rand.Text()[:12])
	if err := bench.MakeBucket(ctx, target, bucket); err != nil {
		return nil, fmt.Errorf("create bucket: %w", err)
	}
	defer func() {
		if c.Endpoint == "" {
			return // its data is removed as a whole
		}
		if e := bench.RemoveBucket(context.WithoutCancel(ctx), target, bucket, 8); e != nil {
			err = errors.Join(err, fmt.Errorf("remove bucket %s: %w", bucket, e))
		}
	}()
	live := report.Terminal(os.Stderr)
	o := bench.Options{Clients: c.Clients, Rounds: c.Rounds, Round: c.Round, Only: c.Only, Dir: dir}
	rows, err = bench.Run(ctx, target, bare, bucket, o, func(what string) {
		if live {
			fmt.Fprintf(os.Stderr, "\r\x1b[K%s", what)
		}
	})
	if live {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	return rows, err
}
