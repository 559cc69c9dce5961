package multipart

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

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
		last, of := create(ctx, s, b, "b"), []string{name(create(ctx, s, b, "a"))}
		var got []string
		var out *s3.ListMultipartUploadsOutput
		s.Settle(ctx, "two uploads of one key are initiated at different times", func() error {
			of = append(of, name(create(ctx, s, b, "a")))
			got, out = uploads(ctx, s, b)
			s.Expect(got).To(HaveLen(len(of) + 1))
			if first := out.Uploads[0].Initiated; aws.ToTime(first).Equal(aws.ToTime(out.Uploads[len(of)-1].Initiated)) {
				return fmt.Errorf("all of %d are initiated at %s", len(of), first)
			}
			return nil
		})
		s.Expect(got[len(of)]).To(Equal(name(last)))
		s.Expect(got[:len(of)]).To(ConsistOf(of), "uploads of key a")
		s.Expect(slices.IsSortedFunc(out.Uploads[:len(of)], func(x, y types.MultipartUpload) int {
			return aws.ToTime(x.Initiated).Compare(aws.ToTime(y.Initiated))
		})).To(BeTrue(), "the uploads of key a are sorted by the time of their initiation")
		s.Expect(aws.ToBool(out.IsTruncated)).To(BeFalse())
	},
})

var _ = Add(Scenario{
	ID:    "multipart.uploads.entry",
	Rule:  "M-20",
	Says:  "ListMultipartUploads MUST tell of each upload its initiator, its owner, its storage class and when it was initiated, whenever it is asked.",
	Ref:   apiUploads + "#API_ListMultipartUploads_ResponseSyntax",
	SDK:   "s3@v1.114.8 types.MultipartUpload",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		create(ctx, s, b, "k")
		_, out := uploads(ctx, s, b)
		s.Expect(out.Uploads).To(HaveLen(1))
		up := out.Uploads[0]
		s.Expect(up.Initiator).NotTo(BeNil(), "Initiator")
		s.Expect(aws.ToString(up.Initiator.ID)).NotTo(BeEmpty(), "Initiator's ID")
		s.Expect(up.Owner).NotTo(BeNil(), "Owner")
		s.Expect(aws.ToString(up.Owner.ID)).NotTo(BeEmpty(), "Owner's ID")
		s.Expect(up.StorageClass).To(Equal(types.StorageClassStandard), "StorageClass")
		s.Expect(up.Initiated).NotTo(BeNil(), "Initiated")
		_, again := uploads(ctx, s, b)
		s.Expect(again.Uploads).To(HaveLen(1))
		s.Expect(again.Uploads[0].Initiated).To(Equal(up.Initiated), "Initiated when listed again")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.uploads.owner",
	Rule:  "M-20",
	Says:  "ListMultipartUploads and ListParts MUST name as the owner of an upload whoever owns the object once it is made.",
	Ref:   apiParts + "#API_ListParts_ResponseElements",
	SDK:   "s3@v1.114.8 ListPartsOutput.Owner",
	Level: Must,
	Needs: []Feature{Multipart, Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		p := u.part(ctx, 1, []byte("x"))
		parts, err := u.parts(ctx)
		s.Expect(err).To(OK(), "ListParts")
		_, all := uploads(ctx, s, b)
		s.Expect(all.Uploads).To(HaveLen(1))
		s.Must(failed(u.complete(ctx, p)), "complete the upload")
		list, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b, FetchOwner: aws.Bool(true)})
		s.Must(err, "list the object with its owner")
		if len(list.Contents) != 1 || list.Contents[0].Owner == nil {
			s.Must(errors.New("no owner in the listing"), "list the object with its owner")
		}
		want := aws.ToString(list.Contents[0].Owner.ID)
		s.Expect(parts.Owner).NotTo(BeNil(), "Owner in ListParts")
		s.Expect(aws.ToString(parts.Owner.ID)).To(Equal(want), "Owner in ListParts")
		s.Expect(all.Uploads[0].Owner).NotTo(BeNil(), "Owner in ListMultipartUploads")
		s.Expect(aws.ToString(all.Uploads[0].Owner.ID)).To(Equal(want), "Owner in ListMultipartUploads")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.uploads.encoding",
	Rule:  "M-20",
	Says:  "ListMultipartUploads with encoding-type=url MUST encode Key, Prefix, Delimiter, KeyMarker and NextKeyMarker.",
	Ref:   apiUploads + "#API_ListMultipartUploads_ResponseElements",
	SDK:   "s3@v1.114.8 ListMultipartUploadsOutput.EncodingType",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		create(ctx, s, b, "x %1")
		create(ctx, s, b, "x %2")
		_, out := uploads(ctx, s, b, func(in *s3.ListMultipartUploadsInput) {
			in.EncodingType, in.Prefix, in.Delimiter, in.KeyMarker, in.MaxUploads = types.EncodingTypeUrl, aws.String("x %"), aws.String("|%"), aws.String("x % %"), aws.Int32(1)
		})
		s.Expect(out.Uploads).To(HaveLen(1))
		for field, v := range map[string]struct{ got, want *string }{
			"Key": {out.Uploads[0].Key, aws.String("x %1")}, "Prefix": {out.Prefix, aws.String("x %")}, "Delimiter": {out.Delimiter, aws.String("|%")},
			"KeyMarker": {out.KeyMarker, aws.String("x % %")}, "NextKeyMarker": {out.NextKeyMarker, aws.String("x %1")},
		} {
			s.Expect(aws.ToString(v.got)).NotTo(Equal(aws.ToString(v.want)), field)
			s.Expect(url.QueryUnescape(aws.ToString(v.got))).To(Equal(aws.ToString(v.want)), field)
		}
	},
})

var _ = Add(Scenario{
	ID:    "multipart.uploads.key-marker",
	Rule:  "M-20",
	Says:  "ListMultipartUploads with key-marker alone MUST list the uploads of greater keys, with upload-id-marker also those of that key begun later.",
	Ref:   apiUploads + "#API_ListMultipartUploads_RequestSyntax",
	SDK:   "s3@v1.114.8 ListMultipartUploadsInput.KeyMarker",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		create(ctx, s, b, "a")
		first, other, last := create(ctx, s, b, "b"), create(ctx, s, b, "b"), create(ctx, s, b, "c")
		got, _ := uploads(ctx, s, b, func(in *s3.ListMultipartUploadsInput) { in.KeyMarker = aws.String("b") })
		s.Expect(got).To(Equal([]string{name(last)}), "key-marker=b")
		later := 0
		for _, marker := range []upload{first, other} { // which of the two is listed first is no matter here
			got, _ = uploads(ctx, s, b, func(in *s3.ListMultipartUploadsInput) { in.KeyMarker, in.UploadIdMarker = aws.String("b"), &marker.id })
			s.Expect(got).NotTo(ContainElement(name(marker)), "the upload named as marker")
			s.Expect(got).To(ContainElement(name(last)), "an upload of a greater key")
			later += len(got) - 1
		}
		s.Expect(later).To(Equal(1), "uploads of key b behind either of the two")
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
		var want []string
		for _, key := range []string{"a", "a", "a", "b", "c"} {
			want = append(want, name(create(ctx, s, b, key)))
		}
		for _, size := range []int32{1, 2, 5, 6} {
			got, _ := uploadPages(ctx, s, b, size, nil)
			s.Expect(got).To(ConsistOf(want), "pages of %d", size)
		}
	},
})

// mostPages is more than any listing here has, on a server whose pages are small
// too.
const mostPages = 1100

// uploadPages lists the uploads and common prefixes of a bucket in pages of
// the given size.
func uploadPages(ctx context.Context, s *S, bucket string, size int32, seek func(*s3.ListMultipartUploadsInput)) (all, prefixes []string) {
	var key, id *string
	for range mostPages {
		page, out := uploads(ctx, s, bucket, func(in *s3.ListMultipartUploadsInput) {
			if in.MaxUploads, in.KeyMarker, in.UploadIdMarker = &size, key, id; seek != nil {
				seek(in)
			}
		})
		s.Expect(len(page)).To(BeNumerically("<=", int(size)), "uploads on a page") // whether common prefixes count is not documented
		all = append(all, page...)
		for _, p := range out.CommonPrefixes {
			prefixes = append(prefixes, aws.ToString(p.Prefix))
		}
		if !aws.ToBool(out.IsTruncated) {
			return all, prefixes
		}
		s.Expect(len(page)+len(out.CommonPrefixes)).To(BeNumerically(">", 0), "entries on a truncated page")
		key, id = out.NextKeyMarker, out.NextUploadIdMarker
	}
	s.Expect(all).To(BeEmpty(), "the listing did not end within %d pages", mostPages)
	return nil, nil
}

var _ = Add(Scenario{
	ID:    "multipart.uploads.prefix-pages",
	Rule:  "M-20",
	Says:  "Pages of ListMultipartUploads with prefix and delimiter MUST together hold each upload once, and every common prefix.",
	Ref:   apiUploads,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		var want []string
		for _, key := range []string{"o", "p/a/1", "p/a/1", "p/a/2", "p/b", "p/b", "p/c/3", "q"} {
			u := create(ctx, s, b, key)
			if key == "p/b" {
				want = append(want, name(u))
			}
		}
		for _, size := range []int32{1, 2, 3, 4} {
			got, prefixes := uploadPages(ctx, s, b, size, func(in *s3.ListMultipartUploadsInput) {
				in.Prefix, in.Delimiter = aws.String("p/"), aws.String("/")
			})
			s.Expect(got).To(ConsistOf(want), "uploads, pages of %d", size)
			s.Expect(slices.Compact(slices.Sorted(slices.Values(prefixes)))).To(Equal([]string{"p/a/", "p/c/"}), "common prefixes, pages of %d", size)
		}
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

var _ = Add(Scenario{
	ID:    "multipart.uploads.cap",
	Rule:  "M-20",
	Says:  "A page of ListMultipartUploads MUST NOT hold more than 1,000 uploads, whether max-uploads asks for more or is absent, and those behind it follow on the next.",
	Ref:   apiUploads + "#API_ListMultipartUploads_RequestSyntax",
	SDK:   "s3@v1.114.8 ListMultipartUploadsInput.MaxUploads",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		begin(ctx, s, b, 1001)
		for name, limit := range map[string]*int32{"none given": nil, "max-uploads=1001": aws.Int32(1001), "max-uploads=5000": aws.Int32(5000)} {
			got, out := uploads(ctx, s, b, func(in *s3.ListMultipartUploadsInput) { in.MaxUploads = limit })
			s.Expect(len(got)).To(BeNumerically("<=", 1000), "uploads on a page, %s", name)
			s.Expect(aws.ToBool(out.IsTruncated)).To(BeTrue(), "IsTruncated with 1,001 uploads, %s", name)
		}
		all, _ := uploadPages(ctx, s, b, 1000, nil)
		slices.Sort(all)
		s.Expect(len(slices.Compact(all))).To(Equal(1001), "different uploads on all pages")
	},
})

// begin begins n uploads of keys that are listed in turn, eight at a time, as a
// precondition.
func begin(ctx context.Context, s *S, bucket string, n int) {
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for w := range errs {
		wg.Go(func() {
			for i := w; i < n && errs[w] == nil; i += len(errs) {
				_, errs[w] = s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: aws.String(fmt.Sprintf("k%04d", i))})
			}
		})
	}
	wg.Wait()
	s.Must(errors.Join(errs...), fmt.Sprintf("begin %d uploads", n))
}
