package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// The form of the Authorization header.

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

// without drops one component of the header.
func without(name string) func(head string) string {
	return onAuthorization(func(v string) string {
		scheme, rest, _ := strings.Cut(v, " ")
		var kept []string
		for part := range strings.SplitSeq(rest, ", ") {
			if !strings.HasPrefix(part, name+"=") {
				kept = append(kept, part)
			}
		}
		return scheme + " " + strings.Join(kept, ", ")
	})
}

// inCredential edits the parts of the credential: key, date, region, service
// and terminal.
func inCredential(edit func(parts []string) []string) func(head string) string {
	return onAuthorization(func(v string) string {
		before, rest, _ := strings.Cut(v, "Credential=")
		credential, after, _ := strings.Cut(rest, ",")
		return before + "Credential=" + strings.Join(edit(strings.Split(credential, "/")), "/") + "," + after
	})
}

// slips are headers that are not of the documented form. Where the signature
// would still be right only their form can tell.
var slips = []struct {
	id, rule, text string
	want           []Answer
	edit           func(head string) string
}{
	{"no-credential", "AN-06", "without Credential", []Answer{malformed}, without("Credential")},
	{"no-signed-headers", "AN-06", "without SignedHeaders", []Answer{malformed}, without("SignedHeaders")},
	{"no-signature", "AN-06", "without Signature", []Answer{malformed}, without("Signature")},
	{"empty-signature", "AN-06", "with an empty Signature", either, onSignature(func(string) string { return "" })},
	{"credential-word", "AN-06", "whose Credential is one word", []Answer{malformed}, inCredential(func([]string) []string { return []string{"Credentials"} })},
	{"credential-key", "AN-06", "whose Credential has no access key", []Answer{malformed, forbidden},
		inCredential(func(p []string) []string { return append([]string{""}, p[1:]...) })},
	{"credential-parts", "AN-06", "whose Credential lacks the service", []Answer{malformed, forbidden},
		inCredential(func(p []string) []string { return append(p[:3:3], p[4]) })},
	{"misspelt", "AN-06", "that misspells Credential", []Answer{malformed}, inAuthorization("Credential=", "Credenadsftial=")},
	{"scheme-alone", "AN-06", "that names the scheme alone", []Answer{bad, denied}, onAuthorization(func(string) string { return "AWS4-HMAC-SHA256" })},
	{"terminal", "AN-09", "whose Credential does not end in aws4_request", []Answer{malformed, mismatch}, inAuthorization("/aws4_request", "/aws5_request")},
	{"date", "AN-09", "whose Credential has another date than x-amz-date", []Answer{malformed, mismatch},
		inCredential(func(p []string) []string { p[1] = "20130524"; return p })},
	{"date-form", "AN-09", "whose Credential has a date with dashes", []Answer{malformed, mismatch},
		inCredential(func(p []string) []string { p[1] = p[1][:4] + "-" + p[1][4:6] + "-" + p[1][6:]; return p })},
}

func init() {
	for _, c := range slips {
		Add(Scenario{
			ID:    "auth.header." + c.id,
			Rule:  c.rule,
			Says:  "An Authorization header " + c.text + " MUST be refused with " + list(c.want) + ".",
			Ref:   apiErrors,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				tryAll(ctx, s, func(r *Request) { r.EditHead = c.edit }, c.want...)
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "auth.scope.date",
	Rule:  "AN-09",
	Says:  "A request signed throughout in the scope of another date than its x-amz-date has MUST be refused with 400 AuthorizationHeaderMalformed, or 403 SignatureDoesNotMatch.",
	Ref:   "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		h := handmade{method: "PUT", bucket: b, key: "k", body: "new", date: "20130524"}
		s.Expect(s.Send(ctx, h.request(s))).To(FailWithAny(either...))
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "auth.header.twice",
	Rule:  "AN-06",
	Says:  "A request with two Authorization headers, the right one and a wrong one in either order, MUST be refused.",
	Ref:   "https://www.rfc-editor.org/rfc/rfc9110#section-5.3",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		const wrong = "\r\nAuthorization: Basic dXNlcjpwYXNz"
		for _, edit := range []func(head string) string{
			func(head string) string {
				return strings.Replace(head, "\r\nAuthorization: ", wrong+"\r\nAuthorization: ", 1)
			},
			func(head string) string { return strings.Replace(head, "\r\n\r\n", wrong+"\r\n\r\n", 1) },
		} {
			tryAll(ctx, s, func(r *Request) { r.EditHead = edit }, bad, forbidden)
		}
	},
})

var _ = Add(Scenario{
	ID:    "auth.header.region-named",
	Rule:  "AN-08",
	Says:  "The refusal of a request signed for another region SHOULD name the right one in the element Region, from which SDKs learn it.",
	Ref:   "https://github.com/s3fs-fuse/s3fs-fuse/issues/227",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		r := get(s.Bucket(ctx))
		r.Scope = func(sc *sign.Scope) { sc.Region = "xx-nowhere-1" }
		got := s.Send(ctx, r)
		s.Expect(got).To(FailWithAny(malformed))
		s.Expect(string(got.Body)).To(ContainSubstring("<Region>" + s.Target().Region + "</Region>"))
	},
})

// A told mismatch is what its error document tells.
type told struct {
	AWSAccessKeyId, StringToSign, SignatureProvided, CanonicalRequest string
}

func tell(s *S, r *Response) told {
	var t told
	s.Expect(xml.Unmarshal(r.Body, &t)).To(Succeed(), "read the error document")
	return t
}

// mismatched is the answer to a GET signed with another secret.
func mismatched(ctx context.Context, s *S) *Response {
	r := get(s.Bucket(ctx))
	r.Scope = func(sc *sign.Scope) { sc.Secret += "x" }
	return s.Send(ctx, r)
}

var _ = Add(Scenario{
	ID:    "auth.mismatch.string-to-sign",
	Rule:  "AN-03",
	Says:  "A SignatureDoesNotMatch MUST show in StringToSign what the server made of the request, and never a secret.",
	Ref:   api + "RESTAuthentication.html#RESTAuthenticationDebugging",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		r := mismatched(ctx, s)
		s.Expect(r).To(FailWithAny(mismatch))
		s.Expect(tell(s, r).StringToSign).To(HavePrefix("AWS4-HMAC-SHA256\n"))
		s.Expect(string(r.Body)).NotTo(ContainSubstring(s.Target().Main.Secret), "the secret")
	},
})

var _ = Add(Scenario{
	ID:    "auth.mismatch.explained",
	Rule:  "AN-03",
	Says:  "A SignatureDoesNotMatch SHOULD show AWSAccessKeyId, SignatureProvided and the CanonicalRequest too.",
	Ref:   "https://github.com/minio/minio/issues/2986",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		t := tell(s, mismatched(ctx, s))
		s.Expect(t.AWSAccessKeyId).To(Equal(s.Target().Main.Access), "AWSAccessKeyId")
		s.Expect(t.SignatureProvided).To(HaveLen(64), "SignatureProvided")
		s.Expect(t.CanonicalRequest).To(HavePrefix("GET\n/"), "CanonicalRequest")
	},
})

func init() {
	for _, c := range []struct{ id, text, header, ref string }{
		{"unknown", "of a scheme that S3 does not know", "AWS4-HMAC-SHA25 Credential=a/20250902/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=1", threads + "1512"},
		{"basic", "of the scheme Basic", "Basic dXNlcjpwYXNz", threads + "1512"},
		{"bearer", "of the scheme Bearer", "Bearer abc", threads + "1512"},
	} {
		Add(Scenario{
			ID:    "auth.scheme." + c.id,
			Rule:  "AN-07",
			Says:  "An Authorization header " + c.text + " SHOULD be refused with 400 InvalidArgument.",
			Ref:   c.ref,
			Level: Should,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				tryAll(ctx, s, func(r *Request) {
					r.As, r.Header = Anonymous, append(r.Header, [2]string{"Authorization", c.header})
				}, Answer{Status: 400, Codes: []string{"InvalidArgument"}})
			},
		})
	}
}

// version2Of signs a GET of the key k with version 2.
func version2Of(s *S, bucket, secret string) Request {
	date := time.Now().UTC().Format(http.TimeFormat)
	h := hmac.New(sha1.New, []byte(secret))
	fmt.Fprintf(h, "GET\n\n\n%s\n/%s/k", date, bucket)
	r := get(bucket)
	r.As = Anonymous
	r.Header = [][2]string{{"Date", date}, {"Authorization", "AWS " + s.Target().Main.Access + ":" + base64.StdEncoding.EncodeToString(h.Sum(nil))}}
	return r
}

var _ = Add(Scenario{
	ID:    "auth.scheme.version2",
	Rule:  "AN-07",
	Says:  "A request signed rightly with version 2 SHOULD be refused with 400 InvalidRequest.",
	Ref:   "https://github.com/aws/aws-cli/issues/2432",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		s.Expect(s.Send(ctx, version2Of(s, b, s.Target().Main.Secret))).To(FailWith(400, "InvalidRequest"))
	},
})

var _ = Add(Scenario{
	ID:    "auth.scheme.version2-wrong",
	Rule:  "AN-03",
	Says:  "A request signed wrongly with version 2 MUST be refused.",
	Ref:   api + "S3_Authentication2.html",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		s.Expect(s.Send(ctx, version2Of(s, b, s.Target().Main.Secret+"x"))).To(FailWithAny(bad, forbidden, absent))
	},
})
