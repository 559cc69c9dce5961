package publicaccess

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Who owns what another account puts into a bucket.

var sharedNeeds = []Feature{PublicAccessBlock, ACL, SecondAccount}

// shared is a bucket into which the second account may write.
func shared(ctx context.Context, s *S, o types.ObjectOwnership) string {
	b := open(ctx, s, o)
	mustUntil(ctx, s, 200, setACL(b, "", [2]string{"x-amz-grant-write", `id="` + altID(ctx, s) + `"`}, [2]string{"x-amz-grant-full-control", `id="` + mainID(ctx, s) + `"`}))
	mustUntil(ctx, s, 200, theirs(put(b, "probe")))
	return b
}

// theirs is the request by the second account.
func theirs(r Request) Request {
	r.As = AltAccount
	return r
}

// The ways to make an object; each leaves one under the key.
var makers = []struct {
	id, op string
	needs  []Feature
	make   func(ctx context.Context, s *S, b, key string, header ...[2]string)
}{
	{"put", "PutObject", nil, func(ctx context.Context, s *S, b, key string, header ...[2]string) {
		s.Expect(s.Send(ctx, theirs(put(b, key, header...)))).To(HaveStatus(200), "PutObject")
	}},
	{"copy", "CopyObject", []Feature{Copy}, func(ctx context.Context, s *S, b, key string, header ...[2]string) {
		s.Expect(s.Send(ctx, theirs(put(b, "source")))).To(HaveStatus(200), "PutObject of the source")
		r := Request{Method: "PUT", Bucket: b, Key: key, As: AltAccount, Header: append(header, [2]string{"x-amz-copy-source", b + "/source"})}
		s.Expect(s.Send(ctx, r)).To(OK(), "CopyObject")
	}},
	{"upload", "CreateMultipartUpload", []Feature{Multipart}, upload},
}

// upload makes an object of one part.
func upload(ctx context.Context, s *S, b, key string, header ...[2]string) {
	in := &s3.CreateMultipartUploadInput{Bucket: &b, Key: &key}
	var opts []Opt
	for _, h := range header {
		opts = append(opts, Header(h[0], h[1]))
	}
	up, err := s.Alt().CreateMultipartUpload(ctx, in, opts...)
	s.Expect(err).To(OK(), "CreateMultipartUpload")
	id := url.QueryEscape(aws.ToString(up.UploadId))
	part := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: key, As: AltAccount, Query: "partNumber=1&uploadId=" + id, Body: []byte("v")})
	s.Expect(part).To(HaveStatus(200), "UploadPart")
	_, err = s.Alt().CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &b, Key: &key, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: aws.String(part.Header.Get("ETag"))}}}})
	s.Expect(err).To(OK(), "CompleteMultipartUpload")
}

// ownerOf is the owner whom the object's ACL names to client.
func ownerOf(ctx context.Context, s *S, client *s3.Client, bucket, key string) string {
	out, err := client.GetObjectAcl(ctx, &s3.GetObjectAclInput{Bucket: &bucket, Key: &key})
	s.Expect(err).To(OK(), "GetObjectAcl of %s", key)
	return aws.ToString(out.Owner.ID)
}

func init() {
	for _, m := range makers {
		Add(Scenario{
			ID:    "publicaccess.owner.preferred." + m.id,
			Rule:  "PB-11",
			Says:  fmt.Sprintf("Under BucketOwnerPreferred the bucket's owner MUST own what another account makes with bucket-owner-full-control by %s, and that account have no access by having made it.", m.op),
			Ref:   guideOwnership,
			SDK:   "s3@v1.114.8 types.OwnershipControlsRule.ObjectOwnership",
			Level: Must,
			Needs: append(append([]Feature{}, sharedNeeds...), m.needs...),
			Check: func(ctx context.Context, s *S) {
				b := shared(ctx, s, preferred)
				m.make(ctx, s, b, "k", canned("bucket-owner-full-control"))
				s.ExpectBody(ctx, b, "k", "v")
				s.Expect(ownerOf(ctx, s, s.SDK(), b, "k")).To(Equal(mainID(ctx, s)), "the owner")
				s.Expect(s.Send(ctx, by(AltAccount, b, "k"))).To(FailWith(403, "AccessDenied"), "GET by the account that made it")
			},
		})
		Add(Scenario{
			ID:    "publicaccess.owner.writer." + m.id,
			Rule:  "PB-11",
			Says:  fmt.Sprintf("Under ObjectWriter another account MUST own what it makes by %s, also with bucket-owner-full-control, which gives the bucket's owner access only.", m.op),
			Ref:   guideOwnership,
			SDK:   "s3@v1.114.8 types.OwnershipControlsRule.ObjectOwnership",
			Level: Must,
			Needs: append(append([]Feature{}, sharedNeeds...), m.needs...),
			Check: func(ctx context.Context, s *S) {
				b, them := shared(ctx, s, writer), altID(ctx, s)
				m.make(ctx, s, b, "k", canned("bucket-owner-full-control"))
				s.ExpectBody(ctx, b, "k", "v")
				s.Expect(ownerOf(ctx, s, s.SDK(), b, "k")).To(Equal(them), "the owner, with bucket-owner-full-control")
				s.Expect(s.Send(ctx, by(AltAccount, b, "k"))).To(HaveStatus(200), "GET by the account that made it")
				m.make(ctx, s, b, "own")
				s.Expect(ownerOf(ctx, s, s.Alt(), b, "own")).To(Equal(them), "the owner, without an ACL")
				s.Expect(s.Send(ctx, by(MainAccount, b, "own"))).To(FailWith(403, "AccessDenied"), "GET by the bucket's owner")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "publicaccess.owner.preferred.other-acl",
	Rule:  "PB-11",
	Says:  "Under BucketOwnerPreferred another account MUST own what it puts without an ACL, or with another than bucket-owner-full-control.",
	Ref:   guideOwnership,
	Level: Must,
	Needs: sharedNeeds,
	Check: func(ctx context.Context, s *S) {
		b, them := shared(ctx, s, preferred), altID(ctx, s)
		for _, acl := range [][][2]string{nil, {canned("private")}, {canned("bucket-owner-read")}, {canned("public-read")}} {
			s.Expect(s.Send(ctx, theirs(put(b, "k", acl...)))).To(HaveStatus(200), "PutObject, %v", acl)
			s.Expect(ownerOf(ctx, s, s.Alt(), b, "k")).To(Equal(them), "the owner, %v", acl)
		}
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.owner.preferred.existing",
	Rule:  "PB-11",
	Says:  "BucketOwnerPreferred MUST apply to new objects only: what another account owns already stays its own.",
	Ref:   guideOwnership,
	Level: Must,
	Needs: sharedNeeds,
	Check: func(ctx context.Context, s *S) {
		b, them := shared(ctx, s, writer), altID(ctx, s)
		s.Expect(s.Send(ctx, theirs(put(b, "k", canned("bucket-owner-full-control"))))).To(HaveStatus(200), "PutObject")
		own(ctx, s, b, preferred)
		s.Expect(ownerOf(ctx, s, s.SDK(), b, "k")).To(Equal(them), "the owner")
		s.Expect(s.Send(ctx, by(AltAccount, b, "k"))).To(HaveStatus(200), "GET by the account that made it")
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.owner.enforced",
	Rule:  "PB-11",
	Says:  "Under BucketOwnerEnforced the bucket's owner MUST own what another account puts by a policy, also after ACLs are back on.",
	Ref:   guideOwnership,
	Level: Must,
	Needs: append([]Feature{Policy}, sharedNeeds...),
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, enforced)
		policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"CanonicalUser":%q},"Action":"s3:PutObject","Resource":"arn:aws:s3:::%s/*"}]}`, altID(ctx, s), b)
		must(s, s.Send(ctx, putPolicy(b, policy)), "let the other account write")
		mustUntil(ctx, s, 200, theirs(put(b, "k")))
		s.Expect(ownerOf(ctx, s, s.SDK(), b, "k")).To(Equal(mainID(ctx, s)), "the owner")
		s.Expect(s.Send(ctx, by(AltAccount, b, "k"))).To(FailWith(403, "AccessDenied"), "GET by the account that made it")
		own(ctx, s, b, writer)
		s.Expect(ownerOf(ctx, s, s.SDK(), b, "k")).To(Equal(mainID(ctx, s)), "the owner once ACLs are on")
		s.ExpectBody(ctx, b, "k", "v")
	},
})
