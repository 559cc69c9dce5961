package policy

import (
	"strings"
	"testing"
)

var (
	alice  = Principal{ID: "alice", Account: "111122223333", Name: "Ada"}
	bob    = Principal{ID: "bob", Account: "444455556666", Name: "Bob"}
	nobody = Principal{}
)

// ask is a request of c for the key k of bucket b.
func ask(c Principal, facts ...string) *Request {
	return &Request{Caller: c, Action: "s3:GetObject", Resource: Resource("b", "k"), Fact: func(key string) []string {
		var out []string
		for i := 0; i+1 < len(facts); i += 2 {
			if facts[i] == key {
				out = append(out, facts[i+1])
			}
		}
		return out
	}}
}

func TestPrincipals(t *testing.T) {
	for principal, want := range map[string]string{
		`"*"`:                                              "alice bob nobody",
		`{"AWS":"*"}`:                                      "alice bob nobody",
		`{"AWS":"111122223333"}`:                           "alice",
		`{"AWS":"444455556666"}`:                           "bob",
		`{"CanonicalUser":"bob"}`:                          "bob",
		`{"Service":"x.amazonaws.com"}`:                    "",
		`{"AWS":"arn:aws:iam::111122223333:root"}`:         "alice",
		`{"AWS":"arn:aws:iam::111122223333:user/Ada"}`:     "alice",
		`{"AWS":"arn:aws:iam::111122223333:user/Bob"}`:     "",
		`{"AWS":["444455556666"],"CanonicalUser":"alice"}`: "alice bob",
	} {
		allow := parsed(t, one("Principal", principal))
		deny := parsed(t, one("Effect", `"Deny"`, "Principal", "", "NotPrincipal", principal))
		var in, out []string
		for _, c := range []struct {
			name string
			who  Principal
		}{{"alice", alice}, {"bob", bob}, {"nobody", nobody}} {
			if allow.Decide(ask(c.who)) == Allow {
				in = append(in, c.name)
			}
			if deny.Decide(ask(c.who)) == None {
				out = append(out, c.name)
			}
		}
		if got := strings.Join(in, " "); got != want {
			t.Errorf("%s lets in %q, want %q", principal, got, want)
		}
		if got := strings.Join(out, " "); got != want {
			t.Errorf("not %s spares %q, want %q", principal, got, want)
		}
	}
}

func TestActionsAndResources(t *testing.T) {
	for _, tt := range []struct {
		members     []string
		action, key string
		want        bool
	}{
		{nil, "s3:GetObject", "k", true},
		{nil, "s3:GetObjectVersion", "k", false},
		{nil, "s3:GetObject", "a/b/c", true},
		{nil, "s3:GetObject", "", false},
		{[]string{"Action", `"S3:GETOBJECT"`}, "s3:GetObject", "k", true},
		{[]string{"Action", `"s3:Get*"`}, "s3:GetObjectAcl", "k", true},
		{[]string{"Action", `"s3:?etObject"`}, "s3:GetObject", "k", true},
		{[]string{"Action", "", "NotAction", `"s3:Get*"`}, "s3:GetObject", "k", false},
		{[]string{"Action", "", "NotAction", `"s3:Get*"`}, "s3:PutObject", "k", true},
		{[]string{"Resource", `"arn:aws:s3:::b/a*c"`}, "s3:GetObject", "a/b/c", true},
		{[]string{"Resource", `"arn:aws:s3:::b/a*c"`}, "s3:GetObject", "a/b/d", false},
		{[]string{"Resource", `"arn:aws:s3:::b/a*b*c"`}, "s3:GetObject", "abbcbc", true},
		{[]string{"Resource", `"arn:aws:s3:::b/a?c"`}, "s3:GetObject", "a/c", true},
		{[]string{"Resource", `"arn:aws:s3:::b/a?c"`}, "s3:GetObject", "aüc", true},
		{[]string{"Resource", `"arn:aws:s3:::b/a?c"`}, "s3:GetObject", "ac", false},
		{[]string{"Resource", `"arn:aws:s3:::b/K"`}, "s3:GetObject", "k", false},
		{[]string{"Resource", `"arn:aws:s3:::b/k"`}, "s3:GetObject", "kk", false},
		{[]string{"Resource", `"arn:aws:s3:::b/${*}"`}, "s3:GetObject", "k", false},
		{[]string{"Resource", `"arn:aws:s3:::b/${*}"`}, "s3:GetObject", "*", true},
		{[]string{"Resource", `"arn:aws:s3:::b/${aws:Username}/*"`}, "s3:GetObject", "Ada/k", true},
		{[]string{"Resource", `"arn:aws:s3:::b/${aws:Username}/*"`}, "s3:GetObject", "Bob/k", false},
		{[]string{"Resource", `"arn:aws:s3:::b/${aws:absent}*"`}, "s3:GetObject", "k", false},
		{[]string{"Resource", `"arn:aws:s3:::b/${aws:absent, 'home'}"`}, "s3:GetObject", "home", true},
		{[]string{"Resource", "", "NotResource", `"arn:aws:s3:::b/secret/*"`}, "s3:GetObject", "k", true},
		{[]string{"Resource", "", "NotResource", `"arn:aws:s3:::b/secret/*"`}, "s3:GetObject", "secret/k", false},
	} {
		r := ask(nobody, "aws:username", "Ada")
		r.Action, r.Resource = tt.action, Resource("b", tt.key)
		if got := parsed(t, one(tt.members...)).Decide(r) == Allow; got != tt.want {
			t.Errorf("%v: %s of %q is allowed: %v, want %v", tt.members, tt.action, tt.key, got, tt.want)
		}
	}
	literal := strings.Replace(one("Resource", `"arn:aws:s3:::b/${aws:username}"`), "2012-10-17", "2008-10-17", 1)
	r := ask(nobody)
	if r.Resource = Resource("b", "${aws:username}"); parsed(t, literal).Decide(r) != Allow {
		t.Error("a variable means something in the older version")
	}
}

func TestDenyBeatsAllow(t *testing.T) {
	allow, deny := one(), one("Effect", `"Deny"`, "Resource", `"arn:aws:s3:::b/k"`)
	inner := func(p string) string { return p[strings.Index(p, "[")+1 : len(p)-2] }
	for _, statements := range [][]string{{allow, deny}, {deny, allow}, {allow, allow, deny}} {
		var all []string
		for _, s := range statements {
			all = append(all, inner(s))
		}
		p := parsed(t, `{"Statement":[`+strings.Join(all, ",")+`]}`)
		if got := p.Decide(ask(nobody)); got != Deny {
			t.Errorf("%v of what is denied", got)
		}
		r := ask(nobody)
		if r.Resource = Resource("b", "l"); p.Decide(r) != Allow {
			t.Error("what is not denied is not allowed")
		}
	}
}

func TestConditions(t *testing.T) {
	yes, no := true, false
	tested := map[string]bool{}
	for _, tt := range []struct {
		condition string
		facts     []string
		want      bool
	}{
		{`"StringEquals":{"s3:prefix":"a"}`, []string{"s3:prefix", "a"}, yes},
		{`"StringEquals":{"s3:prefix":["b","a"]}`, []string{"s3:prefix", "a"}, yes},
		{`"StringEquals":{"S3:Prefix":"a"}`, []string{"s3:prefix", "a"}, yes},
		{`"StringEquals":{"s3:prefix":"a"}`, []string{"s3:prefix", "A"}, no},
		{`"StringEquals":{"s3:prefix":"*"}`, []string{"s3:prefix", "a"}, no},
		{`"StringEquals":{"s3:prefix":""}`, []string{"s3:prefix", ""}, yes},
		{`"StringEquals":{"s3:prefix":"a"}`, nil, no},
		{`"StringEquals":{"s3:prefix":"${aws:username}"}`, []string{"s3:prefix", "Ada", "aws:username", "Ada"}, yes},
		{`"StringNotEquals":{"s3:prefix":["b","a"]}`, []string{"s3:prefix", "a"}, no},
		{`"StringNotEquals":{"s3:prefix":["b","a"]}`, []string{"s3:prefix", "c"}, yes},
		{`"StringNotEquals":{"s3:prefix":"a"}`, nil, yes},
		{`"StringEqualsIgnoreCase":{"s3:prefix":"aB"}`, []string{"s3:prefix", "Ab"}, yes},
		{`"StringNotEqualsIgnoreCase":{"s3:prefix":"aB"}`, []string{"s3:prefix", "Ab"}, no},
		{`"StringLike":{"s3:prefix":"a*c"}`, []string{"s3:prefix", "a/b/c"}, yes},
		{`"StringLike":{"s3:prefix":"a?"}`, []string{"s3:prefix", "abc"}, no},
		{`"StringNotLike":{"s3:prefix":"a*"}`, []string{"s3:prefix", "abc"}, no},
		{`"NumericEquals":{"s3:max-keys":10}`, []string{"s3:max-keys", "10.0"}, yes},
		{`"NumericNotEquals":{"s3:max-keys":"10"}`, []string{"s3:max-keys", "10"}, no},
		{`"NumericLessThan":{"s3:max-keys":10}`, []string{"s3:max-keys", "9"}, yes},
		{`"NumericLessThan":{"s3:max-keys":10}`, []string{"s3:max-keys", "10"}, no},
		{`"NumericLessThanEquals":{"s3:max-keys":10}`, []string{"s3:max-keys", "10"}, yes},
		{`"NumericGreaterThan":{"s3:max-keys":10}`, []string{"s3:max-keys", "100"}, yes},
		{`"NumericGreaterThanEquals":{"s3:max-keys":10}`, []string{"s3:max-keys", "9"}, no},
		{`"NumericGreaterThan":{"s3:max-keys":10}`, []string{"s3:max-keys", "many"}, no},
		{`"NumericGreaterThan":{"s3:max-keys":10}`, nil, no},
		{`"DateEquals":{"aws:CurrentTime":"2026-03-04T00:00:00Z"}`, []string{"aws:currenttime", "2026-03-04"}, yes},
		{`"DateNotEquals":{"aws:CurrentTime":"2026-03-04"}`, []string{"aws:currenttime", "2026-03-04T00:00:00Z"}, no},
		{`"DateLessThan":{"aws:CurrentTime":"2026-03-04T00:00:01Z"}`, []string{"aws:currenttime", "2026-03-04T00:00:00Z"}, yes},
		{`"DateLessThanEquals":{"aws:CurrentTime":"2026-03-03"}`, []string{"aws:currenttime", "2026-03-04T00:00:00Z"}, no},
		{`"DateGreaterThan":{"aws:EpochTime":"100"}`, []string{"aws:epochtime", "101"}, yes},
		{`"DateGreaterThanEquals":{"aws:CurrentTime":"1970-01-01T00:01:40Z"}`, []string{"aws:epochtime", "100"}, no},
		{`"DateGreaterThanEquals":{"aws:EpochTime":"1970-01-01T00:01:40Z"}`, []string{"aws:epochtime", "100"}, yes},
		{`"Bool":{"aws:SecureTransport":"false"}`, []string{"aws:securetransport", "false"}, yes},
		{`"Bool":{"aws:SecureTransport":true}`, []string{"aws:securetransport", "false"}, no},
		{`"Bool":{"aws:SecureTransport":"false"}`, nil, no},
		{`"BinaryEquals":{"s3:x":"QQ=="}`, []string{"s3:x", "QQ=="}, yes},
		{`"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}`, []string{"aws:sourceip", "192.0.2.7"}, yes},
		{`"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}`, []string{"aws:sourceip", "::ffff:192.0.2.7"}, yes},
		{`"IpAddress":{"aws:SourceIp":["10.0.0.1","2001:db8::/32"]}`, []string{"aws:sourceip", "2001:db8::1"}, yes},
		{`"IpAddress":{"aws:SourceIp":"192.0.2.1"}`, []string{"aws:sourceip", "192.0.2.2"}, no},
		{`"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}`, []string{"aws:sourceip", "192.0.2.7"}, no},
		{`"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}`, []string{"aws:sourceip", "198.51.100.1"}, yes},
		{`"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:root"}`, []string{"aws:principalarn", "arn:aws:iam::111122223333:root"}, yes},
		{`"ArnLike":{"aws:PrincipalArn":"arn:aws:*:root"}`, []string{"aws:principalarn", "arn:aws:iam::111122223333:root"}, no},
		{`"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:root"}`, []string{"aws:principalarn", "arn:aws:iam::111122223333:root"}, no},
		{`"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::4*:root"}`, []string{"aws:principalarn", "arn:aws:iam::111122223333:root"}, yes},
		{`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::${aws:PrincipalAccount}:root"}`, []string{"aws:principalarn", "arn:aws:iam::1:root", "aws:principalaccount", "1"}, yes},
		{`"Null":{"s3:prefix":"true"}`, nil, yes},
		{`"Null":{"s3:prefix":"true"}`, []string{"s3:prefix", ""}, no},
		{`"Null":{"s3:prefix":false}`, []string{"s3:prefix", "a"}, yes},
		{`"StringEqualsIfExists":{"s3:prefix":"a"}`, nil, yes},
		{`"StringEqualsIfExists":{"s3:prefix":"a"}`, []string{"s3:prefix", "b"}, no},
		{`"ForAnyValue:StringEquals":{"s3:k":["a","b"]}`, []string{"s3:k", "c", "s3:k", "b"}, yes},
		{`"ForAnyValue:StringEquals":{"s3:k":"a"}`, []string{"s3:k", "c"}, no},
		{`"ForAnyValue:StringEquals":{"s3:k":"a"}`, nil, no},
		{`"ForAnyValue:StringNotEquals":{"s3:k":"a"}`, []string{"s3:k", "a", "s3:k", "b"}, yes},
		{`"ForAllValues:StringEquals":{"s3:k":["a","b"]}`, []string{"s3:k", "b", "s3:k", "a"}, yes},
		{`"ForAllValues:StringEquals":{"s3:k":["a","b"]}`, []string{"s3:k", "b", "s3:k", "c"}, no},
		{`"ForAllValues:StringEquals":{"s3:k":"a"}`, nil, yes},
		{`"ForAllValues:StringNotEquals":{"s3:k":"a"}`, []string{"s3:k", "b", "s3:k", "a"}, no},
		{`"StringEquals":{"s3:ExistingObjectTag/Case":"a"}`, []string{"s3:existingobjecttag/Case", "a"}, yes},
		{`"StringEquals":{"s3:ExistingObjectTag/case":"a"}`, []string{"s3:existingobjecttag/Case", "a"}, no},
		{`"StringEquals":{"s3:nonsense":"a"}`, nil, no},
		{`"StringEquals":{"s3:prefix":"a","s3:delimiter":"/"}`, []string{"s3:prefix", "a"}, no},
		{`"StringEquals":{"s3:prefix":"a"},"Bool":{"aws:SecureTransport":"true"}`, []string{"s3:prefix", "a", "aws:securetransport", "true"}, yes},
		{`"StringEquals":{"s3:prefix":"a"},"Bool":{"aws:SecureTransport":"true"}`, []string{"s3:prefix", "a", "aws:securetransport", "false"}, no},
	} {
		p := parsed(t, one("Condition", "{"+tt.condition+"}"))
		tested[strings.Split(tt.condition, `"`)[1]] = true
		if got := p.Decide(ask(nobody, tt.facts...)) == Allow; got != tt.want {
			t.Errorf("%s of %v: got %v, want %v", tt.condition, tt.facts, got, tt.want)
		}
	}
	for name := range operators {
		if !tested[name] {
			t.Errorf("%s has no test", name)
		}
	}
}
