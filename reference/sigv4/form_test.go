package sigv4

import (
	"encoding/base64"
	"strings"
	"testing"

	"bleepstore/reference/errcode"
)

// exampleForm is the example of
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html
func exampleForm() Form {
	policy := `{ "expiration": "2015-12-30T12:00:00.000Z",
  "conditions": [
    {"bucket": "sigv4examplebucket"},
    ["starts-with", "$key", "user/user1/"],
    {"acl": "public-read"},
    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},
    ["starts-with", "$Content-Type", "image/"],
    {"x-amz-meta-uuid": "14365123651274"},
    {"x-amz-server-side-encryption": "AES256"},
    ["starts-with", "$x-amz-meta-tag", ""],

    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},
    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
    {"x-amz-date": "20151229T000000Z" }
  ]
}`
	return Form{
		Policy:    base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(policy, "\n", "\r\n"))),
		Algorithm: algorithm, Credential: exampleKey + "/20151229/us-east-1/s3/aws4_request", Date: "20151229T000000Z",
		Signature: "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e",
	}
}

func TestVerifyForm(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*Form)
		want errcode.Code
	}{
		"as documented": {func(*Form) {}, ""},
		"policy":        {func(f *Form) { f.Policy = "IA==" + f.Policy }, errcode.SignatureDoesNotMatch},
		"signature":     {func(f *Form) { f.Signature = strings.Repeat("0", 64) }, errcode.SignatureDoesNotMatch},
		"cut signature": {func(f *Form) { f.Signature = f.Signature[:63] }, errcode.SignatureDoesNotMatch},
		"in capitals":   {func(f *Form) { f.Signature = strings.ToUpper(f.Signature) }, errcode.SignatureDoesNotMatch},
		"unknown key":   {func(f *Form) { f.Credential = "AKIA/20151229/us-east-1/s3/aws4_request" }, errcode.InvalidAccessKeyID},
		"no key":        {func(f *Form) { f.Credential = "/20151229/us-east-1/s3/aws4_request" }, errcode.InvalidArgument},
		"no scope":      {func(f *Form) { f.Credential = exampleKey }, errcode.InvalidArgument},
		"another day":   {func(f *Form) { f.Date = "20151230T000000Z" }, errcode.InvalidArgument},
		"region":        {func(f *Form) { f.Credential = exampleKey + "/20151229/eu-west-1/s3/aws4_request" }, errcode.InvalidArgument},
		"service":       {func(f *Form) { f.Credential = exampleKey + "/20151229/us-east-1/sqs/aws4_request" }, errcode.InvalidArgument},
		"date":          {func(f *Form) { f.Date = "2015-12-29" }, errcode.InvalidArgument},
		"algorithm":     {func(f *Form) { f.Algorithm = "AWS4-HMAC-SHA512" }, errcode.InvalidArgument},
		"token":         {func(f *Form) { f.Token = "token" }, errcode.InvalidToken},
		"no policy":     {func(f *Form) { f.Policy = "" }, errcode.InvalidArgument},
		"no algorithm":  {func(f *Form) { f.Algorithm = "" }, errcode.InvalidArgument},
		"no credential": {func(f *Form) { f.Credential = "" }, errcode.InvalidArgument},
		"no date":       {func(f *Form) { f.Date = "" }, errcode.InvalidArgument},
		"no signature":  {func(f *Form) { f.Signature = "" }, errcode.InvalidArgument},
	} {
		f := exampleForm()
		c.edit(&f)
		id, err := exampleVerifier().VerifyForm(f)
		if got := errcode.Of(err); got != c.want || err == nil && (id.AccessKey != exampleKey || id.ID != "id-of-"+exampleKey) {
			t.Errorf("%s: got %+v %v, want %q", name, id, err, c.want)
		}
	}
	id, err := exampleVerifier().VerifyForm(Form{Policy: "e30="})
	if err != nil || !id.Anonymous() {
		t.Errorf("without a signature: got %+v %v", id, err)
	}
}
