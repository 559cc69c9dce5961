package bench_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"bleepstore/conformance/bench"
)

func TestRunComparesBareWithItself(t *testing.T) {
	srv := httptest.NewServer(bench.Bare())
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := bench.Server{Endpoint: u, Access: "a", Secret: "b", Region: "us-east-1"}
	rows, err := bench.Run(t.Context(), s, s, "bkt", bench.Options{Clients: []int{2}, Rounds: 1, Round: 5 * time.Millisecond, Dir: t.TempDir()}, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(bench.Operations()) {
		t.Errorf("got %d rows, want one for each of %d operations", len(rows), len(bench.Operations()))
	}
	for _, r := range rows {
		if r.Rate <= 0 || r.Bare <= 0 || r.P50 <= 0 || r.P99 < r.P50 {
			t.Errorf("impossible row %+v", r)
		}
	}
}

func TestRunStopsAtAnError(t *testing.T) {
	srv := httptest.NewServer(nil) // answers 404
	defer srv.Close()
	u, _ := url.Parse(srv.URL)
	s := bench.Server{Endpoint: u, Access: "a", Secret: "b", Region: "us-east-1"}
	_, err := bench.Run(t.Context(), s, s, "bkt", bench.Options{Clients: []int{1}, Rounds: 1, Round: time.Millisecond, Dir: t.TempDir()}, func(string) {})
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v, want the 404", err)
	}
}

func TestPrintMarksMissedGoals(t *testing.T) {
	var out strings.Builder
	rows := []bench.Row{{Op: "HEAD", Clients: 8, Rate: 10, Bare: 100, Ratio: 0.1, Goal: 0.45}}
	if err := bench.Print(&out, rows); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "< 0.45") {
		t.Errorf("got\n%s\nwant the missed goal marked", out.String())
	}
}

// TestRemoveBucket: a bucket of more than one page is emptied and removed.
func TestRemoveBucket(t *testing.T) {
	store := s3mem.New()
	inner := gofakes3.New(store).Server()
	var mu sync.Mutex // its memory backend is not made for writers side by side
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		inner.ServeHTTP(w, r)
	}))
	defer srv.Close()
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := bench.Server{Endpoint: u, Access: "a", Secret: "b", Region: "us-east-1"}
	if err := bench.Answer(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if err := bench.MakeBucket(t.Context(), s, "bkt"); err != nil {
		t.Fatal(err)
	}
	const keys = 1001 // a page has 1,000
	for i := range keys {
		if _, err := store.PutObject("bkt", fmt.Sprint("k/", i), nil, strings.NewReader("x"), 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := bench.RemoveBucket(t.Context(), s, "bkt", 4); err != nil {
		t.Fatal(err)
	}
	if ok, err := store.BucketExists("bkt"); ok || err != nil {
		t.Errorf("got exists=%v, %v; want the bucket gone", ok, err)
	}
}
