package model

import (
	"testing"

	"bleepstore/conformance/history"
)

// at is an operation of the key k with its answer.
type at func(*history.Op)

func do(kind history.Kind, how ...at) *history.Op {
	o := &history.Op{Kind: kind, Key: "k", Outcome: history.OK, Result: history.Result{Status: 200}}
	for _, h := range how {
		h(o)
	}
	return o
}

func stores(v history.Value, etag string) at {
	return func(o *history.Op) { o.Arg.Value, o.Arg.ETag = v, etag }
}

func sees(v history.Value, etag string) at {
	return func(o *history.Op) { o.Result.Value, o.Result.ETag = v, etag }
}

func refused(status int) at {
	return func(o *history.Op) { o.Outcome, o.Result.Status = history.Refused, status }
}

func unclear(o *history.Op)        { o.Outcome, o.Result = history.Unclear, history.Result{} }
func ifMatch(e string) at          { return func(o *history.Op) { o.Arg.IfMatch = e } }
func ifNoneMatch(e string) at      { return func(o *history.Op) { o.Arg.IfNoneMatch = e } }
func on(key string) at             { return func(o *history.Op) { o.Key = key } }
func given(id string) at           { return func(o *history.Op) { o.Result.VersionID = id } }
func ofVersion(id string) at       { return func(o *history.Op) { o.Arg.VersionID = id } }
func code(c string) at             { return func(o *history.Op) { o.Result.Code = c } }
func to(id string) at              { return func(o *history.Op) { o.Arg.UploadID = id } }
func rows(e ...history.Entry) at   { return func(o *history.Op) { o.Result.Entries = e } }
func behind(after string) at       { return func(o *history.Op) { o.Arg.After = after } }
func truncated(o *history.Op)      { o.Result.Truncated = true }
func values(v ...history.Value) at { return func(o *history.Op) { o.Arg.Values = v } }

func aPart(n int, etag string) at {
	return func(o *history.Op) { o.Arg.Part, o.Result.ETag = n, etag }
}

func parts(p ...history.Part) at { return func(o *history.Op) { o.Arg.Parts = p } }

var (
	a = Object{Value: 1, ETag: "a"}
	b = Object{Value: 2, ETag: "b"}
	// unnamed is an object whose ETag is not known.
	unnamed = Object{Value: 3}
	some    = Object{Some: true}
	empty   = Object{}
)

func TestOneKey(t *testing.T) {
	putB := stores(2, "b")
	for name, c := range map[string]struct {
		was  Object
		op   *history.Op
		now  Object // where judged allows it
		ok   bool   // judged
		also bool   // or allowed where conditions are not judged
	}{
		"put":                                 {a, do(history.Put, putB), b, true, false},
		"put of nothing there":                {empty, do(history.Put, putB), b, true, false},
		"unclear put":                         {a, do(history.Put, putB, unclear), b, true, false},
		"put refused for its form":            {a, do(history.Put, putB, refused(400)), a, true, false},
		"create":                              {empty, do(history.Put, putB, ifNoneMatch("*")), b, true, false},
		"create over an object":               {a, do(history.Put, putB, ifNoneMatch("*")), b, false, true},
		"create refused":                      {a, do(history.Put, putB, ifNoneMatch("*"), refused(412)), a, true, false},
		"create refused of nothing there":     {empty, do(history.Put, putB, ifNoneMatch("*"), refused(412)), empty, false, true},
		"create in conflict":                  {empty, do(history.Put, putB, ifNoneMatch("*"), refused(409)), empty, true, false},
		"unclear create":                      {empty, do(history.Put, putB, ifNoneMatch("*"), unclear), b, true, false},
		"unclear create over an object":       {a, do(history.Put, putB, ifNoneMatch("*"), unclear), a, true, false},
		"swap":                                {a, do(history.Put, putB, ifMatch("a")), b, true, false},
		"swap of another":                     {a, do(history.Put, putB, ifMatch("x")), b, false, true},
		"swap of nothing there":               {empty, do(history.Put, putB, ifMatch("a")), b, false, true},
		"swap of any":                         {a, do(history.Put, putB, ifMatch("*")), b, true, false},
		"swap of what is not known":           {unnamed, do(history.Put, putB, ifMatch("x")), b, true, false},
		"swap refused":                        {a, do(history.Put, putB, ifMatch("x"), refused(412)), a, true, false},
		"swap refused of what is there":       {a, do(history.Put, putB, ifMatch("a"), refused(412)), a, false, true},
		"swap refused of what is not known":   {unnamed, do(history.Put, putB, ifMatch("a"), refused(412)), unnamed, true, false},
		"swap not found":                      {empty, do(history.Put, putB, ifMatch("a"), refused(404)), empty, true, false},
		"swap not found of an object":         {a, do(history.Put, putB, ifMatch("x"), refused(404)), a, false, true},
		"unclear swap":                        {a, do(history.Put, putB, ifMatch("a"), unclear), b, true, false},
		"unclear swap of another":             {a, do(history.Put, putB, ifMatch("x"), unclear), a, true, false},
		"delete":                              {a, do(history.Delete), empty, true, false},
		"delete of nothing there":             {empty, do(history.Delete), empty, true, false},
		"delete not found":                    {empty, do(history.Delete, refused(404)), empty, true, false},
		"delete not found of an object":       {a, do(history.Delete, refused(404)), a, false, false},
		"unclear delete":                      {a, do(history.Delete, unclear), empty, true, false},
		"delete that matches":                 {a, do(history.Delete, ifMatch("a")), empty, true, false},
		"delete that matches nothing there":   {empty, do(history.Delete, ifMatch("a")), empty, true, false},
		"delete of another":                   {a, do(history.Delete, ifMatch("x")), empty, false, true},
		"delete refused":                      {a, do(history.Delete, ifMatch("x"), refused(412)), a, true, false},
		"delete refused of what is there":     {a, do(history.Delete, ifMatch("a"), refused(412)), a, false, true},
		"unclear delete of another":           {a, do(history.Delete, ifMatch("x"), unclear), a, true, false},
		"get":                                 {a, do(history.Get, sees(1, "a")), a, true, false},
		"get of another value":                {a, do(history.Get, sees(2, "a")), a, false, false},
		"get with another ETag":               {a, do(history.Get, sees(1, "b")), a, false, false},
		"get with an ETag that is not known":  {unnamed, do(history.Get, sees(3, "x")), unnamed, true, false},
		"get of nothing there":                {empty, do(history.Get, sees(1, "a")), empty, false, false},
		"get not found":                       {empty, do(history.Get, refused(404)), empty, true, false},
		"get not found of an object":          {a, do(history.Get, refused(404)), a, false, false},
		"get of a copy":                       {some, do(history.Get, sees(1, "a")), a, true, false},
		"head by the ETag alone":              {a, do(history.Head, sees(0, "a")), a, true, false},
		"head by another ETag":                {a, do(history.Head, sees(0, "b")), a, false, false},
		"get that matches":                    {a, do(history.Get, sees(1, "a"), ifMatch("a")), a, true, false},
		"get that does not match":             {a, do(history.Get, sees(1, "a"), ifMatch("b")), a, false, false},
		"get refused":                         {a, do(history.Get, ifMatch("b"), refused(412)), a, true, false},
		"get refused of what is there":        {a, do(history.Get, ifMatch("a"), refused(412)), a, false, false},
		"get not modified":                    {a, do(history.Get, ifNoneMatch("a"), refused(304)), a, true, false},
		"get not modified of another":         {a, do(history.Get, ifNoneMatch("b"), refused(304)), a, false, false},
		"get not modified of nothing there":   {empty, do(history.Get, ifNoneMatch("a"), refused(304)), empty, false, false},
		"get of a range behind the end":       {a, do(history.Get, refused(416)), a, true, false},
		"get of a range of nothing there":     {empty, do(history.Get, refused(416)), empty, false, false},
		"copy whose value is known":           {empty, do(history.Copy, stores(2, "b")), b, true, false},
		"copy whose value is not known":       {a, do(history.Copy, unclear), some, true, false},
		"complete is the write of its values": {empty, do(history.Complete, values(7, 2), func(o *history.Op) { o.Arg.ETag = "b" }), b, true, false},
	} {
		now, ok := OneKey(true).Step(c.was, c.op)
		if ok != c.ok || ok && now.(Object) != c.now {
			t.Errorf("%s, judged: got %v and %v, want %v and %v", name, now, ok, c.now, c.ok)
		}
		if _, ok := OneKey(false).Step(c.was, c.op); ok != (c.ok || c.also) {
			t.Errorf("%s, not judged: got %v, want %v", name, ok, c.ok || c.also)
		}
	}
}

func TestShows(t *testing.T) {
	page := do(history.List, on(""), behind("b"), rows(history.Entry{Key: "c"}, history.Entry{Key: "e"}))
	page.Arg.Prefix = ""
	cut := *page
	truncated(&cut)
	prefixed := *page
	prefixed.Arg.Prefix = "e"
	none := do(history.List, on(""), truncated)
	for _, c := range []struct {
		page           *history.Op
		key            string
		shown, covered bool
	}{
		{page, "a", false, false}, {page, "b", false, false}, {page, "c", true, true}, {page, "d", false, true}, {page, "z", false, true},
		{&cut, "d", false, true}, {&cut, "e", true, true}, {&cut, "f", false, false},
		{&prefixed, "d", false, false}, {&prefixed, "e", true, true}, {none, "a", false, false},
	} {
		e, covered := Shows(c.page, c.key)
		if (e != nil) != c.shown || covered != c.covered {
			t.Errorf("%s: got %v and %v, want %v and %v", c.key, e != nil, covered, c.shown, c.covered)
		}
	}
}

// steps runs operations one after the other: the last is the one that may be
// wrong.
func steps(t *testing.T, name string, m Model, ok bool, ops ...*history.Op) {
	t.Helper()
	s := m.Init
	for i, op := range ops {
		next, allowed := m.Step(s, op)
		if want := ok || i < len(ops)-1; allowed != want {
			t.Errorf("%s: operation %d: got %v, want %v, of\n%s", name, i, allowed, want, m.Describe(s))
			return
		}
		if !m.Equal(next, next) || m.Equal(s, next) && m.Hash(s) != m.Hash(next) {
			t.Errorf("%s: operation %d: states and hashes do not agree", name, i)
		}
		s = next
	}
}

func TestGroup(t *testing.T) {
	m := Group([]string{"j", "k"})
	j, k := do(history.Put, on("j"), stores(1, "a")), do(history.Put, stores(2, "b"))
	both := rows(history.Entry{Key: "j", ETag: "a"}, history.Entry{Key: "k", ETag: "b"})
	steps(t, "nothing", m, true, do(history.List))
	steps(t, "both", m, true, j, k, do(history.List, both))
	steps(t, "both, one not yet there", m, false, j, do(history.List, both))
	steps(t, "one is missing", m, false, j, k, do(history.List, rows(history.Entry{Key: "k", ETag: "b"})))
	steps(t, "one is out of range", m, true, j, k, do(history.List, behind("j"), rows(history.Entry{Key: "k", ETag: "b"})))
	steps(t, "another ETag", m, false, j, k, do(history.List, rows(history.Entry{Key: "j", ETag: "b"}, history.Entry{Key: "k", ETag: "b"})))
	steps(t, "one is deleted", m, true, j, k, do(history.Delete, on("j")), do(history.List, rows(history.Entry{Key: "k", ETag: "b"})))
	steps(t, "a read of one", m, true, j, k, do(history.Get, on("j"), sees(1, "a")))
	steps(t, "a wrong read of one", m, false, j, k, do(history.Get, on("j"), sees(2, "b")))
}

func TestVersions(t *testing.T) {
	m := Versions(nil, nil)
	one, two := do(history.Put, stores(1, "a"), given("1")), do(history.Put, stores(2, "b"), given("2"))
	mark := do(history.Delete, given("m"))
	row1 := history.Entry{Key: "k", ETag: "a", VersionID: "1"}
	row2 := history.Entry{Key: "k", ETag: "b", VersionID: "2", Latest: true}
	list := func(e ...history.Entry) *history.Op { return do(history.ListVersions, rows(e...)) }
	steps(t, "the latest", m, true, one, two, do(history.Get, sees(2, "b"), given("2")))
	steps(t, "not the latest", m, false, one, two, do(history.Get, sees(1, "a"), given("1")))
	steps(t, "by its id", m, true, one, two, do(history.Get, ofVersion("1"), sees(1, "a")))
	steps(t, "another by its id", m, false, one, two, do(history.Get, ofVersion("1"), sees(2, "b")))
	steps(t, "under a marker", m, true, one, mark, do(history.Get, refused(404)))
	steps(t, "through a marker", m, false, one, mark, do(history.Get, sees(1, "a")))
	steps(t, "by its id under a marker", m, true, one, mark, do(history.Get, ofVersion("1"), sees(1, "a")))
	steps(t, "the marker removed", m, true, one, mark, do(history.Delete, ofVersion("m")), do(history.Get, sees(1, "a")))
	steps(t, "a removed version", m, true, one, two, do(history.Delete, ofVersion("1")), do(history.Get, ofVersion("1"), refused(404)))
	steps(t, "a version that is there", m, false, one, two, do(history.Get, ofVersion("1"), refused(404)))
	steps(t, "listed", m, true, one, two, list(row2, row1))
	steps(t, "listed the wrong way round", m, false, one, two, list(row1, row2))
	steps(t, "one is not listed", m, false, one, two, list(row2))
	steps(t, "one too many", m, false, two, list(row2, row1))
	steps(t, "none is the latest", m, false, one, list(row1))
	steps(t, "a marker listed as an object", m, false, one, mark, list(history.Entry{Key: "k", VersionID: "m", Latest: true}, row1))
	steps(t, "the null version is replaced", m, true,
		do(history.Put, stores(1, "a"), given(null)), do(history.Put, stores(2, "b"), given(null)),
		list(history.Entry{Key: "k", ETag: "b", VersionID: null, Latest: true}))
	steps(t, "an unclear write has its id", m, true, do(history.Put, stores(2, "b"), unclear), list(row2))
	ordered := Versions([]history.Entry{row1, row2}, nil)
	steps(t, "in order", ordered, true, one, two)
	steps(t, "out of order", ordered, false, two)
	steps(t, "unclear and out of order", ordered, true, do(history.Put, stores(2, "b"), unclear), do(history.Get, refused(404)))
	steps(t, "under what is older", Versions(nil, map[string]map[string]bool{"1": {"2": true}}), false, two, one)
}

func TestUploads(t *testing.T) {
	m := Uploads()
	first := do(history.UploadPart, to("u"), stores(1, "p"), aPart(1, "p"))
	again := do(history.UploadPart, to("u"), stores(2, "q"), aPart(1, "q"))
	lost := do(history.UploadPart, to("u"), stores(2, "q"), aPart(1, "q"), unclear)
	as := func(v history.Value, etag string, how ...at) *history.Op {
		return do(history.Complete, append([]at{to("u"), parts(history.Part{Number: 1, ETag: etag}), values(v),
			func(o *history.Op) { o.Arg.ETag = etag + "-1" }}, how...)...)
	}
	abort := do(history.Abort, to("u"))
	gone := []at{refused(404), code("NoSuchUpload")}
	steps(t, "complete", m, true, first, as(1, "p"), do(history.Get, sees(1, "p-1")))
	steps(t, "a part that is not there", m, false, as(1, "p"))
	steps(t, "a part that was replaced", m, false, first, again, as(1, "p"))
	steps(t, "a part that may have been replaced", m, true, first, lost, as(1, "p"))
	steps(t, "complete again", m, true, first, as(1, "p"), do(history.Delete), as(1, "p"), do(history.Get, refused(404)))
	steps(t, "complete again as another", m, false, first, as(1, "p"), as(2, "q"))
	steps(t, "complete again, not found", m, true, first, as(1, "p"), as(1, "p", gone...))
	steps(t, "not found while open", m, false, first, as(1, "p", gone...))
	steps(t, "unclear complete", m, true, first, as(1, "p", unclear), do(history.Get, sees(1, "p-1")))
	steps(t, "aborted", m, true, first, abort, as(1, "p", gone...))
	steps(t, "complete after abort", m, false, first, abort, as(1, "p"))
	steps(t, "unclear complete after abort", m, true, first, abort, as(1, "p", unclear), do(history.Get, refused(404)))
	steps(t, "abort after complete", m, true, first, as(1, "p"), abort, do(history.Get, sees(1, "p-1")))
	steps(t, "a part after abort", m, false, first, abort, again)
	steps(t, "an invalid part tells nothing", m, true, first, as(2, "q", refused(400), code("InvalidPart")))
	steps(t, "abort of one leaves another", m, true, first, do(history.Abort, to("v")), as(1, "p"))
}

func TestLevels(t *testing.T) {
	for l := Eventual; l <= ListAtomic; l++ {
		if got, err := ParseLevel(l.String()); err != nil || got != l {
			t.Errorf("%s: got %v and %v", l, got, err)
		}
	}
	if _, err := ParseLevel("strong"); err == nil {
		t.Error("strong is no level")
	}
	for name, l := range ladders {
		for i := 1; i < len(l); i++ {
			if l[i-1] >= l[i] {
				t.Errorf("%s: %v does not ascend", name, l)
			}
		}
	}
}
