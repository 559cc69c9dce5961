package listing

import (
	"fmt"
	"slices"
)

// A counterexample is a set of keys and a query on which a listing departs
// from the model.
type counterexample struct {
	Keys    []string
	Query   query
	Problem string
}

func (c *counterexample) String() string {
	return fmt.Sprintf("with keys %q, listing %s: %s", c.Keys, c.Query, c.Problem)
}

// shrink makes c smaller for as long as try still finds a problem, at most
// budget tries: first the query, since that needs no change of keys, then the
// keys in ever smaller pieces, then the query again.
func (c *counterexample) shrink(budget int, try func([]string, query) string) {
	attempt := func(keys []string, q query) bool {
		if budget--; budget < 0 {
			return false
		}
		problem := try(keys, q)
		if problem != "" {
			*c = counterexample{keys, q, problem}
		}
		return problem != ""
	}
	c.shrinkQuery(attempt)
	c.shrinkKeys(attempt)
	c.shrinkQuery(attempt)
}

func (c *counterexample) shrinkQuery(attempt func([]string, query) bool) {
	for _, simpler := range []func(*query){
		func(q *query) { q.Encoded = false },
		func(q *query) { q.After = "" },
		func(q *query) { q.Prefix = "" },
		func(q *query) { q.Delimiter = "" },
		func(q *query) { q.V = 2 },
		func(q *query) { q.Max = 0 },
		func(q *query) { q.Max = min(q.Max, 3) },
		func(q *query) { q.Max = min(q.Max, 2) },
		func(q *query) { q.Max = min(q.Max, 1) },
	} {
		q := c.Query
		if simpler(&q); q != c.Query {
			attempt(c.Keys, q)
		}
	}
}

func (c *counterexample) shrinkKeys(attempt func([]string, query) bool) {
	for size := (len(c.Keys) + 1) / 2; size > 0; size /= 2 {
		for i := 0; i < len(c.Keys); {
			fewer := slices.Delete(slices.Clone(c.Keys), i, min(i+size, len(c.Keys)))
			if !attempt(fewer, c.Query) {
				i += size
			}
		}
	}
}

// agree matches a nil *counterexample.
type agree struct{}

func (agree) Match(actual any) (bool, error) { return actual.(*counterexample) == nil, nil }
func (agree) FailureMessage(actual any) string {
	return actual.(*counterexample).String()
}
func (agree) NegatedFailureMessage(any) string { return "got a listing as the model has it" }
