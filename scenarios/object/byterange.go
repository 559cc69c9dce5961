package object

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

const digits = "0123456789"

// ranged asks for a range of k.
func ranged(ctx context.Context, s *S, bucket, spec string) *Response {
	return s.Send(ctx, Request{Bucket: bucket, Key: "k", Header: [][2]string{{"Range", spec}}})
}

// expectPart demands a 206 with exactly these bytes of digits.
func expectPart(s *S, r *Response, spec string, first, last int) {
	s.Expect(r).To(HaveStatus(206), spec)
	s.Expect(string(r.Body)).To(Equal(digits[first:last+1]), "%s: body", spec)
	s.Expect(r).To(HaveHeader("Content-Range", "bytes "+strconv.Itoa(first)+"-"+strconv.Itoa(last)+"/10"), spec)
	s.Expect(r).To(HaveHeader("Content-Length", Or(BeEmpty(), Equal(strconv.Itoa(last-first+1)))), spec) // an answer in chunks has none
}

// rangeCases are single ranges of ten bytes that can be satisfied.
var rangeCases = []struct {
	name, rule, spec, says, ref string
	level                       Level
	first, last                 int
}{
	{"first-last", "C-10", "bytes=0-4", "A range of first and last byte MUST answer 206 with those bytes, Content-Range and, unless it comes in chunks, Content-Length.", refGet, Must, 0, 4},
	{"one-byte", "C-10", "bytes=3-3", "A range of one byte MUST answer 206 with that byte.", refGet, Must, 3, 3},
	{"open", "C-11", "bytes=5-", "A range without a last byte MUST answer 206 up to the end.", rfc9110 + "#section-14.1.2", Must, 5, 9},
	{"suffix", "C-11", "bytes=-3", "A suffix range MUST answer 206 with the last bytes.", rfc9110 + "#section-14.1.2", Must, 7, 9},
	{"suffix-longer", "C-11", "bytes=-50", "A suffix range longer than the object MUST answer 206 with the whole object.", rfc9110 + "#section-14.1.2", Must, 0, 9},
	{"clipped", "C-12", "bytes=7-500", "A last byte beyond the end MUST be clipped to the end.", rfc9110 + "#section-14.1.2", Must, 7, 9},
	{"whole", "C-10", "bytes=0-9", "A range that covers the object MUST answer 206 all the same.", refGet, Must, 0, 9},
	{"leading-zeros", "C-12", "bytes=00-01", "Positions with leading zeros SHOULD be read as decimal numbers.", rfc9110 + "#section-14.1.1", Should, 0, 1},
}

func init() {
	for _, c := range rangeCases {
		Add(Scenario{
			ID:    "object.range." + c.name,
			Rule:  c.rule,
			Says:  c.says,
			Ref:   c.ref,
			Level: c.level,
			Needs: []Feature{Range},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", digits)
				r := ranged(ctx, s, b, c.spec)
				expectPart(s, r, c.spec, c.first, c.last)
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "object.range.accept-ranges",
	Rule:  "C-10",
	Says:  "The answer to a range MUST carry Accept-Ranges: bytes, which indicates that a range was specified.",
	Ref:   refGet + "#API_GetObject_ResponseSyntax",
	SDK:   "s3@v1.114.8 GetObjectOutput.AcceptRanges",
	Level: Must,
	Needs: []Feature{Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", digits)
		s.Expect(ranged(ctx, s, b, "bytes=0-4")).To(HaveHeader("Accept-Ranges", "bytes"), "206")
	},
})

var _ = Add(Scenario{
	ID:    "object.range.accept-ranges.always",
	Rule:  "C-10",
	Says:  "GET and HEAD of a whole object SHOULD carry Accept-Ranges: bytes, so that clients learn that they may ask for ranges.",
	Ref:   rfc9110 + "#section-14.3",
	Level: Should,
	Needs: []Feature{Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", digits)
		s.Expect(s.Send(ctx, Request{Bucket: b, Key: "k"})).To(HaveHeader("Accept-Ranges", "bytes"), "GET")
		s.Expect(s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k"})).To(HaveHeader("Accept-Ranges", "bytes"), "HEAD")
	},
})

var _ = Add(Scenario{
	ID:    "object.range.large",
	Rule:  "C-10",
	Says:  "Ranges of an object of several megabytes MUST be the bytes that were stored there, at any offset.",
	Ref:   refGet,
	SDK:   "s3@v1.114.8 GetObjectInput.Range",
	Level: Must,
	Needs: []Feature{Range},
	Check: func(ctx context.Context, s *S) {
		b, body := s.Bucket(ctx), s.Bytes(3<<20+17)
		s.MustPut(ctx, b, "k", string(body))
		for _, at := range [][2]int{{0, 0}, {1<<20 - 1, 1 << 20}, {1 << 20, 2<<20 - 1}, {16383, 16385}, {len(body) - 1, len(body) - 1}, {5, 3 << 20}} {
			r := ranged(ctx, s, b, "bytes="+strconv.Itoa(at[0])+"-"+strconv.Itoa(at[1]))
			s.Expect(r).To(HaveStatus(206), "%v", at)
			s.Expect(string(r.Body) == string(body[at[0]:at[1]+1])).To(BeTrue(), "bytes %v of the object, got %d bytes", at, len(r.Body))
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.range.unsatisfiable",
	Rule:  "C-13",
	Says:  "A range that begins at or after the end, and bytes=-0, MUST fail with 416 InvalidRange.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", digits)
		for _, spec := range []string{"bytes=10-", "bytes=10-20", "bytes=500-600", "bytes=-0"} {
			s.Expect(ranged(ctx, s, b, spec)).To(FailWith(416, "InvalidRange"), spec)
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.range.unsatisfiable-fields",
	Rule:  "C-13",
	Says:  "The error document of InvalidRange SHOULD hold ActualObjectSize and RangeRequested.",
	Ref:   refErrors,
	Level: Should,
	Needs: []Feature{Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", digits)
		r := ranged(ctx, s, b, "bytes=10-")
		s.Expect(r).To(FailWith(416, "InvalidRange"))
		s.Expect(string(r.Body)).To(ContainSubstring("<ActualObjectSize>10</ActualObjectSize>"))
		s.Expect(string(r.Body)).To(ContainSubstring("<RangeRequested>bytes=10-</RangeRequested>"))
	},
})

var _ = Add(Scenario{
	ID:    "object.range.empty-object.first-byte",
	Rule:  "C-14",
	Says:  "bytes=0- of an empty object SHOULD fail with 416 InvalidRange.",
	Ref:   "https://github.com/minio/minio/issues/20844",
	Level: Should,
	Needs: []Feature{Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "")
		s.Expect(ranged(ctx, s, b, "bytes=0-")).To(FailWith(416, "InvalidRange"))
	},
})

var _ = Add(Scenario{
	ID:    "object.range.empty-object.suffix",
	Rule:  "C-14",
	Says:  "bytes=-1 of an empty object MUST NOT answer 206 or a body: Content-Range cannot name no bytes.",
	Ref:   rfc9110 + "#section-14.4",
	Level: Must,
	Needs: []Feature{Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "")
		r := ranged(ctx, s, b, "bytes=-1")
		s.Observe("answer", strings.TrimSpace(strconv.Itoa(r.Status)+" "+r.Code))
		s.Expect(r).To(HaveStatus(200, 416))
		if r.Status == 200 {
			s.Expect(r.Body).To(BeEmpty())
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.range.malformed",
	Rule:  "C-15",
	Says:  "A Range that cannot be parsed SHOULD be ignored: 200 with the whole object.",
	Ref:   rfc9110 + "#section-14.2",
	Level: Should,
	Needs: []Feature{Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", digits)
		for _, spec := range []string{"abc", "bytes=abc", "bytes=5-3", "bytes=0 -1", "bytes=,", "bytes=-", "bytes="} {
			r := ranged(ctx, s, b, spec)
			s.Expect(r).To(HaveStatus(200), spec)
			s.Expect(string(r.Body)).To(Equal(digits), "%s: body", spec)
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.range.other-unit",
	Rule:  "C-15",
	Says:  "A Range in a unit other than bytes MUST be ignored: 200 with the whole object.",
	Ref:   rfc9110 + "#section-14.2",
	Level: Must,
	Needs: []Feature{Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", digits)
		r := ranged(ctx, s, b, "lines=0-1")
		s.Expect(r).To(HaveStatus(200))
		s.Expect(string(r.Body)).To(Equal(digits))
	},
})

var _ = Add(Scenario{
	ID:    "object.range.multiple",
	Rule:  "C-16",
	Says:  "Several ranges in one GET MUST NOT be answered with multipart/byteranges, which S3 does not support.",
	Ref:   refGet + "#API_GetObject_RequestSyntax",
	SDK:   "s3@v1.114.8 GetObjectInput.Range",
	Level: Must,
	Needs: []Feature{Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", digits)
		r := ranged(ctx, s, b, "bytes=0-1,5-6")
		s.Must(r.Err, "get an answer")
		s.Expect(r).To(HaveHeader("Content-Type", Not(HavePrefix("multipart/"))))
	},
})

var _ = Add(Scenario{
	ID:    "object.range.multiple-whole",
	Rule:  "C-16",
	Says:  "Several ranges in one GET SHOULD answer 200 with the whole object.",
	Ref:   refGet + "#API_GetObject_RequestSyntax",
	Level: Should,
	Needs: []Feature{Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", digits)
		r := ranged(ctx, s, b, "bytes=0-1,5-6")
		s.Expect(r).To(HaveStatus(200))
		s.Expect(string(r.Body)).To(Equal(digits))
	},
})

var _ = Add(Scenario{
	ID:    "object.range.with-part-number",
	Rule:  "C-17",
	Says:  "GetObject with both Range and partNumber SHOULD fail with 400 InvalidRequest.",
	Ref:   "https://github.com/ceph/ceph/pull/66780",
	Level: Should,
	Needs: []Feature{Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", digits)
		r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: "partNumber=1", Header: [][2]string{{"Range", "bytes=0-4"}}})
		s.Expect(r).To(FailWith(400, "InvalidRequest"))
	},
})

var _ = Add(Scenario{
	ID:    "object.head.range",
	Rule:  "C-18",
	Says:  "HeadObject with a Range MUST give the length of the range, or fail with 416 when the range cannot be satisfied.",
	Ref:   refHead + "#API_HeadObject_RequestSyntax",
	SDK:   "s3@v1.114.8 HeadObjectInput.Range",
	Level: Must,
	Needs: []Feature{Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", digits)
		r := s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k", Header: [][2]string{{"Range", "bytes=2-4"}}})
		s.Expect(r).To(HaveStatus(200, 206))
		s.Expect(r).To(HaveHeader("Content-Length", "3"))
		r = s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k", Header: [][2]string{{"Range", "bytes=10-"}}})
		s.Expect(r).To(FailWith(416))
	},
})

var _ = Add(Scenario{
	ID:    "object.head.range-status",
	Rule:  "C-18",
	Says:  "HeadObject with a Range SHOULD answer 206 with Content-Range.",
	Ref:   refHead + "#API_HeadObject_ResponseSyntax",
	Level: Should,
	Needs: []Feature{Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", digits)
		r := s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k", Header: [][2]string{{"Range", "bytes=2-4"}}})
		s.Expect(r).To(HaveStatus(206))
		s.Expect(r).To(HaveHeader("Content-Range", "bytes 2-4/10"))
	},
})

var _ = Add(Scenario{
	ID:    "object.range.if-range",
	Rule:  "C-19",
	Says:  "If-Range MAY be honoured: with the object's ETag a 206, with another the whole object.",
	Ref:   rfc9110 + "#section-13.1.5",
	Level: Info,
	Needs: []Feature{Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		etag, _ := stored(ctx, s, b, "k", digits)
		for name, validator := range map[string]string{"equal": etag, "other": otherETag} {
			r := s.Send(ctx, Request{Bucket: b, Key: "k", Header: [][2]string{{"Range", "bytes=0-4"}, {"If-Range", validator}}})
			s.Observe("If-Range "+name, r.Status)
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.range.checksum",
	Rule:  "C-20",
	Says:  "An answer to a range SHOULD NOT carry a checksum of other bytes than it delivers, since clients verify it against those.",
	Ref:   "https://github.com/minio/minio/pull/17105",
	Level: Should,
	Needs: []Feature{Range, Checksum},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", digits, Header("x-amz-checksum-sha256", sha256Base64(digits)))
		for _, method := range []string{"GET", "HEAD"} {
			r := s.Send(ctx, Request{Method: method, Bucket: b, Key: "k", Header: [][2]string{{"Range", "bytes=2-4"}, {"x-amz-checksum-mode", "ENABLED"}}})
			s.Expect(r).To(HaveStatus(200, 206), method)
			if r.Header.Get("X-Amz-Checksum-Sha256") != "" {
				s.Expect(r).To(HaveHeader("X-Amz-Checksum-Sha256", sha256Base64(digits[2:5])), method)
			}
		}
		whole := s.Send(ctx, Request{Bucket: b, Key: "k", Header: [][2]string{{"x-amz-checksum-mode", "ENABLED"}}})
		s.Expect(whole).To(HaveHeader("X-Amz-Checksum-Sha256", sha256Base64(digits)), "the whole object")
	},
})

func sha256Base64(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}
