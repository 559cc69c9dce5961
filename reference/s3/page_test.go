package s3

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"bleepstore/reference/errcode"
)

func TestSiteNames(t *testing.T) {
	d := newDomains([]string{"s3.example.com"}, "")
	for host, want := range map[string][]string{
		"docs.localhost":         {"docs", "docs.localhost"},
		"docs.s3.example.com":    {"docs", "docs.s3.example.com", "docs.s3.example", "docs.s3"},
		"www.example.com":        {"www.example.com", "www.example", "www"},
		"127.0.0.1":              nil,
		"[::1]":                  nil,
		"localhost":              {"localhost"},
		strings.Repeat("a.", 20): nil, // too long to list: see below
	} {
		got := siteNames(host, d)
		if want == nil && strings.HasPrefix(host, "a.") {
			if len(got) != maxLabels {
				t.Errorf("%s: %d names", host, len(got))
			}
			continue
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", host, got, want)
		}
	}
}

// The errors of websites are pages, in which nothing of the request is HTML.
func TestErrorPages(t *testing.T) {
	f := &fake{err: (&errcode.Error{Code: errcode.NoSuchBucket}).With("BucketName", "<script>")}
	h, err := New(testConfig(f))
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h.Websites())
	defer srv.Close()
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut} {
		r, err := http.NewRequest(method, srv.URL+"/%3Cscript%3E/k", nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(a.Body)
		a.Body.Close()
		want, code := 404, "NoSuchBucket"
		if method == http.MethodPut {
			want, code = 405, "MethodNotAllowed"
		}
		if err != nil || a.StatusCode != want || a.Header.Get("x-amz-error-code") != code || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %v, %v", method, a.StatusCode, a.Header, err)
		}
		if text := string(body); method != http.MethodHead && (!strings.Contains(text, "Code: "+code) || strings.Contains(text, "<script>")) {
			t.Errorf("%s: %s", method, text)
		}
	}
}
