package acl

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Objects that another account, or nobody, writes into the bucket.

var shared = []Feature{ACL, Objects, SecondAccount}

// guest sends a request of the second account as soon as the bucket's ACL,
// which takes effect in its own time, opens the bucket to it.
func (p *place) guest(ctx context.Context, r Request) *Response {
	r.As = AltAccount
	return p.retried(ctx, r)
}

// retried sends r until it is not refused for want of permission.
func (p *place) retried(ctx context.Context, r Request) *Response {
	r.Bucket = p.bucket
	var answer *Response
	_ = Settled(ctx, p.s, "the grant opens the bucket", func() error { // the caller judges the answer
		if answer = p.s.Send(ctx, r); answer.Status == 403 {
			return errors.New("it is refused")
		}
		return nil
	})
	return answer
}

// guestPuts has the second account put the key; the scenario is blocked when
// it may not.
func (p *place) guestPuts(ctx context.Context, key, body string, headers ...[2]string) {
	p.must(p.guest(ctx, Request{Method: "PUT", Key: key, Body: []byte(body), Header: headers}), "put "+key+" as the second account")
}

func (p *place) must(r *Response, doing string) {
	if ok, _ := OK().Match(r); !ok {
		p.s.Must(errors.New(Outcome(r)), doing)
	}
}

// openToWrite is a bucket in which the second account may write.
func openToWrite(ctx context.Context, s *S) *place {
	p := sharedBucket(ctx, s)
	p.grant(ctx, "", grant{write, other})
	return p
}

// guestACL reads the ACL of key as the second account.
func (p *place) guestACL(ctx context.Context, key string) (ownerID string, l list) {
	out, err := p.s.Alt().GetObjectAcl(ctx, &s3.GetObjectAclInput{Bucket: &p.bucket, Key: &key})
	p.s.Expect(err).To(OK(), "GetObjectAcl by the writer")
	p.s.Expect(out.Owner).NotTo(BeNil(), "Owner")
	return aws.ToString(out.Owner.ID), p.named(out.Grants)
}

var _ = Add(Scenario{
	ID:    "acl.account.owns",
	Rule:  "AC-14",
	Says:  "An object that another account puts MUST belong to that account, with one grant of FULL_CONTROL to it, and be read by it.",
	Ref:   guideOwnership,
	Level: Must,
	Needs: shared,
	Check: func(ctx context.Context, s *S) {
		p := openToWrite(ctx, s)
		p.guestPuts(ctx, "n", "v")
		id, grants := p.guestACL(ctx, "n")
		s.Expect(id).To(Equal(p.ids[other]), "ID of Owner")
		s.Expect(grants).To(Equal(listOf(grant{full, other})), "grants")
		r := s.Send(ctx, Request{Bucket: p.bucket, Key: "n", As: AltAccount})
		s.Expect(r).To(OK(), "GET by the writer")
		s.Expect(string(r.Body)).To(Equal("v"))
	},
})

var _ = Add(Scenario{
	ID:    "acl.account.listed",
	Rule:  "AC-14",
	Says:  "A listing with fetch-owner MUST name the account that put each object as its owner.",
	Ref:   api + "API_ListObjectsV2.html",
	SDK:   "s3@v1.114.8 ListObjectsV2Input.FetchOwner",
	Level: Must,
	Needs: append([]Feature{Listing}, shared...),
	Check: func(ctx context.Context, s *S) {
		p := openToWrite(ctx, s)
		s.MustPut(ctx, p.bucket, "k", "v")
		p.guestPuts(ctx, "n", "v")
		out, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &p.bucket, FetchOwner: aws.Bool(true)})
		s.Expect(err).To(OK())
		s.Expect(out.Contents).To(HaveLen(2))
		for i, who := range []string{owner, other} {
			s.Expect(out.Contents[i].Owner).NotTo(BeNil(), "Owner of %s", aws.ToString(out.Contents[i].Key))
			s.Expect(aws.ToString(out.Contents[i].Owner.ID)).To(Equal(p.ids[who]), "Owner of %s", aws.ToString(out.Contents[i].Key))
		}
	},
})

var _ = Add(Scenario{
	ID:    "acl.account.bucket-owner",
	Rule:  "AC-14",
	Says:  "The bucket's owner MUST be refused with 403 AccessDenied to read an object of another account, to read its ACL and to set it.",
	Ref:   guideOwner,
	Level: Must,
	Needs: shared,
	Check: func(ctx context.Context, s *S) {
		p := openToWrite(ctx, s)
		p.guestPuts(ctx, "n", "v")
		_, err := s.Get(ctx, p.bucket, "n")
		s.Expect(err).To(FailWith(403, "AccessDenied"), "GET")
		_, err = s.Head(ctx, p.bucket, "n")
		s.Expect(err).To(FailWith(403), "HEAD")
		_, err = p.acl(ctx, "n")
		s.Expect(err).To(FailWith(403, "AccessDenied"), "GetObjectAcl")
		s.Expect(p.put(ctx, "n", ownerFull)).To(FailWith(403, "AccessDenied"), "PutObjectAcl")
		_, grants := p.guestACL(ctx, "n")
		s.Expect(grants).To(Equal(listOf(grant{full, other})), "I0: grants")
	},
})

var _ = Add(Scenario{
	ID:    "acl.account.bucket-owner-deletes",
	Rule:  "AC-14",
	Says:  "The bucket's owner MUST be able to delete an object of another account, whose ACL does not name it.",
	Ref:   guideOwner,
	Level: Must,
	Needs: append([]Feature{Listing}, shared...),
	Check: func(ctx context.Context, s *S) {
		p := openToWrite(ctx, s)
		p.guestPuts(ctx, "n", "v")
		_, err := s.Delete(ctx, p.bucket, "n")
		s.Expect(err).To(OK(), "DELETE")
		out, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &p.bucket})
		s.Expect(err).To(OK(), "list")
		s.Expect(out.Contents).To(BeEmpty(), "objects after the DELETE")
	},
})

var _ = Add(Scenario{
	ID:    "acl.account.bucket-owner-overwrites",
	Rule:  "AC-14",
	Says:  "The bucket's owner MUST be able to overwrite an object of another account, and own what it wrote.",
	Ref:   guideMapping,
	Level: Must,
	Needs: shared,
	Check: func(ctx context.Context, s *S) {
		p := openToWrite(ctx, s)
		p.guestPuts(ctx, "n", "theirs")
		_, err := s.Put(ctx, p.bucket, "n", "ours")
		s.Expect(err).To(OK(), "PUT")
		s.ExpectBody(ctx, p.bucket, "n", "ours")
		p.expectACL(ctx, "n", ownerFull)
		s.Expect(s.Send(ctx, Request{Bucket: p.bucket, Key: "n", As: AltAccount})).To(FailWith(403, "AccessDenied"), "GET by who wrote it before")
	},
})

var _ = Add(Scenario{
	ID:    "acl.account.own-objects",
	Rule:  "AC-14",
	Says:  "An account with WRITE on the bucket MUST be able to overwrite the objects that it owns.",
	Ref:   guideAllowed,
	Level: Must,
	Needs: shared,
	Check: func(ctx context.Context, s *S) {
		p := openToWrite(ctx, s)
		p.guestPuts(ctx, "n", "first")
		s.Expect(p.guest(ctx, Request{Method: "PUT", Key: "n", Body: []byte("second")})).To(OK(), "PUT over its own object")
		r := s.Send(ctx, Request{Bucket: p.bucket, Key: "n", As: AltAccount})
		s.Expect(string(r.Body)).To(Equal("second"))
	},
})

var _ = Add(Scenario{
	ID:    "acl.account.others-objects",
	Rule:  "AC-14",
	Says:  "An account with WRITE on the bucket MUST NOT replace an object that it does not own, by a copy or by an upload in parts.",
	Ref:   guideAllowed,
	Level: Must,
	Needs: append([]Feature{Copy, Multipart}, shared...),
	Check: func(ctx context.Context, s *S) {
		p := openToWrite(ctx, s)
		alt, k := s.Alt(), aws.String("k")
		s.MustPut(ctx, p.bucket, "k", "ours")
		p.guestPuts(ctx, "n", "theirs")
		_, err := alt.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &p.bucket, Key: k, CopySource: aws.String(p.bucket + "/n")})
		s.Expect(err).To(FailWith(403, "AccessDenied"), "CopyObject")
		s.ExpectUnchanged(ctx, p.bucket, "k", "ours")
		up, err := alt.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &p.bucket, Key: k})
		if err == nil { // refused when it begins, or when it would replace the object
			part, failed := alt.UploadPart(ctx, &s3.UploadPartInput{Bucket: &p.bucket, Key: k, UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("theirs")})
			if err = failed; err == nil {
				_, err = alt.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &p.bucket, Key: k, UploadId: up.UploadId,
					MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}}})
			}
		}
		s.Expect(err).To(FailWith(403, "AccessDenied"), "an upload in parts")
		s.ExpectUnchanged(ctx, p.bucket, "k", "ours")
	},
})

var _ = Add(Scenario{
	ID:    "acl.account.bucket-owner-read",
	Rule:  "AC-14",
	Says:  "An object that another account puts with bucket-owner-read MUST be open to the bucket's owner for reading, and its ACL closed to it.",
	Ref:   guideCanned,
	Level: Must,
	Needs: shared,
	Check: func(ctx context.Context, s *S) {
		p := openToWrite(ctx, s)
		p.guestPuts(ctx, "n", "v", [2]string{"x-amz-acl", "bucket-owner-read"})
		id, grants := p.guestACL(ctx, "n")
		s.Expect(id).To(Equal(p.ids[other]), "ID of Owner")
		s.Expect(grants).To(Equal(listOf(grant{full, other}, grant{read, owner})), "grants")
		s.ExpectBody(ctx, p.bucket, "n", "v")
		_, err := p.acl(ctx, "n")
		s.Expect(err).To(FailWith(403, "AccessDenied"), "GetObjectAcl by the bucket's owner")
	},
})

var _ = Add(Scenario{
	ID:    "acl.account.bucket-owner-full-control",
	Rule:  "AC-14",
	Says:  "An object that another account puts with bucket-owner-full-control MUST grant FULL_CONTROL to both, who may read it and set its ACL, and where objects are the writer's belong to the writer.",
	Ref:   guideCanned,
	Level: Must,
	Needs: shared,
	Check: func(ctx context.Context, s *S) {
		p := openToWrite(ctx, s)
		p.guestPuts(ctx, "n", "v", [2]string{"x-amz-acl", "bucket-owner-full-control"})
		id, grants := p.guestACL(ctx, "n")
		s.Expect(id).To(Equal(p.ids[other]), "ID of Owner")
		s.Expect(grants).To(Equal(listOf(grant{full, other}, ownerFull)), "grants")
		s.ExpectBody(ctx, p.bucket, "n", "v")
		_, err := s.SDK().PutObjectAcl(ctx, &s3.PutObjectAclInput{Bucket: &p.bucket, Key: aws.String("n"), ACL: types.ObjectCannedACLPublicRead})
		s.Expect(err).To(OK(), "PutObjectAcl by the bucket's owner")
		id, grants = p.guestACL(ctx, "n")
		s.Expect(id).To(Equal(p.ids[other]), "ID of Owner after PutObjectAcl")
		s.Expect(grants).To(Equal(listOf(grant{full, other}, grant{read, allUsers})), "grants after PutObjectAcl")
	},
})

var _ = Add(Scenario{
	ID:    "acl.account.upload",
	Rule:  "AC-14",
	Says:  "An account with WRITE on the bucket MUST be able to upload in parts, to list its parts, and to own the object.",
	Ref:   guideParts,
	Level: Must,
	Needs: append([]Feature{Multipart}, shared...),
	Check: func(ctx context.Context, s *S) {
		p := openToWrite(ctx, s)
		alt, k := s.Alt(), aws.String("n")
		p.must(p.guest(ctx, Request{Method: "PUT", Key: "first", Body: []byte("v")}), "put as the second account") // the grant is in effect
		up, err := alt.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &p.bucket, Key: k})
		s.Expect(err).To(OK(), "CreateMultipartUpload")
		part, err := alt.UploadPart(ctx, &s3.UploadPartInput{Bucket: &p.bucket, Key: k, UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("v")})
		s.Expect(err).To(OK(), "UploadPart")
		parts, err := alt.ListParts(ctx, &s3.ListPartsInput{Bucket: &p.bucket, Key: k, UploadId: up.UploadId})
		s.Expect(err).To(OK(), "ListParts")
		s.Expect(parts.Parts).To(HaveLen(1))
		_, err = alt.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &p.bucket, Key: k, UploadId: up.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}}})
		s.Expect(err).To(OK(), "CompleteMultipartUpload")
		id, grants := p.guestACL(ctx, "n")
		s.Expect(id).To(Equal(p.ids[other]), "ID of Owner")
		s.Expect(grants).To(Equal(listOf(grant{full, other})), "grants")
	},
})

var _ = Add(Scenario{
	ID:    "acl.account.abort",
	Rule:  "AC-14",
	Says:  "An upload that another account began MUST be aborted by that account, and by the bucket's owner.",
	Ref:   guideParts,
	Level: Must,
	Needs: append([]Feature{Multipart}, shared...),
	Check: func(ctx context.Context, s *S) {
		p := openToWrite(ctx, s)
		p.guestPuts(ctx, "first", "v") // the grant is in effect
		for i, client := range []*s3.Client{s.Alt(), s.SDK()} {
			up, err := s.Alt().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &p.bucket, Key: aws.String("n")})
			s.Must(err, "begin an upload as the second account")
			_, err = client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &p.bucket, Key: aws.String("n"), UploadId: up.UploadId})
			s.Expect(err).To(OK(), "AbortMultipartUpload by %s", []string{"the account", "the bucket's owner"}[i])
		}
	},
})
