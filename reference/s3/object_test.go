package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

// stored is a version with everything that GET and HEAD tell of one.
func stored() object.Version {
	return object.Version{
		Bucket: "b", Key: "k", ID: "v1", Size: 5, ETag: "abc", Owner: owner, Modified: noon,
		Attributes: object.Attributes{
			ContentType: "text/plain", CacheControl: "no-cache", ContentDisposition: "inline",
			ContentEncoding: "gzip", ContentLanguage: "en", Expires: "whenever",
			Metadata:     map[string]string{"color": "red", "name": "Zoë"},
			StorageClass: "STANDARD_IA", Redirect: "/there",
			Tags: []object.Tag{{Key: "a"}, {Key: "b"}},
		},
		Checksum: object.Checksum{Algorithm: "CRC64NVME", Type: "FULL_OBJECT", Value: "AAAAAAAAAAA="},
	}
}

func TestGetObject(t *testing.T) {
	f := &fake{body: "hello", get: object.GetResult{Version: stored(), ShowVersion: true, Length: 5}}
	srv := newTest(t, f)
	got := do(t, srv, "GET", "/b/k?versionId=v1", "", "x-amz-checksum-mode: enabled",
		"If-None-Match: \"x\"", "If-Unmodified-Since: nonsense")
	if got.status != 200 || got.body != "hello" {
		t.Fatalf("got %d %q", got.status, got.body)
	}
	want := http.Header{
		"Last-Modified": {"Wed, 04 Mar 2026 12:30:45 GMT"}, "Etag": {`"abc"`}, "Accept-Ranges": {"bytes"},
		"X-Amz-Version-Id": {"v1"}, "Content-Type": {"text/plain"}, "Cache-Control": {"no-cache"},
		"Content-Disposition": {"inline"}, "Content-Encoding": {"gzip"}, "Content-Language": {"en"}, "Expires": {"whenever"},
		"X-Amz-Meta-Color": {"red"}, "X-Amz-Meta-Name": {"=?UTF-8?b?Wm/Dqw==?="},
		"X-Amz-Storage-Class": {"STANDARD_IA"}, "X-Amz-Website-Redirect-Location": {"/there"},
		"X-Amz-Tagging-Count": {"2"}, "Content-Length": {"5"}, "Server": {"BleepStore"},
		"X-Amz-Checksum-Crc64nvme": {"AAAAAAAAAAA="}, "X-Amz-Checksum-Type": {"FULL_OBJECT"},
	}
	h := got.header.Clone()
	for _, name := range []string{"Date", "X-Amz-Request-Id", "X-Amz-Id-2"} {
		if h.Get(name) == "" {
			t.Errorf("%s is missing", name)
		}
		h.Del(name)
	}
	h.Del("Connection")
	if d := cmp.Diff(want, h); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	in := f.only(t, "Get").in
	if d := cmp.Diff(object.GetInput{Caller: object.Caller{Account: owner, Name: "Ada"}, Bucket: "b", Key: "k", VersionID: "v1",
		Conditions: object.Conditions{IfNoneMatch: `"x"`}}, in, factless); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestHeadObjectTellsTheSame(t *testing.T) {
	f := &fake{body: "hello", get: object.GetResult{Version: stored(), Length: 5}}
	srv := newTest(t, f)
	get, head := do(t, srv, "GET", "/b/k", ""), do(t, srv, "HEAD", "/b/k", "")
	get.header.Del("X-Amz-Request-Id")
	head.header.Del("X-Amz-Request-Id")
	get.header.Del("Date")
	head.header.Del("Date")
	if d := cmp.Diff(get.header, head.header); d != "" || head.status != 200 || head.body != "" {
		t.Errorf("(-get +head)\n%s", d)
	}
	if head.header.Get("x-amz-version-id") != "" || head.header.Get("x-amz-checksum-type") != "" {
		t.Errorf("got %v, want neither version nor checksum", head.header)
	}
}

func TestGetDefaults(t *testing.T) {
	f := &fake{get: object.GetResult{Version: object.Version{ETag: "e", Attributes: object.Attributes{StorageClass: "STANDARD"}}}}
	got := do(t, newTest(t, f), "GET", "/b/k", "")
	if got.header.Get("Content-Type") != "binary/octet-stream" || got.header.Get("Content-Length") != "0" || got.body != "" {
		t.Errorf("got %+v", got)
	}
	for _, name := range []string{"x-amz-storage-class", "x-amz-tagging-count", "Cache-Control", "x-amz-mp-parts-count"} {
		if v, ok := got.header[http.CanonicalHeaderKey(name)]; ok {
			t.Errorf("got %s: %v, want it absent", name, v)
		}
	}
}

func TestGetRange(t *testing.T) {
	v := stored()
	v.Size = 100
	f := &fake{body: "hello", get: object.GetResult{Version: v, Offset: 10, Length: 5, Partial: true, PartsCount: 3,
		RangeChecksum: object.Checksum{Algorithm: "CRC32", Type: "COMPOSITE", Value: "AAAAAA=="}}}
	srv := newTest(t, f)
	got := do(t, srv, "GET", "/b/k?partNumber=2", "", "x-amz-checksum-mode: ENABLED")
	if got.status != 206 || got.body != "hello" || got.header.Get("Content-Range") != "bytes 10-14/100" ||
		got.header.Get("x-amz-mp-parts-count") != "3" || got.header.Get("x-amz-checksum-crc32") != "AAAAAA==" ||
		got.header.Get("x-amz-checksum-crc64nvme") != "" {
		t.Errorf("got %+v", got)
	}
	f.get.RangeChecksum = object.Checksum{}
	got = do(t, srv, "GET", "/b/k", "", "Range: bytes=10-14", "If-Range: \"abc\"", "x-amz-checksum-mode: ENABLED")
	if got.status != 206 || got.header.Get("x-amz-checksum-crc64nvme") != "" {
		t.Errorf("got %+v, want no checksum of the whole", got)
	}
	in := f.calls[1].in.(object.GetInput)
	if in.Range != "bytes=10-14" || in.IfRange != `"abc"` || f.calls[0].in.(object.GetInput).PartNumber != 2 {
		t.Errorf("got %+v", f.calls)
	}
}

func TestGetRefusals(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	for _, c := range []struct {
		target  string
		headers []string
		code    errcode.Code
	}{
		{"/b/k?partNumber=0", nil, errcode.InvalidArgument},
		{"/b/k?partNumber=10001", nil, errcode.InvalidArgument},
		{"/b/k?partNumber=one", nil, errcode.InvalidArgument},
		{"/b/k?partNumber=1", []string{"Range: bytes=0-1"}, errcode.InvalidRequest},
		{"/b/k?versionId=", nil, errcode.InvalidArgument},
		{"/b/k?response-content-type=a%0Ab", nil, errcode.InvalidArgument},
		{"/b/k", []string{"x-amz-checksum-mode: on"}, errcode.InvalidRequest},
		{"/b/" + strings.Repeat("k", 1025), nil, errcode.KeyTooLong},
		{"/b/" + strings.Repeat("%C3%A9", 513), nil, errcode.KeyTooLong},
	} {
		do(t, srv, "GET", c.target, "", c.headers...).wantError(t, 400, c.code)
	}
	if len(f.calls) != 0 {
		t.Errorf("got calls %v, want none", f.calls)
	}
}

func TestResponseOverrides(t *testing.T) {
	f := &fake{body: "hello", get: object.GetResult{Version: stored(), Length: 5}}
	srv := newTest(t, f)
	const query = "?response-content-type=a/b&response-cache-control=c&response-content-disposition=attachment%3B%20x&" +
		"response-content-encoding=e&response-content-language=l&response-expires=never"
	for _, method := range []string{"GET", "HEAD"} {
		h := do(t, srv, method, "/b/k"+query, "").header
		for name, want := range map[string]string{"Content-Type": "a/b", "Cache-Control": "c", "Content-Disposition": "attachment; x",
			"Content-Encoding": "e", "Content-Language": "l", "Expires": "never"} {
			if h.Get(name) != want {
				t.Errorf("%s %s: got %q, want %q", method, name, h.Get(name), want)
			}
		}
	}
	send(t, srv, "GET", "/b/k"+query, "").wantError(t, 400, errcode.InvalidRequest)
}

// broken fails in the middle of an object.
type broken struct{ data io.Reader }

func (b broken) Read(p []byte) (int, error) {
	n, err := b.data.Read(p)
	if err == io.EOF {
		err = errors.New("blob is gone")
	}
	return n, err
}
func (broken) Close() error { return nil }

func TestGetOfAnUnreadableObject(t *testing.T) {
	f := &fake{reader: broken{strings.NewReader("")}, get: object.GetResult{Version: stored(), Length: 5}}
	srv := newTest(t, f)
	do(t, srv, "GET", "/b/k", "").wantError(t, 500, errcode.InternalError)

	// Once the header is out, only the connection's end can tell.
	size := int64(3 * largeBlock)
	f.reader = broken{strings.NewReader(strings.Repeat("x", largeBlock+10))}
	f.get.Length, f.get.Version.Size = size, size
	c := dial(t, srv)
	io.WriteString(c, "GET /b/k HTTP/1.1\r\nHost: x\r\nUser: "+owner+"\r\n\r\n")
	res, err := http.ReadResponse(c.r, nil)
	if err != nil || res.StatusCode != 200 || res.ContentLength != size {
		t.Fatalf("got %v %v", res, err)
	}
	defer res.Body.Close()
	if n, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Errorf("got %d of %d bytes and a clean end, want an error", n, size)
	}
}

func TestGetLargeObject(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", 50_000)
	f := &fake{body: body, get: object.GetResult{Version: object.Version{Size: int64(len(body))}, Length: int64(len(body))}}
	if got := do(t, newTest(t, f), "GET", "/b/k", ""); got.body != body {
		t.Errorf("got %d bytes, want %d", len(got.body), len(body))
	}
}

func TestPutObject(t *testing.T) {
	f := &fake{put: object.PutResult{ShowVersion: true, Version: object.Version{ID: "v9", ETag: "e1",
		Checksum: object.Checksum{Algorithm: "SHA1", Type: "FULL_OBJECT", Value: "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}}}}
	srv := newTest(t, f)
	got := do(t, srv, "PUT", "/b/k", "hello",
		"Content-Type: text/plain", "Cache-Control: a", "Cache-Control: b", "Content-Encoding: aws-chunked, gzip",
		"Expires: never", "X-Amz-Meta-Color: red", "x-amz-meta-color: blue", "x-amz-meta-name: =?UTF-8?Q?Zo=C3=AB?=",
		"x-amz-meta-raw: Zoë", "x-amz-storage-class: GLACIER_IR", "x-amz-website-redirect-location: https://x/",
		"x-amz-tagging: a=1&b%20c=d+e&f", "x-amz-acl: bucket-owner-full-control", "x-amz-checksum-sha1: AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"x-amz-sdk-checksum-algorithm: SHA1", "Content-MD5: XUFAKrxLKna5cZ2REBfFkg==", "If-Match: \"x\"")
	if got.status != 200 || got.header.Get("ETag") != `"e1"` || got.header.Get("x-amz-version-id") != "v9" ||
		got.header.Get("x-amz-checksum-sha1") == "" || got.header.Get("x-amz-checksum-type") != "FULL_OBJECT" || got.header.Get("Content-Length") != "0" {
		t.Fatalf("got %+v", got)
	}
	c := f.only(t, "Put")
	in := c.in.(object.PutInput)
	if c.body != "hello" || in.Body.Size != 5 || len(in.Body.MD5) != 16 || in.Body.SHA256 != nil || in.Body.Trailer != nil {
		t.Errorf("got body %q %+v", c.body, in.Body)
	}
	if d := cmp.Diff(object.Checksum{Algorithm: "SHA1", Value: "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}, in.Body.Checksum); d != "" {
		t.Error(d)
	}
	want := object.Attributes{
		ContentType: "text/plain", CacheControl: "a,b", ContentEncoding: "gzip", Expires: "never",
		Metadata:     map[string]string{"color": "red,blue", "name": "Zoë", "raw": "Zoë"},
		StorageClass: "GLACIER_IR", Redirect: "https://x/",
		Tags: []object.Tag{{Key: "a", Value: "1"}, {Key: "b c", Value: "d e"}, {Key: "f"}},
	}
	if d := cmp.Diff(want, in.Attributes); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if in.Condition.IfMatch != `"x"` {
		t.Errorf("got %+v", in.Condition)
	}
}

func TestPutRefusals(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	meta := func(n int) string { return "x-amz-meta-k: " + strings.Repeat("v", n-1) }
	for _, c := range []struct {
		header string
		status int
		code   errcode.Code
	}{
		{meta(2049), 400, errcode.MetadataTooLarge},
		{"x-amz-meta-a: \xff", 400, errcode.InvalidArgument},
		{"x-amz-meta-: v", 400, errcode.InvalidArgument},
		{"x-amz-storage-class: COLD", 400, errcode.InvalidStorageClass},
		{"x-amz-storage-class: DEEP_ARCHIVE", 501, errcode.NotImplemented},
		{"x-amz-website-redirect-location: ftp://x", 400, errcode.InvalidRedirectLocation},
		{"x-amz-tagging: a=%zz", 400, errcode.InvalidArgument},
		{"x-amz-tagging: a=1&a=2", 400, errcode.InvalidArgument},
		{"x-amz-tagging: aws:a=1", 400, errcode.InvalidTag},
		{"x-amz-acl: everybody", 400, errcode.InvalidArgument},
		{"x-amz-grant-read: x", 400, errcode.InvalidArgument},
		{"x-amz-grant-delete: id=x", 400, errcode.InvalidArgument},
		{"Content-MD5: AAAA", 400, errcode.InvalidDigest},
		{"Content-MD5: !", 400, errcode.InvalidDigest},
		{"x-amz-checksum-crc32: AAAA", 400, errcode.InvalidRequest},
		{"x-amz-checksum-crc32: ????????", 400, errcode.InvalidRequest},
		{"x-amz-checksum-crc32: AAAAAA==-2", 400, errcode.InvalidRequest},
		{"x-amz-checksum-md5: XUFAKrxLKna5cZ2REBfF", 400, errcode.InvalidRequest},
		{"x-amz-checksum-xxhash3: AAAAAA==", 400, errcode.InvalidRequest},
		{"x-amz-checksum-xxhash32: AAAAAA==", 400, errcode.InvalidRequest},
		{"x-amz-sdk-checksum-algorithm: CRC32", 400, errcode.InvalidRequest},
		{"x-amz-sdk-checksum-algorithm: MD4", 400, errcode.InvalidRequest},
		{"x-amz-trailer: x-amz-checksum-crc32", 400, errcode.InvalidRequest},
		{"x-amz-server-side-encryption: AES128", 400, errcode.InvalidArgument},
		{"x-amz-server-side-encryption: aws:kms:dsse", 501, errcode.NotImplemented},
		{"x-amz-server-side-encryption-aws-kms-key-id: k", 400, errcode.InvalidArgument},
		{"x-amz-server-side-encryption-context: e30=", 400, errcode.InvalidArgument},
		{"x-amz-server-side-encryption-bucket-key-enabled: perhaps", 400, errcode.InvalidArgument},
		{"x-amz-server-side-encryption-later: x", 501, errcode.NotImplemented},
		{"x-amz-server-side-encryption-customer-algorithm: AES256", 400, errcode.InvalidRequest}, // not over plain HTTP
		{"x-amz-object-lock-mode: GOVERNANCE", 400, errcode.InvalidArgument},
		{"x-amz-object-lock-retain-until-date: 2100-01-01T00:00:00Z", 400, errcode.InvalidArgument},
		{"x-amz-object-lock-legal-hold: on", 400, errcode.InvalidArgument},
		{"x-amz-object-lock-event-hold: ON", 501, errcode.NotImplemented},
		{"x-amz-write-offset-bytes: 0", 501, errcode.NotImplemented},
		{"Content-Range: bytes 0-4/10", 501, errcode.NotImplemented},
		{"Content-Length: 5368709121", 400, errcode.EntityTooLarge},
		{"Transfer-Encoding: chunked", 411, errcode.MissingContentLength},
		{"x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER", 411, errcode.MissingContentLength},
	} {
		body := "hello"
		if strings.HasPrefix(c.header, "Transfer-Encoding") {
			body = "5\r\nhello\r\n0\r\n\r\n"
		}
		got := do(t, srv, "PUT", "/b/k", body, c.header)
		if got.status != c.status || got.code() != string(c.code) {
			t.Errorf("%s: got %d %s, want %d %s", c.header, got.status, got.code(), c.status, c.code)
		}
	}
	if len(f.calls) != 0 {
		t.Errorf("got calls %v, want none", f.calls)
	}
	for _, header := range []string{meta(2048), "x-amz-acl: private", "x-amz-grant-full-control: id=\"" + owner + "\"",
		"x-amz-bypass-governance-retention: true", "x-amz-bucket-object-lock-enabled: false"} {
		if got := do(t, srv, "PUT", "/b/k", "", header); got.status != 200 {
			t.Errorf("%.60s: got %d %s, want 200", header, got.status, got.code())
		}
	}
}

func TestTwoChecksums(t *testing.T) {
	srv := newTest(t, &fake{})
	do(t, srv, "PUT", "/b/k", "", "x-amz-checksum-crc32: AAAAAA==", "x-amz-checksum-crc32c: AAAAAA==").
		wantError(t, 400, errcode.InvalidRequest)
	do(t, srv, "PUT", "/b/k", "", "x-amz-checksum-crc32: AAAAAA==", "x-amz-checksum-crc32: AAAAAA==").
		wantError(t, 400, errcode.InvalidRequest)
}

func TestMissingContentLength(t *testing.T) {
	srv := newTest(t, &fake{})
	got := wire(t, srv, "PUT", "PUT /b/k HTTP/1.1\r\nHost: x\r\nUser: "+owner+"\r\n\r\n")
	got.wantError(t, 411, errcode.MissingContentLength)
}

// A signer may move x-amz-* headers into the query of a presigned request;
// there they count as much.
func TestHoistedHeaders(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	do(t, srv, "PUT", "/b/k?X-Amz-Signature=s&x-amz-storage-class=STANDARD_IA&X-Amz-Meta-A=b", "")
	want := object.Attributes{StorageClass: "STANDARD_IA", Metadata: map[string]string{"a": "b"}}
	if d := cmp.Diff(want, f.only(t, "Put").in.(object.PutInput).Attributes); d != "" {
		t.Error(d)
	}
	do(t, srv, "PUT", "/b/k?X-Amz-Signature=s&x-amz-server-side-encryption=AES128", "").wantError(t, 400, errcode.InvalidArgument)
	// Without a signature in the query they are the client's own parameters.
	do(t, srv, "PUT", "/b/k?x-amz-storage-class=STANDARD_IA", "")
	if in := f.calls[1].in.(object.PutInput); in.Attributes.StorageClass != "" {
		t.Errorf("got %+v", in.Attributes)
	}
}

// The SDK for JavaScript, version 2, moves some other headers too. S3 goes by
// the headers that come; a digest is checked nevertheless.
func TestMovedHeaders(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	got := do(t, srv, "PUT", "/b/k?X-Amz-Signature=s&Content-Type=text%2Fx&Cache-Control=no-store", "", "Content-Type: text/y")
	if a := f.only(t, "Put").in.(object.PutInput).Attributes; got.status != 200 || a.ContentType != "text/y" || a.CacheControl != "" {
		t.Errorf("got %d, %+v", got.status, a)
	}
	do(t, srv, "PUT", "/b/k?X-Amz-Signature=s&Content-MD5=x", "").wantError(t, 400, errcode.InvalidDigest)
	do(t, srv, "PUT", "/b/k?Content-Type=text%2Fx", "").wantError(t, 501, errcode.NotImplemented)
}

func TestDeleteObject(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	got := do(t, srv, "DELETE", "/b/k?versionId=v1", "", `If-Match: "e"`)
	if got.status != 204 || got.body != "" || got.header.Get("x-amz-version-id") != "" || got.header.Get("x-amz-delete-marker") != "" {
		t.Errorf("got %+v", got)
	}
	want := object.DeleteInput{Caller: object.Caller{Account: owner, Name: "Ada"}, Bucket: "b", Key: "k", VersionID: "v1", IfMatch: `"e"`}
	if d := cmp.Diff(want, f.only(t, "Delete").in, factless); d != "" {
		t.Error(d)
	}
	f.deleted = object.DeleteResult{VersionID: "m1", DeleteMarker: true}
	got = do(t, srv, "DELETE", "/b/k", "")
	if got.header.Get("x-amz-version-id") != "m1" || got.header.Get("x-amz-delete-marker") != "true" {
		t.Errorf("got %+v", got.header)
	}
	for _, h := range []string{"x-amz-if-match-size: 5", "x-amz-if-match-last-modified-time: Wed, 04 Mar 2026 12:30:45 GMT", "x-amz-mfa: 1 2"} {
		do(t, srv, "DELETE", "/b/k", "", h).wantError(t, 501, errcode.NotImplemented)
	}
}

func TestGetObjectAttributes(t *testing.T) {
	v := stored()
	v.StorageClass = ""
	v.Parts = []object.PartInfo{{Number: 1, Size: 3, Checksum: object.Checksum{Algorithm: "CRC32", Value: "AAAAAA=="}},
		{Number: 4, Size: 1, Checksum: object.Checksum{Algorithm: "CRC32", Value: "AAAAAQ=="}}, {Number: 9, Size: 1}}
	f := &fake{get: object.GetResult{Version: v, ShowVersion: true}}
	srv := newTest(t, f)
	got := do(t, srv, "GET", "/b/k?attributes", "", "x-amz-object-attributes: ETag, ObjectSize,Checksum",
		"x-amz-object-attributes: ObjectParts,StorageClass", "x-amz-max-parts: 1", "x-amz-part-number-marker: 1")
	want := declaration + `<GetObjectAttributesResponse xmlns="` + namespace + `"><ETag>abc</ETag>` +
		`<Checksum><ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType></Checksum>` +
		`<ObjectParts><PartsCount>3</PartsCount><PartNumberMarker>1</PartNumberMarker><NextPartNumberMarker>4</NextPartNumberMarker>` +
		`<MaxParts>1</MaxParts><IsTruncated>true</IsTruncated><Part><PartNumber>4</PartNumber><Size>1</Size><ChecksumCRC32>AAAAAQ==</ChecksumCRC32></Part></ObjectParts>` +
		`<StorageClass>STANDARD</StorageClass><ObjectSize>5</ObjectSize></GetObjectAttributesResponse>`
	if d := cmp.Diff(want, got.body); d != "" || got.status != 200 || got.header.Get("x-amz-version-id") != "v1" {
		t.Errorf("got %d %v (-want +got)\n%s", got.status, got.header, d)
	}
	if !f.only(t, "Head").in.(object.GetInput).WithParts {
		t.Error("the parts were not asked for")
	}
	if got := do(t, srv, "GET", "/b/k?attributes", "", "x-amz-object-attributes: ETag").body; strings.Contains(got, "ObjectParts") {
		t.Errorf("got %s", got)
	}
	do(t, srv, "GET", "/b/k?attributes", "").wantError(t, 400, errcode.InvalidRequest)
	do(t, srv, "GET", "/b/k?attributes", "", "x-amz-object-attributes: Owner").wantError(t, 400, errcode.InvalidArgument)
	do(t, srv, "GET", "/b/k?attributes", "", "x-amz-object-attributes: ETag", "x-amz-max-parts: -1").wantError(t, 400, errcode.InvalidArgument)
}

func TestSlowMetadataIsCutOff(t *testing.T) {
	f := &fake{}
	f.hook = func(ctx context.Context) {
		<-ctx.Done()
		f.err = ctx.Err()
	}
	srv := newTest(t, f, func(c *Config) { c.Limits.Metadata = time.Millisecond })
	do(t, srv, "GET", "/b?list-type=2", "").wantError(t, 503, errcode.ServiceUnavailable)
}
