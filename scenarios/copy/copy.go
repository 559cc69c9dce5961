// Package copy holds the rules of CopyObject: its source, its directives, its
// conditions, what a copy inherits and what it does not. Conditions on the
// destination are the conditional area's.
package copy

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	. "bleepstore/scenarios"
)

const (
	ref       = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html"
	refHeader = ref + "#AmazonS3-CopyObject-request-header-"
	refGuide  = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/copy-object.html"
	refCodes  = "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList"
	sdk       = "s3@v1.114.8 CopyObjectInput."
)

// source names an object as x-amz-copy-source does: every byte of the key but
// unreserved characters and "/" percent-encoded.
func source(bucket, key string) string {
	var b strings.Builder
	b.WriteString(bucket + "/")
	for i := range len(key) {
		switch c := key[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// dup copies src, encoded by the caller, to a key of bucket.
func dup(ctx context.Context, s *S, bucket, key, src string, opts ...Opt) (*s3.CopyObjectOutput, error) {
	return s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &bucket, Key: &key, CopySource: &src}, opts...)
}

// said is what CopyObject says of the copy: nothing, when the answer is empty.
func said(out *s3.CopyObjectOutput) types.CopyObjectResult {
	if out.CopyObjectResult == nil {
		return types.CopyObjectResult{}
	}
	return *out.CopyObjectResult
}

// directive chooses what becomes of metadata, of tags.
func metadata(directive string) Opt { return Header("x-amz-metadata-directive", directive) }
func tagging(directive string) Opt  { return Header("x-amz-tagging-directive", directive) }

// dressed are headers that a client may store with an object.
var dressed = []Opt{
	Header("Content-Type", "text/x-one"), Header("Cache-Control", "max-age=1"), Header("Content-Disposition", `attachment; filename="one"`),
	Header("Content-Encoding", "x-one"), Header("Content-Language", "en"), Header("Expires", "Wed, 21 Oct 2037 07:28:00 GMT"),
	Meta("color", "red"), Meta("shape", "round"),
}

// worn are the response headers that show them.
var worn = []string{"Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires", "x-amz-meta-color", "x-amz-meta-shape"}

// wears returns what HEAD shows of the headers worn, absent ones left out.
func wears(ctx context.Context, s *S, bucket, key string) map[string]string {
	out, err := s.Head(ctx, bucket, key)
	s.Expect(err).To(OK(), "head %s", key)
	got := map[string]string{}
	for _, name := range worn {
		if v := HeaderOf(out.ResultMetadata).Get(name); v != "" {
			got[name] = v
		}
	}
	return got
}
