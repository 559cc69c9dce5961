package checksum

import (
	"bytes"
	"context"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

// FULL_OBJECT: the server has the checksum of all bytes from those of parts.

var _ = func() struct{} {
	for _, a := range digest.All() {
		if a.Full {
			addFull(a)
			addFullWrong(a)
		}
	}
	for _, kinds := range [][2]string{{full, composite}, {composite, full}} {
		addOtherType(kinds[0], kinds[1])
	}
	return struct{}{}
}()

func addFull(a digest.Algorithm) {
	Add(Scenario{
		ID:    "checksum.full.value." + a.ID(),
		Rule:  "K-10",
		Says:  "A multipart object with FULL_OBJECT " + a.Name + " MUST carry the checksum of all its bytes, as FULL_OBJECT, whether or not the client sent any.",
		Ref:   guideTypes,
		Level: Must,
		Needs: []Feature{Checksum, Multipart},
		Check: func(ctx context.Context, s *S) {
			u := begin(ctx, s, algHeader, a.Name, typeHeader, full)
			first, last := s.Bytes(minPart), []byte(body)
			want := a.Of(bytes.Join([][]byte{first, last}, nil))
			r := u.complete(ctx, listed{number: 1, etag: u.mustPart(ctx, 1, first)}, listed{number: 2, etag: u.mustPart(ctx, 2, last)})
			s.Expect(r).To(OK())
			s.Expect(element(r.Body, a.Element())).To(Equal(want), "CompleteMultipartUpload")
			s.Expect(element(r.Body, "ChecksumType")).To(Equal(full), "CompleteMultipartUpload")
			head := read(ctx, s, "HEAD", u.bucket, u.key)
			s.Expect(head).To(HaveHeader(a.Header(), want), "HeadObject")
			s.Expect(head).To(HaveHeader(typeHeader, full), "HeadObject")
		},
	})
}

func addFullWrong(a digest.Algorithm) {
	Add(Scenario{
		ID:    "checksum.full.wrong." + a.ID(),
		Rule:  "K-10",
		Says:  "CompleteMultipartUpload MUST fail with 400 BadDigest when the FULL_OBJECT " + a.Name + " that it carries is not the object's, and create nothing.",
		Ref:   apiErrors,
		SDK:   "s3@v1.114.8 CompleteMultipartUploadInput." + a.Element(),
		Level: Must,
		Needs: []Feature{Checksum, Multipart},
		Check: func(ctx context.Context, s *S) {
			u := begin(ctx, s, algHeader, a.Name, typeHeader, full)
			rows := u.list(ctx, a, []byte(body))
			r := u.completeWith(ctx, header(a.Header(), a.Of([]byte("other")), typeHeader, full), rows...)
			s.Expect(r).To(FailWith(400, "BadDigest"))
			s.ExpectAbsent(ctx, u.bucket, u.key)
			r = u.completeWith(ctx, header(a.Header(), a.Of([]byte(body)), typeHeader, full), rows...)
			s.Expect(r).To(OK(), "the right one")
			s.ExpectBody(ctx, u.bucket, u.key, body)
		},
	})
}

func addOtherType(created, sent string) {
	Add(Scenario{
		ID:    "checksum.complete.other-type." + map[string]string{full: "full-object", composite: "composite"}[sent],
		Rule:  "K-11",
		Says:  "CompleteMultipartUpload with x-amz-checksum-type " + sent + " of an upload created as " + created + " MUST fail with 400 and create nothing.",
		Ref:   apiComplete + "#API_CompleteMultipartUpload_RequestParameters",
		SDK:   "s3@v1.114.8 CompleteMultipartUploadInput.ChecksumType",
		Level: Must,
		Needs: []Feature{Checksum, Multipart},
		Check: func(ctx context.Context, s *S) {
			u := begin(ctx, s, algHeader, "CRC32", typeHeader, created)
			rows := u.list(ctx, digest.CRC32, []byte(body))
			r := u.completeWith(ctx, header(typeHeader, sent), rows...)
			s.Observe("CompleteMultipartUpload", Outcome(r)) // documented as BadDigest, seen as InvalidRequest
			s.Expect(r).To(FailWith(400, "BadDigest", "InvalidRequest"))
			s.ExpectAbsent(ctx, u.bucket, u.key)
			s.Expect(u.completeWith(ctx, header(typeHeader, created), rows...)).To(OK(), "the type of the upload")
		},
	})
}

var _ = Add(Scenario{
	ID:    "checksum.full.part-echo",
	Rule:  "K-10",
	Says:  "UploadPart without a checksum to an upload with a FULL_OBJECT one SHOULD return the part's checksum of that algorithm.",
	Ref:   awsTranscript,
	Level: Should,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		slot := PartSlot(ctx, s, Header(algHeader, "CRC32"), Header(typeHeader, full))
		r := slot.Send(ctx, Request{Body: []byte(body)})
		s.Expect(r).To(OK())
		s.Expect(r).To(HaveHeader("x-amz-checksum-crc32", digest.CRC32.Of([]byte(body))))
	},
})

var _ = Add(Scenario{
	ID:    "checksum.complete.type-unsaid",
	Rule:  "K-11",
	Says:  "CompleteMultipartUpload MAY leave x-amz-checksum-type out, whatever the upload's type, and then SHOULD succeed.",
	Ref:   "https://github.com/versity/versitygw/issues/1105",
	Level: Should,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		for _, kind := range []string{full, composite} {
			u := begin(ctx, s, algHeader, "CRC32C", typeHeader, kind)
			s.Expect(u.complete(ctx, u.list(ctx, digest.CRC32C, []byte(body))...)).To(OK(), kind)
		}
	},
})
