package acl

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// What the matrix cannot show: grants that must work together, and groups.

var _ = Add(Scenario{
	ID:    "acl.access.copy",
	Rule:  "AC-08",
	Says:  "Another account MUST be able to copy an object when it has READ on the object and WRITE on the bucket, and not without either.",
	Ref:   api + "API_CopyObject.html",
	Level: Must,
	Needs: append([]Feature{Copy}, shared...),
	Check: func(ctx context.Context, s *S) {
		p := sharedBucket(ctx, s)
		s.MustPut(ctx, p.bucket, "k", "v")
		dup := Request{Method: "PUT", Bucket: p.bucket, Key: "c", Header: [][2]string{{"x-amz-copy-source", "/" + p.bucket + "/k"}}, As: AltAccount}
		p.grant(ctx, "k", grant{read, other})
		s.Expect(s.Send(ctx, dup)).To(FailWith(403, "AccessDenied"), "without WRITE on the bucket")
		s.ExpectAbsent(ctx, p.bucket, "c")
		p.grant(ctx, "", grant{write, other})
		s.Expect(p.guest(ctx, dup)).To(OK(), "with both")
		id, grants := p.guestACL(ctx, "c")
		s.Expect(id).To(Equal(p.ids[other]), "ID of the copy's Owner")
		s.Expect(grants).To(Equal(listOf(grant{full, other})), "grants of the copy")
		p.grant(ctx, "k")
		dup.Key = "d"
		s.Expect(s.Send(ctx, dup)).To(FailWith(403, "AccessDenied"), "without READ on the object")
		s.ExpectAbsent(ctx, p.bucket, "d")
	},
})

var _ = Add(Scenario{
	ID:    "acl.access.missing-key",
	Rule:  "AC-08",
	Says:  "GetObject of a missing key by another account MUST fail with 404 NoSuchKey when it has READ on the bucket, and with 403 AccessDenied when not.",
	Ref:   api + "API_GetObject.html",
	SDK:   "s3@v1.114.8 Client.GetObject",
	Level: Must,
	Needs: shared,
	Check: func(ctx context.Context, s *S) {
		p := sharedBucket(ctx, s)
		absent := Request{Bucket: p.bucket, Key: "absent", As: AltAccount}
		p.grant(ctx, "", grant{write, other}, grant{readACP, other}, grant{writeACP, other})
		s.Expect(s.Send(ctx, absent)).To(FailWith(403, "AccessDenied"), "with every permission but READ")
		p.grant(ctx, "", grant{read, other})
		s.Expect(p.guest(ctx, absent)).To(FailWith(404, "NoSuchKey"), "with READ")
	},
})

var _ = Add(Scenario{
	ID:    "acl.access.all-users-signed",
	Rule:  "AC-08",
	Says:  "A grant to AllUsers MUST open the object to requests with credentials too.",
	Ref:   guideGrantee,
	Level: Must,
	Needs: shared,
	Check: func(ctx context.Context, s *S) {
		p := sharedBucket(ctx, s)
		s.MustPut(ctx, p.bucket, "k", "v", Header("x-amz-acl", "public-read"))
		r := p.guest(ctx, Request{Key: "k"})
		s.Expect(r).To(OK())
		s.Expect(string(r.Body)).To(Equal("v"))
	},
})

var _ = Add(Scenario{
	ID:    "acl.access.authenticated-unsigned",
	Rule:  "AC-08",
	Says:  "A grant to AuthenticatedUsers MUST NOT open object or bucket to requests without credentials.",
	Ref:   guideGrantee,
	Level: Must,
	Needs: []Feature{ACL, Objects, Listing},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		s.MustPut(ctx, p.bucket, "k", "v", Header("x-amz-acl", "authenticated-read"))
		p.grant(ctx, "", grant{full, authenticated})
		for _, r := range []Request{
			{Key: "k"}, {Query: "list-type=2"}, {Query: "acl="}, {Method: "PUT", Key: "n", Body: []byte("v")},
		} {
			r.Bucket, r.As = p.bucket, Anonymous
			s.Expect(s.Send(ctx, r)).To(FailWith(403, "AccessDenied"), "%s %s?%s", r.Method, r.Key, r.Query)
		}
		s.ExpectAbsent(ctx, p.bucket, "n")
	},
})

var _ = Add(Scenario{
	ID:    "acl.access.log-delivery",
	Rule:  "AC-08",
	Says:  "A grant to LogDelivery MUST NOT open the bucket to other accounts or to requests without credentials.",
	Ref:   guideGrantee,
	Level: Must,
	Needs: shared,
	Check: func(ctx context.Context, s *S) {
		p := sharedBucket(ctx, s)
		p.grant(ctx, "", grant{full, logDelivery})
		for _, who := range []Who{Anonymous, AltAccount} {
			for _, r := range []Request{{Query: "list-type=2"}, {Query: "acl="}, {Method: "PUT", Key: "n", Body: []byte("v")}} {
				r.Bucket, r.As = p.bucket, who
				s.Expect(s.Send(ctx, r)).To(FailWith(403, "AccessDenied"), "%s %s?%s", r.Method, r.Key, r.Query)
			}
		}
		s.ExpectAbsent(ctx, p.bucket, "n")
	},
})

var _ = Add(Scenario{
	ID:    "acl.access.revoked",
	Rule:  "AC-08",
	Says:  "An object whose ACL is set back to private MUST be refused to everybody else again.",
	Ref:   guideCanned,
	Level: Must,
	Needs: []Feature{ACL, Objects},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		s.MustPut(ctx, p.bucket, "k", "v", Header("x-amz-acl", "public-read"))
		r := Request{Bucket: p.bucket, Key: "k", As: Anonymous}
		s.Expect(p.retried(ctx, r)).To(OK(), "while it is public")
		_, err := s.SDK().PutObjectAcl(ctx, &s3.PutObjectAclInput{Bucket: &p.bucket, Key: aws.String("k")}, Header("x-amz-acl", "private"))
		s.Expect(err).To(OK(), "PutObjectAcl private")
		s.Expect(p.refusedAtLast(ctx, r)).To(FailWith(403, "AccessDenied"), "once it is private")
		r.Method = "HEAD"
		s.Expect(p.refusedAtLast(ctx, r)).To(FailWith(403), "HEAD once it is private")
	},
})

// refusedAtLast sends r until it is no success: no page says how soon the end
// of a grant is felt.
func (p *place) refusedAtLast(ctx context.Context, r Request) *Response {
	var answer *Response
	_ = Settled(ctx, p.s, "the grant has ended", func() error { // the caller judges the answer
		if answer = p.s.Send(ctx, r); answer.Status/100 == 2 {
			return errors.New("it is still allowed")
		}
		return nil
	})
	return answer
}

// anonymousID is the canonical id of requests without credentials.
const anonymousID = "65a011a29cdf8ec533ec3d1ccaae921c"

var _ = Add(Scenario{
	ID:    "acl.access.anonymous-owns",
	Rule:  "AC-14",
	Says:  "An object that is put without credentials MUST be read without credentials, and be refused to the bucket's owner.",
	Ref:   guideOwner,
	Level: Must,
	Needs: []Feature{ACL, Objects},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		p.anonymousPuts(ctx)
		r := s.Send(ctx, Request{Bucket: p.bucket, Key: "n", As: Anonymous})
		s.Expect(r).To(OK(), "GET without credentials")
		s.Expect(string(r.Body)).To(Equal("v"))
		_, err := s.Get(ctx, p.bucket, "n")
		s.Expect(err).To(FailWith(403, "AccessDenied"), "GET by the bucket's owner")
	},
})

var _ = Add(Scenario{
	ID:    "acl.access.anonymous-id",
	Rule:  "AC-14",
	Says:  "The owner of an object that was put without credentials SHOULD be shown as " + anonymousID + ".",
	Ref:   guideOwner,
	Level: Should,
	Needs: []Feature{ACL, Objects},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		p.anonymousPuts(ctx)
		r := s.Send(ctx, Request{Bucket: p.bucket, Key: "n", Query: "acl=", As: Anonymous})
		s.Expect(r).To(OK(), "GetObjectAcl without credentials")
		s.Expect(string(r.Body)).To(ContainSubstring("<ID>" + anonymousID + "</ID>"))
	},
})

func (p *place) anonymousPuts(ctx context.Context) {
	p.grant(ctx, "", grant{write, allUsers})
	p.must(p.retried(ctx, Request{Method: "PUT", Key: "n", Body: []byte("v"), As: Anonymous}), "put without credentials")
}
