package trial_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"bleepstore/conformance/history"
	"bleepstore/conformance/trial"
	"bleepstore/reference"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// begin puts a server under load until the test ends.
func begin(t *testing.T, server *reference.Instance, urls ...string) *trial.Load {
	t.Helper()
	l, err := trial.Start(t.Context(), trial.Options{
		Endpoints: urls, Access: server.AccessKey, Secret: server.SecretKey, Workloads: []string{"register", "cas"}, Clients: 4,
		Timeout: 5 * time.Second, Most: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return l
}

func await(t *testing.T, l *trial.Load, what string, ok func(trial.Tally) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := l.Await(ctx, what, ok); err != nil {
		t.Fatal(err)
	}
}

func TestLoadOnAServerThatKeepsItsWord(t *testing.T) {
	server := reference.Start(t)
	l := begin(t, server, server.URL, server.URL)
	await(t, l, "everybody writes", func(c trial.Tally) bool { return l.Each(c, 20) && l.Everywhere(c, 20) })
	l.Mark()
	await(t, l, "everybody goes on", func(c trial.Tally) bool { return l.Each(c, 20) })
	if c := l.Tally(); c.First <= 0 || c.FirstWrite < c.First {
		t.Errorf("first success after %s, first write after %s", c.First, c.FirstWrite)
	}
	if err := l.Stop(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	v, err := l.Judge(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if why := trial.Short(v); why != "" || len(v.Workloads) != 2 {
		t.Errorf("%d workloads: %s", len(v.Workloads), why)
	}
	f, err := os.Open(filepath.Join(dir, trial.File))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h, err := history.Read(f)
	if err != nil || h.Seed != l.Seed() || len(h.Ops) != v.Workloads[0].Ops+v.Workloads[1].Ops {
		t.Errorf("the history on file: %v", err)
	}
}

// TestLoadOnALiar: a server that acknowledges a write now and then without doing
// it is found out.
func TestLoadOnALiar(t *testing.T) {
	server := reference.Start(t)
	to, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	honest := &httputil.ReverseProxy{Transport: &http.Transport{}, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host // which is signed
	}}
	var puts atomic.Int64
	liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/register/") && puts.Add(1)%5 == 0 { // often enough for one to be read before the next write
			w.Header().Set("ETag", `"00000000000000000000000000000000"`)
			return
		}
		honest.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { honest.Transport.(*http.Transport).CloseIdleConnections() })
	t.Cleanup(liar.Close)
	l := begin(t, server, liar.URL)
	await(t, l, "everybody writes", func(c trial.Tally) bool { return l.Each(c, 300) })
	if err := l.Stop(); err != nil {
		t.Fatal(err)
	}
	v, err := l.Judge(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if why := trial.Short(v); !strings.HasPrefix(why, "VIOLATION: register is") || strings.Contains(why, "cas is") {
		t.Errorf("got %q, want a violation of register", why)
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	server := reference.Start(t)
	l := begin(t, server, server.URL)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Await(ctx, "never", func(trial.Tally) bool { return false }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := l.Stop(); err != nil {
		t.Error(err)
	}
	if err := l.Await(t.Context(), "never", func(trial.Tally) bool { return false }); err == nil {
		t.Error("it waits for workloads that have ended")
	}
}

func TestUnknownWorkload(t *testing.T) {
	if _, err := trial.Start(t.Context(), trial.Options{Workloads: []string{"sleep"}}); err == nil {
		t.Error("it was started")
	}
}

// TestDialIsGiven: endpoints may have names that only the dialler knows.
func TestDialIsGiven(t *testing.T) {
	server := reference.Start(t)
	var dialled atomic.Int64
	l, err := trial.Start(t.Context(), trial.Options{
		Endpoints: []string{"http://a:9000", "http://b:9000"}, Access: server.AccessKey, Secret: server.SecretKey,
		Workloads: []string{"register"}, Clients: 2, Timeout: 5 * time.Second, Most: time.Minute,
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr != "a:9000" && addr != "b:9000" {
				t.Errorf("dialled %s", addr)
			}
			dialled.Add(1)
			var d net.Dialer
			return d.DialContext(ctx, network, strings.TrimPrefix(server.URL, "http://"))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	await(t, l, "everybody writes", func(c trial.Tally) bool { return l.Each(c, 20) && l.Everywhere(c, 1) })
	if err := errors.Join(l.Stop(), l.Close(context.Background())); err != nil {
		t.Error(err)
	}
	if dialled.Load() == 0 {
		t.Error("it was not asked")
	}
}
