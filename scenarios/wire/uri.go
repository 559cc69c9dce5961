package wire

import (
	"context"
	"net"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

const rfc3986 = "https://www.rfc-editor.org/rfc/rfc3986"

// Addresses: escapes, slashes, and the two ways to name a bucket.

func init() {
	for _, c := range []struct{ id, path, query string }{
		{"not-hex", "/BUCKET/a%zzb", ""}, {"cut", "/BUCKET/a%4", ""}, {"lone", "/BUCKET/100%", ""}, {"query", "/BUCKET", "list-type=2&prefix=%25zz"},
	} {
		Add(Scenario{
			ID:    "wire.uri.bad-escape." + c.id,
			Rule:  "X-10",
			Says:  "A request whose address has a malformed escape MUST be refused with 400, or with 403 because it is not what was signed, and store nothing: " + strings.Replace(strings.ReplaceAll(c.path, "BUCKET", "bucket")+withQuery(c.query), "%25", "%", 1) + ".",
			Ref:   apiErrors,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				r := Request{Method: "GET", Path: strings.ReplaceAll(c.path, "BUCKET", b), Query: c.query, EditHead: inside("prefix=%25zz", "prefix=%zz")}
				if c.query == "" {
					r.Method, r.Body = "PUT", []byte("new")
				}
				s.Expect(s.Send(ctx, r)).To(FailWithAny(bad, forbidden))
				s.Expect(keysOf(ctx, s, b)).To(BeEmpty(), "keys")
			},
		})
	}
	for _, c := range []struct{ id, text, path string }{
		{"escape", "a malformed escape", "/BUCKET/a%zzb"}, {"nul", "an escaped NUL", "/BUCKET/a%00b"},
	} {
		Add(Scenario{
			ID:    "wire.uri.code." + c.id,
			Rule:  "X-10",
			Says:  "A request whose address has " + c.text + " SHOULD be refused with 400 InvalidURI.",
			Ref:   apiErrors,
			Level: Should,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				r := s.Send(ctx, Request{Method: "GET", Path: strings.ReplaceAll(c.path, "BUCKET", s.Bucket(ctx))})
				s.Expect(r).To(FailWith(400, "InvalidURI"))
			},
		})
	}
}

func withQuery(q string) string {
	if q == "" {
		return ""
	}
	return "?" + q
}

// keysOf lists the keys of a bucket, ascending.
func keysOf(ctx context.Context, s *S, bucket string) []string {
	out, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
	s.Expect(err).To(OK(), "list")
	keys := []string{}
	for _, o := range out.Contents {
		keys = append(keys, *o.Key)
	}
	return keys
}

var _ = Add(Scenario{
	ID:    "wire.uri.not-utf-8",
	Rule:  "X-10",
	Says:  "A key that is not UTF-8 MAY be refused.",
	Ref:   guide + "object-keys.html",
	Level: Info,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		r := s.Send(ctx, Request{Method: "GET", Path: "/" + s.Bucket(ctx) + "/a%FFb"})
		s.Observe("GET of the key a%FFb", Outcome(r))
	},
})

// An alias is another way to write the path of a key.
func init() {
	for _, c := range []struct{ id, says, path, signed, key, ref string }{
		{"plus", "A + in a path MUST be itself and never a space, unless it is refused because clients escape it.", "a+b", "a%2Bb", "a+b", api + "sig-v4-header-based-auth.html"},
		{"plus-escapes", "A + beside escapes in a path MUST be itself and never a space, unless it is refused because clients escape it.", "a+b%20c", "a%2Bb%20c", "a+b c", api + "sig-v4-header-based-auth.html"},
		{"slash", "A %2F in the path of a key MUST be the / that clients do not escape there, unless it is refused.", "a%2Fb", "a/b", "a/b", api + "sig-v4-header-based-auth.html"},
		{"unreserved", "A character that need not be escaped MUST name the same key when it is, unless it is refused.", "%61%7Eb", "a~b", "a~b", rfc3986 + "#section-2.3"},
		{"lower-case", "An escape in lower case MUST name the same key as in upper case, unless it is refused.", "%c3%a9", "%C3%A9", "é", rfc3986 + "#section-6.2.2.1"},
	} {
		Add(Scenario{
			ID: "wire.uri.alias." + c.id, Rule: "X-11", Says: c.says, Ref: c.ref, Level: Must, Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				// Servers differ in whether they sign the path as sent or in canonical form.
				asSent := s.Send(ctx, Request{Method: "PUT", Path: "/" + b + "/" + c.path, Body: []byte("new")})
				canonical := s.Send(ctx, Request{Method: "PUT", Path: "/" + b + "/" + c.signed, Body: []byte("new"), EditHead: inside("/"+b+"/"+c.signed, "/"+b+"/"+c.path)})
				s.Observe("signed as sent", Outcome(asSent))
				s.Observe("signed in canonical form", Outcome(canonical))
				if asSent.Status == 200 || canonical.Status == 200 {
					s.Expect(keysOf(ctx, s, b)).To(Equal([]string{c.key}), "keys")
					s.ExpectBody(ctx, b, c.key, "new")
					return
				}
				s.Expect(canonical).To(FailWithAny(forbidden, bad))
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "wire.uri.escaped-plus",
	Rule:  "X-11",
	Says:  "A %2B in a path MUST be a +, and a %20 a space.",
	Ref:   api + "sig-v4-header-based-auth.html",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, path := range []string{"a%2Bb", "a%20b"} {
			s.Expect(s.Send(ctx, Request{Method: "PUT", Path: "/" + b + "/" + path, Body: []byte(path)})).To(OK(), path)
		}
		s.Expect(keysOf(ctx, s, b)).To(Equal([]string{"a b", "a+b"}), "keys")
	},
})

var _ = Add(Scenario{
	ID:    "wire.uri.trailing-slash",
	Rule:  "X-12",
	Says:  "A bucket's address MUST be the same with and without a slash behind it.",
	Ref:   guide + "VirtualHosting.html#path-style-access",
	Level: Must,
	Needs: []Feature{Wire, Buckets, Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		for _, path := range []string{"/" + b, "/" + b + "/"} {
			s.Expect(s.Send(ctx, Request{Method: "HEAD", Path: path})).To(HaveStatus(200), "HEAD %s", path)
			r := s.Send(ctx, Request{Method: "GET", Path: path, Query: "list-type=2"})
			s.Expect(r).To(HaveStatus(200), "list %s", path)
			s.Expect(string(r.Body)).To(ContainSubstring("<Key>k</Key>"), "list %s", path)
		}
	},
})

var _ = Add(Scenario{
	ID:    "wire.uri.create-with-slash",
	Rule:  "X-12",
	Says:  "CreateBucket and DeleteBucket MUST accept the bucket's address with a slash behind it.",
	Ref:   guide + "VirtualHosting.html#path-style-access",
	Level: Must,
	Needs: []Feature{Wire, Buckets},
	Check: func(ctx context.Context, s *S) {
		b := s.NewName()
		r := Request{Method: "PUT", Path: "/" + b + "/"}
		if region := s.Target().Region; region != "us-east-1" {
			r.Body = []byte("<CreateBucketConfiguration><LocationConstraint>" + region + "</LocationConstraint></CreateBucketConfiguration>")
		}
		s.Expect(s.Send(ctx, r)).To(OK(), "create")
		s.Settle(ctx, "the new bucket answers HeadBucket", func() error {
			_, err := s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b})
			return err
		})
		s.Expect(s.Send(ctx, Request{Method: "DELETE", Path: "/" + b + "/"})).To(HaveStatus(204), "delete")
	},
})

var _ = Add(Scenario{
	ID:    "wire.uri.virtual-host",
	Rule:  "X-12",
	Says:  "An object SHOULD be the same when the bucket is named in the path and in front of the endpoint's host.",
	Ref:   guide + "VirtualHosting.html",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b, u := s.Bucket(ctx), s.Target().Endpoints[0]
		s.MustPut(ctx, b, "k", "hello")
		path := s.Send(ctx, Request{Path: "/" + b + "/k"})
		s.Expect(path).To(HaveStatus(200), "path style")
		host := u.Host
		if net.ParseIP(u.Hostname()) != nil {
			host = strings.Replace(host, u.Hostname(), "localhost", 1)
		}
		virtual := s.Send(ctx, Request{Host: b + "." + host, Path: "/k"})
		s.Expect(virtual).To(HaveStatus(200), "virtual-hosted style")
		s.Expect(virtual.Body).To(Equal(path.Body))
		s.Expect(virtual).To(HaveHeader("ETag", path.Header.Get("ETag")))
	},
})
