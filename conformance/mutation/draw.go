package mutation

import (
	"cmp"
	"slices"
	"strings"
)

// stratum is what a sample has to meet at least once: the first word of a bug's name,
// and of a lie's the second besides.
func stratum(name string) string {
	words := strings.SplitN(name, ".", 3)
	if words[0] == "lie" && len(words) > 2 {
		return words[0] + "." + words[1]
	}
	return words[0]
}

// sampled draws n of the rows by the seed, of each stratum one at least and besides
// in the proportion of their sizes. Every row is drawn under some seed.
func (m *Matrix) sampled(rows []*Row, n int) []*Row {
	strata := map[string][]*Row{}
	for _, row := range rows {
		key := row.Ground + " " + stratum(row.Name)
		strata[key] = append(strata[key], row)
	}
	type drawn struct {
		row  *Row
		rank float64 // within its stratum, from 0 to 1; below 0: the first of it
	}
	var all []drawn
	for key, of := range strata {
		draw := drawer(key, m.Seed)
		shift := draw.Float64()
		for place, i := range draw.Perm(len(of)) {
			rank := (float64(place) + shift) / float64(len(of))
			if place == 0 {
				rank = -1
			}
			all = append(all, drawn{of[i], rank})
		}
	}
	slices.SortFunc(all, func(a, b drawn) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.row.Name, b.row.Name))
	})
	var out []*Row
	for _, d := range all {
		if len(out) < n || d.rank < 0 {
			out = append(out, d.row)
		}
	}
	slices.SortFunc(out, func(a, b *Row) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
