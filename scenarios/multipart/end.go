package multipart

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "multipart.abort.answer",
	Rule:  "M-13",
	Says:  "AbortMultipartUpload MUST answer 204; UploadPart, ListParts and completion of that upload then fail with 404 NoSuchUpload.",
	Ref:   apiAbort,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		p := u.part(ctx, 1, []byte("x"))
		s.Expect(u.abort(ctx)).To(HaveStatus(204))
		s.Expect(u.send(ctx, 2, []byte("x"))).To(FailWith(404, "NoSuchUpload"), "UploadPart")
		_, err := u.parts(ctx)
		s.Expect(err).To(FailWith(404, "NoSuchUpload"), "ListParts")
		s.Expect(u.complete(ctx, p)).To(FailWith(404, "NoSuchUpload"), "CompleteMultipartUpload")
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.abort.unknown",
	Rule:  "M-14",
	Says:  "AbortMultipartUpload of an upload that does not exist MUST fail with 404 NoSuchUpload.",
	Ref:   apiAbort,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		u := create(ctx, s, s.Bucket(ctx), "k")
		s.Must(failed(u.abort(ctx)), "abort the upload")
		s.Expect(u.abort(ctx)).To(FailWith(404, "NoSuchUpload"))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.parts.order",
	Rule:  "M-19",
	Says:  "ListParts MUST list parts by ascending number with their size, ETag and date, and name the initiator, the owner and the storage class.",
	Ref:   apiParts,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		u := create(ctx, s, s.Bucket(ctx), "k")
		for _, n := range []int{30, 2, 11} {
			u.part(ctx, n, s.Bytes(n))
		}
		out, err := u.parts(ctx)
		s.Expect(err).To(OK())
		var got []string
		for _, p := range out.Parts {
			got = append(got, fmt.Sprintf("%d:%d", aws.ToInt32(p.PartNumber), aws.ToInt64(p.Size)))
			s.Expect(aws.ToString(p.ETag)).To(Equal(compositePart(s.Bytes(int(aws.ToInt64(p.Size))))), "ETag of part %d", *p.PartNumber)
			s.Expect(p.LastModified).NotTo(BeNil(), "LastModified of part %d", *p.PartNumber)
		}
		s.Expect(got).To(Equal([]string{"2:2", "11:11", "30:30"}))
		s.Expect(out.Owner).NotTo(BeNil(), "Owner")
		s.Expect(out.Initiator).NotTo(BeNil(), "Initiator")
		s.Expect(out.StorageClass).To(Equal(types.StorageClassStandard))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.parts.paging",
	Rule:  "M-19",
	Says:  "Pages of ListParts, continued by NextPartNumberMarker, MUST together list each part once.",
	Ref:   apiParts,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		u := create(ctx, s, s.Bucket(ctx), "k")
		for n := 1; n <= 5; n++ {
			u.part(ctx, n, []byte("x"))
		}
		var got []int32
		var marker *string
		for page := 1; page <= 3; page++ {
			out, err := u.parts(ctx, func(in *s3.ListPartsInput) { in.MaxParts, in.PartNumberMarker = aws.Int32(2), marker })
			s.Expect(err).To(OK(), "page %d", page)
			for _, p := range out.Parts {
				got = append(got, aws.ToInt32(p.PartNumber))
			}
			s.Expect(aws.ToBool(out.IsTruncated)).To(Equal(page < 3), "IsTruncated of page %d", page)
			marker = out.NextPartNumberMarker
		}
		s.Expect(got).To(Equal([]int32{1, 2, 3, 4, 5}))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.parts.limits",
	Rule:  "M-19",
	Says:  "ListParts with max-parts above 1000 MUST return at most 1000 parts.",
	Ref:   apiParts,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		u := create(ctx, s, s.Bucket(ctx), "k")
		u.part(ctx, 1, []byte("x"))
		r := s.Send(ctx, Request{Bucket: u.bucket, Key: u.key, Query: u.query("max-parts=5000")})
		s.Expect(r).To(OK())
		s.Expect(string(r.Body)).To(ContainSubstring("<MaxParts>1000</MaxParts>"))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.parts.bad-limit",
	Rule:  "M-19",
	Says:  "ListParts with a negative or non-numeric max-parts SHOULD fail with 400 InvalidArgument.",
	Ref:   apiParts,
	Level: Should,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		u := create(ctx, s, s.Bucket(ctx), "k")
		for _, bad := range []string{"-1", "abc"} {
			r := s.Send(ctx, Request{Bucket: u.bucket, Key: u.key, Query: u.query("max-parts=" + bad)})
			s.Expect(r).To(FailWith(400, "InvalidArgument"), "max-parts=%s", bad)
		}
	},
})

// uploads lists the uploads of a bucket and returns "key:id" for each.
func uploads(ctx context.Context, s *S, bucket string, edits ...func(*s3.ListMultipartUploadsInput)) ([]string, *s3.ListMultipartUploadsOutput) {
	in := &s3.ListMultipartUploadsInput{Bucket: &bucket}
	for _, edit := range edits {
		edit(in)
	}
	out, err := s.SDK().ListMultipartUploads(ctx, in)
	s.Expect(err).To(OK(), "ListMultipartUploads")
	var got []string
	for _, u := range out.Uploads {
		got = append(got, aws.ToString(u.Key)+":"+aws.ToString(u.UploadId))
	}
	return got, out
}

func name(u upload) string { return u.key + ":" + u.id }

var _ = Add(Scenario{
	ID:    "multipart.uploads.order",
	Rule:  "M-20",
	Says:  "ListMultipartUploads MUST list uploads by key, and those of one key by the time of their initiation.",
	Ref:   apiUploads,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		b2, a1, a2 := create(ctx, s, b, "b"), create(ctx, s, b, "a"), create(ctx, s, b, "a")
		got, out := uploads(ctx, s, b)
		s.Expect(got).To(HaveLen(3))
		s.Expect(got[2]).To(Equal(name(b2)))
		s.Expect(got[:2]).To(ConsistOf(name(a1), name(a2)), "uploads of key a")
		s.Expect(*out.Uploads[0].Initiated).To(BeTemporally("<=", *out.Uploads[1].Initiated))
		s.Expect(aws.ToBool(out.IsTruncated)).To(BeFalse())
	},
})

var _ = Add(Scenario{
	ID:    "multipart.uploads.ended",
	Rule:  "M-20",
	Says:  "Completed and aborted uploads MUST NOT be listed.",
	Ref:   apiUploads,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		done, gone, open := create(ctx, s, b, "done"), create(ctx, s, b, "gone"), create(ctx, s, b, "open")
		s.Must(failed(done.complete(ctx, done.part(ctx, 1, []byte("x")))), "complete an upload")
		s.Must(failed(gone.abort(ctx)), "abort an upload")
		got, _ := uploads(ctx, s, b)
		s.Expect(got).To(Equal([]string{name(open)}))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.uploads.paging",
	Rule:  "M-20",
	Says:  "Pages of ListMultipartUploads, continued by NextKeyMarker and NextUploadIdMarker, MUST together list each upload once.",
	Ref:   apiUploads,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		var want, got []string
		for _, key := range []string{"a", "a", "a", "b", "c"} {
			want = append(want, name(create(ctx, s, b, key)))
		}
		var key, id *string
		for page := 1; page <= 3; page++ {
			rows, out := uploads(ctx, s, b, func(in *s3.ListMultipartUploadsInput) {
				in.MaxUploads, in.KeyMarker, in.UploadIdMarker = aws.Int32(2), key, id
			})
			got = append(got, rows...)
			s.Expect(aws.ToBool(out.IsTruncated)).To(Equal(page < 3), "IsTruncated of page %d", page)
			key, id = out.NextKeyMarker, out.NextUploadIdMarker
		}
		s.Expect(got).To(ConsistOf(want))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.uploads.id-marker-alone",
	Rule:  "M-20",
	Says:  "ListMultipartUploads MUST ignore upload-id-marker when key-marker is not given.",
	Ref:   apiUploads,
	SDK:   "s3@v1.114.8 ListMultipartUploadsInput.UploadIdMarker",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		one, two := create(ctx, s, b, "a"), create(ctx, s, b, "b")
		got, _ := uploads(ctx, s, b, func(in *s3.ListMultipartUploadsInput) { in.UploadIdMarker = &two.id })
		s.Expect(got).To(Equal([]string{name(one), name(two)}))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.uploads.prefix-delimiter",
	Rule:  "M-20",
	Says:  "ListMultipartUploads MUST honour prefix and delimiter.",
	Ref:   apiUploads,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, key := range []string{"p/a/1", "p/a/2", "q"} {
			create(ctx, s, b, key)
		}
		direct := create(ctx, s, b, "p/b")
		got, out := uploads(ctx, s, b, func(in *s3.ListMultipartUploadsInput) {
			in.Prefix, in.Delimiter = aws.String("p/"), aws.String("/")
		})
		s.Expect(got).To(Equal([]string{name(direct)}))
		s.Expect(out.CommonPrefixes).To(HaveLen(1))
		s.Expect(aws.ToString(out.CommonPrefixes[0].Prefix)).To(Equal("p/a/"))
	},
})
