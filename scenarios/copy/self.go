package copy

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "copy.self.unchanged",
	Rule:  "CP-03",
	Says:  "A copy of an object to itself that changes nothing SHOULD be refused with 400 InvalidRequest.",
	Ref:   "https://github.com/peak/s5cmd/issues/711",
	Level: Should,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello", dressed...)
		before := wears(ctx, s, b, "k")
		for name, opts := range map[string][]Opt{"no directive": nil, "COPY": {metadata("COPY")}, "COPY with metadata": {metadata("COPY"), Meta("color", "green")}} {
			_, err := dup(ctx, s, b, "k", source(b, "k"), opts...)
			s.Expect(err).To(FailWith(400, "InvalidRequest"), "%s", name)
			s.ExpectUnchanged(ctx, b, "k", "hello")
			s.Expect(wears(ctx, s, b, "k")).To(Equal(before), "I0: metadata after %s was refused", name)
		}
	},
})

var _ = Add(Scenario{
	ID:    "copy.self.metadata",
	Rule:  "CP-03",
	Says:  "A copy of an object to itself with x-amz-metadata-directive: REPLACE MUST change its metadata and keep its data.",
	Ref:   refGuide,
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		put := s.MustPut(ctx, b, "k", "hello", dressed...)
		out, err := dup(ctx, s, b, "k", source(b, "k"), metadata("REPLACE"), Meta("color", "green"), Header("Content-Type", "text/x-two"))
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(said(out).ETag)).To(Equal(aws.ToString(put.ETag)), "ETag")
		s.Expect(wears(ctx, s, b, "k")).To(Equal(map[string]string{"x-amz-meta-color": "green", "Content-Type": "text/x-two"}))
		s.ExpectBody(ctx, b, "k", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "copy.self.content-type",
	Rule:  "CP-03",
	Says:  "A copy of an object to itself with x-amz-metadata-directive: REPLACE and a Content-Type alone MUST succeed and change it.",
	Ref:   refGuide,
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello", Header("Content-Type", "text/x-one"))
		_, err := dup(ctx, s, b, "k", source(b, "k"), metadata("REPLACE"), Header("Content-Type", "text/x-two"))
		s.Expect(err).To(OK())
		s.Expect(wears(ctx, s, b, "k")).To(Equal(map[string]string{"Content-Type": "text/x-two"}))
		s.ExpectBody(ctx, b, "k", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "copy.self.metadata.same",
	Rule:  "CP-03",
	Says:  "A copy of an object to itself with x-amz-metadata-directive: REPLACE MUST succeed also where the metadata are those it has.",
	Ref:   refGuide,
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello", dressed...)
		before := wears(ctx, s, b, "k")
		_, err := dup(ctx, s, b, "k", source(b, "k"), append([]Opt{metadata("REPLACE")}, dressed...)...)
		s.Expect(err).To(OK())
		s.Expect(wears(ctx, s, b, "k")).To(Equal(before))
		s.ExpectBody(ctx, b, "k", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "copy.self.storage-class",
	Rule:  "CP-03",
	Says:  "A copy of an object to itself with another x-amz-storage-class MUST change its storage class and keep the rest.",
	Ref:   refHeader + "StorageClass",
	SDK:   sdk + "StorageClass",
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello", dressed...)
		before := wears(ctx, s, b, "k")
		_, err := dup(ctx, s, b, "k", source(b, "k"), Header("x-amz-storage-class", "REDUCED_REDUNDANCY"))
		s.Expect(err).To(OK())
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK(), "head k")
		s.Expect(head.StorageClass).To(BeEquivalentTo("REDUCED_REDUNDANCY"))
		s.Expect(wears(ctx, s, b, "k")).To(Equal(before))
		s.ExpectBody(ctx, b, "k", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "copy.self.encryption",
	Rule:  "CP-03",
	Says:  "A copy of an object to itself that names an encryption SHOULD succeed.",
	Ref:   "https://github.com/localstack/localstack/issues/10412",
	Level: Should,
	Needs: []Feature{Copy, Encryption},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		out, err := dup(ctx, s, b, "k", source(b, "k"), Header("x-amz-server-side-encryption", "AES256"))
		s.Expect(err).To(OK())
		s.Expect(out.ServerSideEncryption).To(BeEquivalentTo("AES256"))
		s.ExpectBody(ctx, b, "k", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "copy.self.tagging",
	Rule:  "CP-03",
	Says:  "A copy of an object to itself that replaces its tags alone MAY be refused.",
	Ref:   "https://github.com/apache/ozone/pull/10752",
	Level: Info,
	Needs: []Feature{Copy, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k",
			Header: [][2]string{{"x-amz-copy-source", source(b, "k")}, {"x-amz-tagging-directive", "REPLACE"}, {"x-amz-tagging", "a=1"}}})
		s.Observe("answer to a copy to itself with other tags", answer(r))
	},
})

var _ = Add(Scenario{
	ID:    "copy.self.older-version",
	Rule:  "CP-03",
	Says:  "A copy of an older version to its own key MUST make its data the current version and keep all versions.",
	Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/userguide/RestoringPreviousVersions.html",
	Level: Must,
	Needs: []Feature{Copy, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		old := aws.ToString(s.MustPut(ctx, b, "k", "first").VersionId)
		newer := aws.ToString(s.MustPut(ctx, b, "k", "second").VersionId)
		out, err := dup(ctx, s, b, "k", source(b, "k")+"?versionId="+old)
		s.Expect(err).To(OK())
		s.Expect([]string{"", old, newer}).NotTo(ContainElement(aws.ToString(out.VersionId)), "x-amz-version-id")
		s.ExpectBody(ctx, b, "k", "first")
		kept, err := s.Get(ctx, b, "k", Version(newer))
		s.Expect(err).To(OK(), "get the version copied over")
		s.Expect(string(kept.Bytes)).To(Equal("second"), "the version copied over")
	},
})
