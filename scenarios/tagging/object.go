package tagging

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// The three operations on an object's tags.

var _ = Add(Scenario{
	ID:    "tagging.object.put",
	Rule:  "T-01",
	Says:  "PutObjectTagging MUST answer 200, and GetObjectTagging MUST then answer 200 and return the set.",
	Ref:   apiPut,
	SDK:   sdk + "Client.PutObjectTagging",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		s.Expect(s.Send(ctx, put(b, "k", tag{"color", "red"}, tag{"Size", "10 cm"}))).To(HaveStatus(200))
		expectTags(ctx, s, b, "k", tag{"color", "red"}, tag{"Size", "10 cm"})
		s.ExpectBody(ctx, b, "k", "v")
	},
})

var _ = Add(Scenario{
	ID:    "tagging.object.order",
	Rule:  "T-01",
	Says:  "GetObjectTagging SHOULD return tags in the order in which they were put.",
	Ref:   apiGet, // which has a set, and of its order nothing
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		set := []tag{{"b", "2"}, {"c", "3"}, {"a", "1"}}
		s.Expect(s.Send(ctx, put(b, "k", set...))).To(OK())
		s.Expect(read(ctx, s, b, "k")).To(Equal(set))
	},
})

var _ = Add(Scenario{
	ID:    "tagging.object.none",
	Rule:  "T-01",
	Says:  "GetObjectTagging of an object without tags MUST answer 200 with an empty set.",
	Ref:   apiGet + "#API_GetObjectTagging_ResponseSyntax",
	SDK:   sdk + "GetObjectTaggingOutput.TagSet",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		s.Expect(s.Send(ctx, Request{Bucket: b, Key: "k", Query: "tagging="})).To(HaveStatus(200))
		expectTags(ctx, s, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "tagging.object.empty-set",
	Rule:  "T-01",
	Says:  "PutObjectTagging with an empty set MUST remove the tags that the object has.",
	Ref:   guideTags + "#tagging-apis",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := tagged(ctx, s, tag{"a", "1"})
		s.Expect(s.Send(ctx, put(b, "k"))).To(HaveStatus(200))
		expectTags(ctx, s, b, "k")
		s.Expect(s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k"})).To(HaveHeader("X-Amz-Tagging-Count", BeElementOf("", "0")))
	},
})

var _ = Add(Scenario{
	ID:    "tagging.object.delete",
	Rule:  "T-01",
	Says:  "DeleteObjectTagging MUST answer 204 and remove the whole set, and answer 204 again when there is none.",
	Ref:   apiDelete + "#API_DeleteObjectTagging_ResponseSyntax",
	SDK:   sdk + "Client.DeleteObjectTagging",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := tagged(ctx, s, tag{"a", "1"}, tag{"b", "2"})
		for range 2 {
			s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: b, Key: "k", Query: "tagging="})).To(HaveStatus(204))
			expectTags(ctx, s, b, "k")
		}
		s.ExpectBody(ctx, b, "k", "v")
	},
})

var _ = Add(Scenario{
	ID:    "tagging.object.case",
	Rule:  "T-01",
	Says:  "The keys and values of tags MUST keep their case, and keys that differ in nothing else MUST be two tags.",
	Ref:   guideTags,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		s.Expect(s.Send(ctx, put(b, "k", tag{"Key", "One"}, tag{"key", "ONE"}))).To(OK())
		expectTags(ctx, s, b, "k", tag{"Key", "One"}, tag{"key", "ONE"})
	},
})

var _ = Add(Scenario{
	ID:    "tagging.object.overwrite",
	Rule:  "T-10",
	Says:  "An object that is written again without tags MUST have none: tags belong to the object that was there.",
	Ref:   api + "API_PutObject.html",
	SDK:   sdk + "PutObjectInput.Tagging",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := tagged(ctx, s, tag{"a", "1"})
		_, err := s.Put(ctx, b, "k", "again")
		s.Expect(err).To(OK())
		expectTags(ctx, s, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "tagging.object.attributes",
	Rule:  "T-10",
	Says:  "PutObjectTagging and DeleteObjectTagging MUST leave an object's ETag, metadata and headers as they are: they set its tags and nothing else.",
	Ref:   apiPut,
	SDK:   sdk + "Client.PutObjectTagging",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		put1 := s.MustPut(ctx, b, "k", "v", Meta("color", "red"), Header("Content-Type", "text/x-tagged"), Header("Cache-Control", "no-cache"))
		for _, r := range []Request{put(b, "k", tag{"a", "1"}), {Method: "DELETE", Bucket: b, Key: "k", Query: "tagging="}} {
			s.Expect(s.Send(ctx, r)).To(OK(), r.Method)
			head, err := s.Head(ctx, b, "k")
			s.Expect(err).To(OK(), "HEAD")
			s.Expect(aws.ToString(head.ETag)).To(Equal(aws.ToString(put1.ETag)), "ETag after %s", r.Method)
			s.Expect(head.Metadata).To(Equal(map[string]string{"color": "red"}), "metadata after %s", r.Method)
			s.Expect(aws.ToString(head.ContentType)).To(Equal("text/x-tagged"), "Content-Type after %s", r.Method)
			s.Expect(aws.ToString(head.CacheControl)).To(Equal("no-cache"), "Cache-Control after %s", r.Method)
		}
	},
})

var _ = Add(Scenario{
	ID:    "tagging.missing.key",
	Rule:  "T-09",
	Says:  "GetObjectTagging and PutObjectTagging of a key that does not exist MUST fail with 404 NoSuchKey.",
	Ref:   apiErrors,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.Expect(s.Send(ctx, Request{Bucket: b, Key: "k", Query: "tagging="})).To(FailWith(404, "NoSuchKey"), "GetObjectTagging")
		s.Expect(s.Send(ctx, put(b, "k", tag{"a", "1"}))).To(FailWith(404, "NoSuchKey"), "PutObjectTagging")
		s.ExpectAbsent(ctx, b, "k")
		s.Observe("DeleteObjectTagging", Outcome(s.Send(ctx, Request{Method: "DELETE", Bucket: b, Key: "k", Query: "tagging="})))
	},
})

var _ = Add(Scenario{
	ID:    "tagging.missing.version",
	Rule:  "T-09",
	Says:  "GetObjectTagging and PutObjectTagging of a version that is gone MUST fail with 404 NoSuchVersion and leave the tags of the others.",
	Ref:   apiErrors,
	Level: Must,
	Needs: []Feature{Versioning, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		gone := aws.ToString(s.MustPut(ctx, b, "k", "v").VersionId)
		s.MustPut(ctx, b, "k", "w", Header("x-amz-tagging", "a=1"))
		_, err := s.Delete(ctx, b, "k", Version(gone))
		s.Must(err, "delete a version")
		query := "tagging=&versionId=" + encode(gone)
		s.Expect(s.Send(ctx, Request{Bucket: b, Key: "k", Query: query})).To(FailWith(404, "NoSuchVersion"), "GetObjectTagging")
		r := put(b, "k", tag{"b", "2"})
		r.Query = query
		s.Expect(s.Send(ctx, r)).To(FailWith(404, "NoSuchVersion"), "PutObjectTagging")
		expectTags(ctx, s, b, "k", tag{"a", "1"})
	},
})

var _ = Add(Scenario{
	ID:    "tagging.version.delete",
	Rule:  "T-09",
	Says:  "DeleteObjectTagging with versionId MUST remove the tags of that version, name it in x-amz-version-id, and leave those of the current one.",
	Ref:   apiDelete,
	SDK:   sdk + "DeleteObjectTaggingOutput.VersionId",
	Level: Must,
	Needs: []Feature{Versioning, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		one := aws.ToString(s.MustPut(ctx, b, "k", "v", Header("x-amz-tagging", "a=1")).VersionId)
		s.MustPut(ctx, b, "k", "w", Header("x-amz-tagging", "b=2"))
		out, err := s.SDK().DeleteObjectTagging(ctx, &s3.DeleteObjectTaggingInput{Bucket: &b, Key: aws.String("k"), VersionId: &one})
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(out.VersionId)).To(Equal(one), "x-amz-version-id")
		s.Expect(read(ctx, s, b, "k", Version(one))).To(BeEmpty(), "tags of the older version")
		expectTags(ctx, s, b, "k", tag{"b", "2"})
	},
})

var _ = Add(Scenario{
	ID:    "tagging.version.current",
	Rule:  "T-09",
	Says:  "Without versionId the operations on tags MUST be about the current version and name it in x-amz-version-id.",
	Ref:   apiGet,
	SDK:   sdk + "Client.GetObjectTagging",
	Level: Must,
	Needs: []Feature{Versioning, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		one := aws.ToString(s.MustPut(ctx, b, "k", "v", Header("x-amz-tagging", "a=1")).VersionId)
		two := aws.ToString(s.MustPut(ctx, b, "k", "w").VersionId)
		r := s.Send(ctx, put(b, "k", tag{"b", "2"}))
		s.Expect(r).To(OK(), "PutObjectTagging")
		s.Expect(r).To(HaveHeader("X-Amz-Version-Id", two), "PutObjectTagging")
		r = s.Send(ctx, Request{Bucket: b, Key: "k", Query: "tagging="})
		s.Expect(r).To(HaveHeader("X-Amz-Version-Id", two), "GetObjectTagging")
		expectTags(ctx, s, b, "k", tag{"b", "2"})
		s.Expect(read(ctx, s, b, "k", Version(one))).To(ConsistOf(tag{"a", "1"}), "tags of the older version")
	},
})
