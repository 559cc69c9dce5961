package generate

import (
	"slices"

	"bleepstore/conformance/history"
)

// Faults of a page of a listing.
var listKinds = []*Kind{
	{
		Name: "phantom-entry", Says: "a page shows a key that never was", Breaks: Raw,
		Models: []string{"list", "list-atomic", "set"},
		plant: func(s *sim) *Planted {
			return s.plantPage(func(c *call, entries []history.Entry) []history.Entry {
				e := entries[0]
				e.Key += "-phantom"
				return slices.Insert(entries, 1, e)
			})
		},
	},
	{
		Name: "missing-entry", Says: "a page lacks a key whose write was acknowledged before the listing began", Breaks: Raw,
		Models: []string{"list", "list-atomic", "set"},
		plant:  (*sim).plantMissing,
	},
	{
		Name: "stale-entry", Says: "a page shows the ETag of a value that was replaced before the listing began", Breaks: Raw,
		Models: []string{"list", "list-atomic"},
		plant:  func(s *sim) *Planted { return s.plantOldEntry(false) },
	},
	{
		Name: "deleted-entry", Says: "a page shows a value that was deleted before the listing began", Breaks: Raw,
		Models: []string{"list", "list-atomic"},
		plant:  func(s *sim) *Planted { return s.plantOldEntry(true) },
	},
	{
		Name: "duplicate-entry", Says: "a page begins with the key that the page before ended with", Breaks: Raw,
		Models: []string{"list", "set"},
		plant: func(s *sim) *Planted {
			return s.plantPage(func(c *call, entries []history.Entry) []history.Entry {
				if c.op.Arg.Page == 1 {
					return nil
				}
				e := entries[0]
				e.Key = c.op.Arg.After
				if v := s.store.at(e.Key, c.op.Call); v != nil {
					e.ETag, e.Size = v.etag, v.size
				}
				return slices.Insert(entries, 0, e)
			})
		},
	},
	{
		Name: "unordered-page", Says: "a page shows its keys out of order", Breaks: Raw,
		Models: []string{"list", "list-atomic", "set"},
		plant: func(s *sim) *Planted {
			return s.plantPage(func(c *call, entries []history.Entry) []history.Entry {
				if len(entries) < 3 {
					return nil
				}
				entries[0], entries[1] = entries[1], entries[0]
				return entries
			})
		},
	},
	{
		Name: "non-monotonic-list", Says: "while a write is under way a listing shows it, and a later listing does not", Breaks: List, Only: true,
		Models: []string{"list"},
		plant:  (*sim).plantNonMonotonicList,
	},
	{
		Name: "torn-list", Says: "a page shows a later write of one key and not an earlier write of another", Breaks: ListAtomic, Only: true,
		Models: []string{"list-atomic"},
		plant:  (*sim).plantTornList,
	},
}

// pages returns the pages that have room for another entry, with when their
// listing began, in any order.
func (s *sim) pages() map[*call]int64 {
	calls := map[int64]int64{}
	for _, c := range s.calls {
		if c.op.Kind == history.List && c.op.Arg.Page == 1 {
			calls[c.op.N] = c.op.Call
		}
	}
	began := map[*call]int64{}
	for _, c := range s.calls {
		if c.op.Kind == history.List && len(c.op.Result.Entries) > 0 && len(c.op.Result.Entries) < c.op.Arg.Max {
			first := c.op.Arg.Listing
			if c.op.Arg.Page == 1 {
				first = c.op.N
			}
			if at, ok := calls[first]; ok {
				began[c] = at
			}
		}
	}
	return began
}

func (s *sim) plantPage(change func(*call, []history.Entry) []history.Entry) *Planted {
	began := s.pages()
	for _, c := range s.shuffled(history.List) {
		if _, ok := began[c]; !ok {
			continue
		}
		if entries := change(c, slices.Clone(c.op.Result.Entries)); entries != nil {
			c.op.Result.Entries = entries
			return s.planted("", c)
		}
	}
	return nil
}

func (s *sim) plantMissing() *Planted {
	began := s.pages()
	for _, c := range s.shuffled(history.List) {
		at, ok := began[c]
		if !ok {
			continue
		}
		for i, e := range c.op.Result.Entries {
			v := s.store.at(e.Key, at)
			if v == nil || !s.sole(v) || v.by.op.Return >= at || s.deletedSince(e.Key, v.by.op.Call, c.op.Return) {
				continue
			}
			c.op.Result.Entries = slices.Delete(slices.Clone(c.op.Result.Entries), i, i+1)
			return s.planted(e.Key, c, v.by)
		}
	}
	return nil
}

// deletedSince reports whether a delete of the key can have taken effect between
// two times.
func (s *sim) deletedSince(key string, from, to int64) bool {
	return slices.ContainsFunc(s.calls, func(c *call) bool {
		return c.op.Kind == history.Delete && c.op.Key == key && c.op.Call <= to && c.op.Return >= from
	})
}

// plantOldEntry shows a value in a page that was replaced or deleted before.
func (s *sim) plantOldEntry(deleted bool) *Planted {
	began := s.pages()
	for _, c := range s.shuffled(history.List) {
		at, ok := began[c]
		if !ok {
			continue
		}
		for _, t := range s.teams {
			for _, key := range t.keys {
				first, second := s.replaced(key, at, deleted)
				if _, known := told(&c.op, key); first == nil || !known {
					continue
				}
				c.op.Result.Entries = withEntry(c.op.Result.Entries, history.Entry{Key: key, ETag: first.etag, Size: first.size})
				return s.planted(key, c, first.by, second.by)
			}
		}
	}
	return nil
}

// withEntry puts an entry in its place.
func withEntry(entries []history.Entry, e history.Entry) []history.Entry {
	entries = slices.Clone(entries)
	i := 0
	for i < len(entries) && entries[i].Key < e.Key {
		i++
	}
	if i < len(entries) && entries[i].Key == e.Key {
		entries[i] = e
		return entries
	}
	return slices.Insert(entries, i, e)
}

// plantNonMonotonicList takes two listings, one after the other, that both show
// a write that had not returned yet, and lets the second show what was before.
func (s *sim) plantNonMonotonicList() *Planted {
	began := s.pages()
	for _, second := range s.shuffled(history.List) {
		at, ok := began[second]
		if !ok {
			continue
		}
		for i, e := range second.op.Result.Entries {
			v, old := s.underWay(e, at)
			if v == nil {
				continue
			}
			for _, first := range s.calls {
				if saw, known := told(&first.op, e.Key); known && first.op.Kind == history.List && saw.of(v) && first.op.Return < at {
					second.op.Result.Entries = slices.Clone(second.op.Result.Entries)
					second.op.Result.Entries[i].ETag, second.op.Result.Entries[i].Size = old.etag, old.size
					return s.planted(e.Key, second, first, v.by, old.by)
				}
			}
		}
	}
	return nil
}

// underWay returns the version that an entry shows, if its write had not
// returned by a time, and the one before it, if that had been acknowledged before
// the write was called.
func (s *sim) underWay(e history.Entry, t int64) (v, old *version) {
	log := s.store.log[e.Key]
	for i := 1; i < len(log); i++ {
		v, old = log[i], log[i-1]
		if v.etag == e.ETag && !s.twice[v.value] && v.by.op.Return >= t && s.sole(old) && old.by.op.Before(&v.by.op) {
			return v, old
		}
	}
	return nil, nil
}

// plantTornList lets a page show one key as it was at the page's call and another
// as it was at its end, with a write of each in between, the first key's ended
// before the other's began. Each key alone is as it was at a moment of the page.
func (s *sim) plantTornList() *Planted {
	for _, c := range s.shuffled(history.List) {
		for _, t := range s.teams {
			if t.prefix != c.op.Arg.Prefix {
				continue
			}
			for _, a := range t.keys {
				for _, b := range t.keys {
					if w1, w2 := s.crossed(c, a, b); w1 != nil {
						s.show(c, func(key string) int64 {
							if key == a {
								return c.op.Call
							}
							return c.op.Return
						})
						return s.planted(a, c, w1, w2)
					}
				}
			}
		}
	}
	return nil
}

// crossed returns a write of a and a later write of b, both within a page, where
// what b is at the page's end can only be seen after the write of a.
func (s *sim) crossed(page *call, a, b string) (w1, w2 *call) {
	if a == b || s.store.at(b, page.op.Return) == nil {
		return nil, nil
	}
	v := s.store.at(b, page.op.Return)
	if v.at <= page.op.Call || !s.sole(v) {
		return nil, nil
	}
	old := s.store.at(a, page.op.Call)
	if old == nil || !s.sole(old) {
		return nil, nil
	}
	for _, w := range s.store.since(a, page.op.Return) {
		if w.at > page.op.Call && w.by.op.Outcome == history.OK && old.by.op.Before(&w.by.op) && w.by.op.Before(&v.by.op) {
			return w.by, v.by
		}
	}
	return nil, nil
}
