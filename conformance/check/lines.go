package check

import (
	"sort"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// lines turns the pages of listings into reads of the keys that they tell of. A
// server may serve the later pages of a listing from what it saw when it began,
// so the time in which a line was read begins with page 1 of its listing.
func (w *work) lines() {
	names := w.listed()
	for _, op := range w.ops {
		if op.Kind != history.List || op.Outcome != history.OK || w.broken[op.N] {
			continue
		}
		call := w.began(op)
		for _, k := range within(names, op) {
			e, covered := model.Shows(op, k.key)
			if !covered || k.bucket != op.Bucket {
				continue
			}
			r := read{op: op, call: call, ret: op.Return, page: true, saw: sight{contents: nothingThere}}
			if e != nil {
				r.etag = e.ETag
				r.saw = k.etag(e.ETag)
				w.line(k, op, e, r.saw)
			}
			if e == nil || len(r.saw.contents) > 0 || r.saw.unknown {
				k.reads = append(k.reads, r)
			}
		}
	}
}

// line looks at an entry by itself.
func (w *work) line(k *key, op *history.Op, e *history.Entry, saw sight) {
	switch {
	case len(saw.contents) == 0 && !saw.unknown && len(k.writes) > 0 && e.ETag != "":
		w.find(model.Raw, k.place, "entry", tell(op)+" shows "+k.key+" with the ETag "+e.ETag+", which nobody ever wrote.", op)
	case len(saw.contents) == 1:
		s := &w.table.all[saw.contents[0]]
		if s.writes == 0 && s.refused != nil {
			w.find(model.Raw, k.place, "refused", tell(s.refused)+" was refused, and yet "+tell(op)+" shows what it wrote.", s.refused, op)
		} else if s.size > 0 && s.size != e.Size {
			w.find(model.Raw, k.place, "size", tell(op)+" shows "+k.key+" with a size that its ETag's write has not.", op)
		}
	}
}

// began is when a page may have been read at the earliest.
func (w *work) began(page *history.Op) int64 {
	if first := w.first[page.Arg.Listing]; first != nil && page.Arg.Page > 1 {
		return min(first.Call, page.Call)
	}
	return page.Call
}

// listed are the keys that a listing can tell of, ascending by name: those of
// the universe, and all that something was written to.
func (w *work) listed() []*key {
	var all []*key
	for _, p := range w.places() {
		all = append(all, w.keys[p])
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].key < all[j].key })
	return all
}

// within narrows ascending names to those that a page can tell of.
func within(names []*key, op *history.Op) []*key {
	from := sort.Search(len(names), func(i int) bool { return names[i].key > op.Arg.After && names[i].key >= op.Arg.Prefix })
	to := from + sort.Search(len(names)-from, func(i int) bool {
		return !hasPrefix(names[from+i].key, op.Arg.Prefix)
	})
	if n := len(op.Result.Entries); op.Result.Truncated {
		if n == 0 {
			return nil
		}
		last := op.Result.Entries[n-1].Key
		to = min(to, sort.Search(len(names), func(i int) bool { return names[i].key > last }))
	}
	return names[min(from, to):to]
}
