// Package tagging holds the rules of tags, of objects and of buckets: what a
// set may be, how it is given, and whose it is.
package tagging

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

const (
	api   = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	guide = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
	sdk   = "s3@v1.114.8 "

	apiPut    = api + "API_PutObjectTagging.html"
	apiGet    = api + "API_GetObjectTagging.html"
	apiDelete = api + "API_DeleteObjectTagging.html"
	apiErrors = api + "ErrorResponses.html#ErrorCodeList"

	guideTags   = guide + "object-tagging.html"
	guideBucket = guide + "CostAllocTagging.html"

	// What AWS's services have in common: characters, lengths, the prefix aws:.
	guideLimits = "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/allocation-tag-restrictions.html"
)

var needs = []Feature{Objects, Tagging}

// A tag is one key and value.
type tag struct{ key, value string }

// String shows what is long by its length.
func (t tag) String() string { return short(t.key) + "=" + short(t.value) }

func short(s string) string {
	if n := utf8.RuneCountInString(s); n > 40 {
		return fmt.Sprintf("(%d characters)", n)
	}
	return s
}

// numbered are n tags of different keys.
func numbered(n int) []tag {
	set := make([]tag, n)
	for i := range set {
		set[i] = tag{fmt.Sprintf("key-%02d", i), fmt.Sprint(i)}
	}
	return set
}

// document is a Tagging of the set, in its order, as it stands: no rule is
// held to.
func document(set []tag) []byte {
	var b bytes.Buffer
	b.WriteString(`<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>`)
	for _, t := range set {
		b.WriteString("<Tag><Key>")
		_ = xml.EscapeText(&b, []byte(t.key)) // a Buffer never fails
		b.WriteString("</Key><Value>")
		_ = xml.EscapeText(&b, []byte(t.value))
		b.WriteString("</Value></Tag>")
	}
	b.WriteString("</TagSet></Tagging>")
	return b.Bytes()
}

// put sets the tags of a key, or of the bucket when key is "".
func put(bucket, key string, set ...tag) Request {
	return raw(bucket, key, document(set))
}

// raw is put of any document.
func raw(bucket, key string, body []byte) Request {
	return Request{Method: "PUT", Bucket: bucket, Key: key, Query: "tagging=", Body: body, Header: [][2]string{ContentMD5(body)}}
}

// header is the set as x-amz-tagging carries it.
func header(set ...tag) [2]string {
	var pairs []string
	for _, t := range set {
		pairs = append(pairs, encode(t.key)+"="+encode(t.value))
	}
	return [2]string{"x-amz-tagging", strings.Join(pairs, "&")}
}

// encode percent-encodes s; a space becomes %20.
func encode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// tagged puts an object k with tags in a bucket of its own. Unless the tags
// read back, the scenario is blocked.
func tagged(ctx context.Context, s *S, set ...tag) (bucket string) {
	bucket = s.Bucket(ctx)
	s.MustPut(ctx, bucket, "k", "v")
	must(s, s.Send(ctx, put(bucket, "k", set...)), "tag an object")
	got, err := read(ctx, s, bucket, "k")
	if err == nil && !same(got, set) {
		err = fmt.Errorf("the tags read %v", got)
	}
	s.Must(err, "put an object with tags")
	return bucket
}

// read returns the tags of an object in the order of the answer.
func read(ctx context.Context, s *S, bucket, key string, opts ...Opt) ([]tag, error) {
	out, err := s.SDK().GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &bucket, Key: &key}, opts...)
	if err != nil {
		return nil, err
	}
	return plain(out.TagSet), nil
}

// readBucket returns the tags of a bucket.
func readBucket(ctx context.Context, s *S, bucket string) ([]tag, error) {
	out, err := s.SDK().GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &bucket})
	if err != nil {
		return nil, err
	}
	return plain(out.TagSet), nil
}

func plain(tags []types.Tag) []tag {
	set := []tag{}
	for _, t := range tags {
		set = append(set, tag{aws.ToString(t.Key), aws.ToString(t.Value)})
	}
	return set
}

// sorted is the set by key: the order of the answer is another rule's.
func sorted(set []tag) []tag {
	return slices.SortedFunc(slices.Values(set), func(x, y tag) int {
		return cmp.Or(strings.Compare(x.key, y.key), strings.Compare(x.value, y.value))
	})
}

// same tells whether two sets have the same tags, in whatever order.
func same(a, b []tag) bool { return slices.Equal(sorted(a), sorted(b)) }

// expectTags demands that the object has the tags, in whatever order.
func expectTags(ctx context.Context, s *S, bucket, key string, set ...tag) {
	got, err := read(ctx, s, bucket, key)
	s.Expect(err).To(OK(), "tags of %s", key)
	s.Expect(sorted(got)).To(Equal(sorted(set)), "tags of %s", key)
}

// bucketReads waits until the bucket's tags are the set.
func bucketReads(ctx context.Context, s *S, bucket string, set ...tag) error {
	return Settled(ctx, s, "the bucket's tags read back", func() error {
		got, err := readBucket(ctx, s, bucket)
		if err == nil && !same(got, set) {
			err = fmt.Errorf("they read %v", got)
		}
		return err
	})
}

// expectRefused sends what the server must refuse with 400 and one of the codes,
// any when none is given, and demands that the tags of k stay as they are.
func expectRefused(ctx context.Context, s *S, what string, r Request, before []tag, codes ...string) {
	got := s.Send(ctx, r)
	s.Observe(what, Outcome(got))
	s.Expect(got).To(FailWith(400, codes...), what)
	after, err := read(ctx, s, r.Bucket, "k")
	s.Expect(err).To(OK(), "tags of k after %s", what)
	if !same(after, before) {
		s.Silently("I0: %s was refused, and the tags read %v", what, after)
	}
}

// must is S.Must for the answer to a raw request.
func must(s *S, r *Response, doing string) {
	if r.Status == 501 || r.Status == 405 {
		s.Expect(r).To(OK(), doing) // unsupported
	}
	if ok, _ := OK().Match(r); !ok {
		s.Must(errors.New(Outcome(r)), doing)
	}
}
