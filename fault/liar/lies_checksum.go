package liar

import "strings"

// Checksums.

// checksum picks the fields that carry one.
func checksum(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "x-amz-checksum-") && name != "x-amz-checksum-type" && name != "x-amz-checksum-algorithm"
}

// otherSum is another checksum of the same form.
func otherSum(line [2]string) [2]string {
	first := "A"
	if strings.HasPrefix(line[1], "A") {
		first = "B"
	}
	return [2]string{line[0], first + line[1][min(1, len(line[1])):]}
}

var (
	_ = alter("lie.checksum.get", "reads answer with another checksum than the object has",
		breaks("K-05", "checksum.read.*"), reads, func(_ *request, a *answer) bool { return eachField(a, checksum, otherSum) })
	_ = alter("lie.checksum.put", "PutObject and UploadPart answer with another checksum than was stored",
		breaks("checksum.part.right.sha256", "checksum.put.right.sha256", "checksum.part.right.sha1"), ops("PutObject", "UploadPart"), func(_ *request, a *answer) bool {
			return eachField(a, checksum, otherSum)
		})
	_ = revise("lie.checksum.unchecked", "PutObject and UploadPart heed no checksum in a header",
		breaks("checksum.put.wrong.sha256", "checksum.part.other-algorithm.crc64nvme-crc32c", "checksum.put.wrong.sha1"), ops("PutObject", "UploadPart"), func(q *request) bool { return q.dropAll(checksum) })
	_ = revise("lie.checksum.md5-unchecked", "no Content-MD5 is heeded",
		breaks("O-16", "object.put.*", "multipart.part.content-md5"), ops("PutObject", "UploadPart"), func(q *request) bool { return q.drop("Content-MD5") })
	_ = alter("lie.checksum.attributes", "GetObjectAttributes tells of no checksum",
		breaks("K-13", "checksum.shown.*"), ops("GetObjectAttributes"), func(_ *request, a *answer) bool {
			had := strings.Contains(string(a.body), "<Checksum>")
			a.body = without(a.body, "Checksum")
			return had
		})
)
