package liar

import (
	"net/http"
	"strings"
)

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
