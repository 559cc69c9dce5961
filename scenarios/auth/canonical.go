package auth

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// What a right signature may look like, and what it has to cover.

// A spelling is a request in a form that means the same as the canonical one,
// over which its signature is.
type spelling struct {
	id, text string
	ref      string
	send     func(s *S, bucket string) Request
}

var spellings = []spelling{
	{"spaces", "spaces around and inside a header value", apiSingle, func(_ *S, b string) Request {
		r := put(b, "new")
		r.Header = [][2]string{{"x-amz-meta-a", "  one   two  "}}
		return r
	}},
	{"header-case", "header names in mixed case", apiSingle, func(_ *S, b string) Request {
		r := put(b, "new")
		r.Header = [][2]string{{"X-AMZ-MeTa-CaSe", "v"}, {"CONTENT-TYPE", "text/plain"}}
		return r
	}},
	{"repeated-header", "a header that comes twice", apiSingle, func(_ *S, b string) Request {
		r := put(b, "new")
		r.Header = [][2]string{{"x-amz-meta-a", "1"}, {"x-amz-meta-a", "2"}}
		return r
	}},
	{"empty-header", "a header without a value", apiSingle, func(_ *S, b string) Request {
		r := put(b, "new")
		r.Header = [][2]string{{"x-amz-meta-a", ""}}
		return r
	}},
	{"query-order", "query parameters out of order", apiSingle, func(_ *S, b string) Request {
		return asked(b, "prefix=p&max-keys=5&list-type=2&delimiter=%2F")
	}},
	{"no-value", "a parameter without a value and without =", apiSingle, func(_ *S, b string) Request {
		return asked(b, "location")
	}},
	{"empty-value", "parameters whose value is empty", apiSingle, func(_ *S, b string) Request {
		return asked(b, "delimiter=&list-type=2&prefix=")
	}},
	{"query-escapes", "a parameter of escaped, unreserved and UTF-8 characters", apiSingle, func(_ *S, b string) Request {
		return asked(b, "list-type=2&prefix=a%20b%2Bc%2F~-_.%C3%A9%26%3D")
	}},
	{"repeated-parameter", "a parameter that comes twice, out of order", apiSingle, func(_ *S, b string) Request {
		return asked(b, "list-type=2&x-probe=b&x-probe=a")
	}},
	{"compact", "no spaces behind the commas of the Authorization header", apiHeader, func(_ *S, b string) Request {
		r := put(b, "new")
		r.EditHead = onAuthorization(func(v string) string { return strings.ReplaceAll(v, ", ", ",") })
		return r
	}},
	{"unsigned-hash", "x-amz-content-sha256 sent, but not signed as a header", apiSingle, func(s *S, b string) Request {
		return handmade{method: "PUT", bucket: b, key: "k", body: "new", unsigned: []string{"x-amz-content-sha256"}}.request(s)
	}},
	{"unsigned-others", "headers that need not be signed", apiSingle, func(_ *S, b string) Request {
		r := put(b, "new")
		r.Late = [][2]string{{"User-Agent", "probe"}, {"Accept", "*/*"}, {"Cache-Control", "no-cache"}, {"X-Forwarded-For", "192.0.2.1"}}
		return r
	}},
}

// asked is a GET whose query goes out as it is given: the SDK's signer would
// send the canonical one, over which the signature is.
func asked(bucket, query string) Request {
	return Request{Bucket: bucket, Query: query, EditHead: onTarget(func(target string) string {
		path, _, _ := strings.Cut(target, "?")
		return path + "?" + query
	})}
}

func init() {
	for _, c := range spellings {
		rule := "AN-12"
		if c.id == "unsigned-others" {
			rule = "AN-11"
		}
		Add(Scenario{
			ID:    "auth.canonical." + c.id,
			Rule:  rule,
			Says:  "A request with " + c.text + " MUST be accepted when its canonical form is signed.",
			Ref:   c.ref,
			Level: Must,
			Needs: []Feature{Auth, Objects, Listing},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				r := c.send(s, b)
				s.Expect(s.Send(ctx, r)).To(OK())
				if r.Method == "PUT" {
					s.ExpectBody(ctx, b, "k", "new")
				}
			},
		})
	}
}

// keys are signed as they are escaped: no part of a path is resolved.
var keys = []struct{ id, key, rule string }{
	{"tilde", "a~b", "AN-12"}, {"space", "a b", "AN-12"}, {"plus", "a+b", "AN-12"}, {"utf-8", "é/日本/🙂", "AN-12"}, {"percent", "100%41%2F", "AN-12"},
	{"reserved", "a!$&'()*,;=:@b", "AN-12"}, {"question", "a?b#c", "AN-12"}, {"quote", `a"b<c>d\e^f` + "`" + `{g}|`, "AN-12"},
	{"double-slash", "a//b", "AN-13"}, {"leading-slash", "/a", "AN-13"}, {"trailing-slash", "a/", "AN-13"}, {"slashes", "//", "AN-13"},
	{"dot", "a/./b", "AN-13"}, {"dots", "a/../b", "AN-13"},
}

func init() {
	for _, c := range keys {
		says := "A request for the key " + c.id + " MUST be accepted when the escaped path is signed, and name that key."
		if c.rule == "AN-13" {
			says = "A request for the key " + c.id + " MUST be accepted when the path is signed as it is, without normalising it, and name that key."
		}
		Add(Scenario{
			ID: "auth.path." + c.id, Rule: c.rule, Says: says, Ref: apiSingle, Level: Must, Needs: []Feature{Auth, Objects, Listing},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.Expect(s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: c.key, Body: []byte("new")})).To(OK(), "PUT")
				r := s.Send(ctx, Request{Method: "GET", Bucket: b, Key: c.key, Presign: "300"})
				s.Expect(r).To(OK(), "presigned GET")
				s.Expect(string(r.Body)).To(Equal("new"))
				out, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b})
				s.Expect(err).To(OK(), "list")
				s.Expect(out.Contents).To(HaveLen(1), "objects")
				s.Expect(*out.Contents[0].Key).To(Equal(c.key), "key listed")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "auth.path.lower-case-escapes",
	Rule:  "AN-12",
	Says:  "A path with escapes in lower case SHOULD be accepted when its canonical form, in upper case, is signed.",
	Ref:   apiSingle,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := Request{Method: "PUT", Bucket: b, Key: "é", Body: []byte("new")}
		r.EditHead = onTarget(strings.ToLower)
		s.Expect(s.Send(ctx, r)).To(OK())
		s.ExpectBody(ctx, b, "é", "new")
	},
})

// uncovered are headers that the signature has to cover.
var uncovered = []struct {
	id, text string
	request  func(s *S, bucket string) Request
}{
	{"host", "Host", func(s *S, b string) Request {
		return handmade{method: "PUT", bucket: b, key: "k", body: "new", unsigned: []string{"host"}}.request(s)
	}},
	{"acl", "x-amz-acl", late("x-amz-acl", "public-read")},
	{"meta", "x-amz-meta-a", late("x-amz-meta-a", "b")},
	{"tagging", "x-amz-tagging", late("x-amz-tagging", "a=b")},
	{"storage-class", "x-amz-storage-class", late("x-amz-storage-class", "STANDARD")},
	{"redirect", "x-amz-website-redirect-location", late("x-amz-website-redirect-location", "/elsewhere")},
	{"copy-source", "x-amz-copy-source", func(_ *S, b string) Request {
		r := put(b, "")
		r.Late = [][2]string{{"x-amz-copy-source", "/" + b + "/source"}}
		return r
	}},
}

// late adds a header behind the signing.
func late(name, value string) func(*S, string) Request {
	return func(_ *S, b string) Request {
		r := put(b, "new")
		r.Late = [][2]string{{name, value}}
		return r
	}
}

func init() {
	for _, c := range uncovered {
		Add(Scenario{
			ID:    "auth.uncovered." + c.id,
			Rule:  "AN-11",
			Says:  "A signed request MUST be refused with 403 when its signature does not cover " + c.text + ".",
			Ref:   apiSingle,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "source", "secret")
				s.Expect(s.Send(ctx, c.request(s, b))).To(FailWithAny(forbidden))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "auth.uncovered.named",
	Rule:  "AN-11",
	Says:  "The refusal of an unsigned x-amz-* header SHOULD be AccessDenied and name it in HeadersNotSigned.",
	Ref:   "https://github.com/soto-project/soto/issues/374",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, late("x-amz-acl", "public-read")(s, b))
		s.Expect(r).To(FailWithAny(denied))
		s.Expect(string(r.Body)).To(ContainSubstring("<HeadersNotSigned>x-amz-acl</HeadersNotSigned>"))
	},
})

func init() {
	for _, c := range []struct {
		id, text string
		change   func(*Request)
	}{
		{"changed", "has another value than the signed one", func(r *Request) {
			r.EditHead = onHeader("Content-Type", func(string) string { return "text/x-other" })
		}},
		{"dropped", "is signed, but not sent", func(r *Request) { r.Drop = []string{"Content-Type"} }},
	} {
		Add(Scenario{
			ID:    "auth.covered." + c.id,
			Rule:  "AN-03",
			Says:  "A request whose Content-Type " + c.text + " MUST be refused with 403.",
			Ref:   apiErrors,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				r := put(b, "new")
				r.Header = [][2]string{{"Content-Type", "text/x-signed"}}
				c.change(&r)
				s.Expect(s.Send(ctx, r)).To(FailWithAny(forbidden))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}
