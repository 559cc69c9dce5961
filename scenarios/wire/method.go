package wire

import (
	"context"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Methods that S3 does not have, or not there.

// misplaced are methods on resources that do not take them. BUCKET is the
// scenario's own.
var misplaced = []struct{ id, method, path string }{
	{"post-service", "POST", "/"}, {"put-service", "PUT", "/"}, {"delete-service", "DELETE", "/"},
	{"post-object", "POST", "/BUCKET/k"}, {"patch-object", "PATCH", "/BUCKET/k"}, {"patch-bucket", "PATCH", "/BUCKET"},
}

func init() {
	for _, c := range misplaced {
		Add(Scenario{
			ID:    "wire.method." + c.id,
			Rule:  "X-09",
			Says:  "A method that the resource does not take MUST be refused with 405 MethodNotAllowed, or with 501 as unknown, and change nothing: " + c.method + " " + strings.ReplaceAll(c.path, "BUCKET", "bucket") + ".",
			Ref:   apiErrors,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "old")
				r := s.Send(ctx, Request{Method: c.method, Path: strings.ReplaceAll(c.path, "BUCKET", b), Body: []byte("<a/>")})
				s.Observe(c.method+" "+c.path, Outcome(r))
				s.Expect(r).To(FailWithAny(Answer{Status: 405, Codes: []string{"MethodNotAllowed"}}, unsupported))
				s.ExpectUnchanged(ctx, b, "k", "old")
			},
		})
	}
	for _, method := range []string{"FROB", "put", "LINK"} {
		Add(Scenario{
			ID:    "wire.method.unknown." + map[string]string{"FROB": "frob", "put": "lower-case", "LINK": "link"}[method],
			Rule:  "X-09",
			Says:  "A request with an unknown method MUST be refused, and change nothing, since methods are case-sensitive and none is like another.",
			Ref:   rfc9110 + "#section-9.1",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "old")
				r := s.Send(ctx, Request{Method: method, Path: "/" + b + "/k", Body: []byte("new")})
				s.Expect(r).To(FailWithAny(notAllowed, unsupported, bad, forbidden))
				s.ExpectUnchanged(ctx, b, "k", "old")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "wire.method.allow",
	Rule:  "X-09",
	Says:  "A 405 MUST carry Allow with the methods that the resource takes.",
	Ref:   rfc9110 + "#section-15.5.6",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		seen := 0
		for _, c := range misplaced {
			r := s.Send(ctx, Request{Method: c.method, Path: strings.ReplaceAll(c.path, "BUCKET", b), Body: []byte("<a/>")})
			if r.Status != 405 {
				continue
			}
			seen++
			s.Expect(r).To(HaveHeader("Allow", Not(BeEmpty())), "%s %s", c.method, c.path)
			s.Expect(strings.Fields(strings.ReplaceAll(r.Header.Get("Allow"), ",", " "))).NotTo(ContainElement(c.method), "%s %s", c.method, c.path)
		}
		s.Observe("answers 405", seen)
	},
})
