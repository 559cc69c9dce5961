package publicaccess

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	. "bleepstore/scenarios"
)

// BlockPublicPolicy refuses to write public policies, RestrictPublicBuckets
// keeps those that stand from letting anybody in from outside.

var policyNeeds = []Feature{PublicAccessBlock, Policy}

// putPolicy sets the bucket's policy.
func putPolicy(bucket, policy string) Request {
	return raw(bucket, "policy=", policy)
}

// policyOf is a policy of statements, each of which lacks what it is about:
// reading the bucket's objects.
func policyOf(bucket string, statements ...string) string {
	for i, st := range statements {
		statements[i] = fmt.Sprintf(`{%s,"Action":"s3:GetObject","Resource":"arn:aws:s3:::%s/*"}`, st, bucket)
	}
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

const toEverybody = `"Effect":"Allow","Principal":"*"`

// everybody lets everybody read the bucket's objects.
func everybody(bucket string) string { return policyOf(bucket, toEverybody) }

// account lets the account of the canonical id read.
func account(id string) string {
	return fmt.Sprintf(`"Effect":"Allow","Principal":{"CanonicalUser":%q}`, id)
}

// publicStatements are public by what the page on the meaning of public says.
var publicStatements = []struct{ name, text string }{
	{"everybody", toEverybody},
	{"every AWS principal", `"Effect":"Allow","Principal":{"AWS":"*"}`},
	{"a wildcard in a condition", toEverybody + `,"Condition":{"StringLike":{"aws:SourceVpc":"vpc-*"}}`},
	{"a very broad range of addresses", toEverybody + `,"Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/1"}}`},
	{"a condition key that limits nobody", toEverybody + `,"Condition":{"StringEquals":{"aws:UserAgent":"me"}}`},
}

// privateStatements are not, by the same page.
var privateStatements = []struct{ name, text string }{
	{"a fixed network", toEverybody + `,"Condition":{"StringEquals":{"aws:SourceVpc":"vpc-91237329"}}`},
	{"a narrow range of addresses", toEverybody + `,"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`},
	{"a denial", `"Effect":"Deny","Principal":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`},
}

var _ = Add(Scenario{
	ID:    "publicaccess.policy.block.public",
	Rule:  "PB-04",
	Says:  "A public policy MUST be refused with 403 AccessDenied under BlockPublicPolicy, and the policy that stood stay.",
	Ref:   guideDenied,
	SDK:   "s3@v1.114.8 types.PublicAccessBlockConfiguration.BlockPublicPolicy",
	Level: Must,
	Needs: policyNeeds,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, types.ObjectOwnershipBucketOwnerEnforced)
		block(ctx, s, b, blockPolicy)
		until(ctx, s, 403, putPolicy(b, everybody(b))) // may be taken at first
		must(s, s.Send(ctx, putPolicy(b, policyOf(b, privateStatements[1].text))), "set a policy that is not public")
		for _, p := range publicStatements {
			s.Expect(s.Send(ctx, putPolicy(b, policyOf(b, p.text)))).To(FailWith(403, "AccessDenied"), p.name)
			s.Expect(s.Send(ctx, putPolicy(b, policyOf(b, privateStatements[1].text, p.text)))).To(FailWith(403, "AccessDenied"), "%s beside a statement that is not public", p.name)
			r := s.Send(ctx, Request{Method: "GET", Bucket: b, Query: "policy="})
			s.Expect(r).To(HaveStatus(200), "I0: the policy after %s", p.name)
			if !strings.Contains(string(r.Body), "192.0.2.0/24") {
				s.Silently("I0: the policy after %s was refused: got %s", p.name, r.Body)
			}
		}
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.policy.block.not-public",
	Rule:  "PB-04",
	Says:  "A policy that is not public MUST be accepted under BlockPublicPolicy.",
	Ref:   guidePublic,
	SDK:   "s3@v1.114.8 types.PublicAccessBlockConfiguration.BlockPublicPolicy",
	Level: Must,
	Needs: policyNeeds,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, types.ObjectOwnershipBucketOwnerEnforced)
		block(ctx, s, b, switches...)
		until(ctx, s, 403, putPolicy(b, everybody(b)))
		for _, p := range privateStatements {
			s.Expect(s.Send(ctx, putPolicy(b, policyOf(b, p.text)))).To(OK(), p.name)
		}
		s.Expect(s.Send(ctx, putPolicy(b, policyOf(b, account(mainID(ctx, s)))))).To(OK(), "one account")
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.policy.block.existing",
	Rule:  "PB-04",
	Says:  "BlockPublicPolicy MUST leave a public policy that stands already as it is, and in effect.",
	Ref:   guideSettings,
	SDK:   "s3@v1.114.8 types.PublicAccessBlockConfiguration.BlockPublicPolicy",
	Level: Must,
	Needs: policyNeeds,
	Check: func(ctx context.Context, s *S) {
		b := publicBucket(ctx, s)
		block(ctx, s, b, blockPolicy)
		s.Expect(until(ctx, s, 403, putPolicy(b, policyOf(b, toEverybody, toEverybody)))).To(FailWith(403, "AccessDenied"), "a new public policy")
		s.Expect(s.Send(ctx, by(Anonymous, b, "k"))).To(HaveStatus(200), "a GET by the policy that stood already")
	},
})

// publicBucket is a bucket whose object k everybody may read by a policy.
func publicBucket(ctx context.Context, s *S, more ...string) string {
	b := open(ctx, s, types.ObjectOwnershipBucketOwnerEnforced)
	s.MustPut(ctx, b, "k", "v")
	policy := policyOf(b, append(more, toEverybody)...)
	s.Settle(ctx, "the bucket takes a public policy", func() error {
		if r := s.Send(ctx, putPolicy(b, policy)); r.Status/100 != 2 {
			return fmt.Errorf("PutBucketPolicy: %s", Outcome(r))
		}
		return nil
	})
	mustUntil(ctx, s, 200, by(Anonymous, b, "k"))
	return b
}

var _ = Add(Scenario{
	ID:    "publicaccess.policy.block.alone",
	Rule:  "PB-04",
	Says:  "Each of the other three settings MUST leave it possible to write a public policy.",
	Ref:   guideSettings,
	Level: Must,
	Needs: policyNeeds,
	Check: func(ctx context.Context, s *S) {
		b := publicBucket(ctx, s) // the account itself blocks nothing
		for _, name := range []string{blockAcls, ignoreAcls, restrict} {
			block(ctx, s, b, name)
			s.Expect(s.Send(ctx, putPolicy(b, everybody(b)))).To(OK(), name)
		}
	},
})

const sdkRestrict = "s3@v1.114.8 types.PublicAccessBlockConfiguration.RestrictPublicBuckets"

var _ = Add(Scenario{
	ID:    "publicaccess.policy.restrict.anonymous",
	Rule:  "PB-06",
	Says:  "Under RestrictPublicBuckets a public policy MUST let in nobody without credentials, stay as it is, and take effect again once the setting is off.",
	Ref:   guideSettings,
	SDK:   sdkRestrict,
	Level: Must,
	Needs: policyNeeds,
	Check: func(ctx context.Context, s *S) {
		b := publicBucket(ctx, s)
		block(ctx, s, b, restrict)
		s.Expect(until(ctx, s, 403, by(Anonymous, b, "k"))).To(FailWith(403, "AccessDenied"), "while it is on")
		s.ExpectBody(ctx, b, "k", "v")
		s.Expect(s.Send(ctx, Request{Method: "GET", Bucket: b, Query: "policy="})).To(HaveStatus(200), "the policy")
		block(ctx, s, b)
		s.Expect(until(ctx, s, 200, by(Anonymous, b, "k"))).To(HaveStatus(200), "once it is off")
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.policy.restrict.account",
	Rule:  "PB-06",
	Says:  "Under RestrictPublicBuckets a public policy MUST NOT let in another account, though a statement of it names that account, until the policy is no longer public.",
	Ref:   guideBlock + "#access-control-block-public-access-policy-example",
	SDK:   sdkRestrict,
	Level: Must,
	Needs: []Feature{PublicAccessBlock, Policy, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		them := account(altID(ctx, s))
		b := publicBucket(ctx, s, them)
		mustUntil(ctx, s, 200, by(AltAccount, b, "k"))
		block(ctx, s, b, restrict)
		s.Expect(until(ctx, s, 403, by(AltAccount, b, "k"))).To(FailWith(403, "AccessDenied"), "by a public policy")
		must(s, s.Send(ctx, putPolicy(b, policyOf(b, them))), "leave the public statement out")
		s.Expect(until(ctx, s, 200, by(AltAccount, b, "k"))).To(HaveStatus(200), "by a policy that is not public")
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.policy.restrict.acl",
	Rule:  "PB-06",
	Says:  "RestrictPublicBuckets MUST NOT restrict a bucket that has no public policy: public ACLs stay in effect.",
	Ref:   guideSettings,
	SDK:   sdkRestrict,
	Level: Must,
	Needs: aclNeeds,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, types.ObjectOwnershipObjectWriter)
		mustUntil(ctx, s, 200, put(b, "k", canned("public-read")))
		mustUntil(ctx, s, 200, by(Anonymous, b, "k"))
		block(ctx, s, b, restrict, blockPolicy)
		s.Expect(s.Send(ctx, by(Anonymous, b, "k"))).To(HaveStatus(200))
	},
})
