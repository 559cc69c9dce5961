package lifecycle

import (
	"context"
	"strings"

	. "bleepstore/scenarios"
)

const (
	byTag   = "<Filter><Tag><Key>a</Key><Value>1</Value></Tag></Filter>"
	inAnd   = "<Filter><And><Prefix>p</Prefix><Tag><Key>a</Key><Value>1</Value></Tag></And></Filter>"
	marker  = "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"
	aborts  = "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>"
	oldOnes = "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays>"
)

// refused are configurations that no bucket may have. That they are refused is
// documented; of most, the code is not: it was observed, and is judged apart.
var refused = []struct {
	id, rule, says, ref string
	codes               []string
	bad                 map[string][]string
}{
	{"id-long", "LC-02", "A rule's ID of 256 characters", guideElements + "#intro-lifecycle-rule-id", []string{"InvalidArgument"},
		map[string][]string{"256 characters": {rule(id(strings.Repeat("x", 256)) + days(1))}}},
	{"id-duplicate", "LC-02", "A lifecycle in which two rules have one ID, which is to identify a rule,", guideElements + "#intro-lifecycle-rule-id", []string{"InvalidArgument"},
		map[string][]string{"two rules": {ruleFor("<Filter><Prefix>a</Prefix></Filter>", id("x")+days(1)), ruleFor("<Filter><Prefix>b</Prefix></Filter>", id("x")+days(2))}}},
	{"status", "LC-03", "A rule whose Status is neither Enabled nor Disabled, or absent,", apiRule, []string{"MalformedXML"},
		map[string][]string{"On": {strings.Replace(rule(days(1)), "Enabled", "On", 1)}, "lower case": {strings.Replace(rule(days(1)), "Enabled", "enabled", 1)},
			"absent": {strings.Replace(rule(days(1)), "<Status>Enabled</Status>", "", 1)}}},
	{"no-rules", "LC-03", "A lifecycle without rules", apiPut, []string{"MalformedXML"},
		map[string][]string{"no rules": {}}},
	{"no-action", "LC-03", "A rule without an action, of which it has one or more,", guideElements, []string{"InvalidRequest"},
		map[string][]string{"no action": {rule("")}}},
	{"prefix-and-filter", "LC-03", "A rule with a Prefix and a Filter, or with neither,", apiRule, []string{"MalformedXML"},
		map[string][]string{"both": {ruleFor("<Prefix>a</Prefix><Filter><Prefix>a</Prefix></Filter>", days(1))}, "neither": {ruleFor("", days(1))}}},
	{"filter-two", "LC-03", "A Filter that has two predicates outside And", apiRule, []string{"MalformedXML"},
		map[string][]string{"prefix and tag": {ruleFor("<Filter><Prefix>p</Prefix><Tag><Key>a</Key><Value>1</Value></Tag></Filter>", days(1))},
			"two sizes": {ruleFor("<Filter><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan></Filter>", days(1))}}},
	{"schema", "LC-03", "A document with elements that a lifecycle does not have", apiErrors, []string{"MalformedXML"},
		map[string][]string{"in the root": {rule(days(1)), "<Role>r</Role>"}, "in a rule": {rule(days(1) + "<Archive/>")}, "in Expiration": {rule("<Expiration><Weeks>1</Weeks></Expiration>")},
			"no number": {rule("<Expiration><Days>many</Days></Expiration>")}}},
	{"days-zero", "LC-04", "An Expiration whose Days are no positive integer", apiExpires, []string{"InvalidArgument"},
		map[string][]string{"0": {rule(days(0))}, "-1": {rule(days(-1))}}},
	{"noncurrent-zero", "LC-04", "NoncurrentDays of 0", api + "API_NoncurrentVersionExpiration.html", []string{"InvalidArgument"},
		map[string][]string{"NoncurrentDays": {rule("<NoncurrentVersionExpiration><NoncurrentDays>0</NoncurrentDays></NoncurrentVersionExpiration>")}}},
	{"date-time", "LC-04", "An Expiration whose Date is not midnight in UTC", apiExpires, []string{"InvalidArgument"},
		map[string][]string{"noon": {rule("<Expiration><Date>2031-02-03T12:00:00Z</Date></Expiration>")}, "a second late": {rule("<Expiration><Date>2031-02-03T00:00:01Z</Date></Expiration>")},
			"midnight elsewhere": {rule("<Expiration><Date>2031-02-03T00:00:00+02:00</Date></Expiration>")}}},
	{"date-form", "LC-04", "An Expiration whose Date is not of ISO 8601", apiExpires, []string{"MalformedXML"},
		map[string][]string{"no date": {rule("<Expiration><Date>tomorrow</Date></Expiration>")}, "another form": {rule("<Expiration><Date>3 Feb 2031</Date></Expiration>")}}},
	{"days-and-date", "LC-04", "An Expiration with Days and a Date, or with nothing,", api + "API_LifecycleExpiration.html", []string{"MalformedXML"},
		map[string][]string{"both": {rule("<Expiration><Days>1</Days><Date>2031-02-03T00:00:00Z</Date></Expiration>")}, "nothing": {rule("<Expiration></Expiration>")}}},
	{"rules-over", "LC-05", "A lifecycle of 1,001 rules", apiPut, []string{"MalformedXML", "InvalidRequest"},
		map[string][]string{"1,001 rules": many(1001)}},
	{"sizes-crossed", "LC-06", "A Filter whose ObjectSizeGreaterThan is not less than its ObjectSizeLessThan", guideElements + "#intro-lifecycle-rules-filter", []string{"InvalidRequest"},
		map[string][]string{"more than": {ruleFor("<Filter><And><ObjectSizeGreaterThan>9</ObjectSizeGreaterThan><ObjectSizeLessThan>8</ObjectSizeLessThan></And></Filter>", days(1))},
			"equal": {ruleFor("<Filter><And><ObjectSizeGreaterThan>9</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter>", days(1))}}},
	{"tags-duplicate", "LC-06", "A Filter that has one tag key twice", guideElements + "#intro-lifecycle-rules-filter", []string{"InvalidRequest"},
		map[string][]string{"one key twice": {ruleFor("<Filter><And><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>a</Key><Value>2</Value></Tag></And></Filter>", days(1))}}},
	{"marker-and-days", "LC-07", "ExpiredObjectDeleteMarker beside Days or Date", apiExpires, []string{"MalformedXML"},
		map[string][]string{"Days": {rule("<Expiration><Days>1</Days><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>")},
			"Date": {rule("<Expiration><Date>2031-02-03T00:00:00Z</Date><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>")}}},
	{"marker-and-tag", "LC-07", "ExpiredObjectDeleteMarker in a rule whose filter has a tag", guideActions, []string{"InvalidRequest"},
		map[string][]string{"a tag": {ruleFor(byTag, marker)}, "a tag in And": {ruleFor(inAnd, marker)}}},
	{"abort-and-tag", "LC-08", "AbortIncompleteMultipartUpload in a rule whose filter has a tag", guideActions, []string{"InvalidRequest"},
		map[string][]string{"a tag": {ruleFor(byTag, aborts)}, "a tag in And": {ruleFor(inAnd, aborts)}}},
	{"newer-over", "LC-04", "NewerNoncurrentVersions above 100", api + "API_NoncurrentVersionExpiration.html", []string{"InvalidArgument"},
		map[string][]string{"101": {rule(oldOnes + "<NewerNoncurrentVersions>101</NewerNoncurrentVersions></NoncurrentVersionExpiration>")}}},
	{"transition-class", "LC-03", "A Transition to a storage class that does not exist", api + "API_Transition.html", []string{"MalformedXML"},
		map[string][]string{"ATTIC": {rule("<Transition><Days>30</Days><StorageClass>ATTIC</StorageClass></Transition>")}}},
}

func init() {
	for _, c := range refused {
		Add(Scenario{
			ID:    "lifecycle.refused." + c.id,
			Rule:  c.rule,
			Says:  c.says + " MUST be refused with 400 and leave the lifecycle that the bucket has.",
			Ref:   c.ref,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) { expectRefused(ctx, s, nil, c.bad) },
		})
	}
	for _, r := range []string{"LC-02", "LC-03", "LC-04", "LC-05", "LC-06", "LC-07", "LC-08"} {
		Add(Scenario{
			ID:    "lifecycle.code." + strings.ToLower(r),
			Rule:  r,
			Says:  "What is refused SHOULD be refused with the code that AWS was seen to give: InvalidArgument for values, InvalidRequest for what does not go together, MalformedXML for the form.",
			Ref:   apiErrors, // which has the codes, and does not say which is for what
			Level: Should,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				for _, c := range refused {
					for what, rules := range c.bad {
						if c.rule == r {
							s.Expect(s.Send(ctx, put(b, rules...))).To(FailWith(400, c.codes...), "%s: %s", c.id, what)
						}
					}
				}
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "lifecycle.refused.newer-without-filter",
	Rule:  "LC-03",
	Says:  "NewerNoncurrentVersions in a rule without a Filter MUST be refused with 400 InvalidRequest and leave the lifecycle that the bucket has.",
	Ref:   guideActions,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		expectRefused(ctx, s, []string{"InvalidRequest"}, map[string][]string{
			"with a Prefix": {ruleFor("<Prefix></Prefix>", oldOnes+"<NewerNoncurrentVersions>3</NewerNoncurrentVersions></NoncurrentVersionExpiration>")}})
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.refused.date-and-age",
	Rule:  "LC-04",
	Says:  "A rule one of whose Transition and Expiration has a Date and the other Days SHOULD be refused with 400 InvalidRequest and leave the lifecycle that the bucket has.",
	Ref:   "https://github.com/hashicorp/terraform-provider-aws/issues/23674",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		const moves = "<Transition><Date>2031-02-03T00:00:00Z</Date><StorageClass>STANDARD_IA</StorageClass></Transition>"
		expectRefused(ctx, s, []string{"InvalidRequest"}, map[string][]string{"moved by date, expired by age": {rule(moves + days(3650))}})
	},
})
