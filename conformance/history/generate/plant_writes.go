package generate

import "bleepstore/conformance/history"

// Faults of a single write: its effect is not what its answer says. Whether that
// shows is known only when the run is over.
var writeKinds = []*Kind{
	{
		Name: "lost-put", Says: "a PUT is acknowledged and has no effect", Breaks: Raw,
		Models: []string{"register", "cas", "delete", "list", "list-atomic", "set", "versions", "copy", "tags"},
		bend: func(s *sim, c *call, a *answer) bool {
			return c.op.Kind == history.Put && c.op.Arg.IfMatch+c.op.Arg.IfNoneMatch == "" && skip(a)
		},
		plant: (*sim).plantLost,
	},
	{
		Name: "lost-delete", Says: "a DELETE is acknowledged and has no effect", Breaks: Raw,
		Models: []string{"delete", "list", "list-atomic"},
		bend: func(s *sim, c *call, a *answer) bool {
			return c.op.Kind == history.Delete && a.writes != nil && skip(a)
		},
		plant: (*sim).plantLost,
	},
	{
		Name: "unapplied-200", Says: "a conditional PUT is acknowledged and has no effect", Breaks: Raw,
		Models: []string{"cas"},
		bend: func(s *sim, c *call, a *answer) bool {
			return c.op.Kind == history.Put && c.op.Arg.IfMatch != "" && skip(a)
		},
		plant: (*sim).plantLost,
	},
	{
		Name: "applied-412", Says: "a conditional PUT is refused and takes effect all the same", Breaks: Raw,
		Models: []string{"cas", "elect", "append"},
		bend: func(s *sim, c *call, a *answer) bool {
			if c.op.Kind != history.Put || a.result.Status != 412 {
				return false
			}
			a.applies = true
			return true
		},
		plant: func(s *sim) *Planted {
			if s.bent == nil {
				return nil
			}
			for _, r := range s.reads() {
				if r.op.Result.Value == s.bent.op.Arg.Value {
					return s.planted(r.op.Key, s.bent, r)
				}
			}
			return nil
		},
	},
	{
		Name: "two-creators", Says: "two PUTs with If-None-Match: * are acknowledged and nothing was deleted", Breaks: Raw,
		Models: []string{"cas", "elect"},
		bend: func(s *sim, c *call, a *answer) bool {
			return c.op.Kind == history.Put && c.op.Arg.IfNoneMatch == "*" && force(a)
		},
		plant: func(s *sim) *Planted {
			return s.plantWinners(func(o *history.Op) bool { return o.Arg.IfNoneMatch == "*" && !s.deletes(o.Key, history.Never) })
		},
	},
	{
		Name: "two-swaps", Says: "two PUTs with the same ETag in If-Match are acknowledged", Breaks: Raw,
		Models: []string{"cas", "append"},
		bend: func(s *sim, c *call, a *answer) bool {
			return c.op.Kind == history.Put && c.op.Arg.IfMatch != "" && force(a)
		},
		plant: func(s *sim) *Planted {
			if s.bent == nil || s.twice[s.valueOf(s.bent.op.Key, s.bent.op.Arg.IfMatch)] {
				return nil
			}
			return s.plantWinners(func(o *history.Op) bool { return o.Arg.IfMatch == s.bent.op.Arg.IfMatch })
		},
	},
	{
		Name: "wrong-412", Says: "a PUT is refused although its condition was true all the while", Breaks: CAS,
		Models: []string{"cas"},
		bend: func(s *sim, c *call, a *answer) bool {
			if c.op.Kind != history.Put || c.op.Arg.IfMatch == "" || a.outcome != history.OK {
				return false
			}
			*a = refused(412, "PreconditionFailed")
			return true
		},
		plant: (*sim).plantWrongRefusal,
	},
	{
		Name: "append-lost", Says: "an append is acknowledged and is not in the list afterwards", Breaks: Raw,
		Models: []string{"append"},
		bend: func(s *sim, c *call, a *answer) bool {
			return c.op.Kind == history.Put && c.op.Arg.IfMatch != "" && skip(a)
		},
		plant: (*sim).plantAppendLost,
	},
}

// skip takes the effect from an answer that says there was one.
func skip(a *answer) bool {
	if a.outcome != history.OK {
		return false
	}
	a.applies = false
	return true
}

// force lets a write that is to be refused apply and be acknowledged.
func force(a *answer) bool {
	if a.result.Status != 412 {
		return false
	}
	a.outcome, a.applies = history.OK, true
	a.result = history.Result{Status: 200, ETag: a.writes.etag}
	return true
}

// plantLost looks for a read that shows that the bent write was lost.
func (s *sim) plantLost() *Planted {
	if s.bent == nil || s.bent.op.Kind == history.Complete && !s.sole(&version{by: s.bent}) {
		return nil
	}
	if s.store.versioned {
		return s.missingVersion(s.bent)
	}
	return s.overlooked(s.bent)
}

// missingVersion finds a listing of versions, begun after w was acknowledged,
// that lacks it.
func (s *sim) missingVersion(w *call) *Planted {
	for _, c := range s.calls {
		if c.op.Kind == history.ListVersions && c.op.Arg.Prefix == w.op.Key && c.op.Call > w.op.Return {
			return s.planted(w.op.Key, w, c)
		}
	}
	return nil
}

// plantWinners finds another acknowledged write that won what the bent one won.
func (s *sim) plantWinners(same func(*history.Op) bool) *Planted {
	if s.bent == nil {
		return nil
	}
	for _, c := range s.shuffled(history.Put) {
		if c != s.bent && c.op.Key == s.bent.op.Key && same(&c.op) {
			return s.planted(c.op.Key, s.bent, c)
		}
	}
	return nil
}

func (s *sim) valueOf(key, etag string) history.Value {
	for _, v := range s.store.log[key] {
		if v.etag == etag {
			return v.value
		}
	}
	return 0
}

// plantWrongRefusal makes sure that no other write of the key can have taken
// effect between the one whose ETag was asked for and the end of the refused one.
func (s *sim) plantWrongRefusal() *Planted {
	if s.bent == nil {
		return nil
	}
	o := &s.bent.op
	var w *version
	for _, v := range s.store.log[o.Key] {
		if v.etag == o.Arg.IfMatch {
			w = v
		}
	}
	if w == nil || !s.sole(w) || !w.by.op.Before(o) {
		return nil
	}
	for _, c := range s.calls {
		if c != w.by && c != s.bent && c.op.Key == o.Key && !c.op.Kind.Reads() && c.op.Outcome != history.Refused &&
			!c.op.Before(&w.by.op) && !o.Before(&c.op) {
			return nil
		}
	}
	return s.planted(o.Key, s.bent, w.by)
}

func (s *sim) plantAppendLost() *Planted {
	if s.bent == nil {
		return nil
	}
next:
	for _, r := range s.reads() {
		if r.op.Key != s.bent.op.Key || !s.bent.op.Before(&r.op) {
			continue
		}
		for _, v := range r.op.Result.Values {
			if v == s.bent.op.Arg.Value {
				continue next
			}
		}
		return s.planted(r.op.Key, s.bent, r)
	}
	return nil
}
