package sign_test

import (
	"net/http"
	"testing"
	"time"

	"bleepstore/scenarios/sign"
)

// TestManualIsDocumented signs the first example of
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
func TestManualIsDocumented(t *testing.T) {
	scope := sign.Scope{Access: "AKIAIOSFODNN7EXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		Region: "us-east-1", Service: "s3", Time: time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)}
	empty := sign.Hash(sign.Signed, nil)
	m := sign.Manual{Method: "GET", Path: "/test.txt", Payload: empty, Headers: [][2]string{
		{"host", "examplebucket.s3.amazonaws.com"}, {"range", "bytes=0-9"}, {"x-amz-content-sha256", empty}, {"x-amz-date", "20130524T000000Z"}}}
	want := "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, " +
		"SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
	if got := m.Authorization(scope); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestManualIsTheSigner compares it with the SDK's signer.
func TestManualIsTheSigner(t *testing.T) {
	scope := sign.Scope{Access: "a", Secret: "b", Region: "eu-west-1", Service: "s3", Time: time.Now()}
	r, err := http.NewRequest(http.MethodDelete, "http://h:1/b/k%20k?a=&b=c", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := sign.Header(r, scope, "UNSIGNED-PAYLOAD"); err != nil {
		t.Fatal(err)
	}
	m := sign.Manual{Method: "DELETE", Path: "/b/k%20k", Query: "a=&b=c", Payload: "UNSIGNED-PAYLOAD", Headers: [][2]string{
		{"host", "h:1"}, {"x-amz-content-sha256", "UNSIGNED-PAYLOAD"}, {"x-amz-date", scope.Stamp()}}}
	if got, want := m.Authorization(scope), r.Header.Get("Authorization"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
