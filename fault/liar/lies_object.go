package liar

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// What stands beside the bytes of an object.

const metaPrefix = "x-amz-meta-"

// meta picks the fields of user metadata.
func meta(name string) bool { return strings.HasPrefix(strings.ToLower(name), metaPrefix) }

// eachField changes the fields of an answer that are picked, and says whether there
// were any; a change to "" leaves one out.
func eachField(a *answer, pick func(string) bool, change func(line [2]string) [2]string) bool {
	var out fields
	had := false
	for _, line := range a.fields {
		if pick(line[0]) {
			was := line
			line = change(line)
			had = had || was != line
		}
		if line[0] != "" {
			out = append(out, line)
		}
	}
	a.fields = out
	return had && a.ok()
}

// another registers a lie by which an answer has some fields of the answer before
// it, of another key of the bucket.
func another(name, says string, pick func(string) bool, broken ...string) *lie {
	return add(name, says, broken, lie{on: reads, when: func(_ *request, a *answer) bool { return a.ok() },
		change: func(t *telling, q *request, a *answer) bool {
			last, ok := t.recall("last")
			mine := a.clone()
			mine.of = q.bucket + "/" + q.key
			t.keep("last", mine)
			if !ok || last.of == mine.of {
				return false
			}
			had := slices.Clone(a.fields)
			eachField(a, pick, func([2]string) [2]string { return [2]string{} })
			for _, line := range last.fields {
				if pick(line[0]) {
					a.fields = append(a.fields, line)
				}
			}
			return !slices.Equal(had, a.fields)
		}})
}

var (
	_ = alter("lie.meta.dropped", "reads answer without the user metadata",
		breaks("O-06", "O-07", "object.metadata.*"), reads, func(_ *request, a *answer) bool {
			return eachField(a, meta, func([2]string) [2]string { return [2]string{} })
		})
	_ = alter("lie.meta.one-dropped", "HeadObject leaves one entry of the user metadata out",
		breaks("O-06", "object.metadata.*"), ops("HeadObject"), func(_ *request, a *answer) bool {
			n := 0
			return eachField(a, meta, func(line [2]string) [2]string {
				if n++; n == 1 {
					return [2]string{}
				}
				return line
			})
		})
	_ = alter("lie.meta.upper-case", "reads answer with the values of user metadata in capital letters",
		breaks("O-06", "object.metadata.*"), reads, func(_ *request, a *answer) bool {
			return eachField(a, meta, func(line [2]string) [2]string { return [2]string{line[0], strings.ToUpper(line[1])} })
		})
	_ = revise("lie.meta.unsent", "PutObject stores no user metadata",
		breaks("O-06", "object.metadata.*"), ops("PutObject"), func(q *request) bool { return q.dropAll(meta) })
	_ = revise("lie.meta.upload-unsent", "CreateMultipartUpload keeps no user metadata",
		breaks("M-18", "multipart.create.metadata"), ops("CreateMultipartUpload"), func(q *request) bool { return q.dropAll(meta) })
	_ = revise("lie.meta.copy-unreplaced", "CopyObject copies the metadata, also where they are to be replaced",
		breaks("CP-02", "copy.metadata.*", "copy.self.*"), ops("CopyObject"), func(q *request) bool {
			return strings.EqualFold(q.get("X-Amz-Metadata-Directive"), "REPLACE") && q.drop("X-Amz-Metadata-Directive")
		}).given("copy.metadata.replace")
	_ = another("lie.meta.anothers", "reads answer with the user metadata of the object that was read before", meta,
		"O-06", "object.metadata.*")

	_ = alter("lie.type.dropped", "reads answer with the content type of a stream of bytes",
		breaks("O-10", "object.header.*"), reads, func(_ *request, a *answer) bool {
			had := a.ok() && a.get("Content-Type") != "binary/octet-stream"
			a.set("Content-Type", "binary/octet-stream")
			return had
		})
	_ = revise("lie.type.unsent", "PutObject stores no content type",
		breaks("O-10", "object.header.*", "object.put.overwrite-headers"), ops("PutObject"), func(q *request) bool { return q.drop("Content-Type") })
	_ = revise("lie.header.unsent", "PutObject stores neither Cache-Control nor Content-Disposition",
		breaks("O-10", "object.header.*"), ops("PutObject"), func(q *request) bool {
			had := q.drop("Cache-Control")
			return q.drop("Content-Disposition") || had
		})
	_ = alter("lie.date.past", "reads answer with a Last-Modified of 2006",
		breaks("O-25", "object.last-modified*"), reads, func(_ *request, a *answer) bool { return redate(a, past) })
	_ = alter("lie.date.now", "Last-Modified is the time of the answer",
		breaks("O-25", "object.last-modified*"), reads, func(_ *request, a *answer) bool { return redate(a, now()) })
	_ = alter("lie.date.form", "Last-Modified of a range has the form of ISO 8601",
		breaks("shape.date", "object.range.*"), reads, func(q *request, a *answer) bool {
			had := q.get("Range") != "" && a.ok() && a.fields.has("Last-Modified")
			if had {
				a.set("Last-Modified", past.Format(time.RFC3339))
			}
			return had
		})
)

// past is before all objects.
var past = time.Date(2006, 3, 14, 0, 0, 0, 0, time.UTC)

// redate gives an answer another Last-Modified.
func redate(a *answer, to time.Time) bool {
	if !a.ok() || !a.fields.has("Last-Modified") {
		return false
	}
	a.set("Last-Modified", to.UTC().Format(http.TimeFormat))
	return true
}

// dropAll leaves the fields out that are picked.
func (q *request) dropAll(pick func(string) bool) (had bool) {
	var out fields
	for _, line := range q.fields {
		if pick(line[0]) {
			had = true
			continue
		}
		out = append(out, line)
	}
	q.fields = out
	return had
}

var (
	_ = alter("lie.head.storage-class", "reads say of every object that its class is STANDARD",
		breaks("object.storage-class.*"), reads, func(_ *request, a *answer) bool {
			had := a.ok() && a.get("X-Amz-Storage-Class") != "STANDARD"
			a.set("x-amz-storage-class", "STANDARD")
			return had
		})
	_ = revise("lie.checksum.unasked", "reads answer with checksums that nobody asked for",
		breaks("checksum.read.not-asked"), reads, func(q *request) bool {
			asked := q.fields.has("X-Amz-Checksum-Mode")
			q.set("x-amz-checksum-mode", "ENABLED")
			return !asked
		})
)
