package acl

import (
	"context"
	"encoding/hex"

	. "bleepstore/scenarios"
)

// Grantees that are nobody, and documents that are no ACL.

// A stranger is a grantee that S3 cannot know.
type stranger struct{ id, is, kind, element, header string }

var strangers = []stranger{
	{"id", "a canonical id of the wrong form", "CanonicalUser", "<ID>nobody</ID>", `id="nobody"`},
	{"group", "the URI of no group", "Group", "<URI>http://acs.amazonaws.com/groups/global/Nobody</URI>", `uri="http://acs.amazonaws.com/groups/global/Nobody"`},
}

func init() {
	for _, t := range targets {
		for _, who := range strangers {
			Add(Scenario{
				ID:    "acl.unknown-grantee." + who.id + "." + t.id,
				Rule:  "AC-06",
				Says:  t.op + " that grants to " + who.is + " MUST fail with 400 InvalidArgument, in the body as in a header, and leave the ACL.",
				Ref:   apiErrors,
				Level: Must,
				Needs: []Feature{ACL, Objects},
				Check: func(ctx context.Context, s *S) {
					p := aclBucket(ctx, s)
					s.MustPut(ctx, p.bucket, "k", "v")
					p.grant(ctx, t.key, grant{readACP, authenticated})
					body := p.naming(who.kind, who.element)
					s.Expect(p.putBody(ctx, t.key, body)).To(FailWith(400, "InvalidArgument"), "in the body")
					s.Expect(p.putBody(ctx, t.key, "", [2]string{"x-amz-grant-read", who.header})).To(FailWith(400, "InvalidArgument"), "in a header")
					p.expectACL(ctx, t.key, ownerFull, grant{readACP, authenticated})
				},
			})
		}
		Add(Scenario{
			ID:    "acl.unknown-grantee.account." + t.id,
			Rule:  "AC-06",
			Says:  t.op + " that grants to a well-formed canonical id of nobody SHOULD fail with 400 InvalidArgument, and leave the ACL.",
			Ref:   "https://github.com/aws/aws-sdk-ruby/issues/826",
			Level: Should,
			Needs: []Feature{ACL, Objects},
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				p.ids["nobody"] = randomID(s)
				s.Expect(p.putBody(ctx, t.key, p.document(ownerFull, grant{read, "nobody"}))).To(FailWith(400, "InvalidArgument"), "in the body")
				s.Expect(p.putBody(ctx, t.key, "", [2]string{"x-amz-grant-read", p.grantee("nobody")})).To(FailWith(400, "InvalidArgument"), "in a header")
				p.expectACL(ctx, t.key, ownerFull)
			},
		})
		Add(Scenario{
			ID:    "acl.unknown-grantee.email." + t.id,
			Rule:  "AC-06",
			Says:  t.op + " that grants to an email address of nobody MUST fail with 405 MethodNotAllowed, as S3 does since October 2025, or with 400, and leave the ACL.",
			Ref:   t.ref,
			SDK:   "s3@v1.114.8 Client." + t.op,
			Level: Must,
			Needs: []Feature{ACL, Objects},
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				p.grant(ctx, t.key, grant{readACP, authenticated})
				// The regions that never resolved an address have no code documented for it.
				refusal := FailWithAny(Answer{Status: 405, Codes: []string{"MethodNotAllowed"}}, Answer{Status: 400})
				r := p.putBody(ctx, t.key, p.naming("AmazonCustomerByEmail", "<EmailAddress>nobody@example.com</EmailAddress>"))
				s.Observe("email address in the body", Outcome(r))
				s.Expect(r).To(refusal, "in the body")
				r = p.putBody(ctx, t.key, "", [2]string{"x-amz-grant-read", `emailAddress="nobody@example.com"`})
				s.Observe("email address in a header", Outcome(r))
				s.Expect(r).To(refusal, "in a header")
				p.expectACL(ctx, t.key, ownerFull, grant{readACP, authenticated})
			},
		})
		Add(Scenario{
			ID:    "acl.malformed-grant." + t.id,
			Rule:  "AC-06",
			Says:  t.op + " with an x-amz-grant header that is no list of id, uri or emailAddress and value MUST fail with 400 InvalidArgument, and leave the ACL.",
			Ref:   apiErrors,
			SDK:   "s3@v1.114.8 Client." + t.op,
			Level: Must,
			Needs: []Feature{ACL, Objects},
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				p.grant(ctx, t.key, grant{readACP, authenticated})
				for _, value := range []string{"AllUsers", p.ids[owner], `name="` + p.ids[owner] + `"`, `id=`} {
					s.Expect(p.putBody(ctx, t.key, "", [2]string{"x-amz-grant-read", value})).To(FailWith(400, "InvalidArgument"), "%q", value)
				}
				p.expectACL(ctx, t.key, ownerFull, grant{readACP, authenticated})
			},
		})
	}
}

// naming is an ACL with one grant to whatever element says besides the owner's.
func (p *place) naming(kind, element string) string {
	return wrap(p.ownerElement(), "<AccessControlList>"+p.line(ownerFull)+grantOf(kind, element, read)+"</AccessControlList>")
}

// randomID has the form of a canonical id, and is nobody's.
func randomID(s *S) string {
	var b [32]byte
	for i := range b {
		b[i] = byte(s.Rand().Uint32())
	}
	return hex.EncodeToString(b[:])
}

// A flaw makes a document that is no ACL.
type flaw struct {
	id, is string
	of     func(p *place) string
}

var flaws = []flaw{
	{"not-xml", "that is not XML", func(p *place) string { return "public-read" }},
	{"cut-off", "that is cut off", func(p *place) string { text := p.document(ownerFull); return text[:len(text)/2] }},
	{"other-root", "that is another document", func(p *place) string {
		return "<Tagging" + ns + "><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
	}},
	{"unknown-permission", "with an unknown permission", func(p *place) string { return p.document(ownerFull, grant{"LIST", allUsers}) }},
	{"small-permission", "with a permission in small letters", func(p *place) string { return p.document(ownerFull, grant{"read", allUsers}) }},
	{"empty-permission", "with an empty permission", func(p *place) string { return p.document(ownerFull, grant{"", allUsers}) }},
	{"no-permission", "whose grant has no permission", func(p *place) string {
		return wrap(p.ownerElement(), "<AccessControlList><Grant><Grantee"+kindOf("Group")+"><URI>"+groups[allUsers]+"</URI></Grantee></Grant></AccessControlList>")
	}},
	{"no-grantee", "whose grant has no grantee", func(p *place) string {
		return wrap(p.ownerElement(), "<AccessControlList><Grant><Permission>READ</Permission></Grant></AccessControlList>")
	}},
}

func init() {
	for _, t := range targets {
		for _, f := range flaws {
			Add(Scenario{
				ID:    "acl.malformed." + f.id + "." + t.id,
				Rule:  "AC-07",
				Says:  t.op + " of a document " + f.is + " MUST fail with 400 MalformedACLError or MalformedXML, and leave the ACL.",
				Ref:   apiErrors, // both codes are for what does not validate against the schema
				Level: Must,
				Needs: []Feature{ACL, Objects},
				Check: func(ctx context.Context, s *S) {
					p := aclBucket(ctx, s)
					s.MustPut(ctx, p.bucket, "k", "v")
					p.grant(ctx, t.key, grant{readACP, authenticated})
					s.Expect(p.putBody(ctx, t.key, f.of(p))).To(FailWith(400, "MalformedACLError", "MalformedXML"))
					p.expectACL(ctx, t.key, ownerFull, grant{readACP, authenticated})
				},
			})
		}
		Add(Scenario{
			ID:    "acl.malformed.code." + t.id,
			Rule:  "AC-07",
			Says:  t.op + " of a document that is no ACL SHOULD fail with MalformedACLError rather than MalformedXML.",
			Ref:   apiErrors,
			Level: Should,
			Needs: []Feature{ACL, Objects},
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				for _, f := range flaws {
					s.Expect(p.putBody(ctx, t.key, f.of(p))).To(FailWith(400, "MalformedACLError"), "a document %s", f.is)
				}
			},
		})
		Add(Scenario{
			ID:    "acl.malformed.left-out." + t.id,
			Rule:  "AC-07",
			Says:  t.op + " of an ACL without Owner, without AccessControlList, or with a Grantee without xsi:type SHOULD fail with 400 MalformedACLError, and leave the ACL.",
			Ref:   guideACL, // which shows all three, and calls none required
			Level: Should,
			Needs: []Feature{ACL, Objects},
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				untyped := "<Grant><Grantee><URI>" + groups[allUsers] + "</URI></Grantee><Permission>READ</Permission></Grant>"
				for _, without := range [][2]string{
					{"Owner", wrap("<AccessControlList>" + p.line(grant{read, allUsers}) + "</AccessControlList>")},
					{"AccessControlList", wrap(p.ownerElement())},
					{"xsi:type", wrap(p.ownerElement(), "<AccessControlList>"+untyped+"</AccessControlList>")},
				} {
					r := p.putBody(ctx, t.key, without[1])
					s.Observe("without "+without[0], Outcome(r))
					s.Expect(r).To(FailWith(400, "MalformedACLError"), "without %s", without[0])
				}
				p.expectACL(ctx, t.key, ownerFull)
			},
		})
	}
}
