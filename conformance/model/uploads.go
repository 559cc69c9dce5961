package model

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"bleepstore/conformance/history"
)

// An upload is what parts of it are there, and whether it has ended.
type upload struct {
	parts     map[int]string // the ETag of each; "" where nobody was told it
	aborted   bool
	completed string // the values that it was completed as, "" while it is open
}

func (u upload) open() bool { return !u.aborted && u.completed == "" }

// A multipart is a key with the uploads to it.
type multipart struct {
	object  Object
	uploads map[string]upload
	hash    uint64
}

// Uploads is one key and all uploads to it. An upload is there from the first
// operation that names it, since nobody can know it earlier. A Complete that
// asks for what the upload was completed as is answered again and has no effect.
// Conditions are not judged.
func Uploads() Model {
	return Model{
		Init: multipart{},
		Step: func(s any, op *history.Op) (any, bool) {
			m := s.(multipart)
			switch op.Kind {
			case history.UploadPart, history.Complete, history.Abort:
				next, ok := m.upload(op)
				return next, ok
			}
			now, ok := m.object.step(op, false)
			if now == m.object {
				return s, ok
			}
			m.object = now
			return m.sum(), ok
		},
		Equal: func(a, b any) bool {
			x, y := a.(multipart), b.(multipart)
			return x.hash == y.hash && x.object == y.object && maps.EqualFunc(x.uploads, y.uploads, upload.equal)
		},
		Hash: func(s any) uint64 { return s.(multipart).hash },
		Describe: func(s any) string {
			m := s.(multipart)
			var b strings.Builder
			fmt.Fprintf(&b, "%s\n", m.object)
			for _, id := range slices.Sorted(maps.Keys(m.uploads)) {
				u := m.uploads[id]
				fmt.Fprintf(&b, "%s: parts %v, completed as %q, aborted %v\n", id, u.parts, u.completed, u.aborted)
			}
			return b.String()
		},
	}
}

func (u upload) equal(o upload) bool {
	return u.aborted == o.aborted && u.completed == o.completed && maps.Equal(u.parts, o.parts)
}

// sum is m with its hash.
func (m multipart) sum() multipart {
	m.hash = m.object.hash()
	for id, u := range m.uploads {
		h := fnv.New64a()
		fmt.Fprint(h, id, u.aborted, u.completed, len(u.parts))
		m.hash ^= h.Sum64()
	}
	return m
}

// with is m with an upload changed.
func (m multipart) with(id string, u upload) multipart {
	m.uploads = maps.Clone(m.uploads)
	if m.uploads == nil {
		m.uploads = map[string]upload{}
	}
	m.uploads[id] = u
	return m.sum()
}

func (m multipart) upload(op *history.Op) (multipart, bool) {
	u := m.uploads[op.Arg.UploadID]
	if op.Outcome == history.Refused {
		// Only that there is no such upload tells of the state.
		return m, op.Result.Code != "NoSuchUpload" || !u.open()
	}
	sure := op.Outcome == history.OK
	switch op.Kind {
	case history.UploadPart:
		if !u.open() {
			return m, !sure
		}
		u.parts = maps.Clone(u.parts)
		if u.parts == nil {
			u.parts = map[int]string{}
		}
		u.parts[op.Arg.Part] = op.Result.ETag
		return m.with(op.Arg.UploadID, u), true
	case history.Abort:
		if !u.open() {
			return m, true // it has ended, and may be said to have
		}
		u.aborted, u.parts = true, nil
		return m.with(op.Arg.UploadID, u), true
	}
	return m.complete(op, u)
}

func (m multipart) complete(op *history.Op, u upload) (multipart, bool) {
	sure := op.Outcome == history.OK
	as := fmt.Sprint(op.Arg.Values)
	switch {
	case u.completed != "":
		return m, !sure || u.completed == as
	case u.aborted || !u.has(op.Arg.Parts):
		return m, !sure
	}
	m.object = written(op)
	u.completed, u.parts = as, nil
	return m.with(op.Arg.UploadID, u), true
}

// has reports whether the upload can hold the parts of a list.
func (u upload) has(list []history.Part) bool {
	for _, p := range list {
		etag, ok := u.parts[p.Number]
		if !ok || etag != "" && etag != p.ETag {
			return false
		}
	}
	return true
}
