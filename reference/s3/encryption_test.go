package s3

import (
	"crypto/md5"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/crypt"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
	"bleepstore/reference/sse"
)

var clientKey = crypt.Key([]byte("a key of a client's, of 32 bytes"))

// keyHeaders are the three headers of a key.
func keyHeaders(prefix string, key []byte) []string {
	sum := md5.Sum(key)
	return []string{prefix + "algorithm: AES256", prefix + "key: " + base64.StdEncoding.EncodeToString(key), prefix + "key-MD5: " + base64.StdEncoding.EncodeToString(sum[:])}
}

const ownPrefix, sourcePrefix = "x-amz-server-side-encryption-customer-", "x-amz-copy-source-server-side-encryption-customer-"

func overHTTPToo(c *Config) { c.KeysOverHTTP = true }

func TestEncryptionOfWrites(t *testing.T) {
	yes := true
	for _, c := range []struct {
		headers []string
		want    sse.Want
	}{
		{nil, sse.Want{}},
		{[]string{"x-amz-server-side-encryption: AES256"}, sse.Want{Algorithm: "AES256"}},
		{[]string{"x-amz-server-side-encryption: aws:kms", "x-amz-server-side-encryption-aws-kms-key-id: k", "x-amz-server-side-encryption-bucket-key-enabled: true",
			"x-amz-server-side-encryption-context: eyJhIjoiYiJ9"}, sse.Want{Algorithm: "aws:kms", KeyID: "k", BucketKey: &yes, Context: "eyJhIjoiYiJ9"}},
		{keyHeaders(ownPrefix, clientKey[:]), sse.Want{Customer: &clientKey}},
	} {
		f := &fake{}
		srv := newTest(t, f, overHTTPToo)
		do(t, srv, "PUT", "/b/k", "hello", c.headers...)
		do(t, srv, "POST", "/b/k?uploads", "", c.headers...)
		do(t, srv, "PUT", "/b/k", "", append(c.headers, append(keyHeaders(sourcePrefix, clientKey[:]), "x-amz-copy-source: b/o")...)...)
		seen := 0
		for _, call := range f.calls {
			var got sse.Want
			switch in := call.in.(type) {
			case object.PutInput:
				got = in.Encryption
			case object.CreateUploadInput:
				got = in.Encryption
			case object.CopyInput:
				if got = in.Encryption; in.SourceCustomer == nil || *in.SourceCustomer != clientKey {
					t.Error("the copy lacks the key of its source")
				}
			default:
				continue
			}
			seen++
			if got.Customer != nil && *got.Customer == clientKey {
				got.Customer = &clientKey
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%v: %s", c.headers, d)
			}
		}
		if seen != 3 {
			t.Errorf("%d calls, want 3", seen)
		}
	}
}

func TestEncryptionIsSaid(t *testing.T) {
	put := func(s *object.Seal, headers ...string) reply {
		f := &fake{put: object.PutResult{Version: object.Version{Attributes: object.Attributes{Seal: s}}}}
		return do(t, newTest(t, f, overHTTPToo), "PUT", "/b/k", "hello", headers...)
	}
	kms := put(&object.Seal{Algorithm: sse.KMS, By: "arn:aws:kms:r:a:key/k", BucketKey: true})
	for name, want := range map[string]string{"": "aws:kms", "-aws-kms-key-id": "arn:aws:kms:r:a:key/k", "-bucket-key-enabled": "true"} {
		if got := kms.header.Get("x-amz-server-side-encryption" + name); got != want {
			t.Errorf("x-amz-server-side-encryption%s: got %q, want %q", name, got, want)
		}
	}
	own := put(&object.Seal{}, keyHeaders(ownPrefix, clientKey[:])...)
	sum := md5.Sum(clientKey[:])
	if own.header.Get(ownPrefix+"algorithm") != "AES256" || own.header.Get(ownPrefix+"key-MD5") != base64.StdEncoding.EncodeToString(sum[:]) ||
		own.header.Get("x-amz-server-side-encryption") != "" || own.header.Get(ownPrefix+"key") != "" {
		t.Errorf("a key of the client's: %v", own.header)
	}
	if got := put(nil).header.Get("x-amz-server-side-encryption"); got != "" {
		t.Errorf("in the clear: %q", got)
	}
}

func TestCustomerKeyRefused(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f, overHTTPToo)
	whole := keyHeaders(ownPrefix, clientKey[:])
	for name, c := range map[string]struct {
		headers []string
		code    errcode.Code
	}{
		"no algorithm":      {whole[1:], errcode.InvalidArgument},
		"no MD5":            {whole[:2], errcode.InvalidArgument},
		"no key":            {[]string{whole[0], whole[2]}, errcode.InvalidArgument},
		"another algorithm": {[]string{ownPrefix + "algorithm: AES128", whole[1], whole[2]}, errcode.InvalidEncryptionAlgorithm},
		"a short key":       {keyHeaders(ownPrefix, clientKey[:31]), errcode.InvalidArgument},
		"another MD5":       {[]string{whole[0], whole[1], keyHeaders(ownPrefix, make([]byte, 32))[2]}, errcode.InvalidArgument},
		"AES256 too":        {append([]string{"x-amz-server-side-encryption: AES256"}, whole...), errcode.InvalidArgument},
	} {
		got := do(t, srv, "PUT", "/b/k", "hello", c.headers...)
		got.wantError(t, 400, c.code)
		if strings.Contains(got.body, base64.StdEncoding.EncodeToString(clientKey[:])) {
			t.Errorf("%s: the answer repeats the key", name)
		}
	}
	for _, r := range [][2]string{{"GET", "/b/k?acl"}, {"DELETE", "/b/k"}, {"GET", "/b?list-type=2"}, {"PUT", "/b"}} {
		do(t, srv, r[0], r[1], "", whole...).wantError(t, 400, errcode.InvalidArgument)
	}
	do(t, srv, "GET", "/b/k", "", "x-amz-server-side-encryption: AES256").wantError(t, 400, errcode.InvalidArgument)
	if len(f.calls) != 0 {
		t.Errorf("got calls %v, want none", f.calls)
	}
	plain := newTest(t, &fake{})
	do(t, plain, "PUT", "/b/k", "hello", whole...).wantError(t, 400, errcode.InvalidRequest)
}

func TestBucketEncryption(t *testing.T) {
	const open, end = "<ServerSideEncryptionConfiguration><Rule>", "</Rule></ServerSideEncryptionConfiguration>"
	for text, want := range map[string]sse.Config{
		"": {Algorithm: "AES256", Blocked: []string{"SSE-C"}},
		"<ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled>": {
			Algorithm: "aws:kms", KeyID: "k", BucketKey: true, Blocked: []string{"SSE-C"}},
		"<BlockedEncryptionTypes><EncryptionType>NONE</EncryptionType></BlockedEncryptionTypes>": {Algorithm: "AES256"},
	} {
		f := &fake{}
		body := open + text + end
		do(t, newTest(t, f), "PUT", "/b?encryption", body, "Content-MD5: "+md5Of(body))
		got := f.only(t, "SetEncryption").in.(*sse.Config)
		if d := cmp.Diff(&want, got); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
	f := &fake{}
	srv := newTest(t, f)
	for text, code := range map[string]errcode.Code{
		"<Later/>": errcode.MalformedXML,
		"<BucketKeyEnabled>yes</BucketKeyEnabled>": errcode.MalformedXML,
		"<BlockedEncryptionTypes/>":                errcode.MalformedXML,
		"<BlockedEncryptionTypes><EncryptionType>SSE-S3</EncryptionType></BlockedEncryptionTypes>":                                                       errcode.MalformedXML,
		"<ApplyServerSideEncryptionByDefault/>":                                                                                                          errcode.MalformedXML,
		"<ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms:dsse</SSEAlgorithm></ApplyServerSideEncryptionByDefault>":                             errcode.NotImplemented,
		"<ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID></ApplyServerSideEncryptionByDefault>": errcode.InvalidArgument,
	} {
		body := open + text + end
		if got := do(t, srv, "PUT", "/b?encryption", body, "Content-MD5: "+md5Of(body)); got.code() != string(code) {
			t.Errorf("%s: got %d %s, want %s", text, got.status, got.code(), code)
		}
	}
	if len(f.calls) != 0 {
		t.Errorf("got calls %v, want none", f.calls)
	}
	f = &fake{encryption: sse.Default()}
	srv = newTest(t, f)
	got := do(t, srv, "GET", "/b?encryption", "")
	for _, want := range []string{"<SSEAlgorithm>AES256</SSEAlgorithm>", "<BucketKeyEnabled>false</BucketKeyEnabled>", "<EncryptionType>SSE-C</EncryptionType>"} {
		if !strings.Contains(got.body, want) {
			t.Errorf("got %s, want %s in it", got.body, want)
		}
	}
	if got := do(t, srv, "DELETE", "/b?encryption", ""); got.status != 204 {
		t.Errorf("delete: %d", got.status)
	}
}

func md5Of(text string) string {
	sum := md5.Sum([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}
