package cors

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// full are rules with every element there is.
func full() []types.CORSRule {
	return []types.CORSRule{
		{ID: aws.String("first"), AllowedOrigins: []string{home, "https://*.example.net"}, AllowedMethods: []string{"GET", "PUT", "POST", "DELETE", "HEAD"},
			AllowedHeaders: []string{"x-amz-*", "Content-Type"}, ExposeHeaders: []string{"ETag", "x-amz-request-id"}, MaxAgeSeconds: aws.Int32(3000)},
		{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET"}},
	}
}

var _ = Add(Scenario{
	ID:    "cors.config.round-trip",
	Rule:  "CO-01",
	Says:  "PutBucketCors MUST answer 200, and GetBucketCors return every element of the rules, in their order.",
	Ref:   apiGet,
	SDK:   "s3@v1.114.8 types.CORSRule",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, rules := range [][]types.CORSRule{full(), {rule(abroad, "PUT")}} {
			out, err := put(ctx, s, b, rules...)
			s.Expect(err).To(OK(), "put")
			s.Expect(StatusOf(out.ResultMetadata)).To(Equal(200), "status of PUT")
			s.Expect(Settled(ctx, s, "the rules read back", func() error { return reads(ctx, s, b, rules) })).To(Succeed())
		}
	},
})

var _ = Add(Scenario{
	ID:    "cors.config.unset",
	Rule:  "CO-01",
	Says:  "GetBucketCors of a bucket without a configuration MUST fail with 404 NoSuchCORSConfiguration.",
	Ref:   api + "ErrorResponses.html#ErrorCodeList",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		s.Expect(s.Send(ctx, Request{Bucket: s.Bucket(ctx), Query: "cors="})).To(FailWith(404, "NoSuchCORSConfiguration"))
	},
})

var _ = Add(Scenario{
	ID:    "cors.config.delete",
	Rule:  "CO-01",
	Says:  "DeleteBucketCors MUST answer 204 and remove the configuration, so that it cannot be read any more and allows nothing.",
	Ref:   apiDelete,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := configured(ctx, s, rule(home, "GET"))
		s.Expect(until(ctx, s, ask(b, home, "GET"), allowed)).To(HaveStatus(200), "a preflight before")
		s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: b, Query: "cors="})).To(HaveStatus(204))
		gone := func(r *Response) bool { return r.Status == 404 }
		s.Expect(until(ctx, s, Request{Bucket: b, Query: "cors="}, gone)).To(FailWith(404, "NoSuchCORSConfiguration"))
		s.Expect(until(ctx, s, ask(b, home, "GET"), refused)).To(FailWith(403), "a preflight afterwards")
	},
})

var _ = Add(Scenario{
	ID:    "cors.config.delete-unset",
	Rule:  "CO-01",
	Says:  "DeleteBucketCors SHOULD answer 204 also where there is no configuration.",
	Ref:   apiDelete,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: s.Bucket(ctx), Query: "cors="})).To(HaveStatus(204))
	},
})

// document is a PutBucketCors of the rules as they stand.
func document(bucket, rules string) Request {
	text := []byte(`<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` + rules + `</CORSConfiguration>`)
	return Request{Method: "PUT", Bucket: bucket, Query: "cors=", Body: text, Header: [][2]string{ContentMD5(text)}}
}

const (
	allowGET = "<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>"
	bad      = "MalformedXML"
)

// edited is a rule with one part of it replaced.
func edited(part, by string) string { return strings.Replace(allowGET, part, by, 1) }

// Configurations that nobody can set.
var impossible = []struct{ id, says, rules, ref string }{
	{"101-rules", "more than 100 rules", strings.Repeat(allowGET, 101), guideElements},
	{"method", "a method other than GET, PUT, POST, DELETE and HEAD", edited("GET", "PATCH"), guideElements + "#cors-allowed-methods"},
	{"origin-wildcards", "two wildcards in an origin", edited("*", "http://*.*.example.com"), guideOrigin},
	{"header-wildcards", "two wildcards in a header", edited("</CORSRule>", "<AllowedHeader>x-*-*</AllowedHeader></CORSRule>"), guideHeader},
}

func init() {
	for _, c := range impossible {
		Add(Scenario{
			ID:    "cors.config.refused." + c.id,
			Rule:  "CO-02",
			Says:  fmt.Sprintf("PutBucketCors with %s MUST be refused with 400, and leave the configuration as it was.", c.says),
			Ref:   c.ref,
			SDK:   "s3@v1.114.8 Client.PutBucketCors",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) { expectRefused(ctx, s, c.rules) },
		})
	}
}

// expectRefused sets rules that cannot be over some that can.
func expectRefused(ctx context.Context, s *S, rules string, codes ...string) {
	b := configured(ctx, s, full()...)
	r := s.Send(ctx, document(b, rules))
	s.Observe("code", Outcome(r))
	s.Expect(r).To(FailWith(400, codes...))
	if err := reads(ctx, s, b, full()); err != nil {
		s.Silently("I0: after a refusal: %v", err)
	}
}

var _ = Add(Scenario{
	ID:    "cors.config.malformed",
	Rule:  "CO-02",
	Says:  "PutBucketCors with a document that is no CORS configuration SHOULD be refused with 400 MalformedXML, and leave the configuration as it was.",
	Ref:   api + "ErrorResponses.html#ErrorCodeList",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		for _, rules := range []string{"", "<CORSRule></CORSRule>", edited("<AllowedOrigin>*</AllowedOrigin>", ""), edited("<AllowedMethod>GET</AllowedMethod>", ""),
			edited("</CORSRule>", "<MaxAgeSeconds>soon</MaxAgeSeconds></CORSRule>"), edited("</CORSRule>", "")} {
			expectRefused(ctx, s, rules, bad)
		}
	},
})

var _ = Add(Scenario{
	ID:    "cors.config.header-names",
	Rule:  "CO-02",
	Says:  "PutBucketCors with an AllowedHeader or ExposeHeader that no header can be called SHOULD be refused with 400 InvalidRequest, and leave the configuration as it was.",
	Ref:   "https://github.com/versity/versitygw/blob/main/tests/integration/PutBucketCors.go",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		for _, rules := range []string{edited("</CORSRule>", "<AllowedHeader>two words</AllowedHeader></CORSRule>"),
			edited("</CORSRule>", "<ExposeHeader>x-amz:date</ExposeHeader></CORSRule>")} {
			expectRefused(ctx, s, rules, "InvalidRequest")
		}
	},
})

var _ = Add(Scenario{
	ID:    "cors.config.100-rules",
	Rule:  "CO-02",
	Says:  "PutBucketCors SHOULD take 100 rules, of which the last is in effect too.",
	Ref:   guideElements,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		rules := slices.Repeat([]types.CORSRule{rule(abroad, "GET")}, 99)
		b := configured(ctx, s, append(rules, rule(home, "GET"))...)
		s.Expect(until(ctx, s, ask(b, home, "GET"), allowed)).To(HaveStatus(200))
	},
})

var _ = Add(Scenario{
	ID:    "cors.config.other-account",
	Rule:  "CO-01",
	Says:  "A CORS configuration MUST NOT give another account, or nobody, a right to the bucket.",
	Ref:   guide + "cors.html",
	Level: Must,
	Needs: []Feature{CORS, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		b := configured(ctx, s, rule("*", "GET", "PUT"))
		s.Expect(until(ctx, s, from(home, b), granted)).To(HaveStatus(200), "by the owner")
		for _, who := range []Who{AltAccount, Anonymous} {
			r := from(home, b)
			r.As = who
			s.Expect(s.Send(ctx, r)).To(FailWith(403, "AccessDenied"))
		}
		_, err := s.Alt().GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: &b})
		s.Expect(err).To(FailWith(403, "AccessDenied"), "the configuration itself")
	},
})
