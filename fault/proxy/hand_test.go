package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// hands decides by the path, and counts what broke off.
func hands(broken chan<- string) func(*http.Request, []byte) Hand {
	return func(r *http.Request, head []byte) Hand {
		var h Hand
		switch {
		case r == nil:
			h.Change = func(asked, head, body []byte) ([]byte, bool) {
				return []byte("HTTP/1.1 200 odd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), false
			}
		case strings.HasPrefix(r.URL.Path, "/take"):
			h.Take = func(_ context.Context, head, body []byte, whole bool) ([]byte, bool) {
				if strings.HasSuffix(r.URL.Path, "not") {
					return nil, true
				}
				return fmt.Appendf(nil, "HTTP/1.1 201 taken\r\nContent-Length: %d\r\n\r\n%s", len(body), body), true
			}
		case strings.HasPrefix(r.URL.Path, "/change"):
			h.Change = func(asked, head, body []byte) ([]byte, bool) {
				i := strings.Index(string(asked), "\r\n\r\n")
				said := strings.ToUpper(string(body)) + string(asked[i+4:])
				return fmt.Appendf(nil, "HTTP/1.1 202 changed\r\nContent-Length: %d\r\n\r\n%s", len(said), said), true
			}
		}
		h.Broken = func() { broken <- r.URL.Path }
		return h
	}
}

// echoes is a front with hands before a server that says what path it was asked
// for.
func echoes(t *testing.T, broken chan<- string) *Front {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // what breaks off is answered too
		_, _ = io.WriteString(w, "server"+r.URL.Path)
	}))
	t.Cleanup(s.Close)
	f := frontOf(t, s.URL, FrontConfig{})
	f.Hands(hands(broken))
	return f
}

// Requests of one connection are answered in their order, whoever answers them.
func TestHandsInOrder(t *testing.T) {
	c := come(t, echoes(t, nil))
	want := []string{"200 server/1", "201 body", "202 SERVER/CHANGEbody", "201 ", "200 server/take-not", "200 server/2", "200 "}
	ask := "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n" +
		"PUT /take HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody" +
		"PUT /change HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody" +
		"GET /take HTTP/1.1\r\nHost: h\r\n\r\n" +
		"PUT /take-not HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx" +
		"GET /2 HTTP/1.1\r\nHost: h\r\n\r\n" +
		"GET / HTTP/1.1\r\nodd : h\r\n\r\n"
	go io.WriteString(c, ask)
	from := bufio.NewReader(c)
	for i, w := range want {
		r, err := http.ReadResponse(from, nil)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		body, err := io.ReadAll(r.Body)
		if got := fmt.Sprintf("%d %s", r.StatusCode, body); got != w || err != nil {
			t.Errorf("answer %d: got %q, %v, want %q", i, got, err, w)
		}
	}
	if rest, err := io.ReadAll(from); len(rest) > 0 || err != nil {
		t.Errorf("then %q, %v, want the end", rest, err)
	}
}

// A body that is waited for is asked for by who takes the request.
func TestHandContinues(t *testing.T) {
	c := come(t, echoes(t, nil))
	if _, err := io.WriteString(c, "PUT /take HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	from := bufio.NewReader(c)
	if r, err := http.ReadResponse(from, nil); err != nil || r.StatusCode != 100 {
		t.Fatalf("got %v, %v, want 100", r, err)
	}
	if _, err := io.WriteString(c, "x"); err != nil {
		t.Fatal(err)
	}
	if r, err := http.ReadResponse(from, nil); err != nil || r.StatusCode != 201 {
		t.Errorf("got %v, %v, want 201", r, err)
	}
}

// Who looks on is told of requests that break off.
func TestHandBroken(t *testing.T) {
	broken := make(chan string, 1)
	c := come(t, echoes(t, broken))
	if _, err := io.WriteString(c, "PUT /cut HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf"); err != nil {
		t.Fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got := <-broken; got != "/cut" {
		t.Errorf("%s broke off", got)
	}
}

// A front that is told where to listen does so, and sends what it is given.
func TestListenAndSend(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	f := frontOf(t, s.URL, FrontConfig{Listen: addr})
	if f.URL().Host != addr {
		t.Errorf("it listens at %s, want %s", f.URL(), addr)
	}
	head, body, err := f.Send(t.Context(), []byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), "GET")
	if err != nil || !strings.HasPrefix(string(head), "HTTP/1.1 404") || !strings.Contains(string(body), "404") {
		t.Errorf("got %q, %q, %v", head, body, err)
	}
}
