package generate

import (
	"fmt"

	"bleepstore/conformance/history"
)

// A workload is how the clients of a model behave.
type workload struct {
	rule      string
	keys      int // of a team
	versioned bool
	grouped   bool // the keys of a team are judged together
	lists     bool // the keys of all teams are the universe of the listings
	sizes     []int64
	ask       func(*client) []history.Op
	// check is what a client reads after a write whose answer never came.
	check func(c *client, key string) []history.Op
	// finals are the reads after the last client stopped.
	finals func(*sim) []history.Op
}

// Sizes of bodies: where ETags tell writes apart every body is a block or more,
// so that no two are the same.
var (
	anySize = []int64{0, 1, 31, 32, 64, 100, 4096}
	blocks  = []int64{32, 33, 64, 100}
)

var workloads = map[string]*workload{
	"register":    {rule: "Z-01", keys: 1, sizes: anySize, ask: register, check: reread, finals: readAll},
	"cas":         {rule: "Z-02", keys: 1, sizes: blocks, ask: swap, check: reread, finals: readAll},
	"elect":       {rule: "Z-03", keys: 20, sizes: blocks, ask: elect, check: reread, finals: readAll},
	"append":      {rule: "Z-02", keys: 1, sizes: blocks, ask: extend, check: reread, finals: readAll},
	"delete":      {rule: "Z-10", keys: 3, sizes: anySize, ask: remove, check: reread, finals: readAll},
	"list":        {rule: "Z-05", keys: 12, lists: true, sizes: blocks, ask: browse, check: relist, finals: readAndList},
	"list-atomic": {rule: "Z-05", keys: 5, lists: true, grouped: true, sizes: blocks, ask: browse, check: relist, finals: readAndList},
	"set":         {rule: "Z-05", keys: 150, lists: true, sizes: blocks, ask: fill, check: relist, finals: listAll},
	"versions":    {rule: "Z-07", keys: 1, versioned: true, sizes: blocks, ask: stack, check: recount, finals: countAll},
	"multipart":   {rule: "Z-08", keys: 1, sizes: blocks, ask: assembleParts, check: reread, finals: readAll},
	"copy":        {rule: "Z-11", keys: 2, grouped: true, sizes: blocks, ask: duplicate, check: reread, finals: readAll},
	"tags":        {rule: "Z-12", keys: 1, sizes: blocks, ask: label, check: retag, finals: tagsOfAll},
}

// enough is how many keys a run of so many operations needs, of which each team
// makes 200.
func (w *workload) enough(o *Options) int { return (o.Ops + 199) / 200 * w.keys }

// assemble makes the teams.
func (w *workload) assemble(s *sim) []*team {
	n := max(1, (s.o.Keys+w.keys-1)/w.keys)
	teams := make([]*team, n)
	for i := range teams {
		t := &team{prefix: fmt.Sprintf("t%04d/", i)}
		for k := range w.keys {
			t.keys = append(t.keys, fmt.Sprintf("%sk%04d", t.prefix, k))
		}
		teams[i] = t
	}
	return teams
}

func reread(c *client, key string) []history.Op { return one(history.Get, key) }

func relist(c *client, key string) []history.Op {
	if c.s.r.IntN(2) == 0 {
		return one(history.Get, key)
	}
	return c.list(1000, eachPageAtOnce)
}

func recount(c *client, key string) []history.Op { return c.versions(key) }

func retag(c *client, key string) []history.Op { return one(history.GetTags, key) }

// each makes a final read of a kind for every key.
func each(s *sim, k history.Kind) []history.Op {
	var ops []history.Op
	for _, t := range s.teams {
		for _, key := range t.keys {
			ops = append(ops, history.Op{Kind: k, Key: key})
		}
	}
	return ops
}

func readAll(s *sim) []history.Op { return each(s, history.Get) }

func tagsOfAll(s *sim) []history.Op {
	return append(each(s, history.GetTags), readAll(s)...)
}

// listAll reads one listing of everything, page by page.
func listAll(s *sim) []history.Op {
	return []history.Op{{Kind: history.List, Arg: history.Arg{Max: 100}}}
}

func readAndList(s *sim) []history.Op { return append(listAll(s), readAll(s)...) }

func countAll(s *sim) []history.Op {
	ops := readAll(s)
	for _, o := range each(s, history.ListVersions) {
		o.Key, o.Arg = "", history.Arg{Prefix: o.Key, Max: 1000, Page: 1}
		ops = append(ops, o)
	}
	return ops
}
