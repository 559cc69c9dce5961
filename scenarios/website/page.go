package website

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// What a website's own endpoint makes of its configuration.

const (
	guide = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"

	guideIndex    = guide + "IndexDocumentSupport.html"
	guideErrors   = guide + "CustomErrorDocSupport.html"
	guideRedirect = guide + "how-to-page-redirect.html"
	guideDiffers  = guide + "WebsiteEndpoints.html#WebsiteRestEndpointDiff"
)

var served = []Feature{Buckets, Objects, Website, Policy, WebsiteEndpoint}

// everything that is in a bucket anybody may read, and is told when it is missing.
const readable = `{"Version":"2012-10-17","Statement":[` +
	`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::$B/*"},` +
	`{"Effect":"Allow","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::$B"}]}`

// body is what an object of a website holds.
func body(key string) string { return "<p>" + key + "</p>" }

// site is a bucket that is a website of that configuration, with an index.html and
// other objects, and is read by whom policy lets ($B is its name).
func site(ctx context.Context, s *S, policy, inner string, keys ...string) string {
	b := s.Bucket(ctx)
	if s.Target().Has(PublicAccessBlock) {
		_, err := s.SDK().DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &b})
		s.Must(err, "let policies be public")
	}
	text := strings.ReplaceAll(policy, "$B", b)
	s.Settle(ctx, "the policy is taken", func() error {
		_, err := s.SDK().PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &b, Policy: &text})
		return err
	})
	for _, key := range append(keys, "index.html") {
		s.MustPut(ctx, b, key, body(key), Header("Content-Type", "text/html"))
	}
	s.Must(answered(s.Send(ctx, put(b, inner))), "PutBucketWebsite")
	s.Settle(ctx, "the website is served", func() error {
		r := page(ctx, s, b, "index.html")
		if r.Err == nil && r.Status < 400 {
			return nil
		}
		return fmt.Errorf("index.html: %s", Outcome(r))
	})
	return b
}

// answered is nil where r is a success.
func answered(r *Response) error {
	if ok, _ := OK().Match(r); !ok {
		return fmt.Errorf("got %s", Outcome(r))
	}
	return nil
}

// page asks the website for a key.
func page(ctx context.Context, s *S, bucket, key string) *Response {
	return s.Send(ctx, Request{Website: true, Bucket: bucket, Key: key})
}

// expectPage demands the object of that key.
func expectPage(s *S, r *Response, status int, key string) {
	s.Expect(r).To(HaveStatus(status))
	s.Expect(string(r.Body)).To(Equal(body(key)))
	s.Expect(r).To(HaveHeader("Content-Type", "text/html"))
}

// expectSent demands a redirect to an address, of which a path may stand for the
// whole: it is the website's own then.
func expectSent(s *S, r *Response, status int, bucket, to string) {
	s.Expect(r).To(HaveStatus(status))
	base := &url.URL{Scheme: "http", Host: WebsiteHost(s, bucket), Path: "/"}
	want, err := base.Parse(to)
	s.Must(err, "read "+to)
	got, err := base.Parse(r.Header.Get("Location"))
	s.Expect(err).To(Succeed(), "Location: %s", r.Header.Get("Location"))
	s.Expect(got.String()).To(Equal(want.String()), "Location")
}

// expectHTML demands an error that a person can read.
func expectHTML(s *S, r *Response, status int) {
	s.Expect(r).To(HaveStatus(status))
	s.Expect(r).To(HaveHeader("Content-Type", HavePrefix("text/html")))
	s.Expect(strings.ToLower(string(r.Body))).To(ContainSubstring("<html"))
}

var _ = Add(Scenario{
	ID:    "website.page.index",
	Rule:  "WS-03",
	Says:  "A website endpoint MUST answer a request of the root, and of a key that ends in a slash, with the index document there.",
	Ref:   guideIndex,
	Level: Must,
	Needs: served,
	Check: func(ctx context.Context, s *S) {
		b := site(ctx, s, readable, index, "photos/index.html", "photos/2006/index.html")
		for at, key := range map[string]string{"": "index.html", "photos/": "photos/index.html", "photos/2006/": "photos/2006/index.html"} {
			expectPage(s, page(ctx, s, b, at), 200, key)
		}
		r := s.Send(ctx, Request{Website: true, Method: "HEAD", Bucket: b})
		s.Expect(r).To(HaveStatus(200))
		s.Expect(r).To(HaveHeader("Content-Length", fmt.Sprint(len(body("index.html")))))
	},
})

var _ = Add(Scenario{
	ID:    "website.page.object",
	Rule:  "WS-03",
	Says:  "A website endpoint MUST answer a request of a key with the object of that key, and with 304 when it is the one that the client names in If-None-Match.",
	Ref:   guideErrors + "#s3-http-error-codes",
	Level: Must,
	Needs: served,
	Check: func(ctx context.Context, s *S) {
		b := site(ctx, s, readable, index, "docs/a b.html")
		r := page(ctx, s, b, "docs/a b.html")
		expectPage(s, r, 200, "docs/a b.html")
		tag := [2]string{"If-None-Match", r.Header.Get("ETag")}
		s.Expect(s.Send(ctx, Request{Website: true, Bucket: b, Key: "docs/a b.html", Header: [][2]string{tag}})).To(HaveStatus(304))
	},
})

var _ = Add(Scenario{
	ID:    "website.page.directory",
	Rule:  "WS-04",
	Says:  "A website endpoint MUST answer a request of a key without object, behind which with a slash there is an index document, with 302 to the key with the slash, and with the object where there is one.",
	Ref:   guideIndex + "#IndexDocumentsandFolders",
	Level: Must,
	Needs: served,
	Check: func(ctx context.Context, s *S) {
		b := site(ctx, s, readable, index, "photos/index.html", "both/index.html", "both")
		expectSent(s, page(ctx, s, b, "photos"), 302, b, "/photos/")
		expectPage(s, page(ctx, s, b, "both"), 200, "both")
		s.Expect(page(ctx, s, b, "neither")).To(HaveStatus(404))
		s.Expect(page(ctx, s, b, "neither/")).To(HaveStatus(404))
	},
})

const withError = index + "<ErrorDocument><Key>errors/404.html</Key></ErrorDocument>"

var _ = Add(Scenario{
	ID:    "website.page.error-document",
	Rule:  "WS-05",
	Says:  "A website endpoint MUST answer a request that fails with a status of 4XX with the error document that is configured, and with that status.",
	Ref:   guideErrors,
	Level: Must,
	Needs: served,
	Check: func(ctx context.Context, s *S) {
		b := site(ctx, s, readable, withError, "errors/404.html")
		expectPage(s, page(ctx, s, b, "missing.html"), 404, "errors/404.html")
		r := s.Send(ctx, Request{Website: true, Method: "HEAD", Bucket: b, Key: "missing.html"})
		s.Expect(r).To(HaveStatus(404))
	},
})

var _ = Add(Scenario{
	ID:    "website.page.redirect-all",
	Rule:  "WS-06",
	Says:  "A website endpoint MUST redirect every request of a bucket that has RedirectAllRequestsTo to the same key at that host, by the protocol that is configured.",
	Ref:   guideRedirect + "#redirect-endpoint-host",
	Level: Must,
	Needs: served,
	Check: func(ctx context.Context, s *S) {
		b := site(ctx, s, readable, "<RedirectAllRequestsTo><HostName>example.com</HostName><Protocol>https</Protocol></RedirectAllRequestsTo>")
		expectSent(s, page(ctx, s, b, "index.html"), 301, b, "https://example.com/index.html")
		expectSent(s, page(ctx, s, b, "docs/a b"), 301, b, "https://example.com/docs/a%20b")
	},
})

var _ = Add(Scenario{
	ID:    "website.page.object-redirect",
	Rule:  "WS-09",
	Says:  "A website endpoint MUST answer a request of an object that has x-amz-website-redirect-location with 301 to there, and the REST endpoint with the object.",
	Ref:   guideRedirect + "#redirect-requests-object-metadata",
	Level: Must,
	Needs: served,
	Check: func(ctx context.Context, s *S) {
		b := site(ctx, s, readable, index)
		for key, to := range map[string]string{"page1.html": "/page2.html", "away.html": "https://example.com/there"} {
			s.MustPut(ctx, b, key, body(key), Header("x-amz-website-redirect-location", to))
			expectSent(s, page(ctx, s, b, key), 301, b, to)
			s.ExpectBody(ctx, b, key, body(key))
		}
	},
})

var _ = Add(Scenario{
	ID:    "website.page.private",
	Rule:  "WS-10",
	Says:  "A website endpoint MUST answer a request of an object that is not publicly readable with 403.",
	Ref:   guideErrors + "#s3-http-error-codes",
	Level: Must,
	Needs: served,
	Check: func(ctx context.Context, s *S) {
		b := site(ctx, s, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::$B/index.html"}]}`, index, "secret.html", "dir/index.html")
		expectHTML(s, page(ctx, s, b, "secret.html"), 403)
		s.Expect(page(ctx, s, b, "dir/")).To(HaveStatus(403))
		expectPage(s, page(ctx, s, b, ""), 200, "index.html")
	},
})

var _ = Add(Scenario{
	ID:    "website.page.blocked",
	Rule:  "WS-10",
	Says:  "A website endpoint MUST NOT show to anybody what a public policy opens in a bucket whose public access block has RestrictPublicBuckets.",
	Ref:   guide + "access-control-block-public-access.html#access-control-block-public-access-options",
	Level: Must,
	Needs: append([]Feature{PublicAccessBlock}, served...),
	Check: func(ctx context.Context, s *S) {
		b, yes := site(ctx, s, readable, index), true
		_, err := s.SDK().PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &b,
			PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{RestrictPublicBuckets: &yes}})
		s.Must(err, "restrict public buckets")
		s.Expect(Settled(ctx, s, "the website is closed", func() error {
			if r := page(ctx, s, b, "index.html"); r.Status != 403 {
				return fmt.Errorf("index.html: %s", Outcome(r))
			}
			return nil
		})).To(OK())
	},
})

var _ = Add(Scenario{
	ID:    "website.page.errors",
	Rule:  "WS-11",
	Says:  "A website endpoint MUST answer errors with an HTML document, with 404 for a key that is not there, for a bucket that is no website and for one that does not exist.",
	Ref:   guideErrors + "#s3-http-error-codes",
	Level: Must,
	Needs: served,
	Check: func(ctx context.Context, s *S) {
		b := site(ctx, s, readable, index)
		for name, r := range map[string]*Response{
			"NoSuchKey":                  page(ctx, s, b, "missing.html"),
			"NoSuchWebsiteConfiguration": page(ctx, s, s.Bucket(ctx), "index.html"),
			"NoSuchBucket":               page(ctx, s, s.AbsentBucket(), "index.html"),
		} {
			expectHTML(s, r, 404)
			s.Observe(name+" is said", strings.Contains(string(r.Body), name))
		}
	},
})

var _ = Add(Scenario{
	ID:    "website.page.methods",
	Rule:  "WS-12",
	Says:  "A website endpoint MUST refuse every method but GET and HEAD and change nothing.",
	Ref:   guideDiffers,
	Level: Must,
	Needs: served,
	Check: func(ctx context.Context, s *S) {
		b := site(ctx, s, readable, index)
		for _, method := range []string{"PUT", "POST", "DELETE"} {
			r := s.Send(ctx, Request{Website: true, Method: method, Bucket: b, Key: "index.html"})
			s.Observe(method, Outcome(r))
			s.Expect(r.Status).To(And(BeNumerically(">=", 400), BeNumerically("<", 500)), method)
			s.ExpectBody(ctx, b, "index.html", body("index.html"))
		}
	},
})
