package checksum

import (
	"context"
	"net/http"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

// What is stored when the client sends no checksum, and who gets to see it.

var _ = Add(Scenario{
	ID:    "checksum.put.default",
	Rule:  "K-04",
	Says:  "An object stored without a checksum MUST get a CRC64NVME of type FULL_OBJECT, in the answer to PutObject and in later reads.",
	Ref:   guideUpload,
	SDK:   "s3@v1.114.8 PutObjectOutput.ChecksumCRC64NVME",
	Level: Must,
	Needs: []Feature{Checksum, Objects},
	Check: func(ctx context.Context, s *S) {
		slot, want := ObjectSlot(ctx, s), digest.CRC64NVME.Of([]byte(body))
		r := slot.Send(ctx, Request{Body: []byte(body)})
		s.Expect(r).To(OK())
		s.Expect(r).To(HaveHeader("x-amz-checksum-crc64nvme", want), "PutObject")
		for _, method := range []string{"GET", "HEAD"} {
			r := read(ctx, s, method, slot.Bucket, slot.Key)
			s.Expect(r).To(HaveHeader("x-amz-checksum-crc64nvme", want), method)
			s.Expect(r).To(HaveHeader(typeHeader, full), method)
		}
	},
})

var _ = Add(Scenario{
	ID:    "checksum.multipart.default",
	Rule:  "K-04",
	Says:  "A multipart object uploaded without a checksum SHOULD get a CRC64NVME of type FULL_OBJECT in the answer to CompleteMultipartUpload.",
	Ref:   apiComplete + "#API_CompleteMultipartUpload_ResponseElements",
	Level: Should,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		u := begin(ctx, s)
		r := u.complete(ctx, listed{1, u.mustPart(ctx, 1, []byte(body)), "", ""})
		s.Expect(r).To(OK())
		s.Expect(element(r.Body, "ChecksumCRC64NVME")).To(Equal(digest.CRC64NVME.Of([]byte(body))))
		s.Expect(element(r.Body, "ChecksumType")).To(Equal(full))
		s.Observe("HeadObject", read(ctx, s, "HEAD", u.bucket, u.key).Header.Get("x-amz-checksum-crc64nvme"))
	},
})

var _ = func() struct{} {
	for _, a := range digest.Every() {
		Add(about(a, Scenario{
			ID:    "checksum.read.enabled." + a.ID(),
			Rule:  "K-05",
			Says:  "GetObject and HeadObject with x-amz-checksum-mode: ENABLED MUST return the stored checksum and its type.",
			Ref:   apiGet + "#API_GetObject_RequestParameters",
			SDK:   "s3@v1.114.8 GetObjectInput.ChecksumMode",
			Level: Must,
			Needs: []Feature{Checksum, Objects},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				mustPut(ctx, s, b, "k", body, a)
				for _, method := range []string{"GET", "HEAD"} {
					r := read(ctx, s, method, b, "k")
					s.Expect(r).To(OK(), method)
					s.Expect(r).To(HaveHeader(a.Header(), a.Of([]byte(body))), method)
					s.Expect(r).To(HaveHeader(typeHeader, full), method)
				}
			},
		}))
	}
	return struct{}{}
}()

var _ = Add(Scenario{
	ID:    "checksum.read.not-asked",
	Rule:  "K-05",
	Says:  "GetObject and HeadObject without x-amz-checksum-mode MUST NOT return a checksum.",
	Ref:   apiGet + "#API_GetObject_RequestParameters",
	SDK:   "s3@v1.114.8 GetObjectInput.ChecksumMode",
	Level: Must,
	Needs: []Feature{Checksum, Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		mustPut(ctx, s, b, "k", body, digest.SHA256)
		for _, method := range []string{"GET", "HEAD"} {
			r := s.Send(ctx, Request{Method: method, Bucket: b, Key: "k"})
			s.Expect(r).To(OK(), method)
			s.Expect(checksumsIn(r.Header)).To(BeEmpty(), method)
		}
	},
})

// checksumsIn returns the names of the headers that carry a checksum.
func checksumsIn(h http.Header) []string {
	var names []string
	for name := range h {
		if strings.HasPrefix(strings.ToLower(name), "x-amz-checksum-") {
			names = append(names, name)
		}
	}
	return names
}

var _ = Add(Scenario{
	ID:    "checksum.read.part-number",
	Rule:  "C-20",
	Says:  "GetObject with partNumber SHOULD NOT carry a checksum of other bytes than it delivers.",
	Ref:   "https://github.com/localstack/localstack/pull/12842",
	Level: Should,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		u := begin(ctx, s, algHeader, "SHA256")
		first, last := s.Bytes(minPart), []byte(body)
		u.mustComplete(ctx, u.list(ctx, digest.SHA256, first, last)...)
		r := s.Send(ctx, Request{Bucket: u.bucket, Key: u.key, Query: "partNumber=2", Header: header("x-amz-checksum-mode", "ENABLED")})
		s.Expect(r).To(HaveStatus(206))
		s.Expect(r.Header.Get("x-amz-checksum-sha256")).To(BeElementOf("", digest.SHA256.Of(last)))
	},
})
