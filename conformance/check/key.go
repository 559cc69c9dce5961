package check

import (
	"slices"

	"bleepstore/conformance/history"
)

// A place is where something is stored.
type place struct{ bucket, key string }

// A key is what happened to one key, as the definite rules see it.
type key struct {
	place
	ops    []*history.Op // all that name the key, ascending by Call
	writes []write
	reads  []read
	table  *contents
	tags   bool // these are the tags of the key, and not what it holds
	// next chains the writes of each content, from first on.
	first map[content]int
	next  []int
	wild  []int // the writes that can have stored several things
}

// A write is an operation that may have changed what the key holds.
type write struct {
	op        *history.Op
	call, ret int64 // ret is Never where it may have its effect later
	// since is from when on raw lets another write take precedence over it: its
	// call, but for a Complete the call of the request that began the upload.
	since int64
	c     content
	sure  bool // it was acknowledged: it took effect between call and ret
	// any says that it may have brought about any content that from can have
	// held, or, where a version was removed, nothing as well.
	any  bool
	from *key
	// joint says that it is several operations together, any of which may have
	// been the one that took effect.
	joint bool
}

// A read is an operation whose answer told what the key held, at some time
// between call and ret.
type read struct {
	op        *history.Op
	call, ret int64
	saw       sight
	source    bool   // it is what a copy saw of its source
	page      bool   // it is a line of a listing, or a line that was not there
	etag      string // of that line
}

// A sight is what a read saw: one of several contents.
type sight struct {
	contents []content // all that it can have been
	present  bool      // or: anything at all
	unknown  bool      // or also something whose ETag nobody was told
	not      bool      // or: anything but contents, also nothing
}

// nothingThere is what a sight of no object saw.
var nothingThere = []content{absent}

func (s sight) has(c content) bool {
	if s.present {
		return c != absent
	}
	if s.not {
		return !slices.Contains(s.contents, c)
	}
	return slices.Contains(s.contents, c)
}

// gather sorts what the definite rules have to know of ops into keys.
func gather(ops []*history.Op, t *contents) map[place]*key {
	keys := map[place]*key{}
	at := func(bucket, name string) *key {
		p := place{bucket, name}
		k := keys[p]
		if k == nil {
			k = &key{place: p, table: t}
			keys[p] = k
		}
		return k
	}
	completes := completions(ops, t)
	begun := initiations(ops)
	for _, op := range ops {
		if op.Key == "" || op.Kind == history.PutTags || op.Kind == history.GetTags {
			continue
		}
		k := at(op.Bucket, op.Key)
		k.ops = append(k.ops, op)
		w, ok := k.write(op)
		if op.Kind == history.Complete {
			w.since = begun(op.Arg.UploadID)
		}
		if op.Kind == history.Copy {
			source := at(op.Bucket, op.Arg.SourceKey)
			w.from = source
			source.copied(op)
		}
		of := completes[op.Arg.UploadID]
		again := ok && op.Kind == history.Complete && of.shared(op)
		if again {
			w.sure = false
			if all, ok := of.whole(w); ok {
				k.writes = append(k.writes, all)
			}
		}
		if ok {
			k.writes = append(k.writes, w)
		}
		if r, ok := k.read(op); ok && !again {
			k.reads = append(k.reads, r)
		}
	}
	return keys
}

// write returns what op may have done to its key. A write answered with 409 had
// no effect as the models know it; the definite rules, which must never convict
// where there is a doubt, let it have had one.
func (k *key) write(op *history.Op) (write, bool) {
	if k.tags {
		return k.tagging(op)
	}
	w := write{op: op, call: op.Call, since: op.Call, ret: op.Return, sure: op.Outcome == history.OK}
	if op.Outcome == history.Refused {
		if op.Result.Status != 409 {
			return w, false
		}
		w.ret = history.Never
	}
	switch op.Kind {
	case history.Put, history.Complete:
		w.c, _ = k.table.of(op)
	case history.Delete:
		if op.Arg.VersionID != "" { // what was below it shows again
			w.any, w.sure = true, false
		}
	case history.Copy:
		if c, ok := k.table.copied(op); ok {
			w.c = c
		} else {
			w.any, w.sure = true, false
		}
	default:
		return w, false
	}
	return w, true
}

// read returns what op's answer tells of its key: 404, 304 and 412 are reads of
// its state too (R5).
func (k *key) read(op *history.Op) (read, bool) {
	r := read{op: op, call: op.Call, ret: op.Return}
	if k.tags {
		return r, k.tagged(op, &r.saw)
	}
	if op.Arg.VersionID != "" {
		return r, false
	}
	switch op.Kind {
	case history.Get, history.Head:
		return r, k.answer(op, &r.saw)
	case history.Put, history.Complete, history.Copy:
		if op.Outcome != history.OK {
			return r, k.refused(op, &r.saw)
		}
		switch {
		case op.Arg.IfNoneMatch == "*":
			r.saw.contents = nothingThere
		case op.Arg.IfMatch == "*":
			r.saw.present = true
		case op.Arg.IfMatch != "":
			if w, ok := k.write(op); !ok || w.any || k.table.all[w.c].etag == op.Arg.IfMatch {
				return r, false // it makes what it asks for
			}
			r.saw = k.etag(op.Arg.IfMatch)
		default:
			return r, false
		}
		return r, true
	}
	return r, false
}

// refused fills in what the refusal of a conditional write tells. Only cas judges
// that.
func (k *key) refused(op *history.Op, saw *sight) bool {
	a, status := &op.Arg, op.Result.Status
	if op.Outcome != history.Refused || op.Kind == history.Copy {
		return false
	}
	switch {
	case status == 412 && a.IfNoneMatch == "*" && a.IfMatch == "":
		saw.present = true
	case status == 412 && a.IfMatch != "" && a.IfMatch != "*" && a.IfNoneMatch == "":
		of := k.table.byETag[a.IfMatch]
		saw.contents, saw.not = of, true
		return len(of) == 1 && k.table.all[of[0]].etag == a.IfMatch
	case noObject(op) && a.IfMatch != "":
		saw.contents = nothingThere
	default:
		return false
	}
	return true
}

// noObject reports whether op was refused because there is no object: a missing
// upload or version is something else, and a HEAD cannot say what. A missing
// bucket is one that is lost: see told.
func noObject(op *history.Op) bool {
	r := &op.Result
	return op.Outcome == history.Refused && r.Status == 404 && (r.Code == "" || r.Code == "NoSuchKey" || r.Code == "NotFound" || r.Code == noBucket)
}

// copied enters what a copy tells of its source. A copy reads and then writes:
// no document says that it does so at once, so the two are judged apart.
func (k *key) copied(op *history.Op) {
	r := read{op: op, call: op.Call, ret: op.Return, source: true, etag: op.Result.ETag}
	switch c, ok := k.table.copied(op); {
	case op.Arg.SourceVersion != "":
		return
	case ok:
		r.saw.contents = []content{c}
	case op.Outcome == history.Refused && op.Result.Status == 404 && (op.Result.Code == "NoSuchKey" || op.Result.Code == noBucket):
		r.saw.contents = nothingThere
	default:
		return
	}
	k.reads = append(k.reads, r)
}

// answer fills in what a Get or a Head saw.
func (k *key) answer(op *history.Op, saw *sight) bool {
	r := &op.Result
	if op.Outcome == history.Refused {
		switch {
		case noObject(op):
			saw.contents = nothingThere
		case r.Status == 304 && op.Arg.IfNoneMatch == "*":
			saw.present = true
		case r.Status == 304 && op.Arg.IfNoneMatch != "":
			*saw = k.etag(op.Arg.IfNoneMatch)
		default:
			return false
		}
		return true
	}
	if op.Outcome != history.OK || r.Torn != "" {
		return false
	}
	told := r.Value != 0 || len(r.Values) > 0 && op.Arg.Length == 0
	if told {
		if c, ok := k.table.read(op); ok {
			saw.contents = []content{c}
			return k.table.all[c].writes > 0
		}
	}
	if r.ETag == "" || told && op.Arg.Length == 0 {
		return false
	}
	*saw = k.etag(r.ETag)
	return len(saw.contents) > 0 || saw.unknown // what is unknown altogether is found elsewhere
}

// etag is the sight of an ETag. Where contents are about whose ETags nobody was
// told, it may have been one of those.
func (k *key) etag(e string) sight {
	return sight{contents: k.table.byETag[e], unknown: k.table.vague}
}

// index chains the writes by content.
func (k *key) index() {
	k.first = make(map[content]int, len(k.writes))
	k.next = make([]int, len(k.writes))
	for i := len(k.writes) - 1; i >= 0; i-- {
		c := k.writes[i].c
		if k.writes[i].any {
			k.wild = append(k.wild, i)
			continue
		}
		k.next[i] = -1
		if j, ok := k.first[c]; ok {
			k.next[i] = j
		}
		k.first[c] = i
	}
}

// can reports whether w can have brought about one of what s saw.
func (k *key) can(w *write, s sight) bool {
	switch {
	case !w.any:
		return s.has(w.c) || s.unknown && w.c != absent && k.table.all[w.c].etag == ""
	case w.from == nil: // a version was removed
		return true
	case s.present || s.unknown || s.not:
		return true
	}
	for _, c := range s.contents {
		if c == absent {
			continue
		}
		if w.from.held(c) {
			return true
		}
	}
	return false
}

// held reports whether the key can have held c at any time.
func (k *key) held(c content) bool {
	for i := range k.writes {
		if k.writes[i].any || k.writes[i].c == c {
			return true
		}
	}
	return false
}

// producers calls yield with every write that can have brought about s, until
// it returns false.
func (k *key) producers(s sight, yield func(*write) bool) {
	if s.present || s.unknown || s.not {
		for i := range k.writes {
			if w := &k.writes[i]; k.can(w, s) && !yield(w) {
				return
			}
		}
		return
	}
	for _, c := range s.contents {
		i, ok := k.first[c]
		for ; ok && i >= 0; i = k.next[i] {
			if !yield(&k.writes[i]) {
				return
			}
		}
	}
	for _, i := range k.wild {
		if w := &k.writes[i]; k.can(w, s) && !yield(w) {
			return
		}
	}
}

// alone returns the one write that can have stored c, or nil where there are
// several or none: a request that something on the way sent twice is two, either
// of which may have come late, so that what is seen of it tells of neither (DUP).
func (k *key) alone(c content) *write {
	i, ok := k.first[c]
	if !ok || c == absent || k.next[i] >= 0 || len(k.wild) > 0 {
		return nil
	}
	return &k.writes[i]
}
