// Package version holds the rules of versioned buckets: version ids, delete
// markers, suspension and the listing of versions.
package version

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

const (
	guide = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
	api   = "https://docs.aws.amazon.com/AmazonS3/latest/API/"

	guideMarkers   = guide + "DeleteMarker.html"
	guideDeleting  = guide + "DeletingObjectVersions.html"
	guideManaging  = guide + "ManagingDelMarkers.html"
	guideSuspended = guide + "AddingObjectstoVersionSuspendedBuckets.html"
	apiVersions    = api + "API_ListObjectVersions.html"
	apiConfig      = api + "API_PutBucketVersioning.html"
	apiDelete      = api + "API_DeleteObject.html"
)

// put stores a version and returns its id; without one the scenario is
// blocked, for version.put.distinct-ids to say so.
func put(ctx context.Context, s *S, bucket, key, body string) string {
	out := s.MustPut(ctx, bucket, key, body)
	if aws.ToString(out.VersionId) == "" {
		s.Must(errors.New("no x-amz-version-id"), "put a version of "+key)
	}
	return *out.VersionId
}

// mark deletes the key without naming a version and returns the marker's id;
// without one the scenario is blocked, for version.delete.marker to say so.
func mark(ctx context.Context, s *S, bucket, key string) string {
	out, err := s.Delete(ctx, bucket, key)
	s.Must(err, "delete "+key)
	if aws.ToString(out.VersionId) == "" {
		s.Must(errors.New("no x-amz-version-id"), "mark "+key+" as deleted")
	}
	return *out.VersionId
}

// An entry is a version or a delete marker as a listing shows it.
type entry struct {
	Key, ID        string
	Marker, Latest bool
}

// list returns the versions and markers of a bucket, each kind in its own order:
// those of one page where edits say how large that is, and else of all.
func list(ctx context.Context, s *S, bucket string, edits ...func(*s3.ListObjectVersionsInput)) ([]entry, *s3.ListObjectVersionsOutput) {
	in := &s3.ListObjectVersionsInput{Bucket: &bucket}
	for _, edit := range edits {
		edit(in)
	}
	out, err := s.SDK().ListObjectVersions(ctx, in)
	s.Expect(err).To(OK(), "ListObjectVersions")
	for page, n := out, 1; n < mostPages && in.MaxKeys == nil && aws.ToBool(page.IsTruncated) && aws.ToString(page.NextKeyMarker) != ""; n++ { // a page may hold less than it could
		in.KeyMarker, in.VersionIdMarker = page.NextKeyMarker, page.NextVersionIdMarker
		page, err = s.SDK().ListObjectVersions(ctx, in)
		s.Expect(err).To(OK(), "ListObjectVersions, a further page")
		out.Versions, out.DeleteMarkers = append(out.Versions, page.Versions...), append(out.DeleteMarkers, page.DeleteMarkers...)
		out.CommonPrefixes, out.IsTruncated = append(out.CommonPrefixes, page.CommonPrefixes...), page.IsTruncated
	}
	var all []entry
	for _, v := range out.Versions {
		all = append(all, entry{aws.ToString(v.Key), aws.ToString(v.VersionId), false, aws.ToBool(v.IsLatest)})
	}
	for _, m := range out.DeleteMarkers {
		all = append(all, entry{aws.ToString(m.Key), aws.ToString(m.VersionId), true, aws.ToBool(m.IsLatest)})
	}
	return all, out
}

// ids returns the version ids of a listing, in its order.
func ids(all []entry) []string {
	var out []string
	for _, e := range all {
		out = append(out, e.ID)
	}
	return out
}

// find returns the entry of a version id.
func find(s *S, all []entry, id string) entry {
	i := slices.IndexFunc(all, func(e entry) bool { return e.ID == id })
	s.Expect(i).To(BeNumerically(">=", 0), "version %s in the listing %v", id, all)
	return all[i]
}

var _ = Add(Scenario{
	ID:    "version.config.never",
	Rule:  "V-01",
	Says:  "GetBucketVersioning of a bucket whose versioning was never configured MUST return no Status.",
	Ref:   api + "API_GetBucketVersioning.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		out, err := s.SDK().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b})
		s.Expect(err).To(OK())
		s.Expect(string(out.Status)).To(BeEmpty())
	},
})

var _ = Add(Scenario{
	ID:    "version.unversioned.null",
	Rule:  "V-01",
	Says:  "An object of a bucket whose versioning was never configured MUST have the version id null in ListObjectVersions.",
	Ref:   guide + "Versioning.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		out := s.MustPut(ctx, b, "k", "v")
		// The pages do not say whether the answer names that id.
		s.Expect(aws.ToString(out.VersionId)).To(BeElementOf("", "null"), "x-amz-version-id of the PUT")
		all, _ := list(ctx, s, b)
		s.Expect(all).To(Equal([]entry{{"k", "null", false, true}}))
	},
})

var _ = Add(Scenario{
	ID:    "version.config.invalid-status",
	Rule:  "V-19",
	Says:  "PutBucketVersioning with a Status other than Enabled or Suspended MUST fail with 400 MalformedXML or IllegalVersioningConfigurationException, and change nothing.",
	Ref:   apiConfig,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, status := range []string{"enabled", "Off", "Disabled"} {
			body := []byte(`<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>` + status + `</Status></VersioningConfiguration>`)
			r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Query: "versioning=", Body: body, Header: [][2]string{ContentMD5(body)}})
			s.Observe("Status "+status, Outcome(r))
			s.Expect(r).To(FailWith(400, "MalformedXML", "IllegalVersioningConfigurationException"), "Status %q", status)
		}
		out, err := s.SDK().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b})
		s.Expect(err).To(OK())
		s.Expect(string(out.Status)).To(BeEmpty(), "versioning after the refusals")
	},
})

var _ = Add(Scenario{
	ID:    "version.config.shown",
	Rule:  "V-19",
	Says:  "GetBucketVersioning MUST return the Status that PutBucketVersioning set last: Enabled, then Suspended, then Enabled again.",
	Ref:   apiConfig,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, to := range []types.BucketVersioningStatus{types.BucketVersioningStatusEnabled, types.BucketVersioningStatusSuspended, types.BucketVersioningStatusEnabled} {
			_, err := s.SDK().PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &b, VersioningConfiguration: &types.VersioningConfiguration{Status: to}})
			s.Expect(err).To(OK(), "PutBucketVersioning to %s", to)
			s.Expect(Settled(ctx, s, "versioning reads "+string(to), func() error {
				out, err := s.SDK().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b})
				if err == nil && out.Status != to {
					err = fmt.Errorf("versioning reads %q", out.Status)
				}
				return err
			})).To(OK(), "GetBucketVersioning once it was set to %s", to)
		}
	},
})

var _ = Add(Scenario{
	ID:    "version.config.suspend-keeps",
	Rule:  "V-19",
	Says:  "Suspending versioning MUST leave the versions as they are, and the bucket never reads as unversioned again.",
	Ref:   guide + "Versioning.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "deleted", "v")
		marker := mark(ctx, s, b, "deleted")
		one, two := put(ctx, s, b, "k", "one"), put(ctx, s, b, "k", "two")
		before, _ := list(ctx, s, b)
		s.Expect(ids(before)).To(ContainElements(marker, one, two))
		s.SetVersioning(ctx, b, types.BucketVersioningStatusSuspended)
		after, _ := list(ctx, s, b)
		s.Expect(after).To(Equal(before))
		for id, body := range map[string]string{one: "one", two: "two"} {
			got, err := s.Get(ctx, b, "k", Version(id))
			s.Expect(err).To(OK())
			s.Expect(string(got.Bytes)).To(Equal(body))
		}
		body := []byte(`<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></VersioningConfiguration>`)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Query: "versioning=", Body: body, Header: [][2]string{ContentMD5(body)}})
		s.Observe("PutBucketVersioning without a Status", Outcome(r))
		out, err := s.SDK().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b})
		s.Expect(err).To(OK())
		s.Expect(out.Status).To(Equal(types.BucketVersioningStatusSuspended))
	},
})

var _ = Add(Scenario{
	ID:    "version.put.distinct-ids",
	Rule:  "V-02",
	Says:  "Each PutObject, CopyObject and CompleteMultipartUpload in a versioned bucket MUST make a version of its own and return its id.",
	Ref:   guide + "AddingObjectstoVersioningEnabledBuckets.html",
	Level: Must,
	Needs: []Feature{Versioning, Copy, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		var got []string
		for _, body := range []string{"one", "two"} {
			out := s.MustPut(ctx, b, "k", body)
			s.Expect(aws.ToString(out.VersionId)).NotTo(BeEmpty(), "x-amz-version-id of PutObject")
			got = append(got, *out.VersionId)
		}
		cp, err := s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: aws.String("k"),
			CopySource: aws.String(b + "/k?versionId=" + got[0])})
		s.Expect(err).To(OK(), "CopyObject")
		got = append(got, aws.ToString(cp.VersionId), aws.ToString(multipart(ctx, s, b, "k").VersionId))
		all, _ := list(ctx, s, b)
		s.Expect(ids(all)).To(ConsistOf(got), "ids of the versions")
	},
})

// multipart stores one part as an object.
func multipart(ctx context.Context, s *S, bucket, key string) *s3.CompleteMultipartUploadOutput {
	up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	s.Must(err, "create a multipart upload")
	return finish(ctx, s, bucket, key, up.UploadId)
}

// finish uploads one part and completes the upload.
func finish(ctx context.Context, s *S, bucket, key string, id *string) *s3.CompleteMultipartUploadOutput {
	r := s.Send(ctx, Request{Method: "PUT", Bucket: bucket, Key: key, Query: "partNumber=1&uploadId=" + escape(aws.ToString(id)), Body: []byte("part")})
	if r.Status != 200 {
		s.Must(errors.New(Outcome(r)), "upload a part")
	}
	out, err := s.SDK().CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: id,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{ETag: aws.String(r.Header.Get("ETag")), PartNumber: aws.Int32(1)}}}})
	s.Expect(err).To(OK(), "CompleteMultipartUpload")
	return out
}

var _ = Add(Scenario{
	ID:    "version.put.before-enabling",
	Rule:  "V-03",
	Says:  "An object stored before versioning was enabled MUST keep the version id null and its bytes.",
	Ref:   guide + "Versioning.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "before")
		s.SetVersioning(ctx, b, types.BucketVersioningStatusEnabled)
		id := put(ctx, s, b, "k", "after")
		all, _ := list(ctx, s, b)
		s.Expect(ids(all)).To(Equal([]string{id, "null"}))
		old, err := s.Get(ctx, b, "k", Version("null"))
		s.Expect(err).To(OK())
		s.Expect(string(old.Bytes)).To(Equal("before"))
	},
})

var _ = Add(Scenario{
	ID:    "version.put.parallel",
	Rule:  "V-23",
	Says:  "Concurrent PutObjects of one key MUST each make a version of their own, all of them listed.",
	Ref:   api + "API_PutObject.html",
	SDK:   "s3@v1.114.8 PutObjectOutput.VersionId",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		acked, errs := parallelPuts(ctx, s, b, "k", 8)
		for i, err := range errs {
			s.Expect(err).To(OK(), "writer %d", i)
		}
		slices.Sort(acked)
		s.Expect(slices.Compact(slices.Clone(acked))).To(HaveLen(len(acked)), "distinct ids of %v", acked)
		all, _ := list(ctx, s, b)
		s.Expect(ids(all)).To(ConsistOf(acked))
	},
})

var _ = Add(Scenario{
	ID:    "version.config.mfa-delete-disabled",
	Rule:  "V-19",
	Says:  "PutBucketVersioning SHOULD accept MfaDelete: Disabled of who has never enabled it, and set the Status beside it.",
	Ref:   apiConfig,
	Level: Should,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.SDK().PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &b, VersioningConfiguration: &types.VersioningConfiguration{
			MFADelete: types.MFADeleteDisabled, Status: types.BucketVersioningStatusEnabled}})
		s.Expect(err).To(OK())
		s.Settle(ctx, "versioning is on", func() error {
			out, err := s.SDK().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b})
			if err == nil && out.Status != types.BucketVersioningStatusEnabled {
				err = fmt.Errorf("versioning reads %q", out.Status)
			}
			return err
		})
	},
})
