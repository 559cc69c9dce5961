package bench_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

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
	rows, err := bench.Run(t.Context(), s, s, "bkt", bench.Options{Clients: []int{2}, Rounds: 1, Round: 5 * time.Millisecond}, func(string) {})
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
	_, err := bench.Run(t.Context(), s, s, "bkt", bench.Options{Clients: []int{1}, Rounds: 1, Round: time.Millisecond}, func(string) {})
	if err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v, want the 404", err)
	}
}

func TestPrintMarksMissedGoals(t *testing.T) {
	var out strings.Builder
	rows := []bench.Row{{Op: "HEAD", Clients: 8, Rate: 10, Bare: 100, Ratio: 0.1, Goal: 0.45}}
	if err := bench.Print(&out, rows, bench.Machine{Fsync: 100, MD5: 1 << 29}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "< 0.45") {
		t.Errorf("got\n%s\nwant the missed goal marked", out.String())
	}
}
