package multipart

import (
	"bytes"
	"context"
	"fmt"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "multipart.number.get",
	Rule:  "M-21",
	Says:  "GetObject with partNumber of a multipart object MUST answer 206 with that part's bytes, its Content-Range and x-amz-mp-parts-count.",
	Ref:   api + "API_GetObject.html",
	SDK:   "s3@v1.114.8 GetObjectInput.PartNumber",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		parts := [][]byte{s.Bytes(minPart + 100), s.Bytes(minPart), []byte("tail")} // of three sizes
		total := len(parts[0]) + len(parts[1]) + len(parts[2])
		s.Must(failed(u.complete(ctx, u.part(ctx, 1, parts[0]), u.part(ctx, 2, parts[1]), u.part(ctx, 3, parts[2]))), "complete the upload")
		from := 0
		for i, want := range parts {
			r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: fmt.Sprintf("partNumber=%d", i+1)})
			s.Expect(r).To(HaveStatus(206), "part %d", i+1)
			s.Expect(bytes.Equal(r.Body, want)).To(BeTrue(), "part %d: got %d bytes, want the part's %d", i+1, len(r.Body), len(want))
			s.Expect(r).To(HaveHeader("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, from+len(want)-1, total)), "part %d", i+1)
			s.Expect(r).To(HaveHeader("x-amz-mp-parts-count", "3"), "part %d", i+1)
			from += len(want)
		}
	},
})

var _ = Add(Scenario{
	ID:    "multipart.number.head",
	Rule:  "M-21",
	Says:  "HeadObject with partNumber of a multipart object MUST answer 206 with that part's length and x-amz-mp-parts-count.",
	Ref:   api + "API_HeadObject.html",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		twoParts(ctx, s, b, "k", "tail")
		r := s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k", Query: "partNumber=2"})
		s.Expect(r).To(HaveStatus(206))
		s.Expect(r).To(HaveHeader("Content-Length", "4"))
		s.Expect(r).To(HaveHeader("Content-Range", "bytes 5242880-5242883/5242884"))
		s.Expect(r).To(HaveHeader("x-amz-mp-parts-count", "2"))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.number.not-asked",
	Rule:  "M-21",
	Says:  "GetObject and HeadObject MUST NOT return x-amz-mp-parts-count without partNumber, nor of an object that was put whole.",
	Ref:   api + "API_GetObject.html#API_GetObject_ResponseSyntax",
	SDK:   "s3@v1.114.8 GetObjectOutput.PartsCount",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		s.Must(failed(u.complete(ctx, u.part(ctx, 1, []byte("x")))), "complete the upload")
		s.MustPut(ctx, b, "plain", "x")
		r := s.Send(ctx, Request{Bucket: b, Key: "plain", Query: "partNumber=1"})
		s.Expect(r).To(HaveHeader("x-amz-mp-parts-count", ""), "GET of part 1 of an object that was put whole")
		for _, method := range []string{"GET", "HEAD"} {
			r := s.Send(ctx, Request{Method: method, Bucket: b, Key: "k"})
			s.Expect(r).To(HaveStatus(200), method)
			s.Expect(r).To(HaveHeader("x-amz-mp-parts-count", ""), method)
		}
	},
})

var _ = Add(Scenario{
	ID:    "multipart.number.out-of-range",
	Rule:  "M-21",
	Says:  "GetObject with a partNumber above the number of parts MUST fail with 416 InvalidPartNumber.",
	Ref:   apiErrors,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		s.Must(failed(u.complete(ctx, u.part(ctx, 1, []byte("x")))), "complete the upload")
		s.Expect(s.Send(ctx, Request{Bucket: b, Key: "k", Query: "partNumber=2"})).To(FailWith(416, "InvalidPartNumber"))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.number.plain-object",
	Rule:  "M-22",
	Says:  "GetObject with partNumber=1 of an object that was put whole SHOULD return all of it.",
	Ref:   api + "API_GetObject.html",
	Level: Should,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "whole")
		r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: "partNumber=1"})
		s.Expect(r).To(OK())
		s.Expect(string(r.Body)).To(Equal("whole"))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.number.plain-object-second",
	Rule:  "M-22",
	Says:  "GetObject with partNumber=2 of an object that was put whole MAY fail in more than one way; what the server does is recorded.",
	Ref:   api + "API_GetObject.html",
	Level: Disputed,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "whole")
		s.Observe("partNumber=2", Outcome(s.Send(ctx, Request{Bucket: b, Key: "k", Query: "partNumber=2"})))
	},
})
