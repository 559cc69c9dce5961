package generate

import (
	"fmt"
	"slices"

	"bleepstore/conformance/history"
)

// A store is what the clients talk to: for each key all that was ever current,
// oldest first, so that its state at any past time can be told.
type store struct {
	versioned bool
	opaque    bool // ETags are no digests
	again     bool // a Complete like the one that completed an upload is answered as that was
	log       map[string][]*version
	uploads   map[string]*upload
	ids       int
}

// A version is what a key was from a time on.
type version struct {
	at     int64
	until  int64 // when it was removed; history.Never: it was not
	by     *call
	id     string
	gone   bool // no object: deleted, with a marker where there are versions
	value  history.Value
	values []history.Value
	etag   string
	size   int64
	tags   history.Value
}

func newStore(versioned bool) *store {
	return &store{versioned: versioned, log: map[string][]*version{}, uploads: map[string]*upload{}}
}

// last returns the newest version of a key, which may be a deletion, or nil.
func (s *store) last(key string) *version {
	for _, v := range slices.Backward(s.log[key]) {
		if v.until == history.Never {
			return v
		}
	}
	return nil
}

// current returns the object of a key, or nil.
func (s *store) current(key string) *version {
	if v := s.last(key); v != nil && !v.gone {
		return v
	}
	return nil
}

// since returns the versions that a key had at a time, oldest first. Where there
// are no versions those are all that were ever current until then.
func (s *store) since(key string, t int64) []*version {
	log := s.log[key]
	n := len(log)
	for n > 0 && log[n-1].at > t {
		n--
	}
	if !slices.ContainsFunc(log[:n], func(v *version) bool { return v.until <= t }) {
		return log[:n:n]
	}
	return slices.DeleteFunc(slices.Clone(log[:n]), func(v *version) bool { return v.until <= t })
}

// at returns the object of a key at a time, or nil.
func (s *store) at(key string, t int64) *version {
	log := s.since(key, t)
	if len(log) == 0 || log[len(log)-1].gone {
		return nil
	}
	return log[len(log)-1]
}

func (s *store) add(key string, v *version, at int64) {
	v.at, v.until = at, history.Never
	s.log[key] = append(s.log[key], v)
}

// id returns an id that no version has; ids are in no order of time.
func (s *store) id() string {
	s.ids++
	return fmt.Sprintf("version-%07d", s.ids*7919%9999991)
}

// An answer is what an operation is told, and what it changes if it applies.
// A refused write has its version too, for a server that does not keep to it.
type answer struct {
	outcome history.Outcome
	result  history.Result
	applies bool
	writes  *version
	then    func()
}

func refused(status int, code string) answer {
	return answer{outcome: history.Refused, result: history.Result{Status: status, Code: code}}
}

func accepted(status int) answer {
	return answer{outcome: history.OK, result: history.Result{Status: status}, applies: true}
}

// answer tells what the operation would do now.
func (s *store) answer(c *call) answer {
	o := &c.op
	switch o.Kind {
	case history.Put:
		v := &version{by: c, value: o.Arg.Value, values: o.Arg.Values, etag: o.Arg.ETag, size: o.Arg.Size}
		return s.write(o, v)
	case history.Copy:
		from := s.current(o.Arg.SourceKey)
		if from == nil {
			return refused(404, "NoSuchKey")
		}
		v := *from
		v.by = c
		return s.write(o, &v)
	case history.Delete:
		return s.delete(c)
	case history.Get, history.Head:
		return s.get(o)
	case history.PutTags, history.GetTags:
		return s.tagging(o)
	}
	return s.upload(c)
}

func (s *store) write(o *history.Op, v *version) answer {
	v.etag = s.tag(v.etag)
	a := s.condition(o)
	if a.outcome == history.OK {
		a.result.ETag = v.etag
	}
	a.writes = v
	return a
}

// tag returns the ETag of what has the digest sum.
func (s *store) tag(sum string) string {
	if !s.opaque {
		return sum
	}
	s.ids++
	return digest(fmt.Appendf(nil, "write %d", s.ids))
}

// condition accepts or refuses by the headers of the condition.
func (s *store) condition(o *history.Op) answer {
	now := s.current(o.Key)
	switch {
	case o.Arg.IfMatch != "" && now == nil:
		return refused(404, "NoSuchKey")
	case o.Arg.IfMatch != "" && o.Arg.IfMatch != "*" && o.Arg.IfMatch != now.etag:
		return refused(412, "PreconditionFailed")
	case o.Arg.IfNoneMatch != "" && now != nil && (o.Arg.IfNoneMatch == "*" || o.Arg.IfNoneMatch == now.etag):
		if o.Kind.Reads() {
			return refused(304, "")
		}
		return refused(412, "PreconditionFailed")
	}
	return accepted(200)
}

// delete removes an object, or puts a marker over it where there are versions.
// One of an object that is not there changes nothing otherwise.
func (s *store) delete(c *call) answer {
	if c.op.Arg.VersionID != "" {
		return s.remove(c)
	}
	a := s.condition(&c.op)
	if a.outcome != history.OK {
		a.writes = &version{by: c, gone: true}
		return a
	}
	a.result.Status = 204
	if s.versioned || s.current(c.op.Key) != nil {
		a.writes = &version{by: c, gone: true}
		a.result.Marker = s.versioned
	}
	return a
}

// remove takes a version away, or finds nothing to take.
func (s *store) remove(c *call) answer {
	a := accepted(204)
	a.result.VersionID = c.op.Arg.VersionID
	v := s.find(&c.op)
	if v == nil {
		return a
	}
	a.result.Marker = v.gone
	a.then = func() { v.until = c.effect }
	return a
}

// find returns the version that an operation names, or nil.
func (s *store) find(o *history.Op) *version {
	for _, v := range s.log[o.Key] {
		if v.id == o.Arg.VersionID && v.until == history.Never {
			return v
		}
	}
	return nil
}

func (s *store) get(o *history.Op) answer {
	now := s.current(o.Key)
	if o.Arg.VersionID != "" {
		now = s.find(o)
		if now == nil {
			return refused(404, "NoSuchVersion")
		}
	}
	if now == nil {
		return s.missing(o)
	}
	if a := s.condition(o); o.Arg.VersionID == "" && a.outcome != history.OK {
		return a
	}
	if o.Arg.Length > 0 && o.Arg.From >= now.size {
		return refused(416, "InvalidRange")
	}
	a := accepted(200)
	if o.Arg.Length > 0 {
		a.result.Status = 206
	}
	show(o.Kind, &a.result, now)
	return a
}

// missing is the answer to a read of what is not there.
func (s *store) missing(o *history.Op) answer {
	a := refused(404, "NoSuchKey")
	if o.Kind == history.Head {
		a.result.Code = "" // a HEAD has no document to say it in
	}
	if v := s.last(o.Key); s.versioned && v != nil && v.gone {
		a.result.Marker, a.result.VersionID = true, v.id
	}
	return a
}

func (s *store) tagging(o *history.Op) answer {
	now := s.current(o.Key)
	if now == nil {
		return refused(404, "NoSuchKey")
	}
	a := accepted(200)
	if o.Kind == history.GetTags {
		a.result.Tags = now.tags
		return a
	}
	a.then = func() { now.tags = o.Arg.Value }
	return a
}
