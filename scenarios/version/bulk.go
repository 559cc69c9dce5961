package version

import (
	"context"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "version.delete-objects.mixed",
	Rule:  "V-18",
	Says:  "DeleteObjects MUST report markers it makes with DeleteMarker and DeleteMarkerVersionId, and versions it removes with VersionId.",
	Ref:   api + "API_DeletedObject.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		v1 := put(ctx, s, b, "removed", "v")
		put(ctx, s, b, "marked", "v")
		put(ctx, s, b, "undeleted", "v")
		m := mark(ctx, s, b, "undeleted")
		out, err := s.SDK().DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
			{Key: aws.String("removed"), VersionId: &v1}, {Key: aws.String("marked")}, {Key: aws.String("undeleted"), VersionId: &m}}}})
		s.Expect(err).To(OK())
		s.Expect(out.Deleted).To(HaveLen(3), "errors: %v", out.Errors)
		for _, d := range out.Deleted {
			expectDeleted(s, d, map[string]string{"removed": v1, "undeleted": m})
		}
		s.ExpectBody(ctx, b, "undeleted", "v")
	},
})

var _ = Add(Scenario{
	ID:    "version.delete-objects.same-key",
	Rule:  "V-18",
	Says:  "DeleteObjects MUST remove each version that it names, several of one key too, and no other.",
	Ref:   api + "API_ObjectIdentifier.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		one, two, three := put(ctx, s, b, "k", "one"), put(ctx, s, b, "k", "two"), put(ctx, s, b, "k", "three")
		out, err := s.SDK().DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
			{Key: aws.String("k"), VersionId: &three}, {Key: aws.String("k"), VersionId: &one}}}})
		s.Expect(err).To(OK())
		s.Expect(out.Deleted).To(HaveLen(2), "errors: %v", out.Errors)
		all, _ := list(ctx, s, b)
		s.Expect(all).To(Equal([]entry{{"k", two, false, true}}))
		s.ExpectBody(ctx, b, "k", "two")
	},
})

var _ = Add(Scenario{
	ID:    "version.delete-objects.null",
	Rule:  "V-18",
	Says:  "DeleteObjects of the version null MUST remove that version and nothing else, and make no delete marker.",
	Ref:   api + "API_ObjectIdentifier.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "covered", "before")
		s.MustPut(ctx, b, "current", "before")
		s.SetVersioning(ctx, b, types.BucketVersioningStatusEnabled)
		id := put(ctx, s, b, "covered", "after")
		null := aws.String("null")
		out, err := s.SDK().DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
			{Key: aws.String("covered"), VersionId: null}, {Key: aws.String("current"), VersionId: null}}}})
		s.Expect(err).To(OK())
		s.Expect(out.Deleted).To(HaveLen(2), "errors: %v", out.Errors)
		all, _ := list(ctx, s, b)
		s.Expect(all).To(Equal([]entry{{"covered", id, false, true}}))
		s.ExpectBody(ctx, b, "covered", "after")
	},
})

// expectDeleted judges one row of a DeleteObjects answer; asked holds the
// version ids that the request named.
func expectDeleted(s *S, d types.DeletedObject, asked map[string]string) {
	key := aws.ToString(d.Key)
	if id := asked[key]; id != "" {
		s.Expect(aws.ToString(d.VersionId)).To(Equal(id), "VersionId of %s", key)
	}
	switch key {
	case "removed":
		s.Expect(aws.ToBool(d.DeleteMarker)).To(BeFalse(), "DeleteMarker of %s", key)
	case "undeleted":
		s.Expect(aws.ToBool(d.DeleteMarker)).To(BeTrue(), "DeleteMarker of %s", key)
		s.Expect(aws.ToString(d.DeleteMarkerVersionId)).To(Equal(asked[key]), "DeleteMarkerVersionId of %s", key)
	case "marked":
		s.Expect(aws.ToBool(d.DeleteMarker)).To(BeTrue(), "DeleteMarker of %s", key)
		s.Expect(aws.ToString(d.DeleteMarkerVersionId)).NotTo(BeEmpty(), "DeleteMarkerVersionId of %s", key)
	}
}

var _ = Add(Scenario{
	ID:    "version.delete-objects.gone",
	Rule:  "V-18",
	Says:  "DeleteObjects MUST confirm the deletion of versions and delete markers that are gone already, and touch no other.",
	Ref:   api + "API_DeleteObjects.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		kept := put(ctx, s, b, "k", "kept")
		v, m := put(ctx, s, b, "k", "removed"), mark(ctx, s, b, "k")
		for range 2 {
			out, err := s.SDK().DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{
				{Key: aws.String("k"), VersionId: &v}, {Key: aws.String("k"), VersionId: &m}}}})
			s.Expect(err).To(OK())
			s.Expect(out.Errors).To(BeEmpty())
			s.Expect(out.Deleted).To(HaveLen(2))
			all, _ := list(ctx, s, b)
			s.Expect(all).To(Equal([]entry{{"k", kept, false, true}}))
		}
		s.ExpectBody(ctx, b, "k", "kept")
	},
})

var _ = Add(Scenario{
	ID:    "version.delete-objects.parallel",
	Rule:  "V-18",
	Says:  "DeleteObjects by several clients at once of the same versions SHOULD confirm all of them to each client, and leave none.",
	Ref:   api + "API_DeleteObjects.html",
	Level: Should,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		var all []types.ObjectIdentifier
		for i := range 12 {
			key := strconv.Itoa(i % 4)
			all = append(all, types.ObjectIdentifier{Key: &key, VersionId: aws.String(put(ctx, s, b, key, "v"))})
		}
		outs, errs := make([]*s3.DeleteObjectsOutput, 4), make([]error, 4)
		var wg sync.WaitGroup
		for i := range outs {
			wg.Go(func() {
				outs[i], errs[i] = s.SDK().DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: all}})
			})
		}
		wg.Wait()
		for i, out := range outs {
			s.Expect(errs[i]).To(OK(), "client %d", i)
			s.Expect(out.Errors).To(BeEmpty(), "client %d", i)
			s.Expect(out.Deleted).To(HaveLen(len(all)), "client %d", i)
		}
		left, _ := list(ctx, s, b)
		s.Expect(left).To(BeEmpty())
	},
})
