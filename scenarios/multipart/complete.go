package multipart

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "multipart.complete.etag",
	Rule:  "M-09",
	Says:  "The ETag of an object completed from N parts MUST be the MD5 of the parts' MD5s with -N behind it.",
	Ref:   guide + "checking-object-integrity-upload.html",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		twoParts(ctx, s, b, "k", "tail")
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(head.ETag)).To(Equal(compositeETag(s.Bytes(minPart), []byte("tail"))))
		u := create(ctx, s, b, "one")
		s.Must(failed(u.complete(ctx, u.part(ctx, 1, []byte("alone")))), "complete the upload")
		head, err = s.Head(ctx, b, "one")
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(head.ETag)).To(Equal(compositeETag([]byte("alone"))), "of one part")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.too-small",
	Rule:  "M-05",
	Says:  "CompleteMultipartUpload with a part below 5 MiB that is not the last MUST fail with 400 EntityTooSmall.",
	Ref:   apiComplete,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		small, almost, enough, tail := u.part(ctx, 1, []byte("small")), u.part(ctx, 2, s.Bytes(minPart-1)), u.part(ctx, 3, s.Bytes(minPart)), u.part(ctx, 5, []byte("tail"))
		for name, parts := range map[string][]part{"5 bytes": {small, tail}, "one byte below": {almost, tail}, "the first of three": {small, enough, tail},
			"the second of three": {enough, u.part(ctx, 4, []byte("small")), tail}} {
			s.Expect(u.complete(ctx, parts...)).To(FailWith(400, "EntityTooSmall"), name)
		}
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.order",
	Rule:  "M-06",
	Says:  "CompleteMultipartUpload whose part numbers do not ascend MUST fail with 400 InvalidPartOrder.",
	Ref:   apiComplete,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		one, two := u.part(ctx, 1, s.Bytes(minPart)), u.part(ctx, 2, s.Bytes(minPart))
		s.Expect(u.complete(ctx, two, one)).To(FailWith(400, "InvalidPartOrder"))
		s.ExpectAbsent(ctx, b, "k")
	},
})

// The page asks for ascending order; whether equal numbers ascend it leaves
// open.
var _ = Add(Scenario{
	ID:    "multipart.complete.number-twice",
	Rule:  "M-06",
	Says:  "CompleteMultipartUpload that lists a part number twice SHOULD fail with 400 InvalidPartOrder and create nothing.",
	Ref:   apiComplete,
	Level: Should,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		one := u.part(ctx, 1, s.Bytes(minPart))
		s.Expect(u.complete(ctx, one, one)).To(FailWith(400, "InvalidPartOrder"))
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.invalid-part",
	Rule:  "M-07",
	Says:  "CompleteMultipartUpload that names a part never uploaded, or a wrong ETag, MUST fail with 400 InvalidPart.",
	Ref:   apiComplete,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		p := u.part(ctx, 1, []byte("x"))
		s.Expect(u.complete(ctx, part{2, p.etag})).To(FailWith(400, "InvalidPart"), "a number never uploaded")
		s.Expect(u.complete(ctx, part{1, `"00000000000000000000000000000000"`})).To(FailWith(400, "InvalidPart"), "a wrong ETag")
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.empty",
	Rule:  "M-08",
	Says:  "CompleteMultipartUpload without any part MUST fail with 400.",
	Ref:   api + "API_CompletedMultipartUpload.html",
	SDK:   "s3@v1.114.8 types.CompletedMultipartUpload.Parts",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		u.part(ctx, 1, []byte("x"))
		s.Expect(u.complete(ctx)).To(FailWith(400), "an empty list")
		r := u.post(ctx, nil)
		s.Observe("no body", Outcome(r))
		s.Expect(r).To(FailWith(400), "no body")
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.empty-code",
	Rule:  "M-08",
	Says:  "The 400 to a CompleteMultipartUpload with an empty list SHOULD carry MalformedXML.",
	Ref:   apiErrors,
	Level: Should,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		u := create(ctx, s, s.Bucket(ctx), "k")
		s.Expect(u.complete(ctx)).To(FailWith(400, "MalformedXML"))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.subset",
	Rule:  "M-10",
	Says:  "CompleteMultipartUpload MAY name any of the uploaded parts, their numbers not consecutive; the object MUST hold those alone.",
	Ref:   apiComplete,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		u.part(ctx, 1, []byte("left out"))
		nine := u.part(ctx, 9, s.Bytes(minPart))
		u.part(ctx, 5, []byte("left out too"))
		ten := u.part(ctx, 10, []byte("tail")) // which sorts before 9 as text
		s.Expect(u.complete(ctx, nine, ten)).To(OK())
		got, err := s.Get(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(len(got.Bytes)).To(Equal(minPart+4), "bytes of the object")
		s.Expect(bytes.HasPrefix(got.Bytes, s.Bytes(minPart))).To(BeTrue(), "the object begins with part 9")
		s.Expect(string(got.Bytes[minPart:])).To(Equal("tail"), "behind part 9")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.retry-after-failure",
	Rule:  "M-11",
	Says:  "An upload whose completion was refused SHOULD still be there to be listed, completed or aborted.",
	Ref:   apiComplete,
	Level: Should,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		p := u.part(ctx, 1, []byte("x"))
		s.Expect(u.complete(ctx, part{2, p.etag})).To(FailWith(400, "InvalidPart"))
		out, err := u.parts(ctx)
		s.Expect(err).To(OK(), "ListParts after the refusal")
		s.Expect(out.Parts).To(HaveLen(1))
		s.Expect(u.complete(ctx, p)).To(OK())
		s.ExpectBody(ctx, b, "k", "x")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.twice",
	Rule:  "M-12",
	Says:  "A second, equal CompleteMultipartUpload MAY succeed with the same ETag or fail with 404 NoSuchUpload; which is recorded.",
	Ref:   apiComplete,
	Level: Disputed,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		p := u.part(ctx, 1, []byte("x"))
		s.Must(failed(u.complete(ctx, p)), "complete the upload")
		s.Observe("second completion", Outcome(u.complete(ctx, p)))
		s.ExpectBody(ctx, b, "k", "x")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.never-reapplied",
	Rule:  "M-29",
	Says:  "A repeated CompleteMultipartUpload MUST NOT bring back an object that was overwritten or deleted in between, nor harm the one that was completed.",
	Ref:   apiComplete,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, key := range []string{"kept", "overwritten", "deleted"} {
			u := create(ctx, s, b, key)
			p := u.part(ctx, 1, []byte("x"))
			s.Must(failed(u.complete(ctx, p)), "complete the upload")
			if key != "kept" {
				s.MustPut(ctx, b, key, "newer")
			}
			if key == "deleted" {
				_, err := s.Delete(ctx, b, key)
				s.Must(err, "delete the object")
			}
			s.Observe("second completion", Outcome(u.complete(ctx, p)))
		}
		s.ExpectUnchanged(ctx, b, "kept", "x")
		s.ExpectUnchanged(ctx, b, "overwritten", "newer")
		s.ExpectAbsent(ctx, b, "deleted")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.precedence",
	Rule:  "M-16",
	Says:  "After two uploads of one key are completed the object MUST be one of them, whole; whether the last completed or the last initiated wins is recorded.",
	Ref:   guideOverview,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		first, second := create(ctx, s, b, "k"), create(ctx, s, b, "k")
		one, two := first.part(ctx, 1, []byte("first")), second.part(ctx, 1, []byte("second"))
		s.Must(failed(second.complete(ctx, two)), "complete the upload initiated last")
		s.Must(failed(first.complete(ctx, one)), "complete the upload initiated first")
		got, err := s.Get(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(string(got.Bytes)).To(BeElementOf("first", "second"))
		s.Observe("the object is of the upload initiated", string(got.Bytes))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.last-modified",
	Rule:  "M-17",
	Says:  "Last-Modified of an object made by a multipart upload MUST be the time the upload was initiated.",
	Ref:   guide + "UsingMetadata.html",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		s.MustPut(ctx, b, "mark", "x") // written right behind the initiation
		mark := lastModified(ctx, s, b, "mark")
		var later time.Time
		// Two seconds as shown, so that clocks of one service may differ by one.
		s.Settle(ctx, "the server's clock is two seconds on", func() error {
			s.MustPut(ctx, b, "later", "x")
			if later = lastModified(ctx, s, b, "later"); later.Sub(mark) < 2*time.Second {
				return errors.New("not yet")
			}
			return nil
		})
		s.Must(failed(u.complete(ctx, u.part(ctx, 1, []byte("x")))), "complete the upload")
		s.Expect(lastModified(ctx, s, b, "k")).To(BeTemporally("<", later), "Last-Modified against an object put right before the completion")
	},
})

func lastModified(ctx context.Context, s *S, bucket, key string) time.Time {
	head, err := s.Head(ctx, bucket, key)
	s.Must(err, "read the date of "+key)
	if head.LastModified == nil {
		s.Must(errors.New("no Last-Modified"), "read the date of "+key)
	}
	return *head.LastModified
}

var _ = Add(Scenario{
	ID:    "multipart.complete.object-size",
	Rule:  "M-25",
	Says:  "CompleteMultipartUpload whose x-amz-mp-object-size is not the object's size MUST fail with 400 InvalidRequest.",
	Ref:   apiComplete,
	SDK:   "s3@v1.114.8 CompleteMultipartUploadInput.MpuObjectSize",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		p := u.part(ctx, 1, []byte("four"))
		s.Expect(u.post(ctx, body(p), [2]string{"x-amz-mp-object-size", "5"})).To(FailWith(400, "InvalidRequest"))
		s.ExpectAbsent(ctx, b, "k")
		s.Expect(u.post(ctx, body(p), [2]string{"x-amz-mp-object-size", "4"})).To(OK(), "the right size")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.zero-byte-part",
	Rule:  "M-26",
	Says:  "An upload of a single part of no bytes SHOULD complete to an empty object whose ETag ends in -1.",
	Ref:   apiComplete,
	Level: Should,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		r := u.send(ctx, 1, nil)
		s.Expect(r).To(OK(), "UploadPart of no bytes")
		s.Expect(u.complete(ctx, part{1, r.Header.Get("ETag")})).To(OK())
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(aws.ToInt64(head.ContentLength)).To(BeZero())
		s.Expect(aws.ToString(head.ETag)).To(HaveSuffix(`-1"`))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.lenient-xml",
	Rule:  "M-27",
	Says:  "CompleteMultipartUpload SHOULD accept unquoted ETags, a missing namespace and any order of elements.",
	Ref:   apiComplete,
	Level: Should,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for name, xml := range map[string]string{
			"unquoted": `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Part><PartNumber>1</PartNumber><ETag>TAG</ETag></Part></CompleteMultipartUpload>`,
			"plain":    `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"TAG"</ETag></Part></CompleteMultipartUpload>`,
			"order":    `<?xml version="1.0"?><CompleteMultipartUpload><Part><ETag>&quot;TAG&quot;</ETag><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>`,
		} {
			u := create(ctx, s, b, name)
			bare := strings.Trim(u.part(ctx, 1, []byte("x")).etag, `"`)
			s.Expect(u.post(ctx, []byte(strings.Replace(xml, "TAG", bare, 1)))).To(OK(), "%s", name)
			s.ExpectBody(ctx, b, name, "x")
		}
	},
})
