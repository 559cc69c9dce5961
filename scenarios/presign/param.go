package presign

import (
	"context"
	"net/url"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// The parameters of the signature, left out or malformed.

// tryAll sends a GET, a PUT and a DELETE made by change; none may be accepted.
func tryAll(ctx context.Context, s *S, change func(*Request), want ...Answer) {
	b := s.Bucket(ctx)
	s.MustPut(ctx, b, "k", "old")
	for _, r := range []Request{get(b), put(b, "new"), del(b)} {
		change(&r)
		s.Expect(s.Send(ctx, r)).To(FailWithAny(want...), r.Method)
	}
	s.ExpectUnchanged(ctx, b, "k", "old")
}

func init() {
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"} {
		says := "An address without " + name + " MUST be refused with 400 AuthorizationQueryParametersError."
		want := []Answer{malformed}
		if name == "X-Amz-Algorithm" {
			// Nothing else says that the rest is a signature of version 4.
			says = "An address without " + name + " MUST be refused with 400 AuthorizationQueryParametersError, or with 403 AccessDenied as one that is not signed."
			want = append(want, denied)
		}
		Add(Scenario{
			ID: "presign.missing." + strings.ToLower(name), Rule: "PS-05", Says: says, Ref: apiErrors, Level: Must, Needs: needs,
			Check: func(ctx context.Context, s *S) {
				tryAll(ctx, s, func(r *Request) { r.EditHead = dropParam(name) }, want...)
			},
		})
	}
}

// slips are credentials that are not of the documented form, with a signature
// that would be right otherwise.
var slips = []struct {
	id, text string
	with     func(s *S) func(head string) string
}{
	{"terminal", "does not end in aws4_request", func(*S) func(string) string { return replaceIn("X-Amz-Credential", "aws4_request", "aws5_request") }},
	{"date-form", "has a date with dashes", func(*S) func(string) string {
		return onParam("X-Amz-Credential", func(v string) (string, bool) {
			parts := strings.Split(v, "%2F")
			d := parts[1]
			parts[1] = d[:4] + "-" + d[4:6] + "-" + d[6:]
			return strings.Join(parts, "%2F"), true
		})
	}},
	{"date", "has another date than X-Amz-Date", func(*S) func(string) string {
		return onParam("X-Amz-Credential", func(v string) (string, bool) {
			parts := strings.Split(v, "%2F")
			parts[1] = "20130524"
			return strings.Join(parts, "%2F"), true
		})
	}},
	{"no-region", "lacks the region", func(s *S) func(string) string {
		return replaceIn("X-Amz-Credential", "%2F"+url.QueryEscape(s.Target().Region), "")
	}},
	{"key-only", "is the access key alone", func(*S) func(string) string {
		return onParam("X-Amz-Credential", func(v string) (string, bool) { k, _, _ := strings.Cut(v, "%2F"); return k, true })
	}},
	{"no-key", "has no access key", func(*S) func(string) string {
		return onParam("X-Amz-Credential", func(v string) (string, bool) { return v[strings.Index(v, "%2F"):], true })
	}},
}

func init() {
	for _, c := range slips {
		Add(Scenario{
			ID:    "presign.credential." + c.id,
			Rule:  "PS-06",
			Says:  "An address whose X-Amz-Credential " + c.text + " MUST be refused with 400 AuthorizationQueryParametersError, or with 403 because the signature does not cover it.",
			Ref:   apiErrors,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				tryAll(ctx, s, func(r *Request) { r.EditHead = c.with(s) }, malformed, forbidden)
			},
		})
	}
	for _, c := range []struct{ id, name, value string }{
		{"algorithm", "X-Amz-Algorithm", "AWS4-HMAC-SHA1"},
		{"date", "X-Amz-Date", "2013-05-24T00:00:00Z"},
	} {
		Add(Scenario{
			ID:    "presign.malformed." + c.id,
			Rule:  "PS-06",
			Says:  "An address whose " + c.name + " is none that S3 documents MUST be refused with 400 AuthorizationQueryParametersError, or with 403 because the signature does not cover it.",
			Ref:   apiQuery,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				tryAll(ctx, s, func(r *Request) { r.EditHead = setParam(c.name, c.value) }, malformed, forbidden)
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "presign.region.named",
	Rule:  "PS-06",
	Says:  "The refusal of an address signed for another region SHOULD name the right one in the element Region.",
	Ref:   "https://github.com/bigassforce/aws-sdk/issues/5",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		r := s.Send(ctx, by(get(b), func(sc *sign.Scope) { sc.Region = "xx-nowhere-1" }))
		s.Expect(r).To(FailWithAny(malformed))
		s.Expect(string(r.Body)).To(ContainSubstring("<Region>" + s.Target().Region + "</Region>"))
	},
})

var _ = Add(Scenario{
	ID:    "presign.twice",
	Rule:  "PS-05",
	Says:  "An address with a second, wrong value of a signature parameter SHOULD be refused.",
	Ref:   apiQuery,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		for _, pair := range []string{"X-Amz-Expires=604800", "X-Amz-Signature=" + strings.Repeat("0", 64), "X-Amz-Date=20130524T000000Z"} {
			tryAll(ctx, s, func(r *Request) { r.EditHead = addParam(pair) }, malformed, forbidden)
		}
	},
})
