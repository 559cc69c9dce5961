package generate

import "bleepstore/conformance/history"

// Faults of a single read: its answer is changed after the run.
var readKinds = []*Kind{
	{
		Name: "stale-read", Says: "a read shows a value that was replaced before it began", Breaks: Raw,
		Models: []string{"register", "cas", "append", "delete", "list", "versions", "multipart", "copy", "tags"},
		plant:  func(s *sim) *Planted { return s.plantStale(false) },
	},
	{
		Name: "resurrected-delete", Says: "a read shows a value that was deleted before it began", Breaks: Raw,
		Models: []string{"delete", "list", "list-atomic"},
		plant:  func(s *sim) *Planted { return s.plantStale(true) },
	},
	{
		Name: "forgotten", Says: "a read finds nothing where a write was acknowledged and nothing was deleted", Breaks: Raw,
		Models: []string{"register", "cas", "elect", "append", "tags"},
		plant:  (*sim).plantForgotten,
	},
	{
		Name: "torn-read", Says: "a read shows parts of two writes", Breaks: Raw,
		Models: []string{"register", "cas", "delete", "versions", "multipart", "copy"},
		plant: func(s *sim) *Planted {
			for _, r := range s.reads() {
				if r.op.Kind == history.Get {
					r.op.Result.Value, r.op.Result.Values = 0, nil
					r.op.Result.Torn = "the bytes from 32 on are of another write"
					return s.planted(r.op.Key, r)
				}
			}
			return nil
		},
	},
	{
		Name: "future-read", Says: "a read shows a value that was written only later", Breaks: Raw,
		Models: []string{"register", "cas", "delete", "list", "versions", "copy"},
		plant:  (*sim).plantFuture,
	},
	{
		Name: "unwritten-read", Says: "a read shows a value that nobody wrote", Breaks: Raw,
		Models: []string{"register", "cas", "elect", "delete"},
		plant: func(s *sim) *Planted {
			for _, r := range s.reads() {
				s.values++
				r.op.Result.Value, r.op.Result.Size = s.values, 64
				r.op.Result.ETag = digest(history.Body(s.values, 64))
				return s.planted(r.op.Key, r)
			}
			return nil
		},
	},
	{
		Name: "non-monotonic", Says: "while a write is under way a read shows it, and a later read does not", Breaks: Register, Only: true,
		Models: []string{"register", "cas", "delete"},
		plant:  (*sim).plantNonMonotonic,
	},
	{
		Name: "stale-tags", Says: "a read of tags shows those that were replaced before it began", Breaks: Raw,
		Models: []string{"tags"},
		plant:  (*sim).plantStaleTags,
	},
}

func (s *sim) plantStale(deleted bool) *Planted {
	reads := s.reads()
	if deleted {
		for _, c := range s.calls {
			if c.op.Outcome == history.Refused && c.op.Result.Status == 404 && c.op.Kind == history.Get && c.op.Arg.IfMatch == "" {
				reads = append([]*call{c}, reads...)
			}
		}
	}
	for _, r := range reads {
		first, second := s.replaced(r.op.Key, r.op.Call, deleted)
		if first == nil {
			continue
		}
		r.op.Outcome, r.op.Result = history.OK, history.Result{Status: 200}
		show(r.op.Kind, &r.op.Result, first)
		return s.planted(r.op.Key, r, first.by, second.by)
	}
	return nil
}

func (s *sim) plantForgotten() *Planted {
	for _, r := range s.reads() {
		if s.deletes(r.op.Key, r.op.Return) {
			continue
		}
		for _, v := range s.store.log[r.op.Key] {
			if v.by.op.Outcome == history.OK && v.by.op.Return < r.op.Call {
				r.op.Outcome, r.op.Result = history.Refused, history.Result{Status: 404}
				if r.op.Kind == history.Get {
					r.op.Result.Code = "NoSuchKey"
				}
				return s.planted(r.op.Key, r, v.by)
			}
		}
	}
	return nil
}

func (s *sim) plantFuture() *Planted {
	for _, r := range s.reads() {
		for _, v := range s.store.log[r.op.Key] {
			if s.sole(v) && v.by.op.Call > r.op.Return {
				show(r.op.Kind, &r.op.Result, v)
				return s.planted(r.op.Key, r, v.by)
			}
		}
	}
	return nil
}

// plantNonMonotonic takes two reads, one after the other, that both saw a write
// that had not returned yet, and lets the second show the value before it. Each
// of the two alone is possible.
func (s *sim) plantNonMonotonic() *Planted {
	reads := s.reads()
	for _, second := range reads {
		log := s.store.log[second.op.Key]
		for i, v := range log {
			if i == 0 || v.gone || s.twice[v.value] || v.value != second.op.Result.Value || v.by.op.Return < second.op.Call {
				continue
			}
			old := log[i-1]
			if !s.sole(old) || old.by.op.Return >= v.by.op.Call {
				continue
			}
			for _, first := range reads {
				if first.op.Key == second.op.Key && first.op.Result.Value == v.value && first.op.Return < second.op.Call {
					show(second.op.Kind, &second.op.Result, old)
					return s.planted(second.op.Key, second, first, v.by, old.by)
				}
			}
		}
	}
	return nil
}

func (s *sim) plantStaleTags() *Planted {
	writes := s.shuffled(history.PutTags)
	for _, r := range s.shuffled(history.GetTags) {
		for _, w1 := range writes {
			for _, w2 := range writes {
				if w1.op.Key == r.op.Key && w2.op.Key == r.op.Key && !s.twice[w1.op.Arg.Value] &&
					w1.op.Before(&w2.op) && w2.op.Before(&r.op) {
					r.op.Result.Tags = w1.op.Arg.Value
					return s.planted(r.op.Key, r, w1, w2)
				}
			}
		}
	}
	return nil
}
