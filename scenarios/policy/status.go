package policy

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Whether a policy is public.

// kinds are policies by what the page on the meaning of public says of them.
var kinds = []struct {
	name   string
	public bool
	policy []statement
}{
	{"everybody", true, []statement{{}}},
	{"every AWS principal", true, []statement{{Principal: map[string]any{"AWS": "*"}}}},
	{"a wildcard in a listed key", true, []statement{{Condition: when("StringLike", "aws:SourceVpc", "vpc-*")}}},
	{"a wildcard beside a fixed value", true, []statement{{Condition: when("StringLike", "aws:SourceVpc", "vpc-91237329", "vpc-9*")}}},
	{"a key that is not listed", true, []statement{{Condition: when("StringEquals", "aws:UserAgent", "me")}}},
	{"a very broad range", true, []statement{{Condition: when("IpAddress", "aws:SourceIp", "0.0.0.0/1")}}},
	{"every address", true, []statement{{Condition: when("IpAddress", "aws:SourceIp", "0.0.0.0/0")}}},
	{"a broad range beside a narrow one", true, []statement{{Condition: when("IpAddress", "aws:SourceIp", "192.0.2.0/24", "0.0.0.0/0")}}},
	{"a public statement behind one that is not", true, []statement{{Principal: me}, {Action: "s3:PutObject"}}},
	{"a write by everybody", true, []statement{{Action: "s3:PutObject"}}},

	{"a fixed network", false, []statement{{Condition: when("StringEquals", "aws:SourceVpc", "vpc-91237329")}}},
	{"a fixed network by StringLike", false, []statement{{Condition: when("StringLike", "aws:SourceVpc", "vpc-91237329")}}},
	{"several fixed networks", false, []statement{{Condition: when("StringEquals", "aws:SourceVpc", "vpc-91237329", "vpc-91237330")}}},
	{"a narrow range", false, []statement{{Condition: when("IpAddress", "aws:SourceIp", "192.0.2.0/24")}}},
	{"a fixed account", false, []statement{{Condition: when("StringEquals", "aws:SourceAccount", "111122223333")}}},
	{"a fixed organisation", false, []statement{{Condition: when("StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5")}}},
	{"a listed key beside one that is not", false, []statement{{Condition: map[string]any{"StringEquals": map[string]any{"aws:SourceVpc": "vpc-91237329", "aws:UserAgent": "me"}}}}},
	{"a fixed principal", false, []statement{{Principal: me}}},
	{"a denial", false, []statement{{Effect: "Deny", Action: "s3:PutObject", Resource: "$B/none"}}},
}

// public reads the policy's status.
func (p *place) public(ctx context.Context) (bool, error) {
	out, err := p.s.SDK().GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: &p.bucket})
	if err != nil {
		return false, err
	}
	if out.PolicyStatus == nil || out.PolicyStatus.IsPublic == nil {
		return false, errors.New("no IsPublic")
	}
	return aws.ToBool(out.PolicyStatus.IsPublic), nil
}

// expectPublic demands that the policy's status is want, once it has settled.
func (p *place) expectPublic(ctx context.Context, want bool, what string) {
	var got bool
	err := Settled(ctx, p.s, "the status of the policy", func() (err error) {
		if got, err = p.public(ctx); err == nil && got != want {
			return errStatus
		}
		return err
	})
	if !errors.Is(err, errStatus) {
		p.s.Expect(err).To(OK(), "GetBucketPolicyStatus")
	}
	p.s.Expect(got).To(Equal(want), "IsPublic of %s", what)
}

var errStatus = errors.New("it is otherwise")

func init() {
	for _, public := range []bool{true, false} {
		id, says := "policy.status.public", "public of a policy that lets everybody in, whose conditions have a wildcard, a broad range or no key that limits"
		if !public {
			id, says = "policy.status.not-public", "not public of a policy that lets in fixed principals, or whom a condition limits to fixed values, or that denies"
		}
		Add(Scenario{
			ID:    id,
			Rule:  "P-10",
			Says:  "GetBucketPolicyStatus MUST say " + says + ".",
			Ref:   guidePublic,
			SDK:   "s3@v1.114.8 types.PolicyStatus.IsPublic",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				p := open(ctx, s)
				for _, k := range kinds {
					if k.public == public {
						p.set(ctx, k.policy...)
						p.expectPublic(ctx, public, k.name)
					}
				}
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "policy.status.follows",
	Rule:  "P-10",
	Says:  "GetBucketPolicyStatus MUST tell the status of the policy that stands, whatever stood before.",
	Ref:   api + "API_GetBucketPolicyStatus.html",
	SDK:   "s3@v1.114.8 GetBucketPolicyStatusOutput.PolicyStatus",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		for _, public := range []bool{true, false, true} {
			st := statement{}
			if !public {
				st.Condition = when("IpAddress", "aws:SourceIp", "192.0.2.0/24")
			}
			p.set(ctx, st)
			p.expectPublic(ctx, public, "the policy")
		}
	},
})

var _ = Add(Scenario{
	ID:    "policy.status.unset",
	Rule:  "P-10",
	Says:  "GetBucketPolicyStatus of a bucket without a policy MUST fail with 404 NoSuchBucketPolicy.",
	Ref:   apiErrors,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		_, err := open(ctx, s).public(ctx)
		s.Expect(err).To(FailWith(404, "NoSuchBucketPolicy"))
	},
})
