package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"bleepstore/conformance"
	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

// baselineCmd keeps the files that --baseline takes.
type baselineCmd struct {
	Update baselineUpdateCmd `cmd:"" help:"Write the failures of a run into a baseline: of a finished one (--run), or of one made now with the flags of test. What stands there keeps its words, comments and place; an entry whose scenario shows another rule now is given that one."`
	Check  baselineCheckCmd  `cmd:"" help:"Look for entries that name nothing or have expired, without a server."`
}

type baselineUpdateCmd struct {
	testCmd `embed:""`
	From    string `name:"run" placeholder:"DIR" help:"The --out directory, or the result.json, of a finished run; none: the suite is run now."`
	Prune   bool   `name:"prune" help:"Drop entries that no longer hold; else they are listed."`
	Expires string `name:"expires" placeholder:"90d" help:"When new entries expire, in days from now or as a day (2027-01-31). Entries that have expired and still hold are renewed."`
}

// Help says when nothing is written.
func (c *baselineUpdateCmd) Help() string {
	return `Exit codes: 0 the file is written; 7 so it is, and something of the run could not be removed; 6 the run proves nothing,
since it was cut off or judged no scenario; 3 the server cannot be reached or refuses the keys; 130 interrupted; 2 usage.
With the latter four the file is as it was.`
}

// Run brings the baseline up to a run. It exits with 6 for a run that proves
// nothing, which changes no file.
func (c *baselineUpdateCmd) Run() error {
	if c.Baseline == "" {
		return usage("give --baseline, the file to write")
	}
	if c.From != "" && len(c.Endpoint) > 0 {
		return usage("--run takes a finished run: leave out --endpoint")
	}
	u := report.Update{Prune: c.Prune, Now: time.Now(), Exists: conformance.Exists(scenarios.All())}
	var err error
	if u.Expires, err = expiry(c.Expires, u.Now); err != nil {
		return err
	}
	file := c.Baseline
	old, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		c.Baseline = "" // to be written for the first time
	} else if err != nil {
		return usage("%w", err)
	}
	run, err := c.source()
	if err != nil {
		return err
	}
	text, changes, err := report.UpdateBaseline(old, run, u)
	if errors.Is(err, report.ErrProvesNothing) {
		return &conformance.Error{Code: conformance.ExitInconclusive, Err: fmt.Errorf("%w; %s is as it was", err, file)}
	} else if err != nil {
		return usage("%s: %w", file, err)
	}
	if err := replace(file, text); err != nil {
		return usage("%w", err)
	}
	tellChanges(os.Stdout, file, changes)
	if len(run.Leftover) > 0 {
		return exitWith(conformance.ExitLeftover)
	}
	return nil
}

// source is the finished run, or one that is made now.
func (c *baselineUpdateCmd) source() (*report.Run, error) {
	if c.From != "" {
		run, err := report.Open(c.From)
		if err != nil {
			return nil, usage("--run: %w", err)
		}
		return run, nil
	}
	whole, err := c.testAndTell()
	if err != nil {
		return nil, err
	}
	if whole.Interrupted {
		return nil, exitWith(conformance.ExitCode(whole))
	}
	return whole, nil
}

// expiry is the day that s means: "" is none.
func expiry(s string, now time.Time) (string, error) {
	if s == "" {
		return "", nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 {
			return now.UTC().AddDate(0, 0, n).Format(time.DateOnly), nil
		}
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil && day.After(now) {
		return s, nil
	}
	return "", usage("--expires=%s: want days like 90d, or a day to come like 2027-01-31", s)
}

// replace writes the file whole or not at all.
func replace(file string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	_, werr := tmp.Write(text)
	if err := errors.Join(werr, tmp.Chmod(0o644), tmp.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return os.Rename(tmp.Name(), file)
}

func tellChanges(w io.Writer, file string, c report.Changes) {
	for _, part := range []struct {
		what  string
		names []string
	}{{"added", c.Added}, {"renewed", c.Renewed}, {"moved", c.Moved}, {"dropped", c.Pruned}, {"stale", c.Stale}, {"left out", c.Left}} {
		for _, name := range part.names {
			fmt.Fprintf(w, "%s %s\n", part.what, name)
		}
	}
	fmt.Fprintf(w, "%s: %d added, %d renewed, %d moved, %d dropped, %d kept, %d stale\n", file,
		len(c.Added), len(c.Renewed), len(c.Moved), len(c.Pruned), c.Kept, len(c.Stale))
	if len(c.Added) > 0 {
		fmt.Fprintln(w, "each new entry has the run's own words for a reason: put in why it may stay, and the link of an issue")
	}
	if len(c.Stale) > 0 {
		fmt.Fprintln(w, "--prune drops what no longer holds; --expires renews what has expired")
	}
}

type baselineCheckCmd struct {
	Baseline string `name:"baseline" required:"" placeholder:"FILE" help:"The file to look at."`
}

// Run exits with 5 when an entry names nothing or has expired.
func (c *baselineCheckCmd) Run() error {
	data, err := os.ReadFile(c.Baseline)
	if err != nil {
		return usage("%w", err)
	}
	b, err := report.ParseBaseline(data)
	if err != nil {
		return usage("%s: %w", c.Baseline, err)
	}
	known := b.Apply(nil, conformance.Exists(scenarios.All()), time.Now())
	for _, s := range known.Stale {
		fmt.Printf("stale %s: %s\n", s.Entry.Name(), s.Why)
	}
	fmt.Printf("%s: %d entries, %d stale\n", c.Baseline, len(b), len(known.Stale))
	if len(known.Stale) > 0 {
		return exitWith(conformance.ExitUnexpected)
	}
	return nil
}

func usage(format string, args ...any) error {
	return &conformance.Error{Code: conformance.ExitUsage, Err: fmt.Errorf(format, args...)}
}
