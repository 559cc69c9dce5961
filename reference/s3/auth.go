package s3

import (
	"context"
	"net/http"
	"net/textproto"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
	"bleepstore/reference/sigv4"
)

var (
	anonymousOwns = fault.NewBug("auth.anonymous-is-owner",
		"a request without credentials may do with a bucket what its owner may", "AN-01")
	ownerFormUnread = fault.NewBug("bucket.expected-owner-any-form",
		"an x-amz-expected-bucket-owner that is no account id is another account's", "B-19")
	headersDropped = fault.NewBug("presign.metadata-dropped",
		"user metadata that comes with an address is not stored", "PS-08")
	ownerIgnored = fault.NewBug("bucket.expected-owner-ignored",
		"x-amz-expected-bucket-owner is not looked at", "B-19")
)

// An Authenticator finds out who sent a request, from its head alone. A
// request without credentials is anonymous, which is no error; errors are
// *errcode.Error. *sigv4.Verifier is one.
type Authenticator interface {
	Verify(r *http.Request) (*sigv4.Identity, error)
	// VerifyForm is Verify for an upload by form, whose policy is what is signed.
	VerifyForm(sigv4.Form) (*sigv4.Identity, error)
}

// An Attempt is what a request wants to do, before anything has been looked up.
type Attempt struct {
	Caller      object.Caller
	Operation   string // as in Operations
	Bucket, Key string // "" where the operation has none
	// Grantable says that an ACL or a policy can let anybody do this, so that the
	// domain decides, where it reads the bucket.
	Grantable bool
}

// An Authorizer decides whether an Attempt goes on: nil, or an *errcode.Error
// with AccessDenied. Owners, ACLs and bucket policies are the domain's to look at.
type Authorizer interface {
	Authorize(ctx context.Context, a Attempt) error
}

// signedOnly admits every signed request, and others as far as an ACL or a
// policy could.
type signedOnly struct{}

func (signedOnly) Authorize(_ context.Context, a Attempt) error {
	if a.Caller.Account == "" && !a.Grantable {
		return &errcode.Error{Code: errcode.AccessDenied}
	}
	return nil
}

var overridesForAll = fault.NewBug("object.overrides-anonymous",
	"response-* parameters need no signature", "O-11")

// authenticate finds the caller and asks whether it may go on.
func (q *request) authenticate() error {
	id, err := q.h.cfg.Auth.Verify(q.r)
	if err != nil {
		return err
	}
	q.identity = id
	q.caller = object.Caller{Account: id.ID, Name: id.Name, Facts: q}
	if id.Presigned {
		q.hoist()
	}
	if id.Anonymous() && q.hasOverrides() && !overridesForAll.On() {
		return errcode.New(errcode.InvalidRequest, "Request specific response headers cannot be used for anonymous GET requests.")
	}
	return q.admit()
}

// admit asks whether the caller may go on.
func (q *request) admit() error {
	a := Attempt{Caller: q.caller, Operation: unknownOperation, Bucket: q.bucket, Key: q.key}
	if q.op != nil {
		a.Operation, a.Grantable = q.op.name, q.op.opens()
	}
	if err := q.h.cfg.Access.Authorize(q.ctx, a); err != nil || a.Caller.Account != "" {
		return err
	}
	return q.admitAnybody()
}

// admitAnybody refuses an anonymous request that no ACL and no policy of the
// bucket can let in, before anything else about the request is looked at.
func (q *request) admitAnybody() error {
	b, err := q.h.cfg.Backend.Find(q.ctx, q.bucket)
	switch {
	case err == nil && (q.key == "" && anonymousOwns.On() || q.op.name == "PostObject" && anonymousPosts.On()):
		q.caller.Account = b.Owner
		return nil
	case err != nil && errcode.Of(err) != errcode.NoSuchBucket:
		return err // whom the bucket would let in is not known
	case err == nil && b.Access.Policy.Admits():
		return nil
	case q.op != nil && !q.op.grantable, err == nil && b.Enforced():
		return &errcode.Error{Code: errcode.AccessDenied}
	}
	return err
}

// hoist gives the x-amz-* parameters of a presigned request the place of the
// headers that its signer moved into the query, so that a checksum or a storage
// class asked for there is neither lost nor escapes being refused.
func (q *request) hoist() {
	for name := range q.r.Header {
		if strings.HasPrefix(name, hMeta) && headersDropped.On() {
			delete(q.r.Header, name)
		}
	}
	for _, p := range q.query {
		// A digest is checked wherever it stands.
		if (len(p.name) < 6 || !strings.EqualFold(p.name[:6], "x-amz-")) && p.name != "Content-MD5" {
			continue
		}
		name := textproto.CanonicalMIMEHeaderKey(p.name)
		if _, ok := q.r.Header[name]; !ok && !signatureParams[name] {
			q.r.Header[name] = []string{p.value}
		}
	}
}

// signatureParams are the parameters that are the signature itself.
var signatureParams = map[string]bool{
	"X-Amz-Algorithm": true, "X-Amz-Credential": true, "X-Amz-Date": true, "X-Amz-Expires": true,
	"X-Amz-Signedheaders": true, "X-Amz-Signature": true, "X-Amz-Security-Token": true,
	"X-Amz-Content-Sha256": true,
}

// checkOwners compares x-amz-expected-bucket-owner with the bucket's owner.
func (q *request) checkOwners() error {
	want := q.header(hExpectedOwner)
	if want == "" || q.bucket == "" || q.op.name == "CreateBucket" {
		return nil
	}
	return q.checkOwner(q.bucket, want)
}

// checkOwner fails unless bucket belongs to the account want.
func (q *request) checkOwner(bucket, want string) error {
	if !isAccountID(want) && !ownerFormUnread.On() {
		return &errcode.Error{Code: errcode.InvalidBucketOwnerAWSAccountID}
	}
	b, err := q.h.cfg.Backend.Find(q.ctx, bucket)
	if err != nil {
		return err
	}
	if q.h.cfg.AccountID(b.Owner) != want && !ownerIgnored.On() {
		return &errcode.Error{Code: errcode.AccessDenied}
	}
	return nil
}
