// Package page shows a comparison as one HTML file that needs nothing else: no
// other file, no network, and for the matrix no JavaScript. What servers said
// is text in it, never markup. It knows results alone.
package page

import (
	"cmp"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"bleepstore/conformance/compare"
	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed finding.html
	findingHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

var pages = template.Must(template.New("page").Funcs(template.FuncMap{
	"day":    func(t time.Time) string { return t.UTC().Format(time.DateOnly) },
	"minute": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
	"took":   func(d time.Duration) string { return d.Round(time.Millisecond / 10).String() },
	"answer": func(a string) string { return answers[a] },
	"join":   func(s []string) string { return strings.Join(s, ", ") },
}).Parse(pageHTML + findingHTML))

// A view is what the template shows.
type view struct {
	*compare.Comparison
	Title    string
	Policy   string // Content-Security-Policy: our style and script, nothing else
	CSS      template.CSS
	JS       template.JS
	Wide     bool // so many servers that cells hold a symbol alone
	Total    int  // rows
	Verdicts []kind
	Levels   []scenarios.Level
	Tallies  []tally
	Rows     []area
	Groups   []group
}

// answers are the looks of what is said of a workload.
var answers = map[string]string{report.Yes: "pass", report.No: "fail", report.Unknown: "skipped"}

// A kind is a verdict as the legend explains it.
type kind struct {
	Verdict scenarios.Verdict
	Says    string
}

// kinds are in the order of reports.
var kinds = []kind{
	{scenarios.Pass, "the rule holds"},
	{scenarios.Warn, "a rule of level should is broken; never gates"},
	{scenarios.Observed, "an unsettled or disputed point: recorded, not judged"},
	{scenarios.Fail, "a documented rule is broken"},
	{scenarios.Silent, "answered success, and did not do it"},
	{scenarios.Unsupported, "refused as not implemented"},
	{scenarios.Blocked, "a precondition failed first"},
	{scenarios.Skipped, "could not be judged in this run"},
	{scenarios.Error, "the harness broke"},
}

// A tally is one server's totals.
type tally struct {
	compare.Server
	Counts  []count
	Gating  int
	Known   int
	Total   int
	Took    time.Duration
	Command string // repeats one result when its id is put behind
}

// A count is how many results have a verdict.
type count struct {
	Verdict scenarios.Verdict
	N       int
}

// An area is a group of rows with the totals of each server.
type area struct {
	Name   string
	Counts [][]count // by server, of the verdicts that occur
	Rows   []row
}

type row struct {
	compare.Row
	Cells []cell
}

// A cell is one result as the matrix shows it.
type cell struct {
	Class string // "" when there is no result
	Word  string
	Link  string // the finding's anchor, "" for a pass
}

// A group is one server's findings.
type group struct {
	Server   string
	Note     string
	Findings []finding
}

// Write writes the page. It is the same whenever the comparison is.
func Write(w io.Writer, c *compare.Comparison) error {
	v := view{Comparison: c, Policy: "default-src 'none'; style-src " + digest(pageCSS) + "; script-src " + digest(pageJS) + "; base-uri 'none'; form-action 'none'",
		CSS: template.CSS(pageCSS), JS: template.JS(pageJS), Wide: len(c.Servers) > 6, Verdicts: kinds, Levels: compare.Levels()}
	d := detailOf(c)
	var names []string
	for _, s := range c.Servers {
		names = append(names, s.Name)
		v.Tallies = append(v.Tallies, tallyOf(s))
		v.Groups = append(v.Groups, group{Server: s.Name, Note: s.Note, Findings: d.findings(s)})
	}
	v.Title = "S3 conformance: " + strings.Join(names, ", ")
	for _, a := range c.Areas {
		v.Rows = append(v.Rows, areaOf(c, a))
		v.Total += len(a.Rows)
	}
	return pages.Execute(w, v)
}

// digest is how a policy names the one script or style that is let in.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func tallyOf(s compare.Server) tally {
	_, all := s.Run.Areas()
	t := tally{Server: s, Gating: all.Gating, Total: all.Total, Took: s.Run.Finished.Sub(s.Run.Started), Command: cmp.Or(s.Run.RepeatOne, s.Run.Repeat)}
	for _, k := range kinds {
		t.Counts = append(t.Counts, count{k.Verdict, all.Counts[k.Verdict]})
	}
	for _, res := range s.Run.Results {
		if res.Known != "" {
			t.Known++
		}
	}
	return t
}

func areaOf(c *compare.Comparison, a compare.Area) area {
	out := area{Name: a.Name}
	for i := range c.Servers {
		var counts []count
		for v, n := range a.Counts(i, "") {
			counts = append(counts, count{v, n})
		}
		slices.SortFunc(counts, func(x, y count) int { return cmp.Compare(order(x.Verdict), order(y.Verdict)) })
		out.Counts = append(out.Counts, counts)
	}
	for _, r := range a.Rows {
		shown := row{Row: r}
		for i, res := range r.Cells {
			shown.Cells = append(shown.Cells, cellOf(c.Servers[i].Name, res))
		}
		out.Rows = append(out.Rows, shown)
	}
	return out
}

func order(v scenarios.Verdict) int {
	return slices.IndexFunc(kinds, func(k kind) bool { return k.Verdict == v })
}

func cellOf(server string, res *scenarios.Result) cell {
	if res == nil {
		return cell{}
	}
	c := cell{Class: string(res.Verdict), Word: string(res.Verdict)}
	if res.Verdict != scenarios.Pass {
		c.Link = anchor(server, res.ID)
	}
	if res.Known != "" {
		c.Class += " known"
	}
	return c
}

// anchor names a finding, the same in every report.
func anchor(server, id string) string { return "x." + server + "." + id }
