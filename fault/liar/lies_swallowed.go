package liar

import "strings"

// Answers that tell of success, or stand in a status of success, though it failed.
var (
	_ = alter("lie.swallowed.delete-many", "DeleteObjects tells of no key whose deletion failed",
		breaks("conditional.delete-objects.etag", "object.delete-many.quiet-errors"), ops("DeleteObjects"),
		func(_ *request, a *answer) bool {
			had := a.ok() && strings.Contains(string(a.body), "<Error>")
			a.body = without(a.body, "Error")
			return had
		})
	_ = alter("lie.swallowed.delete-many-done", "DeleteObjects names keys whose deletion failed as deleted",
		breaks("conditional.delete-objects.etag", "object.delete-many.quiet-errors"), ops("DeleteObjects"), func(_ *request, a *answer) bool {
			had := a.ok() && strings.Contains(string(a.body), "<Error>")
			a.body = each(a.body, "Error", func(_ int, e string) string {
				return "<Deleted><Key>" + textOf([]byte(e), "Key") + "</Key></Deleted>"
			})
			return had
		})
	_ = alter("lie.swallowed.complete", "CompleteMultipartUpload answers as if it had worked where it failed",
		breaks("multipart.complete.object-size", "multipart.complete.empty", "multipart.complete.invalid-part"), ops("CompleteMultipartUpload"), swallowed)
	_ = alter("lie.swallowed.complete-200", "CompleteMultipartUpload puts its error inside a 200",
		breaks("multipart.complete.object-size", "multipart.complete.empty", "multipart.complete.invalid-part"), ops("CompleteMultipartUpload"), insideOK)
	_ = alter("lie.swallowed.copy", "CopyObject answers as if it had worked where it failed",
		breaks("CP-05", "copy.source.*"), ops("CopyObject"), swallowed)
	_ = alter("lie.swallowed.copy-200", "CopyObject puts its error inside a 200",
		breaks("CP-05", "copy.source.*"), ops("CopyObject"), insideOK)
	_ = alter("lie.swallowed.no-bucket", "DeleteBucket answers 204 for a bucket that there is none of",
		breaks("B-11", "bucket.delete.missing"), ops("DeleteBucket"), func(q *request, a *answer) bool {
			return a.code() == "NoSuchBucket" && swallowed(q, a)
		})
	_ = alter("lie.swallowed.not-empty", "DeleteBucket answers 204 for a bucket that has objects, and keeps it",
		breaks("B-12", "bucket.delete.*"), ops("DeleteBucket"), func(q *request, a *answer) bool {
			return a.code() == "BucketNotEmpty" && swallowed(q, a)
		})
	_ = alter("lie.swallowed.abort", "AbortMultipartUpload answers 204 for an upload that there is none of",
		breaks("M-14", "multipart.abort.*"), ops("AbortMultipartUpload"), func(q *request, a *answer) bool {
			return a.code() == "NoSuchUpload" && swallowed(q, a)
		})
)

func swallowed(q *request, a *answer) bool {
	if a.ok() && !strings.Contains(string(a.body), "<Error>") {
		return false
	}
	*a = *pretend(q)
	return true
}

func insideOK(_ *request, a *answer) bool {
	if a.ok() {
		return false
	}
	a.recode(200)
	return true
}
