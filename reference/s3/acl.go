package s3

import (
	"bytes"
	"net/http"

	"bleepstore/fault"
	"bleepstore/reference/acl"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

var (
	malformedPrivate = fault.NewBug("acl.malformed-is-private",
		"a document that is no ACL is taken for private", "AC-07")
	typeUnsaid = fault.NewBug("acl.grantee-without-type",
		"the grantees of an ACL have no xsi:type", "AC-13")
	grantsLost = fault.NewBug("acl.headers-beside-document",
		"headers beside the document of an ACL are not looked at", "AC-05")
)

func (q *request) getBucketACL() error {
	b, err := q.h.cfg.Backend.BucketACL(q.ctx, q.caller, q.bucket)
	if err != nil {
		return err
	}
	return q.replyACL(b.Owner, b.Access.ACL)
}

func (q *request) getObjectACL() error {
	res, err := q.h.cfg.Backend.ObjectACL(q.ctx, q.headInput())
	if err != nil {
		return err
	}
	q.setVersion(res.ShowVersion, res.Version.ID)
	return q.replyACL(res.Version.Owner, res.Version.ACL)
}

func (q *request) replyACL(owner string, list *acl.List) error {
	x := q.h.buffers.xml()
	x.root("AccessControlPolicy")
	q.appendOwner(x, owner)
	x.open("AccessControlList")
	for _, g := range list.Effective(owner) {
		q.appendGrant(x, g)
	}
	x.end("AccessControlList")
	x.end("AccessControlPolicy")
	return q.replyXML(http.StatusOK, x)
}

func (q *request) appendGrant(x *xmlBuf, g acl.Grant) {
	const grantee = `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="`
	x.open("Grant")
	x.b = append(x.b, grantee...)
	if typeUnsaid.On() {
		x.b = append(bytes.TrimSuffix(x.b, []byte(`xsi:type="`)), `title="`...)
	}
	if g.Group != "" {
		x.b = append(x.b, typeGroup+`">`...)
		x.text("URI", g.Group)
	} else {
		x.b = append(x.b, typeUser+`">`...)
		x.text("ID", g.ID)
		x.some("DisplayName", q.nameOf(g.ID))
	}
	x.end("Grantee")
	x.text("Permission", string(g.Permission))
	x.end("Grant")
}

// nameOf is the display name of an account, where it is the caller's.
func (q *request) nameOf(account string) string {
	if account == q.caller.Account {
		return q.caller.Name
	}
	return ""
}

func (q *request) putBucketACL() error {
	spec, err := q.newACL()
	if err != nil {
		return err
	}
	if err := q.h.cfg.Backend.SetBucketACL(q.ctx, q.caller, q.bucket, spec); err != nil {
		return err
	}
	return q.reply(http.StatusOK)
}

func (q *request) putObjectACL() error {
	spec, err := q.newACL()
	if err != nil {
		return err
	}
	in := q.headInput()
	version, err := q.h.cfg.Backend.SetObjectACL(q.ctx, in, spec)
	if err != nil {
		return err
	}
	q.setVersion(version != "", version)
	return q.reply(http.StatusOK)
}

// newACL reads the ACL of a PUT ?acl: from the headers or from the body.
func (q *request) newACL() (spec object.ACLSpec, err error) {
	if malformedPrivate.On() {
		defer func() {
			if code := errcode.Of(err); code == errcode.MalformedACL || code == errcode.MalformedXML {
				spec, err = object.ACLSpec{Spec: acl.Spec{Canned: acl.Private}}, nil
			}
		}()
	}
	e, err := q.readXML("AccessControlPolicy")
	if errcode.Of(err) == errcode.MalformedXML {
		err = errcode.Wrap(errcode.MalformedACL, err)
	}
	if err != nil {
		return object.ACLSpec{}, err
	}
	header, err := q.headerACL()
	switch {
	case err != nil:
		return object.ACLSpec{}, err
	case e != nil && header != nil && !grantsLost.On():
		return object.ACLSpec{}, &errcode.Error{Code: errcode.UnexpectedContent}
	case e != nil:
		return q.bodyACL(e)
	case header == nil:
		return object.ACLSpec{}, errcode.New(errcode.MissingSecurityHeader, "Your request was missing a required header").
			With("MissingHeaderName", "x-amz-acl")
	}
	return object.ACLSpec{Spec: *header}, nil
}

var readIgnoresID = fault.NewBug("version.read-ignores-id",
	"reads ignore versionId", "V-04", "V-05", "V-08", "V-21")

// headInput asks for the version that the request names.
func (q *request) headInput() object.GetInput {
	in := object.GetInput{Caller: q.caller, Bucket: q.bucket, Key: q.key, VersionID: q.query.value("versionId")}
	if in.VersionID != "" && readIgnoresID.On() {
		in.VersionID = ""
	}
	return in
}
