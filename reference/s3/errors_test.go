package s3

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"testing"

	"bleepstore/reference/errcode"
)

// declared returns the codes of package errcode, from its source: a constant
// has no other way to be enumerated.
func declared(t *testing.T) []errcode.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../errcode/errcode.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []errcode.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != "Code" {
			return true
		}
		for _, v := range spec.Values {
			s, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, errcode.Code(s))
		}
		return true
	})
	return out
}

func TestEveryCodeHasARow(t *testing.T) {
	all := declared(t)
	if len(all) < 50 {
		t.Fatalf("found only %d codes in errcode.go", len(all))
	}
	seen := map[errcode.Code]bool{}
	for _, code := range all {
		seen[code] = true
		r, ok := codes[code]
		if !ok || r.message == "" || http.StatusText(r.status) == "" || r.status < 300 {
			t.Errorf("%s: got row %+v, want a status and a message", code, r)
		}
	}
	for code := range codes {
		if !seen[code] {
			t.Errorf("the table has a row for %s, which errcode does not declare", code)
		}
	}
}

func TestErrorsReachTheClient(t *testing.T) {
	for _, code := range declared(t) {
		f := &fake{err: &errcode.Error{Code: code}}
		srv := newTest(t, f)
		got := do(t, srv, "GET", "/b/k", "")
		r := rowOf(code)
		if r.status == http.StatusNotModified {
			if got.status != r.status || got.body != "" {
				t.Errorf("%s: got %d %q, want 304 without body", code, got.status, got.body)
			}
			continue
		}
		got.wantError(t, r.status, code)
		head := do(t, srv, "HEAD", "/b/k", "")
		if head.status != r.status || head.body != "" || head.header.Get("x-amz-request-id") == "" {
			t.Errorf("%s: HEAD got %d %q, want %d without body", code, head.status, head.body, r.status)
		}
	}
}

func TestErrorDocument(t *testing.T) {
	f := &fake{err: errcode.New(errcode.InvalidRange, "off <the> end").With("ActualObjectSize", "5").
		With("bad name", "x").WithHeader("x-amz-delete-marker", "true")}
	srv := newTest(t, f)
	got := do(t, srv, "GET", "/b/a%3Cb/c", "")
	got.wantError(t, 416, errcode.InvalidRange)
	for element, want := range map[string]string{
		"Message": "off &lt;the&gt; end", "ActualObjectSize": "5", "Resource": "/b/a&lt;b/c", "bad name": "",
	} {
		if v := between(got.body, "<"+element+">", "</"+element+">"); v != want {
			t.Errorf("%s: got %q, want %q", element, v, want)
		}
	}
	if got.header.Get("X-Amz-Delete-Marker") != "true" || got.header.Get("Content-Type") != "application/xml" {
		t.Errorf("headers of the error are missing: %v", got.header)
	}
}

func TestMissingNamesAreAdded(t *testing.T) {
	f := &fake{err: &errcode.Error{Code: errcode.NoSuchKey}}
	srv := newTest(t, f)
	if got := between(do(t, srv, "GET", "/b/k/x", "").body, "<Key>", "</Key>"); got != "k/x" {
		t.Errorf("Key: got %q, want k/x", got)
	}
	f.err = errcode.New(errcode.NoSuchBucket, "")
	if got := between(do(t, srv, "GET", "/b/k", "").body, "<BucketName>", "</BucketName>"); got != "b" {
		t.Errorf("BucketName: got %q, want b", got)
	}
}
