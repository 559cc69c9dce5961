package liar_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"bleepstore/fault/liar"
	"bleepstore/scenarios/sign"
)

// asking sends one request, signed as sign has it, and returns status and body.
func asking(t *testing.T, at *liar.Liar, method, target, body string, signed func(r *http.Request, scope sign.Scope) error, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, at.URL().String()+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	scope := sign.Scope{Access: accounts[0].Access, Secret: accounts[0].Secret, Region: "us-east-1", Service: "s3", Time: time.Now()}
	if signed != nil {
		if err := signed(r, scope); err != nil {
			t.Fatal(err)
		}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// by signs the head with the hash of a body.
func by(body string) func(*http.Request, sign.Scope) error {
	return func(r *http.Request, s sign.Scope) error {
		return sign.Header(r, s, sign.Hash(sign.Signed, []byte(body)))
	}
}

// presigned signs in the address.
func presigned(r *http.Request, s sign.Scope) error {
	address, _, err := sign.Presign(r, s, string(sign.Unsigned), "60")
	if err != nil {
		return err
	}
	u, err := r.URL.Parse(address)
	r.URL = u
	return err
}

// streamed signs the head and the chunks.
func streamed(body string, spoil bool) func(*http.Request, sign.Scope) error {
	return func(r *http.Request, s sign.Scope) error {
		st := sign.Stream{Payload: sign.Chunked, Scope: s, Sizes: []int{8192}}
		r.ContentLength = st.Length([]byte(body))
		r.Header.Set("Content-Encoding", "aws-chunked")
		r.Header.Set("X-Amz-Decoded-Content-Length", fmt.Sprint(len(body)))
		if err := sign.Header(r, s, string(sign.Chunked)); err != nil {
			return err
		}
		st.Seed = sign.Seed(r.Header.Get("Authorization"))
		framed := st.Encode([]byte(body))
		if spoil {
			framed = bytes.Replace(framed, []byte("signature="), []byte("signature=0"), 1)[:len(framed)]
		}
		r.Body = io.NopCloser(bytes.NewReader(framed))
		return nil
	}
}

// A changed request is signed anew as it was signed, and its server knows no
// better.
func TestResign(t *testing.T) {
	l := liarBefore(t, ours(t))
	if code, text := asking(t, l, "PUT", "/resign", "", by("")); code != 200 {
		t.Fatalf("CreateBucket: %d %s", code, text)
	}
	if code, text := asking(t, l, "PUT", "/resign/k", "old", by("old")); code != 200 {
		t.Fatalf("PutObject: %d %s", code, text)
	}
	long := strings.Repeat("0123456789abcdef", 1024)
	for name, signed := range map[string]func(*http.Request, sign.Scope) error{
		"in the header": by(long), "in the address": presigned, "in chunks": streamed(long, false),
	} {
		if code, _ := asking(t, l, "PUT", "/resign/k", long, signed, "If-None-Match", "*"); code != 412 {
			t.Errorf("signed %s, told the truth: %d", name, code)
		}
		if err := l.Tell("lie.condition.put-if-none-match"); err != nil {
			t.Fatal(err)
		}
		if code, text := asking(t, l, "PUT", "/resign/k", long, signed, "If-None-Match", "*"); code != 200 || l.Told() != 1 {
			t.Errorf("signed %s: %d %s, told %d times", name, code, text, l.Told())
		}
		if err := l.Tell(""); err != nil {
			t.Fatal(err)
		}
		if code, text := asking(t, l, "GET", "/resign/k", "", by("")); code != 200 || text != long {
			t.Errorf("signed %s: then %d and %d bytes", name, code, len(text))
		}
	}
}

// No lie makes a bad signature good.
func TestForgedStaysForged(t *testing.T) {
	l := liarBefore(t, ours(t))
	if code, text := asking(t, l, "PUT", "/forged", "", by("")); code != 200 {
		t.Fatalf("CreateBucket: %d %s", code, text)
	}
	if err := l.Tell("lie.condition.put-if-none-match"); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 9000)
	for name, signed := range map[string]func(*http.Request, sign.Scope) error{
		"nobody": nil,
		"a wrong secret": func(r *http.Request, s sign.Scope) error {
			s.Secret = "wrong"
			return by(long)(r, s)
		},
		"another hash":         by("another"),
		"an old clock":         func(r *http.Request, s sign.Scope) error { s.Time = s.Time.Add(-time.Hour); return by(long)(r, s) },
		"chunks of other text": streamed(long, true),
	} {
		if code, _ := asking(t, l, "PUT", "/forged/k", long, signed, "If-None-Match", "*"); code/100 != 4 {
			t.Errorf("signed by %s: %d", name, code)
		}
	}
	if code, _ := asking(t, l, "GET", "/forged/k", "", by("")); code != 404 {
		t.Errorf("something was stored: %d", code)
	}
}
