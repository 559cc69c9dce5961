package check

import (
	"fmt"
	"io"
	"strings"
	"time"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// A Verdict says how consistent a run was, workload by workload.
type Verdict struct {
	Workloads []Workload `json:"workloads"`
	Faults    *Faults    `json:"faults,omitempty"` // of a run with faults
}

// A Workload is the verdict on one workload.
type Workload struct {
	Name  string `json:"name"`
	Rule  string `json:"rule"`
	Model string `json:"model"`
	// Level is the highest level that was shown, at most Top, the highest that
	// the workload can show.
	Level model.Level `json:"level"`
	Top   model.Level `json:"top"`
	// Inconclusive is why nothing above Level is known, where that is not a
	// violation: the run was too thin, or the search ended before it was done.
	Inconclusive string      `json:"inconclusive,omitempty"`
	Violations   []Violation `json:"violations,omitempty"`
	// Observations are worth knowing and break no level.
	Observations []string      `json:"observations,omitempty"`
	Ops          int           `json:"ops"`
	Succeeded    int           `json:"succeeded"`
	Refused      int           `json:"refused"`
	Unclear      int           `json:"unclear"`
	Took         time.Duration `json:"took_ns"` // what judging it cost
}

// A Violation is one way in which a history is not what a level demands.
type Violation struct {
	Breaks model.Level  `json:"breaks"` // the lowest level that this rules out
	Key    string       `json:"key"`
	Says   string       `json:"says"`           // prose, several lines
	Ops    []history.Op `json:"ops"`            // a counterexample, as short as was found
	HTML   string       `json:"html,omitempty"` // a file of Options.Artifacts that draws the key's history
}

// ExitCode is 4 where a workload breaks raw, or breaks a level that was expected
// of it: expect, but no more than the workload can show; or where nodes that have
// applied the same differ. It is 1 where a run with faults found something else
// that gates, 6 where anything is inconclusive, or nothing was run, and 0
// otherwise.
func (v *Verdict) ExitCode(expect model.Level) int {
	code := v.Faults.exitCode()
	if code == 4 {
		return code
	}
	if len(v.Workloads) == 0 && code == 0 {
		code = 6
	}
	for _, w := range v.Workloads {
		gate := max(model.Raw, min(expect, w.Top))
		for _, x := range w.Violations {
			if x.Breaks <= gate {
				return 4
			}
		}
		if w.Inconclusive != "" && code == 0 {
			code = 6
		}
	}
	return code
}

// Write tells the verdict to a person.
func (v *Verdict) Write(w io.Writer) {
	for _, l := range v.Workloads {
		fmt.Fprintf(w, "%-12s %-8s %s of %s, %d operations: %d succeeded, %d refused, %d unclear; judged in %s\n",
			l.Name, l.Rule, l.Level, l.Top, l.Ops, l.Succeeded, l.Refused, l.Unclear, l.Took.Round(time.Millisecond))
		if l.Inconclusive != "" {
			fmt.Fprintf(w, "  INCONCLUSIVE: %s\n", l.Inconclusive)
		}
		for _, x := range l.Violations {
			fmt.Fprintf(w, "  breaks %s, key %s: %s\n", x.Breaks, x.Key, indent(x.Says))
			if x.HTML != "" {
				fmt.Fprintf(w, "    drawn in %s\n", x.HTML)
			}
		}
		for _, o := range l.Observations {
			fmt.Fprintf(w, "  seen: %s\n", indent(o))
		}
	}
}

func indent(s string) string { return strings.ReplaceAll(s, "\n", "\n    ") }
