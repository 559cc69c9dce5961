package sign_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"bleepstore/scenarios/sign"
)

// TestPolicyIsDocumented signs the example of
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html
func TestPolicyIsDocumented(t *testing.T) {
	scope := sign.Scope{Access: "AKIAIOSFODNN7EXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		Region: "us-east-1", Service: "s3", Time: time.Date(2015, 12, 29, 0, 0, 0, 0, time.UTC)}
	policy := strings.Join([]string{
		`{ "expiration": "2015-12-30T12:00:00.000Z",`,
		`  "conditions": [`,
		`    {"bucket": "sigv4examplebucket"},`,
		`    ["starts-with", "$key", "user/user1/"],`,
		`    {"acl": "public-read"},`,
		`    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},`,
		`    ["starts-with", "$Content-Type", "image/"],`,
		`    {"x-amz-meta-uuid": "14365123651274"},`,
		`    {"x-amz-server-side-encryption": "AES256"},`,
		`    ["starts-with", "$x-amz-meta-tag", ""],`,
		``,
		`    {"x-amz-credential": "` + scope.Credential() + `"},`,
		`    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},`,
		`    {"x-amz-date": "` + scope.Stamp() + `" }`,
		`  ]`,
		`}`}, "\r\n")
	const want = "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
	if got := scope.Policy(base64.StdEncoding.EncodeToString([]byte(policy))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
