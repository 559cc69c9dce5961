package cors

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "cors.actual.match",
	Rule:  "CO-06",
	Says:  "The answer to a request of an origin that a rule allows MUST name the origin, and expose the headers of the rule.",
	Ref:   guideExpose,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		r := rule(home, "GET", "PUT")
		r.ExposeHeaders = []string{"ETag", "x-amz-request-id"}
		b := configured(ctx, s, r)
		got := until(ctx, s, from(home, b), granted)
		s.Expect(got).To(HaveStatus(200))
		s.Expect(string(got.Body)).To(Equal("hello"), "the body")
		s.Expect(got).To(HaveHeader("Access-Control-Allow-Origin", home))
		s.Expect(listed(got.Header, "Access-Control-Expose-Headers")).To(ContainElements("etag", "x-amz-request-id"))
		write := from(home, b)
		write.Method, write.Body = "PUT", []byte("new")
		got = s.Send(ctx, write)
		s.Expect(got).To(HaveStatus(200), "PUT")
		s.Expect(got).To(HaveHeader("Access-Control-Allow-Origin", home), "PUT")
	},
})

var _ = Add(Scenario{
	ID:    "cors.actual.vary",
	Rule:  "CO-06",
	Says:  "An answer that names one origin SHOULD have a Vary that names Origin.",
	Ref:   w3c,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := configured(ctx, s, rule(home, "GET"))
		s.Expect(listed(until(ctx, s, from(home, b), granted).Header, "Vary")).To(ContainElement("origin"))
	},
})

var _ = Add(Scenario{
	ID:    "cors.actual.error",
	Rule:  "CO-06",
	Says:  "Refusals MUST carry what a rule allows the origin as answers do, those for want of a right or a signature included, since the rules are evaluated for every cross-origin request.",
	Ref:   apiPut,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := configured(ctx, s, rule(home, "GET"))
		s.Expect(until(ctx, s, from(home, b), granted)).To(HaveStatus(200))
		anonymous, absent, forged := from(home, b), from(home, b), from(home, b)
		anonymous.As, absent.Key = Anonymous, "absent"
		forged.Late = [][2]string{{"x-amz-meta-unsigned", "1"}}
		for name, c := range map[string]struct {
			r      Request
			status int
		}{"a missing key": {absent, 404}, "no credentials": {anonymous, 403}, "an unsigned header": {forged, 403}} {
			got := s.Send(ctx, c.r)
			s.Expect(got).To(FailWith(c.status), name)
			s.Expect(got).To(HaveHeader("Access-Control-Allow-Origin", home), name)
		}
	},
})

var _ = Add(Scenario{
	ID:    "cors.actual.no-match",
	Rule:  "CO-06",
	Says:  "A request of an origin, or with a method, that no rule allows MUST be served as without Origin, and its answer allow nothing.",
	Ref:   guideMatch,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := configured(ctx, s, rule(home, "GET"))
		s.Expect(until(ctx, s, from(home, b), granted)).To(HaveStatus(200))
		for _, o := range []string{abroad, "https://www.example.com", home + ".evil.example", "null"} {
			got := s.Send(ctx, from(o, b))
			s.Expect(got).To(HaveStatus(200), o)
			s.Expect(leaves(got)).To(BeEmpty(), "%s: headers that allow something", o)
		}
		write := from(home, b)
		write.Method, write.Body = "PUT", []byte("new")
		got := s.Send(ctx, write)
		s.Expect(got).To(HaveStatus(200), "PUT")
		s.Expect(leaves(got)).To(BeEmpty(), "PUT: headers that allow something")
		s.ExpectBody(ctx, b, "k", "new")
	},
})

var _ = Add(Scenario{
	ID:    "cors.actual.requested-method",
	Rule:  "CO-06",
	Says:  "An actual request that comes with an Access-Control-Request-Method, which no page can send, SHOULD be matched by that in place of its own method.",
	Ref:   "https://github.com/ceph/s3-tests/blob/master/s3tests_boto3/functional/test_s3.py",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := configured(ctx, s, rule(home, "GET"))
		s.Expect(until(ctx, s, from(home, b), granted)).To(HaveStatus(200))
		for method, want := range map[string]string{"GET": home, "PUT": "", "DELETE": ""} {
			write := from(home, b)
			write.Method, write.Body = "PUT", []byte("new")
			write.Header = append(write.Header, [2]string{"Access-Control-Request-Method", method})
			s.Expect(s.Send(ctx, write)).To(HaveHeader("Access-Control-Allow-Origin", want), method)
		}
	},
})

var _ = Add(Scenario{
	ID:    "cors.actual.unset",
	Rule:  "CO-06",
	Says:  "In a bucket without a configuration a request with an Origin MUST be served, and its answer allow nothing.",
	Ref:   guideMatch,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		got := s.Send(ctx, from(home, b))
		s.Expect(got).To(HaveStatus(200))
		s.Expect(leaves(got)).To(BeEmpty(), "headers that allow something")
	},
})

var _ = Add(Scenario{
	ID:    "cors.origin.any",
	Rule:  "CO-07",
	Says:  "Where a rule allows any origin, an answer that names * MUST NOT allow credentials, which no browser would take.",
	Ref:   guideOrigin,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := configured(ctx, s, rule("*", "GET"))
		for _, r := range []Request{from(home, b), ask(b, home, "GET")} {
			got := until(ctx, s, r, granted)
			s.Expect(got).To(HaveStatus(200))
			s.Observe(r.Method+" Access-Control-Allow-Origin", origin(got))
			s.Expect(origin(got)).To(BeElementOf("*", home))
			if origin(got) == "*" {
				s.Expect(got).To(HaveHeader("Access-Control-Allow-Credentials", ""))
			}
		}
	},
})

var _ = Add(Scenario{
	ID:    "cors.origin.star",
	Rule:  "CO-07",
	Says:  "Where a rule allows any origin, the answer SHOULD name * and allow no credentials, and where it names the origin, that one and credentials.",
	Ref:   w3c,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := configured(ctx, s, rule("*", "GET"), rule(home, "PUT"))
		got := until(ctx, s, ask(b, home, "GET"), allowed)
		s.Expect(got).To(HaveHeader("Access-Control-Allow-Origin", "*"))
		s.Expect(got).To(HaveHeader("Access-Control-Allow-Credentials", ""))
		got = s.Send(ctx, ask(b, home, "PUT"))
		s.Expect(got).To(HaveHeader("Access-Control-Allow-Origin", home))
		s.Expect(got).To(HaveHeader("Access-Control-Allow-Credentials", "true"))
	},
})

var _ = Add(Scenario{
	ID:    "cors.origin.wildcard",
	Rule:  "CO-07",
	Says:  "A wildcard inside an allowed origin MUST stand for any characters, and the answer name the origin that asked.",
	Ref:   guideOrigin,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := configured(ctx, s, rule("http://*.example.com", "GET"), rule("https://*", "GET"), rule("http://app*.example.org", "GET"))
		first := until(ctx, s, from(home, b), granted)
		s.Expect(first).To(HaveHeader("Access-Control-Allow-Origin", home))
		for _, o := range []string{"http://a.b.example.com", "https://anything.test:8443", "http://app7.example.org"} {
			s.Expect(s.Send(ctx, from(o, b))).To(HaveHeader("Access-Control-Allow-Origin", o))
		}
		for _, o := range []string{"http://example.com", "http://www.example.com.evil.test", "http://web.example.org"} {
			s.Expect(s.Send(ctx, from(o, b))).To(HaveHeader("Access-Control-Allow-Origin", ""), o)
		}
	},
})

var _ = Add(Scenario{
	ID:    "cors.origin.several",
	Rule:  "CO-07",
	Says:  "A rule with several origins MUST allow each, and an answer name the one that asked alone.",
	Ref:   guideMatch,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := configured(ctx, s, types.CORSRule{AllowedOrigins: []string{abroad, home}, AllowedMethods: []string{"GET"}})
		s.Expect(until(ctx, s, from(home, b), granted)).To(HaveHeader("Access-Control-Allow-Origin", home))
		got := s.Send(ctx, from(abroad, b))
		s.Expect(got.Header.Values("Access-Control-Allow-Origin")).To(Equal([]string{abroad}))
	},
})
