package policy

import (
	"context"
	"strings"

	. "bleepstore/scenarios"
)

// Documents that are no policy of the bucket.

// A flaw is a policy that must be refused.
type flaw struct{ name, text string }

// whole is a policy without a flaw; cut takes something out of it, or puts
// something else in its place.
var whole = document(statement{Condition: when("IpAddress", "aws:SourceIp", "192.0.2.0/24")})

func cut(old, instead string) string {
	if !strings.Contains(whole, old) {
		panic("policy: nothing to cut: " + old)
	}
	return strings.Replace(whole, old, instead, 1)
}

const (
	action    = `"Action":"s3:GetObject"`
	resource  = `"Resource":"$B/*"`
	principal = `"Principal":"*"`
)

// flaws stand under the headings of the page that lists the errors of policies.
var flaws = map[string][]flaw{
	"json-syntax-error": {
		{"no JSON", "x"}, {"half of a document", whole[:40]}, {"a document that does not end", strings.TrimSuffix(whole, "}")},
		{"XML", "<Policy/>"},
	},
	"missing-statement": {{"no Statement", `{"Version":"2012-10-17"}`}},
	"invalid-version":   {{"an unknown Version", cut("2012-10-17", "2012-10-18")}},
	"invalid-effect":    {{"an unknown Effect", cut(`"Allow"`, `"Permit"`)}},
	"missing-effect":    {{"no Effect", cut(`"Effect":"Allow",`, "")}},
	"missing-principal": {{"no Principal", cut(principal+",", "")}},
	"missing-action":    {{"no Action", cut(action+",", "")}},
	"missing-resource":  {{"no Resource", cut(resource+",", "")}},
	"invalid-action": {
		{"an unknown Action", cut(action, `"Action":"s3:FetchObject"`)},
		{"an unknown Action beside a known one", cut(action, `"Action":["s3:GetObject","s3:FetchObject"]`)},
	},
	"unsupported-action-in-policy": {{"an Action of another service", cut(action, `"Action":"kms:Decrypt"`)}},
	"invalid-policy-element":       {{"an unknown element", cut(action, action+`,"Colour":"red"`)}},
	"unsupported-element-combination": {
		{"Action and NotAction", cut(action, action+`,"NotAction":"s3:PutObject"`)},
		{"Resource and NotResource", cut(resource, resource+`,"NotResource":"$B/x"`)},
	},
	"invalid-service-condition-key": {
		{"a condition key that S3 has not", cut(`"IpAddress":{"aws:SourceIp"`, `"StringEquals":{"s3:NoSuchKey"`)},
		{"a condition key that needs the name of a tag", cut(`"IpAddress":{"aws:SourceIp"`, `"StringEquals":{"s3:ExistingObjectTag"`)},
	},
	"invalid-global-condition-key": {{"a condition key that no service has", cut("aws:SourceIp", "aws:NoSuchIp")}},
	"invalid-condition-operator":   {{"an unknown operator", cut("IpAddress", "AddressIs")}},
	"null-with-if-exists":          {{"Null with IfExists", cut(`"IpAddress":{"aws:SourceIp":["192.0.2.0/24"]}`, `"NullIfExists":{"aws:Referer":"true"}`)}},
}

func init() {
	for heading, all := range flaws {
		Add(Scenario{
			ID:    "policy.malformed." + heading,
			Rule:  "P-02",
			Says:  "A policy with the error that AWS lists as " + heading + " MUST be refused with 400 and change nothing.",
			Ref:   iamChecks + "#access-analyzer-reference-policy-checks-error-" + heading,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) { refuses(ctx, s, all, nil) },
		})
	}
}

// refuses demands that every flaw is refused with one of the codes, any where
// there is none, and that the policy stays.
func refuses(ctx context.Context, s *S, all []flaw, codes []string) {
	p := open(ctx, s)
	p.must(s.Send(ctx, p.put(ctx, narrow)), "set a policy")
	for _, f := range all {
		s.Expect(s.Send(ctx, p.put(ctx, f.text))).To(FailWith(400, codes...), f.name)
		p.expectKept(ctx, narrow)
	}
}

var _ = Add(Scenario{
	ID:    "policy.malformed.code",
	Rule:  "P-02",
	Says:  "The code for a document that is no policy SHOULD be MalformedPolicy.",
	Ref:   apiErrors,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		var all []flaw
		for _, f := range flaws {
			all = append(all, f...)
		}
		refuses(ctx, s, all, []string{"MalformedPolicy"})
	},
})

var _ = Add(Scenario{
	ID:    "policy.malformed.empty",
	Rule:  "P-02",
	Says:  "PutBucketPolicy without a document, which is required, MUST fail with 400 and leave the policy that stands.",
	Ref:   apiPut + "#API_PutBucketPolicy_RequestBody",
	SDK:   "s3@v1.114.8 PutBucketPolicyInput.Policy",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) { refuses(ctx, s, []flaw{{"an empty body", ""}}, nil) },
})

var _ = Add(Scenario{
	ID:    "policy.malformed.resource",
	Rule:  "P-03",
	Says:  "A policy whose Resource is not the bucket or in it MUST be refused with 400 and change nothing.",
	Ref:   iamChecks + "#access-analyzer-reference-policy-checks-error-unsupported-resource-arn-in-policy",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		refuses(ctx, s, []flaw{
			{"another bucket", cut("$B/*", "$B-other/*")},
			{"another bucket beside this one", cut(resource, `"Resource":["$B/*","$B-other/*"]`)},
			{"no ARN", cut("$B/*", "*")},
			{"an ARN of another service", cut("$B/*", "arn:aws:sqs:us-east-1:111122223333:queue")},
		}, nil)
	},
})

var _ = Add(Scenario{
	ID:    "policy.malformed.resource-of-action",
	Rule:  "P-03",
	Says:  "A policy with an Action that none of its resources can be asked for SHOULD be refused with 400 MalformedPolicy.",
	Ref:   guideActions,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		refuses(ctx, s, []flaw{
			{"an action on objects with the bucket", cut("$B/*", "$B")},
			{"an action on buckets with objects", cut("s3:GetObject", "s3:ListBucket")},
			{"one of both with objects", cut(action, `"Action":["s3:GetObject","s3:ListBucket"]`)},
		}, []string{"MalformedPolicy"})
	},
})

var _ = Add(Scenario{
	ID:    "policy.malformed.principal",
	Rule:  "P-04",
	Says:  "A policy that names a principal which does not exist, or not as principals are named, MUST be refused with 400 MalformedPolicy and change nothing.",
	Ref:   apiErrors,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		refuses(ctx, s, []flaw{
			{"a name alone", cut(principal, `"Principal":"alice"`)},
			{"an account of two digits", cut(principal, `"Principal":{"AWS":"12"}`)},
			{"no ARN", cut(principal, `"Principal":{"AWS":"alice"}`)},
			{"a wildcard in an ARN", cut(principal, `"Principal":{"AWS":"arn:aws:iam::111122223333:user/*"}`)},
			{"a canonical id that is nobody's", cut(principal, `"Principal":{"CanonicalUser":"`+strings.Repeat("0", 64)+`"}`)},
			{"one that is nobody's beside everybody", cut(principal, `"Principal":{"AWS":"*","CanonicalUser":"`+strings.Repeat("0", 64)+`"}`)},
			{"an unknown sort", cut(principal, `"Principal":{"Robot":"*"}`)},
		}, []string{"MalformedPolicy"})
	},
})

var _ = Add(Scenario{
	ID:    "policy.malformed.allow-not-principal",
	Rule:  "P-08",
	Says:  "A policy with NotPrincipal and the Effect Allow SHOULD be refused with 400.",
	Ref:   iamOthers,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		refuses(ctx, s, []flaw{{"NotPrincipal with Allow", cut(principal, `"NotPrincipal":{"CanonicalUser":"$ME"}`)}}, nil)
	},
})
