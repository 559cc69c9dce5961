package form

import (
	"bytes"
	"context"
	"mime/multipart"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// Who signed the policy of a form, and what one without a signature may do.

var (
	badSignature = FailWith(403, "SignatureDoesNotMatch")
	denied       = FailWith(403, "AccessDenied")
)

var _ = Add(Scenario{
	ID:    "form.signature.sdk",
	Rule:  "PO-12",
	Says:  "A form that the SDK has signed MUST be accepted.",
	Ref:   apiSigning,
	SDK:   "s3@v1.114.8 PresignClient.PresignPostObject",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b, key := s.Bucket(ctx), "dir/k"
		signed, err := s3.NewPresignClient(s.SDK()).PresignPostObject(ctx, &s3.PutObjectInput{Bucket: &b, Key: &key}, func(o *s3.PresignPostOptions) {
			o.Expires = time.Hour
			o.Conditions = []any{[]any{"content-length-range", 5, 10}}
		})
		s.Must(err, "sign a form")
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		for name, value := range signed.Values {
			s.Must(w.WriteField(name, value), "write a field")
		}
		file, err := w.CreateFormFile("file", "file.txt")
		s.Must(err, "write the file")
		_, err = file.Write([]byte("hello"))
		s.Must(err, "write the file")
		s.Must(w.Close(), "end the form")
		r := s.Send(ctx, Request{Method: "POST", Bucket: b, As: Anonymous, Body: body.Bytes(), Header: [][2]string{{"Content-Type", w.FormDataContentType()}}})
		s.Expect(r).To(OK())
		s.ExpectBody(ctx, b, key, "hello")
	},
})

// Forms whose signature is not that of their policy.
var forgeries = []struct {
	id, says string
	edit     func(*draft)
}{
	{"signature", "with another signature", func(d *draft) { d.replace = [][2]string{{"x-amz-signature", strings.Repeat("0", 64)}} }},
	{"cut", "with a part of the signature", func(d *draft) {
		d.body = func(t string) string {
			at := strings.Index(t, `name="x-amz-signature"`+"\r\n\r\n") + len(`name="x-amz-signature"`+"\r\n\r\n")
			return t[:at+32] + t[at+64:]
		}
	}},
	{"secret", "signed with another secret", func(d *draft) { d.scope = func(sc *sign.Scope) { sc.Secret += "x" } }},
	{"policy", "whose policy was changed afterwards", func(d *draft) {
		d.body = func(t string) string {
			at := strings.Index(t, `name="policy"`+"\r\n\r\n") + len(`name="policy"`+"\r\n\r\n")
			return t[:at] + "IA==" + t[at+4:]
		}
	}},
}

func init() {
	for _, c := range forgeries {
		Add(Scenario{
			ID:    "form.signature.forged." + c.id,
			Rule:  "PO-12",
			Says:  "A form " + c.says + " MUST be refused with 403 SignatureDoesNotMatch, and nothing be stored.",
			Ref:   apiErrors,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				d := of("k", "hello")
				c.edit(&d)
				s.Expect(d.send(ctx, s, b)).To(badSignature)
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
	for _, name := range []string{"policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"} {
		Add(Scenario{
			ID:    "form.signature.partial." + strings.TrimPrefix(name, "x-amz-"),
			Rule:  "PO-12",
			Says:  "A form that has a signature but lacks " + name + " MUST be refused with 400 InvalidArgument, and nothing be stored, since all of its fields are required.",
			Ref:   apiSigning,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				d := of("k", "hello")
				d.omit = []string{name}
				s.Expect(d.send(ctx, s, b)).To(FailWith(400, "InvalidArgument"))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "form.signature.unknown-key",
	Rule:  "PO-12",
	Says:  "A form of an access key that nobody has MUST be refused with 403 InvalidAccessKeyId, and nothing be stored.",
	Ref:   apiErrors,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := of("k", "hello")
		d.scope = func(sc *sign.Scope) { sc.Access = "AKIAIOSFODNN7NOBODYS" }
		s.Expect(d.send(ctx, s, b)).To(FailWith(403, "InvalidAccessKeyId"))
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "form.signature.scope",
	Rule:  "PO-12",
	Says:  "A form whose credential names another region, service or day than it is used for MUST be refused, and nothing be stored.",
	Ref:   apiSigning,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for name, edit := range map[string]func(*sign.Scope){
			"region":  func(sc *sign.Scope) { sc.Region = "mars-north-1" },
			"service": func(sc *sign.Scope) { sc.Service = "sqs" },
			"day":     func(sc *sign.Scope) { sc.Date = "20200101" },
		} {
			d := of("k", "hello")
			d.scope = edit
			r := d.send(ctx, s, b)
			s.Observe("another "+name, Outcome(r))
			s.Expect(r).To(FailWithAny(Answer{Status: 400}, Answer{Status: 403}), name)
			s.ExpectAbsent(ctx, b, "k")
		}
	},
})

var _ = Add(Scenario{
	ID:    "form.signature.other-account",
	Rule:  "PO-12",
	Says:  "A form that another account has signed MUST be refused with 403 AccessDenied on a private bucket, and nothing be stored.",
	Ref:   apiPost,
	Level: Must,
	Needs: []Feature{Form, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := of("k", "hello")
		d.as = AltAccount
		s.Expect(d.send(ctx, s, b)).To(denied)
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "form.signature.other-account.overwrite",
	Rule:  "AN-16",
	Says:  "A request of another account for a private bucket MUST be refused with 403 AccessDenied: PostObject of a key that exists.",
	Ref:   guideForms,
	Level: Must,
	Needs: []Feature{Form, SecondAccount, Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		d := of("k", "new")
		d.as = AltAccount
		s.Expect(d.send(ctx, s, b)).To(denied)
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})

var _ = Add(Scenario{
	ID:    "form.signature.old",
	Rule:  "PO-12",
	Says:  "A form that was signed an hour ago SHOULD be accepted as long as its policy holds.",
	Ref:   apiExpiration,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		d := of("k", "hello")
		d.scope = func(sc *sign.Scope) { sc.Time = sc.Time.Add(-time.Hour) }
		d.expectStored(ctx, s, s.Bucket(ctx), "k")
	},
})

var _ = Add(Scenario{
	ID:    "form.anonymous.private",
	Rule:  "PO-13",
	Says:  "A form without a policy MUST be refused with 403 AccessDenied on a private bucket, and nothing be stored.",
	Ref:   guideFields,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := of("k", "hello")
		d.unsigned = true
		s.Expect(d.send(ctx, s, b)).To(denied)
		s.ExpectAbsent(ctx, b, "k")
	},
})

// bare are the fields of a signature but for the policy.
var bare = []string{"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature", "x-amz-security-token"}

var _ = Add(Scenario{
	ID:    "form.anonymous.policy",
	Rule:  "PO-13",
	Says:  "A form with a policy that nobody signed MUST be refused on a private bucket, with 403 AccessDenied or for the fields that it lacks with 400 InvalidArgument, and nothing be stored.",
	Ref:   apiSigning,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := of("k", "hello")
		d.omit, d.document = bare, until(time.Hour, met(s)[:2])
		s.Expect(d.send(ctx, s, b)).To(FailWithAny(Answer{Status: 403, Codes: []string{"AccessDenied"}}, Answer{Status: 400, Codes: []string{"InvalidArgument"}}))
		s.ExpectAbsent(ctx, b, "k")
	},
})

var publicNeeds = []Feature{Form, ACL, PublicAccessBlock}

var _ = Add(Scenario{
	ID:    "form.anonymous.public",
	Rule:  "PO-13",
	Says:  "A form without a policy MUST be stored in a bucket where anybody may write.",
	Ref:   guideFields,
	Level: Must,
	Needs: publicNeeds,
	Check: func(ctx context.Context, s *S) {
		b := public(ctx, s)
		d := of("u/${filename}", "hello", [2]string{"Content-Type", "text/plain"}, [2]string{"acl", "bucket-owner-full-control"}, [2]string{"success_action_status", "201"})
		d.unsigned = true
		r := d.send(ctx, s, b)
		s.Expect(r).To(HaveStatus(201))
		s.ExpectBody(ctx, b, "u/file.txt", "hello")
		s.Expect(head(ctx, s, b, "u/file.txt")).To(HaveHeader("Content-Type", Equal("text/plain")))
	},
})

var _ = Add(Scenario{
	ID:    "form.anonymous.public-forged",
	Rule:  "PO-12",
	Says:  "Also where anybody may write, a form with a wrong signature or of an unknown access key MUST be refused, and nothing be stored.",
	Ref:   apiErrors,
	Level: Must,
	Needs: publicNeeds,
	Check: func(ctx context.Context, s *S) {
		b := public(ctx, s)
		d := of("k", "hello")
		d.scope = func(sc *sign.Scope) { sc.Secret += "x" }
		s.Expect(d.send(ctx, s, b)).To(badSignature, "a wrong signature")
		d.scope = func(sc *sign.Scope) { sc.Access = "AKIAIOSFODNN7NOBODYS" }
		s.Expect(d.send(ctx, s, b)).To(FailWith(403, "InvalidAccessKeyId"), "an unknown key")
		s.ExpectAbsent(ctx, b, "k")
	},
})
