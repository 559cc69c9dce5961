package liar

import (
	"slices"
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
	_ = add("lie.version.delete-current", "the first DeleteObject of a version in a bucket heeds no versionId, and lays a delete marker",
		breaks("V-09", "version.delete.*"), lie{on: and(ops("DeleteObject"), ofVersion, honest), when: worked,
			take: func(t *telling, q *request) *answer {
				if _, again := t.recall(q.bucket); again {
					return nil
				}
				t.keep(q.bucket, &answer{})
				q.forget("versionId")
				if !q.resign() {
					return nil
				}
				return t.send(q)
			}})
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

var (
	_ = alter("lie.version.never-set", "GetBucketVersioning of a bucket that was never configured has a Status",
		breaks("version.config.never"), ops("GetBucketVersioning"), func(_ *request, a *answer) bool {
			if !a.ok() || strings.Contains(string(a.body), "<Status>") {
				return false
			}
			a.body = []byte(xmlHead + "<VersioningConfiguration" + space + "><Status>Suspended</Status></VersioningConfiguration>")
			return true
		})
	_ = alter("lie.version.unversioned-id", "PutObject into a bucket without versions answers with a version id",
		breaks("version.unversioned.null"), ops("PutObject"), func(_ *request, a *answer) bool {
			had := a.ok() && !a.fields.has("X-Amz-Version-Id")
			a.set("x-amz-version-id", "3sL4kqtJlcpXroDTDmJ")
			return had
		})
)
