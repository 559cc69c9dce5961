package simnet_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bleepstore/fault"
)

func TestHalfClose(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fixture) {
		if _, err := f.client.Write([]byte("question")); err != nil {
			t.Fatal(err)
		}
		if err := f.client.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		_, err := f.client.Write([]byte("more"))
		wantErr(t, "write", err, syscall.EPIPE)
		if got, err := io.ReadAll(f.server); string(got) != "question" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		f.say(f.server, f.client, "answer")
	})
}

func TestClose(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fixture) {
		if _, err := f.client.Write([]byte("bye")); err != nil {
			t.Fatal(err)
		}
		blocked := make(chan error)
		go func() { _, err := f.client.Read(make([]byte, 1)); blocked <- err }()
		time.Sleep(time.Second)
		if err := f.client.Close(); err != nil {
			t.Error(err)
		}
		wantErr(t, "the read under way", <-blocked, net.ErrClosed)
		_, err := f.client.Write([]byte("x"))
		wantErr(t, "write", err, net.ErrClosed)
		wantErr(t, "close again", f.client.Close(), net.ErrClosed)
		wantErr(t, "deadline", f.client.SetDeadline(time.Now()), net.ErrClosed)
		if got, err := io.ReadAll(f.server); string(got) != "bye" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		_, err = f.server.Write([]byte("x"))
		wantErr(t, "write to nobody", err, syscall.EPIPE)
	})
}

// TestCloseFreesTheWriter: who waits for room learns that nobody reads any more.
func TestCloseFreesTheWriter(t *testing.T) {
	for name, end := range map[string]struct {
		by   func(f *fixture)
		want error
	}{
		"the reader":  {func(f *fixture) { f.server.Close() }, syscall.EPIPE},
		"itself":      {func(f *fixture) { f.client.Close() }, net.ErrClosed},
		"its death":   {func(f *fixture) { f.Kill("c") }, syscall.ECONNRESET},
		"the other's": {func(f *fixture) { f.Kill("s") }, syscall.ECONNRESET},
		"time":        {func(f *fixture) { _ = f.client.SetWriteDeadline(time.Now().Add(time.Second)) }, os.ErrDeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, f *fixture) {
				time.AfterFunc(time.Second, func() { end.by(f) })
				n, err := f.client.Write(make([]byte, 1<<20))
				if n < 200<<10 || n > 300<<10 {
					t.Errorf("%d bytes fit", n)
				}
				wantErr(t, "write", err, end.want)
			})
		})
	}
}

func TestLingerOfNothingResets(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fixture) {
		if err := f.client.(interface{ SetLinger(int) error }).SetLinger(0); err != nil {
			t.Fatal(err)
		}
		if err := f.client.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := f.server.Read(make([]byte, 1))
		wantErr(t, "read", err, syscall.ECONNRESET)
	})
}

func TestDeadlines(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fixture) {
		for _, wait := range []time.Duration{-time.Hour, 0, time.Second} {
			began := time.Now()
			_ = f.client.SetReadDeadline(began.Add(wait))
			_, err := f.client.Read(make([]byte, 1))
			wantErr(t, "read", err, os.ErrDeadlineExceeded)
			if took := time.Since(began); took != max(wait, 0) {
				t.Errorf("it took %s", took)
			}
		}
		blocked := make(chan error)
		_ = f.client.SetReadDeadline(time.Time{})
		for range 3 { // one after the other has its turn, and all are late
			go func() { _, err := f.client.Read(make([]byte, 1)); blocked <- err }()
		}
		time.Sleep(time.Second)
		_ = f.client.SetReadDeadline(time.Unix(1, 0))
		for range 3 {
			wantErr(t, "read", <-blocked, os.ErrDeadlineExceeded)
		}
		_ = f.client.SetDeadline(time.Time{})
		f.say(f.server, f.client, "it goes on")
	})
}

// TestManyWriters: what one call writes stays together.
func TestManyWriters(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fixture) {
		const each = 300 << 10 // more than the window
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				if _, err := f.client.Write([]byte(strings.Repeat(fmt.Sprint(i), each))); err != nil {
					t.Error(err)
				}
			})
		}
		buf := make([]byte, each)
		for range 3 {
			if _, err := io.ReadFull(f.server, buf); err != nil {
				t.Fatal(err)
			}
			if string(buf) != strings.Repeat(string(buf[:1]), each) {
				t.Error("writes are mixed")
			}
		}
		wg.Wait()
	})
}

// TestHTTPOverTLS: what nodes and clients speak works, and its goroutines end.
func TestHTTPOverTLS(t *testing.T) {
	certificates() // outside of the bubble
	inBubble(t, func(t *testing.T, f *fixture) {
		srv := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if body, err := io.ReadAll(r.Body); err == nil {
				_, _ = w.Write(body)
			}
		})}
		tc := &tls.Config{Certificates: certificates(), MinVersion: tls.VersionTLS13}
		served := make(chan error)
		go func() { served <- srv.Serve(tls.NewListener(f.l, tc)) }()
		tr := &http.Transport{DialContext: dialFrom(f, "c"), TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
		client := &http.Client{Transport: tr, Timeout: 5 * time.Second}
		ask := func(body string) error {
			resp, err := client.Post("https://s:80/", "text/plain", strings.NewReader(body))
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			got, err := io.ReadAll(resp.Body)
			if err == nil && string(got) != body {
				err = errors.New("another body")
			}
			return err
		}
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				if err := ask(strings.Repeat("x", i*50_000)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		f.Trouble(in, fault.NetTrouble{Cut: true})
		if err := ask("cut"); !os.IsTimeout(err) {
			t.Errorf("got %v, want a timeout", err)
		}
		f.Trouble(in, fault.NetTrouble{})
		if err := ask("healed"); err != nil {
			t.Error(err)
		}
		f.Kill("s")
		time.Sleep(time.Second)
		if err := ask("dead"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v, want refused", err)
		}
		srv.Close()
		<-served
		tr.CloseIdleConnections()
	})
}

// certificates are those of httptest, which listens nowhere here.
var certificates = sync.OnceValue(func() []tls.Certificate {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	return s.TLS.Certificates
})
