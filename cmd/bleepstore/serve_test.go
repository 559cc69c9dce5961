package main

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bleepstore/reference"
	"bleepstore/reference/config"
)

func resolve(t *testing.T, flags map[string]string) (service, error) {
	t.Helper()
	v, err := config.Resolve(flags, func(string) string { return "" }, "")
	if err != nil {
		t.Fatal(err)
	}
	return settle(v)
}

func TestSettleRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		flags map[string]string
		says  string
	}{
		"default keys on the network":     {map[string]string{"server.host": "0.0.0.0"}, "--access-key"},
		"unknown backend":                 {map[string]string{"storage.backend": "tape"}, "tape"},
		"certificate without key":         {map[string]string{"server.tls.cert_file": "c"}, "together"},
		"TLS address without certificate": {map[string]string{"server.tls.addr": "127.0.0.1:0"}, "needs self_signed"},
		"two certificates":                {map[string]string{"server.tls.self_signed": "true", "server.tls.cert_file": "c", "server.tls.key_file": "k"}, "not both"},
		"log level":                       {map[string]string{"observability.log_level": "loud"}, "log_level"},
		"drain":                           {map[string]string{"server.shutdown_timeout": "soon"}, "soon"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := resolve(t, tc.flags); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want an error with %q", err, tc.says)
			}
		})
	}
}

func TestOpsAddr(t *testing.T) {
	for name, tc := range map[string]struct {
		flags map[string]string
		want  string
	}{
		"default":         {nil, "127.0.0.1:9001"},
		"free port":       {map[string]string{"server.port": "0"}, "127.0.0.1:0"},
		"off":             {map[string]string{"server.ops_addr": "off"}, ""},
		"by its old name": {map[string]string{"server.admin_port": "9100"}, "127.0.0.1:9100"},
		"given wins":      {map[string]string{"server.admin_port": "9100", "server.ops_addr": "127.0.0.1:9200"}, "127.0.0.1:9200"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := resolve(t, tc.flags)
			if err != nil || s.ops != tc.want {
				t.Errorf("got %q, %v, want %q", s.ops, err, tc.want)
			}
		})
	}
}

func TestServesPlainAndTLS(t *testing.T) {
	s, err := resolve(t, map[string]string{"storage.backend": "memory", "server.port": "0", "server.tls.self_signed": "true", "server.tls.addr": "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := openOps(&s)
	if err != nil {
		t.Fatal(err)
	}
	defer second.close()
	if second.ready() {
		t.Error("ready before the server is open")
	}
	server, err := reference.Open(t.Context(), s.server)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve() }()
	second.watch(server)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for url, want := range map[string]int{server.URL(): 403, server.TLSURL(): 403, second.url() + "/readyz": 200, second.url() + "/metrics": 200} {
		resp, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: got %d, want %d", url, resp.StatusCode, want)
		}
		if strings.HasSuffix(url, "/metrics") && !strings.Contains(string(body), "bleepstore_objects 0") {
			t.Errorf("no figures in\n%s", body)
		}
	}
	path := filepath.Join(t.TempDir(), "url")
	if err := announce(path, server.URL(), server.TLSURL()); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != server.URL()+"\n"+server.TLSURL()+"\n" {
		t.Errorf("address file %q", got)
	}
	if err := server.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
