package form

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	. "bleepstore/scenarios"
)

// What a policy allows.

var _ = Add(Scenario{
	ID:    "form.policy.expired",
	Rule:  "PO-07",
	Says:  "A form whose policy has expired MUST be refused with 403 AccessDenied, and nothing be stored.",
	Ref:   apiExpiration,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := of("k", "hello")
		d.document = until(-time.Hour, met(s))
		s.Expect(d.send(ctx, s, b)).To(FailWith(403, "AccessDenied"))
		s.ExpectAbsent(ctx, b, "k")
		d.document = until(time.Hour, met(s))
		d.expectStored(ctx, s, b, "k")
	},
})

// Forms for the key user/k with x-amz-meta-tag Ninja that a policy refuses,
// beside those that cover every field.
var refusals = []struct{ id, rule, says, condition, ref string }{
	{"eq", "PO-07", "eq is not met", list("eq", "$key", "user/other"), apiMatching},
	{"eq-longer", "PO-10", "eq is met by the beginning of the value alone", list("eq", "$key", "user/"), apiMatching},
	{"object", "PO-07", "an object is not met", `{"x-amz-meta-tag": "Samurai"}`, apiMatching},
	{"starts-with", "PO-07", "starts-with is not met", list("starts-with", "$key", "admin/"), apiMatching},
	{"value-case", "PO-10", "the case of the value is another", list("eq", "$x-amz-meta-tag", "ninja"), apiMatching},
	{"prefix-case", "PO-10", "the case of the beginning is another", list("starts-with", "$key", "USER/"), apiMatching},
	{"absent", "PO-07", "a field with a condition is absent", list("eq", "$acl", "private"), apiConditions},
	{"bucket", "PO-17", "the bucket is another", `{"bucket": "another-bucket-name"}`, apiConditions},
}

func init() {
	for _, c := range refusals {
		Add(Scenario{
			ID:    "form.policy.refused." + c.id,
			Rule:  c.rule,
			Says:  "A form MUST be refused, with 403 AccessDenied or with 400 InvalidPolicyDocument, and nothing be stored, where " + c.says + ".",
			Ref:   c.ref,
			SDK:   "s3@v1.114.8 types.Error.Code InvalidPolicyDocument",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				d := of("user/k", "hello", [2]string{"x-amz-meta-tag", "Ninja"})
				r := d.with(b, c.condition).send(ctx, s, b)
				s.Observe("answer", Outcome(r))
				s.Expect(r).To(byPolicy)
				s.ExpectAbsent(ctx, b, "user/k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "form.policy.uncovered",
	Rule:  "PO-07",
	Says:  "A form with a field that its policy has no condition for MUST be refused, and nothing be stored.",
	Ref:   apiConditions,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, extra := range [][2]string{{"acl", "public-read"}, {"x-amz-meta-a", "1"}, {"Content-Type", "text/html"}, {"success_action_status", "201"}, {"comment", "hello"}} {
			d := of("k", "hello")
			d.conditions = d.covering(b)
			d.fields = append(d.fields, extra)
			s.Expect(d.send(ctx, s, b)).To(byPolicy, extra[0])
			s.ExpectAbsent(ctx, b, "k")
		}
	},
})

var _ = Add(Scenario{
	ID:    "form.policy.uncovered-key",
	Rule:  "PO-07",
	Says:  "A form whose policy has no condition for its key MUST be refused, and nothing be stored.",
	Ref:   apiConditions,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := of("k", "hello")
		d.conditions = []string{list("eq", "$bucket", b)}
		s.Expect(d.send(ctx, s, b)).To(byPolicy)
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "form.policy.uncovered-bucket",
	Rule:  "PO-17",
	Says:  "A form whose policy has no condition for the bucket SHOULD be refused, since it would hold for any.",
	Ref:   "https://github.com/aws/aws-sdk-php/issues/3292",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := of("k", "hello")
		d.conditions = []string{list("eq", "$key", "k")}
		s.Expect(d.send(ctx, s, b)).To(byPolicy)
		s.ExpectAbsent(ctx, b, "k")
	},
})

// Conditions that a form for user/k with x-amz-meta-tag Ninja meets.
var allowances = []struct {
	id, rule, says string
	conditions     []string
}{
	{"eq", "PO-10", "eq with the whole value", []string{list("eq", "$key", "user/k"), `{"x-amz-meta-tag": "Ninja"}`}},
	{"starts-with", "PO-10", "starts-with with the beginning", []string{list("starts-with", "$key", "user/"), list("starts-with", "$x-amz-meta-tag", "Ninj")}},
	{"anything", "PO-10", "starts-with with nothing", []string{list("starts-with", "$x-amz-meta-tag", "")}},
	{"name-case", "PO-10", "a condition whose field is in another case", []string{list("eq", "$KEY", "user/k"), `{"X-Amz-Meta-Tag": "Ninja"}`}},
	{"several", "PO-10", "several conditions on one field", []string{list("starts-with", "$key", "user/"), list("starts-with", "$key", "u"), list("eq", "$key", "user/k")}},
	{"range", "PO-09", "a content-length-range around the size", []string{list("content-length-range", 1, 1024)}},
	{"range-exact", "PO-09", "a content-length-range of exactly the size", []string{list("content-length-range", 5, 5)}},
}

func init() {
	for _, c := range allowances {
		Add(Scenario{
			ID:    "form.policy.allowed." + c.id,
			Rule:  c.rule,
			Says:  "A form that meets its policy MUST be stored: " + c.says + ".",
			Ref:   apiMatching,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				d := of("user/k", "hello", [2]string{"x-amz-meta-tag", "Ninja"})
				d.with(b, c.conditions...).expectStored(ctx, s, b, "user/k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "form.policy.content-types",
	Rule:  "PO-10",
	Says:  "Of a Content-Type that is a list each value MUST begin as starts-with says.",
	Ref:   apiMatching,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		images := list("starts-with", "$Content-Type", "image/")
		of("good", "hello", [2]string{"Content-Type", "image/jpg,image/png,image/gif"}).with(b, images).expectStored(ctx, s, b, "good")
		r := of("bad", "hello", [2]string{"Content-Type", "image/jpg,text/plain"}).with(b, images).send(ctx, s, b)
		s.Expect(r).To(byPolicy)
		s.ExpectAbsent(ctx, b, "bad")
	},
})

var _ = Add(Scenario{
	ID:    "form.policy.repeated-field",
	Rule:  "PO-10",
	Says:  "Fields of one name MUST be held to the policy, and stored, as one value with commas between.",
	Ref:   guideForms + "#PolicyConditions",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := of("k", "hello", [2]string{"x-amz-meta-tag", "Ninja"}, [2]string{"x-amz-meta-tag", "Stallman"})
		d.with(b, list("eq", "$x-amz-meta-tag", "Ninja,Stallman")).expectStored(ctx, s, b, "k")
		s.Expect(head(ctx, s, b, "k")).To(HaveHeader("x-amz-meta-tag", "Ninja,Stallman"))
		d = of("other", "hello", [2]string{"x-amz-meta-tag", "Ninja"}, [2]string{"x-amz-meta-tag", "Stallman"})
		s.Expect(d.with(b, list("eq", "$x-amz-meta-tag", "Ninja")).send(ctx, s, b)).To(byPolicy, "the first alone")
	},
})

var _ = Add(Scenario{
	ID:    "form.policy.x-ignore",
	Rule:  "PO-11",
	Says:  "Fields whose names begin with x-ignore- MUST be ignored, without a condition for them.",
	Ref:   apiConditions,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		of("k", "hello", [2]string{"x-ignore-submit", "Upload"}, [2]string{"X-Ignore-Other", "1"}).expectStored(ctx, s, b, "k")
	},
})

func init() {
	for _, c := range []struct {
		id, says string
		least    int
		most     int
		code     string
	}{{"above", "more", 0, 4, "EntityTooLarge"}, {"below", "fewer", 6, 100, "EntityTooSmall"}} {
		Add(Scenario{
			ID:    "form.policy.range." + c.id,
			Rule:  "PO-09",
			Says:  fmt.Sprintf("A file of %s bytes than content-length-range allows MUST be refused with 400 %s, and nothing be stored.", c.says, c.code),
			Ref:   apiErrors,
			SDK:   "s3@v1.114.8 types.Error.Code " + c.code,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				d := of("k", "hello")
				s.Expect(d.with(b, list("content-length-range", c.least, c.most)).send(ctx, s, b)).To(FailWith(400, c.code))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "form.policy.range.large",
	Rule:  "PO-09",
	Says:  "A large file that goes beyond content-length-range MUST be refused with 400 EntityTooLarge, and leave the object that the key had as it was.",
	Ref:   apiErrors,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		d := of("k", string(s.Bytes(3<<20)))
		s.Expect(d.with(b, list("content-length-range", 0, 2<<20)).send(ctx, s, b)).To(FailWith(400, "EntityTooLarge"))
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})

// Policies that cannot be read. %s is where the conditions go that a form for k
// meets.
var unreadable = []struct{ id, rule, says, document string }{
	{"no-json", "PO-08", "that is no JSON", `{"expiration": `},
	{"no-object", "PO-08", "that is no object", `[%s]`},
	{"no-expiration", "PO-08", "without an expiration", `{"conditions": [%s]}`},
	{"no-conditions", "PO-08", "without conditions", `{"expiration": "2099-01-01T00:00:00.000Z"}`},
	{"no-date", "PO-08", "whose expiration is no date of ISO 8601", `{"expiration": "Thu, 01 Jan 2099 00:00:00 GMT", "conditions": [%s]}`},
	{"empty-condition", "PO-08", "with an empty condition", `{"expiration": "2099-01-01T00:00:00.000Z", "conditions": [{}, %s]}`},
	{"operator", "PO-08", "with an unknown operator", `{"expiration": "2099-01-01T00:00:00.000Z", "conditions": [["ends-with", "$key", "k"], %s]}`},
	{"range-one", "PO-09", "with a content-length-range of one number", `{"expiration": "2099-01-01T00:00:00.000Z", "conditions": [["content-length-range", 0], %s]}`},
	{"range-negative", "PO-09", "with a negative content-length-range", `{"expiration": "2099-01-01T00:00:00.000Z", "conditions": [["content-length-range", -1, 0], %s]}`},
	{"range-words", "PO-09", "with a content-length-range of words", `{"expiration": "2099-01-01T00:00:00.000Z", "conditions": [["content-length-range", "a", "b"], %s]}`},
}

// met are the conditions that a form for k meets in any bucket.
func met(s *S) []string {
	names := []string{"bucket", "key", "x-amz-algorithm", "x-amz-credential", "x-amz-date"}
	if Scope(s).Session != "" {
		names = append(names, "x-amz-security-token")
	}
	var out []string
	for _, name := range names {
		out = append(out, list("starts-with", "$"+name, ""))
	}
	return out
}

// filled is a document with conditions that are met in the place of %s.
func filled(s *S, document string) string {
	return strings.Replace(document, "%s", strings.Join(met(s), ", "), 1)
}

func init() {
	for _, c := range unreadable {
		Add(Scenario{
			ID:    "form.policy.malformed." + c.id,
			Rule:  c.rule,
			Says:  "A form with a policy " + c.says + " MUST be refused with 400 InvalidPolicyDocument, and nothing be stored.",
			Ref:   apiPolicy,
			SDK:   "s3@v1.114.8 types.Error.Code InvalidPolicyDocument",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				d := of("k", "hello")
				d.document = filled(s, c.document)
				s.Expect(d.send(ctx, s, b)).To(FailWith(400, "InvalidPolicyDocument"))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "form.policy.malformed.no-base64",
	Rule:  "PO-08",
	Says:  "A form whose policy is no base64 MUST be refused with 400 InvalidPolicyDocument, and nothing be stored.",
	Ref:   apiPolicy,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := of("k", "hello")
		d.policy = until(time.Hour, met(s))
		s.Expect(d.send(ctx, s, b)).To(FailWith(400, "InvalidPolicyDocument"))
		s.ExpectAbsent(ctx, b, "k")
		d.policy = base64.StdEncoding.EncodeToString([]byte(d.policy))
		d.expectStored(ctx, s, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "form.policy.malformed.case",
	Rule:  "PO-08",
	Says:  "The elements of a policy SHOULD count in lower case alone, and there be no others than expiration and conditions.",
	Ref:   apiPolicy,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, document := range []string{`{"EXPIRATION": "2099-01-01T00:00:00.000Z", "conditions": [%s]}`, `{"expiration": "2099-01-01T00:00:00.000Z", "CONDITIONS": [%s]}`,
			`{"expiration": "2099-01-01T00:00:00.000Z", "conditions": [%s], "comment": "hello"}`} {
			d := of("k", "hello")
			d.document = filled(s, document)
			s.Expect(d.send(ctx, s, b)).To(FailWith(400, "InvalidPolicyDocument"))
			s.ExpectAbsent(ctx, b, "k")
		}
	},
})

var _ = Add(Scenario{
	ID:    "form.denied.by-bucket",
	Rule:  "PO-15",
	Says:  "A form of the bucket's owner MUST be refused with 403 AccessDenied where the bucket's policy denies s3:PutObject, and nothing be stored.",
	Ref:   apiPost,
	Level: Must,
	Needs: []Feature{Form, Policy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.SDK().PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &b, Policy: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::` + b + `/denied/*"}]}`)})
		s.Must(err, "put a policy")
		s.Settle(ctx, "the policy denies PutObject", func() error {
			if _, err := s.Put(ctx, b, "denied/put", "v"); err == nil {
				return errors.New("it succeeds")
			}
			return nil
		})
		s.Expect(of("denied/k", "hello").send(ctx, s, b)).To(FailWith(403, "AccessDenied"))
		s.ExpectAbsent(ctx, b, "denied/k")
		of("k", "hello").expectStored(ctx, s, b, "k")
	},
})
