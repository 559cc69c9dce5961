package object

import (
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"bleepstore/reference/errcode"
)

func TestParseRange(t *testing.T) {
	for _, c := range []struct {
		header string
		size   int64
		want   span
		code   errcode.Code
	}{
		{"bytes=0-4", 10, span{0, 5, true}, ""},
		{"bytes=5-", 10, span{5, 5, true}, ""},
		{"bytes=-3", 10, span{7, 3, true}, ""},
		{"bytes=-30", 10, span{0, 10, true}, ""},
		{"bytes=0-99", 10, span{0, 10, true}, ""},
		{"bytes=00-01", 10, span{0, 2, true}, ""},
		{"bytes=0-99999999999999999999", 10, span{0, 10, true}, ""},
		{"bytes=-99999999999999999999", 10, span{0, 10, true}, ""},
		{"BYTES=1-1", 10, span{1, 1, true}, ""},
		{"bytes= 1-2 ", 10, span{1, 2, true}, ""},
		{"bytes=1-2,", 10, span{1, 2, true}, ""},
		{"bytes=10-", 10, span{}, errcode.InvalidRange},
		{"bytes=10-20", 10, span{}, errcode.InvalidRange},
		{"bytes=99999999999999999999-", 10, span{}, errcode.InvalidRange},
		{"bytes=-0", 10, span{}, errcode.InvalidRange},
		{"bytes=0-", 0, span{}, errcode.InvalidRange},
		{"bytes=-0", 0, span{}, errcode.InvalidRange},
		{"bytes=-1", 0, span{0, 0, false}, ""},
		{"abc", 10, span{0, 10, false}, ""},
		{"", 10, span{0, 10, false}, ""},
		{"bytes=", 10, span{0, 10, false}, ""},
		{"bytes=-", 10, span{0, 10, false}, ""},
		{"bytes=5-2", 10, span{0, 10, false}, ""},
		{"bytes=0 -1", 10, span{0, 10, false}, ""},
		{"bytes=+0-1", 10, span{0, 10, false}, ""},
		{"bytes=0x0-1", 10, span{0, 10, false}, ""},
		{"bytes=1-2-3", 10, span{0, 10, false}, ""},
		{"bytes=,", 10, span{0, 10, false}, ""},
		{"bytes=0-1,3-4", 10, span{0, 10, false}, ""},
		{"bytes=0-1,99-", 10, span{0, 10, false}, ""},
		{"items=0-1", 10, span{0, 10, false}, ""},
	} {
		got, err := parseRange(c.header, c.size)
		if errcode.Of(err) != c.code || got != c.want {
			t.Errorf("parseRange(%q, %d) = %+v, %v; want %+v, %q", c.header, c.size, got, err, c.want, c.code)
		}
	}
}

func TestInvalidRangeSaysWhatWasAsked(t *testing.T) {
	_, err := parseRange("bytes=10-", 10)
	e := err.(*errcode.Error)
	if len(e.Fields) != 2 || e.Fields[0] != (errcode.Field{Name: "RangeRequested", Value: "bytes=10-"}) ||
		e.Fields[1] != (errcode.Field{Name: "ActualObjectSize", Value: "10"}) {
		t.Errorf("fields %v", e.Fields)
	}
	if len(e.Header) != 1 || e.Header[0] != (errcode.Field{Name: "Content-Range", Value: "bytes */10"}) {
		t.Errorf("header %v", e.Header)
	}
}

// Every well-formed range selects what slicing the object would.
func TestParseRangeSlices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 50).Draw(t, "size")
		a, b := rapid.Int64Range(0, 60).Draw(t, "a"), rapid.Int64Range(0, 60).Draw(t, "b")
		var header string
		var from, to int64 // half open
		switch rapid.IntRange(0, 2).Draw(t, "form") {
		case 0:
			a, b = min(a, b), max(a, b)
			header, from, to = "bytes="+strconv.FormatInt(a, 10)+"-"+strconv.FormatInt(b, 10), a, min(b+1, size)
		case 1:
			header, from, to = "bytes="+strconv.FormatInt(a, 10)+"-", a, size
		case 2:
			header, from, to = "bytes=-"+strconv.FormatInt(a, 10), max(size-a, 0), size
		}
		got, err := parseRange(header, size)
		if from >= to {
			if errcode.Of(err) != errcode.InvalidRange {
				t.Fatalf("%s of %d: got %+v, %v, want InvalidRange", header, size, got, err)
			}
			return
		}
		if want := (span{from, to - from, true}); err != nil || got != want {
			t.Fatalf("%s of %d: got %+v, %v, want %+v", header, size, got, err, want)
		}
	})
}

func TestParseCopyRange(t *testing.T) {
	for _, c := range []struct {
		header string
		want   span
		ok     bool
	}{
		{"bytes=0-9", span{0, 10, false}, true},
		{"bytes=3-3", span{3, 1, false}, true},
		{"bytes=0-10", span{}, false},
		{"bytes=10-10", span{}, false},
		{"bytes=5-", span{}, false},
		{"bytes=-5", span{}, false},
		{"bytes=5-4", span{}, false},
		{"bytes=0-1,2-3", span{}, false},
		{"0-1", span{}, false},
		{"bytes=a-b", span{}, false},
		{"bytes=0-99999999999999999999", span{}, false},
		{"", span{}, false},
	} {
		got, err := parseCopyRange(c.header, 10)
		if c.ok && (err != nil || got != c.want) || !c.ok && errcode.Of(err) != errcode.InvalidArgument {
			t.Errorf("parseCopyRange(%q) = %+v, %v; want %+v, ok %v", c.header, got, err, c.want, c.ok)
		}
	}
}

// FuzzRange: no header, however odd, selects bytes outside of the object, and
// a copied range is never shorter than it says.
func FuzzRange(f *testing.F) {
	for _, h := range []string{"bytes=0-4", "bytes=-3", "bytes=5-", "bytes=-0", "bytes=1-2,3-4", "bytes=5-4", "abc", "bytes=99999999999999999999-"} {
		f.Add(h, int64(10))
	}
	f.Fuzz(func(t *testing.T, h string, size int64) {
		if size < 0 || size == math.MaxInt64 {
			t.Skip()
		}
		if s, err := parseRange(h, size); err == nil {
			if s.off < 0 || s.n < 0 || s.off > size-s.n {
				t.Errorf("parseRange(%q, %d) = %+v, outside", h, size, s)
			}
			if s.partial && s.n == 0 || !s.partial && (s.off != 0 || s.n != size) {
				t.Errorf("parseRange(%q, %d) = %+v: partial and extent disagree", h, size, s)
			}
		} else if errcode.Of(err) != errcode.InvalidRange {
			t.Errorf("parseRange(%q, %d): %v", h, size, err)
		}
		if s, err := parseCopyRange(h, size); err == nil {
			first, last, ok := oneRange(h)
			if !ok || s.off != first || s.n != last-first+1 || s.off+s.n > size {
				t.Errorf("parseCopyRange(%q, %d) = %+v, want %d-%d", h, size, s, first, last)
			}
		}
	})
}
