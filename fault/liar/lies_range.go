package liar

import (
	"bytes"
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

// filled is a GET that has bytes to be changed.
func filled(q *request, a *answer) bool {
	return a.ok() && len(a.body) > 0 && q.method == http.MethodGet
}

var (
	_ = alter("lie.body.flip", "GetObject answers with one bit of the object turned",
		breaks("object.range.one-byte", "object.put.content-md5.right", "object.get.if-unmodified-since.unparsable"), ops("GetObject"), func(q *request, a *answer) bool {
			if !filled(q, a) {
				return false
			}
			a.body[len(a.body)/2] ^= 1
			return true
		})
	_ = alter("lie.body.flip-large", "GetObject answers with one bit turned in an object of a mebibyte or more",
		breaks("multipart.copy.range-of-parts", "multipart.complete.subset", "multipart.number.get"), ops("GetObject"), func(q *request, a *answer) bool {
			if !filled(q, a) || len(a.body) < 1<<20 {
				return false
			}
			a.body[len(a.body)-len(a.body)/3] ^= 0x80
			return true
		})
	_ = alter("lie.body.last-byte", "GetObject leaves the last byte out, and announces as much",
		breaks("object.range.one-byte", "object.put.content-md5.right", "object.get.if-unmodified-since.unparsable"), ops("GetObject"), func(q *request, a *answer) bool {
			if !filled(q, a) {
				return false
			}
			a.body = a.body[:len(a.body)-1]
			return true
		})
	_ = alter("lie.body.cut", "GetObject announces the whole object, and ends the connection in the middle of it",
		breaks("object.range.open", "object.put.content-md5.right", "wire.length.same-lines"), ops("GetObject"), func(q *request, a *answer) bool {
			if !filled(q, a) || len(a.body) < 2 {
				return false
			}
			a.length, a.cut = len(a.body), true
			a.drop("Transfer-Encoding")
			a.body = a.body[:len(a.body)/2]
			return true
		})
	_ = alter("lie.body.zeros", "GetObject answers with zeros for the last kibibyte of a longer object",
		breaks("streaming.put.unsigned-trailer.right.crc32", "streaming.part.signed.chunks", "streaming.put.signed-trailer.right.sha1"), ops("GetObject"), func(q *request, a *answer) bool {
			if !filled(q, a) || len(a.body) <= 1<<10 {
				return false
			}
			copy(a.body[len(a.body)-1<<10:], bytes.Repeat([]byte{0}, 1<<10))
			return true
		})
	_ = alter("lie.head.length", "HeadObject announces one byte more than the object has",
		breaks("X-22", "wire.answer.*"), ops("HeadObject"), func(_ *request, a *answer) bool {
			n, err := strconv.Atoi(a.get("Content-Length"))
			a.set("Content-Length", strconv.Itoa(n+1))
			return a.ok() && err == nil
		})
	_ = alter("lie.head.empty", "HeadObject announces a length of 0",
		breaks("X-22", "wire.answer.*"), ops("HeadObject"), func(_ *request, a *answer) bool {
			had := a.ok() && a.get("Content-Length") != "0"
			a.set("Content-Length", "0")
			return had
		})
	_ = alter("lie.head.body", "HeadObject of a missing key answers 200",
		breaks("O-03", "object.head.missing"), ops("HeadObject"), func(q *request, a *answer) bool {
			if a.status != http.StatusNotFound {
				return false
			}
			*a = *pretend(q)
			return true
		})
)
