package version

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

func escape(s string) string { return url.QueryEscape(s) }

// parallelPuts writes the key from n clients at once.
func parallelPuts(ctx context.Context, s *S, bucket, key string, n int) ([]string, []error) {
	acked, errs := make([]string, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			out, err := s.Put(ctx, bucket, key, strconv.Itoa(i))
			if errs[i] = err; err == nil {
				acked[i] = aws.ToString(out.VersionId)
			}
		})
	}
	wg.Wait()
	return acked, errs
}

var _ = Add(Scenario{
	ID:    "version.get.by-id",
	Rule:  "V-04",
	Says:  "GetObject and HeadObject with versionId MUST return that version and its id.",
	Ref:   guide + "RetrievingObjectVersions.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		bodies := map[string]string{put(ctx, s, b, "k", "one"): "one", put(ctx, s, b, "k", "three"): "three"}
		for id, body := range bodies {
			got, err := s.Get(ctx, b, "k", Version(id))
			s.Expect(err).To(OK(), "GET of %s", body)
			s.Expect(string(got.Bytes)).To(Equal(body))
			s.Expect(got).To(HaveHeader("x-amz-version-id", id))
			head, err := s.Head(ctx, b, "k", Version(id))
			s.Expect(err).To(OK(), "HEAD of %s", body)
			s.Expect(aws.ToInt64(head.ContentLength)).To(Equal(int64(len(body))))
			s.Expect(aws.ToString(head.VersionId)).To(Equal(id))
		}
	},
})

var _ = Add(Scenario{
	ID:    "version.get.large",
	Rule:  "V-04",
	Says:  "GetObject with versionId MUST return that version's bytes, whole or a range of them, also where its versions are large, of one size, and hidden by a delete marker or an empty version.",
	Ref:   guide + "RetrievingObjectVersions.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		const size = 300_000
		var written []string
		body := func(i int) string { return string(s.Bytes((i + 1) * size)[i*size:]) }
		write := func() { written = append(written, put(ctx, s, b, "k", body(len(written)))) }
		read := func(when string) {
			for i, id := range written {
				got, err := s.Get(ctx, b, "k", Version(id))
				s.Expect(err).To(OK(), "version %d, %s", i, when)
				s.Expect(string(got.Bytes) == body(i)).To(BeTrue(), "version %d has its own bytes, %s", i, when)
				got, err = s.Get(ctx, b, "k", Version(id), InRange("bytes=290000-290009"))
				s.Expect(err).To(OK(), "a range of version %d, %s", i, when)
				s.Expect(string(got.Bytes)).To(Equal(body(i)[290000:290010]), "a range of version %d, %s", i, when)
			}
		}
		write()
		write()
		read("under another")
		mark(ctx, s, b, "k")
		write()
		put(ctx, s, b, "k", "")
		read("hidden")
	},
})

var _ = Add(Scenario{
	ID:    "version.get.attributes",
	Rule:  "V-04",
	Says:  "A version MUST keep its own metadata, content headers, ETag and date, whether other versions are put on top of it or removed again.",
	Ref:   guide + "RetrievingObjectVersions.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		out := s.MustPut(ctx, b, "k", "one", Meta("color", "red"), Header("Content-Type", "text/x-one"), Header("Cache-Control", "no-store"))
		one, before := aws.ToString(out.VersionId), shown(ctx, s, b, "k")
		s.Expect(before).To(HaveKeyWithValue("X-Amz-Meta-Color", "red"), "metadata of the first version")
		two := put(ctx, s, b, "k", "two")
		marker := mark(ctx, s, b, "k")
		s.Expect(shown(ctx, s, b, "k", Version(one))).To(Equal(before), "the version under another and a delete marker")
		for _, id := range []string{marker, two} {
			_, err := s.Delete(ctx, b, "k", Version(id))
			s.Must(err, "delete version "+id)
		}
		s.Expect(shown(ctx, s, b, "k")).To(Equal(before), "the version that is current again")
	},
})

// shown returns what HEAD tells of a version, by header.
func shown(ctx context.Context, s *S, bucket, key string, opts ...Opt) map[string]string {
	head, err := s.Head(ctx, bucket, key, opts...)
	s.Expect(err).To(OK(), "HEAD %s", key)
	out := map[string]string{}
	for _, name := range []string{"X-Amz-Meta-Color", "Content-Type", "Cache-Control", "Content-Length", "ETag", "Last-Modified", "X-Amz-Version-Id"} {
		out[name] = HeaderOf(head.ResultMetadata).Get(name)
	}
	return out
}

var _ = Add(Scenario{
	ID:    "version.get.range-and-condition",
	Rule:  "V-04",
	Says:  "Ranges and conditions of a GetObject with versionId MUST be those of that version.",
	Ref:   api + "API_GetObject.html",
	Level: Must,
	Needs: []Feature{Versioning, Range, ConditionalRead},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		one := s.MustPut(ctx, b, "k", "0123456789")
		two := s.MustPut(ctx, b, "k", "abcdef")
		id, old, current := Version(aws.ToString(one.VersionId)), aws.ToString(one.ETag), aws.ToString(two.ETag)
		got, err := s.Get(ctx, b, "k", id, InRange("bytes=5-8"))
		s.Expect(err).To(OK(), "a range")
		s.Expect(string(got.Bytes)).To(Equal("5678"))
		_, err = s.Get(ctx, b, "k", id, IfMatch(old))
		s.Expect(err).To(OK(), "If-Match with the version's ETag")
		_, err = s.Get(ctx, b, "k", id, IfMatch(current))
		s.Expect(err).To(FailWith(412, "PreconditionFailed"), "If-Match with the current version's ETag")
		_, err = s.Get(ctx, b, "k", id, IfNoneMatch(old))
		s.Expect(err).To(FailWith(304), "If-None-Match with the version's ETag")
	},
})

var _ = Add(Scenario{
	ID:    "version.get.current",
	Rule:  "V-04",
	Says:  "GetObject without versionId MUST return the current version and its id.",
	Ref:   guide + "RetrievingObjectVersions.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "one")
		id := put(ctx, s, b, "k", "two")
		got, err := s.Get(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(string(got.Bytes)).To(Equal("two"))
		s.Expect(got).To(HaveHeader("x-amz-version-id", id))
	},
})

var _ = Add(Scenario{
	ID:    "version.head.current",
	Rule:  "V-04",
	Says:  "HeadObject without versionId MUST describe the current version, and give its id.",
	Ref:   guide + "RetMetaOfObjVersion.html",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "one")
		id := put(ctx, s, b, "k", "three")
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(aws.ToInt64(head.ContentLength)).To(Equal(int64(len("three"))))
		s.Expect(aws.ToString(head.VersionId)).To(Equal(id))
	},
})

var _ = Add(Scenario{
	ID:    "version.get.deleted-version",
	Rule:  "V-05",
	Says:  "GetObject of a version that was permanently deleted MUST fail with 404 NoSuchVersion, and HeadObject with 404.",
	Ref:   api + "ErrorResponses.html#ErrorCodeList",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		gone := put(ctx, s, b, "k", "one")
		put(ctx, s, b, "k", "two")
		_, err := s.Delete(ctx, b, "k", Version(gone))
		s.Must(err, "delete a version")
		_, err = s.Get(ctx, b, "k", Version(gone))
		s.Expect(err).To(FailWith(404, "NoSuchVersion"))
		_, err = s.Head(ctx, b, "k", Version(gone))
		s.Expect(err).To(FailWith(404), "HEAD")
		s.ExpectBody(ctx, b, "k", "two")
	},
})

var _ = Add(Scenario{
	ID:    "version.get.made-up-id",
	Rule:  "V-05",
	Says:  "GetObject with a version id that no server made MAY fail with 400 or 404; what the server does is recorded.",
	Ref:   api + "API_GetObject.html",
	Level: Disputed,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "v")
		_, err := s.Get(ctx, b, "k", Version("not-a-version"))
		s.Observe("versionId=not-a-version", Outcome(err))
		s.Expect(err).NotTo(OK())
	},
})

var _ = Add(Scenario{
	ID:    "version.get.empty-id",
	Rule:  "V-25",
	Says:  "GetObject with an empty versionId SHOULD fail with 400 InvalidArgument.",
	Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_RequestParameters",
	Level: Should,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "v")
		r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: "versionId="})
		s.Expect(r).To(FailWith(400, "InvalidArgument"))
	},
})

var _ = Add(Scenario{
	ID:    "version.marker.get-current",
	Rule:  "V-07",
	Says:  "GetObject of a key whose current version is a delete marker MUST fail with 404 NoSuchKey and x-amz-delete-marker: true.",
	Ref:   guideMarkers,
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "v")
		mark(ctx, s, b, "k")
		r := s.Send(ctx, Request{Bucket: b, Key: "k"})
		s.Expect(r).To(FailWith(404, "NoSuchKey"))
		s.Expect(r).To(HaveHeader("x-amz-delete-marker", "true"))
		r = s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k"})
		s.Expect(r).To(FailWith(404), "HEAD")
		s.Expect(r).To(HaveHeader("x-amz-delete-marker", "true"), "HEAD")
	},
})

var _ = Add(Scenario{
	ID:    "version.marker.get-by-id",
	Rule:  "V-08",
	Says:  "GetObject and HeadObject of a delete marker by its id MUST fail with 405 MethodNotAllowed and x-amz-delete-marker: true.",
	Ref:   guideMarkers,
	SDK:   "s3@v1.114.8 GetObjectOutput.DeleteMarker",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "v")
		id := mark(ctx, s, b, "k")
		r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: "versionId=" + escape(id)})
		s.Expect(r).To(FailWith(405, "MethodNotAllowed"))
		s.Expect(r.Header.Get("x-amz-delete-marker")).To(Equal("true")) // of the header alone: a 405 that is asked for is no want of support
		r = s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k", Query: "versionId=" + escape(id)})
		s.Expect(r).To(FailWith(405), "HEAD")
		s.Expect(r.Header.Get("x-amz-delete-marker")).To(Equal("true"), "HEAD")
	},
})

var _ = Add(Scenario{
	ID:    "version.marker.allow",
	Rule:  "V-08",
	Says:  "The 405 to GetObject of a delete marker by its id MUST carry Allow, and DELETE in it.",
	Ref:   "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "v")
		id := mark(ctx, s, b, "k")
		r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: "versionId=" + escape(id)})
		if r.Status != 405 {
			s.Must(errors.New(Outcome(r)), "get a 405") // version.marker.get-by-id judges it
		}
		s.Expect(r.Header.Get("Allow")).To(ContainSubstring("DELETE"), "Allow")
	},
})

var _ = Add(Scenario{
	ID:    "version.marker.last-modified",
	Rule:  "V-08",
	Says:  "The 405 to GetObject or HeadObject of a delete marker by its id MUST carry Last-Modified.",
	Ref:   api + "API_HeadObject.html",
	SDK:   "s3@v1.114.8 GetObjectOutput.DeleteMarker",
	Level: Must,
	Needs: []Feature{Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "v")
		id := mark(ctx, s, b, "k")
		for _, method := range []string{"GET", "HEAD"} {
			r := s.Send(ctx, Request{Method: method, Bucket: b, Key: "k", Query: "versionId=" + escape(id)})
			s.Expect(r).To(FailWith(405), method)
			s.Expect(r.Header.Get("Last-Modified")).NotTo(BeEmpty(), "Last-Modified of %s", method)
		}
	},
})

var _ = Add(Scenario{
	ID:    "version.copy.from-version",
	Rule:  "V-20",
	Says:  "CopyObject from ?versionId MUST copy that version and return x-amz-copy-source-version-id.",
	Ref:   api + "API_CopyObject.html",
	Level: Must,
	Needs: []Feature{Versioning, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		id := put(ctx, s, b, "k", "old")
		put(ctx, s, b, "k", "new")
		out, err := s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: aws.String("copy"), CopySource: aws.String(b + "/k?versionId=" + escape(id))})
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(out.CopySourceVersionId)).To(Equal(id))
		s.ExpectBody(ctx, b, "copy", "old")
	},
})

var _ = Add(Scenario{
	ID:    "version.copy.from-marker",
	Rule:  "V-20",
	Says:  "CopyObject of a key whose current version is a delete marker MUST fail with 404 NoSuchKey, and make no copy.",
	Ref:   api + "API_CopyObject.html",
	SDK:   "s3@v1.114.8 CopyObjectInput.CopySource",
	Level: Must,
	Needs: []Feature{Versioning, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "v")
		mark(ctx, s, b, "k")
		_, err := s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: aws.String("copy"), CopySource: aws.String(b + "/k")})
		s.Expect(err).To(FailWith(404, "NoSuchKey"))
		s.ExpectAbsent(ctx, b, "copy")
	},
})

var _ = Add(Scenario{
	ID:    "version.copy.from-marker-id",
	Rule:  "V-20",
	Says:  "CopyObject that names a delete marker's id SHOULD fail with 400 InvalidRequest, and make no copy.",
	Ref:   api + "API_UploadPartCopy.html", // which has the 400; CopyObject's page does not speak of it
	Level: Should,
	Needs: []Feature{Versioning, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		put(ctx, s, b, "k", "v")
		id := mark(ctx, s, b, "k")
		_, err := s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: aws.String("copy"), CopySource: aws.String(b + "/k?versionId=" + escape(id))})
		s.Expect(err).To(FailWith(400, "InvalidRequest"))
		s.ExpectAbsent(ctx, b, "copy")
	},
})
