package liar

import (
	"bytes"
	"net/http"
	"strconv"
)

// filled is a GET that has bytes to be changed.
func filled(q *request, a *answer) bool {
	return a.ok() && len(a.body) > 0 && q.method == http.MethodGet
}

var (
	_ = alter("lie.body.flip", "a range of an object comes with one bit turned",
		breaks("object.range.one-byte"), ops("GetObject"), func(q *request, a *answer) bool {
			if !filled(q, a) || q.get("Range") == "" {
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
	_ = alter("lie.body.last-byte", "GetObject under If-Unmodified-Since leaves the last byte out, and announces as much",
		breaks("object.get.if-unmodified-since.unparsable"), ops("GetObject"), func(q *request, a *answer) bool {
			if !filled(q, a) || q.get("If-Unmodified-Since") == "" {
				return false
			}
			a.body = a.body[:len(a.body)-1]
			return true
		})
	_ = alter("lie.body.cut", "GetObject announces a whole range, and ends the connection in the middle of it",
		breaks("object.range.open"), ops("GetObject"), func(q *request, a *answer) bool {
			if !filled(q, a) || len(a.body) < 2 || q.get("Range") == "" {
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
	_ = alter("lie.head.missing-version", "HeadObject of a missing version answers 200",
		breaks("V-04", "V-05", "V-18", "V-20"), ops("HeadObject"), func(q *request, a *answer) bool {
			if a.status != http.StatusNotFound || q.params().Get("versionId") == "" {
				return false
			}
			*a = *pretend(q)
			return true
		})
)
