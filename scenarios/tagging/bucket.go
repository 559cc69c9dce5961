package tagging

import (
	"context"
	"fmt"

	. "bleepstore/scenarios"
)

// The tags of a bucket, which are a configuration: eventual.

var bucketNeeds = []Feature{Buckets, Tagging}

var _ = Add(Scenario{
	ID:    "tagging.bucket.put",
	Rule:  "T-08",
	Says:  "PutBucketTagging MUST succeed, and GetBucketTagging MUST then return the set in place of the one before.",
	Ref:   api + "API_PutBucketTagging.html",
	SDK:   sdk + "Client.PutBucketTagging",
	Level: Must,
	Needs: bucketNeeds,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, set := range [][]tag{{{"a", "1"}, {"größe", "日本"}, {"empty", ""}}, {{"b", "2"}}} {
			r := s.Send(ctx, put(b, "", set...))
			s.Expect(r).To(OK(), "%v", set)
			s.Expect(r).To(HaveStatus(200, 204), "%v", set)
			s.Expect(bucketReads(ctx, s, b, set...)).To(OK(), "%v", set)
		}
	},
})

var _ = Add(Scenario{
	ID:    "tagging.bucket.status",
	Rule:  "T-08",
	Says:  "PutBucketTagging SHOULD answer 204.",
	Ref:   api + "API_PutBucketTagging.html", // whose response says 200, and whose example 204
	Level: Should,
	Needs: bucketNeeds,
	Check: func(ctx context.Context, s *S) {
		s.Expect(s.Send(ctx, put(s.Bucket(ctx), "", tag{"a", "1"}))).To(HaveStatus(204))
	},
})

var _ = Add(Scenario{
	ID:    "tagging.bucket.fifty",
	Rule:  "T-08",
	Says:  "A bucket MUST take 50 tags.",
	Ref:   guideBucket,
	Level: Must,
	Needs: bucketNeeds,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.Expect(s.Send(ctx, put(b, "", numbered(50)...))).To(OK())
		s.Expect(bucketReads(ctx, s, b, numbered(50)...)).To(OK())
	},
})

var _ = Add(Scenario{
	ID:    "tagging.bucket.over",
	Rule:  "T-08",
	Says:  "51 tags of a bucket MUST be refused with 400 and leave the set.",
	Ref:   guideBucket,
	Level: Must,
	Needs: bucketNeeds,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		must(s, s.Send(ctx, put(b, "", tag{"a", "1"})), "tag the bucket")
		s.Must(bucketReads(ctx, s, b, tag{"a", "1"}), "read the bucket's tags")
		r := s.Send(ctx, put(b, "", numbered(51)...))
		s.Observe("51 tags", Outcome(r))
		s.Expect(r).To(FailWith(400))
		s.Expect(bucketReads(ctx, s, b, tag{"a", "1"})).To(OK(), "I0: the tags after the refusal")
	},
})

var _ = Add(Scenario{
	ID:    "tagging.bucket.invalid",
	Rule:  "T-08",
	Says:  "A set of a bucket's tags that has a key twice, a key or value that is too long, or a key that begins with aws: MUST be refused with 400 InvalidTag and leave the bucket without tags.",
	Ref:   api + "API_PutBucketTagging.html",
	SDK:   sdk + "Client.PutBucketTagging",
	Level: Must,
	Needs: bucketNeeds,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, c := range invalid {
			s.Expect(s.Send(ctx, put(b, "", c.set...))).To(FailWith(400, "InvalidTag"), c.id)
		}
		for _, l := range lengths {
			s.Expect(s.Send(ctx, put(b, "", l.not))).To(FailWith(400, "InvalidTag"), "a %s and one", l.what)
		}
		s.Expect(s.Send(ctx, Request{Bucket: b, Query: "tagging="})).To(FailWith(404, "NoSuchTagSet"), "the tags after the refusals")
	},
})

var _ = Add(Scenario{
	ID:    "tagging.bucket.lengths",
	Rule:  "T-08",
	Says:  "A bucket's tag MUST take a key of 128 characters and a value of 256.",
	Ref:   guideBucket,
	Level: Must,
	Needs: bucketNeeds,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		set := []tag{lengths[0].fits, lengths[1].fits}
		s.Expect(s.Send(ctx, put(b, "", set...))).To(OK())
		s.Expect(bucketReads(ctx, s, b, set...)).To(OK())
	},
})

var _ = Add(Scenario{
	ID:    "tagging.bucket.delete",
	Rule:  "T-08",
	Says:  "DeleteBucketTagging MUST answer 204 and remove the set, so that reading it fails with 404 NoSuchTagSet, and answer 204 again when there is none.",
	Ref:   api + "API_DeleteBucketTagging.html",
	SDK:   sdk + "Client.GetBucketTagging",
	Level: Must,
	Needs: bucketNeeds,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		must(s, s.Send(ctx, put(b, "", tag{"a", "1"})), "tag the bucket")
		s.Must(bucketReads(ctx, s, b, tag{"a", "1"}), "read the bucket's tags")
		for range 2 {
			s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: b, Query: "tagging="})).To(HaveStatus(204))
			s.Expect(Settled(ctx, s, "the bucket has no tags", func() error {
				r := s.Send(ctx, Request{Bucket: b, Query: "tagging="})
				if gone, _ := FailWith(404, "NoSuchTagSet").Match(r); !gone {
					return fmt.Errorf("GetBucketTagging: %s", Outcome(r))
				}
				return nil
			})).To(OK())
		}
	},
})
