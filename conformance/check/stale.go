package check

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// The definite rules convict without a search. They are those of a key that
// takes effect at some time between call and return of every write:
//
//   - a read saw what nothing had begun to store when it ended, or
//   - it saw what one write stored although another that stored something else
//     began after that one had ended, and ended before the read began.
//
// For raw only acknowledged writes overtake others, and each write ends when its
// answer came: an unclear one never does (R1). A Complete overtakes only what had
// ended before its upload was begun (initiations says why). Above raw, what was seen counts as
// well (R4): a write whose content nothing else can have stored had its effect by
// the time the first read that saw it ended, whatever its own answer was. That
// takes in what a session sees: that a client reads its own writes is raw, that
// it does not read a write and then an older one is above it.

// An overtaking is a time by which a write is known to have had its effect.
type overtaking struct {
	w    *write
	call int64 // what ended before it was overtaken
	ret  int64
	by   *read // who saw it; nil: its own answer says so
	// best is the index of the one with the greatest call, up to this one.
	best int
}

// overtakings lists those that a level goes by, ascending by ret.
func (k *key) overtakings(level model.Level, seen map[*write]*read) []overtaking {
	var all []overtaking
	for i := range k.writes {
		if w := &k.writes[i]; w.sure {
			call := w.call
			if level == model.Raw {
				call = w.since
			}
			all = append(all, overtaking{w: w, call: call, ret: w.ret})
		}
	}
	if level > model.Raw {
		for w, r := range seen {
			all = append(all, overtaking{w: w, call: w.call, ret: r.ret, by: r})
		}
	}
	slices.SortFunc(all, func(a, b overtaking) int {
		return cmp.Or(cmp.Compare(a.ret, b.ret), cmp.Compare(a.w.op.N, b.w.op.N))
	})
	for i := range all {
		all[i].best = i
		if i > 0 && all[all[i-1].best].call >= all[i].call {
			all[i].best = all[i-1].best
		}
	}
	return all
}

// seen is, for each write that alone can have stored what it did, the read that
// ended first of those that saw it.
func (k *key) seen(level model.Level) map[*write]*read {
	seen := map[*write]*read{}
	for i := range k.reads {
		r := &k.reads[i]
		if r.saw.present || r.saw.unknown || r.saw.not || len(r.saw.contents) != 1 || !r.counts(level) {
			continue
		}
		if w := k.alone(r.saw.contents[0]); w != nil && (seen[w] == nil || r.ret < seen[w].ret) {
			seen[w] = r
		}
	}
	return seen
}

// A wrong is a read that the rules convict.
type wrong struct {
	r     *read
	w     *write      // what stored what it saw; nil: nothing had, or it saw that there was nothing
	over  *overtaking // what had overtaken w; nil: nothing stored that before the read ended
	wSeen *read       // the read that tells that w had ended, where its answer does not
}

// counts reports whether a level judges what r saw. That a condition was found
// true is a read too: raw judges it, since nobody may win what another has won
// and been told so, and then only cas does.
func (r *read) counts(level model.Level) bool {
	switch {
	case level == model.Raw:
		return r.op.Outcome != history.Refused || r.op.Kind.Reads() || r.source
	case r.page:
		return level >= model.List
	case !r.op.Kind.Reads() && !r.source:
		return level == model.CAS
	}
	return true
}

// judge returns the reads that level convicts, ascending by call.
func (k *key) judge(level model.Level) []wrong {
	var seen map[*write]*read
	if level > model.Raw {
		seen = k.seen(level)
	}
	over := k.overtakings(level, seen)
	var out []wrong
	for i := range k.reads {
		r := &k.reads[i]
		if !r.counts(level) {
			continue
		}
		if x, bad := k.convict(r, over, seen); bad {
			out = append(out, x)
		}
	}
	return out
}

func (k *key) convict(r *read, over []overtaking, seen map[*write]*read) (wrong, bool) {
	// last is the call of the latest write that had surely taken effect.
	last, best := int64(math.MinInt64), -1
	if n := sort.Search(len(over), func(i int) bool { return over[i].ret >= r.call }); n > 0 {
		best = over[n-1].best
		last = over[best].call
	}
	out := wrong{r: r}
	var latest int64 = math.MinInt64
	explained := r.saw.has(absent) && best < 0 // as before the first write
	k.producers(r.saw, func(w *write) bool {
		ret := w.ret
		s := seen[w]
		if s != nil && s.ret < ret {
			ret = s.ret
		}
		switch {
		case w.op == r.op || w.call > r.ret:
		case ret >= last:
			explained = true
		case ret >= latest:
			latest, out.w, out.wSeen = ret, w, nil
			if ret < w.ret {
				out.wSeen = s
			}
		}
		return !explained
	})
	if explained {
		return out, false
	}
	if best >= 0 && (out.w != nil || r.saw.has(absent)) {
		out.over = &over[best]
	}
	return out, true
}

// ops are what a wrong is made of.
func (x *wrong) ops() []*history.Op {
	var ops []*history.Op
	if x.w != nil {
		ops = append(ops, x.w.op)
	}
	if x.wSeen != nil {
		ops = append(ops, x.wSeen.op)
	}
	if x.over != nil {
		ops = append(ops, x.over.w.op)
		if x.over.by != nil {
			ops = append(ops, x.over.by.op)
		}
	}
	ops = append(ops, x.r.op)
	slices.SortStableFunc(ops, func(a, b *history.Op) int { return cmp.Compare(a.Call, b.Call) })
	return slices.Compact(ops)
}
