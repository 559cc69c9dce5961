package checksum

import (
	"context"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

// COMPOSITE: the checksum of an object is that of its parts' checksums.

var _ = func() struct{} {
	for _, a := range digest.Every() {
		if a.Composite {
			addComposite(a)
		}
	}
	return struct{}{}
}()

func addComposite(a digest.Algorithm) {
	Add(about(a, Scenario{
		ID:    "checksum.composite.value." + a.ID(),
		Rule:  "K-09",
		Says:  "A multipart object with COMPOSITE " + a.Name + " MUST carry the checksum of its parts' checksums, a dash and their number, as COMPOSITE.",
		Ref:   guideTypes,
		Level: Must,
		Needs: []Feature{Checksum, Multipart},
		Check: func(ctx context.Context, s *S) {
			u := begin(ctx, s, algHeader, a.Name, typeHeader, composite)
			first, last := s.Bytes(minPart), []byte(body)
			r := u.complete(ctx, u.list(ctx, a, first, last)...)
			s.Expect(r).To(OK())
			s.Expect(element(r.Body, a.Element())).To(Equal(a.OfParts(first, last)), "CompleteMultipartUpload")
			s.Expect(element(r.Body, "ChecksumType")).To(Equal(composite), "CompleteMultipartUpload")
			head := read(ctx, s, "HEAD", u.bucket, u.key)
			s.Expect(head).To(HaveHeader(a.Header(), a.OfParts(first, last)), "HeadObject")
			s.Expect(head).To(HaveHeader(typeHeader, composite), "HeadObject")
		},
	}))
}

var _ = Add(Scenario{
	ID:    "checksum.composite.one-part",
	Rule:  "K-09",
	Says:  "A COMPOSITE checksum of a single part MUST be that of the part's checksum with -1 behind it, not the part's own.",
	Ref:   guideTypes,
	Level: Must,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		u := begin(ctx, s, algHeader, "SHA256")
		r := u.complete(ctx, u.list(ctx, digest.SHA256, []byte(body))...)
		s.Expect(r).To(OK())
		s.Expect(element(r.Body, "ChecksumSHA256")).To(Equal(digest.SHA256.OfParts([]byte(body))))
	},
})

var _ = Add(Scenario{
	ID:    "checksum.composite.unlisted",
	Rule:  "K-09",
	Says:  "CompleteMultipartUpload of a COMPOSITE upload SHOULD fail with 400 InvalidRequest when a part is listed without its checksum, and create nothing.",
	Ref:   "https://github.com/boto/s3transfer/issues/241",
	Level: Should,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		u := begin(ctx, s, algHeader, "SHA256")
		rows := u.list(ctx, digest.SHA256, []byte(body))
		s.Expect(u.complete(ctx, bare(rows)...)).To(FailWith(400, "InvalidRequest"))
		s.ExpectAbsent(ctx, u.bucket, u.key)
		s.Expect(u.complete(ctx, rows...)).To(OK(), "the same list with its checksum")
	},
})

var _ = Add(Scenario{
	ID:    "checksum.composite.unsent",
	Rule:  "K-09",
	Says:  "UploadPart without a checksum to an upload created with a COMPOSITE one SHOULD fail with 400 InvalidRequest.",
	Ref:   "https://github.com/versity/versitygw/issues/1342",
	Level: Should,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		slot := PartSlot(ctx, s, Header(algHeader, "CRC32"), Header(typeHeader, composite))
		s.Expect(slot.Send(ctx, Request{Body: []byte(body)})).To(FailWith(400, "InvalidRequest"))
		slot.ExpectEmpty(ctx)
	},
})

var _ = Add(Scenario{
	ID:    "checksum.complete.wrong-part",
	Rule:  "K-09",
	Says:  "CompleteMultipartUpload SHOULD fail with 400 InvalidPart when the checksum that it lists for a part is not the part's, and create nothing.",
	Ref:   awsTranscript,
	Level: Should,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		u := begin(ctx, s, algHeader, "SHA256")
		rows := u.list(ctx, digest.SHA256, []byte(body))
		wrong := listed{1, rows[0].etag, "ChecksumSHA256", digest.SHA256.Of([]byte("other"))}
		s.Expect(u.complete(ctx, wrong)).To(FailWith(400, "InvalidPart"))
		s.ExpectAbsent(ctx, u.bucket, u.key)
		s.Expect(u.complete(ctx, rows...)).To(OK(), "the part's own checksum")
	},
})

var _ = Add(Scenario{
	ID:    "checksum.composite.wrong-whole",
	Rule:  "K-09",
	Says:  "CompleteMultipartUpload SHOULD fail with 400 BadDigest when the composite checksum that it carries is not the object's, and create nothing.",
	Ref:   apiComplete + "#API_CompleteMultipartUpload_RequestParameters",
	Level: Should,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		u := begin(ctx, s, algHeader, "SHA256")
		rows := u.list(ctx, digest.SHA256, []byte(body))
		r := u.completeWith(ctx, header("x-amz-checksum-sha256", digest.SHA256.OfParts([]byte("other"))), rows...)
		s.Expect(r).To(FailWith(400, "BadDigest"))
		s.ExpectAbsent(ctx, u.bucket, u.key)
		s.Expect(u.completeWith(ctx, header("x-amz-checksum-sha256", digest.SHA256.OfParts([]byte(body))), rows...)).To(OK(), "the right one")
	},
})
