package report

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"bleepstore/scenarios"
)

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Name    string       `xml:"name,attr"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Stamp    string      `xml:"timestamp,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Skipped *junitProblem `xml:"skipped"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the run as JUnit XML, one suite an area. Only what gates
// is a failure or an error; the rest of what is not a pass is skipped, with
// its verdict, so that a JUnit reader's red is the run's red. What makes a run
// red besides its results has a suite of its own, "run".
func WriteJUnit(w io.Writer, r *Run) error {
	out := junitSuites{Name: "S3 conformance of " + strings.Join(r.Endpoints, ", ")}
	at := map[string]int{}
	took := map[string]time.Duration{}
	for _, res := range r.Results {
		area, _, _ := strings.Cut(res.ID, ".")
		i, known := at[area]
		if !known {
			i = len(out.Suites)
			at[area] = i
			out.Suites = append(out.Suites, junitSuite{Name: area, Stamp: r.Started.Format("2006-01-02T15:04:05")})
		}
		s := &out.Suites[i]
		s.add(res)
		took[area] += res.Took
		s.Time = seconds(took[area])
	}
	if whole := ofTheRun(r); whole.Tests > 0 {
		out.Suites = append(out.Suites, whole)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", " ")
	return enc.Encode(out)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

func (s *junitSuite) add(res scenarios.Result) {
	c := junitCase{Class: s.Name, Name: res.ID, Time: seconds(res.Took), File: res.Where}
	p := &junitProblem{Message: fmt.Sprintf("%s: %s (%s)", res.Rule, cmp.Or(res.Reason, res.Says, "no reason"), res.Ref), Type: string(res.Verdict)}
	s.Tests++
	switch {
	case res.Verdict == scenarios.Pass:
	case !res.Gating:
		p.Message = strings.TrimSuffix(string(res.Verdict)+": "+res.Reason, ": ")
		if res.Known != "" {
			p.Message = "known " + string(res.Verdict) + ": " + res.Known
		}
		c.Skipped, s.Skipped = p, s.Skipped+1
	case res.Verdict == scenarios.Fail || res.Verdict == scenarios.Silent || res.Verdict == scenarios.Unsupported:
		p.Text = Detail(res, AllExchanges)
		c.Failure, s.Failures = p, s.Failures+1
	default:
		p.Text = Detail(res, AllExchanges)
		c.Error, s.Errors = p, s.Errors+1
	}
	s.Cases = append(s.Cases, c)
}

// ofTheRun is the suite of what ends a run with a code of its own: it was not
// finished, entries of its baseline gate, or something was left behind.
func ofTheRun(r *Run) junitSuite {
	s := junitSuite{Name: "run", Time: seconds(0), Stamp: r.Started.Format("2006-01-02T15:04:05")}
	broken := func(name, message string) {
		s.Tests, s.Errors = s.Tests+1, s.Errors+1
		s.Cases = append(s.Cases, junitCase{Class: s.Name, Name: name, Time: seconds(0), Error: &junitProblem{Message: message}})
	}
	if r.Interrupted || r.NotRun > 0 {
		broken("finished", fmt.Sprintf("%d scenarios were not run", r.NotRun))
	}
	for _, st := range r.Known.Gating() {
		broken("baseline: "+st.Entry.key(), "stale: "+st.Why)
	}
	if len(r.Leftover) > 0 {
		broken("cleaned", "not removed: "+strings.Join(r.Leftover, " "))
	}
	return s
}
