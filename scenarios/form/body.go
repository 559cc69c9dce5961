package form

import (
	"context"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// What is a form at all, and what in it is the file.

var _ = Add(Scenario{
	ID:    "form.body.no-key",
	Rule:  "PO-04",
	Says:  "A form without a key MUST be refused with 400, and nothing be stored.",
	Ref:   guideFields,
	SDK:   "s3@v1.114.8 types.Error.Code UserKeyMustBeSpecified",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := draft{fields: [][2]string{{"x-amz-meta-a", "1"}}, content: "hello"}
		s.Expect(d.send(ctx, s, b)).To(FailWith(400, "InvalidArgument", "UserKeyMustBeSpecified"))
		s.ExpectAbsent(ctx, b, "file.txt")
	},
})

var _ = Add(Scenario{
	ID:    "form.body.no-file",
	Rule:  "PO-04",
	Says:  "A form without a file MUST be refused with 400, and nothing be stored.",
	Ref:   apiErrors,
	SDK:   "s3@v1.114.8 types.Error.Code IncorrectNumberOfFilesInPostRequest",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := of("k", "")
		d.file = "-"
		s.Expect(d.send(ctx, s, b)).To(FailWith(400, "InvalidArgument", "IncorrectNumberOfFilesInPostRequest"))
		s.ExpectAbsent(ctx, b, "k")
	},
})

func init() {
	for id, kind := range map[string]string{"text": "text/plain", "urlencoded": "application/x-www-form-urlencoded", "mixed": "multipart/mixed; boundary=" + boundary} {
		Add(Scenario{
			ID:    "form.body.type." + id,
			Rule:  "PO-05",
			Says:  "A POST to a bucket of another type than multipart/form-data MUST be refused, with 412 PreconditionFailed or with 400 RequestIsNotMultiPartContent: " + strings.Split(kind, ";")[0] + ".",
			Ref:   guideDeclare,
			SDK:   "s3@v1.114.8 types.Error.Code RequestIsNotMultiPartContent",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				d := of("k", "hello")
				d.kind = kind
				r := d.send(ctx, s, b)
				s.Observe("answer", Outcome(r))
				s.Expect(r).To(FailWithAny(Answer{Status: 412, Codes: []string{"PreconditionFailed", "RequestIsNotMultiPartContent"}},
					Answer{Status: 400, Codes: []string{"RequestIsNotMultiPartContent"}}))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
	for _, c := range []struct {
		id, says, kind string
		body           func(string) string
	}{
		{"no-boundary", "whose type names no boundary", "multipart/form-data", nil},
		{"other-boundary", "that has another boundary than its type names", "multipart/form-data; boundary=other", nil},
		{"cut-file", "that ends within its file", "", func(t string) string { return strings.TrimSuffix(t, "lo\r\n--"+boundary+"--\r\n") }},
		{"cut-boundary", "that ends before its last boundary is whole", "", func(t string) string { return strings.TrimSuffix(t, "--\r\n") }},
		{"cut-fields", "that ends within its fields", "", func(t string) string { return t[:120] }},
		{"empty", "without a body", "", func(string) string { return "" }},
	} {
		Add(Scenario{
			ID:    "form.body.malformed." + c.id,
			Rule:  "PO-06",
			Says:  "A form " + c.says + " MUST be refused with 400 MalformedPOSTRequest, and nothing be stored.",
			Ref:   apiErrors,
			SDK:   "s3@v1.114.8 types.Error.Code MalformedPOSTRequest",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				d := of("k", "hello")
				d.kind, d.body = c.kind, c.body
				s.Expect(d.send(ctx, s, b)).To(FailWith(400, "MalformedPOSTRequest"))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "form.body.fields-behind",
	Rule:  "PO-11",
	Says:  "Fields behind the file MUST be ignored: they change nothing, and no policy has to cover them.",
	Ref:   guideFields,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := of("k", "hello")
		d.behind = field("key", "other") + field("x-amz-meta-a", "1") + field("submit", "Upload")
		d.expectStored(ctx, s, b, "k")
		s.ExpectAbsent(ctx, b, "other")
		s.Expect(head(ctx, s, b, "k")).To(HaveHeader("x-amz-meta-a", ""))
	},
})

var _ = Add(Scenario{
	ID:    "form.body.large-fields",
	Rule:  "PO-15",
	Says:  "Fields of more than 20 KB before the file MUST be refused with 400 MaxPostPreDataLengthExceededError, and fields of less be taken.",
	Ref:   guideForms,
	SDK:   "s3@v1.114.8 types.Error.Code MaxPostPreDataLengthExceededError",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		of("small", "hello", [2]string{"x-ignore-a", strings.Repeat("x", 16_000)}).expectStored(ctx, s, b, "small")
		r := of("large", "hello", [2]string{"x-ignore-a", strings.Repeat("x", 21_000)}).send(ctx, s, b)
		s.Expect(r).To(FailWith(400, "MaxPostPreDataLengthExceededError"))
		s.ExpectAbsent(ctx, b, "large")
	},
})

var _ = Add(Scenario{
	ID:    "form.body.names",
	Rule:  "PO-16",
	Says:  "Names of fields SHOULD count whether or not they stand in quotes, and a file name keep what is escaped in it.",
	Ref:   rfc7578,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := of("u/${filename}", "hello")
		d.file = `name="file"; filename="a \"b\" c.txt"`
		d.body = func(text string) string { return strings.Replace(text, `name="key"`, `name=key`, 1) }
		d.expectStored(ctx, s, b, `u/a "b" c.txt`)
	},
})

var _ = Add(Scenario{
	ID:    "form.body.line-breaks",
	Rule:  "PO-16",
	Says:  "Line breaks in a file MUST be stored as they are, at its beginning and end too, since only the one before a boundary belongs to that.",
	Ref:   rfc2046,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, content := range []string{"\r\n\r\na\r\n\nb\rc\r\n", "\r\n", "\r\n--\r\n", "a\r\n\r\n", "\n", "\x00\xff\r"} {
			of("k", content).expectStored(ctx, s, b, "k")
		}
	},
})

var _ = Add(Scenario{
	ID:    "form.body.look-alikes",
	Rule:  "PO-16",
	Says:  "What resembles a boundary and is none MUST be stored as a part of the file.",
	Ref:   rfc2046,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, content := range []string{
			"a\r\n--" + boundary[:len(boundary)-1] + "\r\nb", "a--" + boundary + "--\r\nb", "a\r\n-" + boundary + "\r\n", "\r\n--\r\n" + boundary, "a\r\n --" + boundary + "--",
		} {
			of("k", content).expectStored(ctx, s, b, "k")
		}
	},
})

var _ = Add(Scenario{
	ID:    "form.body.empty-file",
	Rule:  "PO-16",
	Says:  "An empty file SHOULD be stored as an empty object.",
	Ref:   rfc7578,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) { of("k", "").expectStored(ctx, s, s.Bucket(ctx), "k") },
})

var _ = Add(Scenario{
	ID:    "form.body.large-file",
	Rule:  "PO-18",
	Says:  "A file that is larger than any buffer SHOULD be stored intact, in whatever pieces it comes.",
	Ref:   apiPost,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		content := string(s.Bytes(9<<20)) + "\r\n"
		of("whole", content).expectStored(ctx, s, b, "whole")
		for _, size := range []int{1 << 10, 4096, 100_003} {
			d := of("pieces", content[:2<<20+size])
			r := d.request(s, b)
			r.WriteSize = size
			s.Expect(s.Send(ctx, r)).To(OK(), "in writes of %d bytes", size)
			s.ExpectBody(ctx, b, "pieces", d.content)
		}
		s.Expect(head(ctx, s, b, "whole")).To(HaveHeader("Content-Length", Equal("9437186")))
	},
})

var _ = Add(Scenario{
	ID:    "form.body.missing-bucket",
	Rule:  "PO-17",
	Says:  "An upload to a bucket that does not exist SHOULD fail with 404 NoSuchBucket.",
	Ref:   apiErrors,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		s.Expect(of("k", "hello").send(ctx, s, s.AbsentBucket())).To(FailWith(404, "NoSuchBucket"))
	},
})
