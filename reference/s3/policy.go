package s3

import (
	"net/http"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/policy"
)

var (
	noPolicyEmpty = fault.NewBug("bucket.no-policy-is-empty",
		"GetBucketPolicy of a bucket that has none is answered 200 without a document", "P-01")
	putOK = fault.NewBug("policy.put-200",
		"PutBucketPolicy is answered 200", "P-01")
	keptAnyway = fault.NewBug("policy.deleted-yet-kept",
		"DeleteBucketPolicy is answered 204, and the policy stays", "P-01")
	refusedKept = fault.NewBug("policy.refused-yet-kept",
		"a policy that is refused for what it names takes the place of the one that stands", "P-03", "P-04")
	statusUnset = fault.NewBug("policy.no-status-is-private",
		"GetBucketPolicyStatus of a bucket without a policy says that it is not public", "P-10")
	emptyDeletes = fault.NewBug("policy.empty-deletes",
		"PutBucketPolicy without a document removes the policy", "P-02")
)

func (q *request) getPolicy() error {
	p, err := q.h.cfg.Backend.Policy(q.ctx, q.caller, q.bucket, q.op.permission())
	if err != nil {
		return err
	}
	if p == nil && noPolicyEmpty.On() {
		return q.reply(http.StatusOK)
	}
	if p == nil {
		return q.noPolicy()
	}
	text := []byte(p.String())
	q.set("Content-Type", "application/json")
	q.set("Content-Length", itoa(len(text)))
	q.writeHeader(http.StatusOK)
	return q.write(text)
}

func (q *request) noPolicy() error {
	return (&errcode.Error{Code: errcode.NoSuchBucketPolicy}).With("BucketName", q.bucket)
}

// putPolicy takes x-amz-confirm-remove-self-bucket-access for granted: no policy
// keeps a bucket's owner from changing it (P-14). minio-go and s3cmd send no
// digest, and nothing says that they must.
func (q *request) putPolicy() error {
	x := q.h.buffers.xml()
	defer q.h.buffers.putXML(x)
	if err := q.readDocument(x); err != nil {
		return err
	}
	if _, err := q.h.cfg.Backend.Policy(q.ctx, q.caller, q.bucket, q.op.permission()); err != nil {
		return err
	}
	if len(x.b) == 0 && emptyDeletes.On() {
		return q.setPolicy(nil)
	}
	if len(x.b) == 0 {
		return &errcode.Error{Code: errcode.MissingRequestBody}
	}
	p, err := policy.Parse(string(x.b))
	if err == nil {
		err = p.Check(q.bucket, q.knows)
		if err != nil && refusedKept.On() {
			_ = q.h.cfg.Backend.SetPolicy(q.ctx, q.caller, q.bucket, p)
		}
	}
	if err != nil {
		return err
	}
	return q.setPolicy(p)
}

// knows says whether a policy may name n.
func (q *request) knows(n policy.Principal) bool {
	if n.ID != "" {
		return q.h.cfg.Accounts(n.ID)
	}
	return q.h.cfg.Users(n.Account, n.Name)
}

func (q *request) deletePolicy() error {
	if keptAnyway.On() {
		return q.reply(http.StatusNoContent)
	}
	return q.setPolicy(nil)
}

func (q *request) setPolicy(p *policy.Policy) error {
	if err := q.h.cfg.Backend.SetPolicy(q.ctx, q.caller, q.bucket, p); err != nil {
		return err
	}
	if p != nil && putOK.On() {
		return q.reply(http.StatusOK)
	}
	return q.reply(http.StatusNoContent)
}

func (q *request) getPolicyStatus() error {
	b, err := q.readBucket()
	if err != nil {
		return err
	}
	if b.Access.Policy == nil && !statusUnset.On() {
		return q.noPolicy()
	}
	x := q.h.buffers.xml()
	x.root("PolicyStatus")
	x.bool("IsPublic", b.Access.Policy.Public())
	x.end("PolicyStatus")
	return q.replyXML(http.StatusOK, x)
}
