package form

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"hash/crc32"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

// What the fields of a form say of the object.

var _ = Add(Scenario{
	ID:    "form.field.headers",
	Rule:  "PO-14",
	Says:  "Fields that stand for headers of content, and x-amz-meta-*, MUST be stored with the object, whatever the case of their names.",
	Ref:   guideFields,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		want := [][2]string{{"Content-Type", "image/jpeg"}, {"Cache-Control", "max-age=60"}, {"Content-Disposition", `attachment; filename="a.jpg"`},
			{"Content-Encoding", "identity"}, {"Expires", "Thu, 01 Dec 2044 16:00:00 GMT"}, {"x-amz-meta-uuid", "14365123651274"}, {"x-amz-meta-tag", ""}}
		of("k", "hello", want...).expectStored(ctx, s, b, "k")
		upper := make([][2]string, len(want))
		for i, f := range want {
			upper[i] = [2]string{strings.ToUpper(f[0]), f[1]}
		}
		of("upper", "hello", upper...).expectStored(ctx, s, b, "upper")
		for _, key := range []string{"k", "upper"} {
			h := head(ctx, s, b, key)
			for _, f := range want {
				s.Expect(h).To(HaveHeader(f[0], f[1]), key)
			}
		}
	},
})

var _ = Add(Scenario{
	ID:    "form.field.type-of-form",
	Rule:  "PO-14",
	Says:  "The Content-Type of the request MUST NOT be stored as the object's.",
	Ref:   apiPost,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		of("k", "hello").expectStored(ctx, s, b, "k")
		kind := head(ctx, s, b, "k").Get("Content-Type")
		s.Observe("Content-Type without such a field; the file's was text/html", kind)
		s.Expect(kind).NotTo(HavePrefix("multipart/"), "Content-Type")
	},
})

var _ = Add(Scenario{
	ID:    "form.field.request-headers",
	Rule:  "PO-14",
	Says:  "Headers of the request MUST NOT stand in for fields, since no policy covers them.",
	Ref:   apiPost,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := of("k", "hello", [2]string{"x-amz-meta-a", "field"})
		d.header = [][2]string{{"x-amz-meta-a", "header"}, {"x-amz-meta-b", "header"}, {"x-amz-storage-class", "STANDARD_IA"}}
		d.expectStored(ctx, s, b, "k")
		h := head(ctx, s, b, "k")
		s.Expect(h).To(HaveHeader("x-amz-meta-a", "field"))
		s.Expect(h).To(HaveHeader("x-amz-meta-b", ""))
		s.Expect(h).To(HaveHeader("x-amz-storage-class", ""))
	},
})

const twoTags = "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value>2 3</Value></Tag></TagSet></Tagging>"

var _ = Add(Scenario{
	ID:    "form.field.tagging",
	Rule:  "PO-14",
	Says:  "The field tagging MUST give the object the tags of its XML.",
	Ref:   apiPost,
	Level: Must,
	Needs: []Feature{Form, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		of("k", "hello", [2]string{"tagging", twoTags}).expectStored(ctx, s, b, "k")
		out, err := s.SDK().GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &b, Key: aws.String("k")})
		s.Expect(err).To(OK(), "read the tags")
		got := map[string]string{}
		for _, t := range out.TagSet {
			got[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
		s.Expect(got).To(Equal(map[string]string{"a": "1", "b": "2 3"}), "tags")
	},
})

var _ = Add(Scenario{
	ID:    "form.field.tagging-malformed",
	Rule:  "PO-14",
	Says:  "A field tagging that is no XML MUST be refused with 400, and nothing be stored.",
	Ref:   apiErrors,
	Level: Must,
	Needs: []Feature{Form, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := of("k", "hello", [2]string{"tagging", "<Tagging><TagSet><Tag><Key>a</Key>"}).send(ctx, s, b)
		s.Expect(r).To(FailWith(400, "MalformedXML", "InvalidArgument", "InvalidTag"))
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "form.field.acl",
	Rule:  "PO-14",
	Says:  "The field acl MUST give the object that canned ACL, and one that does not exist be refused with 400.",
	Ref:   guideFields,
	Level: Must,
	Needs: publicNeeds,
	Check: func(ctx context.Context, s *S) {
		b := public(ctx, s)
		of("k", "hello", [2]string{"acl", "public-read"}).expectStored(ctx, s, b, "k")
		s.Expect(s.Send(ctx, Request{Bucket: b, Key: "k", As: Anonymous})).To(HaveStatus(200), "a GET by nobody")
		of("private", "hello").expectStored(ctx, s, b, "private")
		s.Expect(s.Send(ctx, Request{Bucket: b, Key: "private", As: Anonymous})).To(denied, "a GET by nobody, without an ACL")
		s.Expect(of("bad", "hello", [2]string{"acl", "public-everything"}).send(ctx, s, b)).To(FailWith(400, "InvalidArgument"))
		s.ExpectAbsent(ctx, b, "bad")
	},
})

var _ = Add(Scenario{
	ID:    "form.field.digest",
	Rule:  "PO-14",
	Says:  "A Content-MD5 that is not the file's MUST be refused with 400 BadDigest, and nothing be stored.",
	Ref:   apiPost,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		sum := md5.Sum([]byte("hello"))
		right := [2]string{"Content-MD5", base64.StdEncoding.EncodeToString(sum[:])}
		of("good", "hello", right).expectStored(ctx, s, b, "good")
		s.Expect(of("bad", "jello", right).send(ctx, s, b)).To(FailWith(400, "BadDigest"))
		s.ExpectAbsent(ctx, b, "bad")
	},
})

var _ = Add(Scenario{
	ID:    "form.field.checksum",
	Rule:  "PO-14",
	Says:  "A checksum field MUST be verified and kept, and one that is not the file's be refused with 400.",
	Ref:   apiPost,
	Level: Must,
	Needs: []Feature{Form, Checksum},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		sum := crc32.ChecksumIEEE([]byte("hello"))
		value := base64.StdEncoding.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
		fields := [][2]string{{"x-amz-checksum-algorithm", "CRC32"}, {"x-amz-checksum-crc32", value}}
		of("good", "hello", fields...).expectStored(ctx, s, b, "good")
		r := s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "good", Header: [][2]string{{"x-amz-checksum-mode", "ENABLED"}}})
		s.Expect(r).To(HaveHeader("x-amz-checksum-crc32", value))
		s.Expect(of("bad", "jello", fields...).send(ctx, s, b)).To(FailWith(400, "BadDigest", "InvalidRequest"))
		s.ExpectAbsent(ctx, b, "bad")
	},
})

var _ = Add(Scenario{
	ID:    "form.field.new-checksum",
	Rule:  "K-14",
	Says:  "A checksum field of MD5, SHA512 or the xxHash family MUST be verified and kept, and one that is not the file's be refused with 400.",
	Ref:   apiPost,
	Level: Must,
	Needs: []Feature{Form, Checksum, NewChecksum},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, a := range digest.Newer() {
			value := a.Of([]byte("hello"))
			fields := [][2]string{{"x-amz-checksum-algorithm", a.Name}, {a.Header(), value}}
			s.Expect(of("k-"+a.ID(), "jello", fields...).send(ctx, s, b)).To(FailWith(400, "BadDigest", "InvalidRequest"), a.Name)
			s.ExpectAbsent(ctx, b, "k-"+a.ID())
			of("k-"+a.ID(), "hello", fields...).expectStored(ctx, s, b, "k-"+a.ID())
			r := s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k-" + a.ID(), Header: [][2]string{{"x-amz-checksum-mode", "ENABLED"}}})
			s.Expect(r).To(HaveHeader(a.Header(), value))
		}
	},
})

var _ = Add(Scenario{
	ID:    "form.field.class-and-redirect",
	Rule:  "PO-14",
	Says:  "The fields x-amz-storage-class and x-amz-website-redirect-location MUST be stored with the object, and a class that does not exist be refused with 400.",
	Ref:   apiPost,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		of("k", "hello", [2]string{"x-amz-storage-class", "REDUCED_REDUNDANCY"}, [2]string{"x-amz-website-redirect-location", "/other"}).expectStored(ctx, s, b, "k")
		h := head(ctx, s, b, "k")
		s.Expect(h).To(HaveHeader("x-amz-storage-class", "REDUCED_REDUNDANCY"))
		s.Expect(h).To(HaveHeader("x-amz-website-redirect-location", "/other"))
		s.Expect(of("bad", "hello", [2]string{"x-amz-storage-class", "PAPER"}).send(ctx, s, b)).To(FailWith(400, "InvalidStorageClass"))
		s.ExpectAbsent(ctx, b, "bad")
	},
})

var _ = Add(Scenario{
	ID:    "form.field.large-metadata",
	Rule:  "PO-14",
	Says:  "User metadata of more than 2 KB MUST be refused with 400 MetadataTooLarge, and nothing be stored.",
	Ref:   guide + "UsingMetadata.html#UserMetadata",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.Expect(of("k", "hello", [2]string{"x-amz-meta-a", strings.Repeat("x", 2100)}).send(ctx, s, b)).To(FailWith(400, "MetadataTooLarge"))
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "form.field.encryption",
	Rule:  "PO-14",
	Says:  "The field x-amz-server-side-encryption AES256 MUST have the object encrypted, as its answers say.",
	Ref:   apiPost,
	Level: Must,
	Needs: []Feature{Form, Encryption},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := of("k", "hello", [2]string{"x-amz-server-side-encryption", "AES256"}).expectStored(ctx, s, b, "k")
		s.Expect(r).To(HaveHeader("x-amz-server-side-encryption", "AES256"))
		s.Expect(head(ctx, s, b, "k")).To(HaveHeader("x-amz-server-side-encryption", "AES256"))
		r = of("bad", "hello", [2]string{"x-amz-server-side-encryption", "ROT13"}).send(ctx, s, b)
		s.Expect(r).To(FailWith(400))
		s.ExpectAbsent(ctx, b, "bad")
	},
})

var _ = Add(Scenario{
	ID:    "form.field.encryption.default",
	Rule:  "E-13",
	Says:  "What a form stores without a word on encryption MUST be encrypted as its bucket is set, here by aws:kms.",
	Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html",
	Level: Must,
	Needs: []Feature{Form, Encryption, KMSHook},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.SDK().PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: &b, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
			Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "aws:kms"}}}}})
		s.Must(err, "set the default encryption to aws:kms")
		s.Settle(ctx, "what is put is encrypted by aws:kms", func() error {
			s.MustPut(ctx, b, "put", "hello")
			if is := head(ctx, s, b, "put").Get("X-Amz-Server-Side-Encryption"); is != "aws:kms" {
				return errors.New("it is by " + is)
			}
			return nil
		})
		of("k", "hello").expectStored(ctx, s, b, "k")
		s.Expect(head(ctx, s, b, "k").Get("X-Amz-Server-Side-Encryption")).To(Equal("aws:kms"))
	},
})

// locked returns a bucket with object lock.
func locked(ctx context.Context, s *S) string {
	return s.Bucket(ctx, func(in *s3.CreateBucketInput) { in.ObjectLockEnabledForBucket = aws.Bool(true) })
}

// digested is of with the digest that a lock demands.
func digested(key, content string, fields ...[2]string) draft {
	sum := md5.Sum([]byte(content))
	return of(key, content, append(fields, [2]string{"Content-MD5", base64.StdEncoding.EncodeToString(sum[:])})...)
}

var _ = Add(Scenario{
	ID:    "form.lock.legal-hold",
	Rule:  "PO-19",
	Says:  "The field x-amz-object-lock-legal-hold MUST put the version under a legal hold.",
	Ref:   apiPost,
	Level: Must,
	Needs: []Feature{Form, Lock},
	Check: func(ctx context.Context, s *S) {
		b := locked(ctx, s)
		r := digested("k", "hello", [2]string{"x-amz-object-lock-legal-hold", "ON"}).expectStored(ctx, s, b, "k")
		id := aws.String(r.Header.Get("X-Amz-Version-Id"))
		defer func() { // nothing stays locked
			_, err := s.SDK().PutObjectLegalHold(ctx, &s3.PutObjectLegalHoldInput{Bucket: &b, Key: aws.String("k"), VersionId: id,
				LegalHold: &types.ObjectLockLegalHold{Status: types.ObjectLockLegalHoldStatusOff}})
			if err != nil {
				s.Observe("lift the hold", err)
			}
		}()
		out, err := s.SDK().GetObjectLegalHold(ctx, &s3.GetObjectLegalHoldInput{Bucket: &b, Key: aws.String("k"), VersionId: id})
		s.Expect(err).To(OK(), "read the hold")
		s.Expect(out.LegalHold.Status).To(Equal(types.ObjectLockLegalHoldStatusOn))
		_, err = s.SDK().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b, Key: aws.String("k"), VersionId: id})
		s.Expect(err).To(FailWith(403, "AccessDenied"), "delete the version")
	},
})

var _ = Add(Scenario{
	ID:    "form.lock.retention",
	Rule:  "PO-19",
	Says:  "The fields x-amz-object-lock-mode and x-amz-object-lock-retain-until-date MUST lock the version until then.",
	Ref:   apiPost,
	Level: Must,
	Needs: []Feature{Form, Lock},
	Check: func(ctx context.Context, s *S) {
		b := locked(ctx, s)
		until := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
		r := digested("k", "hello", [2]string{"x-amz-object-lock-mode", "GOVERNANCE"}, [2]string{"x-amz-object-lock-retain-until-date", until.Format(time.RFC3339)}).
			expectStored(ctx, s, b, "k")
		id := aws.String(r.Header.Get("X-Amz-Version-Id"))
		defer unlock(ctx, s, b, id)
		out, err := s.SDK().GetObjectRetention(ctx, &s3.GetObjectRetentionInput{Bucket: &b, Key: aws.String("k"), VersionId: id})
		s.Expect(err).To(OK(), "read the retention")
		s.Expect(out.Retention.Mode).To(Equal(types.ObjectLockRetentionModeGovernance))
		s.Expect(aws.ToTime(out.Retention.RetainUntilDate)).To(BeTemporally("==", until))
		_, err = s.SDK().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b, Key: aws.String("k"), VersionId: id})
		s.Expect(err).To(FailWith(403, "AccessDenied"), "delete the version")
	},
})

var _ = Add(Scenario{
	ID:    "form.lock.default",
	Rule:  "PO-19",
	Says:  "An upload into a bucket with a default retention MUST be locked by that.",
	Ref:   guide + "object-lock-managing.html",
	Level: Must,
	Needs: []Feature{Form, Lock},
	Check: func(ctx context.Context, s *S) {
		b := locked(ctx, s)
		_, err := s.SDK().PutObjectLockConfiguration(ctx, &s3.PutObjectLockConfigurationInput{Bucket: &b, ObjectLockConfiguration: &types.ObjectLockConfiguration{
			ObjectLockEnabled: types.ObjectLockEnabledEnabled,
			Rule:              &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{Mode: types.ObjectLockRetentionModeGovernance, Days: aws.Int32(1)}}}})
		s.Must(err, "set a default retention")
		s.Settle(ctx, "the default retention reads back", func() error {
			out, err := s.SDK().GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &b})
			if err == nil && out.ObjectLockConfiguration.Rule == nil {
				err = errors.New("no rule")
			}
			return err
		})
		r := digested("k", "hello").expectStored(ctx, s, b, "k")
		id := aws.String(r.Header.Get("X-Amz-Version-Id"))
		defer unlock(ctx, s, b, id)
		s.Expect(head(ctx, s, b, "k")).To(HaveHeader("x-amz-object-lock-mode", "GOVERNANCE"))
	},
})

// unlock removes the version of k that is under governance: nothing stays locked.
func unlock(ctx context.Context, s *S, bucket string, id *string) {
	_, err := s.SDK().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("k"), VersionId: id, BypassGovernanceRetention: aws.Bool(true)})
	if err != nil {
		s.Observe("remove what was locked", err)
	}
}

var _ = Add(Scenario{
	ID:    "form.lock.no-lock",
	Rule:  "PO-19",
	Says:  "Fields of object lock in a bucket without it MUST be refused with 400, and nothing be stored.",
	Ref:   api + "API_PutObject.html",
	Level: Must,
	Needs: []Feature{Form, Lock},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.Expect(digested("k", "hello", [2]string{"x-amz-object-lock-legal-hold", "ON"}).send(ctx, s, b)).To(FailWith(400, "InvalidRequest"))
		s.ExpectAbsent(ctx, b, "k")
	},
})
