package generate

import (
	"slices"
	"strings"

	"bleepstore/conformance/history"
)

// A way in which a server reads the keys of a listing. All are legal when each
// key is looked at alone; the first alone is when a page is one moment.
type way int

const (
	eachPageAtOnce way = iota
	snapshot           // every page shows the moment of the first
	scattered          // each key is read at some time within its page
	wide               // each key is read at some time since the first page's call
	ways
)

// A listing is one that is being read page by page.
type listing struct {
	way    way
	call   int64 // of page 1
	at     int64 // when a snapshot was taken
	first  int64 // N of page 1
	page   int
	prefix string
	after  string
	max    int
}

// page answers one page as it ends, from what the keys were before.
func (s *sim) page(c *call) {
	l := c.list
	c.op.Result.Status = 200
	if c.op.Kind == history.ListVersions {
		c.op.Result.Entries = s.store.versionsAt(c.op.Arg.Prefix, c.effect)
		return
	}
	if l.page == 1 {
		l.call, l.at, l.first = c.op.Call, c.effect, c.op.N
	}
	s.show(c, func(string) int64 {
		switch l.way {
		case snapshot:
			return l.at
		case scattered:
			return c.op.Call + s.r.Int64N(s.now-c.op.Call+1)
		case wide:
			return l.call + s.r.Int64N(s.now-l.call+1)
		}
		return c.effect
	})
}

// show fills a page with what each key was at its time.
func (s *sim) show(c *call, at func(key string) int64) {
	arg, r := &c.op.Arg, &c.op.Result
	r.Entries, r.Truncated = nil, false
	for _, key := range c.client.universe(s) {
		if key <= arg.After || !strings.HasPrefix(key, arg.Prefix) {
			continue
		}
		v := s.store.at(key, at(key))
		if v == nil {
			continue
		}
		if len(r.Entries) == arg.Max {
			r.Truncated = true
			return
		}
		r.Entries = append(r.Entries, history.Entry{Key: key, ETag: v.etag, Size: v.size})
	}
}

// versionsAt lists the versions of a key at a time, newest first.
func (s *store) versionsAt(key string, t int64) []history.Entry {
	log := slices.Clone(s.since(key, t))
	slices.Reverse(log)
	var entries []history.Entry
	for i, v := range log {
		entries = append(entries, history.Entry{Key: key, ETag: v.etag, Size: v.size, VersionID: v.id, Latest: i == 0, Marker: v.gone})
	}
	return entries
}

// turn makes the operation of the next page of a client's listing.
func (c *client) turn() []history.Op {
	l := c.listing
	l.page++
	o := history.Op{Kind: history.List, Arg: history.Arg{Prefix: l.prefix, After: l.after, Max: l.max, Page: l.page, Listing: l.first}}
	return []history.Op{o}
}

// list begins a listing of the keys of the client's team, or of some of them.
func (c *client) list(max int, w way) []history.Op {
	c.listing = &listing{way: w, prefix: c.team.prefix, max: max}
	if max < len(c.team.keys) && c.s.r.IntN(4) == 0 {
		c.listing.after = c.key()
	}
	return c.turn()
}

// versions lists every version of a key.
func (c *client) versions(key string) []history.Op {
	c.listing = &listing{}
	return []history.Op{{Kind: history.ListVersions, Arg: history.Arg{Prefix: key, Max: 1000, Page: 1}}}
}
