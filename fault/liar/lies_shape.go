package liar

import (
	"net/http"
	"strings"
)

// Answers of the wrong form.

// anything picks every request.
func anything(*request) bool { return true }

var (
	_ = alter("lie.shape.no-request-id", "no answer has x-amz-request-id",
		breaks("shape.request-id", "object.put.etag-md5"), anything, func(_ *request, a *answer) bool { return a.drop("X-Amz-Request-Id") })
	_ = alter("lie.shape.error-id", "the request id of an error is another than the header's",
		breaks("shape.error-request-id", "object.get.missing"), anything, func(_ *request, a *answer) bool {
			return a.status >= 400 && replace(a, "<RequestId>", "<RequestId>0")
		})
	_ = alter("lie.shape.plain-type", "documents have the content type text/plain",
		breaks("X-11", "wire.xml.*", "wire.answer.*"), anything, func(_ *request, a *answer) bool {
			was := a.get("Content-Type")
			a.set("Content-Type", "text/plain")
			return strings.Contains(was, "xml") && isXML(a.body)
		})
	_ = alter("lie.shape.html-error", "the error of a range that there is none of is a page of HTML",
		breaks("shape.error-body", "object.range.*"), reads, func(q *request, a *answer) bool {
			if a.status != http.StatusRequestedRangeNotSatisfiable || q.method == http.MethodHead {
				return false
			}
			a.body = []byte("<html><head><title>" + a.reason + "</title></head><body><h1>" + a.reason + "</h1></body></html>")
			a.set("Content-Type", "text/html")
			return true
		})
	_ = alter("lie.shape.no-such-key", "a missing key is told of as a missing bucket",
		breaks("O-03", "object.get.missing"), ops("GetObject"), func(_ *request, a *answer) bool { return recoded(a, "NoSuchKey", "NoSuchBucket") })
	_ = alter("lie.shape.no-such-bucket", "a missing bucket is told of as a missing key",
		breaks("bucket.missing.public-access.get", "bucket.missing.tagging.get", "bucket.missing.object.tagging.get"), anything, func(_ *request, a *answer) bool { return recoded(a, "NoSuchBucket", "NoSuchKey") })
	_ = alter("lie.shape.200-for-204", "DeleteObject answers 200",
		breaks("O-05", "object.delete.*"), ops("DeleteObject"), func(_ *request, a *answer) bool {
			if a.status != http.StatusNoContent {
				return false
			}
			a.recode(http.StatusOK)
			a.set("Content-Length", "0")
			return true
		})
	_ = alter("lie.shape.200-for-bucket-204", "DeleteBucket answers 200",
		breaks("B-11", "bucket.delete.*"), ops("DeleteBucket"), func(_ *request, a *answer) bool {
			if a.status != http.StatusNoContent {
				return false
			}
			a.recode(http.StatusOK)
			a.set("Content-Length", "0")
			return true
		})
	_ = alter("lie.shape.200-for-304", "a read that was to answer 304 answers 200 and nothing",
		breaks("C-02", "C-03", "object.get.*"), reads, func(_ *request, a *answer) bool {
			if a.status != http.StatusNotModified {
				return false
			}
			a.recode(http.StatusOK)
			a.set("Content-Length", "0")
			return true
		})
	_ = alter("lie.shape.404-for-403", "whose signature in the header is wrong is told that there is no such bucket",
		breaks("auth.mismatch.string-to-sign", "auth.covered.dropped"), anything, func(q *request, a *answer) bool {
			if textOf(a.body, "Code") != "SignatureDoesNotMatch" || q.get("Authorization") == "" || q.get("X-Amz-Decoded-Content-Length") != "" {
				return false
			}
			a.recode(http.StatusNotFound)
			a.body = withText(a.body, "Code", "NoSuchBucket")
			return true
		})
	_ = alter("lie.shape.405-silent", "a 405 does not say which methods there are",
		breaks("X-09", "wire.method.allow", "version.marker.allow"), anything, func(_ *request, a *answer) bool {
			return a.status == http.StatusMethodNotAllowed && a.drop("Allow")
		})
	_ = add("lie.wire.continue", "every request that expects 100 is answered with it before it is looked at",
		breaks("X-01", "wire.expect.*"), lie{on: func(q *request) bool { return q.get("Expect") != "" },
			take: func(t *telling, q *request) *answer {
				q.drop("Expect")
				return t.send(q)
			}})
	_ = alter("lie.wire.closing", "the connection ends behind a read that failed, which does not say so",
		breaks("wire.connection.*"), reads, func(_ *request, a *answer) bool {
			a.cut = true
			return a.status >= 400
		})
)

func replace(a *answer, old, fresh string) bool {
	was := string(a.body)
	a.body = []byte(strings.Replace(was, old, fresh, 1))
	return was != string(a.body)
}

// recoded gives an error another code.
func recoded(a *answer, from, to string) bool {
	return a.status >= 400 && replace(a, "<Code>"+from+"<", "<Code>"+to+"<")
}
