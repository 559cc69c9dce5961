package sigv4

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"bleepstore/reference/errcode"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// wantRefusal verifies r and returns the error, which must have the code.
func wantRefusal(t *testing.T, v *Verifier, r *http.Request, code errcode.Code) *errcode.Error {
	t.Helper()
	id, err := v.Verify(r)
	if err == nil {
		t.Fatalf("got %+v, want %s", id, code)
	}
	var e *errcode.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	return e
}

func field(e *errcode.Error, name string) string {
	for _, f := range e.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// header sets a header after signing; "" removes it.
func header(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		if value == "" {
			r.Header.Del(name)
		} else {
			r.Header.Set(name, value)
		}
	}
}

// auth replaces text inside the Authorization header.
func auth(old, new string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, new, 1))
	}
}

func TestHeaderRefusals(t *testing.T) {
	tests := []struct {
		name   string
		change func(*http.Request)
		code   errcode.Code
		fields map[string]string
	}{
		{"unknown key", auth(exampleKey, "AKIDNOBODY"), "InvalidAccessKeyId", map[string]string{"AWSAccessKeyId": "AKIDNOBODY"}},
		{"no access key", auth(exampleKey, ""), "AuthorizationHeaderMalformed", nil},
		{"no date", func(r *http.Request) { r.Header.Del("X-Amz-Date") }, "AccessDenied", nil},
		{"date not a date", header("X-Amz-Date", "yesterday"), "AccessDenied", nil},
		{"date with a fraction", header("X-Amz-Date", "20130524T000000.0Z"), "AccessDenied", nil},
		{"day 32", header("X-Amz-Date", "20130532T000000Z"), "AccessDenied", nil},
		{"date long ago", header("X-Amz-Date", "20100707T215304Z"), "RequestTimeTooSkewed", nil},
		{"date years ahead", header("X-Amz-Date", "99990707T215304Z"), "RequestTimeTooSkewed", nil},
		{"date before all clocks", header("X-Amz-Date", "19500707T215304Z"), "AccessDenied", nil},
		{"no credential", auth("Credential=", "Credentials="), "AuthorizationHeaderMalformed", nil},
		{"no signed headers", auth("SignedHeaders=", "Signed="), "AuthorizationHeaderMalformed", nil},
		{"no signature", auth("Signature=", "Sig="), "AuthorizationHeaderMalformed", nil},
		{"two signatures", auth("Signature=", "Signature=0,Signature="), "AuthorizationHeaderMalformed", nil},
		{"scope too short", auth("/us-east-1/s3/aws4_request", ""), "AuthorizationHeaderMalformed", nil},
		{"wrong region", auth("us-east-1", "eu-west-1"), "AuthorizationHeaderMalformed", map[string]string{"Region": "us-east-1"}},
		{"wrong service", auth("/s3/", "/ec2/"), "AuthorizationHeaderMalformed", nil},
		{"wrong terminal", auth("aws4_request", "aws5_request"), "AuthorizationHeaderMalformed", nil},
		{"wrong scope date", auth("20130524", "20130523"), "AuthorizationHeaderMalformed", nil},
		{"wrong scope date of an unknown key", auth(exampleKey+"/20130524", "AKIDNOBODY/20130523"), "InvalidAccessKeyId", nil},
		{"scope date of another form", auth("20130524", "2013-05-24"), "AuthorizationHeaderMalformed", nil},
		{"no payload hash", header("X-Amz-Content-Sha256", ""), "InvalidRequest", nil},
		{"nonsense payload hash", header("X-Amz-Content-Sha256", "abc"), "InvalidArgument",
			map[string]string{"ArgumentName": "x-amz-content-sha256", "ArgumentValue": "abc"}},
		{"payload hash not hex", header("X-Amz-Content-Sha256", strings.Repeat("g", 64)), "InvalidArgument", nil},
		{"other payload hash", header("X-Amz-Content-Sha256", emptySum), "SignatureDoesNotMatch", nil},
		{"SigV4a chunks", header("X-Amz-Content-Sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER"), "NotImplemented", nil},
		{"SigV4a", auth("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), "NotImplemented", nil},
		{"SigV2", header("Authorization", "AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg="), "InvalidRequest", nil},
		{"unknown scheme", header("Authorization", "Bearer abc"), "InvalidArgument", map[string]string{"ArgumentName": "Authorization", "ArgumentValue": "Bearer abc"}},
		{"no scheme", header("Authorization", "abc"), "InvalidArgument", nil},
		{"two headers", func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) }, "InvalidArgument", nil},
		{"query and header", query("X-Amz-Algorithm=AWS4-HMAC-SHA256"), "InvalidArgument", map[string]string{"ArgumentName": "Authorization"}},
		{"session token", header("X-Amz-Security-Token", "abc"), "InvalidToken", map[string]string{"Token-0": "abc"}},
		{"unsigned x-amz headers", func(r *http.Request) {
			r.Header.Set("X-Amz-Tagging", "a=b")
			r.Header.Set("X-Amz-Acl", "public-read")
		}, "AccessDenied", map[string]string{"HeadersNotSigned": "x-amz-acl, x-amz-tagging"}},
		{"signed header named twice", auth("host;", "host;host;"), "AuthorizationHeaderMalformed", nil},
		{"signed headers not sorted", auth("host;x-amz-content-sha256;", "x-amz-content-sha256;host;"), "AuthorizationHeaderMalformed", nil},
		{"unsigned host", auth("host;", ""), "AccessDenied", map[string]string{"HeadersNotSigned": "host"}},
		{"signed header absent", header("X-Amz-Meta-A", ""), "SignatureDoesNotMatch", nil},
		{"signed header doubled", func(r *http.Request) { r.Header.Add("X-Amz-Meta-A", "") }, "SignatureDoesNotMatch", nil},
		{"short signature", func(r *http.Request) {
			a := r.Header.Get("Authorization")
			r.Header.Set("Authorization", a[:len(a)-1])
		}, "SignatureDoesNotMatch", nil},
		{"long signature", func(r *http.Request) { r.Header.Set("Authorization", r.Header.Get("Authorization")+"0") }, "SignatureDoesNotMatch", nil},
		{"other method", func(r *http.Request) { r.Method = "DELETE" }, "SignatureDoesNotMatch", nil},
		{"bad escape in path", func(r *http.Request) { r.RequestURI = "/bucket/%zz" }, "InvalidURI", nil},
		{"cut escape in path", func(r *http.Request) { r.RequestURI = "/bucket/%2" }, "InvalidURI", nil},
		{"bad escape in query", query("a=%g0"), "InvalidURI", nil},
		{"bad escape in parameter name", query("%=1"), "InvalidURI", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRequest(t, "GET", "k", "")
			r.Header.Set("X-Amz-Meta-A", "1")
			sign(t, r, "UNSIGNED-PAYLOAD")
			if _, err := exampleVerifier().Verify(r); err != nil {
				t.Fatalf("before the change: %v", err)
			}
			tt.change(r)
			e := wantRefusal(t, exampleVerifier(), r, tt.code)
			for name, want := range tt.fields {
				if got := field(e, name); !strings.Contains(got, want) || got == "" {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestSignatureDoesNotMatchTells(t *testing.T) {
	r := newRequest(t, "GET", "k", "")
	r.Header.Set("X-Amz-Meta-A", "\xff")
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	c := aws.Credentials{AccessKeyID: exampleKey, SecretAccessKey: "wrong"}
	signAs(t, r, "UNSIGNED-PAYLOAD", c, "us-east-1", exampleTime)
	e := wantRefusal(t, exampleVerifier(), r, "SignatureDoesNotMatch")
	const request = "GET\n/bucket/k\n\nhost:s3.example.com:9000\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20130524T000000Z\n" +
		"x-amz-meta-a:\uFFFD\n\nhost;x-amz-content-sha256;x-amz-date;x-amz-meta-a\nUNSIGNED-PAYLOAD"
	_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	for name, want := range map[string]string{"AWSAccessKeyId": exampleKey, "SignatureProvided": signature, "CanonicalRequest": request} {
		if got := field(e, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := field(e, "StringToSign"); !strings.HasPrefix(got, "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n") {
		t.Errorf("StringToSign is %q", got)
	}
	if got := field(e, "CanonicalRequestBytes"); !strings.HasPrefix(got, "47 45 54 0a 2f ") {
		t.Errorf("CanonicalRequestBytes is %q", got)
	}
	if got := field(e, "StringToSignBytes"); !strings.HasPrefix(got, "41 57 53 34 ") {
		t.Errorf("StringToSignBytes is %q", got)
	}
	if strings.Contains(e.Error(), exampleSecret) {
		t.Error("the error holds the secret")
	}
}

func TestSkew(t *testing.T) {
	for _, tt := range []struct {
		offset  time.Duration
		refused bool
	}{
		{15 * time.Minute, false}, {-15 * time.Minute, false},
		{15*time.Minute + time.Second, true}, {-15*time.Minute - time.Second, true},
		{24 * time.Hour, true}, {-24 * time.Hour, true},
	} {
		r := newRequest(t, "GET", "k", "")
		r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		at := exampleTime.Add(tt.offset)
		signAs(t, r, "UNSIGNED-PAYLOAD", exampleCredentials, "us-east-1", at)
		if !tt.refused {
			if _, err := exampleVerifier().Verify(r); err != nil {
				t.Errorf("%v: %v", tt.offset, err)
			}
			continue
		}
		e := wantRefusal(t, exampleVerifier(), r, "RequestTimeTooSkewed")
		for name, want := range map[string]string{
			"RequestTime":                at.Format("20060102T150405Z"),
			"ServerTime":                 "2013-05-24T00:00:00Z",
			"MaxAllowedSkewMilliseconds": "900000",
		} {
			if got := field(e, name); got != want {
				t.Errorf("%v: %s is %q, want %q", tt.offset, name, got, want)
			}
		}
	}
}

// Date may stand for x-amz-date, in either of its forms.
func TestDateHeader(t *testing.T) {
	for _, date := range []string{"Fri, 24 May 2013 00:00:00 GMT", "20130524T000000Z"} {
		r := newRequest(t, "GET", "k", "")
		r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		r.Header.Set("Date", date)
		c := &claim{
			stamp: "20130524T000000Z", scope: "20130524/us-east-1/s3/aws4_request",
			signedHeaders: "date;host;x-amz-content-sha256", payloadText: "UNSIGNED-PAYLOAD",
		}
		s := &scratch{path: []byte("/bucket/k"), host: r.Host}
		signature := newSigningKey(exampleSecret, "20130524", "us-east-1", "s3").sign(s.stringToSign(nil, r, c))
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 "+exampleScope+", SignedHeaders="+c.signedHeaders+", Signature="+string(signature[:]))
		if _, err := exampleVerifier().Verify(r); err != nil {
			t.Errorf("%s: %v", date, err)
		}
	}
}

// set changes a query parameter after signing; "" removes it.
func set(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		q := r.URL.Query()
		q.Set(name, value)
		if value == "" {
			q.Del(name)
		}
		r.URL.RawQuery = q.Encode()
	}
}

func TestPresignedRefusals(t *testing.T) {
	const malformed = errcode.AuthorizationQueryParametersError
	credential := func(c string) func(*http.Request) { return set("X-Amz-Credential", c) }
	tests := []struct {
		name   string
		change func(*http.Request)
		code   errcode.Code
		fields map[string]string
	}{
		{"no algorithm", set("X-Amz-Algorithm", ""), malformed, nil},
		{"no credential", set("X-Amz-Credential", ""), malformed, nil},
		{"no date", set("X-Amz-Date", ""), malformed, nil},
		{"no expires", set("X-Amz-Expires", ""), malformed, nil},
		{"no signed headers", set("X-Amz-SignedHeaders", ""), malformed, nil},
		{"no signature", set("X-Amz-Signature", ""), malformed, nil},
		{"unknown algorithm", set("X-Amz-Algorithm", "AWS4-HMAC-SHA512"), malformed, nil},
		{"SigV4a", set("X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256"), "NotImplemented", nil},
		{"expires not a number", set("X-Amz-Expires", "soon"), malformed, nil},
		{"expires negative", set("X-Amz-Expires", "-1"), malformed, nil},
		{"expires over a week", set("X-Amz-Expires", "604801"), malformed, nil},
		{"expires beyond an int64", set("X-Amz-Expires", "99999999999999999999"), malformed, nil},
		{"expires altered", set("X-Amz-Expires", "3601"), "SignatureDoesNotMatch", nil},
		{"date form", set("X-Amz-Date", "2013-05-24T00:00:00Z"), malformed, nil},
		{"scope date", credential(exampleKey + "/20130523/us-east-1/s3/aws4_request"), malformed, nil},
		{"scope date form", credential(exampleKey + "/2013-05-24/us-east-1/s3/aws4_request"), malformed, nil},
		{"region", credential(exampleKey + "/20130524/eu-west-1/s3/aws4_request"), malformed, map[string]string{"Region": "us-east-1"}},
		{"service", credential(exampleKey + "/20130524/us-east-1/ec2/aws4_request"), malformed, nil},
		{"terminal", credential(exampleKey + "/20130524/us-east-1/s3/aws4"), malformed, nil},
		{"credential", credential("nonsense"), malformed, nil},
		{"unknown key", credential("AKIDNOBODY/20130524/us-east-1/s3/aws4_request"), "InvalidAccessKeyId", nil},
		{"signed header named twice", set("X-Amz-SignedHeaders", "content-type;host;host"), malformed, nil},
		{"session token", set("X-Amz-Security-Token", "abc"), "InvalidToken", nil},
		{"repeated parameter", func(r *http.Request) { r.URL.RawQuery += "&X-Amz-Expires=3600" }, malformed, nil},
		{"header too", header("Authorization", "AWS4-HMAC-SHA256 x"), "InvalidArgument", nil},
		{"added parameter", set("response-content-type", "text/html"), "SignatureDoesNotMatch", nil},
		{"altered parameter", set("versionId", "2"), "SignatureDoesNotMatch", nil},
		{"removed parameter", set("versionId", ""), "SignatureDoesNotMatch", nil},
		{"unsigned x-amz header", header("X-Amz-Acl", "public-read"), "AccessDenied", map[string]string{"HeadersNotSigned": "x-amz-acl"}},
		{"signed header absent", header("Content-Type", ""), "SignatureDoesNotMatch", nil},
		{"other method", func(r *http.Request) { r.Method = "DELETE" }, "SignatureDoesNotMatch", nil},
		{"other payload", header("X-Amz-Content-Sha256", emptySum), "SignatureDoesNotMatch", nil},
		{"nonsense payload", header("X-Amz-Content-Sha256", "abc"), "InvalidArgument", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRequest(t, "PUT", "k", "versionId=1")
			r.Header.Set("Content-Type", "text/plain")
			r = presign(t, r, exampleTime)
			if _, err := exampleVerifier().Verify(r); err != nil {
				t.Fatalf("before the change: %v", err)
			}
			tt.change(r)
			e := wantRefusal(t, exampleVerifier(), r, tt.code)
			for name, want := range tt.fields {
				if got := field(e, name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

// A presigned request lives exactly X-Amz-Expires.
func TestPresignedLifetime(t *testing.T) {
	tests := []struct {
		age     time.Duration
		expires string
		message string // "" when it must verify
	}{
		{0, "1", ""},
		{time.Second - 1, "1", ""},
		{time.Second, "1", "Request has expired"},
		{0, "0", "Request has expired"},
		{604800*time.Second - 1, "604800", ""},
		{604800 * time.Second, "604800", "Request has expired"},
		{-15 * time.Minute, "60", ""},
		{-15*time.Minute - time.Second, "60", "Request is not valid yet"},
	}
	for _, tt := range tests {
		signed := exampleTime.Add(-7 * 24 * time.Hour)
		v := New(Config{Credentials: keys{exampleKey: exampleSecret}, Region: "us-east-1", Now: func() time.Time { return signed.Add(tt.age) }})
		r := presign(t, newRequest(t, "GET", "k", "X-Amz-Expires="+tt.expires), signed)
		if tt.message == "" {
			if _, err := v.Verify(r); err != nil {
				t.Errorf("%s s, aged %v: %v", tt.expires, tt.age, err)
			}
			continue
		}
		e := wantRefusal(t, v, r, "AccessDenied")
		if e.Message != tt.message {
			t.Errorf("%s s, aged %v: %s", tt.expires, tt.age, e.Message)
		}
		if field(e, "X-Amz-Expires") != tt.expires || field(e, "Expires") == "" || field(e, "ServerTime") == "" {
			t.Errorf("%s s, aged %v: fields %v", tt.expires, tt.age, e.Fields)
		}
	}
}

func TestAnonymous(t *testing.T) {
	v := exampleVerifier()
	tests := []struct {
		name    string
		change  func(*http.Request)
		payload Payload
		code    errcode.Code // "" when it must pass
	}{
		{"nothing", func(*http.Request) {}, Unsigned, ""},
		{"blank header", func(r *http.Request) { r.Header["Authorization"] = []string{" "} }, Unsigned, ""},
		{"x-amz headers", header("X-Amz-Acl", "private"), Unsigned, ""},
		{"payload hash", header("X-Amz-Content-Sha256", emptySum), Signed, ""},
		{"unsigned chunks", header("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), ChunksUnsignedTrailer, ""},
		{"signed chunks", header("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), 0, "InvalidRequest"},
		{"signed chunks, trailer", header("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"), 0, "InvalidRequest"},
		{"nonsense payload", header("X-Amz-Content-Sha256", "abc"), 0, "InvalidArgument"},
		{"SigV2 query", query("AWSAccessKeyId=a&Expires=1&Signature=b"), 0, "InvalidRequest"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRequest(t, "PUT", "k", url.Values{}.Encode())
			tt.change(r)
			if tt.code != "" {
				wantRefusal(t, v, r, tt.code)
				return
			}
			id, err := v.Verify(r)
			if err != nil {
				t.Fatal(err)
			}
			if !id.Anonymous() || id.Principal != (Principal{}) || id.Payload != tt.payload {
				t.Errorf("got %+v", id)
			}
		})
	}
}

// A secret that changes takes its cached signing key with it.
func TestSecretReplaced(t *testing.T) {
	secrets := keys{exampleKey: exampleSecret}
	v := New(Config{Credentials: secrets, Region: "us-east-1", Now: func() time.Time { return exampleTime }})
	r := sign(t, newRequest(t, "GET", "k", ""), "UNSIGNED-PAYLOAD")
	if _, err := v.Verify(r); err != nil {
		t.Fatal(err)
	}
	secrets[exampleKey] = "another"
	wantRefusal(t, v, r, "SignatureDoesNotMatch")
	delete(secrets, exampleKey)
	wantRefusal(t, v, r, "InvalidAccessKeyId")
}

func TestKeyCacheIsBounded(t *testing.T) {
	var k keyCache
	for i := range 3 * maxKeys {
		k.get(keyID{exampleKey, exampleTime.AddDate(0, 0, i).Format("20060102")}, exampleSecret, "us-east-1", "s3")
		if len(k.keys) > maxKeys {
			t.Fatalf("%d keys", len(k.keys))
		}
	}
}

// Access keys with slashes are read from the scope's end.
func TestAccessKeyWithSlash(t *testing.T) {
	v := New(Config{Credentials: keys{"team/a": "s"}, Region: "us-east-1", Now: func() time.Time { return exampleTime }})
	r := newRequest(t, "GET", "k", "")
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	signAs(t, r, "UNSIGNED-PAYLOAD", aws.Credentials{AccessKeyID: "team/a", SecretAccessKey: "s"}, "us-east-1", exampleTime)
	id, err := v.Verify(r)
	if err != nil {
		t.Fatal(err)
	}
	if id.AccessKey != "team/a" {
		t.Errorf("got %q", id.AccessKey)
	}
}

// x-amz-content-sha256 is part of the canonical request either way, so it need
// not be among the signed headers.
func TestPayloadHashNeedNotBeSigned(t *testing.T) {
	r := newRequest(t, "GET", "k", "")
	signAs(t, r, "UNSIGNED-PAYLOAD", exampleCredentials, "us-east-1", exampleTime)
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	if _, err := exampleVerifier().Verify(r); err != nil {
		t.Error(err)
	}
}
