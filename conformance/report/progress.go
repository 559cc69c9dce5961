package report

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"bleepstore/scenarios"
)

// Terminal reports whether f shows what is written to it to a person.
func Terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// plainEvery is how often a run that no terminal watches says how far it is.
const plainEvery = 10 * time.Second

// Progress tells how a run goes: on a terminal one line that is rewritten at
// every result, elsewhere plain lines now and then. Failures are told as they
// come. It is not for concurrent use.
type Progress struct {
	Out   io.Writer
	Total int
	Live  bool             // rewrite one line
	Color bool             // mark verdicts with colour
	Keep  int              // exchanges shown with a failure
	Now   func() time.Time // the clock
	// Repeat returns the command that repeats a result.
	Repeat func(scenarios.Result) string

	start, said time.Time
	done        int
	gating      int
	err         error
}

// Add tells of one result. The first error of the writer is kept and returned
// by Close; after it nothing more is written.
func (p *Progress) Add(r scenarios.Result) {
	now := p.Now()
	if p.start.IsZero() {
		p.start, p.said = now.Add(-r.Took), now
	}
	p.done++
	if r.Gating {
		p.gating++
		p.clear()
		p.printf("\n%s", p.paint(r.Verdict, Failure(r, p.Keep, p.Repeat(r))))
	}
	switch {
	case p.Live:
		p.clear()
		p.printf("%s  %s", p.line(now), clipLine(r.ID, 40))
	case now.Sub(p.said) >= plainEvery:
		p.said = now
		p.printf("%s\n", p.line(now))
	}
}

// Close ends the live line.
func (p *Progress) Close() error {
	p.clear()
	return p.err
}

// line is how far the run is, and when it may end.
func (p *Progress) line(now time.Time) string {
	eta := "-"
	if p.done > 0 && p.Total >= p.done {
		left := now.Sub(p.start) / time.Duration(p.done) * time.Duration(p.Total-p.done)
		eta = left.Round(time.Second).String()
	}
	return fmt.Sprintf("%d/%d  gating %d  ETA %s", p.done, p.Total, p.gating, eta)
}

func (p *Progress) clear() {
	if p.Live {
		p.printf("\r\x1b[K")
	}
}

func (p *Progress) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.Out, format, args...)
	}
}

// paint colours the first line of a failure.
func (p *Progress) paint(v scenarios.Verdict, text string) string {
	if !p.Color {
		return text
	}
	color := "\x1b[31m" // red: the server's
	if v == scenarios.Blocked || v == scenarios.Skipped || v == scenarios.Error {
		color = "\x1b[33m" // yellow: not judged
	}
	first, rest, _ := strings.Cut(text, "\n")
	return color + first + "\x1b[0m\n" + rest
}

func clipLine(s string, n int) string {
	if len(s) > n {
		return s[:n-3] + "..."
	}
	return s
}
