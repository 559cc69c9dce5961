package acl

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// The x-amz-grant headers.

// grantHeaders are the headers, and the permission that each grants.
var grantHeaders = []struct{ name, permission string }{
	{"x-amz-grant-read", read},
	{"x-amz-grant-read-acp", readACP},
	{"x-amz-grant-write-acp", writeACP},
	{"x-amz-grant-full-control", full},
	{"x-amz-grant-write", write}, // of buckets alone
}

// headerLists are the ACLs that the grants of headers may read as: whether the
// owner's own grant is kept beside them is not documented.
func headerLists(grants ...grant) []list {
	return []list{listOf(grants...), listOf(append([]grant{ownerFull}, grants...)...)}
}

func init() {
	for _, w := range writers {
		for _, h := range grantHeaders[:4] {
			Add(Scenario{
				ID:    "acl.header." + w.id + "." + strings.TrimPrefix(h.name, "x-amz-grant-"),
				Rule:  "AC-10",
				Says:  w.name + " with " + h.name + " MUST grant " + h.permission + " to each grantee that the header lists, by id and by uri.",
				Ref:   api + "API_" + w.name + ".html",
				SDK:   "s3@v1.114.8 Client." + w.name,
				Level: Must,
				Needs: w.needs(),
				Check: func(ctx context.Context, s *S) {
					p := aclBucket(ctx, s)
					w.ready(ctx, p, "k")
					s.Expect(w.write(ctx, p, "k", Header(h.name, p.grantee(owner, authenticated, allUsers)))).To(OK())
					p.expectEither(ctx, "k", headerLists(grant{h.permission, owner}, grant{h.permission, authenticated}, grant{h.permission, allUsers})...)
				},
			})
		}
	}
	for _, h := range grantHeaders {
		Add(Scenario{
			ID:    "acl.header.put-bucket-acl." + strings.TrimPrefix(h.name, "x-amz-grant-"),
			Rule:  "AC-10",
			Says:  "PutBucketAcl with " + h.name + " MUST grant " + h.permission + " to each grantee that the header lists, by id and by uri, in place of what the ACL held.",
			Ref:   apiPutBucket,
			SDK:   "s3@v1.114.8 Client.PutBucketAcl",
			Level: Must,
			Needs: []Feature{ACL},
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				defer p.restore(ctx)
				p.grant(ctx, "", grant{readACP, logDelivery})
				_, err := s.SDK().PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: &p.bucket}, Header(h.name, p.grantee(owner, authenticated, allUsers)))
				s.Expect(err).To(OK())
				p.expectEither(ctx, "", headerLists(grant{h.permission, owner}, grant{h.permission, authenticated}, grant{h.permission, allUsers})...)
			},
		})
	}
}

// restore gives the bucket back to its owner, lest an ACL that does not name
// the owner stand in the way of clean-up.
func (p *place) restore(ctx context.Context) {
	_ = p.cannedBucket(context.WithoutCancel(ctx), "private") // clean-up tells whether it was needed
}

var _ = Add(Scenario{
	ID:    "acl.header.several",
	Rule:  "AC-10",
	Says:  "PutObject with several x-amz-grant headers MUST store all their grants.",
	Ref:   api + "API_PutObject.html",
	SDK:   "s3@v1.114.8 PutObjectInput.GrantRead",
	Level: Must,
	Needs: []Feature{ACL, Objects, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		p := sharedBucket(ctx, s)
		_, err := s.Put(ctx, p.bucket, "k", "v", Header("x-amz-grant-read", p.grantee(allUsers, other)),
			Header("x-amz-grant-read-acp", p.grantee(other)), Header("x-amz-grant-write-acp", p.grantee(authenticated)),
			Header("x-amz-grant-full-control", p.grantee(owner)))
		s.Expect(err).To(OK())
		p.expectACL(ctx, "k", ownerFull, grant{read, allUsers}, grant{read, other}, grant{readACP, other}, grant{writeACP, authenticated})
		r := p.guest(ctx, Request{Key: "k"})
		s.Expect(r).To(OK(), "GET by the account that may read")
		s.Expect(string(r.Body)).To(Equal("v"))
	},
})

var _ = Add(Scenario{
	ID:    "acl.header.form",
	Rule:  "AC-10",
	Says:  "An x-amz-grant header SHOULD be read with any space around its commas, and with or without quotes.",
	Ref:   apiPutObject, // whose syntax has id=, and whose example id="" with a comma and a space
	Level: Should,
	Needs: []Feature{ACL, Objects},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		id, uri := p.ids[owner], groups[allUsers]
		for _, value := range []string{`id="` + id + `",uri="` + uri + `"`, `uri="` + uri + `" , id="` + id + `"`, "id=" + id + ", uri=" + uri} {
			_, err := s.Put(ctx, p.bucket, "k", "v", Header("x-amz-grant-read", value))
			s.Expect(err).To(OK(), "%s", value)
			p.expectEither(ctx, "k", headerLists(grant{read, owner}, grant{read, allUsers})...)
		}
	},
})

var _ = Add(Scenario{
	ID:    "acl.header.create-bucket",
	Rule:  "AC-10",
	Says:  "CreateBucket with x-amz-grant headers MUST store their grants.",
	Ref:   api + "API_CreateBucket.html",
	SDK:   "s3@v1.114.8 CreateBucketInput.GrantWrite",
	Level: Must,
	Needs: []Feature{ACL, Buckets},
	Check: func(ctx context.Context, s *S) {
		p := at(ctx, s, s.NewName())
		defer p.restore(ctx)
		in := newBucket(s, p.bucket) // no public grants, which a new bucket blocks
		in.ObjectOwnership, in.GrantWrite, in.GrantReadACP = types.ObjectOwnershipObjectWriter, aws.String(p.grantee(logDelivery)), aws.String(p.grantee(owner, logDelivery))
		_, err := s.SDK().CreateBucket(ctx, in)
		if !has(s, err, "create a bucket whose ACL counts") {
			in.ObjectOwnership = ""
			_, err = s.SDK().CreateBucket(ctx, in)
		}
		s.Expect(err).To(OK())
		p.expectEither(ctx, "", headerLists(grant{write, logDelivery}, grant{readACP, logDelivery}, grant{readACP, owner})...)
	},
})

var _ = Add(Scenario{
	ID:    "acl.header.owner-kept",
	Rule:  "AC-10",
	Says:  "Whether an object that is put with x-amz-grant-read grants FULL_CONTROL to its owner as well MAY differ, since the pages do not say.",
	Ref:   api + "API_PutObject.html",
	Level: Info,
	Needs: []Feature{ACL, Objects},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		s.MustPut(ctx, p.bucket, "k", "v", Header("x-amz-grant-read", p.grantee(allUsers)))
		got, err := p.acl(ctx, "k")
		s.Expect(err).To(OK())
		s.Observe("ACL after x-amz-grant-read for AllUsers", got)
		_, err = s.Head(ctx, p.bucket, "k")
		s.Observe("HEAD by the owner", Outcome(err))
	},
})

var _ = Add(Scenario{
	ID:    "acl.empty.object",
	Rule:  "AC-12",
	Says:  "The owner of an object whose ACL grants nothing MUST be able to read the ACL and to set it.",
	Ref:   javaPermission,
	Level: Must,
	Needs: []Feature{ACL, Objects},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		s.MustPut(ctx, p.bucket, "k", "v")
		s.Expect(p.put(ctx, "k")).To(OK(), "PutObjectAcl without grants")
		p.expectACL(ctx, "k")
		_, err := s.Get(ctx, p.bucket, "k")
		s.Observe("GET by the owner", Outcome(err))
		_, err = s.SDK().PutObjectAcl(ctx, &s3.PutObjectAclInput{Bucket: &p.bucket, Key: aws.String("k")}, Header("x-amz-acl", "private"))
		s.Expect(err).To(OK(), "PutObjectAcl private")
		p.expectACL(ctx, "k", ownerFull)
		s.ExpectBody(ctx, p.bucket, "k", "v")
	},
})

var _ = Add(Scenario{
	ID:    "acl.empty.bucket",
	Rule:  "AC-12",
	Says:  "The owner of a bucket whose ACL grants nothing MUST be able to read the ACL and to set it.",
	Ref:   javaPermission,
	Level: Must,
	Needs: []Feature{ACL},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		defer p.restore(ctx)
		s.Expect(p.put(ctx, "")).To(OK(), "PutBucketAcl without grants")
		p.expectACL(ctx, "")
		_, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &p.bucket})
		s.Observe("ListObjectsV2 by the owner", Outcome(err))
		s.Expect(p.cannedBucket(ctx, "private")).To(OK(), "PutBucketAcl private")
		p.expectACL(ctx, "", ownerFull)
	},
})

var _ = Add(Scenario{
	ID:    "acl.empty.closed",
	Rule:  "AC-12",
	Says:  "A bucket and an object whose ACLs grant nothing MUST be closed to other accounts and to requests without credentials.",
	Ref:   guideACL,
	Level: Must,
	Needs: shared,
	Check: func(ctx context.Context, s *S) {
		p := sharedBucket(ctx, s)
		defer p.restore(ctx)
		s.MustPut(ctx, p.bucket, "k", "v")
		s.Must(p.put(ctx, "k"), "take all grants from the object")
		s.Must(p.put(ctx, ""), "take all grants from the bucket")
		for _, who := range []Who{Anonymous, AltAccount} {
			for _, r := range []Request{{Key: "k"}, {Key: "k", Query: "acl="}, {Query: "acl="}, {Query: "list-type=2"}} {
				r.Bucket, r.As = p.bucket, who
				s.Expect(s.Send(ctx, r)).To(FailWith(403, "AccessDenied"), "GET %s?%s", r.Key, r.Query)
			}
		}
	},
})
