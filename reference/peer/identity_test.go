package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"testing"
)

// TestMismatch: a request whose cluster, addressee or sender is not right never
// reaches a handler.
func TestMismatch(t *testing.T) {
	for name, c := range map[string]struct {
		cluster, from, to, path string
		status                  int
		text                    string
	}{
		"as it should be":             {"c", "a", "b", "/echo", 200, ""},
		"another cluster":             {"d", "a", "b", "/echo", 421, `"d"`},
		"another cluster, to join":    {"d", "a", "b", "/join", 421, `"d"`},
		"no cluster":                  {"", "a", "b", "/echo", 421, `""`},
		"no cluster, to join":         {"", "a", "b", "/join", 200, ""},
		"no cluster, hello":           {"", "a", "", "/hello", 200, ""},
		"no addressee":                {"c", "a", "", "/echo", 421, `this is node "b"`},
		"another addressee":           {"c", "a", "z", "/echo", 421, `"z"`},
		"another addressee, to join":  {"", "a", "z", "/join", 421, `"z"`},
		"a sender it is not":          {"c", "b", "b", "/echo", 403, `of node "a"`},
		"no sender":                   {"c", "", "b", "/echo", 403, `of node "a"`},
		"a sender it is not, to join": {"", "z", "b", "/join", 403, `of node "a"`},
		"a path below hello":          {"", "a", "b", "/hello/x", 421, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t, "a", "b")
			f.ports["b"].Handle("/", http.HandlerFunc(echo))
			req := request(t, "GET", "https://b"+c.path, "")
			req.Header = http.Header{HeaderCluster: {c.cluster}, HeaderFrom: {c.from}, HeaderTo: {c.to}}
			transport, err := f.ports["a"].client("b")
			if err != nil {
				t.Fatal(err)
			}
			resp, err := transport.RoundTrip(req)
			status, body := answer(t, resp, err)
			if status != c.status || !strings.Contains(body, c.text) {
				t.Errorf("got %d %q, want %d with %s", status, body, c.status, c.text)
			}
		})
	}
}

// TestRefusedError: the caller learns who refused, and why.
func TestRefusedError(t *testing.T) {
	f := newFleet(t, "a", "b")
	f.ports["a"].SetCluster("d")
	_, err := f.ports["a"].Do(within(t), "b", request(t, "GET", "/echo", ""))
	var refused *RefusedError
	if !errors.Is(err, ErrRefused) || !errors.As(err, &refused) || refused.Status != 421 || refused.Node != "b" || !strings.Contains(refused.Text, `"d"`) {
		t.Errorf("got %v, want the refusal of cluster d", err)
	}
}

// TestNoClusterYet: a port that is in no cluster takes the two requests by
// which it gets into one.
func TestNoClusterYet(t *testing.T) {
	f := newFleet(t, "a", "b")
	f.ports["b"].SetCluster("")
	for _, path := range []string{"/hello", "/join", "/echo"} {
		f.ports["b"].Handle(path, http.HandlerFunc(echo))
	}
	for path, ok := range map[string]bool{"/hello": true, "/join": true, "/echo": false} {
		resp, err := f.ports["a"].Do(within(t), "b", request(t, "GET", path, ""))
		if ok {
			answer(t, resp, err)
		} else if !errors.Is(err, ErrRefused) {
			t.Errorf("%s: got %v, want ErrRefused", path, err)
		}
	}
	f.ports["b"].SetCluster("c")
	resp, err := f.ports["a"].Do(within(t), "b", request(t, "GET", "/echo", ""))
	answer(t, resp, err)
}

// TestDoAddr: by an address alone, the answer tells the node by its
// certificate, whatever the handler says.
func TestDoAddr(t *testing.T) {
	f := newFleet(t, "a", "b")
	f.ports["b"].Handle("/hello", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(HeaderNode, "z")
	}))
	resp, err := f.ports["a"].DoAddr(within(t), f.ports["b"].Addr(), request(t, "GET", "/hello", ""))
	if err == nil && resp.Header.Get(HeaderNode) != "b" {
		t.Errorf("got node %q, want b", resp.Header.Get(HeaderNode))
	}
	answer(t, resp, err)
	if _, err := f.ports["a"].DoAddr(within(t), f.ports["b"].Addr(), request(t, "GET", "/echo", "")); !errors.Is(err, ErrRefused) {
		t.Errorf("got %v for another path, want ErrRefused", err)
	}
	if _, err := f.ports["a"].DoAddr(within(t), "nowhere", request(t, "POST", "/hello", "x")); err == nil {
		t.Error("an address without a port was taken")
	}
}

// TestAnotherAnswers: the book is wrong, and the call finds out before it sends.
func TestAnotherAnswers(t *testing.T) {
	f := newFleet(t, "a", "b")
	f.ports["b"].Handle("/", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") }))
	f.ports["a"].SetBook(func(string) (string, bool) { return f.ports["b"].Addr(), true })
	_, err := f.ports["a"].Do(within(t), "z", request(t, "GET", "/echo", ""))
	if !errors.Is(err, ErrIdentity) || !strings.Contains(err.Error(), `"b"`) {
		t.Errorf("got %v, want ErrIdentity that names b", err)
	}
}

// TestStrangers: who has no certificate of the cluster's authority gets nothing
// out of the port, by either protocol.
func TestStrangers(t *testing.T) {
	f := newFleet(t, "b")
	f.ports["b"].Handle("/", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a stranger was heard") }))
	mine, theirs := creds(t, secret, "a"), creds(t, other, "a")
	for name, c := range map[string]*tls.Config{
		"another authority": {Certificates: []tls.Certificate{theirs.Cert}, MinVersion: tls.VersionTLS13},
		"no certificate":    {MinVersion: tls.VersionTLS13},
		"TLS 1.2":           {Certificates: []tls.Certificate{mine.Cert}, MaxVersion: tls.VersionTLS12},
		"another protocol":  {Certificates: []tls.Certificate{mine.Cert}, NextProtos: []string{"h2"}},
	} {
		for _, alpn := range []string{alpnHTTP, alpnRaft} {
			t.Run(name+", "+alpn, func(t *testing.T) {
				c := c.Clone()
				c.InsecureSkipVerify = true
				if c.NextProtos == nil {
					c.NextProtos = []string{alpn}
				}
				if err := knock(within(t), f.ports["b"].Addr(), c); err == nil {
					t.Error("it was let in")
				}
			})
		}
	}
}

// knock connects and waits for whatever the other side says first.
func knock(ctx context.Context, addr string, c *tls.Config) error {
	conn, err := (&tls.Dialer{Config: c}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	_, err = conn.Write([]byte("GET /hello HTTP/1.1\r\nHost: b\r\n\r\n"))
	if err == nil {
		_, err = conn.Read(make([]byte, 1))
	}
	return err
}

// TestImpostor: a server with a certificate of another authority is not told
// anything.
func TestImpostor(t *testing.T) {
	f := newFleet(t, "a")
	p := f.open("b", func(o *Options) { o.Creds = creds(t, other, "b") })
	p.Handle("/", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") }))
	if _, err := f.ports["a"].Do(within(t), "b", request(t, "GET", "/echo", "")); !errors.Is(err, ErrIdentity) {
		t.Errorf("got %v, want ErrIdentity", err)
	}
	if _, err := f.ports["a"].DoAddr(within(t), p.Addr(), request(t, "GET", "/hello", "")); !errors.Is(err, ErrIdentity) {
		t.Errorf("got %v by address, want ErrIdentity", err)
	}
}
