package s3

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/cors"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

// withRules gives the fake's bucket a configuration.
func withRules(t *testing.T, f *fake, rules ...cors.Rule) {
	t.Helper()
	text, err := (&cors.Configuration{Rules: rules}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	f.bucket.Settings = map[object.Setting]json.RawMessage{"cors": text}
}

var pageRule = cors.Rule{ID: "r", Methods: []string{"GET", "PUT"}, Origins: []string{"http://a.example"},
	Headers: []string{"x-amz-*"}, Expose: []string{"ETag", "x-amz-request-id"}, MaxAge: new(int32)}

func TestPutCORS(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	document := `<CORSConfiguration><CORSRule><ID>r</ID><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>` +
		`<AllowedOrigin>http://a.example</AllowedOrigin><AllowedHeader>x-amz-*</AllowedHeader>` +
		`<ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-amz-request-id</ExposeHeader><MaxAgeSeconds>0</MaxAgeSeconds></CORSRule></CORSConfiguration>`
	if got := doXML(t, srv, "PUT", "/b?cors", document); got.status != 200 {
		t.Fatalf("got %+v", got)
	}
	last := f.calls[len(f.calls)-1]
	if d := cmp.Diff(call{method: "SetCORS", in: &cors.Configuration{Rules: []cors.Rule{pageRule}}}, last, cmp.AllowUnexported(call{})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := do(t, srv, "DELETE", "/b?cors", ""); got.status != 204 {
		t.Errorf("got %+v", got)
	}
	f.calls = nil
	rule := `<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>`
	for doc, want := range map[string]errcode.Code{
		"":                     errcode.MissingRequestBody,
		`<CORSConfiguration/>`: errcode.MalformedXML,
		`<CORSConfiguration><Rule/></CORSConfiguration>`:                                                                                                            errcode.MalformedXML,
		strings.Replace(`<CORSConfiguration>@</CORSConfiguration>`, "@", strings.Repeat(rule, 101), 1):                                                              errcode.MalformedXML,
		strings.Replace(`<CORSConfiguration>@</CORSConfiguration>`, "@", strings.Replace(rule, "GET", "TRACE", 1), 1):                                               errcode.InvalidRequest,
		strings.Replace(`<CORSConfiguration>@</CORSConfiguration>`, "@", strings.Replace(rule, "</CORSRule>", "<MaxAgeSeconds>x</MaxAgeSeconds></CORSRule>", 1), 1): errcode.MalformedXML,
		strings.Replace(`<CORSConfiguration>@</CORSConfiguration>`, "@", rule+"<!--"+strings.Repeat("x", 64<<10)+"-->", 1):                                          errcode.MaxMessageLengthExceeded,
	} {
		doXML(t, srv, "PUT", "/b?cors", doc).wantError(t, 400, want)
	}
	do(t, srv, "PUT", "/b?cors", document).wantError(t, 400, errcode.InvalidRequest) // no digest
	for _, c := range f.calls {
		if c.method == "SetCORS" {
			t.Errorf("a refused configuration was set: %+v", c)
		}
	}
}

func TestGetCORS(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	do(t, srv, "GET", "/b?cors", "").wantError(t, 404, errcode.NoSuchCORSConfiguration)
	withRules(t, f, pageRule)
	want := declaration + `<CORSConfiguration xmlns="` + namespace + `"><CORSRule><ID>r</ID><AllowedHeader>x-amz-*</AllowedHeader><AllowedMethod>GET</AllowedMethod>` +
		`<AllowedMethod>PUT</AllowedMethod><AllowedOrigin>http://a.example</AllowedOrigin><ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-amz-request-id</ExposeHeader>` +
		`<MaxAgeSeconds>0</MaxAgeSeconds></CORSRule></CORSConfiguration>`
	if got := do(t, srv, "GET", "/b?cors", ""); got.status != 200 || got.body != want {
		t.Errorf("got %d %s, want %s", got.status, got.body, want)
	}
}

// granted are the headers of an answer that a browser looks at.
func granted(h http.Header) map[string]string {
	out := map[string]string{}
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") || name == "Vary" {
			out[name] = h.Get(name)
		}
	}
	return out
}

func TestPreflight(t *testing.T) {
	f := &fake{}
	srv := newTest(t, f)
	ask := func(target string, headers ...string) reply { return send(t, srv, "OPTIONS", target, "", headers...) }
	const origin, put = "Origin: http://a.example", "Access-Control-Request-Method: PUT"
	ask("/b/k", put).wantError(t, 400, errcode.BadRequest)
	ask("/b/k", origin).wantError(t, 400, errcode.BadRequest)
	ask("/b/k", origin, put).wantError(t, 403, errcode.AccessForbidden)
	withRules(t, f, pageRule)
	want := map[string]string{
		"Access-Control-Allow-Origin": "http://a.example", "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Methods": "GET, PUT",
		"Access-Control-Allow-Headers": "x-amz-date, x-amz-acl", "Access-Control-Expose-Headers": "ETag, x-amz-request-id", "Access-Control-Max-Age": "0", "Vary": corsVary}
	for _, target := range []string{"/b/k", "/b", "/b/k?uploadId=1&partNumber=2", "/b?cors", "/b/k?whatever&X-Amz-Signature=0"} {
		got := ask(target, origin, put, "Access-Control-Request-Headers: X-Amz-Date,x-amz-acl")
		if d := cmp.Diff(want, granted(got.header)); d != "" || got.status != 200 {
			t.Errorf("%s: %d (-want +got):\n%s", target, got.status, d)
		}
	}
	for _, headers := range [][]string{
		{"Origin: http://b.example", put}, {origin, "Access-Control-Request-Method: DELETE"}, {origin, put, "Access-Control-Request-Headers: range"},
	} {
		got := ask("/b/k", headers...)
		got.wantError(t, 403, errcode.AccessForbidden)
		if g := granted(got.header); len(g) > 0 {
			t.Errorf("%v: a refusal grants %v", headers, g)
		}
	}
	f.err = &errcode.Error{Code: errcode.NoSuchBucket}
	ask("/b/k", origin, put).wantError(t, 404, errcode.NoSuchBucket)
}

func TestActualRequests(t *testing.T) {
	f := &fake{body: "hello", get: object.GetResult{Length: 5, Version: object.Version{Size: 5}}}
	srv := newTest(t, f)
	if got := granted(do(t, srv, "GET", "/b/k", "", "Origin: http://a.example").header); len(got) > 0 {
		t.Errorf("without a configuration: got %v, want nothing", got)
	}
	withRules(t, f, pageRule)
	for _, c := range []struct {
		got    reply
		status int
		leave  bool
	}{
		{do(t, srv, "GET", "/b/k", "", "Origin: http://a.example"), 200, true},
		{do(t, srv, "PUT", "/b/k", "x", "Origin: http://a.example"), 200, true},
		{send(t, srv, "GET", "/b/k", "", "Origin: http://a.example", "User: -"), 403, true}, // a bad signature
		{do(t, srv, "PUT", "/b/k?unknown", "x", "Origin: http://a.example"), 501, true},
		{do(t, srv, "GET", "/b/k", "", "Origin: http://b.example"), 200, false},
		{do(t, srv, "DELETE", "/b/k", "", "Origin: http://a.example"), 204, false},
		{do(t, srv, "GET", "/b/k", ""), 200, false},
	} {
		g := granted(c.got.header)
		if leave := g["Access-Control-Allow-Origin"] == "http://a.example"; c.got.status != c.status || leave != c.leave {
			t.Errorf("got %d %v, want %d and leave %v", c.got.status, g, c.status, c.leave)
		}
	}
}
