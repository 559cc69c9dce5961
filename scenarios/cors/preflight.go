package cors

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "cors.preflight.match",
	Rule:  "CO-03",
	Says:  "A preflight that a rule allows MUST be answered 200 with the origin, the method, the headers that it asked for, and the rule's maximum age.",
	Ref:   apiOptions,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		r := rule(home, "PUT", "GET")
		r.MaxAgeSeconds = aws.Int32(1234)
		b := configured(ctx, s, r)
		got := until(ctx, s, ask(b, home, "PUT", "content-type", "x-amz-date"), allowed)
		s.Expect(got).To(HaveStatus(200))
		s.Expect(got).To(HaveHeader("Access-Control-Allow-Origin", home))
		s.Expect(listed(got.Header, "Access-Control-Allow-Methods")).To(ContainElement("put"))
		s.Expect(listed(got.Header, "Access-Control-Allow-Headers")).To(ContainElements("content-type", "x-amz-date"))
		s.Expect(got).To(HaveHeader("Access-Control-Max-Age", "1234"))
	},
})

var _ = Add(Scenario{
	ID:    "cors.preflight.vary",
	Rule:  "CO-03",
	Says:  "The answer to a preflight SHOULD have a Vary that names Origin, so that no cache gives one origin's leave to another.",
	Ref:   w3c,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := configured(ctx, s, rule(home, "GET"))
		got := until(ctx, s, ask(b, home, "GET"), allowed)
		s.Expect(got).To(HaveStatus(200))
		s.Expect(listed(got.Header, "Vary")).To(ContainElement("origin"))
	},
})

var _ = Add(Scenario{
	ID:    "cors.preflight.headers-asked",
	Rule:  "CO-03",
	Says:  "The answer to a preflight MUST allow, of the headers that the rule has, only those that were asked for.",
	Ref:   guideHeader,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		r := rule(home, "PUT")
		r.AllowedHeaders = []string{"content-type", "x-amz-date", "range"}
		b := configured(ctx, s, r)
		got := until(ctx, s, ask(b, home, "PUT", "range"), allowed)
		s.Expect(got).To(HaveStatus(200))
		s.Expect(listed(got.Header, "Access-Control-Allow-Headers")).To(Equal([]string{"range"}))
	},
})

// targets are addresses of requests that a page may want to send.
var targets = []struct{ id, key, query, method string }{
	{"bucket", "", "", "GET"}, {"absent-key", "absent", "", "GET"}, {"part", "k", "uploadId=1&partNumber=2", "PUT"},
	{"presigned", "k", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=60&X-Amz-Signature=0", "PUT"}, {"tagging", "k", "tagging=", "PUT"},
}

func init() {
	for _, t := range targets {
		Add(Scenario{
			ID:    "cors.preflight.target." + t.id,
			Rule:  "CO-03",
			Says:  fmt.Sprintf("A preflight MUST be answered by the rules whatever the actual request names: %q with the parameters %q.", t.key, t.query),
			Ref:   apiOptions + "#RESTOPTIONSobject-requests-request-parameters",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := configured(ctx, s, rule(home, "GET", "PUT"))
				r := ask(b, home, t.method)
				r.Key, r.Query = t.key, t.query
				got := until(ctx, s, r, allowed)
				s.Expect(got).To(HaveStatus(200))
				s.Expect(got).To(HaveHeader("Access-Control-Allow-Origin", home))
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "cors.preflight.unset",
	Rule:  "CO-04",
	Says:  "A preflight of a bucket that has no CORS configuration MUST be refused with 403, and allow nothing.",
	Ref:   apiOptions,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		r := s.Send(ctx, ask(b, home, "GET"))
		s.Expect(r).To(FailWith(403))
		s.Expect(leaves(r)).To(BeEmpty(), "headers that allow something")
	},
})

// Preflights that a rule for PUT by home with the header x-amz-date refuses.
var mismatches = []struct {
	id, says, origin, method string
	headers                  []string
}{
	{"origin", "another origin", abroad, "PUT", nil},
	{"scheme", "another scheme", "https://www.example.com", "PUT", nil},
	{"port", "another port", home + ":8080", "PUT", nil},
	{"longer-origin", "an origin that begins like one that is allowed", home + ".evil.example", "PUT", nil},
	{"prefixed-origin", "an origin that contains one that is allowed", "http://evil.example/" + home, "PUT", nil},
	{"method", "another method", home, "DELETE", nil},
	{"header", "a header that is not allowed", home, "PUT", []string{"x-amz-date", "x-amz-acl"}},
}

func init() {
	for _, m := range mismatches {
		Add(Scenario{
			ID:    "cors.preflight.refused." + m.id,
			Rule:  "CO-04",
			Says:  "A preflight that no rule allows MUST be refused with 403, and allow nothing: " + m.says + ".",
			Ref:   guideTrouble,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				r := rule(home, "PUT")
				r.AllowedHeaders = []string{"x-amz-date"}
				b := configured(ctx, s, r)
				s.Expect(until(ctx, s, ask(b, home, "PUT", "x-amz-date"), allowed)).To(HaveStatus(200), "what the rule allows")
				got := s.Send(ctx, ask(b, m.origin, m.method, m.headers...))
				s.Expect(got).To(FailWith(403))
				s.Expect(leaves(got)).To(BeEmpty(), "headers that allow something")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "cors.preflight.refused.code",
	Rule:  "CO-04",
	Says:  "The code of a preflight that is refused SHOULD be AccessForbidden.",
	Ref:   "https://github.com/scality/Arsenal/pull/214",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := configured(ctx, s, rule(home, "PUT"))
		s.Expect(s.Send(ctx, ask(b, abroad, "PUT"))).To(FailWith(403, "AccessForbidden"))
	},
})

var _ = Add(Scenario{
	ID:    "cors.preflight.incomplete",
	Rule:  "CO-05",
	Says:  "An OPTIONS without Origin, or without Access-Control-Request-Method, MUST be refused with 400, since a preflight requires both.",
	Ref:   apiOptions + "#RESTOPTIONSobject-requests-request-headers",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := configured(ctx, s, rule("*", "GET"))
		whole := until(ctx, s, ask(b, home, "GET"), allowed)
		s.Expect(whole).To(HaveStatus(200), "with both")
		for i, without := range []string{"Access-Control-Request-Method", "Origin"} {
			r := ask(b, home, "GET")
			r.Header = r.Header[i : i+1]
			s.Expect(s.Send(ctx, r)).To(FailWith(400), "without %s", without)
		}
	},
})

var _ = Add(Scenario{
	ID:    "cors.preflight.unknown-method",
	Rule:  "CO-05",
	Says:  "A preflight for a method that no rule can allow, or for one in small letters, SHOULD be refused with 400 BadRequest.",
	Ref:   "https://github.com/versity/versitygw/blob/main/tests/integration/OPTIONS.go",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := configured(ctx, s, rule("*", "GET"))
		for _, method := range []string{"PATCH", "get", "nonsense"} {
			s.Expect(s.Send(ctx, ask(b, home, method))).To(FailWith(400, "BadRequest"), method)
		}
	},
})

var _ = Add(Scenario{
	ID:    "cors.preflight.unsigned",
	Rule:  "CO-09",
	Says:  "A preflight MUST be answered without credentials, on a bucket and for an object that are private.",
	Ref:   apiOptions,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := configured(ctx, s, rule(home, "GET"))
		s.Expect(until(ctx, s, ask(b, home, "GET"), allowed)).To(HaveStatus(200))
		r := from(home, b)
		r.As = Anonymous
		s.Expect(s.Send(ctx, r)).To(FailWith(403, "AccessDenied"), "the actual request without credentials")
	},
})

var _ = Add(Scenario{
	ID:    "cors.preflight.missing-bucket",
	Rule:  "CO-09",
	Says:  "A preflight of a bucket that does not exist SHOULD be refused, and allow nothing.",
	Ref:   apiOptions,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		r := s.Send(ctx, ask(s.AbsentBucket(), home, "GET"))
		s.Observe("answer", Outcome(r))
		s.Expect(r).To(FailWithAny(Answer{Status: 403}, Answer{Status: 404}))
		s.Expect(leaves(r)).To(BeEmpty(), "headers that allow something")
	},
})

var _ = Add(Scenario{
	ID:    "cors.match.first-rule",
	Rule:  "CO-08",
	Says:  "Of the rules that allow a request the first MUST count, by its method, origin and headers together.",
	Ref:   guideMatch,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		aged := func(age int32, headers []string, methods ...string) types.CORSRule {
			r := rule(home, methods...)
			r.AllowedHeaders, r.MaxAgeSeconds = headers, aws.Int32(age)
			return r
		}
		b := configured(ctx, s, aged(1, nil, "GET"), aged(2, []string{"range"}, "GET", "PUT"), aged(3, []string{"*"}, "GET", "PUT"))
		s.Expect(until(ctx, s, ask(b, home, "GET"), allowed)).To(HaveHeader("Access-Control-Max-Age", "1"), "GET")
		s.Expect(s.Send(ctx, ask(b, home, "PUT"))).To(HaveHeader("Access-Control-Max-Age", "2"), "PUT")
		s.Expect(s.Send(ctx, ask(b, home, "GET", "range"))).To(HaveHeader("Access-Control-Max-Age", "2"), "GET with Range")
		s.Expect(s.Send(ctx, ask(b, home, "GET", "x-amz-date"))).To(HaveHeader("Access-Control-Max-Age", "3"), "GET with x-amz-date")
	},
})

var _ = Add(Scenario{
	ID:    "cors.match.header-case",
	Rule:  "CO-08",
	Says:  "The names of headers MUST match whatever their case, since they have none.",
	Ref:   "https://www.rfc-editor.org/rfc/rfc9110#section-5.1",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		r := rule(home, "PUT")
		r.AllowedHeaders = []string{"Content-Type", "x-amz-date"}
		b := configured(ctx, s, r)
		s.Expect(until(ctx, s, ask(b, home, "PUT", "content-type"), allowed)).To(HaveStatus(200), "in lower case")
		s.Expect(s.Send(ctx, ask(b, home, "PUT", "CONTENT-TYPE", "X-Amz-Date"))).To(HaveStatus(200), "in upper case")
	},
})

var _ = Add(Scenario{
	ID:    "cors.match.header-wildcard",
	Rule:  "CO-08",
	Says:  "A wildcard in an allowed header MUST stand for any characters, before it, behind it or between.",
	Ref:   guideHeader,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		r := rule(home, "PUT")
		r.AllowedHeaders = []string{"x-amz-*", "*-type", "x-a*z"}
		b := configured(ctx, s, r)
		s.Expect(until(ctx, s, ask(b, home, "PUT", "x-amz-meta-a", "content-type", "x-a-to-z"), allowed)).To(HaveStatus(200))
		for _, name := range []string{"x-am", "content-types", "x-azy"} {
			s.Expect(s.Send(ctx, ask(b, home, "PUT", name))).To(FailWith(403), name)
		}
	},
})
