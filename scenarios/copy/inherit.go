package copy

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "copy.inherit.storage-class",
	Rule:  "CP-10",
	Says:  "A copy without x-amz-storage-class MUST be stored as STANDARD, whatever the source's storage class.",
	Ref:   refHeader + "StorageClass",
	SDK:   sdk + "StorageClass",
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "hello", Header("x-amz-storage-class", "REDUCED_REDUNDANCY"))
		_, err := dup(ctx, s, b, "dst", source(b, "src"))
		s.Expect(err).To(OK())
		head, err := s.Head(ctx, b, "dst")
		s.Expect(err).To(OK(), "head dst")
		s.Expect(string(head.StorageClass)).To(BeElementOf("", "STANDARD"), "x-amz-storage-class of the copy")
	},
})

var _ = Add(Scenario{
	ID:    "copy.inherit.redirect",
	Rule:  "CP-10",
	Says:  "A copy MUST NOT have the source's x-amz-website-redirect-location, which is unique to each object.",
	Ref:   refHeader + "MetadataDirective",
	SDK:   sdk + "MetadataDirective",
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "hello", Header("x-amz-website-redirect-location", "/elsewhere"))
		_, err := dup(ctx, s, b, "dst", source(b, "src"))
		s.Expect(err).To(OK())
		head, err := s.Head(ctx, b, "dst")
		s.Expect(err).To(OK(), "head dst")
		s.Expect(aws.ToString(head.WebsiteRedirectLocation)).To(BeEmpty(), "x-amz-website-redirect-location of the copy")
	},
})

var _ = Add(Scenario{
	ID:    "copy.inherit.given",
	Rule:  "CP-10",
	Says:  "A copy MUST have the storage class and the website redirect that its request names, with either metadata directive.",
	Ref:   refHeader + "WebsiteRedirectLocation",
	SDK:   sdk + "WebsiteRedirectLocation",
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "hello", Header("x-amz-website-redirect-location", "/elsewhere"))
		for _, directive := range []string{"COPY", "REPLACE"} {
			_, err := dup(ctx, s, b, "dst", source(b, "src"), metadata(directive),
				Header("x-amz-website-redirect-location", "/here"), Header("x-amz-storage-class", "REDUCED_REDUNDANCY"))
			s.Expect(err).To(OK(), directive)
			head, err := s.Head(ctx, b, "dst")
			s.Expect(err).To(OK(), "head dst, %s", directive)
			s.Expect(aws.ToString(head.WebsiteRedirectLocation)).To(Equal("/here"), "x-amz-website-redirect-location, %s", directive)
			s.Expect(head.StorageClass).To(BeEquivalentTo("REDUCED_REDUNDANCY"), "x-amz-storage-class, %s", directive)
		}
	},
})

var _ = Add(Scenario{
	ID:    "copy.inherit.acl",
	Rule:  "CP-10",
	Says:  "A copy MUST NOT have the source's ACL: it is private unless the request says otherwise.",
	Ref:   refHeader + "ACL",
	SDK:   sdk + "ACL",
	Level: Must,
	Needs: []Feature{Copy, ACL},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx, func(in *s3.CreateBucketInput) { in.ObjectOwnership = types.ObjectOwnershipObjectWriter })
		// A server without public access blocks has nothing to lift; if they stand, the next PUT tells.
		_, _ = s.SDK().DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &b})
		s.Settle(ctx, "a public ACL is accepted", func() error {
			_, err := s.Put(ctx, b, "src", "hello", Header("x-amz-acl", "public-read"))
			return err
		})
		_, err := dup(ctx, s, b, "dst", source(b, "src"))
		s.Expect(err).To(OK())
		acl, err := s.SDK().GetObjectAcl(ctx, &s3.GetObjectAclInput{Bucket: &b, Key: aws.String("dst")})
		s.Expect(err).To(OK(), "ACL of the copy")
		s.Expect(acl.Grants).To(HaveLen(1), "grants of the copy")
		s.Expect(acl.Grants[0].Permission).To(Equal(types.PermissionFullControl), "the only grant of the copy")
	},
})

var _ = Add(Scenario{
	ID:    "copy.inherit.lock",
	Rule:  "CP-10",
	Says:  "A copy MUST NOT have the source's retention or legal hold: object locks apply to individual object versions only.",
	Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
	SDK:   sdk + "ObjectLockMode",
	Level: Must,
	Needs: []Feature{Copy, Lock, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx, func(in *s3.CreateBucketInput) { in.ObjectLockEnabledForBucket = aws.Bool(true) })
		_, err := s.SDK().PutObject(ctx, &s3.PutObjectInput{Bucket: &b, Key: aws.String("src"), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
			ObjectLockLegalHoldStatus: types.ObjectLockLegalHoldStatusOn, ObjectLockMode: types.ObjectLockModeGovernance,
			ObjectLockRetainUntilDate: aws.Time(time.Now().Add(time.Hour))})
		s.Must(err, "put a locked object")
		_, err = dup(ctx, s, b, "dst", source(b, "src"))
		s.Expect(err).To(OK())
		head, err := s.Head(ctx, b, "dst")
		s.Expect(err).To(OK(), "head dst")
		s.Expect(head.ObjectLockMode).To(BeEmpty(), "x-amz-object-lock-mode of the copy")
		s.Expect(string(head.ObjectLockLegalHoldStatus)).To(BeElementOf("", "OFF"), "x-amz-object-lock-legal-hold of the copy")
	},
})

var _ = Add(Scenario{
	ID:    "copy.inherit.encryption",
	Rule:  "CP-10",
	Says:  "A copy MUST NOT have the source's SSE-C: without encryption headers it gets the default of the destination bucket.",
	Ref:   refHeader + "ServerSideEncryption",
	SDK:   sdk + "ServerSideEncryption",
	Level: Must,
	Needs: []Feature{Copy, SSEC, TLS},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		allowCustomerKeys(ctx, s, b)
		key := s.Bytes(32)
		put := Request{Method: "PUT", Bucket: b, Key: "src", Body: []byte("hello"), TLS: true, Header: customerKey("x-amz-server-side-encryption-customer-", key)}
		s.Settle(ctx, "put with a key of the customer's", func() error {
			if r := s.Send(ctx, put); r.Status != 200 {
				return fmt.Errorf("got %s", answer(r))
			}
			return nil
		})
		dup := Request{Method: "PUT", Bucket: b, Key: "dst", TLS: true,
			Header: append(customerKey("x-amz-copy-source-server-side-encryption-customer-", key), [2]string{"x-amz-copy-source", source(b, "src")})}
		r := s.Send(ctx, dup)
		s.Expect(r).To(OK(), "copy with the source's key")
		s.Expect(r).To(HaveHeader("x-amz-server-side-encryption-customer-algorithm", ""))
		s.ExpectBody(ctx, b, "dst", "hello")
	},
})

// customerKey are the three headers of a key of the customer's.
func customerKey(prefix string, key []byte) [][2]string {
	sum := md5.Sum(key)
	return [][2]string{{prefix + "algorithm", "AES256"}, {prefix + "key", base64.StdEncoding.EncodeToString(key)},
		{prefix + "key-MD5", base64.StdEncoding.EncodeToString(sum[:])}}
}

// allowCustomerKeys lifts the block that new buckets have on SSE-C. A server
// that does not know of the block has none.
func allowCustomerKeys(ctx context.Context, s *S, bucket string) {
	_, err := s.SDK().PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: &bucket,
		ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
			ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256},
			BlockedEncryptionTypes:             &types.BlockedEncryptionTypes{EncryptionType: []types.EncryptionType{types.EncryptionTypeNone}},
		}}}})
	if err != nil {
		s.Observe("lifting the block on SSE-C", err)
	}
}
