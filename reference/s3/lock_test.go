package s3

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
	"bleepstore/reference/object"
)

func (f *fake) SetObjectLock(ctx context.Context, who object.Caller, bucket string, c object.LockConfig) error {
	f.note(ctx, "SetObjectLock", c)
	return f.err
}
func (f *fake) Retention(ctx context.Context, in object.LockInput) (*object.Lock, error) {
	f.note(ctx, "Retention", in)
	return f.get.Version.Lock, f.err
}
func (f *fake) LegalHold(ctx context.Context, in object.LockInput) (*object.Lock, error) {
	f.note(ctx, "LegalHold", in)
	return f.get.Version.Lock, f.err
}
func (f *fake) SetRetention(ctx context.Context, in object.LockInput, mode object.LockMode, until time.Time) error {
	f.note(ctx, "SetRetention", object.Lock{Mode: mode, Until: until})
	return f.err
}
func (f *fake) SetLegalHold(ctx context.Context, in object.LockInput, h object.Hold) error {
	f.note(ctx, "SetLegalHold", h)
	return f.err
}

var lockUntil = time.Date(2100, 1, 2, 3, 4, 5, 0, time.UTC)

// digested is a request with the digest that it has to have.
func digested(t *testing.T, srv *httptest.Server, target, body string) reply {
	t.Helper()
	return do(t, srv, "PUT", target, body, crcHeader(body))
}

func TestPutObjectLock(t *testing.T) {
	const open, shut = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>", "</ObjectLockConfiguration>"
	rule := func(inner string) string {
		return open + "<Rule><DefaultRetention>" + inner + "</DefaultRetention></Rule>" + shut
	}
	for body, want := range map[string]object.LockConfig{
		open + shut: {},
		rule("<Mode>GOVERNANCE</Mode><Days>1</Days>"):     {Mode: object.Governance, Days: 1},
		rule("<Years>100</Years><Mode>COMPLIANCE</Mode>"): {Mode: object.Compliance, Years: 100},
		rule("<Mode>COMPLIANCE</Mode><Days>36500</Days>"): {Mode: object.Compliance, Days: 36500},
	} {
		f := &fake{}
		if got := digested(t, newTest(t, f), "/b?object-lock", body); got.status != 200 {
			t.Fatalf("%s: got %d %s", body, got.status, got.body)
		}
		if d := cmp.Diff(want, f.only(t, "SetObjectLock").in); d != "" {
			t.Errorf("%s (-want +got):\n%s", body, d)
		}
	}
	f := &fake{}
	srv := newTest(t, f)
	for body, want := range map[string]errcode.Code{
		"":                                 errcode.MissingRequestBody,
		"<ObjectLockConfiguration>" + shut: errcode.MalformedXML,
		"<ObjectLockConfiguration><ObjectLockEnabled>Disabled</ObjectLockEnabled>" + shut: errcode.MalformedXML,
		open + "<Rule/>" + shut:                       errcode.MalformedXML,
		open + "<Rule/><Rule/>" + shut:                errcode.MalformedXML,
		open + "<Other/>" + shut:                      errcode.MalformedXML,
		rule(""):                                      errcode.MalformedXML,
		rule("<Mode>GOVERNANCE</Mode>"):               errcode.MalformedXML,
		rule("<Days>1</Days>"):                        errcode.MalformedXML,
		rule("<Mode>governance</Mode><Days>1</Days>"): errcode.MalformedXML,
		rule("<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>"): errcode.MalformedXML,
		rule("<Mode>GOVERNANCE</Mode><Days>one</Days>"):               errcode.MalformedXML,
		rule("<Mode>GOVERNANCE</Mode><Days>0</Days>"):                 errcode.InvalidArgument,
		rule("<Mode>GOVERNANCE</Mode><Years>-1</Years>"):              errcode.InvalidArgument,
		rule("<Mode>GOVERNANCE</Mode><Years>101</Years>"):             errcode.InvalidArgument,
		rule("<DefaultEventHold><Days>1</Days></DefaultEventHold>"):   errcode.NotImplemented,
	} {
		digested(t, srv, "/b?object-lock", body).wantError(t, rowOf(want).status, want)
	}
	do(t, srv, "PUT", "/b?object-lock", open+shut).wantError(t, 400, errcode.InvalidRequest)
	if len(f.calls) != 0 {
		t.Errorf("got calls %v, want none", f.calls)
	}
}

func TestGetObjectLock(t *testing.T) {
	do(t, newTest(t, &fake{}), "GET", "/b?object-lock", "").wantError(t, 404, errcode.ObjectLockConfigurationNotFound)
	for config, want := range map[string]string{
		`{}`:                              "",
		`{"Mode":"GOVERNANCE","Days":3}`:  "<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>3</Days></DefaultRetention></Rule>",
		`{"Mode":"COMPLIANCE","Years":2}`: "<Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Years>2</Years></DefaultRetention></Rule>",
	} {
		f := &fake{bucket: object.Bucket{Settings: meta.Settings{meta.ObjectLock: []byte(config)}}}
		got := do(t, newTest(t, f), "GET", "/b?object-lock", "")
		want = declaration + `<ObjectLockConfiguration xmlns="` + namespace + `"><ObjectLockEnabled>Enabled</ObjectLockEnabled>` + want + "</ObjectLockConfiguration>"
		if got.status != 200 || got.body != want {
			t.Errorf("%s: got %d %s, want %s", config, got.status, got.body, want)
		}
	}
}

func TestPutRetention(t *testing.T) {
	for body, want := range map[string]object.Lock{
		"<Retention/>": {},
		"<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2100-01-02T03:04:05Z</RetainUntilDate></Retention>":          {Mode: object.Governance, Until: lockUntil},
		"<Retention><RetainUntilDate>2100-01-02T05:04:05.000+02:00</RetainUntilDate><Mode>COMPLIANCE</Mode></Retention>": {Mode: object.Compliance, Until: lockUntil},
	} {
		f := &fake{}
		if got := digested(t, newTest(t, f), "/b/k?retention&versionId=v", body); got.status != 200 {
			t.Fatalf("%s: got %d %s", body, got.status, got.body)
		}
		if d := cmp.Diff(want, f.only(t, "SetRetention").in); d != "" {
			t.Errorf("%s (-want +got):\n%s", body, d)
		}
	}
	f := &fake{}
	srv := newTest(t, f)
	for body, want := range map[string]errcode.Code{
		"":                                errcode.MissingRequestBody,
		"<LegalHold/>":                    errcode.MalformedXML,
		"<Retention><Other/></Retention>": errcode.MalformedXML,
		"<Retention><Mode>GOVERNANCE</Mode></Retention>":                                                                 errcode.MalformedXML,
		"<Retention><RetainUntilDate>2100-01-02T03:04:05Z</RetainUntilDate></Retention>":                                 errcode.MalformedXML,
		"<Retention><Mode>X</Mode><RetainUntilDate>2100-01-02T03:04:05Z</RetainUntilDate></Retention>":                   errcode.MalformedXML,
		"<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>Sat, 02 Jan 2100 03:04:05 GMT</RetainUntilDate></Retention>": errcode.MalformedXML,
		"<Retention><EventHold>ON</EventHold></Retention>":                                                               errcode.NotImplemented,
	} {
		digested(t, srv, "/b/k?retention", body).wantError(t, rowOf(want).status, want)
	}
	do(t, srv, "PUT", "/b/k?retention", "<Retention/>").wantError(t, 400, errcode.InvalidRequest)
	for body, want := range map[string]errcode.Code{"": errcode.MissingRequestBody, "<LegalHold/>": errcode.MalformedXML, "<LegalHold><Status>on</Status></LegalHold>": errcode.MalformedXML} {
		digested(t, srv, "/b/k?legal-hold", body).wantError(t, 400, want)
	}
	if len(f.calls) != 0 {
		t.Errorf("got calls %v, want none", f.calls)
	}
	digested(t, srv, "/b/k?legal-hold", "<LegalHold><Status>ON</Status></LegalHold>")
	if got := f.only(t, "SetLegalHold").in; got != object.HoldOn {
		t.Errorf("got %v", got)
	}
}

// What a version has of a lock is in its headers and in its two documents.
func TestLockShown(t *testing.T) {
	l := &object.Lock{Mode: object.Governance, Until: lockUntil.Add(7 * time.Millisecond), Hold: object.HoldOff}
	f := &fake{get: object.GetResult{Version: object.Version{Attributes: object.Attributes{Lock: l}}}}
	srv := newTest(t, f)
	got := do(t, srv, "HEAD", "/b/k", "")
	for name, want := range map[string]string{"Mode": "GOVERNANCE", "Retain-Until-Date": "2100-01-02T03:04:05.007Z", "Legal-Hold": "OFF"} {
		if v := got.header.Get("X-Amz-Object-Lock-" + name); v != want {
			t.Errorf("%s is %q, want %q", name, v, want)
		}
	}
	for sub, want := range map[string]string{
		"retention":  "<Mode>GOVERNANCE</Mode><RetainUntilDate>2100-01-02T03:04:05.007Z</RetainUntilDate>",
		"legal-hold": "<Status>OFF</Status>",
	} {
		if got := do(t, srv, "GET", "/b/k?"+sub, ""); got.status != 200 || !strings.Contains(got.body, want) {
			t.Errorf("%s: got %d %s", sub, got.status, got.body)
		}
	}
	f.get.Version.Lock = nil
	got = do(t, srv, "HEAD", "/b/k", "")
	for name := range got.header {
		if strings.HasPrefix(name, "X-Amz-Object-Lock") {
			t.Errorf("an object without lock has %s", name)
		}
	}
}

// The headers of a lock count where they make an object, and nowhere else.
func TestLockHeaders(t *testing.T) {
	mode, until, hold := "x-amz-object-lock-mode: COMPLIANCE", "x-amz-object-lock-retain-until-date: 2100-01-02T03:04:05Z", "x-amz-object-lock-legal-hold: ON"
	want := &object.Lock{Mode: object.Compliance, Until: lockUntil, Hold: object.HoldOn}
	f := &fake{}
	srv := newTest(t, f)
	do(t, srv, "PUT", "/b/k", "x", mode, until, hold)
	do(t, srv, "PUT", "/b/k", "", mode, until, hold, "x-amz-copy-source: b/j")
	do(t, srv, "POST", "/b/k?uploads", "", mode, until, hold)
	do(t, srv, "PUT", "/b/k", "x", hold)
	var got []*object.Lock
	for _, c := range f.calls {
		switch in := c.in.(type) {
		case object.PutInput:
			got = append(got, in.Attributes.Lock)
		case object.CopyInput:
			got = append(got, in.Attributes.Lock)
		case object.CreateUploadInput:
			got = append(got, in.Attributes.Lock)
		}
	}
	if d := cmp.Diff([]*object.Lock{want, want, want, {Hold: object.HoldOn}}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	do(t, srv, "PUT", "/b/k?uploadId=u&partNumber=1", "x", mode).wantError(t, 501, errcode.NotImplemented)
	do(t, srv, "PUT", "/b/k", "x", mode, "x-amz-object-lock-retain-until-date: tomorrow").wantError(t, 400, errcode.InvalidArgument)
	do(t, srv, "PUT", "/b/k", "x", "x-amz-object-lock-mode: X", until).wantError(t, 400, errcode.InvalidArgument)
}

func TestBypassAsked(t *testing.T) {
	f := &fake{outcomes: make([]object.DeleteOutcome, 1)}
	srv := newTest(t, f)
	const many = "<Delete><Object><Key>k</Key></Object></Delete>"
	do(t, srv, http.MethodDelete, "/b/k", "", "x-amz-bypass-governance-retention: true")
	do(t, srv, http.MethodDelete, "/b/k", "", "x-amz-bypass-governance-retention: false")
	do(t, srv, "POST", "/b?delete", many, crcHeader(many), "x-amz-bypass-governance-retention: TRUE")
	var got []bool
	for _, c := range f.calls {
		switch in := c.in.(type) {
		case object.DeleteInput:
			got = append(got, in.Bypass)
		case []object.DeleteItem:
			got = append(got, in[0].Bypass)
		}
	}
	if d := cmp.Diff([]bool{true, false, true}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
