package compare

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

// The lines between which a document is ours; the rest belongs to its writers.
const (
	Begin = "<!-- bleepstore compare writes what stands between here -->"
	End   = "<!-- and here -->"
)

// Splice returns the document with generated text between its two marks. A
// document that is empty becomes one; one without marks is refused, since
// nobody said what of it may go.
func Splice(document []byte, generated string) ([]byte, error) {
	if len(bytes.TrimSpace(document)) == 0 {
		document = []byte("# Report\n\n" + Begin + "\n" + End + "\n")
	}
	head, rest, _ := bytes.Cut(document, []byte(Begin))
	_, tail, closed := bytes.Cut(rest, []byte(End))
	if !closed || bytes.Count(document, []byte(Begin)) != 1 || bytes.Count(document, []byte(End)) != 1 {
		return nil, errors.New("it does not have, once each and in this order, the lines\n" + Begin + "\n" + End)
	}
	return fmt.Appendf(nil, "%s%s\n\n%s\n%s%s", head, Begin, strings.TrimSpace(generated)+"\n", End, tail), nil
}

// Markdown writes the comparison: the servers, the verdicts by area and
// level, and each rule that is broken with the command that shows it. It is
// the same whenever the runs are.
func (c *Comparison) Markdown() string {
	var b strings.Builder
	c.servers(&b)
	c.workloads(&b)
	c.areas(&b)
	for _, s := range c.Servers {
		s.findings(&b)
	}
	return b.String()
}

func (c *Comparison) servers(b *strings.Builder) {
	b.WriteString("## Servers\n\nA cell is a number of results.\n\n| server |")
	for _, v := range scenarios.Verdicts() {
		fmt.Fprintf(b, " %s |", v)
	}
	b.WriteString(" gating | total |\n|---|" + strings.Repeat("---:|", len(scenarios.Verdicts())+2) + "\n")
	for _, s := range c.Servers {
		_, all := s.Run.Areas()
		fmt.Fprintf(b, "| %s |", s.Name)
		for _, v := range scenarios.Verdicts() {
			fmt.Fprintf(b, " %s |", number(all.Counts[v]))
		}
		fmt.Fprintf(b, " %s | %d |\n", number(all.Gating), all.Total)
	}
	b.WriteString("\n`gating` counts what ends a run with a non-zero exit code; what a baseline names does not. A *warn* breaks a rule of level should;\n" +
		"*observed* are unsettled or disputed points, recorded only.\n\n| server | says it is | run | profile | region | addressing | seed |\n|---|---|---|---|---|---|---:|\n")
	for _, s := range c.Servers {
		r := s.Run
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %d |\n", s.Name, cell(orNone(r.Preflight.Server)), r.Started.UTC().Format(time.DateOnly),
			r.Claim(), r.Region, r.Addressing, r.Seed)
	}
	for _, a := range c.Absent {
		fmt.Fprintf(b, "\n**%s was not reached**: %s\n", a.Name, cell(a.Why))
	}
}

func (c *Comparison) areas(b *strings.Builder) {
	b.WriteString("\n## Verdicts by area and level\n\n| area | level |")
	for _, s := range c.Servers {
		fmt.Fprintf(b, " %s |", s.Name)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(c.Servers)) + "\n")
	for _, a := range c.Areas {
		for _, level := range Levels() {
			cells, any := "", 0
			for i := range c.Servers {
				n := a.Counts(i, level)
				any += n.Total()
				cells += " " + n.String() + " |"
			}
			if any > 0 {
				fmt.Fprintf(b, "| %s | %s |%s\n", a.Name, level, cells)
			}
		}
	}
}

// longList is how many findings a reader may want to pass over.
const longList = 40

// findings lists the rules that the server breaks.
func (s Server) findings(b *strings.Builder) {
	found := Findings(s.Run)
	if len(found) == 0 {
		fmt.Fprintf(b, "\n## What %s gets wrong\n\nNothing that was asked.\n", s.Name)
		return
	}
	fmt.Fprintf(b, "\n## What %s gets wrong\n\n%s, the gravest first; each is told by one of its results.\n", s.Name, rules(len(found)))
	if s.Note != "" {
		fmt.Fprintf(b, "%s\n", s.Note)
	}
	b.WriteString("\n")
	if len(found) > longList { // to be opened by who wants it
		b.WriteString("<details><summary>All of them</summary>\n\n")
		defer b.WriteString("\n</details>\n")
	}
	for _, f := range found {
		command := s.Run.Command(f.Worst)
		if _, invariant := report.BrokenBy(f.Worst); !invariant && f.Worst.Where != "" { // scenarios bear the rule
			command = s.Run.CommandFor(f.Worst.Rule)
		}
		fmt.Fprintf(b, "- **%s** [%s](%s) %s\n  %s", f.Worst.Verdict, f.Worst.Rule, f.Worst.Ref, escape(f.Worst.Says), code(f.Got()))
		if more := f.More(); more != "" {
			fmt.Fprintf(b, " (%s)", more)
		}
		fmt.Fprintf(b, "\n  %s\n", code(command))
	}
}

func rules(n int) string {
	if n == 1 {
		return "1 rule"
	}
	return fmt.Sprintf("%d rules", n)
}

func number(n int) string {
	if n == 0 {
		return "."
	}
	return fmt.Sprint(n)
}

func orNone(s string) string {
	if s == "" {
		return "(no Server header)"
	}
	return s
}

// escape makes words plain text in Markdown.
func escape(s string) string {
	return strings.NewReplacer("\n", " ", "\\", `\\`, "|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`).Replace(s)
}

// cell is escape for the cell of a table.
func cell(s string) string { return escape(strings.TrimSpace(s)) }

// code is a span of code, which no word of a server ends, and which is none of
// the marks of Splice.
func code(s string) string {
	return "`` " + strings.NewReplacer("``", "` `", "<!--", "<! --").Replace(s) + " ``"
}
