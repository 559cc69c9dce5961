package model

import (
	"fmt"

	"bleepstore/conformance/history"
)

// A Model is what one thing that stores does, operation after operation. The
// functions are pure: a state is never changed once it was returned, and an
// operation is only read.
type Model struct {
	// Init is the state before the first operation: nothing is stored.
	Init any
	// Step says whether op can have been answered as it was in state s, and the
	// state after it. An unclear operation can always have been, and has the
	// effect that it has in s: that it had none is the history in which it comes
	// last, after everything that could have seen it (rule R1). So no step has to
	// choose, and the history says Return = Never of what is unclear.
	Step func(s any, op *history.Op) (any, bool)
	// Equal and Hash compare states; equal states have equal hashes.
	Equal func(a, b any) bool
	Hash  func(s any) uint64
	// Describe tells a state to a person.
	Describe func(s any) string
}

// An Object is what a key holds. The zero Object is none: there is no object, or
// a delete marker is the latest version.
type Object struct {
	Value history.Value
	ETag  string // "" where it is not known
	// Some says that an object is there whose value is not known: an unclear
	// copy put it there. The first read settles it.
	Some bool
}

func (o Object) String() string {
	switch {
	case o.Some:
		return "a copy"
	case o.none():
		return "nothing"
	}
	return o.Value.String()
}

func (o Object) none() bool { return o == Object{} }

func (o Object) hash() uint64 {
	h := uint64(o.Value) * 0x9E3779B97F4A7C15
	if o.Some {
		h ^= 0x51ED270B35C5A5A9
	}
	return h ^ h>>29
}

// has says whether o may have the ETag e, and whether it may have another or
// none: both where nobody knows. "*" is any object's.
func (o Object) has(e string) (yes, no bool) {
	switch {
	case o.none():
		return false, true
	case e == "*":
		return true, false
	case o.ETag == "":
		return true, true
	}
	return o.ETag == e, o.ETag != e
}

// holds says whether the conditions of a can have been found true of o, and
// whether they can have been found false.
func (o Object) holds(a *history.Arg) (yes, no bool) {
	yes = true
	if a.IfMatch != "" {
		has, not := o.has(a.IfMatch)
		yes, no = yes && has, no || not
	}
	if a.IfNoneMatch != "" {
		has, not := o.has(a.IfNoneMatch)
		yes, no = yes && not, no || has
	}
	return yes, no
}

// OneKey is one key without versions. Conditions of writes are judged if
// judged is set, by their answers; otherwise a write that succeeded is a plain
// one and one that a condition refused tells nothing.
func OneKey(judged bool) Model {
	return Model{
		Init: Object{},
		Step: func(s any, op *history.Op) (any, bool) {
			was := s.(Object)
			now, ok := was.step(op, judged)
			if now == was {
				return s, ok
			}
			return now, ok
		},
		Equal:    func(a, b any) bool { return a.(Object) == b.(Object) },
		Hash:     func(s any) uint64 { return s.(Object).hash() },
		Describe: func(s any) string { return s.(Object).String() },
	}
}

func (o Object) step(op *history.Op, judged bool) (Object, bool) {
	switch op.Kind {
	case history.Get, history.Head:
		return o.read(op)
	case history.Put, history.Copy, history.Complete:
		return o.write(op, written(op), judged)
	case history.Delete:
		return o.remove(op, judged)
	}
	panic(fmt.Sprintf("model: a register has no %s", op.Kind))
}

// written is what a write that succeeds stores.
func written(op *history.Op) Object {
	v := op.Arg.Value
	if n := len(op.Arg.Values); v == 0 && n > 0 {
		v = op.Arg.Values[n-1]
	}
	return Object{Value: v, ETag: op.Arg.ETag, Some: v == 0}
}

// read judges a Get or a Head. Answers that say nothing of the state pass.
func (o Object) read(op *history.Op) (Object, bool) {
	r := &op.Result
	yes, no := o.holds(&op.Arg)
	if op.Outcome == history.OK {
		if !yes || !o.matches(r.Value, r.ETag) {
			return o, false
		}
		return o.settle(r.Value, r.ETag), true
	}
	switch r.Status {
	case 404:
		return o, o.none()
	case 304:
		has, _ := o.has(op.Arg.IfNoneMatch)
		return o, has
	case 412:
		return o, no || o.none()
	case 416:
		return o, !o.none()
	}
	return o, true
}

// matches reports whether o can be what a read told: a value, an ETag, or both.
func (o Object) matches(v history.Value, etag string) bool {
	switch {
	case o.none():
		return false
	case o.Some:
		return true
	case v != 0 && v != o.Value:
		return false
	}
	return etag == "" || o.ETag == "" || etag == o.ETag
}

// settle is o once a read has told its value.
func (o Object) settle(v history.Value, etag string) Object {
	if o.Some && v != 0 {
		return Object{Value: v, ETag: etag}
	}
	return o
}

// write judges a write of next. 409 says that another write was under way and
// that this one had no effect.
func (o Object) write(op *history.Op, next Object, judged bool) (Object, bool) {
	yes, no := o.holds(&op.Arg)
	if !judged {
		yes, no = true, true
	}
	switch {
	case op.Outcome == history.OK:
		return next, yes
	case op.Outcome == history.Unclear && yes:
		return next, true
	case op.Outcome == history.Unclear:
		return o, true
	case !judged || op.Result.Status == 409:
		return o, true
	case op.Result.Status == 412:
		return o, no
	case op.Result.Status == 404 && op.Arg.IfMatch != "":
		return o, o.none()
	}
	return o, true
}

// remove judges a Delete. Of nothing it succeeds, also under If-Match.
func (o Object) remove(op *history.Op, judged bool) (Object, bool) {
	yes, no := o.holds(&op.Arg)
	if !judged {
		yes, no = true, true
	}
	switch {
	case op.Outcome == history.OK:
		return Object{}, yes || o.none()
	case op.Outcome == history.Unclear && yes:
		return Object{}, true
	case op.Outcome == history.Unclear:
		return o, true
	case op.Arg.IfMatch == "" && op.Result.Status == 404:
		return o, o.none()
	case !judged || op.Result.Status == 409:
		return o, true
	case op.Result.Status == 412:
		return o, no
	case op.Result.Status == 404:
		return o, o.none()
	}
	return o, true
}
