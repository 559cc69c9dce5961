package sigv4

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/encoding/httpbinding"
	"pgregory.net/rapid"
)

// The AWS SDK's signer is the oracle: what it signs must verify, and must not
// once anything that it covers has changed.

var exampleCredentials = aws.Credentials{AccessKeyID: exampleKey, SecretAccessKey: exampleSecret}

const emptySum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// newRequest returns an unsigned request for key, encoded as the SDK does.
func newRequest(t failer, method, key, rawQuery string) *http.Request {
	r, err := http.NewRequest(method, "http://s3.example.com:9000/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Path, r.URL.RawPath = "/bucket/"+key, httpbinding.EscapePath("/bucket/"+key, false)
	r.URL.RawQuery = rawQuery
	return r
}

// sign signs r at exampleTime with payload as its x-amz-content-sha256.
func sign(t failer, r *http.Request, payload string) *http.Request {
	r.Header.Set("X-Amz-Content-Sha256", payload)
	return signAs(t, r, payload, exampleCredentials, "us-east-1", exampleTime)
}

func signAs(t failer, r *http.Request, payload string, c aws.Credentials, region string, at time.Time) *http.Request {
	err := v4.NewSigner(s3Rules).SignHTTP(context.Background(), c, r, payload, "s3", region, at)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func s3Rules(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }

// presign returns r with its signature in the query, valid for an hour.
func presign(t failer, r *http.Request, at time.Time) *http.Request {
	q := r.URL.Query()
	if !q.Has("X-Amz-Expires") {
		q.Set("X-Amz-Expires", "3600")
	}
	r.URL.RawQuery = q.Encode()
	uri, header, err := v4.NewSigner(s3Rules).PresignHTTP(context.Background(), exampleCredentials, r, "UNSIGNED-PAYLOAD", "s3", "us-east-1", at)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := http.NewRequest(r.Method, uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	header.Del("Host")
	signed.Header = header
	return signed
}

type failer interface{ Fatal(...any) }

// overWire writes r as a client does and reads it as a server does.
func overWire(t failer, r *http.Request) *http.Request {
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&b))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// keyRunes are what keys are drawn from: what encoders get wrong.
var keyRunes = []rune("aZ09-._~/%+ !*'();:@&=$,?#[]<>\"{}|\\^`\x01\x7fäß€𝄞%2F")

func drawRequest(t *rapid.T) *http.Request {
	key := rapid.StringOfN(rapid.SampledFrom(keyRunes), 0, 20, -1).Draw(t, "key")
	query := url.Values{}
	for range rapid.IntRange(0, 4).Draw(t, "parameters") {
		name := rapid.StringOfN(rapid.SampledFrom(keyRunes), 1, 5, -1).Draw(t, "name")
		query.Add(name, rapid.StringOfN(rapid.SampledFrom(keyRunes), 0, 5, -1).Draw(t, "value"))
	}
	r := newRequest(t, rapid.SampledFrom([]string{"GET", "PUT", "HEAD", "DELETE", "POST"}).Draw(t, "method"), key, query.Encode())
	for range rapid.IntRange(0, 4).Draw(t, "headers") {
		name := rapid.SampledFrom([]string{"Range", "If-Match", "X-Amz-Meta-A", "x-amz-meta-B1", "X-Amz-Acl", "Content-Type", "Expect-CT"}).Draw(t, "header")
		r.Header.Add(name, rapid.StringMatching(`[a-z" äé,;=]{0,12}`).Draw(t, "text"))
	}
	return r
}

func TestSignedBySDKVerifies(t *testing.T) {
	v := exampleVerifier()
	rapid.Check(t, func(t *rapid.T) {
		payload := rapid.SampledFrom([]string{emptySum, "UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}).Draw(t, "payload")
		id, err := v.Verify(overWire(t, sign(t, drawRequest(t), payload)))
		if err != nil {
			t.Fatal(err)
		}
		if id.AccessKey != exampleKey || id.Presigned {
			t.Fatalf("got %+v", id)
		}
		if id.Payload == Signed && hex.EncodeToString(id.SHA256[:]) != emptySum {
			t.Fatalf("payload hash is %x", id.SHA256)
		}
	})
}

func TestPresignedBySDKVerifies(t *testing.T) {
	v := exampleVerifier()
	rapid.Check(t, func(t *rapid.T) {
		age := rapid.IntRange(0, 3599).Draw(t, "age")
		id, err := v.Verify(overWire(t, presign(t, drawRequest(t), exampleTime.Add(-time.Duration(age)*time.Second))))
		if err != nil {
			t.Fatal(err)
		}
		if id.AccessKey != exampleKey || !id.Presigned || id.Payload != Unsigned {
			t.Fatalf("got %+v", id)
		}
	})
}

// meaning is what a server would understand of a request, told without this
// package's code. Two requests of one meaning may share a signature.
func meaning(r *http.Request, signed []string) string {
	header := map[string]string{}
	for _, name := range signed {
		values := slices.Clone(r.Header.Values(name))
		for i, v := range values {
			values[i] = strings.Join(strings.FieldsFunc(v, func(c rune) bool { return c == ' ' || c == '\t' }), " ")
		}
		header[name] = fmt.Sprintf("%q", values)
	}
	query := r.URL.Query()
	for _, values := range query {
		slices.Sort(values)
	}
	// An empty value adds nothing, and neither does a parameter without a name.
	return fmt.Sprint(r.Method, " ", r.Host, " ", r.URL.Path, " ", query.Encode(), " ", header)
}

// Every byte of a signed request's head is changed in several ways; whatever
// still verifies must mean what was signed.
func TestAnyByteChangedIsRefused(t *testing.T) {
	request := func() *http.Request {
		r := newRequest(t, "PUT", "a key/with ä+~.txt", "list-type=2&prefix=a%2Fb&empty=")
		r.Header.Set("X-Amz-Meta-Colour", "deep  blue")
		r.Header.Set("Content-Type", "text/plain")
		r.Header.Add("X-Amz-Meta-Twice", "one")
		r.Header.Add("X-Amz-Meta-Twice", "two")
		return r
	}
	for name, signed := range map[string]*http.Request{
		"header":    sign(t, request(), "UNSIGNED-PAYLOAD"),
		"presigned": presign(t, request(), exampleTime),
	} {
		t.Run(name, func(t *testing.T) { changeEveryByte(t, signed) })
	}
}

func changeEveryByte(t *testing.T, signed *http.Request) {
	v := exampleVerifier()
	names := slices.Collect(maps.Keys(signed.Header))
	var wire bytes.Buffer
	if err := signed.Write(&wire); err != nil {
		t.Fatal(err)
	}
	want := meaning(overWire(t, signed), names)
	refused := 0
	for i, old := range wire.Bytes() {
		for _, c := range []byte{old ^ 1, old ^ 0x20, old + 1, 'a', '0', '/', '%', '&', ' ', 0xC3} {
			if c == old {
				continue
			}
			changed := bytes.Clone(wire.Bytes())
			changed[i] = c
			r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(changed)))
			if err != nil {
				continue
			}
			id, err := v.Verify(r)
			if err != nil || id.Anonymous() {
				refused++
				continue
			}
			if got := meaning(r, names); got != want {
				t.Errorf("byte %d, %q for %q: verified\n%s\nthough signed was\n%s", i, c, old, got, want)
			}
		}
	}
	if refused < wire.Len() {
		t.Errorf("only %d changes of %d bytes were refused", refused, wire.Len())
	}
}

// Clients that differ from the SDK in how they write the same request.
func TestEquivalentForms(t *testing.T) {
	tests := []struct {
		name           string
		sign, received func(r *http.Request)
	}{
		{"host signed bare, sent with :80", host("s3.example.com"), host("s3.example.com:80")},
		{"host signed bare, sent with :443", host("s3.example.com"), host("s3.example.com:443")},
		{"host signed with :443, sent bare", host("s3.example.com:443"), host("s3.example.com")},
		{"IPv6 host signed bare, sent with :80", host("[::1]"), host("[::1]:80")},
		{"slash sent and signed as %2F", path("/bucket/a%2Fb"), path("/bucket/a%2Fb")},
		{"slash signed as /, sent as %2F", path("/bucket/a/b"), path("/bucket/a%2Fb")},
		{"reserved sent and signed as they are", path("/bucket/a!b*(c)@$,"), path("/bucket/a!b*(c)@$,")},
		{"reserved signed encoded, sent as they are", path("/bucket/a%21b%2A%28c%29%40%24%2C"), path("/bucket/a!b*(c)@$,")},
		{"tilde sent as %7E", path("/bucket/~"), path("/bucket/%7E")},
		{"dots and slashes are not folded", path("/bucket//a/../b/./"), path("/bucket//a/../b/./")},
		{"query in another order", query("a=1&a=2&b="), query("b&a=2&a=1")},
		{"plus in the query is a space", query("prefix=a%20b"), query("prefix=a+b")},
		{"inner spaces folded by a proxy", meta("a  b"), meta("a b")},
		{"tab signed as a space", meta("a b"), meta("a \tb")},
		{"tab kept", meta("a\tb"), meta("a\tb")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRequest(t, "GET", "k", "")
			tt.sign(r)
			sign(t, r, "UNSIGNED-PAYLOAD")
			tt.received(r)
			if _, err := exampleVerifier().Verify(r); err != nil {
				t.Error(err)
			}
		})
	}
}

func host(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }

func path(raw string) func(*http.Request) {
	return func(r *http.Request) {
		r.URL.Path, _ = url.PathUnescape(raw)
		r.URL.RawPath = raw
	}
}

func query(raw string) func(*http.Request) { return func(r *http.Request) { r.URL.RawQuery = raw } }

func meta(value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("X-Amz-Meta-A", value) }
}

// Hosts that differ in more than a default port are different hosts.
func TestOtherHostRefused(t *testing.T) {
	for _, h := range []string{"s3.example.com:9001", "s3.example.com", "other.example.com:9000", "s3.example.com:9000:443"} {
		r := sign(t, newRequest(t, "GET", "k", ""), "UNSIGNED-PAYLOAD")
		r.Host = h
		wantRefusal(t, exampleVerifier(), r, "SignatureDoesNotMatch")
	}
}

// A signed header that net/http takes out of the header still counts.
func TestSignedFramingHeaders(t *testing.T) {
	r := newRequest(t, "PUT", "k", "")
	r.ContentLength = 5
	r.Header.Set("Connection", "keep-alive")
	r.Header.Set("Expect", "100-continue")
	sign(t, r, "UNSIGNED-PAYLOAD")
	if !strings.Contains(r.Header.Get("Authorization"), "connection;content-length;") {
		t.Fatalf("the signer did not sign content-length: %s", r.Header.Get("Authorization"))
	}
	if _, err := exampleVerifier().Verify(r); err != nil {
		t.Error(err)
	}
}
