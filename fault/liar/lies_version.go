package liar

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Versions and delete markers.

var (
	_ = add("lie.version.anothers", "PutObject answers with the version id of the PutObject before it",
		breaks("version.delete.uncovers-marker", "version.get.attributes", "version.delete.by-id"), lie{on: ops("PutObject"),
			when: func(_ *request, a *answer) bool { return a.ok() && a.get("X-Amz-Version-Id") != "" },
			change: func(t *telling, q *request, a *answer) bool {
				last, ok := t.recall(q.bucket)
				t.keep(q.bucket, a)
				if ok {
					a.set("x-amz-version-id", last.get("X-Amz-Version-Id"))
				}
				return ok
			}})
	_ = alter("lie.version.null", "reads answer with the version id null",
		breaks("V-04", "version.get.*"), reads, func(_ *request, a *answer) bool {
			id := a.get("X-Amz-Version-Id")
			a.set("x-amz-version-id", "null")
			return a.ok() && id != "" && id != "null"
		})
	_ = revise("lie.version.current", "GetObject heeds no versionId, and reads what is current",
		breaks("V-04", "version.get.*"), ops("GetObject", "HeadObject"), func(q *request) bool {
			had := q.params().Has("versionId")
			q.forget("versionId")
			return had
		})
	_ = revise("lie.version.delete-current", "DeleteObject heeds no versionId, and lays a delete marker",
		breaks("V-09", "version.delete.*"), ops("DeleteObject"), func(q *request) bool {
			had := q.params().Has("versionId")
			q.forget("versionId")
			return had
		})
	_ = alter("lie.version.marker-unsaid", "no answer has x-amz-delete-marker",
		breaks("V-06", "V-07", "V-09", "version.delete.*", "version.marker.*"), func(*request) bool { return true }, func(_ *request, a *answer) bool {
			return a.drop("X-Amz-Delete-Marker")
		})
	_ = alter("lie.version.marker-shown", "GetObject of a key under a delete marker answers 200 and nothing",
		breaks("V-07", "version.marker.*"), reads, func(q *request, a *answer) bool {
			if a.get("X-Amz-Delete-Marker") != "true" || a.ok() {
				return false
			}
			*a = *pretend(q)
			return true
		})
	_ = alter("lie.version.markers-unlisted", "ListObjectVersions lists no delete markers",
		breaks("version.list.marker-shape", "version.list.entry", "version.list.paging"), ops("ListObjectVersions"), func(_ *request, a *answer) bool {
			return entries(a, "DeleteMarker", func([]string) []string { return nil })
		})
	_ = alter("lie.version.all-latest", "ListObjectVersions says of every version that it is the latest",
		breaks("version.list.order"), ops("ListObjectVersions"), func(_ *request, a *answer) bool {
			had := strings.Contains(string(a.body), "<IsLatest>false</IsLatest>")
			a.body = withText(a.body, "IsLatest", "true")
			return had
		})
	_ = alter("lie.version.oldest-first", "ListObjectVersions lists versions backwards",
		breaks("version.list.order", "version.list.newest-first", "version.list.entry"), ops("ListObjectVersions"), func(_ *request, a *answer) bool {
			return entries(a, "Version", func(e []string) []string { slices.Reverse(e); return e })
		})
	_ = alter("lie.version.never-truncated", "ListObjectVersions is never truncated",
		breaks("version.list.truncated", "version.list.prefix-pages", "version.list.paging-null"), ops("ListObjectVersions"), func(_ *request, a *answer) bool { return retext(a, "IsTruncated", "false") })
)

// Uploads of several parts.

var (
	_ = revise("lie.part.dropped", "CompleteMultipartUpload leaves the first of several parts out",
		breaks("multipart.complete.too-small", "multipart.complete.order", "multipart.complete.subset"), ops("CompleteMultipartUpload"), func(q *request) bool {
			parts := all(q.body, "Part")
			return len(parts) > 1 && q.rebody([]byte(strings.Replace(string(q.body), parts[0], "", 1)))
		})
	_ = revise("lie.part.sorted", "CompleteMultipartUpload sorts the parts that it is given",
		breaks("M-06", "multipart.complete.order"), ops("CompleteMultipartUpload"), func(q *request) bool {
			parts := all(q.body, "Part")
			sorted := slices.Clone(parts)
			slices.SortStableFunc(sorted, func(a, b string) int { return numberOf(a) - numberOf(b) })
			if slices.Equal(parts, sorted) {
				return false
			}
			i := 0
			return q.rebody(each(q.body, "Part", func(int, string) string { i++; return sorted[i-1] }))
		})
	_ = revise("lie.part.number-off", "UploadPart stores the second part as the third",
		breaks("multipart.parts.order", "multipart.complete.too-small", "multipart.parts.paging"), ops("UploadPart"), func(q *request) bool {
			had := q.params().Get("partNumber") == "2"
			q.param("partNumber", "3")
			return had
		})
	_ = alter("lie.part.unlisted", "ListParts leaves the last part out",
		breaks("multipart.parts.order", "multipart.copy.whole", "multipart.part.number-range"), ops("ListParts"), func(_ *request, a *answer) bool {
			return entries(a, "Part", func(e []string) []string { return e[:len(e)-1] })
		})
	_ = alter("lie.part.size", "ListParts gives every part the size 1",
		breaks("multipart.parts.order", "multipart.copy.whole"), ops("ListParts"), func(_ *request, a *answer) bool { return retext(a, "Size", "1") })
	_ = alter("lie.upload.unlisted", "ListMultipartUploads leaves the first upload out",
		breaks("M-20", "multipart.uploads.*"), ops("ListMultipartUploads"), func(_ *request, a *answer) bool {
			return entries(a, "Upload", func(e []string) []string { return e[1:] })
		})
	_ = alter("lie.upload.backwards", "ListMultipartUploads lists uploads backwards",
		breaks("M-20", "multipart.uploads.*"), ops("ListMultipartUploads"), func(_ *request, a *answer) bool {
			return entries(a, "Upload", func(e []string) []string { slices.Reverse(e); return e })
		})
	_ = add("lie.upload.shared", "two uploads of one key have the same id",
		breaks("M-01", "multipart.create.*"), lie{on: ops("CreateMultipartUpload"), when: worked,
			change: func(t *telling, q *request, a *answer) bool {
				last, ok := t.recall(q.bucket + "/" + q.key)
				if !ok {
					t.keep(q.bucket+"/"+q.key, a)
					return false
				}
				a.body = withText(a.body, "UploadId", textOf(last.body, "UploadId"))
				return true
			}})
	_ = revise("lie.upload.kept", "AbortMultipartUpload aborts an upload that there is none of",
		breaks("M-13", "multipart.abort.*"), ops("AbortMultipartUpload"), func(q *request) bool {
			q.param("uploadId", "none")
			return true
		})
)

// numberOf is the number of a part.
func numberOf(part string) int {
	n, _ := strconv.Atoi(textOf([]byte(part), "PartNumber")) // one that is none goes first
	return n
}

// Owners and grants.

var (
	_ = alter("lie.acl.owner", "the owner of an ACL is another",
		breaks("acl.default.bucket", "acl.default.object"), ops("GetObjectAcl", "GetBucketAcl"), func(_ *request, a *answer) bool {
			had := a.ok() && strings.Contains(string(a.body), "<Owner>")
			a.body = each(a.body, "Owner", func(int, string) string { return "<Owner><ID>" + strings.Repeat("0", 64) + "</ID></Owner>" })
			return had
		})
	_ = alter("lie.acl.grantee", "a grant to FULL_CONTROL is shown as one to READ",
		breaks("acl.default.bucket", "acl.canned.create-bucket.private", "acl.header.put-object.full-control"), ops("GetObjectAcl", "GetBucketAcl"), func(_ *request, a *answer) bool {
			had := a.ok() && strings.Contains(string(a.body), "<Permission>FULL_CONTROL<")
			a.body = withText(a.body, "Permission", "READ")
			return had
		})
	_ = revise("lie.acl.put-ignored", "PutObject heeds no x-amz-acl",
		breaks("acl.disabled.canned.put-object", "acl.canned.put-object.authenticated-read"), ops("PutObject"), func(q *request) bool { return q.drop("X-Amz-Acl") })
	_ = alter("lie.access.open", "an unsigned read that is refused is answered with 200",
		breaks("auth.anonymous.list-buckets", "auth.forged.anonymous", "auth.anonymous.absent-key"), func(q *request) bool { return q.by.mode == "" && q.method == http.MethodGet }, func(q *request, a *answer) bool {
			return a.code() == "AccessDenied" && swallowed(q, a)
		})
	_ = alter("lie.access.forged", "a request with a wrong signature is answered as if it had worked",
		breaks("auth.mismatch.string-to-sign", "auth.covered.dropped", "auth.other-account.key-with-own-secret"), func(q *request) bool { return !q.by.good }, func(q *request, a *answer) bool {
			return a.code() == "SignatureDoesNotMatch" && swallowed(q, a)
		})
	_ = alter("lie.access.expired", "a presigned request that has expired is answered as if it had not",
		breaks("presign.unsigned-header.website-redirect-location", "presign.dead.just", "presign.forged.expired"), func(q *request) bool { return q.by.mode == "presigned" }, func(q *request, a *answer) bool {
			return a.code() == "AccessDenied" && q.by.good && swallowed(q, a)
		})
)
