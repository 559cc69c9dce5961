package s3

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// A conn is a raw connection to a server under test.
type conn struct {
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, srv *httptest.Server) conn {
	t.Helper()
	c, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	// A hang is a failure, not a timeout of the whole test binary.
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return newConn(c)
}

func newConn(c net.Conn) conn { return conn{c, bufio.NewReader(c)} }

func readReply(t *testing.T, r *bufio.Reader, method string) reply {
	t.Helper()
	res, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("read response: %v", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("read response body: %v", err)
	}
	return reply{res.StatusCode, res.Header, string(body), res.Close}
}
