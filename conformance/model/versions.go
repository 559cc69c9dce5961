package model

import (
	"fmt"
	"hash/fnv"
	"strings"

	"bleepstore/conformance/history"
)

// null is the version that a bucket keeps that has no versions yet, or no more.
const null = "null"

// A version is one of a stack, which is shared by all states that hold it.
type version struct {
	Object
	id     string // "" where nobody was told it
	marker bool
	below  *version
	hash   uint64 // of this and all below
	depth  int
}

func (top *version) push(v version) *version {
	if v.id == null {
		top = top.without(null) // there is but one
	}
	v.below, v.depth = top, 1
	h := fnv.New64a()
	fmt.Fprint(h, v.id, v.marker, v.Value)
	v.hash = h.Sum64()
	if top != nil {
		v.depth += top.depth
		v.hash ^= top.hash * 0x9E3779B97F4A7C15
	}
	return &v
}

// without is the stack with no version of that id.
func (top *version) without(id string) *version {
	switch {
	case top == nil:
		return nil
	case top.id == id:
		return top.below
	}
	below := top.below.without(id)
	if below == top.below {
		return top
	}
	return below.push(version{Object: top.Object, id: top.id, marker: top.marker})
}

func (top *version) equal(o *version) bool {
	for top != o {
		if top == nil || o == nil || top.hash != o.hash || top.depth != o.depth ||
			top.id != o.id || top.marker != o.marker || top.Object != o.Object {
			return false
		}
		top, o = top.below, o.below
	}
	return true
}

// current is what a read without a version sees.
func (top *version) current() Object {
	if top == nil {
		return Object{}
	}
	return top.Object // a marker's is none
}

// Versions is one key in a bucket with versions, enabled or suspended: what the
// answer says that a write was given as its id tells which. Conditions are not
// judged.
//
// order, where it is not nil, is all that will ever have been put on the stack,
// from the bottom, and above is for each id those that any listing shows further
// up: no history in which it is otherwise is looked at. That spares a search what
// it would only find out at a listing.
func Versions(order []history.Entry, above map[string]map[string]bool) Model {
	return Model{
		Init: (*version)(nil),
		Step: func(s any, op *history.Op) (any, bool) {
			top := s.(*version)
			next, ok := top.step(op)
			if next == top {
				return s, ok
			}
			switch {
			case next != nil && next.below == top && top.hasOne(above[next.id]):
				return s, false
			case order == nil || next.due(order):
				return next, ok
			case op.Outcome == history.Unclear:
				return s, true // it had no effect
			}
			return s, false
		},
		Equal: func(a, b any) bool { return a.(*version).equal(b.(*version)) },
		Hash: func(s any) uint64 {
			if top := s.(*version); top != nil {
				return top.hash
			}
			return 0
		},
		Describe: func(s any) string {
			var b strings.Builder
			for v := s.(*version); v != nil; v = v.below {
				fmt.Fprintf(&b, "%s %s\n", v.id, v.Object)
			}
			return b.String()
		},
	}
}

func (top *version) step(op *history.Op) (*version, bool) {
	switch op.Kind {
	case history.Put, history.Copy, history.Complete:
		next, _ := Object{}.write(op, written(op), false)
		if op.Outcome == history.Refused {
			return top, true
		}
		return top.push(version{Object: next, id: op.Result.VersionID}), true
	case history.Delete:
		return top.remove(op)
	case history.ListVersions:
		return top, top.listed(op)
	case history.Get, history.Head:
		if op.Arg.VersionID != "" {
			return top, top.holds(op)
		}
		_, ok := top.current().read(op)
		if ok && top != nil && op.Outcome == history.OK && top.id != "" && op.Result.VersionID != "" {
			ok = top.id == op.Result.VersionID
		}
		return top, ok
	}
	panic(fmt.Sprintf("model: a key with versions has no %s", op.Kind))
}

// due reports whether the version on top is the next one in order.
func (top *version) due(order []history.Entry) bool {
	if top == nil || top.depth > len(order) {
		return false
	}
	e := &order[top.depth-1]
	if top.marker != e.Marker || top.id != "" && top.id != e.VersionID {
		return false
	}
	return top.marker || top.matches(0, e.ETag)
}

// hasOne reports whether one of ids is on the stack.
func (top *version) hasOne(ids map[string]bool) bool {
	for v := top; v != nil && len(ids) > 0; v = v.below {
		if ids[v.id] {
			return true
		}
	}
	return false
}

// remove puts a marker on top, or takes the one version away that is named.
func (top *version) remove(op *history.Op) (*version, bool) {
	switch {
	case op.Outcome == history.Refused:
		return top, true
	case op.Arg.VersionID != "":
		return top.without(op.Arg.VersionID), true
	}
	return top.push(version{id: op.Result.VersionID, marker: true}), true
}

// holds judges the read of a version. Its content never changes.
func (top *version) holds(op *history.Op) bool {
	unnamed := false
	for v := top; v != nil; v = v.below {
		if v.id == op.Arg.VersionID {
			switch {
			case op.Outcome == history.OK:
				return v.matches(op.Result.Value, op.Result.ETag)
			case op.Result.Status == 404:
				return v.marker
			}
			return true
		}
		unnamed = unnamed || v.id == "" && (v.marker || v.matches(op.Result.Value, op.Result.ETag))
	}
	return op.Outcome != history.OK || unnamed
}

// listed judges a page of versions that shows all of the key's.
func (top *version) listed(op *history.Op) bool {
	rows := op.Result.Entries
	v := top
	for i := range rows {
		e := &rows[i]
		if e.Key != op.Key {
			continue
		}
		switch {
		case v == nil || e.Marker != v.marker || e.Latest != (v == top):
			return false
		case v.id != "" && e.VersionID != v.id:
			return false
		case !e.Marker && !v.matches(0, e.ETag):
			return false
		}
		v = v.below
	}
	return v == nil
}
