package s3

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"bleepstore/reference/errcode"
)

func TestParseTarget(t *testing.T) {
	d := newDomains([]string{"S3.example.com."}, "store.test:9000")
	for _, c := range []struct {
		host, uri   string
		bucket, key string
	}{
		{"127.0.0.1:9000", "/", "", ""},
		{"127.0.0.1:9000", "*", "", ""},
		{"127.0.0.1:9000", "/b", "b", ""},
		{"127.0.0.1:9000", "/b/", "b", ""},
		{"127.0.0.1:9000", "/b/k?x-id=GetObject", "b", "k"},
		{"127.0.0.1:9000", "/b//k", "b", "/k"},
		{"127.0.0.1:9000", "/b/a//b", "b", "a//b"},
		{"127.0.0.1:9000", "/b/a/../b/./c/", "b", "a/../b/./c/"},
		{"127.0.0.1:9000", "/b/%2e%2E/%2F", "b", "..//"},
		{"127.0.0.1:9000", "/b%2Fk", "b", "k"},
		{"127.0.0.1:9000", "/b/a+b%2Bc%20d", "b", "a+b+c d"},
		{"127.0.0.1:9000", "/b/%25%32%35", "b", "%25"},
		{"127.0.0.1:9000", "/b/%F0%9F%92%A9\u00e9", "b", "\U0001F4A9\u00e9"},
		{"127.0.0.1:9000", "/b/%01%0D", "b", "\x01\r"},
		{"127.0.0.1:9000", "/b/a;b=c@d:e!$&'()*,~", "b", "a;b=c@d:e!$&'()*,~"},
		{"127.0.0.1:9000", "http://127.0.0.1:9000/b/k", "b", "k"},
		{"127.0.0.1:9000", "http://127.0.0.1:9000", "", ""},
		{"[::1]:9000", "/b/k", "b", "k"},
		{"localhost:9000", "/b/k", "b", "k"},
		{"b.localhost:9000", "/k", "b", "k"},
		{"b.localhost", "/", "b", ""},
		{"B.LocalHost.", "//k", "b", "/k"},
		{"a.b.localhost", "/k/", "a.b", "k/"},
		{"b.s3.example.com", "/k", "b", "k"},
		{"s3.example.com:443", "/b/k", "b", "k"},
		{"b.store.test:9000", "/k", "b", "k"},
		{"example.com", "/b/k", "b", "k"},
		{"xlocalhost", "/b/k", "b", "k"},
	} {
		got, err := parseTarget(c.host, c.uri, d)
		if err != nil || got.bucket != c.bucket || got.key != c.key {
			t.Errorf("%s %s: got %q %q %v, want %q %q", c.host, c.uri, got.bucket, got.key, err, c.bucket, c.key)
		}
	}
}

func TestParseTargetRefuses(t *testing.T) {
	for _, uri := range []string{
		"", "b/k", "//k", "/b/%", "/b/%4", "/b/%zz", "/b/%00", "/b/a%00b", "/b/%ff", "/b/%C3", "/b/\xff",
		"/b?prefix=%", "/b?%zz=1", "/b?prefix=%00", "/b?prefix=%ff", "127.0.0.1:80",
	} {
		if got, err := parseTarget("127.0.0.1", uri, nil); errcode.Of(err) != errcode.InvalidURI {
			t.Errorf("%q: got %+v %v, want InvalidURI", uri, got, err)
		}
	}
}

func TestAddressesAreNoDomains(t *testing.T) {
	for _, host := range []string{"10.0.0.7:9000", "[2001:db8::1]:9000", ""} {
		if d := newDomains(nil, host); len(d) != 1 || d[0] != "localhost" {
			t.Errorf("%q: got %v, want localhost alone", host, d)
		}
	}
}

func TestLongestDomainWins(t *testing.T) {
	got, err := parseTarget("b.s3.localhost", "/k", newDomains([]string{"s3.localhost"}, ""))
	if err != nil || got.bucket != "b" {
		t.Errorf("got %+v %v, want bucket b", got, err)
	}
}

func TestParseQuery(t *testing.T) {
	q, err := parseQuery("a=1&b&&c=x%20y+z%2B&a=2&d=%3D=;e")
	want := params{{"a", "1"}, {"b", ""}, {"c", "x y z+"}, {"a", "2"}, {"d", "==;e"}}
	if err != nil || len(q) != len(want) {
		t.Fatalf("got %v %v, want %v", q, err, want)
	}
	for i := range want {
		if q[i] != want[i] {
			t.Errorf("got %v, want %v", q[i], want[i])
		}
	}
}

// FuzzRoute: whatever the target, it is refused or it names exactly one bucket
// and key, and re-encoding them leads back to the same operation.
func FuzzRoute(f *testing.F) {
	for _, s := range []string{"/b/k", "/b//a/../%2F?acl", "/?max-buckets=1", "/b?list-type=2&prefix=%2B+", "http://h/b/k?uploadId=1&partNumber=2", "/b/k?acl&tagging", "*"} {
		f.Add("PUT", s)
	}
	rt := newRouter(newTable())
	f.Fuzz(func(t *testing.T, method, uri string) {
		target, err := parseTarget("127.0.0.1", uri, nil)
		if err != nil {
			if errcode.Of(err) != errcode.InvalidURI {
				t.Fatalf("%q: got %v, want InvalidURI", uri, err)
			}
			return
		}
		if !utf8.ValidString(target.bucket+target.key) || strings.ContainsRune(target.bucket+target.key, 0) {
			t.Fatalf("%q: got %q %q, which must not be stored", uri, target.bucket, target.key)
		}
		op, err := rt.find(&target, method, nil)
		if op == nil && err == nil {
			t.Fatalf("%q: got neither operation nor error", uri)
		}
		if err != nil && errcode.Of(err) == "" {
			t.Fatalf("%q: got %v, want an *errcode.Error", uri, err)
		}
		var b strings.Builder
		b.WriteByte('/')
		if target.bucket != "" {
			b.WriteString(url.PathEscape(target.bucket) + "/" + url.PathEscape(target.key))
		}
		for i, p := range target.query {
			b.WriteByte("?&"[min(i, 1)])
			b.WriteString(url.QueryEscape(p.name) + "=" + url.QueryEscape(p.value))
		}
		again, err := parseTarget("127.0.0.1", b.String(), nil)
		if err != nil || again.bucket != target.bucket || again.key != target.key {
			t.Fatalf("%q: got %q %q, re-encoded %q %q %v", uri, target.bucket, target.key, again.bucket, again.key, err)
		}
		if op2, _ := rt.find(&again, method, nil); op2 != op {
			t.Fatalf("%q: got another operation for %q", uri, b.String())
		}
	})
}
