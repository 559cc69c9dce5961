package s3

import (
	"crypto/md5"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
	"bleepstore/reference/lifecycle"
	"bleepstore/reference/meta"
	"bleepstore/reference/object"
)

const everyElement = `<Rule><ID>a &amp; b</ID><Filter><And><Prefix>p/</Prefix><Tag><Key>x</Key><Value>1</Value></Tag><Tag><Key>y</Key><Value></Value></Tag>` +
	`<ObjectSizeGreaterThan>0</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter><Status>Enabled</Status>` +
	`<Expiration><Date>2031-02-03T00:00:00.000Z</Date></Expiration><Transition><Date>2031-02-02T00:00:00.000Z</Date><StorageClass>GLACIER_IR</StorageClass></Transition>` +
	`<NoncurrentVersionTransition><NoncurrentDays>30</NoncurrentDays><NewerNoncurrentVersions>2</NewerNoncurrentVersions><StorageClass>STANDARD_IA</StorageClass></NoncurrentVersionTransition>` +
	`<NoncurrentVersionExpiration><NoncurrentDays>40</NoncurrentDays><NewerNoncurrentVersions>3</NewerNoncurrentVersions></NoncurrentVersionExpiration></Rule>` +
	`<Rule><ID>old</ID><Prefix></Prefix><Status>Disabled</Status><Expiration><ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker></Expiration><Transition><Days>0</Days><StorageClass>GLACIER_IR</StorageClass></Transition>` +
	`<AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>`

func lifecycleDocument(rules string) string {
	return `<LifecycleConfiguration xmlns="` + namespace + `">` + rules + `</LifecycleConfiguration>`
}

// A document comes back as it was put, and what is kept of it too.
func TestLifecycleRoundTrip(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	body := lifecycleDocument(everyElement)
	got := do(t, srv, "PUT", "/bucket?lifecycle", body, contentMD5(body))
	if got.status != 200 || got.header.Get(hMinimumSize) != lifecycle.All128K {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	c, ok := f.calls[len(f.calls)-1].in.(*lifecycle.Configuration)
	if !ok {
		t.Fatalf("calls %+v", f.calls)
	}
	kept, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	f.bucket = object.Bucket{Settings: meta.Settings{meta.Lifecycle: kept}}
	got = do(t, srv, "GET", "/bucket?lifecycle&withUpdatedAt=true", "") // minio-go's parameter
	if d := cmp.Diff(declaration+body, got.body); d != "" || got.header.Get(hMinimumSize) != lifecycle.All128K {
		t.Errorf("%s (-want +got):\n%s", got.header.Get(hMinimumSize), d)
	}
	if got := do(t, srv, "DELETE", "/bucket?lifecycle", ""); got.status != 204 || f.calls[len(f.calls)-1].in != (*lifecycle.Configuration)(nil) {
		t.Errorf("DELETE: got %d, calls %+v", got.status, f.calls)
	}
	f.bucket = object.Bucket{}
	do(t, srv, "GET", "/bucket?lifecycle", "").wantError(t, 404, errcode.NoSuchLifecycleConfiguration)
}

func TestLifecycleRefusals(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	const filter, end = "<Rule><Filter/><Status>Enabled</Status>", "</Rule>"
	for rules, want := range map[string]errcode.Code{
		"": errcode.MalformedXML,
		filter + "<Expiration><Days>1</Days><Days>2</Days></Expiration>" + end:                                                                errcode.MalformedXML,
		filter + "<Expiration><Days>1</Days></Expiration><Expiration><Days>1</Days></Expiration>" + end:                                       errcode.MalformedXML,
		filter + "<Expiration><Days>2147483648</Days></Expiration>" + end:                                                                     errcode.MalformedXML,
		filter + "<Expiration><ExpiredObjectDeleteMarker>yes</ExpiredObjectDeleteMarker></Expiration>" + end:                                  errcode.MalformedXML,
		filter + "<NoncurrentVersionExpiration/>" + end:                                                                                       errcode.MalformedXML,
		filter + "<AbortIncompleteMultipartUpload/>" + end:                                                                                    errcode.MalformedXML,
		filter + "<Transition><StorageClass>GLACIER_IR</StorageClass></Transition>" + end:                                                     errcode.MalformedXML,
		filter + "<NoncurrentVersionTransition><StorageClass>GLACIER_IR</StorageClass></NoncurrentVersionTransition>" + end:                   errcode.MalformedXML,
		filter + "<Expiration><Days>0</Days></Expiration>" + end:                                                                              errcode.InvalidArgument,
		"<Rule><Filter><And/><Prefix>p</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration>" + end:                errcode.MalformedXML,
		"<Rule><Filter><Tag><Key>a</Key><Worth>1</Worth></Tag></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration>" + end: errcode.MalformedXML,
	} {
		body := lifecycleDocument(rules)
		do(t, srv, "PUT", "/bucket?lifecycle", body, contentMD5(body)).wantError(t, 400, want)
	}
	for _, kind := range []string{"<Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>",
		"<NoncurrentVersionTransition><NoncurrentDays>1</NoncurrentDays><StorageClass>DEEP_ARCHIVE</StorageClass></NoncurrentVersionTransition>"} {
		body := lifecycleDocument(filter + kind + end)
		do(t, srv, "PUT", "/bucket?lifecycle", body, contentMD5(body)).wantError(t, 501, errcode.NotImplemented)
	}
	for _, c := range f.calls {
		if c.method == "SetLifecycle" {
			t.Errorf("%+v reached the domain", c)
		}
	}
}

func TestExpirationHeader(t *testing.T) {
	at := time.Date(2031, 2, 3, 0, 0, 0, 0, time.UTC)
	f := &fake{put: object.PutResult{Expiry: &lifecycle.Expiry{At: at, Rule: `a b/"ü`}}}
	got := do(t, newTest(t, f), "PUT", "/bucket/k", "v")
	want := `expiry-date="Mon, 03 Feb 2031 00:00:00 GMT", rule-id="a%20b%2F%22%C3%BC"`
	if h := got.header.Get("x-amz-expiration"); h != want {
		t.Errorf("got %s, want %s", h, want)
	}
	if got := do(t, newTest(t, &fake{}), "PUT", "/bucket/k", "v"); strings.Contains(strings.ToLower(got.body), "expir") || got.header.Get("x-amz-expiration") != "" {
		t.Errorf("without a rule: %v", got.header)
	}
}

// contentMD5 is the header that configurations need.
func contentMD5(body string) string {
	sum := md5.Sum([]byte(body))
	return "Content-MD5: " + base64.StdEncoding.EncodeToString(sum[:])
}
