package object

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// keyCases are keys that servers are known to mistake, by the name that their
// scenarios carry.
var keyCases = []struct{ name, key string }{
	{"space", "a b"}, {"leading-space", " a"}, {"plus", "a+b"}, {"percent", "a%b"}, {"percent-encoded", "a%20b"},
	{"question", "a?b"}, {"hash", "a#b"}, {"ampersand", "a&b"}, {"equals", "a=b"}, {"tilde", "a~b"}, {"colon", "a:b"},
	{"at", "a@b"}, {"exclamation", "a!b"}, {"dollar", "a$b"}, {"apostrophe", "a'b"}, {"parentheses", "a(b)"},
	{"asterisk", "a*b"}, {"comma", "a,b"}, {"semicolon", "a;b"}, {"quote", `a"b`}, {"angle-brackets", "a<b>"},
	{"backslash", `a\b`}, {"caret", "a^b"}, {"backtick", "a`b"}, {"braces", "a{b}"}, {"pipe", "a|b"},
	{"brackets", "a[b]"}, {"umlaut", "größe"}, {"decomposed", "gro\u0308ße"}, {"cjk", "文件/名前"}, {"emoji", "🦆/🪿"},
	{"query-like", "a?versionId=null&acl"}, {"dot-file", ".a/.b"}, {"trailing-dot", "a."}, {"trailing-space", "a "},
}

func init() {
	for _, c := range keyCases {
		Add(Scenario{
			ID:    "object.key.round-trip." + c.name,
			Rule:  "O-13",
			Says:  "The key " + strconv.Quote(c.key) + " of an object MUST be stored, read, listed, copied and deleted under exactly that name.",
			Ref:   refKeys + "#object-key-guidelines",
			Level: Must,
			Needs: []Feature{Objects, Listing, Copy},
			Check: func(ctx context.Context, s *S) { roundTrip(ctx, s, c.key) },
		})
	}
}

// roundTrip takes key through every operation on objects.
func roundTrip(ctx context.Context, s *S, key string) {
	b := s.Bucket(ctx)
	_, err := s.Put(ctx, b, key, "body of "+key)
	s.Expect(err).To(OK(), "PUT")
	s.ExpectBody(ctx, b, key, "body of "+key)
	_, err = s.Head(ctx, b, key)
	s.Expect(err).To(OK(), "HEAD")
	out, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b, Prefix: &key})
	s.Expect(err).To(OK(), "list")
	s.Expect(out.Contents).To(HaveLen(1), "list with the key as prefix: got %s", keysOf(out.Contents))
	s.Expect(aws.ToString(out.Contents[0].Key)).To(Equal(key), "listed key")
	source, copied := b+"/"+strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(key)), "copy of "+key
	_, err = s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: &copied, CopySource: &source})
	s.Expect(err).To(OK(), "copy")
	s.ExpectBody(ctx, b, copied, "body of "+key)
	_, err = s.Delete(ctx, b, key)
	s.Expect(err).To(OK(), "DELETE")
	_, err = s.Head(ctx, b, key)
	s.Expect(err).To(FailWith(404), "HEAD after DELETE")
	s.ExpectBody(ctx, b, copied, "body of "+key)
}

var _ = Add(Scenario{
	ID:    "object.key.longest",
	Rule:  "O-12",
	Says:  "A key of 1,024 bytes MUST be accepted, be it one segment, many, or characters of several bytes.",
	Ref:   refKeys,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for name, key := range map[string]string{"one segment": strings.Repeat("k", 1024), "segments": strings.Repeat("k/", 511) + "kk",
			"two-byte characters": strings.Repeat("é", 512), "four-byte characters": strings.Repeat("🦆", 256)} {
			_, err := s.Put(ctx, b, key, name)
			s.Expect(err).To(OK(), "PUT, %s", name)
			s.ExpectBody(ctx, b, key, name)
			s.Expect(listed(ctx, s, b, key)).NotTo(BeNil(), "listed, %s", name)
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.key.too-long",
	Rule:  "O-12",
	Says:  "PutObject MUST fail with 400 KeyTooLongError when the key has more than 1,024 bytes of UTF-8, however few its characters.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for name, key := range map[string]string{"1,025 letters": strings.Repeat("k", 1025), "513 two-byte characters": strings.Repeat("é", 513),
			"1,025 bytes in segments": strings.Repeat("k/", 512) + "k"} {
			_, err := s.Put(ctx, b, key, "v")
			s.Expect(err).To(FailWith(400, "KeyTooLongError"), name)
			if listed(ctx, s, b, key) != nil {
				s.Silently("I0: the key of %s is listed after a refused PUT", name)
			}
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.key.too-long.elsewhere",
	Rule:  "O-12",
	Says:  "CopyObject and CreateMultipartUpload MUST refuse a key of 1,025 bytes with 400 KeyTooLongError as PutObject does.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Objects, Copy, Multipart},
	Check: func(ctx context.Context, s *S) {
		b, long := s.Bucket(ctx), strings.Repeat("k", 1025)
		s.MustPut(ctx, b, "source", "v")
		_, err := s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: &long, CopySource: aws.String(b + "/source")})
		s.Expect(err).To(FailWith(400, "KeyTooLongError"), "CopyObject")
		_, err = s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: &long})
		s.Expect(err).To(FailWith(400, "KeyTooLongError"), "CreateMultipartUpload")
		s.Expect(listed(ctx, s, b, long)).To(BeNil(), "I0: the key in a listing")
	},
})

// literalKeys differ only in what a path cleaner would make of them.
var literalKeys = []string{"a", "/a", "//a", "a/", "a//", "a//b", "a/b", "a/./b", "a/../b", "b", "./a", "a/.", "a/.."}

var _ = Add(Scenario{
	ID:    "object.key.literal",
	Rule:  "O-14",
	Says:  "Keys MUST be taken literally: /a, a//b, a/, a/./b and a/../b are keys of their own, never normalised.",
	Ref:   refKeys + "#object-key-choose",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, k := range literalKeys {
			_, err := s.Put(ctx, b, k, "body of "+k)
			s.Expect(err).To(OK(), "PUT %s", k)
		}
		for _, k := range literalKeys {
			s.ExpectBody(ctx, b, k, "body of "+k)
		}
		var all []types.Object
		for page := s3.NewListObjectsV2Paginator(s.SDK(), &s3.ListObjectsV2Input{Bucket: &b}); page.HasMorePages() && len(all) <= len(literalKeys); {
			out, err := page.NextPage(ctx)
			s.Expect(err).To(OK(), "list")
			all = append(all, out.Contents...)
		}
		s.Expect(all).To(HaveLen(len(literalKeys)), "listed keys: %s", keysOf(all))
	},
})

var _ = Add(Scenario{
	ID:    "object.key.climbing",
	Rule:  "O-14",
	Says:  "A key whose .. segments outnumber the segments before them MAY be refused.",
	Ref:   refKeys,
	Level: Info,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		// A server that resolves the path lands in a bucket that does not exist.
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "../" + s.AbsentBucket() + "/a", Body: []byte("v")})
		s.Observe("PUT ../BUCKET/a", r.Status)
		s.Observe("code", r.Code)
	},
})

var _ = Add(Scenario{
	ID:    "object.key.no-hierarchy",
	Rule:  "O-15",
	Says:  "The keys x, x/ and x/y MUST exist side by side, each with its own body, and be deleted one by one.",
	Ref:   refKeys + "#object-key-choose",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b, keys := s.Bucket(ctx), []string{"x/y", "x", "x/"}
		for _, k := range keys {
			_, err := s.Put(ctx, b, k, "body of "+k)
			s.Expect(err).To(OK(), "PUT %s", k)
		}
		for i, k := range keys {
			for _, left := range keys[i:] {
				s.ExpectBody(ctx, b, left, "body of "+left)
			}
			_, err := s.Delete(ctx, b, k)
			s.Expect(err).To(OK(), "DELETE %s", k)
			_, err = s.Head(ctx, b, k)
			s.Expect(err).To(FailWith(404), "HEAD %s after DELETE", k)
		}
	},
})

// lookalikes are keys that no object has beside those of "Dir/Key", "file" and
// "folder/", though a path of a file system, or one without case, would find one.
var lookalikes = []string{"Dir", "Dir/", "dir/key", "DIR/KEY", "Dir/Key/", "/Dir/Key", "Dir//Key", "Dir/./Key", "Dir/Ke", "Dir/Key ", "FILE", "file/", "folder", "folder//"}

var _ = Add(Scenario{
	ID:    "object.key.lookalikes",
	Rule:  "O-15",
	Says:  "A key MUST name the object that was stored under exactly it: its case, its slashes and what begins like it are of other keys, which are absent.",
	Ref:   refKeys,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b, keys := s.Bucket(ctx), []string{"Dir/Key", "file", "folder/"}
		for _, k := range keys {
			s.MustPut(ctx, b, k, "body of "+k)
		}
		for _, k := range lookalikes {
			_, err := s.Head(ctx, b, k)
			s.Expect(err).To(FailWith(404), "HEAD %q", k)
			_, err = s.Get(ctx, b, k)
			s.Expect(err).To(FailWith(404, "NoSuchKey"), "GET %q", k)
		}
		for _, k := range lookalikes {
			_, err := s.Delete(ctx, b, k)
			s.Expect(err).To(OK(), "DELETE %q", k)
		}
		for _, k := range keys {
			s.ExpectUnchanged(ctx, b, k, "body of "+k)
		}
	},
})
