package check

import (
	"fmt"
	"slices"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// A row is what is known of a version by its id: the write that was told it, or
// the answer that first showed it.
type row struct {
	write  *history.Op // nil where nobody was told that he wrote it
	by     *history.Op
	marker bool
	c      content
	known  bool // c is
}

// A stack is what the definite rules know of the versions of one key.
type stack struct {
	*key
	rows    map[string]*row
	removed map[string]bool        // ids that a delete named
	pages   []*history.Op          // listings that show all versions of the key
	ids     map[*history.Op]string // of unclear writes, where they were seen
}

// versions judges ids and listings of versions. AWS says that listings show the
// version that was stored last first, and that a version never changes.
func (w *work) versions() {
	if w.Model != "versions" {
		return
	}
	w.stacks = map[place]*stack{}
	for _, p := range w.places() {
		k := w.keys[p]
		s := &stack{key: k, rows: map[string]*row{}, removed: map[string]bool{}}
		w.stacks[p] = s
		for _, op := range k.ops {
			if op.Kind == history.Delete && op.Arg.VersionID != "" {
				s.removed[op.Arg.VersionID] = true
			}
			w.given(s, op)
		}
	}
	keys := w.listed()
	for _, op := range w.ops {
		if op.Kind != history.ListVersions || op.Outcome != history.OK || w.broken[op.N] {
			continue
		}
		for _, k := range within(keys, op) {
			n := len(op.Result.Entries)
			if k.bucket != op.Bucket || k.key <= op.Arg.After || op.Result.Truncated && k.key >= op.Result.Entries[n-1].Key {
				continue
			}
			s := w.stacks[k.place]
			s.pages = append(s.pages, op)
			w.stackPage(s, op)
		}
	}
	for _, p := range w.places() {
		s := w.stacks[p]
		for _, op := range s.ops {
			w.versionRead(s, op)
		}
		s.name(w)
	}
}

// name finds the ids of unclear writes: what alone can have stored a content has
// the id of the one version with it that nobody was told he wrote.
func (s *stack) name(w *work) {
	s.ids = map[*history.Op]string{}
	for _, op := range s.ops {
		id := op.Result.VersionID
		if op.Outcome != history.OK || !op.Kind.Reads() || id == "" || s.rows[id] != nil || w.broken[op.N] {
			continue
		}
		if c, ok := s.table.read(op); ok {
			s.rows[id] = &row{by: op, c: c, known: true}
		}
	}
	for _, id := range sorted(s.rows) {
		if r := s.rows[id]; r.write == nil && r.known && !r.marker {
			if wr := s.alone(r.c); wr != nil && !wr.op.Ended() {
				s.ids[wr.op] = id
			}
		}
	}
}

// removals reports whether every version that was removed is known to be of one
// write: a model could not tell otherwise what is left.
func (s *stack) removals() bool {
	known := map[string]bool{}
	for _, id := range s.ids {
		known[id] = true
	}
	for id := range s.removed {
		if r := s.rows[id]; !known[id] && (r == nil || r.write == nil) {
			return false
		}
	}
	return true
}

// given notes the id that a write was given: no other has it.
func (w *work) given(s *stack, op *history.Op) {
	id := op.Result.VersionID
	if op.Outcome != history.OK || op.Kind.Reads() || id == "" || id == "null" || op.Arg.VersionID != "" {
		return
	}
	if r := s.rows[id]; r != nil {
		w.find(model.Raw, s.place, "version id", fmt.Sprintf("%s and %s were both told that they made version %s.", tell(r.write), tell(op), id), r.write, op)
		return
	}
	wr, ok := s.write(op)
	s.rows[id] = &row{write: op, by: op, marker: op.Kind == history.Delete, c: wr.c, known: ok && !wr.any}
}

// stackPage judges what a listing shows of one key. Versions and delete markers
// come as two lists to whoever reads them by an SDK, so that their order is
// judged for each kind apart, and the current one is the one that says so.
func (w *work) stackPage(s *stack, page *history.Op) {
	began := w.began(page)
	shown := map[string]bool{}
	latest, rows := 0, 0
	above := map[bool]*history.Op{} // by kind, of those further up, the write that ended first
	top := read{op: page, call: began, ret: page.Return, page: true, saw: sight{contents: nothingThere}}
	for i := range page.Result.Entries {
		e := &page.Result.Entries[i]
		if e.Key != s.key.key {
			continue
		}
		if shown[e.VersionID] {
			w.find(model.Raw, s.place, "version twice", fmt.Sprintf("%s shows version %s of %s twice.", tell(page), e.VersionID, e.Key), page)
		}
		shown[e.VersionID] = true
		rows++
		if e.Latest {
			latest++
		}
		if e.Latest && !e.Marker {
			top.etag, top.saw = e.ETag, s.etag(e.ETag)
		}
		w.entry(s, page, e)
		r := s.rows[e.VersionID]
		if r == nil || r.write == nil {
			continue
		}
		switch {
		case r.write.Call > page.Return:
			w.find(model.Raw, s.place, "version early", fmt.Sprintf("%s shows version %s before %s began.", tell(page), e.VersionID, tell(r.write)), page, r.write)
		case above[e.Marker] != nil && r.write.Call > above[e.Marker].Return:
			first := above[e.Marker]
			w.find(model.Raw, s.place, "version order", fmt.Sprintf("%s shows what %s stored as newer than what %s stored, which began only after that had ended.", tell(page), tell(first), tell(r.write)), first, r.write, page)
		}
		if above[e.Marker] == nil || r.write.Return < above[e.Marker].Return {
			above[e.Marker] = r.write
		}
	}
	if len(top.saw.contents) > 0 || top.saw.unknown {
		s.key.reads = append(s.key.reads, top)
	}
	if rows > 0 && latest != 1 {
		w.find(model.Raw, s.place, "latest", fmt.Sprintf("%s shows %d versions of %s as the latest.", tell(page), latest, s.key.key), page)
	}
	for _, op := range s.ops {
		id := op.Result.VersionID
		if r := s.rows[id]; r != nil && r.write == op && op.Return < began && !shown[id] && !s.removed[id] {
			w.find(model.Raw, s.place, "version lost", fmt.Sprintf("%s was acknowledged as version %s, which %s does not show, and nothing removed it.", tell(op), id, tell(page)), op, page)
		}
	}
}

// entry compares a line of a listing with what is known of its version.
func (w *work) entry(s *stack, page *history.Op, e *history.Entry) {
	if e.VersionID == "" || e.VersionID == "null" {
		return
	}
	saw := s.etag(e.ETag)
	if !e.Marker && len(saw.contents) == 0 && !saw.unknown {
		w.find(model.Raw, s.place, "entry", fmt.Sprintf("%s shows a version of %s with the ETag %s, which nobody ever wrote.", tell(page), s.key.key, e.ETag), page)
		return
	}
	r := s.rows[e.VersionID]
	if r == nil {
		r = &row{by: page, marker: e.Marker}
		if !e.Marker && len(saw.contents) == 1 && !saw.unknown {
			r.c, r.known = saw.contents[0], true
		}
		s.rows[e.VersionID] = r
		return
	}
	if r.marker != e.Marker || r.known && !e.Marker && !saw.has(r.c) && !saw.unknown {
		w.find(model.Raw, s.place, "version changed", fmt.Sprintf("%s shows version %s of %s as something else than %s.", tell(page), e.VersionID, s.key.key, tell(r.by)), r.by, page)
	}
}

// versionRead judges the read of a version by its id.
func (w *work) versionRead(s *stack, op *history.Op) {
	id := op.Arg.VersionID
	if id == "" || op.Kind != history.Get && op.Kind != history.Head || w.broken[op.N] {
		return
	}
	r := s.rows[id]
	switch {
	case r == nil:
	case op.Outcome == history.OK && r.marker:
		w.find(model.Raw, s.place, "version changed", fmt.Sprintf("%s got an object, but %s tells of a delete marker.", tell(op), tell(r.by)), r.by, op)
	case op.Outcome == history.OK && r.known:
		var seen sight
		if s.answer(op, &seen) && !seen.has(r.c) && !seen.unknown {
			w.find(model.Raw, s.place, "version changed", fmt.Sprintf("%s got %s, but that version is what %s tells of.", tell(op), saw(op), tell(r.by)), r.by, op)
		}
	case op.Result.Status == 404 && op.Outcome == history.Refused && r.write != nil && !r.marker && r.write.Return < op.Call && !s.removed[id]:
		w.find(model.Raw, s.place, "version lost", fmt.Sprintf("%s found nothing, but %s was acknowledged as that version, and nothing removed it.", tell(op), tell(r.write)), r.write, op)
	}
}

// final is the listing that shows what became of the unclear writes of a key
// (R6), or nil. The bucket had versioning enabled all the while and nothing
// removed a version, so every write that had its effect left one; and the listing
// began when all else that was told of the key had ended, so what had not had its
// effect by then was never seen. It says nothing of the null version, which is
// overwritten in place.
func (s *stack) final(w *work) *history.Op {
	if !w.Versioned || len(s.removed) > 0 || len(s.pages) == 0 {
		return nil
	}
	last := s.pages[0]
	for _, p := range s.pages {
		if w.began(p) > w.began(last) {
			last = p
		}
	}
	from := w.began(last)
	for _, op := range s.ops {
		if op.Result.VersionID == "null" || op.Ended() && op.Return >= from {
			return nil
		}
	}
	for _, p := range s.pages {
		if p != last && p.Return >= from {
			return nil
		}
	}
	return last
}

// searched adds the listings of a key's versions to its operations. Where there
// is a final one it returns the order in which that shows the versions, from the
// bottom, and settles the unclear writes by it.
func (s *stack) searched(w *work, ops []*history.Op) ([]*history.Op, []history.Entry) {
	var order []history.Entry
	final := s.final(w)
	if final != nil {
		order = []history.Entry{}
		for _, e := range slices.Backward(final.Result.Entries) {
			if e.Key == s.key.key {
				order = append(order, e)
			}
		}
		ops = s.settled(ops, order, final.Return)
	}
	var out []*history.Op
	for _, op := range ops {
		i := slices.IndexFunc(s.ops, func(o *history.Op) bool { return o.N == op.N })
		if id := s.ids[s.ops[i]]; id != "" {
			named := *op
			named.Result.VersionID = id
			op = &named
		}
		out = append(out, op)
	}
	for _, p := range s.pages {
		page := *p
		page.Key, page.Call = s.key.key, w.began(p)
		out = append(out, &page)
	}
	byCall(out)
	return out, order
}

// settled leaves out the unclear writes that the final listing does not show,
// and says of those that it does show that they happened, by its end.
func (s *stack) settled(ops []*history.Op, order []history.Entry, end int64) []*history.Op {
	rows := map[string]history.Entry{}
	markers := 0
	for _, e := range order {
		if !e.Marker {
			rows[e.ETag] = e
		} else if r := s.rows[e.VersionID]; r == nil || r.write == nil {
			markers++
		}
	}
	var out []*history.Op
	for _, op := range ops {
		if op.Ended() {
			out = append(out, op)
			continue
		}
		if op.Kind == history.Delete {
			if markers > 0 {
				out = append(out, op)
			}
			continue
		}
		c, ok := s.table.of(op)
		if !ok || s.table.all[c].etag == "" {
			out = append(out, op)
			continue
		}
		if e, there := rows[s.table.all[c].etag]; there && s.alone(c) != nil {
			done := *op
			done.Outcome, done.Return, done.Result.VersionID = history.OK, max(end, op.Call), e.VersionID
			out = append(out, &done)
		} else if there {
			out = append(out, op)
		}
	}
	return out
}

// above is for each version those that some listing shows as newer.
func (s *stack) above() map[string]map[string]bool {
	above := map[string]map[string]bool{}
	for _, p := range s.pages {
		var newer []string
		for _, e := range p.Result.Entries {
			if e.Key != s.key.key || e.VersionID == "" || e.VersionID == "null" {
				continue
			}
			if above[e.VersionID] == nil {
				above[e.VersionID] = map[string]bool{}
			}
			for _, id := range newer {
				above[e.VersionID][id] = true
			}
			newer = append(newer, e.VersionID)
		}
	}
	return above
}
