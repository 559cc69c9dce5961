package lock

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// configuration reads the object lock of a bucket.
func configuration(ctx context.Context, s *S, bucket string) (*types.ObjectLockConfiguration, error) {
	out, err := s.SDK().GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &bucket})
	if err != nil {
		return nil, err
	}
	return out.ObjectLockConfiguration, nil
}

// shown is a configuration in a few words: "Enabled GOVERNANCE 1 days".
func shown(c *types.ObjectLockConfiguration) string {
	if c == nil {
		return "nothing"
	}
	text := string(c.ObjectLockEnabled)
	if c.Rule == nil || c.Rule.DefaultRetention == nil {
		return text
	}
	d := c.Rule.DefaultRetention
	if d.Years != nil {
		return fmt.Sprintf("%s %s %d years", text, d.Mode, *d.Years)
	}
	return fmt.Sprintf("%s %s %d days", text, d.Mode, aws.ToInt32(d.Days))
}

// settle waits until the configuration reads want.
func settle(ctx context.Context, s *S, bucket, want string) {
	s.Settle(ctx, "the object lock reads "+want, func() error {
		c, err := configuration(ctx, s, bucket)
		if err == nil && shown(c) != want {
			err = fmt.Errorf("it reads %s", shown(c))
		}
		return err
	})
}

// expectConfiguration is settle for what the rule is about.
func expectConfiguration(ctx context.Context, s *S, bucket, want string) {
	var last string
	err := Settled(ctx, s, "the object lock reads "+want, func() error {
		c, err := configuration(ctx, s, bucket)
		if last = shown(c); err == nil && last != want {
			err = fmt.Errorf("it reads %s", last)
		}
		return err
	})
	if err != nil && last != "nothing" {
		s.Silently("GetObjectLockConfiguration reads %s, want %s", last, want)
	}
	s.Expect(err).To(OK(), "GetObjectLockConfiguration")
}

var _ = Add(Scenario{
	ID:    "lock.bucket.created",
	Rule:  "OL-01",
	Says:  "A bucket that is created with x-amz-bucket-object-lock-enabled: true MUST have object lock and versioning enabled.",
	Ref:   guideConfigure,
	SDK:   "s3@v1.114.8 CreateBucketInput.ObjectLockEnabledForBucket",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		expectConfiguration(ctx, s, b, "Enabled")
		out, err := s.SDK().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b})
		s.Expect(err).To(OK(), "GetBucketVersioning")
		s.Expect(out.Status).To(Equal(types.BucketVersioningStatusEnabled), "the versioning")
	},
})

var _ = Add(Scenario{
	ID:    "lock.bucket.created-without",
	Rule:  "OL-01",
	Says:  "A bucket that is created with x-amz-bucket-object-lock-enabled: false MUST have neither object lock nor versioning.",
	Ref:   api + "API_CreateBucket.html",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx, func(in *s3.CreateBucketInput) { in.ObjectLockEnabledForBucket = aws.Bool(false) })
		_, err := configuration(ctx, s, b)
		s.Expect(err).To(FailWith(404, "ObjectLockConfigurationNotFoundError"))
		out, err := s.SDK().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b})
		s.Expect(err).To(OK(), "GetBucketVersioning")
		s.Expect(string(out.Status)).To(BeEmpty(), "the versioning")
	},
})

var _ = Add(Scenario{
	ID:    "lock.bucket.suspend",
	Rule:  "OL-02",
	Says:  "Suspending the versioning of a bucket with object lock MUST fail with 409 InvalidBucketState and leave it enabled.",
	Ref:   guide + "object-lock-managing.html",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		_, err := s.SDK().PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &b,
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended}})
		s.Expect(err).To(FailWith(409, "InvalidBucketState"))
		out, err := s.SDK().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &b})
		s.Expect(err).To(OK(), "GetBucketVersioning")
		s.Expect(out.Status).To(Equal(types.BucketVersioningStatusEnabled), "the versioning")
	},
})

var _ = Add(Scenario{
	ID:    "lock.bucket.versioning-again",
	Rule:  "OL-02",
	Says:  "Enabling the versioning of a bucket with object lock, which is enabled, MUST succeed.",
	Ref:   guideConfigure,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		_, err := s.SDK().PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &b,
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
		s.Expect(err).To(OK())
	},
})

var _ = Add(Scenario{
	ID:    "lock.configuration.absent",
	Rule:  "OL-03",
	Says:  "GetObjectLockConfiguration of a versioned bucket without object lock MUST fail with 404 ObjectLockConfigurationNotFoundError.",
	Ref:   apiErrors,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := unlocked(ctx, s)
		_, err := configuration(ctx, s, b)
		s.Expect(err).To(FailWith(404, "ObjectLockConfigurationNotFoundError"))
	},
})

var _ = Add(Scenario{
	ID:    "lock.configuration.enable",
	Rule:  "OL-04",
	Says:  "PutObjectLockConfiguration MUST enable object lock in an existing bucket whose versioning is enabled.",
	Ref:   apiConfig,
	SDK:   "s3@v1.114.8 Client.PutObjectLockConfiguration",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := unlocked(ctx, s)
		s.Expect(s.Send(ctx, configure(b, ""))).To(HaveStatus(200))
		expectConfiguration(ctx, s, b, "Enabled")
		v := locked(ctx, s, b, "k", [2]string{hHold, on})
		s.Expect(s.Send(ctx, remove(b, "k", v))).To(denied, "DELETE of a version that is held")
	},
})

var _ = Add(Scenario{
	ID:    "lock.configuration.unversioned",
	Rule:  "OL-04",
	Says:  "PutObjectLockConfiguration of a bucket whose versioning is not enabled MUST fail with 409 InvalidBucketState and change nothing.",
	Ref:   guideConfigure,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.Expect(s.Send(ctx, configure(b, ""))).To(FailWith(409, "InvalidBucketState"), "never versioned")
		s.SetVersioning(ctx, b, types.BucketVersioningStatusEnabled)
		s.SetVersioning(ctx, b, types.BucketVersioningStatusSuspended)
		s.Expect(s.Send(ctx, configure(b, ""))).To(FailWith(409, "InvalidBucketState"), "suspended")
		_, err := configuration(ctx, s, b)
		s.Expect(err).To(FailWith(404, "ObjectLockConfigurationNotFoundError"), "GetObjectLockConfiguration")
	},
})

var _ = Add(Scenario{
	ID:    "lock.configuration.replaced",
	Rule:  "OL-04",
	Says:  "PutObjectLockConfiguration MUST replace the default retention, and without a Rule remove it, object lock staying enabled.",
	Ref:   apiConfig,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		for _, c := range []struct{ inner, want string }{
			{rule("<Mode>GOVERNANCE</Mode><Days>1</Days>"), "Enabled GOVERNANCE 1 days"},
			{rule("<Mode>GOVERNANCE</Mode><Years>2</Years>"), "Enabled GOVERNANCE 2 years"},
			{rule("<Mode>COMPLIANCE</Mode><Days>3</Days>"), "Enabled COMPLIANCE 3 days"}, // nothing is put under it
			{"", "Enabled"},
		} {
			s.Expect(s.Send(ctx, configure(b, c.inner))).To(HaveStatus(200), c.want)
			expectConfiguration(ctx, s, b, c.want)
		}
	},
})

// The documents that are none; code is "" where only the status is documented.
var malformed = []struct{ id, what, inner, code string }{
	{"both", "Days and Years", rule("<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>"), "MalformedXML"},
	{"no-period", "a mode without a period", rule("<Mode>GOVERNANCE</Mode>"), "MalformedXML"},
	{"no-mode", "a period without a mode", rule("<Days>1</Days>"), "MalformedXML"},
	{"mode", "a mode that does not exist", rule("<Mode>governance</Mode><Days>1</Days>"), "MalformedXML"},
	{"zero", "no days at all", rule("<Mode>GOVERNANCE</Mode><Days>0</Days>"), ""},
	{"negative", "days below zero", rule("<Mode>GOVERNANCE</Mode><Days>-1</Days>"), ""},
	{"no-years", "no years at all", rule("<Mode>GOVERNANCE</Mode><Years>0</Years>"), ""},
	{"not-a-number", "days that are no number", rule("<Mode>GOVERNANCE</Mode><Days>one</Days>"), ""},
}

func init() {
	for _, c := range malformed {
		code, want := "", FailWith(400)
		if c.code != "" {
			code, want = " "+c.code, FailWith(400, c.code)
		}
		Add(Scenario{
			ID:    "lock.configuration.malformed." + c.id,
			Rule:  "OL-05",
			Says:  "A default retention of " + c.what + " MUST fail with 400" + code + " and change nothing.",
			Ref:   apiConfig,
			SDK:   "s3@v1.114.8 types.DefaultRetention",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := bucket(ctx, s)
				s.Expect(s.Send(ctx, configure(b, c.inner))).To(want)
				expectConfiguration(ctx, s, b, "Enabled")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "lock.configuration.malformed.enabled",
	Rule:  "OL-05",
	Says:  "An ObjectLockEnabled other than Enabled MUST fail with 400 MalformedXML and change nothing.",
	Ref:   api + "API_ObjectLockConfiguration.html",
	SDK:   "s3@v1.114.8 types.ObjectLockEnabled",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := unlocked(ctx, s)
		for _, v := range []string{"Disabled", "enabled"} {
			r := sub(http.MethodPut, b, "", "object-lock", "", document("ObjectLockConfiguration", "<ObjectLockEnabled>"+v+"</ObjectLockEnabled>"))
			s.Expect(s.Send(ctx, r)).To(FailWith(400, "MalformedXML"), v)
		}
		_, err := configuration(ctx, s, b)
		s.Expect(err).To(FailWith(404, "ObjectLockConfigurationNotFoundError"), "GetObjectLockConfiguration")
	},
})

var _ = Add(Scenario{
	ID:    "lock.configuration.zero.code",
	Rule:  "OL-05",
	Says:  "The code by which a default retention of zero days is refused MAY be any.",
	Ref:   apiErrors,
	Level: Info,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		s.Observe("0 days", Outcome(s.Send(ctx, configure(b, rule("<Mode>GOVERNANCE</Mode><Days>0</Days>")))))
		s.Observe("36501 days", Outcome(s.Send(ctx, configure(b, rule("<Mode>GOVERNANCE</Mode><Days>36501</Days>")))))
		s.Observe("101 years", Outcome(s.Send(ctx, configure(b, rule("<Mode>GOVERNANCE</Mode><Years>101</Years>")))))
	},
})
