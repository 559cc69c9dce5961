package conformance

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestClockHook(t *testing.T) {
	at := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	var got string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got = r.Method + " " + r.URL.String() + " " + r.Header.Get("Authorization"); r.URL.Query().Get("b") == "bad" {
			w.WriteHeader(500)
		}
	}))
	defer srv.Close()
	hook, err := clockHook(srv.URL+"/x?b={bucket}&t={at}", "secret")
	if err != nil {
		t.Fatal(err)
	}
	if err := hook(context.Background(), "b&c", at); err != nil {
		t.Error(err)
	}
	if want := "POST /x?b=b%26c&t=2031-02-03T04:05:06Z Bearer secret"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if hook(context.Background(), "bad", at) == nil {
		t.Error("a status of 500 is no error")
	}

	file := filepath.Join(t.TempDir(), "x")
	if hook, err = clockHook("touch -d {at} "+file+"-{bucket}", ""); err != nil {
		t.Fatal(err)
	}
	if err := hook(context.Background(), "b", at); err != nil {
		t.Fatal(err)
	}
	if i, err := os.Stat(file + "-b"); err != nil || !i.ModTime().Equal(at) {
		t.Errorf("the command did not run as it was given: %v, %v", i, err)
	}
	if hook, err = clockHook("false {bucket} {at}", ""); err != nil || hook(context.Background(), "b", at) == nil {
		t.Errorf("a command that fails is no error; %v", err)
	}
	for _, bad := range []string{"http://h/{bucket}", "cmd {at}", "http://h:port/{bucket}{at}"} {
		if _, err := clockHook(bad, ""); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
