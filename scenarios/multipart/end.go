package multipart

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "multipart.abort.answer",
	Rule:  "M-13",
	Says:  "AbortMultipartUpload MUST answer 204; UploadPart and completion of that upload then fail with 404 NoSuchUpload, and ListParts shows no part.",
	Ref:   apiAbort,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		p := u.part(ctx, 1, []byte("x"))
		s.Expect(u.abort(ctx)).To(HaveStatus(204))
		s.Expect(u.send(ctx, 2, []byte("x"))).To(FailWith(404, "NoSuchUpload"), "UploadPart")
		expectNotListed(ctx, u, "aborted")
		s.Expect(u.complete(ctx, p)).To(FailWith(404, "NoSuchUpload"), "CompleteMultipartUpload")
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.abort.only-one",
	Rule:  "M-13",
	Says:  "AbortMultipartUpload MUST end the upload that it names alone: another of the same key keeps its parts and can be completed.",
	Ref:   apiAbort,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "the object")
		gone, kept := create(ctx, s, b, "k"), create(ctx, s, b, "k")
		gone.part(ctx, 1, []byte("dropped"))
		p := kept.part(ctx, 1, []byte("kept"))
		s.Expect(gone.abort(ctx)).To(OK())
		s.ExpectBody(ctx, b, "k", "the object")
		s.Expect(kept.complete(ctx, p)).To(OK(), "complete the other upload")
		s.ExpectBody(ctx, b, "k", "kept")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.abort.unknown",
	Rule:  "M-14",
	Says:  "AbortMultipartUpload of an upload that does not exist MUST fail with 404 NoSuchUpload, and end no other.",
	Ref:   apiAbort,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		u := create(ctx, s, s.Bucket(ctx), "k")
		p := u.part(ctx, 1, []byte("x"))
		other := u
		other.key = "other"
		s.Expect(other.abort(ctx)).To(FailWith(404, "NoSuchUpload"), "the id of another key's upload")
		s.Expect(u.complete(ctx, p)).To(OK(), "completion of the upload that has the id")
	},
})

// A client may have to abort an upload several times, says the page; what the
// later ones answer it does not.
var _ = Add(Scenario{
	ID:    "multipart.abort.twice",
	Rule:  "M-14",
	Says:  "A second AbortMultipartUpload of one upload MAY answer 204 or 404 NoSuchUpload; which is recorded.",
	Ref:   apiAbort,
	Level: Info,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		u := create(ctx, s, s.Bucket(ctx), "k")
		s.Must(failed(u.abort(ctx)), "abort the upload")
		s.Observe("second abort", Outcome(u.abort(ctx)))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.abort.never-else",
	Rule:  "M-15",
	Says:  "An upload MUST stay until it is completed or aborted: no object that is put, copied or deleted under its key ends it or takes its parts.",
	Ref:   guideOverview,
	Level: Must,
	Needs: []Feature{Multipart, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		p := u.part(ctx, 1, []byte("of the upload"))
		s.MustPut(ctx, b, "k", "of a PUT")
		_, err := s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: aws.String("k"), CopySource: aws.String(b + "/k"), MetadataDirective: types.MetadataDirectiveReplace})
		s.Must(err, "copy the object onto itself")
		_, err = s.Delete(ctx, b, "k")
		s.Must(err, "delete the object")
		got, _ := uploads(ctx, s, b)
		s.Expect(got).To(Equal([]string{name(u)}), "uploads once the object is gone")
		s.Expect(u.complete(ctx, p)).To(OK())
		s.ExpectBody(ctx, b, "k", "of the upload")
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
		etags := map[int32]string{}
		for _, n := range []int{30, 2, 11} {
			etags[int32(n)] = u.part(ctx, n, s.Bytes(n)).etag
		}
		out, err := u.parts(ctx)
		s.Expect(err).To(OK())
		var got []string
		for _, p := range out.Parts {
			got = append(got, fmt.Sprintf("%d:%d", aws.ToInt32(p.PartNumber), aws.ToInt64(p.Size)))
			n := aws.ToInt32(p.PartNumber)
			s.Expect(aws.ToString(p.ETag)).To(Equal(etags[n]), "ETag of part %d, as UploadPart returned it", n)
			s.Expect(p.LastModified).NotTo(BeNil(), "LastModified of part %d", n)
		}
		s.Expect(got).To(Equal([]string{"2:2", "11:11", "30:30"}))
		s.Expect(out.Owner).NotTo(BeNil(), "Owner")
		s.Expect(out.Initiator).NotTo(BeNil(), "Initiator")
		s.Expect(out.StorageClass).To(Equal(types.StorageClassStandard))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.parts.replaced",
	Rule:  "M-19",
	Says:  "ListParts MUST list a part that was uploaded again once, with the size and the ETag that it has now.",
	Ref:   apiParts,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		u := create(ctx, s, s.Bucket(ctx), "k")
		u.part(ctx, 1, []byte("old"))
		u.part(ctx, 2, []byte("other"))
		again := u.part(ctx, 1, []byte("new and longer"))
		out, err := u.parts(ctx)
		s.Expect(err).To(OK())
		s.Expect(out.Parts).To(HaveLen(2))
		s.Expect(aws.ToInt32(out.Parts[0].PartNumber)).To(Equal(int32(1)))
		s.Expect(aws.ToInt64(out.Parts[0].Size)).To(Equal(int64(14)), "Size of part 1")
		s.Expect(aws.ToString(out.Parts[0].ETag)).To(Equal(again.etag), "ETag of part 1")
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
		want := []int32{1, 2, 4, 10}
		for _, n := range want {
			u.part(ctx, int(n), []byte("x"))
		}
		for _, size := range []int32{1, 2, 3, 4, 5} {
			var got []int32
			var marker *string
			for len(got) < len(want) {
				out, err := u.parts(ctx, func(in *s3.ListPartsInput) { in.MaxParts, in.PartNumberMarker = &size, marker })
				s.Expect(err).To(OK(), "pages of %d behind %v", size, got)
				s.Expect(out.Parts).NotTo(BeEmpty(), "pages of %d behind %v", size, got)
				for _, p := range out.Parts {
					got = append(got, aws.ToInt32(p.PartNumber))
				}
				s.Expect(aws.ToBool(out.IsTruncated)).To(Equal(len(got) < len(want)), "IsTruncated, pages of %d up to %v", size, got)
				marker = out.NextPartNumberMarker
			}
			s.Expect(got).To(Equal(want), "pages of %d", size)
		}
	},
})

var _ = Add(Scenario{
	ID:    "multipart.parts.limits",
	Rule:  "M-19",
	Says:  "ListParts MUST return at most 1000 parts, whether max-parts asks for more or is absent.",
	Ref:   apiParts,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		u := create(ctx, s, s.Bucket(ctx), "k")
		u.fill(ctx, 1001)
		for name, limit := range map[string]*int32{"none given": nil, "max-parts=1001": aws.Int32(1001), "max-parts=5000": aws.Int32(5000)} {
			out, err := u.parts(ctx, func(in *s3.ListPartsInput) { in.MaxParts = limit })
			s.Expect(err).To(OK(), name)
			s.Expect(len(out.Parts)).To(BeNumerically("<=", 1000), "parts on a page, %s", name)
			s.Expect(aws.ToBool(out.IsTruncated)).To(BeTrue(), "IsTruncated with 1,001 parts, %s", name)
			s.Observe("MaxParts, "+name, aws.ToInt32(out.MaxParts))
		}
	},
})

// fill uploads n parts of one byte, eight at a time, as a precondition.
func (u upload) fill(ctx context.Context, n int) {
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for w := range errs {
		wg.Go(func() {
			for number := w + 1; number <= n && errs[w] == nil; number += len(errs) {
				_, errs[w] = u.s.SDK().UploadPart(ctx, &s3.UploadPartInput{Bucket: &u.bucket, Key: &u.key, UploadId: &u.id,
					PartNumber: aws.Int32(int32(number)), Body: strings.NewReader("x")})
			}
		})
	}
	wg.Wait()
	u.s.Must(errors.Join(errs...), fmt.Sprintf("upload %d parts", n))
}

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
