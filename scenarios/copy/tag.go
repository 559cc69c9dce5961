package copy

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// tagCases are what a copy of an object tagged a=1 and b=2 must be tagged as.
var tagCases = []struct {
	name, says, field string
	opts              []Opt
	want              map[string]string
}{
	{"default", "Without a tagging directive a copy MUST have the source's tags.", "TaggingDirective",
		nil, map[string]string{"a": "1", "b": "2"}},
	{"copy", "With x-amz-tagging-directive: COPY a copy MUST have the source's tags.", "TaggingDirective",
		[]Opt{tagging("COPY")}, map[string]string{"a": "1", "b": "2"}},
	{"replace", "With x-amz-tagging-directive: REPLACE a copy MUST have the tags of x-amz-tagging alone.", "Tagging",
		[]Opt{tagging("REPLACE"), Header("x-amz-tagging", "a=3&c=x%20y")}, map[string]string{"a": "3", "c": "x y"}},
	{"replace-none", "With x-amz-tagging-directive: REPLACE and no x-amz-tagging, whose default is empty, a copy MUST have no tags.", "Tagging",
		[]Opt{tagging("REPLACE")}, map[string]string{}},
	{"metadata-replace", "The metadata directive MUST leave tags alone: they are copied unless the tagging directive says otherwise.", "TaggingDirective",
		[]Opt{metadata("REPLACE"), Meta("color", "red")}, map[string]string{"a": "1", "b": "2"}},
}

var _ = func() struct{} {
	for _, c := range tagCases {
		Add(Scenario{
			ID:    "copy.tagging." + c.name,
			Rule:  "CP-09",
			Says:  c.says,
			Ref:   refHeader + c.field,
			SDK:   sdk + c.field,
			Level: Must,
			Needs: []Feature{Copy, Tagging},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "src", "hello", Header("x-amz-tagging", "a=1&b=2"))
				if got := tags(ctx, s, b, "src"); len(got) != 2 {
					s.Must(fmt.Errorf("got %v", got), "put an object with two tags")
				}
				_, err := dup(ctx, s, b, "dst", source(b, "src"), c.opts...)
				s.Expect(err).To(OK())
				s.Expect(tags(ctx, s, b, "dst")).To(Equal(c.want), "tags of the copy")
			},
		})
	}
	return struct{}{}
}()

var _ = Add(Scenario{
	ID:    "copy.tagging.copy-given",
	Rule:  "CP-09",
	Says:  "With x-amz-tagging-directive: COPY, or none, the tags of x-amz-tagging MUST NOT become those of the copy: the source's do, or the request fails with 400.",
	Ref:   refHeader + "TaggingDirective",
	SDK:   sdk + "TaggingDirective",
	Level: Must,
	Needs: []Feature{Copy, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "hello", Header("x-amz-tagging", "a=1&b=2"))
		for name, opts := range map[string][]Opt{"COPY": {tagging("COPY")}, "no directive": nil} {
			_, err := dup(ctx, s, b, "dst", source(b, "src"), append(opts, Header("x-amz-tagging", "c=3"))...)
			s.Observe(name+" with x-amz-tagging", Outcome(err))
			if err != nil {
				s.Expect(err).To(FailWith(400), name)
				s.ExpectAbsent(ctx, b, "dst")
				continue
			}
			s.Expect(tags(ctx, s, b, "dst")).To(Equal(map[string]string{"a": "1", "b": "2"}), "tags of the copy, %s", name)
			_, err = s.Delete(ctx, b, "dst")
			s.Must(err, "delete dst")
		}
	},
})

func tags(ctx context.Context, s *S, bucket, key string) map[string]string {
	out, err := s.SDK().GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &bucket, Key: &key})
	s.Expect(err).To(OK(), "tags of %s", key)
	got := map[string]string{}
	for _, t := range out.TagSet {
		got[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return got
}
