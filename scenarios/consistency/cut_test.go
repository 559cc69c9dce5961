package consistency

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"bleepstore/conformance/check"
	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
	"bleepstore/scenarios"
)

// A server that takes what it got of a body that broke off for the whole is found
// out, and one that drops it is not.
func TestCutBodies(t *testing.T) {
	for _, keeps := range []bool{false, true} {
		inner := gofakes3.New(s3mem.New()).Server()
		ses := session(t, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil && !keeps {
				return
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			inner.ServeHTTP(w, r)
		})
		rec := history.NewRecorder(nil)
		res := ses.Run(t.Context(), scenarios.Scenario{ID: "consistency.self.test", Level: scenarios.Must, Check: func(ctx context.Context, s *scenarios.S) {
			told, err := cut.Run(ctx, s, rec, Options{Duration: 20 * time.Second, Requests: 600})
			s.Must(err, "run it")
			h, err := rec.History(history.Header{Workloads: []history.Workload{told}})
			s.Must(err, "put the history in order")
			v, err := check.Check(ctx, h, check.Options{MinRate: -1})
			s.Must(err, "judge it")
			w := v.Workloads[0]
			found := len(w.Violations) > 0 && w.Violations[0].Breaks == model.Raw
			if found != keeps || w.Unclear == 0 || w.Inconclusive != "" {
				t.Errorf("what is cut is kept: %v; %d unclear, %d violations, %s %s", keeps, w.Unclear, len(w.Violations), w.Level, w.Inconclusive)
			}
		}}, time.Minute)
		if res.Verdict != scenarios.Pass && !strings.Contains(res.Reason, "answered 5") {
			t.Fatalf("%s %s", res.Verdict, res.Reason)
		}
	}
}
