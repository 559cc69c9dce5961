package generate

import (
	"slices"

	"bleepstore/conformance/history"
)

// The levels of consistency that a fault can break, as checkers name them.
const (
	Raw        = "raw"
	Register   = "register"
	CAS        = "cas"
	List       = "list"
	ListAtomic = "list-atomic"
)

// A Kind is a fault that can be planted: one answer or one effect that is wrong
// in a run that is legal otherwise.
type Kind struct {
	Name string
	Says string // what the server did
	// Breaks is the level that certainly does not hold. Where Only is set, every
	// level below it still does.
	Breaks string
	Only   bool
	Models []string

	// bend changes the answer to an operation as it takes effect, and reports
	// whether it did.
	bend func(s *sim, c *call, a *answer) bool
	// plant changes an answer after the run, or finds what a bent effect has
	// led to. It returns nil unless the history is illegal for certain.
	plant func(s *sim) *Planted
}

// Kinds returns every kind of fault.
func Kinds() []*Kind {
	return slices.Concat(readKinds, writeKinds, listKinds, versionKinds, compositeKinds)
}

// FindKind returns the kind of a name, or nil.
func FindKind(name string) *Kind {
	for _, k := range Kinds() {
		if k.Name == name {
			return k
		}
	}
	return nil
}

// planted reports the fault with the operations that contradict each other.
func (s *sim) planted(key string, calls ...*call) *Planted {
	p := &Planted{Kind: s.kind, Key: key}
	for _, c := range calls {
		p.Ops = append(p.Ops, c.op.N)
	}
	return p
}

// shuffled returns the recorded operations of the kinds that succeeded, in any
// order.
func (s *sim) shuffled(kinds ...history.Kind) []*call {
	var found []*call
	for _, c := range s.calls {
		if c.op.Outcome == history.OK && slices.Contains(kinds, c.op.Kind) {
			found = append(found, c)
		}
	}
	s.r.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	return found
}

// reads returns the reads of whole current objects that succeeded, in any order.
func (s *sim) reads() []*call {
	return slices.DeleteFunc(s.shuffled(history.Get, history.Head), func(c *call) bool {
		return c.op.Arg.VersionID != "" || c.op.Arg.Length > 0 || c.op.Arg.IfMatch+c.op.Arg.IfNoneMatch != ""
	})
}

// sole reports whether one acknowledged operation, and no other, can have
// written v, so that who reads v has read that write.
func (s *sim) sole(v *version) bool {
	o := &v.by.op
	if v.gone || o.Outcome != history.OK || s.twice[v.value] || o.Kind != history.Put && o.Kind != history.Complete {
		return false
	}
	if o.Kind == history.Put {
		return !s.copied(o.Key)
	}
	for _, c := range s.calls {
		if c.op.Kind == history.Complete && c.op.Arg.UploadID == o.Arg.UploadID && c != v.by {
			return false
		}
	}
	return true
}

// copied reports whether things were copied from the key and to it, so that what
// was put there can have come back.
func (s *sim) copied(key string) bool {
	from := slices.ContainsFunc(s.calls, func(c *call) bool { return c.op.Kind == history.Copy && c.op.Arg.SourceKey == key })
	return from && s.copiedTo(key)
}

// replaced returns a version of a key and a later one, such that the first was
// acknowledged before the second was asked for, and the second, which gone says
// is a deletion or is none, was acknowledged before a time. Nobody may see the
// first after that time.
func (s *sim) replaced(key string, before int64, gone bool) (first, second *version) {
	log := s.store.log[key]
	for i := len(log) - 1; i > 0; i-- {
		second := log[i]
		if second.gone != gone || second.by.op.Outcome != history.OK || second.by.op.Return >= before {
			continue
		}
		for j := i - 1; j >= 0; j-- {
			if s.sole(log[j]) && log[j].by.op.Return < s.since(second.by) {
				return log[j], second
			}
		}
	}
	return nil, nil
}

// since is from when on another write may take precedence over w: its call, but
// for a Complete the call of the request that began the upload, as AWS documents.
func (s *sim) since(w *call) int64 {
	at := w.op.Call
	for _, c := range s.calls {
		if w.op.Kind == history.Complete && c.op.Kind == history.CreateUpload && c.op.Result.UploadID == w.op.Arg.UploadID {
			at = min(at, c.op.Call)
		}
	}
	return at
}

// deletes reports whether a delete of the key was asked for by a time.
func (s *sim) deletes(key string, by int64) bool {
	return slices.ContainsFunc(s.calls, func(c *call) bool {
		return c.op.Kind == history.Delete && c.op.Key == key && c.op.Call <= by
	})
}

// A sight is what an operation says is current at a key. The zero sight is
// nothing there.
type sight struct {
	value history.Value
	etag  string
}

// of reports whether the sight is of v.
func (s sight) of(v *version) bool {
	return !v.gone && s.etag == v.etag && (s.value == 0 || s.value == v.value)
}

// told returns what an operation says is current at a key, if it says anything.
func told(o *history.Op, key string) (s sight, known bool) {
	switch {
	case o.Kind == history.List:
		return listed(o, key)
	case o.Key != key || o.Kind != history.Get && o.Kind != history.Head || o.Arg.VersionID != "":
		return sight{}, false
	case o.Outcome == history.OK:
		return sight{o.Result.Value, o.Result.ETag}, true
	}
	return sight{}, o.Result.Status == 404
}

// listed is told of a page: keys in its range that it does not show are absent.
func listed(o *history.Op, key string) (s sight, known bool) {
	entries := o.Result.Entries
	for _, e := range entries {
		if e.Key == key {
			return sight{etag: e.ETag}, true
		}
	}
	inside := key > o.Arg.After && len(key) >= len(o.Arg.Prefix) && key[:len(o.Arg.Prefix)] == o.Arg.Prefix
	if o.Result.Truncated {
		inside = inside && len(entries) > 0 && key < entries[len(entries)-1].Key
	}
	return sight{}, inside
}

// overlooked finds a read that began after w, which was acknowledged, and still
// shows what was there before w was asked for: nothing, where nothing was ever
// deleted, or an older write.
func (s *sim) overlooked(w *call) *Planted {
	key := w.op.Key
	for _, c := range s.calls {
		if c.op.Call <= w.op.Return {
			continue
		}
		if c.op.Kind == history.List && s.beganBy(c, w.op.Return) {
			continue // the listing began earlier
		}
		saw, known := told(&c.op, key)
		if !known {
			continue
		}
		if saw == (sight{}) {
			if w.op.Kind != history.Delete && !s.deletes(key, c.op.Return) {
				return s.planted(key, w, c)
			}
			continue
		}
		for _, v := range s.store.log[key] {
			if saw.of(v) && s.sole(v) && v.by.op.Return < s.since(w) {
				return s.planted(key, w, c, v.by)
			}
		}
	}
	return nil
}

// beganBy reports whether the listing that a page is of began by a time.
func (s *sim) beganBy(page *call, t int64) bool {
	if page.op.Arg.Page == 1 {
		return page.op.Call <= t
	}
	for _, c := range s.calls {
		if c.op.N == page.op.Arg.Listing {
			return c.op.Call <= t
		}
	}
	return true // its first page was never answered
}
