package website

import (
	"context"

	. "bleepstore/scenarios"
)

// What the routing rules of a website do.

// routed are rules of one redirect: what is asked for, and where that is sent.
var routed = []struct{ id, says, rule, ask, to string }{
	{"prefix", "with ReplaceKeyPrefixWith to the key with that in place of the prefix", "<Condition><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>documents/</ReplaceKeyPrefixWith></Redirect>",
		"docs/a.html", "/documents/a.html"},
	{"key", "with ReplaceKeyWith to that key", "<Condition><KeyPrefixEquals>images/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyWith>folderdeleted.html</ReplaceKeyWith></Redirect>",
		"images/a.html", "/folderdeleted.html"},
	{"host", "with HostName and Protocol to the same key there", "<Condition><KeyPrefixEquals>ext/</KeyPrefixEquals></Condition><Redirect><HostName>example.com</HostName><Protocol>https</Protocol></Redirect>",
		"ext/a.html", "https://example.com/ext/a.html"},
}

func init() {
	for _, c := range routed {
		Add(Scenario{
			ID:    "website.page.route." + c.id,
			Rule:  "WS-07",
			Says:  "A website endpoint MUST send requests whose key begins with KeyPrefixEquals, and no others, by a routing rule " + c.says + ".",
			Ref:   guideRedirect + "#configure-bucket-as-website-routing-rule-syntax",
			Level: Must,
			Needs: served,
			Check: func(ctx context.Context, s *S) {
				b := site(ctx, s, readable, rule(c.rule), c.ask)
				expectSent(s, page(ctx, s, b, c.ask), 301, b, c.to)
				expectPage(s, page(ctx, s, b, "index.html"), 200, "index.html")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "website.page.route.code",
	Rule:  "WS-07",
	Says:  "A website endpoint MUST redirect by a routing rule with the HttpRedirectCode that it has.",
	Ref:   guideRedirect + "#configure-bucket-as-website-routing-rule-syntax",
	Level: Must,
	Needs: served,
	Check: func(ctx context.Context, s *S) {
		b := site(ctx, s, readable, rule("<Condition><KeyPrefixEquals>tmp/</KeyPrefixEquals></Condition><Redirect><ReplaceKeyWith>index.html</ReplaceKeyWith><HttpRedirectCode>307</HttpRedirectCode></Redirect>"))
		expectSent(s, page(ctx, s, b, "tmp/a"), 307, b, "/index.html")
	},
})

var _ = Add(Scenario{
	ID:    "website.page.route.error",
	Rule:  "WS-08",
	Says:  "A website endpoint MUST apply a routing rule with HttpErrorCodeReturnedEquals when that error comes of the request and its key has the prefix that the rule may name, and else answer with the object or the error document.",
	Ref:   guideRedirect + "#advanced-conditional-redirects",
	Level: Must,
	Needs: served,
	Check: func(ctx context.Context, s *S) {
		b := site(ctx, s, readable, withError+"<RoutingRules><RoutingRule><Condition><HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals><KeyPrefixEquals>docs/</KeyPrefixEquals></Condition>"+
			"<Redirect><HostName>example.com</HostName><ReplaceKeyPrefixWith>report-404/</ReplaceKeyPrefixWith></Redirect></RoutingRule></RoutingRules>", "docs/there.html", "errors/404.html")
		expectSent(s, page(ctx, s, b, "docs/missing.html"), 301, b, "http://example.com/report-404/missing.html")
		expectPage(s, page(ctx, s, b, "docs/there.html"), 200, "docs/there.html")
		expectPage(s, page(ctx, s, b, "missing.html"), 404, "errors/404.html")
	},
})
