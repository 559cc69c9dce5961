package scenarios

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// connWait is how long a Conn waits for the server's next bytes, beyond what the
// slowest answer took. A server that answers at all needs far less; a longer wait
// would only tell later that none came.
const connWait = 8 * time.Second

// A Conn is a raw connection to the target, for rules about what lies outside
// of one request and its answer: pipelining, framing, interim answers, bodies
// that stall or break off. What is written leaves exactly as it is, once the
// guard has seen every request in it, and is recorded with each answer. A Conn
// belongs to the scenario's goroutine, which closes it. It connects when the first
// byte is written: a server may close a connection on which it is asked nothing
// while the scenario makes what it will ask for.
type Conn struct {
	s     *S
	dial  func() (net.Conn, error)
	conn  net.Conn // nil: not yet
	br    *bufio.Reader
	watch watch
	stop  func() bool // takes the context off the connection
	to    *url.URL

	start  time.Time
	sent   bytes.Buffer // since the last answer, its start
	total  int64
	method string // of the first request since the last answer
	target string
}

// Dial returns a Conn to the endpoint. The scenario is blocked when the target
// does not accept the connection.
func Dial(ctx context.Context, s *S) *Conn { return DialTo(ctx, s, s.endpoint) }

// DialTo is Dial for another endpoint of the target, as the one over TLS.
func DialTo(ctx context.Context, s *S, to *url.URL) *Conn {
	return DialBy(ctx, s, to, s.session.dial)
}

// DialBy is DialTo by way of what stands before the endpoint: dial connects to
// that, whatever the scheme of the endpoint.
func DialBy(ctx context.Context, s *S, to *url.URL, dial func(context.Context, *url.URL) (net.Conn, error)) *Conn {
	c := &Conn{s: s, to: to, watch: watch{guard: s.session.guard, bases: []string{to.Hostname(), hostname(virtualBase(to))}}}
	c.dial = func() (net.Conn, error) {
		s.Must(s.pace(ctx), "wait for a turn")
		conn, err := dial(ctx, to)
		if err == nil {
			c.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}
	return c
}

// connect connects, unless that is done.
func (c *Conn) connect() {
	if c.conn != nil {
		return
	}
	conn, err := c.dial()
	c.s.Must(err, "connect")
	c.conn, c.br, c.start = conn, bufio.NewReader(conn), time.Now()
}

// Render returns the bytes of r as Send would write them, but path style
// whatever the run's addressing.
func (c *Conn) Render(r Request) (head, body []byte) {
	if r.Path == "" && r.Bucket != "" {
		r.Path = "/" + escapePath(r.Bucket)
		if r.Key != "" {
			r.Path += "/" + escapePath(r.Key)
		}
	}
	w, err := c.s.prepare(r, c.to)
	if err != nil {
		c.s.broke(err)
	}
	return w.head, w.body
}

// Write sends p as it is. Its error means that the server no longer reads,
// which alone says nothing: its answer may be waiting.
func (c *Conn) Write(p []byte) error {
	aims, err := c.watch.admit(p)
	if err != nil {
		c.s.broke(err)
	}
	c.connect()
	for _, a := range aims {
		if c.method == "" {
			c.method, c.target = a.method, "/"+a.bucket+"/"+a.key
		}
		c.s.writes.doubt(a)
	}
	if room := sampleBytes - c.sent.Len(); room > 0 {
		c.sent.Write(p[:min(len(p), room)])
	}
	c.total += int64(len(p))
	_ = c.conn.SetWriteDeadline(time.Now().Add(c.patience(connWait))) // a failing deadline shows as a failing write
	_, err = c.conn.Write(p)
	return err
}

// Send writes r as Render makes it.
func (c *Conn) Send(r Request) error {
	head, body := c.Render(r)
	return c.Write(append(head, body...))
}

// Answer reads the final answer to a request of the method, and which interim
// ones came before it.
func (c *Conn) Answer(method string) *Response {
	return c.read(method, c.patience(connWait), readResponse)
}

// AnswerWithin is Answer for rules about slowness.
func (c *Conn) AnswerWithin(method string, wait time.Duration) *Response {
	return c.read(method, wait, readResponse)
}

// Next reads the next answer, which may be an interim one.
func (c *Conn) Next(method string) *Response { return c.read(method, c.patience(connWait), readNext) }

// patience is wait for this server: one whose answers come late is also late in
// closing connections.
func (c *Conn) patience(wait time.Duration) time.Duration { return wait + Slowest(c.s) }

func (c *Conn) read(method string, wait time.Duration, read func(*bufio.Reader, string) *Response) *Response {
	c.connect()
	_ = c.conn.SetReadDeadline(time.Now().Add(wait)) // a failing deadline shows as a failing read
	asked := time.Now()
	resp := read(c.br, method)
	c.s.answered(time.Since(asked), resp.Err)
	if errors.Is(resp.Err, os.ErrDeadlineExceeded) {
		resp.Err = fmt.Errorf("no answer within %s", wait)
	}
	c.record(method, resp)
	return resp
}

func (c *Conn) record(method string, resp *Response) {
	if c.method == "" {
		c.method = method
	}
	rec := &recorded{aim: aim{method: method}, header: http.Header{}, resp: resp, odd: true}
	rec.Exchange = Exchange{Method: c.method, URL: redactURL(c.to.String() + c.target), Took: time.Since(c.start),
		Request: redactText(bodyText(c.sent.Bytes(), c.total))}
	rec.fill(resp)
	c.s.record(rec)
	c.sent.Reset()
	c.total, c.method, c.target, c.start = 0, "", "", time.Now()
}

// redactText hides secrets in raw bytes as a transcript shows them.
func redactText(text string) string {
	lines := strings.Split(strings.TrimPrefix(text, "\n"), "\n")
	for i, l := range lines {
		name, value, ok := strings.Cut(l, ": ")
		if !ok {
			lines[i] = redactURL(l)
			continue
		}
		lines[i] = name + ": " + redactHeader(name, value)
	}
	return strings.Join(lines, "\n")
}

// Closed reports whether the server closes the connection within wait, and as
// much longer as its slowest answer took, with nothing more said; 0 looks whether it has.
func (c *Conn) Closed(wait time.Duration) bool {
	if wait > 0 {
		wait = c.patience(wait)
	}
	c.connect()
	_ = c.conn.SetReadDeadline(time.Now().Add(wait)) // a failing deadline shows as a failing read
	_, err := c.br.Peek(1)
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

// CloseWrite says that nothing more will be sent; answers can still be read.
func (c *Conn) CloseWrite() error {
	if w, ok := c.conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

// Reset drops the connection as a client does that is killed: the server finds
// it broken, not ended.
func (c *Conn) Reset() {
	type lingerer interface{ SetLinger(int) error }
	if t, ok := c.conn.(lingerer); ok {
		_ = t.SetLinger(0) // best effort: closing is what counts
	}
	c.Close()
}

// Close ends the connection; closing twice is fine.
func (c *Conn) Close() {
	if c.conn == nil {
		return
	}
	c.stop()
	_ = c.conn.Close()
	if c.total > 0 {
		c.record(c.method, &Response{Err: io.EOF})
	}
}
