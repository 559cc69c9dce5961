package ops_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"bleepstore/reference/ops"
	"bleepstore/reference/s3"
)

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(body)
}

func handler(t *testing.T, c ops.Config) http.Handler {
	t.Helper()
	c.Operations = s3.Operations()
	return ops.Handler(c)
}

func TestReadiness(t *testing.T) {
	ready := false
	h := handler(t, ops.Config{Health: true, Ready: func() bool { return ready }})
	if code, _ := get(t, h, "/readyz"); code != 503 {
		t.Errorf("before: got %d, want 503", code)
	}
	ready = true
	if code, _ := get(t, h, "/readyz"); code != 200 {
		t.Errorf("after: got %d, want 200", code)
	}
	if code, _ := get(t, h, "/healthz"); code != 200 {
		t.Errorf("healthz: got %d, want 200", code)
	}
}

func TestTurnedOff(t *testing.T) {
	h := handler(t, ops.Config{})
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/debug/pprof/", "/other"} {
		if code, _ := get(t, h, path); code != 404 {
			t.Errorf("%s: got %d, want 404", path, code)
		}
	}
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	var fails error
	reg.MustRegister(ops.Gauges([]ops.Gauge{{Name: "bleepstore_buckets", Help: "Buckets."}},
		func(context.Context) ([]float64, error) { return []float64{3}, fails }))
	h := handler(t, ops.Config{Metrics: reg})
	if code, body := get(t, h, "/metrics"); code != 200 || !strings.Contains(body, "bleepstore_buckets 3") {
		t.Errorf("got %d\n%s", code, body)
	}
	fails = errors.New("no")
	if code, _ := get(t, h, "/metrics"); code != 500 {
		t.Errorf("a figure that cannot be read: got %d, want 500", code)
	}
}

func TestDocumentationNamesEveryOperation(t *testing.T) {
	h := handler(t, ops.Config{})
	_, page := get(t, h, "/docs")
	_, spec := get(t, h, "/openapi.json")
	if !json.Valid([]byte(spec)) {
		t.Error("openapi.json is not JSON")
	}
	for _, op := range s3.Operations() {
		if !strings.Contains(page, op.Name) || !strings.Contains(spec, `"`+op.Name+`"`) {
			t.Errorf("%s is not documented", op.Name)
		}
	}
}

func TestProfiles(t *testing.T) {
	h := handler(t, ops.Config{Profile: true})
	if code, body := get(t, h, "/debug/pprof/goroutine?debug=1"); code != 200 || !strings.Contains(body, "TestProfiles") {
		t.Errorf("got %d %.80q, want the goroutines", code, body)
	}
}
