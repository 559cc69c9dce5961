package mutation

import (
	_ "embed" // the matrix
	"regexp"
)

//go:embed MATRIX.md
var matrixMD string

// killed is a row of MATRIX.md that has a killer.
var killed = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|.*\\| `([^`]+)` \\| [0-9.]+ s \\|")

// killersOf reads, from a table as WriteMarkdown writes it, what killed each mutant.
func killersOf(table string) map[string]string {
	out := map[string]string{}
	for _, row := range killed.FindAllStringSubmatch(table, -1) {
		out[row[1]] = row[2]
	}
	return out
}

// Killers returns what killed each mutant when MATRIX.md was written. It may have
// changed since: it tells what to run first, and of a server that is not our own
// whether what finds a bug elsewhere passes there.
func Killers() map[string]string { return killersOf(matrixMD) }
