package policy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"bleepstore/reference/errcode"
)

// one is a policy of a statement, whose members replace those of one that is
// well formed; "" leaves a member out.
func one(members ...string) string {
	all := [][2]string{{"Effect", `"Allow"`}, {"Principal", `"*"`}, {"Action", `"s3:GetObject"`}, {"Resource", `"arn:aws:s3:::b/*"`}}
	for i := 0; i+1 < len(members); i += 2 {
		found := false
		for j := range all {
			if all[j][0] == members[i] {
				all[j][1], found = members[i+1], true
			}
		}
		if !found {
			all = append(all, [2]string{members[i], members[i+1]})
		}
	}
	var out []string
	for _, m := range all {
		if m[1] != "" {
			out = append(out, fmt.Sprintf("%q:%s", m[0], m[1]))
		}
	}
	return `{"Version":"2012-10-17","Statement":[{` + strings.Join(out, ",") + `}]}`
}

// known are the principals that there are.
func known(p Principal) bool {
	return p.ID == "alice" || p.Account == "111122223333" && (p.Name == "" || p.Name == "Ada")
}

func check(text string) error {
	p, err := Parse(text)
	if err == nil {
		err = p.Check("b", known)
	}
	return err
}

func TestAccepts(t *testing.T) {
	for _, text := range []string{
		one(),
		strings.NewReplacer("[", "", "]", "").Replace(one()), // one statement, not in a list
		strings.Replace(one(), "2012-10-17", "2008-10-17", 1),
		strings.Replace(one(), `"Version":"2012-10-17",`, `"Id":"an id",`, 1),
		one("Sid", `"a sentence"`),
		one("Principal", `{"AWS":"*"}`),
		one("Principal", `{"AWS":["111122223333","arn:aws:iam::111122223333:root","arn:aws:iam::111122223333:user/path/Ada"],"CanonicalUser":"alice","Service":"logging.s3.amazonaws.com"}`),
		one("Effect", `"Deny"`, "Principal", "", "NotPrincipal", `{"CanonicalUser":["alice"]}`),
		one("Action", `["S3:getobject","s3:Put*"]`),
		one("Action", `"*"`), one("Action", `"s3:*"`),
		one("Action", "", "NotAction", `"s3:GetObject"`),
		one("Action", `"s3:ListBucket"`, "Resource", `"arn:aws:s3:::b"`),
		one("Action", `["s3:ListBucket","s3:GetObject"]`, "Resource", `["arn:aws:s3:::b","arn:aws:s3:::b/*"]`),
		one("Action", `["s3:ListBucket","s3:GetObject"]`, "Resource", `"arn:aws:s3:::b*"`),
		one("Resource", "", "NotResource", `"arn:aws:s3:::b/secret/*"`),
		one("Resource", `"arn:aws:s3:::b/${aws:username}/*"`),
		one("Condition", `{"StringEquals":{"s3:x-amz-acl":["private","public-read"]},"Bool":{"aws:SecureTransport":true},"NumericLessThan":{"s3:max-keys":10}}`),
		one("Condition", `{"StringEquals":{"S3:ExistingObjectTag/Team":"a","aws:PrincipalTag/Team":"a","aws:PrincipalOrgID":"o"}}`),
		one("Condition", `{"ForAllValues:StringLikeIfExists":{"s3:RequestObjectTagKeys":"a*"},"Null":{"unknown:key":"true"}}`),
	} {
		if err := check(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                      "",
		"no object":                    `[]`,
		"space before it":              " " + one(),
		"no JSON":                      one()[1:],
		"half of it":                   one()[:40],
		"more behind it":               one() + "x",
		"two documents":                one() + one(),
		"no UTF-8":                     strings.Replace(one(), "GetObject", "\xff", 1),
		"too long":                     one() + strings.Repeat(" ", MaxSize),
		"a member twice":               one("Action", `"s3:GetObject","Action":"s3:PutObject"`),
		"no statement":                 `{"Version":"2012-10-17"}`,
		"no statements":                `{"Version":"2012-10-17","Statement":[]}`,
		"a statement of another sort":  `{"Version":"2012-10-17","Statement":["x"]}`,
		"unknown version":              strings.Replace(one(), "2012-10-17", "2012-10-18", 1),
		"version of another sort":      strings.Replace(one(), `"2012-10-17"`, "2012", 1),
		"unknown member":               strings.Replace(one(), `"Version"`, `"Versions"`, 1),
		"unknown in a statement":       one("Actions", `"s3:GetObject"`),
		"no effect":                    one("Effect", ""),
		"unknown effect":               one("Effect", `"allow"`),
		"Sid of another sort":          one("Sid", "1"),
		"no principal":                 one("Principal", ""),
		"both principals":              one("Effect", `"Deny"`, "NotPrincipal", `"*"`),
		"allowed to all but":           one("Principal", "", "NotPrincipal", `{"CanonicalUser":"alice"}`),
		"a principal without kind":     one("Principal", `"alice"`),
		"no principal in it":           one("Principal", `{}`),
		"an empty list":                one("Principal", `{"AWS":[]}`),
		"unknown kind":                 one("Principal", `{"Aws":"*"}`),
		"unknown canonical id":         one("Principal", `{"CanonicalUser":"bob"}`),
		"unknown account":              one("Principal", `{"AWS":"999999999999"}`),
		"unknown user":                 one("Principal", `{"AWS":"arn:aws:iam::111122223333:user/Bob"}`),
		"a role":                       one("Principal", `{"AWS":"arn:aws:iam::111122223333:role/Ada"}`),
		"a wildcard in a user":         one("Principal", `{"AWS":"arn:aws:iam::111122223333:user/*"}`),
		"no action":                    one("Action", ""),
		"both actions":                 one("NotAction", `"s3:GetObject"`),
		"unknown action":               one("Action", `"s3:FetchObject"`),
		"unknown beside a known one":   one("Action", `["s3:GetObject","s3:Fetch*"]`),
		"an action of another service": one("Action", `"ec2:RunInstances"`),
		"no resource":                  one("Resource", ""),
		"another bucket":               one("Resource", `"arn:aws:s3:::c/*"`),
		"another beside it":            one("Resource", `["arn:aws:s3:::b/*","arn:aws:s3:::bc/*"]`),
		"no ARN":                       one("Resource", `"b/*"`),
		"not another bucket":           one("Resource", "", "NotResource", `"arn:aws:s3:::c/*"`),
		"an object's for a bucket":     one("Resource", `"arn:aws:s3:::b"`),
		"a bucket's for objects":       one("Action", `"s3:ListBucket"`),
		"one that does not apply":      one("Action", `["s3:GetObject","s3:ListBucket"]`),
		"unknown operator":             one("Condition", `{"StringIs":{"s3:prefix":"a"}}`),
		"unknown quantifier":           one("Condition", `{"ForSome:StringEquals":{"s3:prefix":"a"}}`),
		"Null if it exists":            one("Condition", `{"NullIfExists":{"s3:prefix":"true"}}`),
		"no number":                    one("Condition", `{"NumericEquals":{"s3:max-keys":"ten"}}`),
		"no date":                      one("Condition", `{"DateLessThan":{"aws:CurrentTime":"soon"}}`),
		"no truth":                     one("Condition", `{"Bool":{"aws:SecureTransport":"yes"}}`),
		"no address":                   one("Condition", `{"IpAddress":{"aws:SourceIp":"localhost"}}`),
		"no value":                     one("Condition", `{"StringEquals":{"s3:prefix":[]}}`),
		"a value of another sort":      one("Condition", `{"StringEquals":{"s3:prefix":{}}}`),
		"a key that S3 has not":        one("Condition", `{"StringEquals":{"s3:FakeKey":"a"}}`),
		"a key that nobody has":        one("Condition", `{"StringEquals":{"aws:FakeKey":"a"}}`),
		"a tag's key without name":     one("Condition", `{"StringEquals":{"s3:ExistingObjectTag":"a"}}`),
		"a key with a tag's name":      one("Condition", `{"StringEquals":{"s3:prefix/a":"a"}}`),
		"a key without service":        one("Condition", `{"StringEquals":{"prefix":"a"}}`),
	} {
		if err := check(text); errcode.Of(err) != errcode.MalformedPolicy {
			t.Errorf("%s: got %v, want MalformedPolicy: %s", name, err, text)
		}
	}
}

// A policy comes back from where it is kept as it was set.
func TestKept(t *testing.T) {
	p := parsed(t, one("Condition", `{"StringEquals":{"aws:UserAgent":"<&ü>"}}`))
	b, err := json.Marshal(struct{ P, None *Policy }{P: p})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ P, None *Policy }
	if err := json.Unmarshal(b, &got); err != nil || !got.P.Equal(p) || !got.P.Public() || got.None != nil {
		t.Errorf("%s became %+v, %v", b, got, err)
	}
	if err := json.Unmarshal([]byte(`{"P":"{}"}`), &got); err == nil {
		t.Error("a policy without statements was read")
	}
}

func parsed(t *testing.T, text string) *Policy {
	t.Helper()
	p, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

func TestPublic(t *testing.T) {
	under := func(condition string) string { return one("Condition", condition) }
	for text, want := range map[string]bool{
		one():                           true,
		one("Principal", `{"AWS":"*"}`): true,
		one("Principal", `{"AWS":["111122223333","*"]}`):                                                            true,
		one("Principal", `{"AWS":"111122223333"}`):                                                                  false,
		one("Principal", `{"CanonicalUser":"alice"}`):                                                               false,
		one("Principal", `{"Service":"x.amazonaws.com"}`):                                                           false,
		one("Effect", `"Deny"`):                                                                                     false,
		under(`{"StringEquals":{"aws:SourceVpc":"vpc-1"}}`):                                                         false,
		under(`{"StringLike":{"aws:SourceVpc":"vpc-1"}}`):                                                           false,
		under(`{"StringLike":{"aws:SourceVpc":"vpc-*"}}`):                                                           true,
		under(`{"StringEquals":{"AWS:sourcevpc":["vpc-1","vpc-2"]}}`):                                               false,
		under(`{"StringLike":{"aws:SourceVpc":["vpc-1","*"]}}`):                                                     true,
		under(`{"StringEquals":{"aws:SourceVpc":"${aws:username}"}}`):                                               true,
		under(`{"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}}`):                                                 true,
		under(`{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`):                                                      true,
		under(`{"ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-1"}}`):                                            true,
		under(`{"StringEquals":{"aws:UserAgent":"me"}}`):                                                            true,
		under(`{"StringEquals":{"aws:Referer":"me"}}`):                                                              true,
		under(`{"Null":{"aws:SourceVpc":"false"}}`):                                                                 true,
		under(`{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-east-1:111122223333:accesspoint/*"}}`):            false,
		under(`{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-east-1:*:accesspoint/x"}}`):                       true,
		under(`{"StringLike":{"aws:userid":"AROAEXAMPLE:*"}}`):                                                      true,
		under(`{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`):                                                      false,
		under(`{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`):                                                      false,
		under(`{"IpAddress":{"aws:SourceIp":"192.0.2.1"}}`):                                                         false,
		under(`{"IpAddress":{"aws:SourceIp":["192.0.2.0/24","0.0.0.0/0"]}}`):                                        true,
		under(`{"IpAddress":{"aws:SourceIp":"0.0.0.0/1"}}`):                                                         true,
		under(`{"IpAddress":{"aws:SourceIp":"12.0.0.0/8"}}`):                                                        false,
		under(`{"IpAddress":{"aws:SourceIp":"12.0.0.0/7"}}`):                                                        true,
		under(`{"IpAddress":{"aws:SourceIp":"2001:db8::/32"}}`):                                                     false,
		under(`{"IpAddress":{"aws:SourceIp":"2001::/16"}}`):                                                         true,
		under(`{"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`):                                                   true,
		under(`{"StringEquals":{"aws:UserAgent":"me","aws:SourceVpc":"vpc-1"}}`):                                    false,
		strings.Replace(one("Effect", `"Deny"`), "]}", `,`+one()[len(`{"Version":"2012-10-17","Statement":[`):], 1): true,
	} {
		if got := parsed(t, text).Public(); got != want {
			t.Errorf("%s: public is %v, want %v", text, got, want)
		}
	}
}

// Whatever comes is a policy that can be kept and asked, or MalformedPolicy.
func FuzzParse(f *testing.F) {
	f.Add(one())
	f.Add(one("Principal", `{"AWS":["111122223333","arn:aws:iam::111122223333:user/Ada"]}`, "Resource", `"arn:aws:s3:::b/${aws:username,'x'}*?"`))
	f.Add(one("Effect", `"Deny"`, "Condition", `{"ForAllValues:ArnLikeIfExists":{"aws:SourceArn":"arn:${x:y}:*"},"DateLessThan":{"a:b":0}}`))
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			if errcode.Of(err) != errcode.MalformedPolicy {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if err := p.Check("b", known); err != nil && errcode.Of(err) != errcode.MalformedPolicy {
			t.Errorf("%q: %v", text, err)
		}
		p.Decide(ask(bob, "aws:sourcearn", "arn:aws:s3:::b", "a:b", "1"))
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var again Policy
		if err := json.Unmarshal(b, &again); err != nil || !again.Equal(p) || again.Public() != p.Public() {
			t.Errorf("%q became %q, %v", text, again.String(), err)
		}
	})
}
