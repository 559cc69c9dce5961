package object

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// What tags are to the object that has them.

func setTags(ctx context.Context, s *S, bucket string, keys ...string) error {
	set := []types.Tag{}
	for _, k := range keys {
		set = append(set, types.Tag{Key: aws.String(k), Value: aws.String("v")})
	}
	_, err := s.SDK().PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: &bucket, Key: aws.String("k"), Tagging: &types.Tagging{TagSet: set}})
	return err
}

var _ = Add(Scenario{
	ID:    "object.tags.count",
	Rule:  "T-06",
	Says:  "GetObject and HeadObject MUST tell in x-amz-tagging-count how many tags an object has.",
	Ref:   refGet + "#API_GetObject_ResponseSyntax",
	SDK:   "s3@v1.114.8 HeadObjectOutput.TagCount",
	Level: Must,
	Needs: []Feature{Objects, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v", Header("x-amz-tagging", "a=1&b=2&c=3"))
		for _, method := range []string{"GET", "HEAD"} {
			s.Expect(s.Send(ctx, Request{Method: method, Bucket: b, Key: "k"})).To(HaveHeader("X-Amz-Tagging-Count", "3"), method)
		}
		s.Must(setTags(ctx, s, b, "a", "d"), "set other tags")
		for _, method := range []string{"GET", "HEAD"} {
			s.Expect(s.Send(ctx, Request{Method: method, Bucket: b, Key: "k"})).To(HaveHeader("X-Amz-Tagging-Count", "2"), "%s, other tags", method)
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.tags.replace",
	Rule:  "T-10",
	Says:  "PutObjectTagging MUST replace the whole set of an object's tags, and leave its bytes and its ETag as they are.",
	Ref:   api + "API_PutObjectTagging.html",
	SDK:   "s3@v1.114.8 Client.PutObjectTagging",
	Level: Must,
	Needs: []Feature{Objects, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		put := s.MustPut(ctx, b, "k", "v", Header("x-amz-tagging", "a=1&b=2"))
		s.Expect(setTags(ctx, s, b, "b", "c")).To(OK())
		out, err := s.SDK().GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &b, Key: aws.String("k")})
		s.Expect(err).To(OK(), "GetObjectTagging")
		var got []string
		for _, t := range out.TagSet {
			got = append(got, aws.ToString(t.Key)+"="+aws.ToString(t.Value))
		}
		s.Expect(got).To(ConsistOf("b=v", "c=v"))
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK(), "HEAD")
		s.Expect(head.ETag).To(Equal(put.ETag), "ETag")
		s.ExpectBody(ctx, b, "k", "v")
	},
})

var _ = Add(Scenario{
	ID:    "object.tags.date",
	Rule:  "T-10",
	Says:  "PutObjectTagging SHOULD leave the date of the object's last modification as it is.",
	Ref:   refSystem,
	Level: Should,
	Needs: []Feature{Objects, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		before := listed(ctx, s, b, "k")
		s.Expect(before).NotTo(BeNil(), "the listing holds k")
		s.Must(setTags(ctx, s, b, "a"), "set tags")
		after := listed(ctx, s, b, "k")
		s.Expect(after).NotTo(BeNil(), "the listing holds k")
		s.Expect(after.LastModified).To(Equal(before.LastModified)) // to the millisecond where the server gives them
	},
})
