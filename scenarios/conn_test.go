package scenarios_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	. "bleepstore/scenarios"
)

// converse runs a scenario that talks raw bytes to a server that nobody here
// wrote.
func converse(t *testing.T, ses *Session, talk func(ctx context.Context, s *S, c *Conn)) Result {
	t.Helper()
	return run(t, ses, Must, func(ctx context.Context, s *S) {
		c := Dial(ctx, s)
		defer c.Close()
		talk(ctx, s, c)
	})
}

func TestConnTalks(t *testing.T) {
	got := converse(t, foreign(t, nil), func(ctx context.Context, s *S, c *Conn) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		head, body := c.Render(Request{Method: "PUT", Bucket: b, Key: "new", Body: []byte("body"), Header: [][2]string{{"Expect", "100-continue"}}})
		s.Must(c.Write(head), "send a head")
		s.Expect(c.Next("PUT")).To(HaveStatus(100))
		s.Must(c.Write(body), "send a body")
		s.Expect(c.Answer("PUT")).To(HaveStatus(200))
		s.ExpectBody(ctx, b, "new", "body")
		// Two requests at once, the second in two pieces.
		one, _ := c.Render(Request{Method: "GET", Bucket: b, Key: "k"})
		two, _ := c.Render(Request{Method: "HEAD", Bucket: b, Key: "k"})
		s.Must(c.Write(append(one, two[:20]...)), "send one and a half")
		s.Must(c.Write(two[20:]), "send the rest")
		if r := c.Answer("GET"); string(r.Body) != "hello" {
			t.Errorf("got %+v, want hello", r)
		}
		s.Expect(c.Answer("HEAD")).To(HaveStatus(200))
		if c.Closed(0) {
			t.Error("closed, want a connection that is kept")
		}
	})
	if got.Verdict != Pass {
		t.Errorf("%s %s\n%+v", got.Verdict, got.Reason, got.Exchanges)
	}
}

// TestResetBehindARefusal: a server may close, with data of the client unread, behind
// an answer that ends with the connection. A refusal is heard all the same; an answer
// that tells its length, or is none of a refusal, may lack something.
func TestResetBehindARefusal(t *testing.T) {
	for head, want := range map[string]int{
		"400 Bad Request\r\nConnection: close": 400, "501 Not Implemented\r\nContent-Type: text/plain": 501,
		"400 Bad Request\r\nContent-Length: 90": 0, "400 Bad Request\r\nTransfer-Encoding: chunked": 0, "200 OK\r\nConnection: close": 0,
	} {
		to := resetter(t, "HTTP/1.1 "+head+"\r\n\r\nno")
		got := run(t, foreign(t, nil), Must, func(ctx context.Context, s *S) {
			c := DialTo(ctx, s, to)
			defer c.Close()
			s.Must(c.Send(Request{Method: "GET", Bucket: s.Bucket(ctx), Key: "k"}), "send")
			r := c.Answer("GET")
			if r.Status != want || (r.Err == nil) != (want > 0) || want > 0 && string(r.Body) != "no" {
				t.Errorf("%q: got %d %q, %v", head, r.Status, r.Body, r.Err)
			}
			if !c.Closed(time.Minute) {
				t.Errorf("%q: not closed", head)
			}
		})
		if got.Verdict != Pass {
			t.Errorf("%q: %s %s", head, got.Verdict, got.Reason)
		}
	}
}

// resetter is a server that says one thing to whoever asks anything, and resets the
// connection.
func resetter(t *testing.T, says string) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1))
			_, _ = io.WriteString(conn, says)
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	}()
	return &url.URL{Scheme: "http", Host: l.Addr().String()}
}

func TestConnIsRecorded(t *testing.T) {
	got := converse(t, foreign(t, nil), func(ctx context.Context, s *S, c *Conn) {
		s.Must(c.Send(Request{Method: "GET", Bucket: s.Bucket(ctx), Key: "absent"}), "send")
		s.Expect(c.Answer("GET")).To(HaveStatus(200))
	})
	if len(got.Exchanges) == 0 {
		t.Fatal("no exchange was recorded")
	}
	x := got.Exchanges[len(got.Exchanges)-1]
	if x.Method != "GET" || x.Status != 404 || !strings.Contains(x.Request, "/absent HTTP/1.1") {
		t.Errorf("got %+v, want the GET of the absent key", x)
	}
	if strings.Contains(x.Request, "Signature=") && !strings.Contains(x.Request, "Signature=<redacted>") {
		t.Errorf("the signature is shown:\n%s", x.Request)
	}
}

// TestGuardReadsWhatLeaves tries to name a bucket that is not the run's in
// every place where a server could read one.
func TestGuardReadsWhatLeaves(t *testing.T) {
	const theirs = "somebody-elses"
	request := func(line string) string { return line + "\r\nHost: %s\r\nContent-Length: 0\r\n\r\n" }
	for name, text := range map[string]string{
		"request line":    request("DELETE /" + theirs + "/k HTTP/1.1"),
		"absolute form":   request("DELETE http://%[1]s/" + theirs + "/k HTTP/1.1"),
		"lower case":      request("delete /" + theirs + " http/1.1"),
		"odd spaces":      request("DELETE  \t/" + theirs + "/k   HTTP/1.1"),
		"escaped":         request("DELETE /%%73omebody-elses/k HTTP/1.1"),
		"bare line feeds": "DELETE /" + theirs + " HTTP/1.1\nHost: %s\n\n",
		"inside a body":   "PUT /OWN/k HTTP/1.1\r\nHost: %s\r\nContent-Length: 999\r\n\r\nDELETE /" + theirs + " HTTP/1.1\r\nHost: h\r\n\r\n",
		"inside a chunk":  "PUT /OWN/k HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n1f\r\nDELETE /" + theirs + " HTTP/1.1\r\n\r\n",
		"host":            "DELETE / HTTP/1.1\r\nHost: " + theirs + ".localhost\r\n\r\n%.0s",
		"copy source":     "PUT /OWN/k HTTP/1.1\r\nx-amz-copy-source: /" + theirs + "/k\r\nHost: %s\r\n\r\n",
	} {
		for _, pieces := range []bool{false, true} {
			ses := foreign(t, nil)
			got := converse(t, ses, func(ctx context.Context, s *S, c *Conn) {
				raw := strings.ReplaceAll(fmt.Sprintf(text, ses.Target.Endpoints[0].Host), "OWN", s.Bucket(ctx))
				if !pieces {
					_ = c.Write([]byte(raw))
					return
				}
				for i := range raw {
					_ = c.Write([]byte{raw[i]})
				}
			})
			if got.Verdict != Error || !strings.Contains(got.Reason, "guard") {
				t.Errorf("%s, in pieces: %v: got %s %s, want the guard's refusal", name, pieces, got.Verdict, got.Reason)
			}
		}
	}
}

func TestGuardReadsHeadsOnTheWire(t *testing.T) {
	for name, r := range map[string]Request{
		"target": {Method: "DELETE", Key: "k", EditHead: func(h string) string { return strings.Replace(h, "/OWN/", "/somebody-elses/", 1) }},
		"host": {Method: "DELETE", Key: "k", EditHead: func(h string) string {
			before, rest, _ := strings.Cut(h, "Host: ")
			return before + "Host: somebody-elses.localhost" + rest[strings.Index(rest, "\r\n"):]
		}},
		"exact host": {Method: "DELETE", Path: "/k", Host: "somebody-elses.localhost"},
	} {
		got := run(t, foreign(t, nil), Must, func(ctx context.Context, s *S) {
			r.Bucket = s.Bucket(ctx)
			if edit := r.EditHead; edit != nil {
				r.EditHead = func(h string) string {
					return strings.Replace(edit(strings.Replace(h, r.Bucket, "OWN", 1)), "OWN", r.Bucket, 1)
				}
			}
			s.Expect(s.Send(ctx, r)).To(OK())
		})
		if got.Verdict != Error || !strings.Contains(got.Reason, "guard") {
			t.Errorf("%s: got %s %s, want the guard's refusal", name, got.Verdict, got.Reason)
		}
	}
}
