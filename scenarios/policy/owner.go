package policy

import (
	"context"
	"slices"

	. "bleepstore/scenarios"
)

// The policy itself is the owner's: nobody can lock them out of it, and nobody
// can be let in.

// locked is the Referer under which the policies of these scenarios deny, so that
// nobody is locked out of the bucket for good, whoever the owner is.
const locked = "https://bleepstore.example/locked"

// asLocked is r as the policy denies it.
func asLocked(r Request) Request {
	r.Header = append(r.Header, header("Referer", locked))
	return by(MainAccount, r)
}

// locking denies everything to everybody under the Referer.
var locking = statement{Effect: "Deny", Action: "s3:*", Resource: []string{"$B", "$B/*"}, Condition: when("StringEquals", "aws:Referer", locked)}

// expectOwn demands that the locked owner is served. Only the root of an account
// is documented to be; who is refused and not known to be it is not judged.
func (p *place) expectOwn(ctx context.Context, r Request, doing string) {
	got := p.s.Send(ctx, r)
	if got.Status == 403 && !p.isRoot(ctx) {
		p.s.Skip("the main account's keys are not known to be those of its root")
	}
	p.s.Expect(got).To(OK(), doing)
}

// isRoot reports whether the server says that the main account's keys are those
// of its root: a policy that denies the root to read k denies it to them.
func (p *place) isRoot(ctx context.Context) bool {
	p.set(ctx, statement{Effect: "Deny", Resource: "$B/k", Condition: when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:root")})
	return p.until(ctx, by(MainAccount, get("k")), func(status int) bool { return status == 403 }).Status == 403
}

var _ = Add(Scenario{
	ID:    "policy.owner.never-locked-out",
	Rule:  "P-14",
	Says:  "The root of the bucket's account MUST be able to read, replace and delete a policy that denies it everything.",
	Ref:   apiDelete,
	SDK:   "s3@v1.114.8 Client.DeleteBucketPolicy",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		p.fill(ctx, "k")
		p.set(ctx, locking)
		p.bars(ctx, asLocked(get("k"))) // it is in effect
		p.opens(ctx, by(MainAccount, get("k")))
		p.expectOwn(ctx, asLocked(Request{Method: "GET", Bucket: p.bucket, Query: "policy="}), "GetBucketPolicy")
		p.expectOwn(ctx, asLocked(p.put(ctx, document(locking))), "PutBucketPolicy")
		p.expectOwn(ctx, asLocked(Request{Method: "DELETE", Bucket: p.bucket, Query: "policy="}), "DeleteBucketPolicy")
		p.expectNone(ctx)
		p.opens(ctx, asLocked(get("k")))
	},
})

var _ = Add(Scenario{
	ID:    "policy.owner.confirmed",
	Rule:  "P-14",
	Says:  "PutBucketPolicy MUST take a policy that denies its caller to change it when x-amz-confirm-remove-self-bucket-access is true.",
	Ref:   apiPut + "#API_PutBucketPolicy_RequestSyntax",
	SDK:   "s3@v1.114.8 PutBucketPolicyInput.ConfirmRemoveSelfBucketAccess",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		p.fill(ctx, "k")
		r := p.put(ctx, document(locking))
		r.Header = append(r.Header, header("x-amz-confirm-remove-self-bucket-access", "true"))
		s.Expect(s.Send(ctx, r)).To(OK(), "PutBucketPolicy")
		p.bars(ctx, asLocked(get("k")))
		p.opens(ctx, by(MainAccount, get("k")))
	},
})

var _ = Add(Scenario{
	ID:    "policy.owner.rest-is-denied",
	Rule:  "P-14",
	Says:  "A policy that denies its owner everything MUST be in effect for every operation but those on the policy.",
	Ref:   iamLogic,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		p.fill(ctx, "k")
		p.set(ctx, locking)
		list := Request{Method: "GET", Query: "list-type=2"}
		p.bars(ctx, asLocked(get("k")), asLocked(list), asLocked(write("n")), asLocked(Request{Method: "DELETE", Key: "k"}),
			asLocked(Request{Method: "GET", Query: "policyStatus="}), asLocked(Request{Method: "DELETE"}))
		p.opens(ctx, by(MainAccount, get("k")), list)
	},
})

var _ = Add(Scenario{
	ID:    "policy.owner.each-is-denied",
	Rule:  "P-14",
	Says:  "What a policy denies its owner MUST be denied by whichever operation it is asked for: HEAD and GetObjectAttributes as GET, an upload or a copy as PUT.",
	Ref:   iamLogic,
	Level: Must,
	Needs: append([]Feature{Versioning, Tagging, Listing, Multipart, Copy}, needs...),
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		p.fill(ctx, "k")
		versioned(ctx, p)
		uploading(ctx, p)
		named(ctx, p)
		p.set(ctx, locking)
		p.bars(ctx, asLocked(get("k"))) // it is in effect
		for _, a := range asks {
			if !slices.Contains(a.needs, ACL) {
				p.bars(ctx, asLocked(a.request))
			}
		}
		p.bars(ctx, asLocked(copyOf("k", "n")), asLocked(partOf("k")), asLocked(Request{Method: "POST", Key: "k", Query: "uploadId=$U", Body: []byte(
			"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag></Part></CompleteMultipartUpload>")}))
		p.opens(ctx, by(MainAccount, get("k")))
		s.ExpectAbsent(ctx, p.bucket, "n")
	},
})

// The operations on a policy, with their actions.
var policyOps = []struct {
	action  string
	request func(ctx context.Context, p *place) Request
}{
	{"GetBucketPolicy", func(context.Context, *place) Request { return Request{Method: "GET", Query: "policy="} }},
	{"PutBucketPolicy", func(ctx context.Context, p *place) Request { return p.put(ctx, narrow) }},
	{"DeleteBucketPolicy", func(context.Context, *place) Request { return Request{Method: "DELETE", Query: "policy="} }},
}

func init() {
	for _, op := range policyOps {
		ref := api + "API_" + op.action + ".html"
		Add(Scenario{
			ID:    "policy.owner.others." + map[string]string{"G": "get", "P": "put", "D": "delete"}[op.action[:1]],
			Rule:  "P-18",
			Says:  op.action + " by another account MUST fail with 403 AccessDenied, and with 405 MethodNotAllowed when the policy allows it.",
			Ref:   ref,
			SDK:   "s3@v1.114.8 Client." + op.action,
			Level: Must,
			Needs: with(SecondAccount),
			Check: func(ctx context.Context, s *S) {
				p := open(ctx, s)
				p.fill(ctx, "k")
				first, second := statement{Principal: them}, statement{Principal: them, Action: "s3:" + op.action, Resource: "$B"}
				p.set(ctx, first)
				p.opens(ctx, by(AltAccount, get("k")))
				r := by(AltAccount, op.request(ctx, p))
				p.bars(ctx, r)
				p.expectKept(ctx, document(first))
				p.set(ctx, first, second)
				got := p.until(ctx, r, func(status int) bool { return status == 405 })
				s.Expect(got).To(FailWith(405, "MethodNotAllowed"), "when it is allowed")
				p.expectKept(ctx, document(first, second))
			},
		})
	}
}
