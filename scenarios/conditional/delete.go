package conditional

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

const refDelete = api + "API_DeleteObject.html"

var _ = Add(Scenario{
	ID:    "conditional.delete.if-match.current",
	Rule:  "W-14",
	Says:  "DeleteObject with If-Match MUST delete the object when the ETag is the key's current one.",
	Ref:   guideDeletes,
	Level: Must,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		_, err := s.Delete(ctx, b, "k", IfMatch(etag(ctx, s, b, "k")))
		s.Expect(err).To(OK())
		_, err = s.Head(ctx, b, "k")
		s.Expect(err).To(FailWith(404), "HEAD after the delete")
	},
})

var _ = Add(Scenario{
	ID:    "conditional.delete.if-match.stale",
	Rule:  "W-14",
	Says:  "DeleteObject with If-Match MUST fail with 412 PreconditionFailed when the ETag is not the key's current one.",
	Ref:   guideDeletes,
	Level: Must,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "older")
		stale := etag(ctx, s, b, "k")
		s.MustPut(ctx, b, "k", "old")
		_, err := s.Delete(ctx, b, "k", IfMatch(stale))
		s.Expect(err).To(FailWith(412, "PreconditionFailed"))
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})

var _ = Add(Scenario{
	ID:    "conditional.delete.if-match.star",
	Rule:  "W-14",
	Says:  "DeleteObject with If-Match: * MUST delete the object when it exists.",
	Ref:   guideDeletes,
	Level: Must,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		_, err := s.Delete(ctx, b, "k", IfMatch("*"))
		s.Expect(err).To(OK())
		_, err = s.Head(ctx, b, "k")
		s.Expect(err).To(FailWith(404), "HEAD after the delete")
	},
})

var _ = Add(Scenario{
	ID:    "conditional.delete.if-match.versioned",
	Rule:  "W-14",
	Says:  "DeleteObject with If-Match MUST judge the current version alone, and add no delete marker when it fails.",
	Ref:   guideDeletes,
	Level: Must,
	Needs: []Feature{ConditionalWrite, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		s.MustPut(ctx, b, "k", "older")
		stale := etag(ctx, s, b, "k")
		s.MustPut(ctx, b, "k", "old")
		_, err := s.Delete(ctx, b, "k", IfMatch(stale))
		s.Expect(err).To(FailWith(412, "PreconditionFailed"))
		s.Expect(versions(ctx, s, b)).To(Equal(2), "versions and markers of k")
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})

var _ = Add(Scenario{
	ID:    "conditional.delete.if-match.large",
	Rule:  "W-14",
	Says:  "DeleteObject with If-Match, and DeleteObjects with ETag, MUST keep an object whose ETag is another, also where the object is large.",
	Ref:   guideDeletes,
	Level: Must,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b, body := s.Bucket(ctx), string(s.Bytes(300_000))
		s.MustPut(ctx, b, "k", "older")
		stale := etag(ctx, s, b, "k")
		s.MustPut(ctx, b, "k", body)
		_, err := s.Delete(ctx, b, "k", IfMatch(stale))
		s.Expect(err).To(FailWith(412, "PreconditionFailed"), "DeleteObject")
		s.ExpectUnchanged(ctx, b, "k", body)
		deleted, failed, err := deleteMany(ctx, s, b, types.ObjectIdentifier{Key: aws.String("k"), ETag: &stale})
		s.Expect(err).To(OK(), "DeleteObjects")
		if deleted["k"] {
			s.Silently("k is reported deleted although its ETag did not match")
		}
		s.Expect(failed).To(HaveKeyWithValue("k", "PreconditionFailed"), "DeleteObjects")
		s.ExpectUnchanged(ctx, b, "k", body)
		_, err = s.Delete(ctx, b, "k", IfMatch(etag(ctx, s, b, "k")))
		s.Expect(err).To(OK(), "the current ETag")
	},
})

var _ = Add(Scenario{
	ID:    "conditional.delete.if-match.absent",
	Rule:  "W-15",
	Says:  "DeleteObject with If-Match of a key that does not exist MAY fail with 404 or 412; what the server does is recorded.",
	Ref:   guideDeletes,
	Level: Disputed,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.Delete(ctx, b, "k", IfMatch(`"d41d8cd98f00b204e9800998ecf8427e"`))
		s.Observe("If-Match with an ETag", Outcome(err))
		_, err = s.Delete(ctx, b, "k", IfMatch("*"))
		s.Observe("If-Match: *", Outcome(err))
	},
})

var _ = Add(Scenario{
	ID:    "conditional.delete.if-match-size",
	Rule:  "W-16",
	Says:  "DeleteObject with x-amz-if-match-size or x-amz-if-match-last-modified-time, which only directory buckets know, SHOULD be refused with 501 NotImplemented.",
	Ref:   refDelete + "#AmazonS3-DeleteObject-request-header-IfMatchSize",
	Level: Should,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		_, err := s.Delete(ctx, b, "k", Header("x-amz-if-match-size", "999"))
		s.Expect(err).To(FailWith(501, "NotImplemented"), "x-amz-if-match-size")
		_, err = s.Delete(ctx, b, "k", Header("x-amz-if-match-last-modified-time", "Wed, 21 Oct 2015 07:28:00 GMT"))
		s.Expect(err).To(FailWith(501, "NotImplemented"), "x-amz-if-match-last-modified-time")
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})

// deleteMany sends DeleteObjects and returns deleted keys and codes of errors
// by key.
func deleteMany(ctx context.Context, s *S, bucket string, objects ...types.ObjectIdentifier) (map[string]bool, map[string]string, error) {
	out, err := s.SDK().DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &types.Delete{Objects: objects}})
	if err != nil {
		return nil, nil, err
	}
	deleted, failed := map[string]bool{}, map[string]string{}
	for _, d := range out.Deleted {
		deleted[aws.ToString(d.Key)] = true
	}
	for _, e := range out.Errors {
		failed[aws.ToString(e.Key)] = aws.ToString(e.Code)
	}
	return deleted, failed, nil
}

var _ = Add(Scenario{
	ID:    "conditional.delete-objects.etag",
	Rule:  "W-17",
	Says:  "DeleteObjects MUST delete the keys whose ETag matches, and report PreconditionFailed for those whose ETag does not.",
	Ref:   guideDeletes,
	SDK:   "s3@v1.114.8 ObjectIdentifier.ETag",
	Level: Must,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k1", "one")
		s.MustPut(ctx, b, "k2", "two")
		right, wrong := etag(ctx, s, b, "k1"), `"00000000000000000000000000000000"`
		deleted, failed, err := deleteMany(ctx, s, b, // the refusal first: it must not end the rest
			types.ObjectIdentifier{Key: aws.String("k2"), ETag: &wrong}, types.ObjectIdentifier{Key: aws.String("k1"), ETag: &right})
		s.Expect(err).To(OK())
		if deleted["k2"] {
			s.Silently("k2 is reported deleted although its ETag did not match")
		}
		s.Expect(failed).To(HaveKeyWithValue("k2", "PreconditionFailed"))
		s.Expect(deleted).To(HaveKey("k1"))
		_, err = s.Head(ctx, b, "k1")
		s.Expect(err).To(FailWith(404), "HEAD of the deleted key")
		s.ExpectUnchanged(ctx, b, "k2", "two")
	},
})

var _ = Add(Scenario{
	ID:    "conditional.delete-objects.size",
	Rule:  "W-24",
	Says:  "DeleteObjects with Size or LastModifiedTime of a key SHOULD honour or refuse it, never ignore it.",
	Ref:   api + "API_ObjectIdentifier.html",
	Level: Should,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		_, _, err := deleteMany(ctx, s, b, types.ObjectIdentifier{Key: aws.String("k"), Size: aws.Int64(999)})
		s.Observe("Size", Outcome(err))
		s.ExpectUnchanged(ctx, b, "k", "old")
		long := time.Date(2015, 10, 21, 7, 28, 0, 0, time.UTC)
		_, _, err = deleteMany(ctx, s, b, types.ObjectIdentifier{Key: aws.String("k"), LastModifiedTime: &long})
		s.Observe("LastModifiedTime", Outcome(err))
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})
