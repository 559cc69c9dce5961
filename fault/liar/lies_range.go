package liar

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// Ranges that are read otherwise than they say, and bytes that are not the
// object's.

var (
	// bounded is a range with a first and a last byte.
	bounded = regexp.MustCompile(`^bytes=(\d+)-(\d+)$`)
	// contentRange is what an answer says of it.
	contentRange = regexp.MustCompile(`^bytes (\d+)-(\d+)/(\d+)$`)
)

// part is an answer to a range of an object's bytes.
func part(q *request, a *answer) bool {
	return q.get("Range") != "" && a.status == http.StatusPartialContent && contentRange.MatchString(a.get("Content-Range"))
}

var (
	_ = revise("lie.range.end-ignored", "a range of a first and a last byte goes on to the end of the object",
		breaks("C-10", "object.range.*"), ops("GetObject", "HeadObject"), func(q *request) bool {
			r := q.get("Range")
			q.set("Range", bounded.ReplaceAllString(r, "bytes=$1-"))
			return bounded.MatchString(r)
		})
	_ = revise("lie.range.end-exclusive", "a range ends before its last byte",
		breaks("C-10", "object.range.*"), ops("GetObject", "HeadObject"), func(q *request) bool {
			m := bounded.FindStringSubmatch(q.get("Range"))
			if m == nil {
				return false
			}
			first, _ := strconv.ParseUint(m[1], 10, 63)
			last, _ := strconv.ParseUint(m[2], 10, 63) // what is longer is no end of any object
			q.set("Range", fmt.Sprintf("bytes=%d-%d", first, max(last, 1)-1))
			return last > first
		})
	_ = revise("lie.range.suffix-as-first", "a suffix range is read as one that begins there",
		breaks("C-11", "object.range.*"), ops("GetObject", "HeadObject"), func(q *request) bool {
			n, ok := strings.CutPrefix(q.get("Range"), "bytes=-")
			q.set("Range", "bytes="+n+"-")
			return ok
		})
	_ = revise("lie.range.ignored", "GetObject answers a range with 200 and the whole object",
		breaks("C-10", "object.range.*"), ops("GetObject"), func(q *request) bool { return q.drop("Range") })
	_ = alter("lie.range.as-whole", "GetObject answers a range with 200 and those bytes alone",
		breaks("C-10", "object.range.*"), ops("GetObject"), func(q *request, a *answer) bool {
			if !part(q, a) {
				return false
			}
			a.recode(http.StatusOK)
			return a.drop("Content-Range")
		})
	_ = alter("lie.range.content-range", "Content-Range says that a range begins one byte later",
		breaks("C-10", "object.range.*"), ops("GetObject"), func(q *request, a *answer) bool {
			m := contentRange.FindStringSubmatch(a.get("Content-Range"))
			if m == nil || !part(q, a) {
				return false
			}
			first, _ := strconv.ParseUint(m[1], 10, 63)
			last, _ := strconv.ParseUint(m[2], 10, 63) // it matched
			a.set("Content-Range", fmt.Sprintf("bytes %d-%d/%s", first+1, last+1, m[3]))
			return true
		})
	_ = alter("lie.range.total", "Content-Range gives the length of the range as that of the object",
		breaks("C-10", "object.range.*"), ops("GetObject"), func(q *request, a *answer) bool {
			m := contentRange.FindStringSubmatch(a.get("Content-Range"))
			if m == nil || m[3] == strconv.Itoa(len(a.body)) || !part(q, a) {
				return false
			}
			a.set("Content-Range", fmt.Sprintf("bytes %s-%s/%d", m[1], m[2], len(a.body)))
			return true
		})
	_ = alter("lie.range.unsatisfiable-empty", "a range behind the end is answered with 206 and nothing",
		breaks("C-13", "object.range.*"), ops("GetObject"), func(_ *request, a *answer) bool {
			if a.status != http.StatusRequestedRangeNotSatisfiable {
				return false
			}
			a.recode(http.StatusPartialContent)
			a.body = nil
			return true
		})
)
