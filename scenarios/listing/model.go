package listing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	. "bleepstore/scenarios"
)

// An entry is one result of a listing: a key, or a common prefix in which the
// keys behind it are rolled up.
type entry struct {
	Name   string
	Rolled bool
}

// model returns the entries that a listing of keys has over all its pages, in
// the order in which pages must deliver them. Names compare by bytes, which is
// how UTF-8 sorts and how Go compares strings.
func model(keys []string, q query) []entry {
	var out []entry
	for _, key := range slices.Sorted(slices.Values(keys)) {
		rest, ok := strings.CutPrefix(key, q.Prefix)
		if !ok {
			continue
		}
		e := entry{Name: key}
		if q.Delimiter != "" {
			if i := strings.Index(rest, q.Delimiter); i >= 0 {
				e = entry{q.Prefix + rest[:i+len(q.Delimiter)], true}
			}
		}
		if e.Name > q.After && (len(out) == 0 || out[len(out)-1] != e) {
			out = append(out, e)
		}
	}
	return out
}

// split returns the names of keys and of common prefixes.
func split(entries []entry) (keys, prefixes []string) {
	keys, prefixes = []string{}, []string{}
	for _, e := range entries {
		if e.Rolled {
			prefixes = append(prefixes, e.Name)
		} else {
			keys = append(keys, e.Name)
		}
	}
	return keys, prefixes
}

// walk follows a listing to its end and tells how it departs from the entries
// want; "" when it does not. A page may be shorter than max-keys allows, as
// the documentation says, but never longer, and every page must be the next
// piece of want. An error is that of a request.
func walk(ctx context.Context, s *S, bucket string, q query, want []entry) (problem string, err error) {
	from := ""
	for n := 1; ; n++ {
		p, err := fetch(ctx, s, bucket, q, from)
		if err != nil {
			return "", fmt.Errorf("page %d: %w", n, err)
		}
		if problem := p.check(q, want); problem != "" {
			return fmt.Sprintf("page %d: %s", n, problem), nil
		}
		want = want[p.entries():]
		if !p.Truncated {
			return "", nil
		}
		if from = p.next(q); from == "" {
			return fmt.Sprintf("page %d: IsTruncated is true and nothing tells where to go on", n), nil
		}
		if p.entries() == 0 {
			return fmt.Sprintf("page %d: IsTruncated is true on an empty page", n), nil
		}
	}
}

// last is the name that sorts last on the page.
func (p page) last() string {
	last := ""
	for _, name := range slices.Concat(p.Keys, p.Prefixes) {
		last = max(last, name)
	}
	return last
}

// next is where the page after p starts. V1 names it only with a delimiter;
// otherwise it is the last key.
func (p page) next(q query) string {
	if q.V == 1 && p.Next == "" && len(p.Keys) > 0 {
		return p.Keys[len(p.Keys)-1]
	}
	return p.Next
}

// check compares one page with the entries that are still to come.
func (p page) check(q query, rest []entry) string {
	n := p.entries()
	switch {
	case q.Max > 0 && n > int(q.Max):
		return fmt.Sprintf("%d entries, max-keys is %d", n, q.Max)
	case p.Count != nil && int(*p.Count) != n: // that it is there at all is a rule of its own
		return fmt.Sprintf("KeyCount is %d, the page has %d keys and %d common prefixes", *p.Count, len(p.Keys), len(p.Prefixes))
	}
	keys, prefixes := split(rest[:min(n, len(rest))])
	if !slices.Equal(p.Keys, keys) || !slices.Equal(p.Prefixes, prefixes) {
		return fmt.Sprintf("got keys %q and common prefixes %q, want keys %q and common prefixes %q", p.Keys, p.Prefixes, keys, prefixes)
	}
	switch left := len(rest) - n; {
	case p.Truncated && left == 0:
		return "IsTruncated is true and nothing is left"
	case !p.Truncated && left > 0:
		return fmt.Sprintf("IsTruncated is false and %d entries are left, the first %q", left, rest[n].Name)
	}
	return ""
}
