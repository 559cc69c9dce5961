package proxy_test

import (
	"context"
	"crypto/tls"
	"net/url"
	"testing"
	"time"

	"bleepstore/conformance"
	"bleepstore/fault/proxy"
	"bleepstore/reference"
	"bleepstore/scenarios"
	_ "bleepstore/scenarios/all"
)

// What the suite finds of a server it finds of it behind a front too, over TLS
// and without: no signature is spoilt, no odd request mended. These scenarios are
// those to which every byte matters.
func TestSuiteThroughFront(t *testing.T) {
	ids := []string{"wire.smuggle.*", "wire.expect.*", "wire.connection.*", "wire.chunked.*", "auth.canonical.*", "presign.operation.*"}
	if testing.Short() {
		ids = ids[:4]
	}
	cert, err := reference.SelfSigned("127.0.0.1", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	plain := reference.Start(t)
	secure := reference.Start(t, func(c *reference.Config) { c.TLS = &tls.Config{Certificates: []tls.Certificate{cert}} })
	direct := verdicts(t, plain, plain.URL, ids)
	for _, server := range []*reference.Instance{plain, secure} {
		u, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		f, err := proxy.NewFront(proxy.FrontConfig{Target: u, TLS: &tls.Config{InsecureSkipVerify: true}})
		if err != nil {
			t.Fatal(err)
		}
		got := verdicts(t, server, f.URL().String(), ids)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		for id, v := range direct {
			if got[id] != v {
				t.Errorf("before %s: %s is %s, without a front %s", u.Scheme, id, got[id], v)
			}
		}
		if len(got) != len(direct) || len(f.Events()) > 0 {
			t.Errorf("%d scenarios, without a front %d; deeds: %v", len(got), len(direct), f.Events())
		}
	}
}

// verdicts runs scenarios at a URL of the server.
func verdicts(t *testing.T, server *reference.Instance, at string, ids []string) map[string]scenarios.Verdict {
	t.Helper()
	o := conformance.DefaultOptions()
	o.Embed(conformance.Embedded{URL: at, AccessKey: server.AccessKey, SecretKey: server.SecretKey})
	o.Features, o.ID, o.Seed = []string{"+versioning"}, ids, 1
	plan, err := conformance.NewPlan(o, scenarios.All(), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	run, err := conformance.Open(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]scenarios.Verdict{}
	for _, res := range run.All(t.Context(), 4, nil) {
		all[res.ID] = res.Verdict
	}
	if _, _, err := run.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d scenarios were run", len(all))
	}
	return all
}
