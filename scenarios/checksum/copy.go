package checksum

import (
	"context"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

const apiCopy = api + "API_CopyObject.html"

// copyTo copies k of a bucket to another key of it.
func copyTo(ctx context.Context, s *S, bucket, key string, headers ...string) *Response {
	return s.Send(ctx, Request{Method: "PUT", Bucket: bucket, Key: key, Header: append(header(headers...), [2]string{"x-amz-copy-source", "/" + bucket + "/k"})})
}

var _ = func() struct{} {
	for _, a := range digest.Every() {
		addCopy(a)
		addPartCopy(a)
	}
	return struct{}{}
}()

func addCopy(a digest.Algorithm) {
	Add(about(a, Scenario{
		ID:    "checksum.copy.keeps." + a.ID(),
		Rule:  "K-12",
		Says:  "CopyObject MUST give the copy the source's " + a.Name + " when the request names no algorithm.",
		Ref:   apiCopy + "#API_CopyObject_RequestParameters",
		SDK:   "s3@v1.114.8 CopyObjectInput.ChecksumAlgorithm",
		Level: Must,
		Needs: []Feature{Checksum, Copy},
		Check: func(ctx context.Context, s *S) {
			b, want := s.Bucket(ctx), a.Of([]byte(body))
			mustPut(ctx, s, b, "k", body, a)
			r := copyTo(ctx, s, b, "copy")
			s.Expect(r).To(OK())
			s.Expect(read(ctx, s, "HEAD", b, "copy")).To(HaveHeader(a.Header(), want), "HeadObject")
			s.Expect(element(r.Body, a.Element())).To(Equal(want), "CopyObjectResult")
		},
	}))
	Add(about(a, Scenario{
		ID:    "checksum.copy.recomputes." + a.ID(),
		Rule:  "K-12",
		Says:  "CopyObject with x-amz-checksum-algorithm MUST give the copy a " + a.Name + " of its own.",
		Ref:   apiCopy + "#API_CopyObject_RequestParameters",
		SDK:   "s3@v1.114.8 CopyObjectInput.ChecksumAlgorithm",
		Level: Must,
		Needs: []Feature{Checksum, Copy},
		Check: func(ctx context.Context, s *S) {
			b, want := s.Bucket(ctx), a.Of([]byte(body))
			source := digest.SHA1
			if a.Name == source.Name {
				source = digest.SHA256
			}
			mustPut(ctx, s, b, "k", body, source)
			s.Expect(copyTo(ctx, s, b, "copy", algHeader, a.Name)).To(OK())
			head := read(ctx, s, "HEAD", b, "copy")
			s.Expect(head).To(HaveHeader(a.Header(), want))
			s.Expect(head).To(HaveHeader(source.Header(), ""))
		},
	}))
}

func addPartCopy(a digest.Algorithm) {
	Add(about(a, Scenario{
		ID:    "checksum.part-copy.result." + a.ID(),
		Rule:  "K-13",
		Says:  "UploadPartCopy into an upload created with " + a.Name + " MUST return the part's value in CopyPartResult.",
		Ref:   api + "API_CopyPartResult.html",
		Level: Must,
		Needs: []Feature{Checksum, Copy, Multipart},
		Check: func(ctx context.Context, s *S) {
			slot := PartSlot(ctx, s, Header(algHeader, a.Name))
			s.MustPut(ctx, slot.Bucket, "source", body)
			r := slot.Send(ctx, Request{Header: header("x-amz-copy-source", slot.Bucket+"/source")})
			s.Expect(r).To(OK())
			s.Expect(element(r.Body, a.Element())).To(Equal(a.Of([]byte(body))))
			slot.ExpectStored(ctx, body)
		},
	}))
}

var _ = Add(Scenario{
	ID:    "checksum.copy.unknown",
	Rule:  "K-12",
	Says:  "CopyObject with an x-amz-checksum-algorithm that does not exist MUST fail with 400 and copy nothing.",
	Ref:   apiCopy + "#API_CopyObject_RequestParameters",
	SDK:   "s3@v1.114.8 CopyObjectInput.ChecksumAlgorithm",
	Level: Must,
	Needs: []Feature{Checksum, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		mustPut(ctx, s, b, "k", body, digest.CRC32)
		s.Expect(copyTo(ctx, s, b, "copy", algHeader, "CRC16")).To(FailWith(400))
		s.ExpectAbsent(ctx, b, "copy")
	},
})

var _ = Add(Scenario{
	ID:    "checksum.copy.replace",
	Rule:  "K-12",
	Says:  "CopyObject of a key onto itself with REPLACE MUST keep its checksum.",
	Ref:   apiCopy + "#API_CopyObject_RequestParameters",
	SDK:   "s3@v1.114.8 CopyObjectInput.ChecksumAlgorithm",
	Level: Must,
	Needs: []Feature{Checksum, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		mustPut(ctx, s, b, "k", body, digest.CRC32C)
		s.Expect(copyTo(ctx, s, b, "k", "x-amz-metadata-directive", "REPLACE", "x-amz-meta-a", "b")).To(OK())
		s.Expect(read(ctx, s, "HEAD", b, "k")).To(HaveHeader("x-amz-checksum-crc32c", digest.CRC32C.Of([]byte(body))))
	},
})

var _ = Add(Scenario{
	ID:    "checksum.copy.composite",
	Rule:  "K-12",
	Says:  "CopyObject of an object with a COMPOSITE checksum MAY keep that value or compute one of the whole copy; what the server does is recorded.",
	Ref:   apiCopy + "#API_CopyObject_RequestParameters",
	Level: Info,
	Needs: []Feature{Checksum, Copy, Multipart},
	Check: func(ctx context.Context, s *S) {
		u := begin(ctx, s, algHeader, "SHA256")
		u.mustComplete(ctx, u.list(ctx, digest.SHA256, []byte(body))...)
		s.Must(failed(copyTo(ctx, s, u.bucket, "copy")), "copy")
		head := read(ctx, s, "HEAD", u.bucket, "copy")
		value, kind := head.Header.Get("x-amz-checksum-sha256"), head.Header.Get(typeHeader)
		s.Observe("checksum of the copy", value+" "+kind)
		s.Expect([]string{digest.SHA256.Of([]byte(body)), digest.SHA256.OfParts([]byte(body))}).To(ContainElement(value))
	},
})
