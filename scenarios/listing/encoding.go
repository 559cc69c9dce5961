package listing

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"

	. "bleepstore/scenarios"
)

const (
	refEncoding    = refV2 + "#AmazonS3-ListObjectsV2-request-uri-querystring-EncodingType"
	refEncodingOut = refV2 + "#AmazonS3-ListObjectsV2-response-EncodingType"
)

// asURL matches text that decodes to name and is not name itself.
func asURL(name string) gomegatypes.GomegaMatcher {
	return And(Not(Equal(name)), WithTransform(url.QueryUnescape, Equal(name)))
}

// encodedV2 asks for one URL-encoded page.
func encodedV2(ctx context.Context, s *S, in s3.ListObjectsV2Input) *s3.ListObjectsV2Output {
	in.EncodingType = types.EncodingTypeUrl
	out, err := s.SDK().ListObjectsV2(ctx, &in)
	s.Expect(err).To(OK(), "list with encoding-type=url")
	s.Expect(out.EncodingType).To(Equal(types.EncodingTypeUrl), "EncodingType of the answer")
	return out
}

var _ = Add(Scenario{
	ID:    "listing.encoding.example",
	Rule:  "L-14",
	Says:  "With encoding-type=url the key test_file(3).png MUST appear as test_file%283%29.png, and characters outside ASCII by the bytes of their UTF-8 form.",
	Ref:   refEncoding,
	SDK:   sdkV2 + ".EncodingType",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "test_file(3).png", "\u00e9\u65e5")
		out := encodedV2(ctx, s, s3.ListObjectsV2Input{Bucket: &b})
		s.Expect(out.Contents).To(HaveLen(2))
		s.Expect(aws.ToString(out.Contents[0].Key)).To(BeEquivalentTo("test_file%283%29.png"))
		s.Expect(strings.ToUpper(aws.ToString(out.Contents[1].Key))).To(Equal("%C3%A9%E6%97%A5"))
	},
})

// encodable are keys that must survive the way through an encoded listing.
var encodable = []struct{ name, key string }{
	{"space", "a b"}, {"percent", "100%25 %"}, {"slash", "a/b//c"}, {"markup", "<a>&\"'"}, {"reserved", "?#[]@!$&()*,;=:"},
	{"emoji", "\U0001f600"}, {"backslash", `a\b|c^d{e}`}, {"control", "\x01\x02\x08"}, {"tab", "a\tb"}, {"newline", "a\nb"},
	{"return", "a\rb\r\nc"}, {"unit-separator", "a\x1fb"},
}

var _ = func() struct{} {
	for i, e := range encodable {
		rule, say := "L-14", "that decodes to it"
		if i > 6 {
			rule, say = "L-15", "though XML cannot carry it as it is"
		}
		Add(Scenario{
			ID:    "listing.encoding." + e.name,
			Rule:  rule,
			Says:  fmt.Sprintf("With encoding-type=url the key %+q MUST be listed in a form %s.", e.key, say),
			Ref:   refEncoding,
			SDK:   sdkV2 + ".EncodingType",
			Level: Must,
			Needs: []Feature{Listing},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				putAll(ctx, s, b, e.key)
				for _, v := range versions {
					s.Expect(whole(ctx, s, b, query{V: v, Encoded: true}).Keys).To(Equal([]string{e.key}), "ListObjects V%d", v)
				}
			},
		})
	}
	return struct{}{}
}()

var _ = Add(Scenario{
	ID:    "listing.encoding.plus",
	Rule:  "L-14",
	Says:  "With encoding-type=url a plus sign in a key SHOULD be encoded, since decoders take it for a space.",
	Ref:   "https://github.com/CODAIT/stocator/issues/215",
	Level: Should,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a+b")
		out := encodedV2(ctx, s, s3.ListObjectsV2Input{Bucket: &b})
		s.Expect(out.Contents).To(HaveLen(1))
		s.Expect(aws.ToString(out.Contents[0].Key)).To(BeEquivalentTo("a%2Bb"))
	},
})

var _ = Add(Scenario{
	ID:    "listing.encoding.fields",
	Rule:  "L-14",
	Says:  "With encoding-type=url ListObjectsV2 MUST encode Delimiter, Prefix, Key and StartAfter.",
	Ref:   refEncodingOut,
	SDK:   sdkV2Out + ".EncodingType",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "x %1|%2", "x %3")
		out := encodedV2(ctx, s, s3.ListObjectsV2Input{Bucket: &b, Prefix: aws.String("x %"), Delimiter: aws.String("|%"), StartAfter: aws.String("x % %")})
		s.Expect(aws.ToString(out.Prefix)).To(asURL("x %"), "Prefix")
		s.Expect(aws.ToString(out.Delimiter)).To(asURL("|%"), "Delimiter")
		s.Expect(aws.ToString(out.StartAfter)).To(asURL("x % %"), "StartAfter")
		s.Expect(out.Contents).To(HaveLen(1))
		s.Expect(aws.ToString(out.Contents[0].Key)).To(asURL("x %3"), "Key")
		s.Expect(out.CommonPrefixes).To(HaveLen(1))
		s.Expect(aws.ToString(out.CommonPrefixes[0].Prefix)).To(asURL("x %1|%"), "Prefix of CommonPrefixes")
	},
})

var _ = Add(Scenario{
	ID:    "listing.encoding.fields.v1",
	Rule:  "L-14",
	Says:  "With encoding-type=url ListObjects SHOULD encode Delimiter, Prefix, Marker and NextMarker as it does Key.",
	Ref:   "https://github.com/ceph/ceph/pull/49194",
	Level: Should,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "x %1|%2", "x %3", "x %4")
		out, err := s.SDK().ListObjects(ctx, &s3.ListObjectsInput{Bucket: &b, EncodingType: types.EncodingTypeUrl, MaxKeys: aws.Int32(1),
			Prefix: aws.String("x %"), Delimiter: aws.String("|%"), Marker: aws.String("x % %")})
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(out.Prefix)).To(asURL("x %"), "Prefix")
		s.Expect(aws.ToString(out.Delimiter)).To(asURL("|%"), "Delimiter")
		s.Expect(aws.ToString(out.Marker)).To(asURL("x % %"), "Marker")
		s.Expect(aws.ToString(out.NextMarker)).To(asURL("x %1|%"), "NextMarker")
	},
})

var _ = Add(Scenario{
	ID:    "listing.encoding.off",
	Rule:  "L-14",
	Says:  "Without encoding-type names MUST be listed as they are.",
	Ref:   refObject + "#AmazonS3-Type-Object-Key",
	SDK:   "s3@v1.114.8 types.Object.Key",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		keys := []string{"a b+c", "a%20b", "a&lt;b", "a<b>&c", "q?d#e/f g", "\u00e9"}
		putAll(ctx, s, b, keys...)
		for _, v := range versions {
			s.Expect(whole(ctx, s, b, query{V: v}).Keys).To(Equal(keys), "ListObjects V%d", v)
			s.Expect(whole(ctx, s, b, query{V: v, Prefix: "q?d#", Delimiter: "/"}).Prefixes).To(Equal([]string{"q?d#e/"}), "ListObjects V%d", v)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.encoding.unknown",
	Rule:  "L-14",
	Says:  "An encoding-type other than url MUST be refused with 400 InvalidArgument.",
	Ref:   refEncoding,
	SDK:   sdkV2 + ".EncodingType",
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, v := range []string{"", "list-type=2&"} {
			r := s.Send(ctx, Request{Bucket: b, Query: v + "encoding-type=base64"})
			s.Expect(r).To(FailWith(400, "InvalidArgument"), "?%sencoding-type=base64", v)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.control-characters.plain",
	Rule:  "L-15",
	Says:  "Without encoding-type a key with a character that XML 1.0 lacks MAY make the answer unreadable.",
	Ref:   refEncoding,
	SDK:   sdkV2 + ".EncodingType",
	Level: Info,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, key := range []string{"a\x01b", "a\rb"} {
			putAll(ctx, s, b, key)
			s.Observe(fmt.Sprintf("key %q listed without encoding-type", key), answer(s.Send(ctx, Request{Bucket: b, Query: "list-type=2"})))
			deleteAll(ctx, s, b, key)
		}
	},
})
