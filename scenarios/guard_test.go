package scenarios

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// guarding returns a guard whose run owns "bleep-mine" and reserved "bleep-none".
func guarding(t *testing.T) *guard {
	t.Helper()
	l, err := NewLedger("", LedgerEntry{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Own("bleep-mine"), l.Reserve("bleep-none")); err != nil {
		t.Fatal(err)
	}
	return &guard{ledger: l}
}

func TestGuardReadsPathsAsServersMay(t *testing.T) {
	for path, admitted := range map[string]bool{
		"/bleep-mine/k": true, "/bleep-mine": true, "/bleep-mine/": true, "/": true, "/bleep-none/k": true,
		"/bleep-mine/a/../k": true, "/bleep-mine//k": true, "/bleep-mine/..": true, "/bleep-mine/a%2Fb": true, "/bleep-mine/%41%2": true,
		"/bleep-mine/../bleep-none/k":     true,
		"/bleep-mine/../theirs/k":         false,
		"/bleep-mine/../theirs":           false,
		"/bleep-mine/..%2Ftheirs/k":       false,
		"/bleep-mine/%2e%2e/theirs/k":     false,
		"/bleep-mine/%252e%252e/theirs/k": false,
		"/bleep-mine%2F..%2Ftheirs/k":     false,
		"/bleep-mine/a/../../theirs/k":    false,
		"/./theirs/k":                     false,
		"/../theirs/k":                    false,
		"//theirs/k":                      false,
		"/theirs/k":                       false,
		"/%74heirs/k":                     false,
	} {
		err := guarding(t).admit(aimOf(http.MethodPut, "h", "h", path, ""), nil)
		if (err == nil) != admitted || err != nil && !errors.Is(err, ErrGuard) {
			t.Errorf("%s: got %v, want admitted %v", path, err, admitted)
		}
	}
	for host, admitted := range map[string]bool{"bleep-mine.h": true, "theirs.h": false} {
		if err := guarding(t).admit(aimOf(http.MethodPut, host, "h", "/k", ""), nil); (err == nil) != admitted {
			t.Errorf("host %s: got %v, want admitted %v", host, err, admitted)
		}
	}
}

func TestGuardReadsCopySources(t *testing.T) {
	for source, admitted := range map[string]bool{
		"bleep-mine/k": true, "/bleep-mine/k": true, "bleep-mine%2Fk": true, "bleep-mine/a b%zz": true, "bleep-mine": true,
		"theirs/k": false, "/theirs/k": false, "//theirs/k": false, "%2Ftheirs%2Fk": false, "th%65irs/k": false,
		"bleep-mine/../theirs/k": false, "bleep-mine/%2E%2E/theirs/k": false,
		"arn:aws:s3:us-east-1:111122223333:accesspoint/ap/object/k": false,
	} {
		to := aimOf(http.MethodPut, "h", "h", "/bleep-mine/copy", "")
		for _, h := range []http.Header{{"X-Amz-Copy-Source": {source}}, {"X-Amz-Copy-Source": {"bleep-mine/k", source}}} {
			if err := guarding(t).admit(to, h); (err == nil) != admitted {
				t.Errorf("%v: got %v, want admitted %v", h, err, admitted)
			}
		}
	}
}

func TestGuardReadsEditedHeads(t *testing.T) {
	dial := &url.URL{Scheme: "http", Host: "127.0.0.1:9000"}
	for head, admitted := range map[string]bool{
		"PUT /bleep-mine/k HTTP/1.1|Host: 127.0.0.1:9000":         true,
		"PUT http://127.0.0.1:9000/bleep-mine/k HTTP/1.1|Host: x": true,
		"PUT /k HTTP/1.1|Host: bleep-mine.localhost:9000":         true,
		"nonsense": true,
		"PUT /theirs/k HTTP/1.1|Host: 127.0.0.1:9000":                                                false,
		"PUT http://127.0.0.1:9000/theirs/k HTTP/1.1|Host: x":                                        false,
		"PUT http://theirs.localhost:9000/bleep-mine HTTP/1.1|Host: x":                               false,
		"PUT /bleep-mine/k HTTP/1.1|Host: 127.0.0.1:9000|Host: theirs.localhost":                     false,
		"PUT /k HTTP/1.1|Host: bleep-mine.localhost:9000|Host: 127.0.0.1":                            false,
		"PUT /bleep-mine/k HTTP/1.1|Host: 127.0.0.1:9000|X-Amz-Copy-Source: bleep-mine/k":            true,
		"PUT /bleep-mine/k HTTP/1.1|Host: 127.0.0.1:9000|x-amz-copy-source : theirs/k":               false,
		"PUT /bleep-mine/../theirs/k HTTP/1.1|Host: 127.0.0.1:9000":                                  false,
		"DELETE /theirs HTTP/1.1|X-Amz-Copy-Source: bleep-mine/k|Host: 127.0.0.1:9000|Host: 1.2.3.4": false,
	} {
		w := &wire{dial: dial, head: []byte(strings.ReplaceAll(head, "|", "\r\n") + "\r\n\r\n")}
		if err := guarding(t).admitHead(w); (err == nil) != admitted {
			t.Errorf("%s: got %v, want admitted %v", head, err, admitted)
		}
	}
}
