package s3

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
	"bleepstore/reference/policy"
)

// readable lets everybody read what is in b.
const readable = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}`

func parsed(t *testing.T, text string) *policy.Policy {
	t.Helper()
	p, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// putPolicy sets a policy with its digest.
func putPolicy(t *testing.T, srv *httptest.Server, text string, headers ...string) reply {
	t.Helper()
	sum := md5.Sum([]byte(text))
	return do(t, srv, "PUT", "/b?policy", text, append(headers, "Content-MD5: "+base64.StdEncoding.EncodeToString(sum[:]))...)
}

func TestPolicy(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	do(t, srv, "GET", "/b?policy", "").wantError(t, 404, errcode.NoSuchBucketPolicy)
	do(t, srv, "GET", "/b?policyStatus", "").wantError(t, 404, errcode.NoSuchBucketPolicy)
	f.calls = nil
	if got := putPolicy(t, srv, readable, "x-amz-confirm-remove-self-bucket-access: true"); got.status != 204 || got.body != "" {
		t.Errorf("PUT: %+v", got)
	}
	if got := do(t, srv, "PUT", "/b?policy", readable); got.status != 204 {
		t.Errorf("PUT without a digest: %+v", got)
	}
	f.calls = append(f.calls[:2:2], f.calls[4:]...)
	if got := do(t, srv, "DELETE", "/b?policy", ""); got.status != 204 {
		t.Errorf("DELETE: %+v", got)
	}
	if len(f.calls) != 3 || f.calls[0].in != "s3:PutBucketPolicy" || fmt.Sprint(f.calls[1].in) != readable || f.calls[2].in.(*policy.Policy) != nil {
		t.Errorf("got calls %+v", f.calls)
	}
	f.bucket.Access.Policy = parsed(t, readable)
	if got := do(t, srv, "GET", "/b?policy", ""); got.status != 200 || got.body != readable || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("GET: %+v", got)
	}
	for text, want := range map[string]string{readable: "true", strings.Replace(readable, `"*"`, `{"CanonicalUser":"a"}`, 1): "false"} {
		f.bucket.Access.Policy = parsed(t, text)
		if got := do(t, srv, "GET", "/b?policyStatus", ""); got.status != 200 || between(got.body, "<IsPublic>", "</IsPublic>") != want {
			t.Errorf("status of %s: %+v", text, got)
		}
	}
}

func TestPolicyRefusals(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f, func(c *Config) {
		c.Accounts = func(id string) bool { return id == "alice" }
		c.Users = func(account, name string) bool { return account == owner && (name == "" || name == "Ada") }
	})
	to := func(principal string) string { return strings.Replace(readable, `"*"`, principal, 1) }
	for _, text := range []string{
		"x", "{}", strings.Replace(readable, "s3:::b/", "s3:::c/", 1), readable + strings.Repeat(" ", policy.MaxSize),
		to(`{"CanonicalUser":"bob"}`), to(`{"AWS":"999999999999"}`), to(`{"AWS":"arn:aws:iam::` + owner + `:user/Bob"}`),
	} {
		putPolicy(t, srv, text).wantError(t, 400, errcode.MalformedPolicy)
	}
	do(t, srv, "PUT", "/b?policy", "").wantError(t, 400, errcode.MissingRequestBody)
	do(t, srv, "PUT", "/b?policy", readable, "Content-MD5: AAAAAAAAAAAAAAAAAAAAAA==").wantError(t, 400, errcode.BadDigest)
	for _, c := range f.calls {
		if c.method == "SetPolicy" {
			t.Errorf("set %v", c.in)
		}
	}
	for _, principal := range []string{`{"CanonicalUser":"alice"}`, `{"AWS":"` + owner + `"}`, `{"AWS":"arn:aws:iam::` + owner + `:user/Ada"}`} {
		if got := putPolicy(t, srv, to(principal)); got.status != 204 {
			t.Errorf("%s: %+v", principal, got)
		}
	}
	f.err = &errcode.Error{Code: errcode.AccessDenied}
	putPolicy(t, srv, "x").wantError(t, 403, errcode.AccessDenied) // whatever it holds
}

// What an anonymous request may try: without a policy what an ACL can give, with
// one that names everybody all but what must be signed.
func TestAnonymousByPolicy(t *testing.T) {
	f := &fake{}
	f.bucket.Access.Ownership = object.BucketOwnerEnforced
	srv := newTest(t, f)
	admitted := func(op *operation) bool {
		f.calls = nil
		target := [levels]string{service: "/", bucketLevel: "/b", keyLevel: "/b/k"}[op.level]
		if op.sub != "" {
			target += "?" + op.sub
		}
		var headers []string
		if op.header != "" {
			headers = append(headers, op.header+": b/k")
		}
		send(t, srv, op.method, target, "", headers...)
		for _, c := range f.calls {
			if c.method != "Find" {
				return true
			}
		}
		return false
	}
	tried := 0
	for _, op := range newTable() {
		if op.serve == nil || op.open {
			continue
		}
		f.bucket.Access.Policy = nil
		if admitted(op) {
			t.Errorf("%s reached the domain without a policy", op.name)
		}
		f.bucket.Access.Policy = parsed(t, strings.Replace(readable, `"*"`, `{"CanonicalUser":"alice"}`, 1))
		if admitted(op) {
			t.Errorf("%s reached the domain by a policy for somebody else", op.name)
		}
		f.bucket.Access.Policy = parsed(t, readable)
		in := admitted(op)
		if op.signed && in {
			t.Errorf("%s reached the domain unsigned", op.name)
		}
		if in {
			tried++
		}
	}
	if tried < 30 {
		t.Errorf("%d operations reached the domain by a policy, want over 30", tried)
	}
	f.err = &errcode.Error{Code: errcode.NoSuchBucket}
	send(t, srv, "GET", "/b/k", "").wantError(t, 404, errcode.NoSuchBucket)
	send(t, srv, "GET", "/b/k?tagging", "").wantError(t, 403, errcode.AccessDenied)
	send(t, srv, "GET", "/b?policy", "").wantError(t, 403, errcode.AccessDenied)
}

// Every action that the edge asks the domain about is one that policies know.
func TestPermissionsAreActions(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	n := 0
	for _, op := range newTable() {
		if op.level != bucketLevel || op.serve == nil || op.method == "PUT" || op.method == "POST" {
			continue
		}
		f.calls = nil
		do(t, srv, op.method, "/b?"+op.sub, "")
		for _, c := range f.calls {
			action, _ := c.in.(string)
			if c.method != "Bucket" && c.method != "Policy" {
				continue
			}
			n++
			p := parsed(t, strings.Replace(readable, "s3:GetObject", action, 1))
			if err := p.Check("b", nil); err == nil {
				t.Errorf("%s asks for %s, which is of keys", op.name, action)
			}
		}
	}
	if n < 20 {
		t.Errorf("%d operations were asked about, want over 20", n)
	}
}

func TestFacts(t *testing.T) {
	f := &fake{}
	var caller object.Caller
	capture := func(srv *httptest.Server, method, target string, headers ...string) {
		f.calls = nil
		do(t, srv, method, target, "", headers...)
		switch in := f.calls[len(f.calls)-1].in.(type) {
		case object.GetInput:
			caller = in.Caller
		case object.CopyInput:
			caller = in.Caller
		default:
			t.Fatalf("got %T", in)
		}
	}
	srv := newTest(t, f)
	expect := func(want map[string]string) {
		t.Helper()
		for key, value := range want {
			got := caller.Facts.Fact(key)
			if value == "-" && len(got) == 0 || len(got) == 1 && (got[0] == value || value == "any" && got[0] != "") {
				continue
			}
			t.Errorf("%s is %q, want %q", key, got, value)
		}
	}
	capture(srv, "GET", "/b/k", "User-Agent: me", "Referer: there", "If-Match: \"e\"", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "X-Amz-Date: 20260304T123045Z")
	expect(map[string]string{
		"aws:sourceip": "127.0.0.1", "aws:securetransport": "false", "aws:currenttime": "any", "aws:epochtime": "any",
		"aws:useragent": "me", "aws:referer": "there", "aws:principaltype": "Account", "aws:userid": owner, "aws:username": "Ada",
		"aws:principalaccount": owner, "aws:principalarn": "arn:aws:iam::" + owner + ":root", "s3:authtype": "REST-HEADER",
		"s3:signatureversion": "AWS4-HMAC-SHA256", "s3:signatureage": "-", "s3:tlsversion": "-", "s3:if-match": `"e"`, "s3:if-none-match": "-",
		"s3:x-amz-content-sha256": "UNSIGNED-PAYLOAD", "s3:x-amz-acl": "-", "s3:prefix": "-", "s3:nonsense": "-", "aws:nonsense": "-", "x-amz-date": "-",
	})
	capture(srv, "GET", "/b/k?X-Amz-Signature=x&X-Amz-Date=20260304T123045Z&x-amz-acl=private", "x-amz-grant-read: id=a")
	expect(map[string]string{"s3:authtype": "REST-QUERY-STRING", "s3:signatureage": "any", "s3:x-amz-acl": "private", "s3:x-amz-grant-read": "id=a",
		"s3:x-amz-content-sha256": "-", "s3:x-amz-copy-source": "-"})
	capture(srv, "PUT", "/b/k", "x-amz-copy-source: /b/%61?versionId=v")
	expect(map[string]string{"s3:x-amz-copy-source": "b/a"})
	f.calls = nil
	f.bucket.Access.Policy = parsed(t, readable)
	send(t, srv, "GET", "/b/k", "")
	caller = f.calls[len(f.calls)-1].in.(object.GetInput).Caller
	expect(map[string]string{"aws:principaltype": "Anonymous", "aws:userid": "anonymous", "aws:principalaccount": "-", "aws:principalarn": "-",
		"aws:username": "-", "s3:authtype": "-", "s3:signatureversion": "-", "s3:signatureage": "-"})
}

// A listing's parameters are facts of it, also where they are empty.
func TestFactsOfListing(t *testing.T) {
	q := &request{target: target{query: params{{"prefix", "a/"}, {"delimiter", ""}}}}
	for key, want := range map[string][]string{"s3:prefix": {"a/"}, "s3:delimiter": {""}, "s3:max-keys": nil} {
		if got := q.Fact(key); fmt.Sprint(len(got), got) != fmt.Sprint(len(want), want) {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}
