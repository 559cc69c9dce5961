package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// The document itself: it is stored, read, replaced and removed whole.

// read is what the policy's document says, with a list of one as its element:
// the language does not tell them apart.
func (p *place) read(ctx context.Context) (any, error) {
	out, err := p.s.SDK().GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &p.bucket})
	if err != nil {
		return nil, err
	}
	return meaning(*out.Policy)
}

func meaning(text string) (any, error) {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return nil, fmt.Errorf("the policy is no JSON: %w", err)
	}
	return folded(v), nil
}

func folded(v any) any {
	switch t := v.(type) {
	case []any:
		for i := range t {
			t[i] = folded(t[i])
		}
		if len(t) == 1 {
			return t[0]
		}
	case map[string]any:
		for k := range t {
			t[k] = folded(t[k])
		}
	}
	return v
}

// expectPolicy demands that the policy reads as text, once it has settled.
func (p *place) expectPolicy(ctx context.Context, text string) {
	want, err := meaning(p.text(ctx, text))
	p.s.Must(err, "read the scenario's own policy")
	var got any
	err = Settled(ctx, p.s, "the policy reads back", func() error {
		var err error
		if got, err = p.read(ctx); err == nil && !reflect.DeepEqual(got, want) {
			err = errors.New("it reads otherwise")
		}
		return err
	})
	if got == nil {
		p.s.Expect(err).To(OK(), "GetBucketPolicy")
	}
	p.s.Expect(got).To(Equal(want), "the policy")
}

// expectKept is invariant I0 for a policy.
func (p *place) expectKept(ctx context.Context, text string) {
	want, err := meaning(p.text(ctx, text))
	p.s.Must(err, "read the scenario's own policy")
	got, err := p.read(ctx)
	p.s.Expect(err).To(OK(), "I0: GetBucketPolicy after a refusal")
	if !reflect.DeepEqual(got, want) {
		p.s.Silently("I0: a refused policy took the place of another: %v", got)
	}
}

// expectNone demands that there is no policy, once that has settled.
func (p *place) expectNone(ctx context.Context) {
	r := p.until(ctx, Request{Method: "GET", Query: "policy="}, func(status int) bool { return status == 404 })
	p.s.Expect(r).To(FailWith(404, "NoSuchBucketPolicy"), "GetBucketPolicy")
}

// narrow is a policy that is not public.
var narrow = document(statement{Condition: when("IpAddress", "aws:SourceIp", "192.0.2.0/24")})

var _ = Add(Scenario{
	ID:    "policy.document.round-trip",
	Rule:  "P-01",
	Says:  "PutBucketPolicy MUST answer 204, and GetBucketPolicy return the same policy as JSON.",
	Ref:   apiPut + "#API_PutBucketPolicy_Examples",
	SDK:   "s3@v1.114.8 GetBucketPolicyOutput.Policy",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		text := document(statement{Condition: when("IpAddress", "aws:SourceIp", "192.0.2.0/24", "198.51.100.0/24")},
			statement{Effect: "Deny", Principal: "*", Action: []string{"s3:GetObject", "s3:PutObject"}, Resource: []string{"$B/a/*", "$B/ü?"}})
		s.Expect(s.Send(ctx, p.put(ctx, text))).To(HaveStatus(204), "PutBucketPolicy")
		p.expectPolicy(ctx, text)
	},
})

var _ = Add(Scenario{
	ID:    "policy.document.text",
	Rule:  "P-01",
	Says:  "GetBucketPolicy SHOULD return the document byte for byte as it was put.",
	Ref:   apiGet,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		text := "{\n  \"Id\" : \"spaced\"," + strings.TrimPrefix(narrow, "{")
		p.must(s.Send(ctx, p.put(ctx, text)), "set a policy")
		r := s.Send(ctx, Request{Method: "GET", Bucket: p.bucket, Query: "policy="})
		s.Expect(r).To(HaveStatus(200))
		s.Expect(string(r.Body)).To(Equal(p.text(ctx, text)))
	},
})

var _ = Add(Scenario{
	ID:    "policy.document.replaced",
	Rule:  "P-01",
	Says:  "PutBucketPolicy MUST replace the policy that stands, and not add to it.",
	Ref:   apiPut,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		p.fill(ctx, "a", "b")
		p.set(ctx, statement{Resource: "$B/a"})
		p.opens(ctx, get("a"))
		second := statement{Resource: "$B/b"}
		p.set(ctx, second)
		p.opens(ctx, get("b"))
		p.bars(ctx, get("a"))
		p.expectPolicy(ctx, document(second))
	},
})

var _ = Add(Scenario{
	ID:    "policy.document.deleted",
	Rule:  "P-01",
	Says:  "DeleteBucketPolicy MUST answer 204, after which there is no policy and nobody has what it gave.",
	Ref:   apiDelete,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		p.fill(ctx, "k")
		p.set(ctx, statement{})
		p.opens(ctx, get("k"))
		s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: p.bucket, Query: "policy="})).To(HaveStatus(204), "DeleteBucketPolicy")
		p.expectNone(ctx)
		p.bars(ctx, get("k"))
		s.ExpectBody(ctx, p.bucket, "k", "k")
	},
})

var _ = Add(Scenario{
	ID:    "policy.document.deleted-twice",
	Rule:  "P-01",
	Says:  "DeleteBucketPolicy of a bucket without a policy SHOULD answer 204.",
	Ref:   apiDelete,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: p.bucket, Query: "policy="})).To(HaveStatus(204))
	},
})

var _ = Add(Scenario{
	ID:    "policy.document.size",
	Rule:  "P-05",
	Says:  "A policy of 20 KB SHOULD be taken and one of a byte more refused with 400, which leaves the policy that stands.",
	Ref:   apiPut,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		p.must(s.Send(ctx, p.put(ctx, narrow)), "set a policy")
		full := p.text(ctx, narrow)
		full = strings.Replace(full, `"Statement"`, fmt.Sprintf(`"Id":"%s","Statement"`, strings.Repeat("i", 20<<10-len(full)-len(`"Id":"",`))), 1)
		r := s.Send(ctx, p.put(ctx, strings.Replace(full, `"Id":"`, `"Id":"i`, 1)))
		s.Observe("a policy of 20 KB and a byte", Outcome(r))
		s.Expect(r).To(FailWith(400), "a policy of %d bytes", len(full)+1)
		p.expectKept(ctx, narrow)
		s.Expect(s.Send(ctx, p.put(ctx, full))).To(OK(), "a policy of %d bytes", len(full))
	},
})
