package mutation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// WriteFiles writes mutants.json and mutants.md into dir, which it makes.
func (r *Report) WriteFiles(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("mutants: %w", err)
	}
	for name, write := range map[string]func(io.Writer) error{"mutants.json": r.WriteJSON, "mutants.md": r.WriteMarkdown} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return fmt.Errorf("mutants: %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
			return fmt.Errorf("mutants: %w", err)
		}
	}
	return nil
}

// WriteJSON writes the report in the schema that RESULT.md describes.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(r)
}

// WriteMarkdown writes the tables.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| group | mutants | killed |\n|---|---:|---:|\n")
	for _, g := range r.Groups {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", g.Name, g.Total, g.Killed)
	}
	fmt.Fprintf(&b, "\nTime to kill: median %s, longest %s. Seed %d.\n", brief(r.Median), brief(r.Longest), r.Seed)
	b.WriteString("\n| mutant | what the server does | killed by | time to kill | failed of run | other areas |\n|---|---|---|---:|---:|---:|\n")
	for _, row := range r.Mutants {
		killer := "`" + row.Killer + "`"
		if row.Verdict != Killed {
			killer = fmt.Sprintf("**%s**: %s", row.Verdict, cell(row.Why))
		}
		ran, areas := "", ""
		if row.Ran > 0 {
			ran = fmt.Sprintf("%d of %d", len(row.Failed), row.Ran)
		}
		if row.Areas > 0 {
			areas = fmt.Sprintf("%d of %d", row.Passed, row.Areas)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", row.Name, cell(row.Says), killer, brief(row.Kill), ran, areas)
	}
	if len(r.Families) > 0 {
		b.WriteString("\n| systematic bugs | how many | scenarios that meet one | planted | scenarios that failed, and had killed nothing |\n|---|---:|---:|---:|---:|\n")
		for _, f := range r.Families {
			fmt.Fprintf(&b, "| `%s` | %d | %d | %d | %d |\n", f.Name, f.Bugs, f.Met, f.Ran, len(f.Failed))
		}
	}
	r.markUnkilled(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) markUnkilled(b *strings.Builder) {
	if r.Gating > 0 {
		fmt.Fprintf(b, "\nGating scenarios that kill nothing: %d of %d.\n", len(r.Unkilled), r.Gating)
	}
	if len(r.Unkilled) > 0 {
		b.WriteString("\n| kills nothing | why |\n|---|---|\n")
	}
	for _, u := range r.Unkilled {
		fmt.Fprintf(b, "| `%s` | %s |\n", u.ID, cell(u.Reason))
	}
	if r.Interrupted {
		fmt.Fprintf(b, "\nThe run was interrupted: %d of %d bugs had been run. False alarms until then: %d.\n", len(r.Mutants), r.Selected, len(r.Alarms))
	} else {
		fmt.Fprintf(b, "\nFalse alarms over %d seeds: %d.\n", r.Seeds, len(r.Alarms))
	}
	if len(r.Alarms) > 0 {
		b.WriteString("\n| false alarm | seed | verdict |\n|---|---:|---|\n")
	}
	for _, a := range r.Alarms {
		fmt.Fprintf(b, "| `%s` | %d | %s: %s |\n", a.ID, a.Seed, a.Verdict, cell(a.Reason))
	}
}

// cell is text as a cell of a table can hold it.
func cell(s string) string {
	return strings.NewReplacer("\n", " ", "|", `\|`).Replace(s)
}
