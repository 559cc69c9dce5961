package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"
)

// script is a server that says one thing on each connection once it has read
// as much as it expects, and keeps what it read.
type script struct {
	*testing.T
	l   net.Listener
	got chan []byte
}

// play lets the next connection be one on which want bytes are read, say is
// said, and the stream ends, once the client's has where patient.
func (s *script) play(want int, say string, patient bool) {
	go func() {
		c, err := s.l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(20 * time.Second))
		got := make([]byte, want)
		n, _ := io.ReadFull(c, got)
		io.WriteString(c, say)
		if patient {
			rest, _ := io.ReadAll(c)
			got = append(got[:n], rest...)
		}
		s.got <- got
	}()
}

func frontOf(t *testing.T, target string, c FrontConfig) *Front {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	c.Target, c.Tag = u, "X-Tag"
	f, err := NewFront(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// come connects to a front.
func come(t *testing.T, f *Front) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", f.URL().Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn)
}

var bytewise = map[string][2]string{
	"plain":       {"PUT /b/k?x HTTP/1.1\r\nhOST: h\r\nX-b: 2\r\nX-a: 1\r\ncontent-length: 4\r\n\r\nbody", "HTTP/1.1 200 OK\r\nzZ: 1\r\nContent-Length: 2\r\n\r\nok"},
	"pipelined":   {"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"},
	"chunked":     {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: t\r\n\r\n3;ext=\"v\"\r\nabc\r\n00\r\nt: 1\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n"},
	"interim":     {"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
	"to the end":  {"GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\nuntil it ends"},
	"bare LF":     {"GET / HTTP/1.1\nHost: h\n\n", "HTTP/1.1 200 OK\nContent-Length: 1\n\nx"},
	"empty lines": {"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 304 No\r\nContent-Length: 10\r\n\r\n"},
	"malformed":   {"GET / HTTP/1.1\r\nHost : h\r\n\r\nwhatever", "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"},
	"smuggled":    {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad\r\n\r\nx"},
	"bad chunk":   {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc", "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"},
	"upgrade":     {"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n\x00\x01\xff", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n\xff\x00"},
	"no HTTP":     {"\x16\x03\x01\x00\n\n\n", "who are you?"},
	"no answer":   {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "I do not speak it"},
	"half a head": {"GET / HTTP/1.1\r\nHo", ""},
	"half a body": {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nsome", "HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\nbad"},
	"long":        {"GET /" + strings.Repeat("x", 10000) + " HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 414 Long\r\nA: " + strings.Repeat("y", 10000) + "\r\nContent-Length: 0\r\n\r\n"},
}

// What is not disturbed passes byte by byte, whatever it is.
func TestFrontIsTransparent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := frontOf(t, "http://"+l.Addr().String(), FrontConfig{})
	for name, say := range bytewise {
		for _, pieces := range []int{1, 1 << 20} {
			t.Run(fmt.Sprint(name, " in pieces of ", pieces), func(t *testing.T) {
				s := &script{t, l, make(chan []byte, 1)}
				s.play(len(say[0]), say[1], true)
				c := come(t, f)
				for rest := say[0]; rest != ""; {
					n := min(len(rest), pieces)
					if _, err := io.WriteString(c, rest[:n]); err != nil {
						t.Fatal(err)
					}
					rest = rest[n:]
				}
				if strings.HasPrefix(name, "half") {
					c.CloseWrite()
				}
				answer := make([]byte, len(say[1]))
				if n, err := io.ReadFull(c, answer); err != nil || string(answer) != say[1] {
					t.Errorf("the client got %q, %v, want %q", answer[:n], err, say[1])
				}
				c.CloseWrite()
				if got := <-s.got; string(got) != say[0] {
					t.Errorf("the server got %q, want %q", got, say[0])
				}
				if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
					t.Errorf("then %q, %v, want the end", rest, err)
				}
			})
		}
	}
	if d := f.Events(); len(d) > 0 {
		t.Errorf("a front that was told nothing did %+v", d)
	}
}

// A server that ends a connection ends the client's, also between requests.
func TestServerEnds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := frontOf(t, "http://"+l.Addr().String(), FrontConfig{})
	s := &script{t, l, make(chan []byte, 1)}
	for _, say := range []string{"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"} {
		want := "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
		s.play(len(want), say, false)
		c := come(t, f)
		if _, err := io.WriteString(c, want); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(c); string(got) != say || err != nil {
			t.Errorf("got %q, %v, want %q and the end", got, err, say)
		}
		<-s.got
	}
}

// Where nobody listens behind a front nobody listens at it, until somebody does.
func TestFrontOfNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	f := frontOf(t, "http://"+addr, FrontConfig{})
	l.Close()
	ask := func() error {
		c, err := net.Dial("tcp", f.URL().Host)
		if err != nil {
			return err
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(20 * time.Second))
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		b, err := io.ReadAll(c)
		if err == nil && !bytes.Contains(b, []byte("200 OK")) {
			err = fmt.Errorf("got %q", b)
		}
		return err
	}
	if err := ask(); err == nil {
		t.Fatal("nobody answered")
	}
	until(t, func() bool { return errors.Is(ask(), syscall.ECONNREFUSED) })
	l, err = net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})}
	go srv.Serve(l)
	defer srv.Close()
	until(t, func() bool { return ask() == nil })
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := ask(); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after Close: %v", err)
	}
}

func TestFrontBeforeWhat(t *testing.T) {
	for _, u := range []*url.URL{nil, {Scheme: "http"}, {Scheme: "ftp", Host: "h"}} {
		if _, err := NewFront(FrontConfig{Target: u}); err == nil {
			t.Errorf("a front before %v", u)
		}
	}
}

func until(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never came about")
		}
	}
}
