package lifecycle

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// The configuration as a whole, and what is stored of it.

var _ = Add(Scenario{
	ID:    "lifecycle.put",
	Rule:  "LC-01",
	Says:  "PutBucketLifecycleConfiguration MUST answer 200, and its rules MUST then read back in place of those before.",
	Ref:   apiPut,
	SDK:   sdk + "Client.PutBucketLifecycleConfiguration",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		first := ruleFor("<Filter><Prefix>logs/</Prefix></Filter>", days(30))
		second := strings.Replace(rule("<NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays></NoncurrentVersionExpiration>"), "Enabled", "Disabled", 1)
		for _, rules := range [][]string{{first, second}, {rule(days(1))}} {
			s.Expect(s.Send(ctx, put(b, rules...))).To(HaveStatus(200))
			s.Expect(reads(ctx, s, b, rules...)).To(OK())
		}
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.delete",
	Rule:  "LC-01",
	Says:  "DeleteBucketLifecycle MUST answer 204 and remove all rules, so that reading them fails with 404 NoSuchLifecycleConfiguration, and answer 204 again.",
	Ref:   apiDelete,
	SDK:   sdk + "Client.GetBucketLifecycleConfiguration",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		set(ctx, s, b, rule(days(1)))
		for range 2 {
			s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: b, Query: "lifecycle="})).To(HaveStatus(204))
			s.Expect(none(ctx, s, b)).To(OK())
		}
	},
})

// none waits until a bucket has no lifecycle.
func none(ctx context.Context, s *S, bucket string) error {
	return Settled(ctx, s, "there is no lifecycle", func() error {
		r := s.Send(ctx, get(bucket))
		if gone, _ := FailWith(404, "NoSuchLifecycleConfiguration").Match(r); !gone {
			return fmt.Errorf("GetBucketLifecycleConfiguration: %s", Outcome(r))
		}
		return nil
	})
}

const minimumSize = "X-Amz-Transition-Default-Minimum-Object-Size"

var _ = Add(Scenario{
	ID:    "lifecycle.minimum-size.default",
	Rule:  "LC-01",
	Says:  "Put and Get of a lifecycle MUST tell all_storage_classes_128K as the default minimum object size where the request gave none.",
	Ref:   apiPut,
	SDK:   sdk + "PutBucketLifecycleConfigurationInput.TransitionDefaultMinimumObjectSize",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, put(b, rule(days(1))))
		s.Expect(r).To(OK(), "Put")
		s.Expect(r).To(HaveHeader(minimumSize, "all_storage_classes_128K"), "Put")
		s.Must(reads(ctx, s, b, rule(days(1))), "read the lifecycle")
		s.Expect(s.Send(ctx, get(b))).To(HaveHeader(minimumSize, "all_storage_classes_128K"), "Get")
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.minimum-size.given",
	Rule:  "LC-01",
	Says:  "Put and Get of a lifecycle MUST tell the default minimum object size that the request gave.",
	Ref:   apiPut,
	SDK:   sdk + "PutBucketLifecycleConfigurationOutput.TransitionDefaultMinimumObjectSize",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := put(b, rule(days(1)))
		r.Header = append(r.Header, [2]string{minimumSize, "varies_by_storage_class"})
		got := s.Send(ctx, r)
		s.Expect(got).To(OK(), "Put")
		s.Expect(got).To(HaveHeader(minimumSize, "varies_by_storage_class"), "Put")
		s.Must(reads(ctx, s, b, rule(days(1))), "read the lifecycle")
		s.Expect(s.Send(ctx, get(b))).To(HaveHeader(minimumSize, "varies_by_storage_class"), "Get")
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.id.kept",
	Rule:  "LC-02",
	Says:  "A rule's ID of 255 characters MUST be stored and read back.",
	Ref:   guideElements + "#intro-lifecycle-rule-id",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		want := "rule " + strings.Repeat("x", 250)
		s.Expect(s.Send(ctx, put(b, rule(id(want)+days(1))))).To(OK())
		s.Must(reads(ctx, s, b, rule(days(1))), "read the lifecycle")
		rules, _, err := read(ctx, s, b)
		s.Expect(err).To(OK())
		s.Expect(rules[0].text("ID")).To(Equal(want))
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.id.generated",
	Rule:  "LC-02",
	Says:  "Rules without an ID MUST get one each, unlike the others', which identifies them.",
	Ref:   guideElements + "#intro-lifecycle-rule-id",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		all := []string{ruleFor("<Filter><Prefix>a</Prefix></Filter>", days(1)), ruleFor("<Filter><Prefix>b</Prefix></Filter>", days(1))}
		s.Expect(s.Send(ctx, put(b, all...))).To(OK())
		s.Must(reads(ctx, s, b, all...), "read the lifecycle")
		rules, _, err := read(ctx, s, b)
		s.Expect(err).To(OK())
		one, two := rules[0].text("ID"), rules[1].text("ID")
		s.Expect(one).NotTo(BeEmpty(), "ID of the first rule")
		s.Expect(two).NotTo(BeEmpty(), "ID of the second rule")
		s.Expect(one).NotTo(Equal(two), "the IDs of the two rules")
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.rules.thousand",
	Rule:  "LC-05",
	Says:  "A lifecycle of 1,000 rules MUST be stored.",
	Ref:   apiPut,
	SDK:   sdk + "Client.PutBucketLifecycleConfiguration",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.Expect(s.Send(ctx, put(b, many(1000)...))).To(OK())
		s.Expect(Settled(ctx, s, "the lifecycle reads back", func() error {
			rules, _, err := read(ctx, s, b)
			if err == nil && len(rules) != 1000 {
				err = fmt.Errorf("%d rules", len(rules))
			}
			return err
		})).To(OK())
	},
})

func many(n int) []string {
	rules := make([]string, n)
	for i := range rules {
		rules[i] = ruleFor(fmt.Sprintf("<Filter><Prefix>%d/</Prefix></Filter>", i), days(1))
	}
	return rules
}

// stored are rules that must read back as they were put.
var stored = []struct{ id, says, rule string }{
	{"and", "a prefix, two tags and two sizes in And", ruleFor("<Filter><And><Prefix>a/</Prefix><Tag><Key>x</Key><Value>1</Value></Tag><Tag><Key>y</Key><Value>größe 2</Value></Tag>"+
		"<ObjectSizeGreaterThan>500</ObjectSizeGreaterThan><ObjectSizeLessThan>64000</ObjectSizeLessThan></And></Filter>", days(3))},
	{"sizes", "two sizes in And", ruleFor("<Filter><And><ObjectSizeGreaterThan>0</ObjectSizeGreaterThan><ObjectSizeLessThan>1099511627776</ObjectSizeLessThan></And></Filter>", days(3))},
	{"tag", "one tag", ruleFor("<Filter><Tag><Key>x</Key><Value></Value></Tag></Filter>", days(3))},
	{"greater", "a least size", ruleFor("<Filter><ObjectSizeGreaterThan>500</ObjectSizeGreaterThan></Filter>", days(3))},
	{"less", "a greatest size", ruleFor("<Filter><ObjectSizeLessThan>500</ObjectSizeLessThan></Filter>", days(3))},
	{"empty", "no predicate", rule(days(3))},
	{"prefix", "the older Prefix in place of a filter", ruleFor("<Prefix>a b/ü&amp;</Prefix>", days(3))},
	{"date", "a date of expiration", rule("<Expiration><Date>2031-02-03T00:00:00Z</Date></Expiration>")},
	{"marker", "ExpiredObjectDeleteMarker", rule("<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>")},
	{"noncurrent", "an expiration of noncurrent versions", rule("<NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays><NewerNoncurrentVersions>100</NewerNoncurrentVersions></NoncurrentVersionExpiration>")},
	{"abort", "an end of uploads", rule("<AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload>")},
	{"transitions", "transitions", rule("<Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition><Transition><Days>90</Days><StorageClass>GLACIER_IR</StorageClass></Transition>" +
		"<NoncurrentVersionTransition><NoncurrentDays>30</NoncurrentDays><StorageClass>STANDARD_IA</StorageClass></NoncurrentVersionTransition>")},
}

func init() {
	for _, c := range stored {
		Add(Scenario{
			ID:    "lifecycle.stored." + c.id,
			Rule:  "LC-06",
			Says:  "A rule with " + c.says + " MUST be stored and read back as it was put.",
			Ref:   apiRule,
			SDK:   sdk + "types.LifecycleRule",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.Expect(s.Send(ctx, put(b, c.rule))).To(HaveStatus(200))
				s.Expect(reads(ctx, s, b, c.rule)).To(OK())
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "lifecycle.missing-document",
	Rule:  "LC-03",
	Says:  "PutBucketLifecycleConfiguration without a document MUST be refused with 400 and leave the bucket without a lifecycle.",
	Ref:   apiErrors,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Query: "lifecycle=", Header: [][2]string{ContentMD5(nil)}})
		s.Expect(r).To(FailWith(400))
		s.Expect(none(ctx, s, b)).To(OK())
	},
})

// expectRefused demands that each of the configurations is refused with 400, and
// that the bucket keeps the lifecycle that it has.
func expectRefused(ctx context.Context, s *S, codes []string, bad map[string][]string) {
	b := s.Bucket(ctx)
	before := ruleFor("<Filter><Prefix>before/</Prefix></Filter>", days(9))
	set(ctx, s, b, before)
	for what, rules := range bad {
		r := s.Send(ctx, put(b, rules...))
		s.Observe(what, Outcome(r))
		s.Expect(r).To(FailWith(400, codes...), what)
		after, _, err := read(ctx, s, b)
		s.Expect(err).To(OK(), "read the lifecycle after %s", what)
		if len(after) != 1 || after[0].text("Filter", "Prefix") != "before/" {
			s.Silently("I0: %s was refused, and the rules read %v", what, shown(after))
		}
	}
}
