package s3

import (
	"net/http"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/policy"
)

var noPolicyEmpty = fault.NewBug("bucket.no-policy-is-empty",
	"GetBucketPolicy of a bucket that has none is answered 200 without a document", "P-01")

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
	if len(x.b) == 0 {
		return &errcode.Error{Code: errcode.MissingRequestBody}
	}
	p, err := policy.Parse(string(x.b))
	if err == nil {
		err = p.Check(q.bucket, q.knows)
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

func (q *request) deletePolicy() error { return q.setPolicy(nil) }

func (q *request) setPolicy(p *policy.Policy) error {
	if err := q.h.cfg.Backend.SetPolicy(q.ctx, q.caller, q.bucket, p); err != nil {
		return err
	}
	return q.reply(http.StatusNoContent)
}

func (q *request) getPolicyStatus() error {
	b, err := q.readBucket()
	if err != nil {
		return err
	}
	if b.Access.Policy == nil {
		return q.noPolicy()
	}
	x := q.h.buffers.xml()
	x.root("PolicyStatus")
	x.bool("IsPublic", b.Access.Policy.Public())
	x.end("PolicyStatus")
	return q.replyXML(http.StatusOK, x)
}
