package acl

import (
	"context"

	. "bleepstore/scenarios"
)

// An ACL said in two ways at once.

func init() {
	for _, w := range writers {
		Add(Scenario{
			ID:    "acl.two-ways." + w.id,
			Rule:  "AC-05",
			Says:  w.name + " with both x-amz-acl and an x-amz-grant header MUST fail with 400, and leave nothing.",
			Ref:   apiPutObject,
			SDK:   "s3@v1.114.8 Client.PutObjectAcl",
			Level: Must,
			Needs: w.needs(),
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				w.ready(ctx, p, "k")
				err := w.write(ctx, p, "k", Header("x-amz-acl", "public-read"), Header("x-amz-grant-read", p.grantee(allUsers)))
				s.Observe("both headers", Outcome(err))
				s.Expect(err).To(FailWith(400))
				w.expectRefused(ctx, p, "k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "acl.two-ways.put-bucket-acl",
	Rule:  "AC-05",
	Says:  "PutBucketAcl with both x-amz-acl and an x-amz-grant header MUST fail with 400, and leave the ACL.",
	Ref:   apiPutBucket,
	SDK:   "s3@v1.114.8 Client.PutBucketAcl",
	Level: Must,
	Needs: []Feature{ACL},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		p.grant(ctx, "", grant{readACP, authenticated})
		s.Expect(p.cannedBucket(ctx, "public-read", Header("x-amz-grant-read", p.grantee(allUsers)))).To(FailWith(400))
		p.expectACL(ctx, "", ownerFull, grant{readACP, authenticated})
	},
})

// targets are the two things that have an ACL.
var targets = []struct{ id, op, key, ref string }{
	{"put-bucket-acl", "PutBucketAcl", "", apiPutBucket},
	{"put-object-acl", "PutObjectAcl", "k", apiPutObject},
}

func init() {
	for _, t := range targets {
		Add(Scenario{
			ID:    "acl.two-ways.body." + t.id,
			Rule:  "AC-05",
			Says:  t.op + " with an ACL in the body and another in the headers MUST fail with 400, and leave the ACL.",
			Ref:   t.ref,
			SDK:   "s3@v1.114.8 Client." + t.op,
			Level: Must,
			Needs: []Feature{ACL, Objects},
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				p.grant(ctx, t.key, grant{readACP, authenticated})
				for _, header := range [][2]string{{"x-amz-acl", "public-read"}, {"x-amz-grant-read", p.grantee(allUsers)}} {
					r := p.putBody(ctx, t.key, p.document(grant{read, allUsers}), header)
					s.Observe("a body and "+header[0], Outcome(r))
					s.Expect(r).To(FailWith(400), "a body and %s", header[0])
				}
				p.expectACL(ctx, t.key, ownerFull, grant{readACP, authenticated})
			},
		})
		Add(Scenario{
			ID:    "acl.two-ways.code." + t.id,
			Rule:  "AC-05",
			Says:  t.op + " with two ACLs SHOULD fail with UnexpectedContent when one is in the body, and with InvalidRequest when both are headers.",
			Ref:   apiErrors, // which has both codes, and not what they are for
			Level: Should,
			Needs: []Feature{ACL, Objects},
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				r := p.putBody(ctx, t.key, p.document(ownerFull), [2]string{"x-amz-acl", "private"})
				s.Expect(r).To(FailWith(400, "UnexpectedContent"), "a body and x-amz-acl")
				r = p.putBody(ctx, t.key, "", [2]string{"x-amz-acl", "private"}, [2]string{"x-amz-grant-read", p.grantee(allUsers)})
				s.Expect(r).To(FailWith(400, "InvalidRequest"), "x-amz-acl and x-amz-grant-read")
			},
		})
		Add(Scenario{
			ID:    "acl.no-way." + t.id,
			Rule:  "AC-05",
			Says:  t.op + " with an ACL neither in the body nor in the headers SHOULD fail with 400, and leave the ACL.",
			Ref:   t.ref,
			Level: Should,
			Needs: []Feature{ACL, Objects},
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				p.grant(ctx, t.key, grant{readACP, authenticated})
				r := p.putBody(ctx, t.key, "")
				s.Observe("no ACL at all", Outcome(r))
				s.Expect(r).To(FailWith(400))
				p.expectACL(ctx, t.key, ownerFull, grant{readACP, authenticated})
			},
		})
	}
}

// putBody sends PUT ?acl with the body as it is.
func (p *place) putBody(ctx context.Context, key, body string, headers ...[2]string) *Response {
	r := Request{Method: "PUT", Bucket: p.bucket, Key: key, Query: "acl=", Body: []byte(body), Header: headers}
	if body != "" {
		r.Header = append(r.Header, ContentMD5(r.Body))
	}
	return p.s.Send(ctx, r)
}

const (
	ns  = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`
	xsi = ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="`
)

// document renders an ACL by hand, as the examples of the user guide have it.
func (p *place) document(grants ...grant) string {
	text := ""
	for _, g := range grants {
		text += p.line(g)
	}
	return wrap(p.ownerElement(), "<AccessControlList>"+text+"</AccessControlList>")
}

func wrap(parts ...string) string {
	text := ""
	for _, part := range parts {
		text += part
	}
	return "<AccessControlPolicy" + ns + ">" + text + "</AccessControlPolicy>"
}

func (p *place) ownerElement() string { return "<Owner><ID>" + p.ids[owner] + "</ID></Owner>" }

// line renders one grant.
func (p *place) line(g grant) string {
	if uri := groups[g.to]; uri != "" {
		return grantOf("Group", "<URI>"+uri+"</URI>", g.permission)
	}
	return grantOf("CanonicalUser", "<ID>"+p.ids[g.to]+"</ID>", g.permission)
}

// grantOf renders a grant to whatever content says.
func grantOf(kind, content, permission string) string {
	return "<Grant><Grantee" + kindOf(kind) + ">" + content + "</Grantee><Permission>" + permission + "</Permission></Grant>"
}

func kindOf(kind string) string { return xsi + kind + `"` }
