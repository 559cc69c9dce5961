package object

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "object.get.missing",
	Rule:  "O-03",
	Says:  "GetObject of a key that does not exist MUST fail with 404 NoSuchKey for the bucket's owner.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		_, err := s.Get(ctx, s.Bucket(ctx), "absent")
		s.Expect(err).To(FailWith(404, "NoSuchKey"))
	},
})

var _ = Add(Scenario{
	ID:    "object.get.missing-names-key",
	Rule:  "O-03",
	Says:  "The error document of a missing key SHOULD name it in its Key element.",
	Ref:   api + "API_Error.html#AmazonS3-Type-Error-Key",
	SDK:   "s3@v1.114.8 types.Error.Key",
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		r := s.Send(ctx, Request{Bucket: s.Bucket(ctx), Key: "ab/sent"})
		s.Expect(r).To(FailWith(404, "NoSuchKey"))
		s.Expect(string(r.Body)).To(ContainSubstring("<Key>ab/sent</Key>"))
	},
})

var _ = Add(Scenario{
	ID:    "object.head.missing",
	Rule:  "O-03",
	Says:  "HeadObject of a key that does not exist MUST fail with 404 for the bucket's owner.",
	Ref:   refHead,
	SDK:   "s3@v1.114.8 Client.HeadObject",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		_, err := s.Head(ctx, s.Bucket(ctx), "absent")
		s.Expect(err).To(FailWith(404))
	},
})

// publicRead lets everybody read the bucket's objects, and only that.
const publicRead = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::%s/*"}]}`

// openToAll sets publicRead and waits until an anonymous reader gets k.
func openToAll(ctx context.Context, s *S, bucket string) {
	s.MustPut(ctx, bucket, "k", "public")
	// A server without block public access has nothing to remove.
	_, _ = s.SDK().DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &bucket})
	policy := fmt.Sprintf(publicRead, bucket)
	_, err := s.SDK().PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &policy})
	s.Must(err, "put a policy that lets everybody read")
	s.Settle(ctx, "an anonymous GET succeeds", func() error {
		if r := s.Send(ctx, Request{Bucket: bucket, Key: "k", As: Anonymous}); r.Status != 200 {
			return fmt.Errorf("anonymous GET: %d %s %v", r.Status, r.Code, r.Err)
		}
		return nil
	})
}

var _ = Add(Scenario{
	ID:    "object.get.missing-without-list-permission",
	Rule:  "O-04",
	Says:  "GetObject of a missing key MUST fail with 403 AccessDenied when the caller may read objects but not list the bucket.",
	Ref:   refGet,
	SDK:   "s3@v1.114.8 Client.GetObject",
	Level: Must,
	Needs: []Feature{Objects, Policy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		openToAll(ctx, s, b)
		s.Expect(s.Send(ctx, Request{Bucket: b, Key: "absent", As: Anonymous})).To(FailWith(403, "AccessDenied"))
	},
})

var _ = Add(Scenario{
	ID:    "object.delete.existing",
	Rule:  "O-05",
	Says:  "DeleteObject MUST answer 204 and the object MUST be gone from reads and listings.",
	Ref:   refDelete + "#API_DeleteObject_ResponseSyntax",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: b, Key: "k"})).To(HaveStatus(204))
		_, err := s.Get(ctx, b, "k")
		s.Expect(err).To(FailWith(404, "NoSuchKey"), "GET after DELETE")
		_, err = s.Head(ctx, b, "k")
		s.Expect(err).To(FailWith(404), "HEAD after DELETE")
		if listed(ctx, s, b, "k") != nil {
			s.Silently("k is listed after DELETE answered 204")
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.delete.missing",
	Rule:  "O-05",
	Says:  "DeleteObject of a key that does not exist MUST answer 204 all the same.",
	Ref:   api + "SOAPDeleteObject.html",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for range 2 {
			s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: b, Key: "absent"})).To(HaveStatus(204))
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.delete.missing-bucket",
	Rule:  "O-05",
	Says:  "DeleteObject in a bucket that does not exist MUST fail with 404 NoSuchBucket.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		_, err := s.Delete(ctx, s.AbsentBucket(), "k")
		s.Expect(err).To(FailWith(404, "NoSuchBucket"))
	},
})

var _ = Add(Scenario{
	ID:    "object.put.overwrite-body",
	Rule:  "O-06",
	Says:  "After a PutObject succeeded, GET, HEAD and the listing MUST show the new body's bytes, size and ETag.",
	Ref:   refWelcome,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "the first body")
		s.MustPut(ctx, b, "k", "before")
		s.ExpectBody(ctx, b, "k", "before")
		put := s.MustPut(ctx, b, "k", "second") // as long as the one before it
		s.ExpectBody(ctx, b, "k", "second")
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK(), "HEAD")
		s.Expect(aws.ToInt64(head.ContentLength)).To(Equal(int64(6)), "Content-Length of HEAD")
		s.Expect(head.ETag).To(Equal(put.ETag), "ETag of HEAD")
		o := listed(ctx, s, b, "k")
		s.Expect(o).NotTo(BeNil(), "the listing holds k")
		s.Expect(o.ETag).To(Equal(put.ETag), "ETag in the listing")
		s.Expect(aws.ToInt64(o.Size)).To(Equal(int64(6)), "size in the listing")
	},
})

var _ = Add(Scenario{
	ID:    "object.put.seen-at-once",
	Rule:  "O-06",
	Says:  "A GET, a HEAD and a listing that start after a PUT or a DELETE was answered MUST show it, also where the same was asked just before.",
	Ref:   refWelcome,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for range 3 {
			expectSeen(ctx, s, b, "", "before the PUT")
			s.MustPut(ctx, b, "k", "one")
			expectSeen(ctx, s, b, "one", "after the PUT")
			s.MustPut(ctx, b, "k", "another")
			expectSeen(ctx, s, b, "another", "after the overwrite")
			_, err := s.Delete(ctx, b, "k")
			s.Must(err, "delete k")
		}
		expectSeen(ctx, s, b, "", "after the DELETE")
	},
})

var _ = Add(Scenario{
	ID:    "object.put.seen-at-once.others",
	Rule:  "O-06",
	Says:  "A GET, a HEAD and a listing that start after CopyObject, CompleteMultipartUpload or DeleteObjects was answered MUST show it, also where the same was asked just before.",
	Ref:   refWelcome,
	Level: Must,
	Needs: []Feature{Objects, Copy, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "source", "of the source")
		for range 2 {
			expectSeen(ctx, s, b, "", "before the copy")
			_, err := s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: aws.String("k"), CopySource: aws.String(b + "/source")})
			s.Must(err, "copy the source to k")
			expectSeen(ctx, s, b, "of the source", "after the copy")
			onePart(ctx, s, b, "k", "of a part")
			expectSeen(ctx, s, b, "of a part", "after the completion")
			_, err = s.SDK().DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("k")}}}})
			s.Must(err, "delete k")
			expectSeen(ctx, s, b, "", "after DeleteObjects")
			onePart(ctx, s, b, "k", "new")
			expectSeen(ctx, s, b, "new", "after a completion where nothing was")
			_, err = s.Delete(ctx, b, "k")
			s.Must(err, "delete k")
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.put.overwrite-empty",
	Rule:  "O-02",
	Says:  "A zero-byte object MUST take the place of another as any object does, by PutObject and by CopyObject.",
	Ref:   refPut,
	Level: Must,
	Needs: []Feature{Objects, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		empty := func(how string) {
			got, err := s.Get(ctx, b, "k")
			s.Expect(err).To(OK(), "GET, %s", how)
			s.Expect(string(got.Bytes)).To(BeEmpty(), "GET, %s", how)
			s.Expect(got).To(HaveHeader("ETag", `"`+hexMD5("")+`"`), "GET, %s", how)
			s.Expect(aws.ToInt64(listed(ctx, s, b, "k").Size)).To(BeZero(), "size in the listing, %s", how)
		}
		s.MustPut(ctx, b, "k", "full")
		s.MustPut(ctx, b, "k", "")
		empty("put")
		s.MustPut(ctx, b, "source", "")
		s.MustPut(ctx, b, "k", "full")
		_, err := s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: aws.String("k"), CopySource: aws.String(b + "/source")})
		s.Expect(err).To(OK(), "CopyObject")
		empty("copied")
	},
})

// expectSeen demands that GET, HEAD and a listing agree on k: its body, or,
// where that is "", that it does not exist.
func expectSeen(ctx context.Context, s *S, bucket, body, when string) {
	got, err := s.Get(ctx, bucket, "k")
	_, herr := s.Head(ctx, bucket, "k")
	o := listed(ctx, s, bucket, "k")
	if body == "" {
		s.Expect(err).To(FailWith(404, "NoSuchKey"), "GET %s", when)
		s.Expect(herr).To(FailWith(404), "HEAD %s", when)
		s.Expect(o).To(BeNil(), "the listing %s", when)
		return
	}
	s.Expect(err).To(OK(), "GET %s", when)
	s.Expect(string(got.Bytes)).To(Equal(body), "GET %s", when)
	s.Expect(herr).To(OK(), "HEAD %s", when)
	s.Expect(o).NotTo(BeNil(), "the listing %s", when)
	s.Expect(aws.ToInt64(o.Size)).To(Equal(int64(len(body))), "size in the listing %s", when)
}

var _ = Add(Scenario{
	ID:    "object.put.overwrite-headers",
	Rule:  "O-06",
	Says:  "PutObject over an existing key MUST replace its content headers and user metadata, never merge them, also where it brings none.",
	Ref:   refPut,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b, old := s.Bucket(ctx), []Opt{Meta("a", "1"), Meta("b", "2")}
		for _, h := range contentHeaders {
			old = append(old, Header(h[0], h[1]))
		}
		s.MustPut(ctx, b, "k", "old", old...)
		s.MustPut(ctx, b, "k", "new", Meta("b", "3"), Header("Content-Type", "text/csv"))
		got, err := s.Get(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(got.Metadata).To(Equal(map[string]string{"b": "3"}), "user metadata")
		s.Expect(got).To(HaveHeader("Content-Type", "text/csv"))
		for _, h := range contentHeaders { // a server may have a default of its own
			s.Expect(got).To(HaveHeader(h[0], Not(Equal(h[1]))), "the header of the object replaced")
		}
		bare := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("newest")})
		s.Expect(bare).To(HaveStatus(200), "PutObject with no header that is stored")
		head := s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k"})
		s.Expect(head).To(HaveStatus(200))
		s.Expect(head).To(HaveHeader("X-Amz-Meta-B", ""), "the metadata of the object replaced")
		s.Expect(head).To(HaveHeader("Content-Type", Not(Equal("text/csv"))), "the type of the object replaced")
	},
})

var _ = Add(Scenario{
	ID:    "object.put.overwrite-tags",
	Rule:  "O-06",
	Says:  "PutObject over an existing key MUST drop the tags of the object it replaces.",
	Ref:   refPut + "#API_PutObject_RequestSyntax",
	SDK:   "s3@v1.114.8 PutObjectInput.Tagging",
	Level: Must,
	Needs: []Feature{Objects, Tagging},
	Check: func(ctx context.Context, s *S) {
		b, k := s.Bucket(ctx), "k"
		s.MustPut(ctx, b, k, "old", Header("x-amz-tagging", "colour=red"))
		s.MustPut(ctx, b, k, "new")
		out, err := s.SDK().GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &b, Key: &k})
		s.Expect(err).To(OK())
		s.Expect(out.TagSet).To(BeEmpty())
	},
})

var _ = Add(Scenario{
	ID:    "object.put.overwrite-rest",
	Rule:  "O-06",
	Says:  "PutObject over an existing key MUST NOT keep the storage class or the website redirect of the object it replaces.",
	Ref:   refPut + "#API_PutObject_RequestSyntax",
	SDK:   "s3@v1.114.8 PutObjectInput.StorageClass",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old", Header("x-amz-storage-class", "REDUCED_REDUNDANCY"), Header("x-amz-website-redirect-location", "/other"))
		s.MustPut(ctx, b, "k", "new")
		r := s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k"})
		s.Expect(r).To(HaveStatus(200))
		s.Expect(r).To(HaveHeader("X-Amz-Storage-Class", BeElementOf("", "STANDARD")))
		s.Expect(r).To(HaveHeader("X-Amz-Website-Redirect-Location", ""))
	},
})

var _ = Add(Scenario{
	ID:    "object.delete.large",
	Rule:  "O-05",
	Says:  "DeleteObject MUST remove an object whatever its size.",
	Ref:   refDelete,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, size := range []int{0, 20_000, 200_000, 5<<20 + 1} {
			s.MustPut(ctx, b, "k", string(s.Bytes(size)))
			s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: b, Key: "k"})).To(HaveStatus(204), "%d bytes", size)
			_, err := s.Get(ctx, b, "k")
			s.Expect(err).To(FailWith(404, "NoSuchKey"), "GET after DELETE of %d bytes", size)
			if listed(ctx, s, b, "k") != nil {
				s.Silently("an object of %d bytes is listed after DELETE answered 204", size)
			}
		}
	},
})

// listed returns key's entry in a listing of the bucket, nil when there is
// none. A listing that fails blocks the scenario.
func listed(ctx context.Context, s *S, bucket, key string) *types.Object {
	out, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
	s.Must(err, "list the bucket")
	for _, o := range out.Contents {
		if aws.ToString(o.Key) == key {
			return &o
		}
	}
	return nil
}

// keysOf returns the listed keys, joined for a message.
func keysOf(objects []types.Object) string {
	var keys []string
	for _, o := range objects {
		keys = append(keys, fmt.Sprintf("%q", aws.ToString(o.Key)))
	}
	return strings.Join(keys, " ")
}
