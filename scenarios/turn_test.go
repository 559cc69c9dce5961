package scenarios_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// TestRequestsTakeTurns: what is written through one endpoint is read through
// the next, by the SDK and by hand; what names its host goes to the first.
func TestRequestsTakeTurns(t *testing.T) {
	for _, style := range []Addressing{PathStyle, VirtualStyle} {
		handler := gofakes3.New(s3mem.New(), gofakes3.WithHostBucket(style == VirtualStyle)).Server()
		var hits [3]atomic.Int32
		var nodes []*url.URL
		for i := range hits {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				hits[i].Add(1)
				handler.ServeHTTP(w, r)
			}))
			t.Cleanup(srv.Close)
			u, err := url.Parse(srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			nodes = append(nodes, u)
		}
		ses := foreign(t, func(target *Target) { target.Endpoints, target.Addressing = nodes, style })
		count := func() (n [3]int32) {
			for i := range hits {
				n[i] = hits[i].Swap(0)
			}
			return n
		}
		res := run(t, ses, Must, func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			count()
			for range 3 {
				s.MustPut(ctx, b, "k", "v")
			}
			s.Expect(count()).To(Equal([3]int32{1, 1, 1}), "by the SDK")
			for range 3 {
				s.Expect(s.Send(ctx, Request{Bucket: b, Key: "k"})).To(HaveStatus(200))
			}
			s.Expect(count()).To(Equal([3]int32{1, 1, 1}), "by hand")
			for range 3 {
				s.Send(ctx, Request{Host: nodes[0].Host, Path: "/"})
			}
			s.Expect(count()).To(Equal([3]int32{3, 0, 0}), "with a host")
		})
		if res.Verdict != Pass {
			t.Errorf("%s: got %s, want pass: %s", style, res.Verdict, res.Reason)
		}
	}
}
