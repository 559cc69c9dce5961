package policy

import (
	"context"

	. "bleepstore/scenarios"
)

// Whom a statement is about.

func init() {
	for _, g := range []gate{{
		id: "principal.anonymous", rule: "P-09",
		says: "A statement for the Principal * MUST let requests without credentials do what it names and nothing else, which fails with 403 AccessDenied.",
		ref:  iamPrincipal + "#principal-anonymous", keys: []string{"k"},
		policy: []statement{{}},
		opens:  []Request{get("k"), {Method: "HEAD", Key: "k", As: Anonymous}},
		bars: []Request{write("n"), {Method: "DELETE", Key: "k", As: Anonymous}, list(""), {Method: "GET", Query: "acl=", As: Anonymous},
			{Method: "GET", Query: "policy=", As: Anonymous}, {Method: "HEAD", As: Anonymous}},
	}, {
		id: "principal.aws-star", rule: "P-09",
		says: "A statement for the Principal {\"AWS\": \"*\"} MUST let everybody in as * does.",
		ref:  iamPrincipal + "#principal-anonymous", keys: []string{"k"},
		policy: []statement{{Principal: map[string]any{"AWS": "*"}}},
		opens:  []Request{get("k")}, bars: []Request{write("n")},
	}, {
		id: "principal.everybody-signed", rule: "P-09",
		says: "A statement for the Principal * MUST let in other accounts with their credentials too.",
		ref:  iamPrincipal + "#principal-anonymous", keys: []string{"k"}, needs: []Feature{SecondAccount},
		policy: []statement{{}},
		opens:  []Request{by(AltAccount, get("k"))}, bars: []Request{by(AltAccount, write("n"))},
	}, {
		id: "principal.account", rule: "P-09",
		says: "A statement for the canonical id of an account MUST let in that account, and nobody without credentials.",
		ref:  iamPrincipal, keys: []string{"k"}, needs: []Feature{SecondAccount},
		policy: []statement{{Principal: them}},
		opens:  []Request{by(AltAccount, get("k"))},
		bars:   []Request{get("k"), by(AltAccount, write("n")), by(AltAccount, list(""))},
	}, {
		id: "principal.other-account", rule: "P-09",
		says: "A statement for the canonical id of an account MUST NOT let in another account.",
		ref:  iamPrincipal, keys: []string{"k", "open"}, needs: []Feature{SecondAccount},
		policy: []statement{{Principal: me}, {Resource: "$B/open"}},
		opens:  []Request{by(AltAccount, get("open"))},
		bars:   []Request{by(AltAccount, get("k"))},
	}, {
		id: "principal.several", rule: "P-09",
		says: "A statement for several principals MUST be about each of them.",
		ref:  iamPrincipal, keys: []string{"k"}, needs: []Feature{SecondAccount},
		policy: []statement{{Principal: map[string]any{"CanonicalUser": []string{"$ME", "$THEM"}}}},
		opens:  []Request{by(AltAccount, get("k"))}, bars: []Request{get("k")},
	}, {
		id: "principal.not", rule: "P-08",
		says: "A Deny with NotPrincipal MUST deny everybody but whom it names.",
		ref:  iamOthers, keys: []string{"k", "open"}, needs: []Feature{SecondAccount},
		policy: []statement{{}, {Effect: "Deny", NotPrincipal: map[string]any{"CanonicalUser": []string{"$ME", "$THEM"}}, Resource: "$B/k"}},
		opens:  []Request{by(AltAccount, get("k")), by(MainAccount, get("k")), get("open")},
		bars:   []Request{get("k")},
	}, {
		id: "principal.denied", rule: "P-06",
		says: "A Deny for one account MUST be about that account alone.",
		ref:  iamLogic, keys: []string{"k", "open"}, needs: []Feature{SecondAccount},
		policy: []statement{{}, {Effect: "Deny", Principal: them, Resource: "$B/k"}},
		opens:  []Request{get("k"), by(MainAccount, get("k")), by(AltAccount, get("open"))},
		bars:   []Request{by(AltAccount, get("k"))},
	}} {
		g.add()
	}
}

var _ = Add(Scenario{
	ID:    "policy.principal.none",
	Rule:  "P-09",
	Says:  "Without a policy, requests without credentials MUST be refused with 403 AccessDenied.",
	Ref:   guideAuthorizes,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		p.fill(ctx, "k")
		p.bars(ctx, get("k"), write("n"), list(""), Request{Method: "DELETE", Key: "k", As: Anonymous})
		s.ExpectUnchanged(ctx, p.bucket, "k", "k")
	},
})
