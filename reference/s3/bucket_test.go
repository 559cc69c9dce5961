package s3

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/acl"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

func TestBucketNames(t *testing.T) {
	for _, name := range []string{"abc", strings.Repeat("a", 63), "a.b-c", "1.2.3", "1.2.3.4.5", "a1.2.3.4", "aws-x", "xn-x"} {
		if !validBucketName(name) {
			t.Errorf("%s: got invalid", name)
		}
	}
	for _, name := range []string{"", "ab", strings.Repeat("a", 64), "Abc", "a_b", "a..b", "-ab", "ab-", ".ab", "ab.", "a b", "é12",
		"192.168.5.4", "999.0.0.1", "xn--abc", "sthree-abc", "amzn-s3-demo-x", "x-s3alias", "x--ol-s3", "x.mrap", "x--x-s3", "x--table-s3", "x-an"} {
		if validBucketName(name) {
			t.Errorf("%s: got valid", name)
		}
	}
}

func TestCheckLocation(t *testing.T) {
	for _, c := range []struct {
		region, constraint string
		want               errcode.Code
	}{
		{"us-east-1", "", ""},
		{"us-east-1", "us-east-1", errcode.InvalidLocationConstraint},
		{"us-east-1", "eu-west-1", errcode.IllegalLocationConstraint},
		{"us-east-1", "mars-north-1", errcode.InvalidLocationConstraint},
		{"eu-west-1", "eu-west-1", ""},
		{"eu-west-1", "EU", ""},
		{"eu-central-1", "EU", errcode.IllegalLocationConstraint},
		{"eu-west-1", "", errcode.IllegalLocationConstraint},
		{"eu-west-1", "us-east-1", errcode.InvalidLocationConstraint},
		{"cellar", "cellar", ""},
	} {
		if got := errcode.Of(checkLocation(c.region, c.constraint)); got != c.want {
			t.Errorf("%s in %s: got %q, want %q", c.constraint, c.region, got, c.want)
		}
	}
}

func TestCreateBucket(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	got := do(t, srv, "PUT", "/my-bucket", "", "x-amz-object-ownership: ObjectWriter", "x-amz-acl: public-read")
	if got.status != 200 || got.header.Get("Location") != "/my-bucket" || got.body != "" {
		t.Fatalf("got %+v", got)
	}
	want := object.CreateBucketInput{Caller: object.Caller{Account: owner, Name: "Ada"}, Name: "my-bucket", Region: "us-east-1",
		Ownership: object.ObjectWriter, ACL: &acl.Spec{Canned: "public-read"}}
	if d := cmp.Diff(want, f.only(t, "CreateBucket").in, factless); d != "" {
		t.Error(d)
	}
	do(t, srv, "PUT", "/my-bucket", `<CreateBucketConfiguration><Tags><Tag><Key>a</Key><Value/></Tag></Tags></CreateBucketConfiguration>`)
	if tags := f.calls[1].in.(object.CreateBucketInput).Tags; len(tags) != 1 || tags[0].Key != "a" {
		t.Errorf("got %+v", tags)
	}
}

func TestCreateBucketRefusals(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	for _, c := range []struct {
		body, header string
		status       int
		code         errcode.Code
	}{
		{`<CreateBucketConfiguration><LocationConstraint>us-east-1</LocationConstraint></CreateBucketConfiguration>`, "", 400, errcode.InvalidLocationConstraint},
		{`<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>`, "", 400, errcode.IllegalLocationConstraint},
		{`<CreateBucketConfiguration><LocationConstraint>a</LocationConstraint><LocationConstraint>b</LocationConstraint></CreateBucketConfiguration>`, "", 400, errcode.MalformedXML},
		{`<CreateBucketConfiguration><Region>a</Region></CreateBucketConfiguration>`, "", 400, errcode.MalformedXML},
		{`<CreateBucketConfiguration>`, "", 400, errcode.MalformedXML},
		{`<CreateBucketConfiguration><Bucket><Type>Directory</Type></Bucket></CreateBucketConfiguration>`, "", 501, errcode.NotImplemented},
		{`<CreateBucketConfiguration><Tags><Tag><Key>aws:x</Key><Value/></Tag></Tags></CreateBucketConfiguration>`, "", 400, errcode.InvalidTag},
		{"", "x-amz-object-ownership: Nobody", 400, errcode.InvalidArgument},
		{"", "x-amz-acl: everybody", 400, errcode.InvalidArgument},
		{"", "x-amz-bucket-object-lock-enabled: yes", 400, errcode.InvalidArgument},
		{"", "x-amz-bucket-namespace: account-regional", 501, errcode.NotImplemented},
	} {
		header := c.header
		if header == "" {
			header = "A: b"
		}
		do(t, srv, "PUT", "/my-bucket", c.body, header).wantError(t, c.status, c.code)
	}
	do(t, srv, "PUT", "/Bad_Name", "").wantError(t, 400, errcode.InvalidBucketName)
	if len(f.calls) != 0 {
		t.Errorf("got calls %v, want none", f.calls)
	}
}

func TestOpsOnTheSameListener(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f, func(c *Config) {
		c.Ops = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("ops " + r.URL.Path)) })
	})
	if got := send(t, srv, "GET", "/metrics", ""); got.body != "ops /metrics" {
		t.Errorf("got %+v", got)
	}
	do(t, srv, "PUT", "/metrics/", "").wantError(t, 400, errcode.InvalidBucketName)
	if got := do(t, newTest(t, f), "PUT", "/metrics", ""); got.status != 200 {
		t.Errorf("without ops: got %d, want a bucket of that name", got.status)
	}
}

func TestBucketReads(t *testing.T) {
	f := &fake{bucket: object.Bucket{Name: "b", Region: "us-east-1", Owner: owner, Created: noon}}
	srv := newTest(t, f)
	head := do(t, srv, "HEAD", "/b", "")
	if head.status != 200 || head.body != "" || head.header.Get("x-amz-bucket-region") != "us-east-1" {
		t.Errorf("got %+v", head)
	}
	for target, want := range map[string]string{
		"/b?location":   `<LocationConstraint xmlns="` + namespace + `"></LocationConstraint>`,
		"/b?versioning": `<VersioningConfiguration xmlns="` + namespace + `"></VersioningConfiguration>`,
	} {
		if got := do(t, srv, "GET", target, ""); got.status != 200 || got.body != declaration+want {
			t.Errorf("%s: got %d %s", target, got.status, got.body)
		}
	}
	do(t, srv, "GET", "/b?tagging", "").wantError(t, 404, errcode.NoSuchTagSet)
	f.bucket.Region, f.bucket.Versioning, f.bucket.Tags = "eu-west-1", object.VersioningSuspended, []object.Tag{{Key: "k", Value: "<"}}
	for target, want := range map[string]string{
		"/b?location": ">eu-west-1<", "/b?versioning": "<Status>Suspended</Status>",
		"/b?tagging": "<TagSet><Tag><Key>k</Key><Value>&lt;</Value></Tag></TagSet>",
	} {
		if got := do(t, srv, "GET", target, ""); got.status != 200 || !strings.Contains(got.body, want) {
			t.Errorf("%s: got %d %s", target, got.status, got.body)
		}
	}
	if got := do(t, srv, "DELETE", "/b", ""); got.status != 204 {
		t.Errorf("got %+v", got)
	}
}

func TestPutVersioning(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	put := func(body string) reply { return doXML(t, srv, "PUT", "/b?versioning", body) }
	if got := put(`<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Disabled</MfaDelete></VersioningConfiguration>`); got.status != 200 {
		t.Fatalf("got %+v", got)
	}
	if f.only(t, "SetVersioning").in != object.VersioningEnabled {
		t.Errorf("got %v", f.calls)
	}
	for body, want := range map[string]errcode.Code{
		`<VersioningConfiguration><Status>enabled</Status></VersioningConfiguration>`:                             errcode.MalformedXML,
		`<VersioningConfiguration><Status></Status></VersioningConfiguration>`:                                    errcode.MalformedXML,
		`<VersioningConfiguration><Status>Enabled</Status><Status>Suspended</Status></VersioningConfiguration>`:   errcode.MalformedXML,
		`<VersioningConfiguration><MfaDelete>Maybe</MfaDelete><Status>Enabled</Status></VersioningConfiguration>`: errcode.MalformedXML,
		`<VersioningConfiguration><Other/></VersioningConfiguration>`:                                             errcode.MalformedXML,
		`<VersioningConfiguration/>`: errcode.IllegalVersioningConfiguration,
		"":                           errcode.MissingRequestBody,
	} {
		put(body).wantError(t, 400, want)
	}
	put(`<VersioningConfiguration><MfaDelete>Enabled</MfaDelete><Status>Enabled</Status></VersioningConfiguration>`).wantError(t, 501, errcode.NotImplemented)
	do(t, srv, "PUT", "/b?versioning", `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`).
		wantError(t, 400, errcode.InvalidRequest)
	if len(f.calls) != 1 {
		t.Errorf("got calls %v, want one", f.calls)
	}
}

func TestExpectedBucketOwner(t *testing.T) {
	f := &fake{bucket: object.Bucket{Owner: "canonical"}, get: object.GetResult{Version: object.Version{}}}
	srv := newTest(t, f)
	id := AccountID("canonical")
	if !isAccountID(id) || AccountID(owner) != owner {
		t.Fatalf("got account ids %s, %s", id, AccountID(owner))
	}
	for _, c := range []struct{ method, target string }{
		{"GET", "/b"}, {"HEAD", "/b/k"}, {"PUT", "/b/k"}, {"DELETE", "/b/k"}, {"GET", "/b?versioning"}, {"POST", "/b/k?uploads"}, {"GET", "/b/k?tagging"},
	} {
		if got := do(t, srv, c.method, c.target, "", "x-amz-expected-bucket-owner: "+id); got.status >= 300 {
			t.Errorf("%s %s: got %d, want success", c.method, c.target, got.status)
		}
		for header, want := range map[string]int{"000000000000": 403, "me": 400} {
			f.calls = nil
			if got := do(t, srv, c.method, c.target, "", "x-amz-expected-bucket-owner: "+header); got.status != want {
				t.Errorf("%s %s as %s: got %d, want %d", c.method, c.target, header, got.status, want)
			}
			if n := len(f.calls); n > 1 || n == 1 && f.calls[0].method != "Find" {
				t.Errorf("%s %s: the domain was asked: %v", c.method, c.target, f.calls)
			}
		}
	}
}

func TestListBuckets(t *testing.T) {
	f := &fake{buckets: object.ListBucketsResult{Buckets: []object.Bucket{{Name: "b1", Created: noon, Region: "us-east-1"}}, Next: "b1"}}
	srv := newTest(t, f)
	got := do(t, srv, "GET", "/?prefix=b&bucket-region=us-east-1&max-buckets=1", "")
	token := newToken("b1", false)
	want := declaration + `<ListAllMyBucketsResult xmlns="` + namespace + `"><Owner><ID>` + owner + `</ID><DisplayName>Ada</DisplayName></Owner>` +
		`<Buckets><Bucket><Name>b1</Name><CreationDate>2026-03-04T12:30:45.678Z</CreationDate><BucketRegion>us-east-1</BucketRegion><BucketArn>arn:aws:s3:::b1</BucketArn></Bucket></Buckets>` +
		`<Prefix>b</Prefix><ContinuationToken>` + token + `</ContinuationToken></ListAllMyBucketsResult>`
	if d := cmp.Diff(want, got.body); d != "" {
		t.Error(d)
	}
	f.buckets = object.ListBucketsResult{}
	if got := do(t, srv, "GET", "/?continuation-token="+token, ""); strings.Contains(got.body, "ContinuationToken") {
		t.Errorf("got %s", got.body)
	}
	in := f.calls[1].in.(object.ListBucketsInput)
	if in.After != "b1" || in.Max != 10_000 || f.calls[0].in.(object.ListBucketsInput).Max != 1 {
		t.Errorf("got %+v", f.calls)
	}
	for _, v := range []string{"0", "-1", "10001", "abc", ""} {
		do(t, srv, "GET", "/?max-buckets="+v, "").wantError(t, 400, errcode.InvalidArgument)
	}
	do(t, srv, "GET", "/?continuation-token=x", "").wantError(t, 400, errcode.InvalidArgument)
}

// doXML is do with the checksum that documents need.
func doXML(t *testing.T, srv *httptest.Server, method, target, body string, headers ...string) reply {
	t.Helper()
	return do(t, srv, method, target, body, append(headers, crcHeader(body))...)
}
