package report

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"bleepstore/scenarios"
)

const (
	// annotationsShown is how many errors, and how many warnings, GitHub shows
	// of one step.
	annotationsShown = 10
	// stepSummaryLimit is the size from which GitHub drops a step's summary.
	stepSummaryLimit = 1 << 20
)

// InGitHub reports whether the process is a step of a GitHub workflow.
func InGitHub(getenv func(string) string) bool { return getenv("GITHUB_ACTIONS") == "true" }

// QuietCommands keeps GitHub from taking what follows for workflow commands,
// since it shows what a server under test has said, until resume is called.
// Elsewhere it writes nothing.
func QuietCommands(w io.Writer, getenv func(string) string) (resume func() error, err error) {
	if !InGitHub(getenv) {
		return func() error { return nil }, nil
	}
	token := rand.Text()
	_, err = fmt.Fprintf(w, "::stop-commands::%s\n", token)
	return func() error {
		_, err := fmt.Fprintf(w, "::%s::\n", token)
		return err
	}, err
}

// ToGitHub annotates the workflow's run with what gates, and adds the summary
// to that of the step. Outside a GitHub workflow it does nothing.
func ToGitHub(w io.Writer, getenv func(string) string, r *Run) error {
	if !InGitHub(getenv) {
		return nil
	}
	if _, err := io.WriteString(w, annotations(r)); err != nil {
		return err
	}
	file := getenv("GITHUB_STEP_SUMMARY")
	if file == "" {
		return nil
	}
	return appendSummary(file, r)
}

// ErrorToGitHub annotates the workflow's run with why there are no verdicts.
func ErrorToGitHub(w io.Writer, getenv func(string) string, cause error) error {
	if !InGitHub(getenv) {
		return nil
	}
	_, err := fmt.Fprintf(w, "::error title=no verdicts::%s\n", data(cause.Error()))
	return err
}

// gravity orders verdicts that gate: what loses data first.
var gravity = []scenarios.Verdict{scenarios.Silent, scenarios.Fail, scenarios.Unsupported, scenarios.Error, scenarios.Blocked, scenarios.Skipped}

func annotations(r *Run) string {
	var errs, warns []string
	gating := r.Gating()
	slices.SortStableFunc(gating, func(a, b scenarios.Result) int {
		return slices.Index(gravity, a.Verdict) - slices.Index(gravity, b.Verdict)
	})
	for _, res := range gating {
		errs = append(errs, annotation("error", res))
	}
	if r.Known != nil {
		stops := r.Known.Gating()
		for _, s := range r.Known.Stale {
			line := fmt.Sprintf(" title=%s::%s", property("stale baseline entry "+s.Entry.Name()), data(s.Why))
			if slices.Contains(stops, s) {
				errs = append(errs, "::error"+line)
			} else {
				warns = append(warns, "::warning"+line)
			}
		}
	}
	for _, res := range r.Results {
		if res.Verdict == scenarios.Warn {
			warns = append(warns, annotation("warning", res))
		}
	}
	return shown("error", errs) + shown("warning", warns)
}

// shown is as many lines as GitHub shows, the last of which tells how many
// more there are.
func shown(kind string, lines []string) string {
	if more := len(lines) - annotationsShown; more > 0 {
		lines = append(slices.Clone(lines[:annotationsShown-1]),
			fmt.Sprintf("::%s title=and %d more::GitHub shows no more than %d of a step; the summary holds all", kind, more+1, annotationsShown))
	}
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// annotation is the workflow command that shows one result.
func annotation(kind string, res scenarios.Result) string {
	at := ""
	if i := strings.LastIndex(res.Where, ".go:"); i >= 0 {
		if line, err := strconv.Atoi(res.Where[i+len(".go:"):]); err == nil {
			at = fmt.Sprintf("file=%s,line=%d,", property(res.Where[:i+len(".go")]), line)
		}
	}
	title := fmt.Sprintf("%s %s (%s)", res.Verdict, res.ID, res.Rule)
	return fmt.Sprintf("::%s %stitle=%s::%s", kind, at, property(title), data(fmt.Sprintf("%s\n%s\n%s", res.Says, res.Reason, res.Ref)))
}

// data escapes a message, and property a property, of a workflow command.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(s))
}

// appendSummary adds the summary to file, cut where GitHub would drop it all.
func appendSummary(file string, r *Run) error {
	var b bytes.Buffer
	if err := WriteSummary(&b, r); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("report: step summary: %w", err)
	}
	text := b.Bytes()
	if info, err := f.Stat(); err == nil {
		text = fit(text, stepSummaryLimit-int(info.Size()))
	}
	_, err = f.Write(text)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("report: step summary: %w", err)
	}
	return nil
}

// fit cuts text behind a line so that it has at most room bytes, and says so.
func fit(text []byte, room int) []byte {
	const cut = "\n**Cut off here**: GitHub takes no more than 1 MiB; summary.md is whole.\n"
	if len(text) <= room {
		return text
	}
	if room <= len(cut) {
		return nil
	}
	text = text[:room-len(cut)]
	return append(text[:bytes.LastIndexByte(text, '\n')+1:len(text)], cut...)
}
