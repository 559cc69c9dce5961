package model

import (
	"fmt"
	"slices"
	"strings"

	"bleepstore/conformance/history"
)

// MaxGroup is how many keys can be judged as one.
const MaxGroup = 6

type group [MaxGroup]Object

// Group is several keys that one page reads at once. Its operations are those of
// a register on each key, and List.
func Group(keys []string) Model {
	if len(keys) > MaxGroup {
		panic(fmt.Sprintf("model: a group of %d keys", len(keys)))
	}
	keys = slices.Clone(keys)
	return Model{
		Init: group{},
		Step: func(s any, op *history.Op) (any, bool) {
			g := s.(group)
			if op.Kind == history.List {
				return s, g.shown(keys, op)
			}
			i := slices.Index(keys, op.Key)
			now, ok := g[i].step(op, false)
			if now == g[i] {
				return s, ok
			}
			g[i] = now
			return g, ok
		},
		Equal: func(a, b any) bool { return a.(group) == b.(group) },
		Hash: func(s any) uint64 {
			var h uint64
			for _, o := range s.(group) {
				h = h*31 + o.hash()
			}
			return h
		},
		Describe: func(s any) string {
			g := s.(group)
			var b strings.Builder
			for i, k := range keys {
				fmt.Fprintf(&b, "%s: %s\n", k, g[i])
			}
			return b.String()
		},
	}
}

// shown reports whether a page that is read of g shows what op does.
func (g group) shown(keys []string, op *history.Op) bool {
	for i, k := range keys {
		e, covered := Shows(op, k)
		switch {
		case !covered:
		case e == nil && !g[i].none():
			return false
		case e != nil && !g[i].matches(0, e.ETag):
			return false
		}
	}
	return true
}

// Shows says whether a page tells anything of key, and the key's line in it if
// there is one. A page tells of what has its prefix and comes behind the entry
// that it was asked to start after, up to its own last entry where it was cut
// short.
func Shows(page *history.Op, key string) (e *history.Entry, covered bool) {
	entries := page.Result.Entries
	if !strings.HasPrefix(key, page.Arg.Prefix) || key <= page.Arg.After {
		return nil, false
	}
	if page.Result.Truncated && (len(entries) == 0 || key > entries[len(entries)-1].Key) {
		return nil, false
	}
	i, found := slices.BinarySearchFunc(entries, key, func(e history.Entry, k string) int {
		return strings.Compare(e.Key, k)
	})
	if !found {
		return nil, true
	}
	return &entries[i], true
}
