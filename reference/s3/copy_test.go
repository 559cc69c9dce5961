package s3

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

func TestParseSource(t *testing.T) {
	for text, want := range map[string]source{
		"b/k":                              {"b", "k", ""},
		"/b/k":                             {"b", "k", ""},
		"b/a/b//c/":                        {"b", "a/b//c/", ""},
		"b%2Fk%2Fx":                        {"b", "k/x", ""},
		"b/a%2520b":                        {"b", "a%20b", ""},
		"b/a+b%2Bc%20d":                    {"b", "a b+c d", ""},
		"b/k?versionId=v.1":                {"b", "k", "v.1"},
		"b/k%3FversionId=v":                {"b", "k?versionId=v", ""},
		"b/k%3FversionId=v?versionId=null": {"b", "k?versionId=v", "null"},
		"b/k?x":                            {"b", "k?x", ""},
		"b/%F0%9F%92%A9":                   {"b", "\U0001F4A9", ""},
	} {
		if got, err := parseSource(text); err != nil || got != want {
			t.Errorf("%s: got %+v %v, want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]errcode.Code{
		"": errcode.InvalidArgument, "b": errcode.InvalidArgument, "/b/": errcode.InvalidArgument,
		"//k": errcode.InvalidArgument, "b/%zz": errcode.InvalidArgument, "b/%00": errcode.InvalidArgument,
		"b/%ff": errcode.InvalidArgument, "b/k?versionId=": errcode.InvalidArgument,
		"b/k?versionId=%zz": errcode.InvalidArgument, "b/" + strings.Repeat("k", 1025): errcode.KeyTooLong,
		"arn:aws:s3:us-west-2:123456789012:accesspoint/ap/object/k": errcode.NotImplemented,
	} {
		if got, err := parseSource(text); errcode.Of(err) != want {
			t.Errorf("%q: got %+v %v, want %s", text, got, err, want)
		}
	}
}

// FuzzCopySource: a source is refused with a code of S3, or it encodes back to
// one that parses to the same.
func FuzzCopySource(f *testing.F) {
	for _, s := range []string{"b/k", "/b/a%2Fb?versionId=1", "b/+%2B", "b/k?versionId=a?versionId=b", "arn:aws:s3:::b/k"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSource(text)
		if err != nil {
			if errcode.Of(err) == "" {
				t.Fatalf("%q: got %v, want an *errcode.Error", text, err)
			}
			return
		}
		if s.bucket == "" || s.key == "" || !validText(s.bucket+s.key+s.version) {
			t.Fatalf("%q: got %+v", text, s)
		}
		again := url.QueryEscape(s.bucket) + "/" + url.QueryEscape(s.key)
		if s.version != "" {
			again += "?versionId=" + url.QueryEscape(s.version)
		}
		got, err := parseSource(again)
		if strings.HasPrefix(s.bucket, "arn:") {
			return // a leading slash hid it; encoded back it is an ARN
		}
		if err != nil || got != s {
			t.Fatalf("%q: got %+v %v, want %+v", again, got, err, s)
		}
	})
}

func TestCopyObject(t *testing.T) {
	f := &fake{copied: object.CopyResult{
		PutResult: object.PutResult{ShowVersion: true, Version: object.Version{ID: "v2", ETag: "abc", Modified: noon,
			Checksum: object.Checksum{Algorithm: "CRC32", Type: "FULL_OBJECT", Value: "AAAAAA=="}}},
		SourceVersion: "v1",
	}}
	srv := newTest(t, f)
	got := do(t, srv, "PUT", "/b/k", "", "x-amz-copy-source: /src/a%20b?versionId=v1",
		"x-amz-metadata-directive: REPLACE", "x-amz-tagging-directive: REPLACE", "x-amz-tagging: a=b",
		"x-amz-meta-Color: red", "Content-Type: text/x", "x-amz-copy-source-if-match: \"e\"",
		"x-amz-copy-source-if-modified-since: Wed, 04 Mar 2026 12:30:45 GMT",
		"If-None-Match: *", "x-amz-checksum-algorithm: sha256", "x-amz-storage-class: STANDARD_IA")
	if got.status != 200 || got.header.Get("x-amz-version-id") != "v2" || got.header.Get("x-amz-copy-source-version-id") != "v1" {
		t.Fatalf("got %+v", got)
	}
	for element, want := range map[string]string{
		"ETag": "&quot;abc&quot;", "LastModified": "2026-03-04T12:30:45.678Z", "ChecksumCRC32": "AAAAAA==", "ChecksumType": "FULL_OBJECT",
	} {
		if v := between(got.body, "<"+element+">", "</"+element+">"); v != want {
			t.Errorf("%s: got %q, want %q", element, v, want)
		}
	}
	want := object.CopyInput{
		Caller: object.Caller{Account: owner, Name: "Ada"}, Bucket: "b", Key: "k",
		SourceBucket: "src", SourceKey: "a b", SourceVersion: "v1",
		SourceConditions: object.Conditions{IfMatch: `"e"`, IfModifiedSince: noon.Truncate(time.Second)},
		ReplaceMetadata:  true, ReplaceTags: true, Algorithm: "SHA256",
		Attributes: object.Attributes{ContentType: "text/x", Metadata: map[string]string{"color": "red"},
			Tags: []object.Tag{{Key: "a", Value: "b"}}, StorageClass: "STANDARD_IA"},
		Condition: object.WriteCondition{IfNoneMatch: "*"},
	}
	if d := cmp.Diff(want, f.only(t, "Copy").in, factless); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestCopyRefusals(t *testing.T) {
	f := &fake{bucket: object.Bucket{Owner: owner}}
	srv := newTest(t, f)
	for _, c := range []struct {
		headers string
		status  int
		code    errcode.Code
	}{
		{"x-amz-copy-source: b/k", 400, errcode.InvalidRequest},
		{"x-amz-copy-source: b/k|x-amz-metadata-directive: COPY", 400, errcode.InvalidRequest},
		{"x-amz-copy-source: b/o|x-amz-metadata-directive: MOVE", 400, errcode.InvalidArgument},
		{"x-amz-copy-source: b/o|x-amz-tagging-directive: copy", 400, errcode.InvalidArgument},
		{"x-amz-copy-source: nokey", 400, errcode.InvalidArgument},
		{"x-amz-copy-source: b/o|x-amz-source-expected-bucket-owner: 999900001111", 403, errcode.AccessDenied},
		{"x-amz-copy-source: b/o|x-amz-source-expected-bucket-owner: me", 400, errcode.InvalidBucketOwnerAWSAccountID},
		{"x-amz-copy-source: b/o|x-amz-copy-source-server-side-encryption-customer-algorithm: AES256", 400, errcode.InvalidRequest},
		{"x-amz-copy-source: b/o|x-amz-checksum-algorithm: MD4", 400, errcode.InvalidRequest},
		{"x-amz-copy-source: b/o|x-amz-acl: everybody", 400, errcode.InvalidArgument},
	} {
		do(t, srv, "PUT", "/b/k", "", strings.Split(c.headers, "|")...).wantError(t, c.status, c.code)
	}
	for _, call := range f.calls {
		if call.method == "Copy" {
			t.Errorf("a refused copy reached the domain: %+v", call)
		}
	}
	for _, headers := range []string{
		"x-amz-copy-source: b/k|x-amz-metadata-directive: REPLACE", "x-amz-copy-source: b/k?versionId=1",
		"x-amz-copy-source: b/k|x-amz-storage-class: STANDARD", "x-amz-copy-source: b/o",
		"x-amz-copy-source: b/o|x-amz-source-expected-bucket-owner: " + owner,
	} {
		if got := do(t, srv, "PUT", "/b/k", "", strings.Split(headers, "|")...); got.status != 200 {
			t.Errorf("%s: got %d %s, want 200", headers, got.status, got.body)
		}
	}
}
