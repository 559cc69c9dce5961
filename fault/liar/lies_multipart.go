package liar

import (
	"slices"
	"strconv"
	"strings"
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
