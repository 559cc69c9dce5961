package policy

import (
	"context"
	"fmt"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Which requests a statement is about, and which statement wins.

func init() {
	for _, g := range []gate{{
		id: "deny.beats-allow", rule: "P-06",
		says: "What one statement denies MUST be refused with 403 AccessDenied, whichever statement before or behind it allows it.",
		ref:  iamLogic, keys: []string{"a", "b", "c"},
		policy: []statement{{Effect: "Deny", Resource: "$B/a"}, {}, {Effect: "Deny", Resource: "$B/b"}},
		opens:  []Request{get("c")}, bars: []Request{get("a"), get("b")},
	}, {
		id: "deny.beats-owner", rule: "P-06",
		says: "What a statement denies MUST be refused to the bucket's owner too.",
		ref:  iamLogic, keys: []string{"a", "b"},
		policy: []statement{{Effect: "Deny", Resource: "$B/a"}, {Effect: "Deny", Action: "s3:PutObject", Resource: "$B/b"}},
		opens:  []Request{by(MainAccount, get("b")), by(MainAccount, write("c"))},
		bars:   []Request{by(MainAccount, get("a")), by(MainAccount, write("b"))},
	}, {
		id: "deny.one-action", rule: "P-06",
		says: "A Deny MUST leave alone every action and resource that it does not name.",
		ref:  iamLogic, keys: []string{"a"},
		policy: []statement{{Action: []string{"s3:GetObject", "s3:PutObject"}}, {Effect: "Deny", Action: "s3:PutObject", Resource: "$B/a"}},
		opens:  []Request{get("a"), write("b")}, bars: []Request{write("a")},
	}, {
		id: "match.exact", rule: "P-07",
		says: "A Resource without a wildcard MUST be about that key alone, in that case.",
		ref:  iamResource, keys: []string{"Key", "key", "Key2", "Key/x"},
		policy: []statement{{Resource: "$B/Key"}},
		opens:  []Request{get("Key")}, bars: []Request{get("key"), get("Key2"), get("Key/x")},
	}, {
		id: "match.star", rule: "P-07",
		says: "The wildcard * in a Resource MUST stand for any characters or none, slashes among them.",
		ref:  iamResource + "#reference_policies_elements_resource_wildcards", keys: []string{"a/b", "a/x/y/b", "a/b/b", "a/b/c", "a//b", "b"},
		policy: []statement{{Resource: "$B/a/*b"}},
		opens:  []Request{get("a/b"), get("a/x/y/b"), get("a/b/b"), get("a//b")}, bars: []Request{get("a/b/c"), get("b")},
	}, {
		id: "match.two-stars", rule: "P-07",
		says: "Several wildcards * in a Resource MUST each stand for any characters, whichever way they can be parted.",
		ref:  iamResource + "#reference_policies_elements_resource_wildcards", keys: []string{"xabcabx", "ab", "aab", "axb"},
		policy: []statement{{Resource: "$B/*ab*"}},
		opens:  []Request{get("xabcabx"), get("ab"), get("aab")}, bars: []Request{get("axb")},
	}, {
		id: "match.question-mark", rule: "P-07",
		says: "The wildcard ? in a Resource MUST stand for one character, and not for none or two.",
		ref:  iamResource + "#reference_policies_elements_resource_wildcards", keys: []string{"abc", "a/c", "aüc", "ac", "abbc"},
		policy: []statement{{Resource: "$B/a?c"}},
		opens:  []Request{get("abc"), get("a/c"), get("aüc")}, bars: []Request{get("ac"), get("abbc")},
	}, {
		id: "match.list", rule: "P-07",
		says: "A statement with several resources and actions MUST be about each of them.",
		ref:  iamResource, keys: []string{"a", "b", "c"},
		policy: []statement{{Action: []string{"s3:GetObject", "s3:PutObject"}, Resource: []string{"$B/a", "$B/b"}}},
		opens:  []Request{get("a"), get("b"), write("b")}, bars: []Request{get("c"), write("c")},
	}, {
		id: "match.bucket-or-keys", rule: "P-07",
		says: "The Resource of a bucket MUST NOT be about its keys, nor that of its keys about the bucket.",
		ref:  guideActions, keys: []string{"k"},
		policy: []statement{{Action: "s3:*", Resource: "$B"}},
		opens:  []Request{list("")}, bars: []Request{get("k")},
	}, {
		id: "match.action-wildcard", rule: "P-07",
		says: "Wildcards in an Action MUST stand for any characters of its name.",
		ref:  iamAction, keys: []string{"k"},
		policy: []statement{{Action: "s3:Get*"}},
		opens:  []Request{get("k")}, bars: []Request{write("n"), list("")},
	}, {
		id: "match.action-case", rule: "P-07",
		says: "The name of an Action MUST be taken in any case.",
		ref:  iamAction, keys: []string{"k"},
		policy: []statement{{Action: "S3:getobject"}},
		opens:  []Request{get("k")}, bars: []Request{write("n")},
	}, {
		id: "match.not-action", rule: "P-08",
		says: "A statement with NotAction MUST be about every action but those.",
		ref:  iamNotAction, keys: []string{"k"},
		policy: []statement{{NotAction: []string{"s3:PutObject", "s3:DeleteObject"}}},
		opens:  []Request{get("k")}, bars: []Request{write("n"), {Method: "DELETE", Key: "k", As: Anonymous}},
	}, {
		id: "match.deny-not-action", rule: "P-08",
		says: "A Deny with NotAction MUST deny every action but those.",
		ref:  iamNotAction, keys: []string{"a", "b"},
		policy: []statement{{Action: []string{"s3:GetObject", "s3:PutObject"}}, {Effect: "Deny", NotAction: "s3:GetObject", Resource: "$B/a"}},
		opens:  []Request{get("a"), write("b")}, bars: []Request{write("a")},
	}, {
		id: "match.not-resource", rule: "P-08",
		says: "A statement with NotResource MUST be about every resource but those.",
		ref:  iamNotRes, keys: []string{"k", "secret/k"},
		policy: []statement{{NotResource: "$B/secret/*"}},
		opens:  []Request{get("k")}, bars: []Request{get("secret/k")},
	}, {
		id: "match.deny-not-resource", rule: "P-08",
		says: "A Deny with NotResource MUST deny every resource but those.",
		ref:  iamNotRes, keys: []string{"k", "open/k"},
		policy: []statement{{}, {Effect: "Deny", NotResource: []string{"$B/open/*"}}},
		opens:  []Request{get("open/k")}, bars: []Request{get("k")},
	}} {
		g.add()
	}
}

var _ = Add(Scenario{
	ID:    "policy.deny.beats-acl",
	Rule:  "P-06",
	Says:  "What a policy denies MUST be refused though an ACL allows it.",
	Ref:   guideWorkflow,
	Level: Must,
	Needs: with(ACL, PublicAccessBlock),
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s, writersOwn)
		for _, key := range []string{"a", "b"} {
			p.must(p.until(ctx, by(MainAccount, write(key, [2]string{"x-amz-acl", "public-read"})), func(status int) bool { return status == 200 }), "put an object that everybody may read")
		}
		p.opens(ctx, get("a"), get("b"))
		p.set(ctx, statement{Effect: "Deny", Resource: "$B/a"})
		p.bars(ctx, get("a"))
		p.opens(ctx, get("b"))
	},
})

var _ = Add(Scenario{
	ID:    "policy.match.many",
	Rule:  "P-07",
	Says:  "A policy of many statements MUST have each of them in effect.",
	Ref:   iamLogic,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		var all []statement
		for i := range 40 {
			all = append(all, statement{Resource: fmt.Sprintf("$B/%d", i)})
		}
		p.fill(ctx, "0", "20", "39", "40")
		p.set(ctx, all...)
		r := p.opens(ctx, get("0"), get("20"), get("39"))
		s.Expect(string(r.Body)).To(Equal("39"))
		p.bars(ctx, get("40"))
	},
})
