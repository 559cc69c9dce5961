package check

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"bleepstore/conformance/history"
)

// A content is something that a key can hold: what one value's write stores, or
// what a Complete puts together. Writes of the same content cannot be told apart
// by what reads see.
type content int32

// absent is the content of a key that holds nothing.
const absent content = 0

// A stored tells of a content.
type stored struct {
	value  history.Value   // its own, or its last one
	values []history.Value // of a list or of an object made of parts; nil for a plain one
	// etag is the one that every object of it has: "" where that is not known, or
	// where another write of the same bytes, or a copy, may have another.
	etag    string
	made    string // what the writer thinks that it is
	told    string // what an answer said that it is
	several bool   // a read told something else
	parts   bool   // it is of a Complete
	size    int64  // 0 where it is not known
	writes  int    // requests that may have stored it, copies left out
	refused *history.Op
}

// contents are all that a workload's writes could have stored.
type contents struct {
	all     []stored
	byValue map[history.Value]content
	byParts map[string]content
	byETag  map[string][]content // all that were ever seen with it
	vague   bool                 // there are some whose ETag is not known
	agreed  map[bool]bool        // by stored.parts: a writer was told what it thought
	differs map[bool]bool        // or something else
}

// writesContent reports whether op stores something that it names itself.
func writesContent(op *history.Op) bool {
	return op.Kind == history.Put || op.Kind == history.Complete
}

func newContents(ops []*history.Op) *contents {
	t := &contents{
		all:     make([]stored, 1, len(ops)/2+1),
		byValue: make(map[history.Value]content, len(ops)/2),
		byParts: map[string]content{},
		byETag:  make(map[string][]content, len(ops)/2),
		agreed:  map[bool]bool{},
		differs: map[bool]bool{},
	}
	for _, op := range ops {
		if writesContent(op) {
			t.add(op)
		}
	}
	t.name(ops)
	return t
}

// add enters what op stores.
func (t *contents) add(op *history.Op) {
	c, ok := t.of(op)
	if !ok {
		c = content(len(t.all))
		t.all = append(t.all, stored{
			value: lastValue(op), values: op.Arg.Values, size: op.Arg.Size, parts: op.Kind == history.Complete,
		})
		if op.Kind == history.Complete {
			t.byParts[partsKey(op.Arg.Values)] = c
		} else {
			t.byValue[op.Arg.Value] = c
		}
	}
	s := &t.all[c]
	s.made = cmp.Or(s.made, op.Arg.ETag)
	if op.Arg.ETag == "" { // the writer has to be told
		t.differs[s.parts] = true
	}
	if op.Outcome == history.Refused && op.Result.Status != 409 {
		s.refused = op
		return
	}
	s.writes++
	if op.Outcome == history.OK && op.Result.ETag != "" {
		s.told = op.Result.ETag
		t.learn(s.told, c)
		t.agreed[s.parts] = t.agreed[s.parts] || s.told == op.Arg.ETag
		t.differs[s.parts] = t.differs[s.parts] || s.told != op.Arg.ETag
	}
}

func lastValue(op *history.Op) history.Value {
	if n := len(op.Arg.Values); op.Arg.Value == 0 && n > 0 {
		return op.Arg.Values[n-1]
	}
	return op.Arg.Value
}

// name finds the ETag of each content. No document says what one is made of.
// Where all that were told are what the writers think, they are made of the
// bytes and known of every write, also of one whose answer was lost. Otherwise
// that of a single write is known which was told or seen, unless there are
// copies.
func (t *contents) name(ops []*history.Op) {
	copies, foreign := false, false
	thought := map[string]bool{}
	for i := range t.all {
		thought[t.all[i].made] = true
	}
	for _, op := range ops {
		switch {
		case op.Kind == history.Copy && op.Outcome != history.Refused:
			copies = true
			foreign = foreign || op.Outcome == history.OK && !thought[op.Result.ETag]
		case op.Outcome == history.OK && (op.Kind == history.Get || op.Kind == history.Head) && op.Result.ETag != "":
			if c, ok := t.read(op); ok && op.Arg.Length == 0 {
				t.learn(op.Result.ETag, c)
				s := &t.all[c]
				s.told = cmp.Or(s.told, op.Result.ETag)
				s.several = s.several || op.Result.ETag != s.told || op.Result.ETag != s.made
			}
		}
	}
	for i := range t.all[1:] {
		s := &t.all[i+1]
		switch {
		case s.several && (s.writes > 1 || copies):
		case t.agreed[s.parts] && !t.differs[s.parts] && !foreign && s.made != "":
			s.etag = s.made
		case s.writes <= 1 && !copies:
			s.etag = s.told
		}
		if s.etag == "" {
			t.vague = true
		} else {
			t.learn(s.etag, content(i+1))
		}
	}
}

// learn notes that c was seen with an ETag.
func (t *contents) learn(etag string, c content) {
	if !slices.Contains(t.byETag[etag], c) {
		t.byETag[etag] = append(t.byETag[etag], c)
	}
}

// of returns the content that a Put or a Complete stores.
func (t *contents) of(op *history.Op) (content, bool) {
	if op.Kind == history.Complete {
		c, ok := t.byParts[partsKey(op.Arg.Values)]
		return c, ok
	}
	c, ok := t.byValue[op.Arg.Value]
	return c, ok
}

// read returns the content that a read's value or values are those of. It fails
// where no write stores them, or not in this order.
func (t *contents) read(op *history.Op) (content, bool) {
	r := &op.Result
	if len(r.Values) == 0 {
		if c, ok := t.byValue[r.Value]; ok {
			return c, true
		}
		c, ok := t.byParts[partsKey([]history.Value{r.Value})]
		return c, ok
	}
	c, ok := t.byValue[r.Values[len(r.Values)-1]]
	if ok && (slices.Equal(t.all[c].values, r.Values) || t.all[c].values == nil && len(r.Values) == 1) {
		return c, true
	}
	c, ok = t.byParts[partsKey(r.Values)]
	return c, ok
}

// partsKey names a row of values.
func partsKey(values []history.Value) string {
	var b strings.Builder
	for _, v := range values {
		b.WriteString(strconv.FormatUint(uint64(v), 36))
		b.WriteByte(' ')
	}
	return b.String()
}

// copied returns the content that an acknowledged copy stored, where its ETag
// tells.
func (t *contents) copied(op *history.Op) (content, bool) {
	of := t.byETag[op.Result.ETag]
	if op.Outcome != history.OK || len(of) != 1 || t.all[of[0]].etag == "" {
		return 0, false
	}
	return of[0], true
}
