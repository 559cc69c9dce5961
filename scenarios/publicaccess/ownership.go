package publicaccess

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// The setting itself: what it may be, and what stands in its way.

const (
	enforced  = types.ObjectOwnershipBucketOwnerEnforced
	preferred = types.ObjectOwnershipBucketOwnerPreferred
	writer    = types.ObjectOwnershipObjectWriter
)

var ownerships = []types.ObjectOwnership{enforced, preferred, writer}

var _ = Add(Scenario{
	ID:    "publicaccess.ownership.put",
	Rule:  "PB-07",
	Says:  "Each of the three ownerships MUST read back after PutBucketOwnershipControls, in place of the one before.",
	Ref:   api + "API_PutBucketOwnershipControls.html",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, o := range append(ownerships, ownerships...) {
			r, err := putOwnership(ctx, s, b, o)
			s.Expect(err).To(OK(), "put %s", o)
			s.Expect(StatusOf(r.ResultMetadata)).To(Equal(200), "status of PUT")
			s.Expect(Settled(ctx, s, "the ownership reads back", func() error { return ownedBy(ctx, s, b, o) })).To(OK(), "after %s", o)
		}
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.ownership.create",
	Rule:  "PB-07",
	Says:  "A bucket MUST have the ownership that CreateBucket asks for in x-amz-object-ownership.",
	Ref:   apiCreate,
	SDK:   "s3@v1.114.8 CreateBucketInput.ObjectOwnership",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		for _, o := range ownerships {
			b := s.Bucket(ctx, owned(o))
			s.Expect(Settled(ctx, s, "the ownership reads", func() error { return ownedBy(ctx, s, b, o) })).To(OK(), string(o))
		}
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.ownership.create-unknown",
	Rule:  "PB-08",
	Says:  "CreateBucket with an x-amz-object-ownership that is none of the three MUST be refused with 400 and create nothing.",
	Ref:   apiCreate,
	SDK:   "s3@v1.114.8 CreateBucketInput.ObjectOwnership",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		for _, o := range []types.ObjectOwnership{"Nobody", "bucketownerenforced", "BucketOwnerEnforced,ObjectWriter"} {
			b := s.AbsentBucket()
			_, err := create(ctx, s, b, o)
			s.Expect(err).To(FailWith(400), "%q", o)
			expectNoBucket(ctx, s, b)
		}
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.ownership.delete",
	Rule:  "PB-07",
	Says:  "DeleteBucketOwnershipControls MUST answer 204, and reading them afterwards MUST fail with 404 OwnershipControlsNotFoundError.",
	Ref:   apiErrors,
	SDK:   "s3@v1.114.8 Client.DeleteBucketOwnershipControls",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		own(ctx, s, b, preferred)
		s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: b, Query: "ownershipControls="})).To(HaveStatus(204))
		r := until(ctx, s, 404, Request{Method: "GET", Bucket: b, Query: "ownershipControls="})
		s.Expect(r).To(FailWith(404, "OwnershipControlsNotFoundError"))
		own(ctx, s, b, enforced)
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.ownership.delete-twice",
	Rule:  "PB-07",
	Says:  "DeleteBucketOwnershipControls SHOULD answer 204 also when there are none.",
	Ref:   api + "API_DeleteBucketOwnershipControls.html",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for range 2 {
			s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: b, Query: "ownershipControls="})).To(HaveStatus(204))
		}
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.ownership.deleted",
	Rule:  "PB-07",
	Says:  "Whether ACLs are on in a bucket without ownership controls MAY differ: it is recorded.",
	Ref:   guideOwnership,
	Level: Info,
	Needs: aclNeeds,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		must(s, s.Send(ctx, Request{Method: "DELETE", Bucket: b, Query: "ownershipControls="}), "delete the ownership controls")
		mustUntil(ctx, s, 404, Request{Method: "GET", Bucket: b, Query: "ownershipControls="})
		s.Observe("PutObject with the ACL bucket-owner-read", Outcome(s.Send(ctx, put(b, "k", canned("bucket-owner-read")))))
	},
})

const ownershipXMLNS = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`

// ruleOf is one rule of the document.
func ruleOf(o string) string { return "<Rule><ObjectOwnership>" + o + "</ObjectOwnership></Rule>" }

var malformedControls = []struct{ name, text string }{
	{"no rule", "<OwnershipControls" + ownershipXMLNS + "</OwnershipControls>"},
	{"an empty rule", "<OwnershipControls" + ownershipXMLNS + "<Rule></Rule></OwnershipControls>"},
	{"an unknown value", "<OwnershipControls" + ownershipXMLNS + ruleOf("BucketOwner") + "</OwnershipControls>"},
	{"a value in lower case", "<OwnershipControls" + ownershipXMLNS + ruleOf("objectwriter") + "</OwnershipControls>"},
	{"an empty value", "<OwnershipControls" + ownershipXMLNS + ruleOf("") + "</OwnershipControls>"},
	{"a document cut off", "<OwnershipControls" + ownershipXMLNS + ruleOf("ObjectWriter")},
	{"JSON", `{"Rules":[{"ObjectOwnership":"ObjectWriter"}]}`},
}

var _ = Add(Scenario{
	ID:    "publicaccess.ownership.malformed",
	Rule:  "PB-08",
	Says:  "Ownership controls without a rule, with an unknown value or not well formed MUST be refused with 400 MalformedXML and change nothing.",
	Ref:   apiErrors,
	SDK:   "s3@v1.114.8 types.OwnershipControls.Rules",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		own(ctx, s, b, preferred)
		for _, d := range malformedControls {
			s.Expect(s.Send(ctx, raw(b, "ownershipControls=", d.text))).To(FailWith(400, "MalformedXML"), d.name)
			s.Expect(ownedBy(ctx, s, b, preferred)).To(OK(), "I0: the ownership after %s", d.name)
		}
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.ownership.two-rules",
	Rule:  "PB-08",
	Says:  "Ownership controls with two rules SHOULD be refused with 400 MalformedXML and change nothing.",
	Ref:   api + "API_OwnershipControls.html",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		own(ctx, s, b, preferred)
		for _, rules := range []string{ruleOf("ObjectWriter") + ruleOf("BucketOwnerEnforced"), ruleOf("ObjectWriter") + ruleOf("ObjectWriter")} {
			s.Expect(s.Send(ctx, document(b, "ownershipControls=", "OwnershipControls", rules))).To(FailWith(400, "MalformedXML"))
			s.Expect(ownedBy(ctx, s, b, preferred)).To(OK(), "I0: the ownership after the refusal")
		}
	},
})

// foreign are the headers of a bucket's ACL that lets others in.
var foreign = []struct {
	name   string
	header [2]string
}{
	{"public-read", canned("public-read")},
	{"public-read-write", canned("public-read-write")},
	{"authenticated-read", canned("authenticated-read")},
	{"a grant to everybody", [2]string{"x-amz-grant-read", `uri="` + allUsers + `"`}},
	{"a grant to log delivery", [2]string{"x-amz-grant-write", `uri="http://acs.amazonaws.com/groups/s3/LogDelivery"`}},
}

var _ = Add(Scenario{
	ID:    "publicaccess.ownership.create-acl",
	Rule:  "PB-09",
	Says:  "CreateBucket that asks for BucketOwnerEnforced and for an ACL that lets others in MUST fail with 400 InvalidBucketAclWithObjectOwnership and create nothing.",
	Ref:   guideRefused,
	Level: Must,
	Needs: aclNeeds,
	Check: func(ctx context.Context, s *S) {
		for _, acl := range foreign {
			b := s.AbsentBucket()
			_, err := create(ctx, s, b, enforced, Header(acl.header[0], acl.header[1]))
			s.Expect(err).To(FailWith(400, "InvalidBucketAclWithObjectOwnership"), acl.name)
			expectNoBucket(ctx, s, b)
		}
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.ownership.create-account",
	Rule:  "PB-09",
	Says:  "CreateBucket that asks for BucketOwnerEnforced and for a grant to another account MUST fail with 400 InvalidBucketAclWithObjectOwnership and create nothing.",
	Ref:   guideRefused,
	Level: Must,
	Needs: []Feature{PublicAccessBlock, ACL, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		b := s.AbsentBucket()
		_, err := create(ctx, s, b, enforced, Header("x-amz-grant-read", `id="`+altID(ctx, s)+`"`))
		s.Expect(err).To(FailWith(400, "InvalidBucketAclWithObjectOwnership"))
		expectNoBucket(ctx, s, b)
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.ownership.create-private",
	Rule:  "PB-09",
	Says:  "CreateBucket that asks for BucketOwnerEnforced and for the ACL private, which lets nobody in but the owner, SHOULD succeed.",
	Ref:   apiCreate,
	Level: Should,
	Needs: aclNeeds,
	Check: func(ctx context.Context, s *S) {
		b := s.NewName()
		_, err := create(ctx, s, b, enforced, Header("x-amz-acl", "private"))
		s.Expect(err).To(OK())
	},
})
