package generate

import (
	"slices"

	"bleepstore/conformance/history"
)

// Faults of stacks of versions.
var versionKinds = []*Kind{
	{
		Name: "version-order", Says: "two versions, or two markers, made one after the other, are listed the wrong way round", Breaks: Raw,
		Models: []string{"versions"},
		plant: func(s *sim) *Planted {
			return s.plantVersions(func(c *call, entries []history.Entry, log []*version, i int) []history.Entry {
				newer, older := log[len(log)-1-i], log[len(log)-2-i]
				if !acknowledged(newer) || !acknowledged(older) || !older.by.op.Before(&newer.by.op) || entries[i].Marker != entries[i+1].Marker {
					return nil
				}
				entries[i], entries[i+1] = entries[i+1], entries[i]
				return entries
			})
		},
	},
	{
		Name: "version-lost", Says: "a version that was acknowledged is not listed", Breaks: Raw,
		Models: []string{"versions"},
		plant: func(s *sim) *Planted {
			return s.plantVersions(func(c *call, entries []history.Entry, log []*version, i int) []history.Entry {
				v := log[len(log)-1-i]
				if !s.sole(v) || v.by.op.Return >= c.op.Call {
					return nil
				}
				return slices.Delete(entries, i, i+1)
			})
		},
	},
	{
		Name: "two-latest", Says: "two versions of a key are listed as the latest", Breaks: Raw,
		Models: []string{"versions"},
		plant: func(s *sim) *Planted {
			return s.plantVersions(func(c *call, entries []history.Entry, log []*version, i int) []history.Entry {
				entries[i].Latest = true
				return entries
			})
		},
	},
	{
		Name: "wrong-version", Says: "a read of a version shows another one", Breaks: Raw,
		Models: []string{"versions"},
		plant: func(s *sim) *Planted {
			for _, r := range s.shuffled(history.Get) {
				for _, v := range s.store.log[r.op.Key] {
					if r.op.Arg.VersionID == "" || v.id == r.op.Arg.VersionID || !s.sole(v) || v.by.op.Call > r.op.Return {
						continue
					}
					id := r.op.Result.VersionID
					show(r.op.Kind, &r.op.Result, v)
					r.op.Result.VersionID = id
					return s.planted(r.op.Key, r, v.by)
				}
			}
			return nil
		},
	},
}

func acknowledged(v *version) bool { return v.by.op.Outcome == history.OK }

// plantVersions changes a listing of versions at a place that is neither the
// first nor the last.
func (s *sim) plantVersions(change func(c *call, entries []history.Entry, log []*version, i int) []history.Entry) *Planted {
	for _, c := range s.shuffled(history.ListVersions) {
		log := s.store.since(c.op.Arg.Prefix, c.effect)
		for i := 1; i < len(c.op.Result.Entries)-1; i++ {
			if entries := change(c, slices.Clone(c.op.Result.Entries), log, i); entries != nil {
				c.op.Result.Entries = entries
				return s.planted(c.op.Arg.Prefix, c, log[len(log)-1-i].by, log[len(log)-2-i].by)
			}
		}
	}
	return nil
}

// Faults of operations that are made of others: uploads and copies.
var compositeKinds = []*Kind{
	{
		Name: "double-complete", Says: "a Complete takes effect twice, the second time over a later write", Breaks: Raw,
		Models: []string{"multipart"},
		bend: func(s *sim, c *call, a *answer) bool {
			if c.op.Kind != history.Complete || !a.applies || a.outcome != history.OK {
				return false
			}
			s.after(5*millisecond+s.r.Int64N(30*millisecond), func() {
				v := *a.writes
				s.store.add(c.op.Key, &v, s.now)
			})
			return true
		},
		plant: (*sim).plantDouble,
	},
	{
		Name: "completed-missing", Says: "a Complete is acknowledged and there is no object of it", Breaks: Raw,
		Models: []string{"multipart"},
		bend: func(s *sim, c *call, a *answer) bool {
			if c.op.Kind != history.Complete || !a.applies || a.outcome != history.OK {
				return false
			}
			a.writes = nil
			return true
		},
		plant: (*sim).plantLost,
	},
	{
		Name: "completed-aborted", Says: "a Complete is acknowledged although the upload had been aborted", Breaks: Raw,
		Models: []string{"multipart"},
		bend: func(s *sim, c *call, a *answer) bool {
			u := s.store.uploads[c.op.Arg.UploadID]
			if c.op.Kind != history.Complete || !u.ended || u.completed != nil {
				return false
			}
			late := s.store.complete(c, u)
			if late.applies {
				*a = late
			}
			return late.applies
		},
		plant: func(s *sim) *Planted {
			for _, c := range s.shuffled(history.Abort) {
				if s.bent != nil && c.op.Arg.UploadID == s.bent.op.Arg.UploadID && c.op.Before(&s.bent.op) {
					return s.planted(c.op.Key, s.bent, c)
				}
			}
			return nil
		},
	},
	{
		Name: "mixed-parts", Says: "an object of parts holds a part that its Complete did not name", Breaks: Raw,
		Models: []string{"multipart"},
		plant: func(s *sim) *Planted {
			for _, r := range s.reads() {
				for _, other := range s.shuffled(history.UploadPart) {
					if r.op.Kind != history.Get || len(r.op.Result.Values) == 0 || slices.Contains(r.op.Result.Values, other.op.Arg.Value) {
						continue
					}
					r.op.Result.Values = slices.Clone(r.op.Result.Values)
					r.op.Result.Values[0] = other.op.Arg.Value
					return s.planted(r.op.Key, r, other)
				}
			}
			return nil
		},
	},
	{
		Name: "foreign-copy", Says: "a copy stores a value that its source never had", Breaks: Raw,
		Models: []string{"copy"},
		bend: func(s *sim, c *call, a *answer) bool {
			return c.op.Kind == history.Copy && a.applies && s.copyOf(c.op.Key, a, func(v *version) bool { return v.by.op.Kind == history.Put })
		},
		plant: func(s *sim) *Planted {
			if s.bent == nil || s.copiedTo(s.bent.op.Arg.SourceKey) {
				return nil
			}
			return s.planted(s.bent.op.Key, s.bent)
		},
	},
	{
		Name: "stale-copy", Says: "a copy stores a value of its source that was replaced before it began", Breaks: Raw,
		Models: []string{"copy"},
		bend: func(s *sim, c *call, a *answer) bool {
			first, _ := s.replaced(c.op.Arg.SourceKey, c.op.Call, false)
			return c.op.Kind == history.Copy && a.applies && s.copyOf(c.op.Arg.SourceKey, a, func(v *version) bool { return v == first })
		},
		plant: func(s *sim) *Planted {
			if s.bent == nil {
				return nil
			}
			first, second := s.replaced(s.bent.op.Arg.SourceKey, s.bent.op.Call, false)
			if first == nil || first.etag != s.bent.op.Result.ETag {
				return nil
			}
			return s.planted(s.bent.op.Key, s.bent, first.by, second.by)
		},
	},
}

// copiedTo reports whether anything was copied to a key.
func (s *sim) copiedTo(key string) bool {
	return slices.ContainsFunc(s.calls, func(c *call) bool { return c.op.Kind == history.Copy && c.op.Key == key })
}

// copyOf lets a copy store a version of a key that fits.
func (s *sim) copyOf(key string, a *answer, fits func(*version) bool) bool {
	for _, v := range s.store.log[key] {
		if v.gone || !fits(v) {
			continue
		}
		copied := *v
		copied.by = a.writes.by
		a.writes, a.result.ETag = &copied, v.etag
		return true
	}
	return false
}

// plantDouble looks for a read that shows the upload again after a write that
// began when the upload was complete.
func (s *sim) plantDouble() *Planted {
	if s.bent == nil || !s.sole(&version{by: s.bent}) {
		return nil
	}
	for _, r := range s.reads() {
		if r.op.Key != s.bent.op.Key || r.op.Result.ETag != s.bent.op.Arg.ETag {
			continue
		}
		for _, w := range s.shuffled(history.Put, history.Complete, history.Delete) {
			if w.op.Key == r.op.Key && w.wrote != nil && s.bent.op.Return < s.since(w) && w.op.Before(&r.op) {
				return s.planted(r.op.Key, r, s.bent, w)
			}
		}
	}
	return nil
}
