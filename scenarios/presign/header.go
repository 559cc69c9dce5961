package presign

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Headers beside the signature in the query.

// bothWays are Authorization headers in addition to the query.
var bothWays = []struct{ id, text, header string }{
	{"basic", "a Basic Authorization header", "Basic dXNlcjpwYXNz"},
	{"wrong", "an Authorization header with a wrong signature", ""},
}

func init() {
	for _, c := range bothWays {
		Add(Scenario{
			ID:    "presign.both." + c.id,
			Rule:  "PS-07",
			Says:  "A request signed in the query that carries " + c.text + " as well SHOULD be refused with 400 InvalidArgument.",
			Ref:   "https://github.com/catalyst/moodle-tool_objectfs/issues/303",
			Level: Should,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				tryAll(ctx, s, func(r *Request) {
					header := c.header
					if header == "" {
						header = fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s/%s/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=%s",
							s.Target().Main.Access, time.Now().UTC().Format("20060102"), s.Target().Region, strings.Repeat("0", 64))
					}
					r.Late = [][2]string{{"Authorization", header}}
				}, Answer{Status: 400, Codes: []string{"InvalidArgument"}})
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "presign.both.right",
	Rule:  "PS-07",
	Says:  "A request signed rightly in the query and in the header SHOULD be refused with 400 InvalidArgument.",
	Ref:   "https://github.com/catalyst/moodle-tool_objectfs/issues/303",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b, key := s.Bucket(ctx), "k"
		s.MustPut(ctx, b, key, "old")
		down, err := s3.NewPresignClient(s.SDK()).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &b, Key: &key})
		s.Must(err, "presign a GET")
		s.Expect(s.Send(ctx, aimed(s, down.URL, Request{Bucket: b, Key: key}))).To(FailWith(400, "InvalidArgument"))
	},
})

var signedHeader = [][2]string{{"Content-Type", "text/x-signed"}, {"x-amz-meta-signed", "1"}}

var _ = Add(Scenario{
	ID:    "presign.signed-header.sent",
	Rule:  "PS-08",
	Says:  "A presigned PUT MUST store the headers that its signature covers.",
	Ref:   apiQuery,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := put(b, "new")
		r.Header = signedHeader
		s.Expect(s.Send(ctx, r)).To(HaveStatus(200))
		out, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(HeaderOf(out.ResultMetadata)).To(HaveHeader("Content-Type", "text/x-signed"))
		s.Expect(out.Metadata).To(HaveKeyWithValue("signed", "1"))
	},
})

func init() {
	for _, h := range signedHeader {
		name := strings.ToLower(h[0])
		Add(Scenario{
			ID:    "presign.signed-header.absent." + name,
			Rule:  "PS-08",
			Says:  "A presigned PUT MUST be refused with 403 when " + name + ", which its signature covers, is not sent.",
			Ref:   apiQuery,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				r := put(b, "new")
				r.Header, r.Drop = signedHeader, []string{canonical(h[0])}
				s.Expect(s.Send(ctx, r)).To(FailWithAny(forbidden))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
		Add(Scenario{
			ID:    "presign.signed-header.changed." + name,
			Rule:  "PS-08",
			Says:  "A presigned PUT MUST be refused with 403 SignatureDoesNotMatch when " + name + " has another value than was signed.",
			Ref:   apiQuery,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				r := put(b, "new")
				r.Header = signedHeader
				r.EditHead = func(head string) string { return strings.Replace(head, h[0]+": "+h[1], h[0]+": other", 1) }
				s.Expect(s.Send(ctx, r)).To(FailWithAny(mismatch))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

// canonical is the name of a header as net/http writes it.
func canonical(name string) string {
	if strings.HasPrefix(name, "x-amz-meta-") {
		return "X-Amz-Meta-" + strings.ToUpper(name[11:12]) + name[12:]
	}
	return name
}

// unsigned are headers that change what is done, added to an address that its
// maker meant for a plain PUT.
var unsigned = [][2]string{
	{"x-amz-acl", "public-read"}, {"x-amz-tagging", "a=b"}, {"x-amz-storage-class", "STANDARD"}, {"x-amz-meta-a", "b"},
	{"x-amz-website-redirect-location", "/elsewhere"}, {"x-amz-copy-source", "/BUCKET/source"}, {"x-amz-server-side-encryption", "AES256"},
}

func init() {
	for _, h := range unsigned {
		Add(Scenario{
			ID:    "presign.unsigned-header." + strings.TrimPrefix(h[0], "x-amz-"),
			Rule:  "PS-09",
			Says:  "A presigned PUT MUST be refused with 403 when " + h[0] + ", which its signature does not cover, is sent.",
			Ref:   apiQuery,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "source", "secret")
				r := put(b, "new")
				r.Late = [][2]string{{h[0], strings.ReplaceAll(h[1], "BUCKET", b)}}
				s.Expect(s.Send(ctx, r)).To(FailWithAny(forbidden))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "presign.unsigned-header.named",
	Rule:  "PS-09",
	Says:  "The refusal of an unsigned x-amz-* header SHOULD be AccessDenied and name it in HeadersNotSigned.",
	Ref:   "https://github.com/aws/aws-sdk-java/issues/1680",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := put(b, "new")
		r.Late = [][2]string{{"x-amz-acl", "public-read"}}
		got := s.Send(ctx, r)
		s.Expect(got).To(FailWithAny(denied))
		s.Expect(string(got.Body)).To(ContainSubstring("<HeadersNotSigned>x-amz-acl</HeadersNotSigned>"))
	},
})

var _ = Add(Scenario{
	ID:    "presign.unsigned-header.other",
	Rule:  "PS-09",
	Says:  "A presigned PUT MUST be accepted with headers that need not be signed, such as those that any HTTP client adds.",
	Ref:   apiQuery,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := put(b, "new")
		r.Late = [][2]string{{"Accept", "*/*"}, {"User-Agent", "probe"}, {"Content-Type", "text/x-late"}, {"Cache-Control", "no-cache"}}
		s.Expect(s.Send(ctx, r)).To(HaveStatus(200))
		s.ExpectBody(ctx, b, "k", "new")
	},
})

// version2 is the query of a signature of version 2 over a GET of the key k.
func version2(s *S, bucket, secret string) string {
	expires := fmt.Sprint(time.Now().Add(time.Hour).Unix())
	h := hmac.New(sha1.New, []byte(secret))
	fmt.Fprintf(h, "GET\n\n\n%s\n/%s/k", expires, bucket)
	return "AWSAccessKeyId=" + url.QueryEscape(s.Target().Main.Access) + "&Expires=" + expires +
		"&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(h.Sum(nil)))
}

var _ = Add(Scenario{
	ID:    "presign.version2",
	Rule:  "PS-12",
	Says:  "An address signed rightly with version 2 SHOULD be refused with 400 InvalidRequest.",
	Ref:   "https://github.com/s3tools/s3cmd/issues/1376",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: version2(s, b, s.Target().Main.Secret), As: Anonymous})
		s.Expect(r).To(FailWith(400, "InvalidRequest"))
	},
})

var _ = Add(Scenario{
	ID:    "presign.version2.wrong",
	Rule:  "PS-04",
	Says:  "An address signed wrongly with version 2 MUST be refused.",
	Ref:   api + "RESTAuthentication.html",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: version2(s, b, s.Target().Main.Secret+"x"), As: Anonymous})
		s.Expect(r).To(FailWithAny(Answer{Status: 400}, forbidden, Answer{Status: 501}))
	},
})
