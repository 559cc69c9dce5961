package scenarios

import (
	"strings"
	"testing"
)

func TestSecretsAreRedacted(t *testing.T) {
	for in, want := range map[string]string{
		"http://h/b/k":                                                              "http://h/b/k",
		"http://h/b/k?list-type=2&prefix=a":                                         "http://h/b/k?list-type=2&prefix=a",
		"GET /b?X-Amz-Date=1&X-Amz-Signature=abc HTTP/1.1":                          "GET /b?X-Amz-Date=1&X-Amz-Signature=<redacted> HTTP/1.1",
		"/b?X-Amz-Signature=abc&X-Amz-Signature=def&a=b":                            "/b?X-Amz-Signature=<redacted>&X-Amz-Signature=<redacted>&a=b",
		"/b?x-amz-security-token=abc&X%2DAmz-Signature=def":                         "/b?x-amz-security-token=<redacted>&X%2DAmz-Signature=<redacted>",
		"/b?AWSAccessKeyId=me&Signature=abc":                                        "/b?AWSAccessKeyId=me&Signature=<redacted>",
		"/b?x-amz-server-side-encryption-customer-key=abc&X-Amz-Security-Token=def": "/b?x-amz-server-side-encryption-customer-key=<redacted>&X-Amz-Security-Token=<redacted>",
	} {
		if got := redactURL(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	for name, values := range map[string]map[string]string{
		"authorization":         {"AWS4-HMAC-SHA256 Credential=me, Signature=abc": "AWS4-HMAC-SHA256 Credential=me, Signature=<redacted>", "AWS me:abc": "AWS <redacted>", "Bearer abc": "Bearer <redacted>"},
		"x-amz-security-token ": {"abc": "<redacted>"},
		"x-amz-date":            {"abc": "abc"},
	} {
		for in, want := range values {
			if got := redactHeader(name, in); got != want {
				t.Errorf("%s: %s: got %s, want %s", name, in, got, want)
			}
		}
	}
}

func TestCredentialsAreHiddenEverywhere(t *testing.T) {
	secrets := secretsOf(Keys{Access: "me", Secret: "wJalrXUtnFEMI/K7", Session: "token+/abc="}, Keys{Access: "a", Secret: "b"})
	x := Exchange{Request: "form with token+/abc= in it", Response: "<CanonicalRequest>token+/abc=</CanonicalRequest>",
		URL: "http://h/?t=token%2B%2Fabc%3D", Err: "signed with wJalrXUtnFEMI/K7", Curl: "curl -d token+/abc="}
	x.hide(secrets)
	for _, text := range []string{x.Request, x.Response, x.URL, x.Err, x.Curl} {
		if strings.Contains(text, "abc") || strings.Contains(text, "wJalr") || !strings.Contains(text, "<redacted>") {
			t.Errorf("got %q, want the secret gone", text)
		}
	}
	if got := secrets.Replace("about a bucket"); got != "about a bucket" {
		t.Errorf("a short secret spoils the text: %q", got)
	}
}
