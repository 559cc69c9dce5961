package acl

import (
	"context"
	"encoding/xml"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

// The ACL as a document: what PUT ?acl takes and GET ?acl gives.

// several are grants of every kind.
var several = []grant{ownerFull, {read, allUsers}, {readACP, authenticated}, {writeACP, logDelivery}, {read, owner}}

func init() {
	for _, t := range targets {
		Add(Scenario{
			ID:    "acl.body." + t.id,
			Rule:  "AC-13",
			Says:  t.op + " MUST store every grant of its document, to accounts and to groups, in place of what the ACL held.",
			Ref:   t.ref,
			SDK:   "s3@v1.114.8 types.AccessControlPolicy",
			Level: Must,
			Needs: []Feature{ACL, Objects},
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				p.grant(ctx, t.key, grant{read, authenticated})
				s.Expect(p.putBody(ctx, t.key, p.document(several...))).To(OK())
				p.expectACL(ctx, t.key, several...)
			},
		})
		Add(Scenario{
			ID:    "acl.body.account." + t.id,
			Rule:  "AC-13",
			Says:  t.op + " MUST store a grant to another account, and show it by the account's canonical id.",
			Ref:   guideGrantee,
			Level: Must,
			Needs: []Feature{ACL, Objects, SecondAccount},
			Check: func(ctx context.Context, s *S) {
				p := sharedBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				grants := []grant{ownerFull, {read, other}, {writeACP, other}}
				s.Expect(p.put(ctx, t.key, grants...)).To(OK())
				p.expectACL(ctx, t.key, grants...)
			},
		})
		Add(Scenario{
			ID:    "acl.body.display-name." + t.id,
			Rule:  "AC-13",
			Says:  t.op + " MUST ignore the DisplayName of a grantee.",
			Ref:   t.ref,
			SDK:   "s3@v1.114.8 Client." + t.op,
			Level: Must,
			Needs: []Feature{ACL, Objects},
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				named := grantOf("CanonicalUser", "<ID>"+p.ids[owner]+"</ID><DisplayName>somebody else</DisplayName>", full)
				body := wrap(p.ownerElement(), "<AccessControlList>"+named+p.line(grant{read, authenticated})+"</AccessControlList>")
				s.Expect(p.putBody(ctx, t.key, body)).To(OK())
				p.expectACL(ctx, t.key, ownerFull, grant{read, authenticated})
			},
		})
		Add(Scenario{
			ID:    "acl.body.own-answer." + t.id,
			Rule:  "AC-13",
			Says:  t.op + " MUST accept the document that the server itself gives for GET ?acl.",
			Ref:   guideACL,
			Level: Must,
			Needs: []Feature{ACL, Objects},
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				p.grant(ctx, t.key, several[1:]...)
				r := s.Send(ctx, Request{Bucket: p.bucket, Key: t.key, Query: "acl="})
				s.Must(p.put(ctx, t.key, ownerFull), "set another ACL")
				p.expectACL(ctx, t.key, ownerFull)
				s.Expect(p.putBody(ctx, t.key, string(r.Body))).To(OK())
				p.expectACL(ctx, t.key, several...)
			},
		})
		Add(Scenario{
			ID:    "acl.body.shape." + t.id,
			Rule:  "AC-13",
			Says:  strings.Replace(t.op, "Put", "Get", 1) + " MUST answer with an AccessControlPolicy whose grantees have their xsi:type, accounts an ID and groups a URI.",
			Ref:   guideACL,
			Level: Must,
			Needs: []Feature{ACL, Objects},
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				p.grant(ctx, t.key, grant{read, allUsers})
				r := s.Send(ctx, Request{Bucket: p.bucket, Key: t.key, Query: "acl="})
				s.Expect(r).To(OK())
				p.expectShape(r.Body)
			},
		})
		Add(Scenario{
			ID:    "acl.body.order." + t.id,
			Rule:  "AC-13",
			Says:  t.op + " SHOULD accept AccessControlList in front of Owner, and Permission in front of Grantee.",
			Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/API/API_AccessControlPolicy.html", // which lists members, not a sequence
			Level: Should,
			Needs: []Feature{ACL, Objects},
			Check: func(ctx context.Context, s *S) {
				p := aclBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				turned := "<Grant><Permission>READ</Permission><Grantee" + kindOf("Group") + "><URI>" + groups[authenticated] + "</URI></Grantee></Grant>"
				s.Expect(p.putBody(ctx, t.key, wrap("<AccessControlList>"+p.line(ownerFull)+turned+"</AccessControlList>", p.ownerElement()))).To(OK())
				p.expectACL(ctx, t.key, ownerFull, grant{read, authenticated})
			},
		})
		Add(Scenario{
			ID:    "acl.body.other-owner." + t.id,
			Rule:  "AC-11",
			Says:  t.op + " of a document whose Owner is another account SHOULD fail with 403 AccessDenied, and give nothing away.",
			Ref:   "https://github.com/scality/cloudserver/issues/367",
			Level: Should,
			Needs: []Feature{ACL, Objects, SecondAccount},
			Check: func(ctx context.Context, s *S) {
				p := sharedBucket(ctx, s)
				s.MustPut(ctx, p.bucket, "k", "v")
				body := wrap("<Owner><ID>"+p.ids[other]+"</ID></Owner>", "<AccessControlList>"+p.line(grant{full, other})+"</AccessControlList>")
				s.Expect(p.putBody(ctx, t.key, body)).To(FailWith(403, "AccessDenied"))
				p.expectACL(ctx, t.key, ownerFull)
			},
		})
		addDigest(t.id, t.op, t.key, t.ref)
	}
}

// expectShape demands that the document reads as the examples of the user
// guide do: a grant to the owner and one to AllUsers.
func (p *place) expectShape(body []byte) {
	var out struct {
		XMLName xml.Name
		Owner   *struct{ ID string }
		Grants  []struct {
			Grantee struct {
				Kind string `xml:"http://www.w3.org/2001/XMLSchema-instance type,attr"`
				ID   string
				URI  string
			}
			Permission string
		} `xml:"AccessControlList>Grant"`
	}
	p.s.Expect(xml.Unmarshal(body, &out)).To(Succeed(), "body of the 200")
	p.s.Expect(out.XMLName.Local).To(Equal("AccessControlPolicy"), "root")
	p.s.Expect(out.Owner).NotTo(BeNil(), "Owner")
	p.s.Expect(out.Owner.ID).To(Equal(p.ids[owner]), "ID of Owner")
	p.s.Expect(out.Grants).To(HaveLen(2), "grants")
	for _, g := range out.Grants {
		switch g.Grantee.Kind {
		case "CanonicalUser":
			p.s.Expect(g.Grantee.ID).To(Equal(p.ids[owner]), "ID of the account")
			p.s.Expect(g.Permission).To(Equal(full), "its Permission")
		case "Group":
			p.s.Expect(g.Grantee.URI).To(Equal(groups[allUsers]), "URI of the group")
			p.s.Expect(g.Permission).To(Equal(read), "its Permission")
		default:
			p.s.Expect(g.Grantee.Kind).To(BeElementOf("CanonicalUser", "Group"), "xsi:type")
		}
	}
}

// addDigest adds the rules of the digest that comes with the document.
func addDigest(id, op, key, ref string) {
	request := func(ctx context.Context, s *S) (*place, Request) {
		p := aclBucket(ctx, s)
		s.MustPut(ctx, p.bucket, "k", "v")
		return p, Request{Method: "PUT", Bucket: p.bucket, Key: key, Query: "acl=", Body: []byte(p.document(ownerFull, grant{read, authenticated}))}
	}
	Add(Scenario{
		ID:    "acl.digest.required." + id,
		Rule:  "K-15",
		Says:  op + " with neither Content-MD5 nor a checksum MAY be refused or accepted, as s3cmd sends it; what the server does is recorded.",
		Ref:   ref,
		SDK:   "s3@v1.114.8 " + op + "Input.ContentMD5",
		Level: Info,
		Needs: []Feature{ACL, Objects, Checksum},
		Check: func(ctx context.Context, s *S) {
			_, r := request(ctx, s)
			s.Observe("neither Content-MD5 nor a checksum", Outcome(s.Send(ctx, r)))
		},
	})
	Add(Scenario{
		ID:    "acl.digest.enough." + id,
		Rule:  "K-15",
		Says:  op + " MUST accept a checksum or Content-MD5 alone, and fail with 400 BadDigest and leave the ACL when it is wrong.",
		Ref:   apiErrors,
		SDK:   "s3@v1.114.8 " + op + "Input.ChecksumAlgorithm",
		Level: Must,
		Needs: []Feature{ACL, Objects, Checksum},
		Check: func(ctx context.Context, s *S) {
			p, r := request(ctx, s)
			wrong := []byte("other")
			r.Header = [][2]string{{"x-amz-checksum-crc32", digest.CRC32.Of(wrong)}}
			s.Expect(s.Send(ctx, r)).To(FailWith(400, "BadDigest"), "a wrong checksum")
			r.Header = [][2]string{ContentMD5(wrong)}
			s.Expect(s.Send(ctx, r)).To(FailWith(400, "BadDigest"), "a wrong Content-MD5")
			p.expectACL(ctx, key, ownerFull)
			r.Header = [][2]string{{"x-amz-checksum-crc32", digest.CRC32.Of(r.Body)}}
			s.Expect(s.Send(ctx, r)).To(OK(), "a checksum")
			p.expectACL(ctx, key, ownerFull, grant{read, authenticated})
			s.Must(p.put(ctx, key, ownerFull), "set another ACL")
			r.Header = [][2]string{ContentMD5(r.Body)}
			s.Expect(s.Send(ctx, r)).To(OK(), "Content-MD5")
			p.expectACL(ctx, key, ownerFull, grant{read, authenticated})
		},
	})
}

var _ = Add(Scenario{
	ID:    "acl.body.log-delivery",
	Rule:  "AC-13",
	Says:  "PutBucketAcl MUST store WRITE and READ_ACP for the LogDelivery group, which server access logging asks for.",
	Ref:   guideGrantee,
	Level: Must,
	Needs: []Feature{ACL},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		grants := []grant{ownerFull, {write, logDelivery}, {readACP, logDelivery}}
		s.Expect(p.put(ctx, "", grants...)).To(OK())
		p.expectACL(ctx, "", grants...)
	},
})

var _ = Add(Scenario{
	ID:    "acl.body.object-untouched",
	Rule:  "AC-13",
	Says:  "PutObjectAcl MUST change neither the object's ETag nor its Last-Modified, body or metadata.",
	Ref:   apiPutObject,
	Level: Must,
	Needs: []Feature{ACL, Objects},
	Check: func(ctx context.Context, s *S) {
		p := aclBucket(ctx, s)
		s.MustPut(ctx, p.bucket, "k", "v", Meta("color", "red"))
		was, err := s.Head(ctx, p.bucket, "k")
		s.Must(err, "HEAD")
		s.Expect(p.put(ctx, "k", several...)).To(OK())
		is, err := s.Head(ctx, p.bucket, "k")
		s.Expect(err).To(OK(), "HEAD afterwards")
		s.Expect(aws.ToString(is.ETag)).To(Equal(aws.ToString(was.ETag)), "ETag")
		s.Expect(aws.ToTime(is.LastModified)).To(Equal(aws.ToTime(was.LastModified)), "Last-Modified")
		s.Expect(is.Metadata).To(Equal(was.Metadata), "metadata")
		s.ExpectBody(ctx, p.bucket, "k", "v")
	},
})
