package bucket

import (
	"context"

	. "bleepstore/scenarios"
)

// Tools that manage buckets read every configuration, set or not.
func init() {
	for _, c := range []struct {
		sub, rule, code string
		need            Feature
	}{
		{"policy", "P-01", "NoSuchBucketPolicy", Policy},
		{"cors", "CO-01", "NoSuchCORSConfiguration", CORS},
		{"lifecycle", "LC-01", "NoSuchLifecycleConfiguration", Lifecycle},
		{"object-lock", "OL-03", "ObjectLockConfigurationNotFoundError", Lock},
		{"tagging", "T-08", "NoSuchTagSet", Tagging},
	} {
		Add(Scenario{
			ID:    "bucket.unset." + c.sub,
			Rule:  c.rule,
			Says:  "Reading the " + c.sub + " sub-resource of a new bucket MUST fail with 404 " + c.code + ".",
			Ref:   refErrors,
			Level: Must,
			Needs: []Feature{Buckets, c.need},
			Check: func(ctx context.Context, s *S) {
				r := s.Send(ctx, Request{Bucket: s.Bucket(ctx), Query: c.sub + "="})
				s.Expect(r).To(FailWith(404, c.code))
			},
		})
	}
}
