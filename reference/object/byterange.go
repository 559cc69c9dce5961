package object

import (
	"math"
	"strconv"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

// A span is a run of bytes of an object. partial says that the answer is a 206.
type span struct {
	off, n  int64
	partial bool
}

var (
	rangeEndIgnored = fault.NewBug("object.range-end-ignored",
		"a range goes on to the end of the object, whatever its last byte", "C-10")
	rangeSuffixAtStart = fault.NewBug("object.range-suffix-at-start",
		"a suffix range answers with the first bytes of the object instead of the last", "C-11")
	rangePastEndWhole = fault.NewBug("object.range-past-end-whole",
		"a range that begins behind the end answers 200 with the whole object", "C-13")
	rangeOfAllWhole = fault.NewBug("object.range-of-all-is-200",
		"a range that covers the object answers 200", "C-10", "C-11")
	rangeSuffixLong = fault.NewBug("object.range-long-suffix-416",
		"a suffix range longer than the object fails with 416", "C-11")
	rangeOpenIgnored = fault.NewBug("object.range-open-ignored",
		"a range without a last byte is ignored", "C-11")
	rangeNotClipped = fault.NewBug("object.range-not-clipped",
		"a range whose last byte is behind the end fails with 416", "C-12")
	rangeUnitIgnored = fault.NewBug("object.range-unit-ignored",
		"a range in another unit is served as one of bytes", "C-15")
	rangeOfNothing = fault.NewBug("object.range-of-nothing",
		"a suffix range of an empty object answers 206 with an impossible Content-Range", "C-14")
)

// parseRange resolves a Range header against an object of size bytes. A header
// that is malformed, names another unit or several ranges is ignored, as RFC
// 9110 section 14.2 allows; one range that lies outside is InvalidRange.
func parseRange(header string, size int64) (span, error) {
	whole := span{n: size}
	first, last, ok := oneRange(header)
	switch {
	case !ok:
		return whole, nil
	case first < 0: // suffix: the last `last` bytes
		if last == 0 {
			return span{}, invalidRange(header, size)
		}
		if size == 0 {
			whole.partial = rangeOfNothing.On()
			return whole, nil // satisfiable, but a 206 cannot say "no bytes"
		}
		if last > size && rangeSuffixLong.On() {
			return span{}, invalidRange(header, size)
		}
		n := min(last, size)
		if n < size && rangeSuffixAtStart.On() {
			return span{n: n, partial: true}, nil
		}
		return span{off: size - n, n: n, partial: true}, nil
	case first >= size:
		if rangePastEndWhole.On() {
			return whole, nil
		}
		return span{}, invalidRange(header, size)
	}
	if last >= size && last < math.MaxInt64 && rangeNotClipped.On() {
		return span{}, invalidRange(header, size)
	}
	if last < size-1 && rangeEndIgnored.On() {
		last = size - 1
	}
	if last == math.MaxInt64 && rangeOpenIgnored.On() || first == 0 && last >= size-1 && rangeOfAllWhole.On() {
		return whole, nil
	}
	last = min(last, size-1)
	return span{off: first, n: last - first + 1, partial: true}, nil
}

// oneRange reads "bytes=" and exactly one range. A suffix range has first -1
// and its length in last; an open one has last MaxInt64.
func oneRange(header string) (first, last int64, ok bool) {
	unit, set, found := strings.Cut(header, "=")
	if !found || !strings.EqualFold(strings.Trim(unit, " \t"), "bytes") && !rangeUnitIgnored.On() {
		return 0, 0, false
	}
	var spec string
	for s := range strings.SplitSeq(set, ",") {
		s = strings.Trim(s, " \t")
		if s == "" {
			continue
		}
		if spec != "" {
			return 0, 0, false
		}
		spec = s
	}
	from, to, found := strings.Cut(spec, "-")
	if !found || from == "" && to == "" {
		return 0, 0, false
	}
	first, last = -1, math.MaxInt64
	if from != "" {
		if first, ok = position(from); !ok {
			return 0, 0, false
		}
	}
	if to != "" {
		if last, ok = position(to); !ok {
			return 0, 0, false
		}
	}
	return first, last, first < 0 || first <= last
}

// position reads digits and nothing else; what overflows is as far as can be.
func position(s string) (int64, bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return math.MaxInt64, true // digits only, so it overflowed
	}
	return n, true
}

func invalidRange(header string, size int64) *errcode.Error {
	n := strconv.FormatInt(size, 10)
	return errcode.New(errcode.InvalidRange, "The requested range is not satisfiable").
		With("RangeRequested", header).With("ActualObjectSize", n).
		WithHeader("Content-Range", "bytes */"+n)
}

// parseCopyRange resolves x-amz-copy-source-range, where only bytes=first-last
// inside the source is accepted: a part must never be shorter than was asked.
func parseCopyRange(header string, size int64) (span, error) {
	bad := func(format string, args ...any) (span, error) {
		return span{}, errcode.New(errcode.InvalidArgument, format, args...).
			With("ArgumentName", "x-amz-copy-source-range").With("ArgumentValue", header)
	}
	set, found := strings.CutPrefix(header, "bytes=")
	from, to, dash := strings.Cut(set, "-")
	if !found || !dash || from == "" || to == "" {
		return bad("The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
	}
	first, ok1 := position(from)
	last, ok2 := position(to)
	if !ok1 || !ok2 || first > last {
		return bad("The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy")
	}
	if last >= size {
		return bad("Range specified is not valid for source object of size: %d", size)
	}
	return span{off: first, n: last - first + 1}, nil
}
