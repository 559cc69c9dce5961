package version

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// What a deletion by id leaves behind.

var _ = Add(Scenario{
	ID:    "version.delete.twice",
	Rule:  "V-09",
	Says:  "A DeleteObject that names a version which is gone already MUST NOT touch the others, nor hide the key, whatever it answers.",
	Ref:   guideDeleting,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		one, two := put(ctx, s, b, "k", "one"), put(ctx, s, b, "k", "two")
		s.Must(failed(s.Delete(ctx, b, "k", Version(one))), "remove the older version")
		_, err := s.Delete(ctx, b, "k", Version(one))
		s.Observe("removed again", Outcome(err))
		all, _ := list(ctx, s, b)
		s.Expect(all).To(Equal([]entry{{"k", two, false, true}}))
		s.ExpectBody(ctx, b, "k", "two")
	},
})

// failed is the error of a call whose answer is of no interest.
func failed(_ any, err error) error { return err }

var _ = Add(Scenario{
	ID:    "version.suspended.promotes",
	Rule:  "V-22",
	Says:  "Removing the current version, or the delete marker on top, by its id MUST make the newest remaining version current while versioning is suspended too.",
	Ref:   guide + "RestoringPreviousVersions.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "object", "oldest")
		put(ctx, s, b, "object", "kept")
		put(ctx, s, b, "marker", "kept")
		s.SetVersioning(ctx, b, types.BucketVersioningStatusSuspended)
		s.MustPut(ctx, b, "object", "null")
		s.Must(failed(s.Delete(ctx, b, "marker")), "delete a key")
		for _, key := range []string{"object", "marker"} {
			_, err := s.Delete(ctx, b, key, Version("null"))
			s.Expect(err).To(OK(), "remove the null version of %s", key)
			s.ExpectBody(ctx, b, key, "kept")
		}
		s.Expect(listed(ctx, s, b)).To(Equal(map[string]int64{"object": 4, "marker": 4}), "keys and sizes in a listing")
	},
})

var _ = Add(Scenario{
	ID:    "version.get.part-number",
	Rule:  "V-04",
	Says:  "GetObject and HeadObject with versionId and partNumber MUST return the part of that version.",
	Ref:   api + "API_GetObject.html",
	SDK:   "s3@v1.114.8 GetObjectInput.PartNumber",
	Level: Must,
	Needs: []Feature{Versioning, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		id := aws.ToString(multipart(ctx, s, b, "k").VersionId)
		put(ctx, s, b, "k", "another body, of another size")
		query := "partNumber=1&versionId=" + escape(id)
		got := s.Send(ctx, Request{Bucket: b, Key: "k", Query: query})
		s.Expect(got).To(OK()) // 200 or 206 is another rule
		s.Expect(string(got.Body)).To(Equal("part"))
		s.Expect(got).To(HaveHeader("x-amz-version-id", id))
		head := s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k", Query: query})
		s.Expect(head).To(OK(), "HEAD")
		s.Expect(head).To(HaveHeader("Content-Length", "4"), "HEAD")
	},
})

var _ = Add(Scenario{
	ID:    "version.get.no-null",
	Rule:  "V-05",
	Says:  "GetObject and HeadObject with versionId=null of a key that has no null version MUST fail with 404, NoSuchVersion for the former, and not read the current version.",
	Ref:   api + "ErrorResponses.html#ErrorCodeList",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "v")
		s.Expect(s.Send(ctx, Request{Bucket: b, Key: "k", Query: "versionId=null"})).To(FailWith(404, "NoSuchVersion"))
		s.Expect(s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k", Query: "versionId=null"})).To(FailWith(404), "HEAD")
	},
})
