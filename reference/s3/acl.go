package s3

import (
	"net/http"
	"slices"
	"strings"

	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

// Every bucket has the ownership setting BucketOwnerEnforced, the default of
// S3 since April 2023: the owner has full control, ACLs can be read and say
// just that, and only an ACL that says the same can be written.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html

// cannedACLs are the values of x-amz-acl.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
var cannedACLs = []string{"private", "public-read", "public-read-write", "aws-exec-read",
	"authenticated-read", "bucket-owner-read", "bucket-owner-full-control", "log-delivery-write"}

// privateACL says whether the request's ACL headers, if any, leave the owner
// in sole and full control.
func (q *request) privateACL() (bool, error) {
	private := true
	if v := q.header("X-Amz-Acl"); v != "" {
		if !slices.Contains(cannedACLs, v) {
			return false, argument("", "x-amz-acl", v)
		}
		private = v == "private" || v == "bucket-owner-full-control"
	}
	for name, values := range q.r.Header {
		if !strings.HasPrefix(name, "X-Amz-Grant-") {
			continue
		}
		if q.header("X-Amz-Acl") != "" {
			return false, errcode.New(errcode.InvalidRequest, "Specifying both Canned ACLs and Header Grants is not allowed")
		}
		if name != "X-Amz-Grant-Full-Control" || !q.grantsSelf(values) {
			private = false
		}
	}
	return private, nil
}

// grantsSelf says whether a grant header names the caller and nobody else.
func (q *request) grantsSelf(values []string) bool {
	for _, v := range values {
		id, ok := strings.CutPrefix(strings.TrimSpace(v), "id=")
		if !ok || strings.Trim(id, `"`) != q.caller.Account {
			return false
		}
	}
	return true
}

// checkObjectACL refuses a write of an object whose ACL headers ask for more
// than the owner's full control.
func (q *request) checkObjectACL() error {
	private, err := q.privateACL()
	if err == nil && !private {
		return &errcode.Error{Code: errcode.AccessControlListNotSupported}
	}
	return err
}

func (q *request) getBucketACL() error {
	b, err := q.h.cfg.Backend.HeadBucket(q.ctx, q.caller, q.bucket)
	if err != nil {
		return err
	}
	return q.replyACL(b.Owner)
}

func (q *request) getObjectACL() error {
	res, err := q.h.cfg.Backend.Head(q.ctx, q.headInput())
	if err != nil {
		return err
	}
	q.setVersion(res.ShowVersion, res.Version.ID)
	return q.replyACL(res.Version.Owner)
}

func (q *request) replyACL(owner string) error {
	name := ""
	if owner == q.caller.Account {
		name = q.caller.Name
	}
	x := q.h.buffers.xml()
	x.root("AccessControlPolicy")
	x.owner("Owner", owner, name)
	x.open("AccessControlList")
	x.open("Grant")
	x.b = append(x.b, `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">`...)
	x.text("ID", owner)
	x.some("DisplayName", name)
	x.end("Grantee")
	x.text("Permission", "FULL_CONTROL")
	x.end("Grant")
	x.end("AccessControlList")
	x.end("AccessControlPolicy")
	return q.replyXML(http.StatusOK, x)
}

func (q *request) putBucketACL() error {
	b, err := q.h.cfg.Backend.HeadBucket(q.ctx, q.caller, q.bucket)
	if err != nil {
		return err
	}
	return q.putACL(b.Owner)
}

func (q *request) putObjectACL() error {
	res, err := q.h.cfg.Backend.Head(q.ctx, q.headInput())
	if err != nil {
		return err
	}
	q.setVersion(res.ShowVersion, res.Version.ID)
	return q.putACL(res.Version.Owner)
}

// putACL accepts an ACL that says what already holds, and refuses any other.
func (q *request) putACL(owner string) error {
	e, err := q.readXML("AccessControlPolicy")
	if err != nil {
		return err
	}
	private, err := q.privateACL()
	switch {
	case err != nil:
		return err
	case e != nil && q.hasACLHeader():
		return errcode.New(errcode.InvalidRequest, "This request does not support both an ACL in the headers and in the body")
	case e == nil && !q.hasACLHeader():
		return errcode.New(errcode.MissingSecurityHeader, "Your request was missing a required header").
			With("MissingHeaderName", "x-amz-acl")
	case e != nil:
		if private, err = fullControlOf(e, owner); err != nil {
			return err
		}
	}
	if !private {
		return &errcode.Error{Code: errcode.AccessControlListNotSupported}
	}
	return q.reply(http.StatusOK)
}

func (q *request) hasACLHeader() bool {
	for name := range q.r.Header {
		if name == "X-Amz-Acl" || strings.HasPrefix(name, "X-Amz-Grant-") {
			return true
		}
	}
	return false
}

// fullControlOf says whether a policy document is one grant, of FULL_CONTROL,
// to owner.
func fullControlOf(e *element, owner string) (bool, error) {
	if err := e.only("Owner", "AccessControlList"); err != nil {
		return false, err
	}
	grants, ok := 0, false
	for i := range e.kids {
		if e.kids[i].name != "AccessControlList" {
			continue
		}
		for j := range e.kids[i].kids {
			grants++
			g := &e.kids[i].kids[j]
			if g.name != "Grant" {
				return false, malformed("unknown element " + g.name)
			}
			permission, _, err := g.child("Permission")
			if err != nil {
				return false, err
			}
			ok = permission == "FULL_CONTROL" && granteeID(g) == owner
		}
	}
	return grants == 1 && ok, nil
}

func granteeID(grant *element) string {
	for i := range grant.kids {
		if grant.kids[i].name == "Grantee" {
			id, _, _ := grant.kids[i].child("ID")
			return id
		}
	}
	return ""
}

// headInput asks for the version that the request names.
func (q *request) headInput() object.GetInput {
	return object.GetInput{Caller: q.caller, Bucket: q.bucket, Key: q.key, VersionID: q.query.value("versionId")}
}
