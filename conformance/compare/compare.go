// Package compare lays runs of the suite beside each other, a row a scenario
// and a column a server, and writes what they show as Markdown. It knows
// results alone: it runs nothing, and two runs of years ago compare as well.
package compare

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

// A Server is one column: a name, and the run against what bears it.
type Server struct {
	Name string
	Run  *report.Run
	Note string // how to have the server, "" when there is no more to say
}

// Absent is a server that was to be compared and has no run.
type Absent struct{ Name, Why string }

// A Comparison is what reports show of several runs.
type Comparison struct {
	Servers []Server
	Absent  []Absent
	Areas   []Area // ascending by name
}

// An Area holds the rows of one area of S3.
type Area struct {
	Name string
	Rows []Row // ascending by id
}

// A Row is one scenario: what it says, and what it found on each server.
type Row struct {
	ID    string
	Rule  string
	Level scenarios.Level
	Says  string
	Ref   string
	Needs []scenarios.Feature
	Cells []*scenarios.Result // one a server; nil: it has no result there
}

// name is what a server may be called: it names a folder and an anchor.
var name = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// CheckName refuses what cannot be the name of a server.
func CheckName(s string) error {
	if !name.MatchString(s) {
		return fmt.Errorf("name %q: want letters, digits and . _ - alone", s)
	}
	return nil
}

// New lays the servers' runs beside each other. The words of a scenario are
// those of the first server that has it.
func New(servers []Server, absent []Absent) (*Comparison, error) {
	if len(servers) == 0 {
		return nil, errors.New("no run to show")
	}
	seen := map[string]bool{}
	for _, s := range servers {
		if err := CheckName(s.Name); err != nil {
			return nil, err
		}
		if seen[s.Name] {
			return nil, fmt.Errorf("two runs are called %s", s.Name)
		}
		seen[s.Name] = true
	}
	c := &Comparison{Servers: servers, Absent: absent}
	rows := map[string]*Row{}
	for i, s := range servers {
		for j := range s.Run.Results {
			res := &s.Run.Results[j]
			row := rows[res.ID]
			if row == nil {
				row = &Row{ID: res.ID, Rule: res.Rule, Level: res.Level, Says: res.Says, Ref: res.Ref, Needs: res.Needs, Cells: make([]*scenarios.Result, len(servers))}
				rows[res.ID] = row
			}
			if row.Cells[i] != nil {
				return nil, fmt.Errorf("run %s: %s stands twice", s.Name, res.ID)
			}
			row.Cells[i] = res
		}
	}
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		area, _, _ := strings.Cut(id, ".")
		if n := len(c.Areas); n == 0 || c.Areas[n-1].Name != area {
			c.Areas = append(c.Areas, Area{Name: area})
		}
		last := &c.Areas[len(c.Areas)-1]
		last.Rows = append(last.Rows, *rows[id])
	}
	slices.SortStableFunc(c.Areas, func(a, b Area) int { return cmp.Compare(a.Name, b.Name) })
	return c, nil
}

// Differs reports whether servers that ran the scenario ended differently.
func (r Row) Differs() bool {
	var first scenarios.Verdict
	for _, res := range r.Cells {
		switch {
		case res == nil:
		case first == "":
			first = res.Verdict
		case res.Verdict != first:
			return true
		}
	}
	return false
}

// Counts are results by verdict.
type Counts map[scenarios.Verdict]int

// Total is how many results there are.
func (c Counts) Total() int {
	n := 0
	for _, k := range c {
		n += k
	}
	return n
}

// String names the verdicts that occur, in the order of reports.
func (c Counts) String() string {
	var parts []string
	for _, v := range scenarios.Verdicts() {
		if c[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c[v], v))
		}
	}
	if len(parts) == 0 {
		return "-"
	}
	return strings.Join(parts, ", ")
}

// Counts sums the results of one server in the area; level "" is every level.
func (a Area) Counts(server int, level scenarios.Level) Counts {
	c := Counts{}
	for _, row := range a.Rows {
		if res := row.Cells[server]; res != nil && (level == "" || row.Level == level) {
			c[res.Verdict]++
		}
	}
	return c
}

// Levels are the levels in the order of reports.
func Levels() []scenarios.Level {
	return []scenarios.Level{scenarios.Must, scenarios.Should, scenarios.Info, scenarios.Disputed}
}
