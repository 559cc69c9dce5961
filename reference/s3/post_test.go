package s3

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/acl"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

const multipartForm = "Content-Type: multipart/form-data; boundary=B"

// formOf is a form of name=value fields, whose last is the file's content.
func formOf(fields ...string) string {
	var b strings.Builder
	for i, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		if i == len(fields)-1 {
			name, value = `file"; filename="f.txt`, f
		}
		fmt.Fprintf(&b, "--B\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n", name, value)
	}
	return b.String() + "--B--\r\n"
}

// signedForm is formOf with a policy that allows everything named, of owner.
func signedForm(fields ...string) string {
	conditions := []string{`["starts-with","$bucket",""]`}
	for _, name := range append([]string{"x-amz-credential"}, fields[:len(fields)-1]...) {
		name, _, _ = strings.Cut(name, "=")
		conditions = append(conditions, `["starts-with","$`+name+`",""]`)
	}
	policy := `{"expiration":"2099-03-04T12:31:00Z","conditions":[` + strings.Join(conditions, ",") + `]}`
	return formOf(append([]string{"policy=" + base64.StdEncoding.EncodeToString([]byte(policy)), "x-amz-credential=" + owner}, fields...)...)
}

func post(t *testing.T, f *fake, body string, headers ...string) reply {
	t.Helper()
	f.calls = nil
	return send(t, newTest(t, f), "POST", "/b", body, append([]string{multipartForm}, headers...)...)
}

// lastPut is the last call of the fake, which must be a Put.
func lastPut(t *testing.T, f *fake) (object.PutInput, string) {
	t.Helper()
	if len(f.calls) == 0 {
		t.Fatal("the domain was not asked")
	}
	last := f.calls[len(f.calls)-1]
	in, ok := last.in.(object.PutInput)
	if !ok {
		t.Fatalf("got calls %+v, want a Put", f.calls)
	}
	return in, last.body
}

func TestPostObject(t *testing.T) {
	f := &fake{put: object.PutResult{Version: object.Version{ETag: "e", ID: "v"}, ShowVersion: true}}
	got := post(t, f, signedForm("key=u/${filename}", "Content-Type=text/plain", "Cache-Control=no-cache", "x-amz-meta-a=1", "X-Amz-Meta-A=2", "acl=public-read",
		"x-amz-storage-class=STANDARD_IA", "tagging=<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
		"content-md5=XUFAKrxLKna5cZ2REBfFkg==", "x-amz-checksum-algorithm=CRC32", "x-amz-checksum-crc32=NhCmhg==", "hello"),
		"x-amz-acl: private", "x-amz-meta-sneaked: 1", "Cache-Control: max-age=0", "Content-Disposition: attachment", "User-Agent: ua")
	if got.status != 204 || got.header.Get("ETag") != `"e"` || got.header.Get("Location") != "http://127.0.0.1/b/u/f.txt" || got.header.Get("X-Amz-Version-Id") != "v" || got.body != "" {
		t.Errorf("got %+v", got)
	}
	in, body := lastPut(t, f)
	want := object.PutInput{Caller: object.Caller{Account: owner}, Bucket: "b", Key: "u/f.txt", ACL: &acl.Spec{Canned: "public-read"},
		Attributes: object.Attributes{ContentType: "text/plain", CacheControl: "no-cache", Metadata: map[string]string{"a": "1,2"},
			StorageClass: "STANDARD_IA", Tags: []object.Tag{{Key: "a", Value: "b"}}}}
	fact := in.Caller.Facts
	if in.Body.Size != 5 || in.Body.Most != 8 || len(in.Body.MD5) != 16 || in.Body.Checksum != (object.Checksum{Algorithm: "CRC32", Value: "NhCmhg=="}) || body != "hello" {
		t.Errorf("got %q and body %+v", body, in.Body)
	}
	in.Body = object.Body{}
	if d := cmp.Diff(want, in, factless); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if fact.Fact("s3:authtype")[0] != "POST" || fact.Fact("s3:x-amz-acl")[0] != "public-read" || fact.Fact("aws:useragent")[0] != "ua" {
		t.Errorf("policies see %v %v", fact.Fact("s3:authtype"), fact.Fact("s3:x-amz-acl"))
	}
}

func TestPostAnswers(t *testing.T) {
	f := &fake{put: object.PutResult{Version: object.Version{ETag: "e"}}}
	for field, want := range map[string]struct {
		status   int
		location string
	}{
		"success_action_status=200":                           {200, "http://127.0.0.1/b/a%20%26b"},
		"success_action_status=204":                           {204, "http://127.0.0.1/b/a%20%26b"},
		"success_action_status=404":                           {204, "http://127.0.0.1/b/a%20%26b"},
		"success_action_status=xyz":                           {204, "http://127.0.0.1/b/a%20%26b"},
		"success_action_redirect=http://c.example/d":          {303, "http://c.example/d?bucket=b&key=a+%26b&etag=%22e%22"},
		"redirect=https://c.example/d?e=f#g":                  {303, "https://c.example/d?e=f&bucket=b&key=a+%26b&etag=%22e%22#g"},
		"success_action_redirect=javascript:alert(1)":         {204, "http://127.0.0.1/b/a%20%26b"},
		"success_action_redirect=/relative":                   {204, "http://127.0.0.1/b/a%20%26b"},
		"success_action_redirect=http://c.example/\r\nX-A: b": {204, "http://127.0.0.1/b/a%20%26b"},
	} {
		got := post(t, f, signedForm("key=a &b", field, "hello"))
		if got.status != want.status || got.header.Get("Location") != want.location {
			t.Errorf("%s: got %d %s, want %d %s", field, got.status, got.header.Get("Location"), want.status, want.location)
		}
	}
	got := post(t, f, signedForm("key=a &b", "success_action_status=201", "hello"))
	document := declaration + "<PostResponse><Location>http://127.0.0.1/b/a%20%26b</Location><Bucket>b</Bucket><Key>a &amp;b</Key><ETag>&quot;e&quot;</ETag></PostResponse>"
	if got.status != 201 || got.body != document {
		t.Errorf("got %d %s, want %s", got.status, got.body, document)
	}
}

func TestPostRefused(t *testing.T) {
	f := &fake{}
	f.bucket.Access.Ownership = object.ObjectWriter
	for name, c := range map[string]struct {
		body   string
		status int
		want   errcode.Code
	}{
		"no key":          {signedForm("x-amz-meta-a=1", "hello"), 400, errcode.InvalidArgument},
		"empty key":       {signedForm("key=", "hello"), 400, errcode.InvalidArgument},
		"key of NUL":      {signedForm("key=a\x00", "hello"), 400, errcode.InvalidArgument},
		"long key":        {signedForm("key="+strings.Repeat("k", 1025), "hello"), 400, errcode.KeyTooLong},
		"uncovered":       {strings.Replace(signedForm("key=k", "hello"), "--B\r\n", "--B\r\nContent-Disposition: form-data; name=\"acl\"\r\n\r\nprivate\r\n--B\r\n", 1), 403, errcode.AccessDenied},
		"no policy":       {formOf("x-amz-credential="+owner, "key=k", "acl=nonsense", "hello"), 400, errcode.InvalidArgument},
		"bad policy":      {formOf("x-amz-credential="+owner, "policy=e30=", "key=k", "hello"), 400, errcode.InvalidPolicyDocument},
		"version 2":       {formOf("AWSAccessKeyId=AK", "key=k", "hello"), 400, errcode.InvalidRequest},
		"tags, no XML":    {signedForm("key=k", "tagging=a=b", "hello"), 400, errcode.MalformedXML},
		"tags twice":      {signedForm("key=k", "tagging=<Tagging><TagSet></TagSet></Tagging>", "x-amz-tagging=a=b", "hello"), 400, errcode.InvalidArgument},
		"ACL twice":       {signedForm("key=k", "x-amz-acl=private", "acl=private", "hello"), 400, errcode.InvalidArgument},
		"header broken":   {signedForm("key=k", "x-amz-meta-a=1\r\nX-A: 2", "hello"), 400, errcode.InvalidArgument},
		"header name":     {signedForm("key=k", "x-amz-meta-a b=1", "hello"), 400, errcode.InvalidArgument},
		"bad digest form": {signedForm("key=k", "content-md5=x", "hello"), 400, errcode.InvalidDigest},
		"lacking":         {signedForm("key=k", "x-amz-write-offset-bytes=1", "hello"), 501, errcode.NotImplemented},
		"cut":             {strings.TrimSuffix(signedForm("key=k", "hello"), "--B--\r\n"), 400, errcode.MalformedPOSTRequest},
	} {
		if got := post(t, f, c.body); got.status != c.status {
			t.Errorf("%s: got %d %s, want %s", name, got.status, got.body, c.want)
		} else {
			got.wantError(t, c.status, c.want)
		}
		if name == "cut" {
			continue
		}
		for _, call := range f.calls {
			if call.method == "Put" {
				t.Errorf("%s: the domain was asked: %+v", name, call)
			}
		}
	}
	srv := newTest(t, f)
	send(t, srv, "POST", "/b", "x", "Content-Type: text/plain").wantError(t, 412, errcode.PreconditionFailed)
	send(t, srv, "POST", "/b", "").wantError(t, 412, errcode.PreconditionFailed)
	send(t, srv, "POST", "/b", "x", "Content-Type: multipart/form-data").wantError(t, 400, errcode.MalformedPOSTRequest)
	send(t, srv, "POST", "/b", "5\r\nhello\r\n0\r\n\r\n", multipartForm, "Transfer-Encoding: chunked").wantError(t, 411, errcode.MissingContentLength)
	send(t, srv, "POST", "/b?foo", formOf("key=k", "x"), multipartForm).wantError(t, 501, errcode.NotImplemented)
	f.bucket.Access.Ownership = object.BucketOwnerEnforced
	post(t, f, formOf("key=k", "hello")).wantError(t, 403, errcode.AccessDenied)
}
