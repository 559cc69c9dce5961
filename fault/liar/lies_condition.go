package liar

// Conditions that nobody heeds.

// heedless registers a lie that leaves conditions out of requests.
func heedless(name, says string, on func(*request) bool, fields []string, broken ...string) *lie {
	return revise(name, says, broken, on, func(q *request) bool {
		had := false
		for _, f := range fields {
			had = q.drop(f) || had
		}
		return had
	})
}

var (
	reads = ops("GetObject", "HeadObject")

	_ = heedless("lie.condition.get-if-match", "reads heed no If-Match", reads, []string{"If-Match"}, "C-01", "object.get.*")
	_ = heedless("lie.condition.get-if-none-match", "reads heed no If-None-Match", reads, []string{"If-None-Match"}, "C-02", "object.get.*")
	_ = heedless("lie.condition.get-if-modified", "reads heed no If-Modified-Since", reads, []string{"If-Modified-Since"}, "C-03", "object.get.*")
	_ = heedless("lie.condition.get-if-unmodified", "reads heed no If-Unmodified-Since", reads, []string{"If-Unmodified-Since"}, "C-04", "object.get.*")
	_ = heedless("lie.condition.put-if-match", "PutObject heeds no If-Match", ops("PutObject"), []string{"If-Match"}, "W-03", "conditional.put.*")
	_ = heedless("lie.condition.put-if-none-match", "PutObject heeds no If-None-Match", ops("PutObject"), []string{"If-None-Match"}, "W-01", "conditional.put.*")
	_ = heedless("lie.condition.delete-if-match", "DeleteObject heeds no If-Match", ops("DeleteObject"), []string{"If-Match"}, "W-14", "conditional.delete.*")
	_ = heedless("lie.condition.copy-if-match", "CopyObject heeds no If-Match", ops("CopyObject"), []string{"If-Match"}, "W-13", "conditional.copy.*")
	_ = heedless("lie.condition.copy-if-none-match", "CopyObject heeds no If-None-Match", ops("CopyObject"), []string{"If-None-Match"}, "W-13", "conditional.copy.*")
	_ = heedless("lie.condition.complete-if-match", "CompleteMultipartUpload heeds no If-Match", ops("CompleteMultipartUpload"), []string{"If-Match"}, "W-10", "conditional.complete.*")
	_ = heedless("lie.condition.complete-if-none-match", "CompleteMultipartUpload heeds no If-None-Match", ops("CompleteMultipartUpload"), []string{"If-None-Match"}, "W-09", "conditional.complete.*")
	_ = heedless("lie.condition.source", "CopyObject heeds no condition on its source", ops("CopyObject"), sourceConditions, "CP-07", "copy.condition.*")
	_ = heedless("lie.condition.part-source", "UploadPartCopy heeds no condition on its source", ops("UploadPartCopy"), sourceConditions, "M-24", "multipart.copy.conditions")
	_ = heedless("lie.owner.unasked", "no request is asked whose bucket it expects", func(*request) bool { return true },
		[]string{"X-Amz-Expected-Bucket-Owner"}, "bucket.expected-owner.empty-bucket", "bucket.expected-owner.versioning.put", "bucket.expected-owner.versioning.get")

	_ = revise("lie.condition.any-tag", "a write under If-Match goes through as long as there is an object",
		breaks("W-03", "W-10", "conditional.put.*", "conditional.complete.*"), ops("PutObject", "CompleteMultipartUpload"), func(q *request) bool {
			had := q.fields.has("If-Match") && q.get("If-Match") != "*"
			q.drop("If-Match")
			return had
		})
	_ = add("lie.condition.applied", "a PutObject whose condition does not hold answers 412 and stores the body",
		breaks("W-01", "W-03"), perform("PutObject", "PreconditionFailed"))
)

// sourceConditions are those that a copy sets its source.
var sourceConditions = []string{"X-Amz-Copy-Source-If-Match", "X-Amz-Copy-Source-If-None-Match",
	"X-Amz-Copy-Source-If-Modified-Since", "X-Amz-Copy-Source-If-Unmodified-Since"}
