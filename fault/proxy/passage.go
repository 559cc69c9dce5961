package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"bleepstore/fault"
)

// Bounds of a passage.
const (
	mostAhead = 64              // requests that were sent without waiting for answers
	mostKept  = 8 << 20         // bytes of a request that may be sent a second time
	mostTold  = 64 << 10        // bytes of an answer that the client does not get
	linger    = 2 * time.Second // how long a client may go on sending to a server that has left
)

// A passage is one client's connection through a front to the server. One
// goroutine goes up with requests, another one down with answers.
type passage struct {
	front  *Front
	client *net.TCPConn
	from   *bufio.Reader // the client
	server net.Conn      // what TLS protects, where it does
	raw    *net.TCPConn  // what is below it
	back   *bufio.Reader // the server

	asked chan *asked // in the order in which they were handed on
	last  *asked      // of them; the way up alone knows it
	mouth sync.Mutex  // held by who answers instead of the server, and by who ends what the client hears
	alive context.Context
	die   context.CancelFunc
	mu    sync.Mutex
	dead  bool
}

// An asked is a request that was handed on, or is about to be.
type asked struct {
	req  *http.Request
	at   time.Time
	fate fault.HTTPTrouble
	hand Hand
	head []byte
	done chan struct{} // closed once it is answered

	// For a request that is to be sent again, or shown: all of it, once sent is
	// closed; nil where that is not to be had.
	kept []byte
	sent chan struct{}
}

func newPassage(f *Front, c *net.TCPConn) *passage {
	p := &passage{front: f, client: c, from: bufio.NewReader(c), asked: make(chan *asked, mostAhead)}
	p.alive, p.die = context.WithCancel(context.Background())
	return p
}

// reach connects to the server.
func (p *passage) reach() error {
	raw, conn, err := p.front.dial(p.alive)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return joinClose(net.ErrClosed, conn)
	}
	p.raw, p.server, p.back = raw, conn, bufio.NewReader(conn)
	return nil
}

// dial opens a connection to the server.
func (f *Front) dial(ctx context.Context) (raw *net.TCPConn, conn net.Conn, err error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", f.addr())
	if err != nil {
		return nil, nil, err
	}
	raw = c.(*net.TCPConn)
	if f.target.Scheme != "https" {
		return raw, raw, nil
	}
	cfg := f.tls.Clone()
	if cfg == nil {
		cfg = &tls.Config{}
	}
	if cfg.ServerName == "" {
		cfg.ServerName = f.target.Hostname()
	}
	cfg.NextProtos = []string{"http/1.1"}
	secured := tls.Client(raw, cfg)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, nil, joinClose(err, raw)
	}
	return raw, secured, nil
}

// end closes both connections; reset says that both sides are to find them
// broken, not ended.
func (p *passage) end(reset bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return
	}
	p.dead = true
	p.die()
	for _, c := range []*net.TCPConn{p.client, p.raw} {
		if c == nil {
			continue
		}
		if reset {
			_ = c.SetLinger(0) // closing then sends RST; on failure FIN, which ends it too
		}
		_ = c.Close() // the other side is told in either case
	}
}

// run hands on what there is until both sides have said all.
func (p *passage) run() {
	var ways sync.WaitGroup
	ways.Go(p.up)
	ways.Go(p.down)
	ways.Wait()
	p.end(false)
}

// closeWrite says that nothing more will be sent.
func closeWrite(c net.Conn) error { return c.(interface{ CloseWrite() error }).CloseWrite() }

// A sink remembers that writing failed, so that it is not taken for a failure of
// reading.
type sink struct {
	io.Writer
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	if err != nil {
		s.err = err
	}
	return n, err
}

// up hands on what the client sends.
func (p *passage) up() {
	to := &sink{Writer: p.server}
	err := p.requests(to)
	switch {
	case errors.Is(err, errCut):
		p.end(true)
	case errors.Is(err, errDropped):
		p.end(false)
	case to.err != nil: // the server reads no more; what it has said meanwhile is on its way
		_, _ = io.Copy(io.Discard, p.from) // it ends in any case
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		if closeWrite(p.server) != nil {
			p.end(true)
		}
	case errors.Is(err, os.ErrDeadlineExceeded): // the server has left long ago
		p.end(false)
	default:
		p.end(true)
	}
}

// requests hands on requests, until there are no more (io.EOF) or one is not
// whole. What is no request goes on as it is.
func (p *passage) requests(to *sink) error {
	for {
		head, err := readHead(p.from)
		q := &asked{at: time.Now(), head: head, sent: make(chan struct{}), done: make(chan struct{})}
		var body frame
		if err == nil {
			q.req, body, err = asks(head)
		}
		if errors.Is(err, errOdd) {
			return p.odd(to, q)
		}
		if err != nil {
			if len(head) > 0 {
				_, _ = to.Write(head) // to remembers
			}
			return err
		}
		if err := p.request(to, q, head, body); errors.Is(err, errOdd) {
			return tunnel(to, nil, p.from)
		} else if err != nil {
			return err
		}
	}
}

// tunnel copies whatever comes.
func tunnel(to io.Writer, first []byte, from io.Reader) error {
	if len(first) > 0 {
		if _, err := to.Write(first); err != nil {
			return err
		}
	}
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	return io.EOF
}

// request hands on one request as its fate has it.
func (p *passage) request(to *sink, q *asked, head []byte, body frame) error {
	q.fate = p.front.fate(q.req)
	if q.fate.Delay > 0 {
		d := p.front.did("Delay", q)
		whole := wait(p.alive, q.fate.Delay, nil)
		p.front.over(d, nil)
		if !whole {
			return net.ErrClosed
		}
	}
	if q.fate.Reset {
		p.front.over(p.front.did("Reset", q), nil)
		return errCut
	}
	q.hand = p.front.hand(q.req, head)
	if q.hand.Take != nil && body.length <= mostHanded {
		return p.take(to, q, body)
	}
	if gone := p.put(q); gone != nil {
		return gone
	}
	defer close(q.sent)
	var dst io.Writer = to
	keep := &keeper{most: mostKept}
	if q.fate.Duplicate || q.hand.Change != nil {
		dst = io.MultiWriter(to, keep)
	}
	if _, err := dst.Write(head); err != nil {
		return err
	}
	if q.fate.CutRequest > 0 {
		dst = &knife{dst, q.fate.CutRequest}
	}
	err := copyBody(dst, p.from, body)
	if errors.Is(err, errCut) {
		p.front.over(p.front.did("CutRequest", q), func(d *Deed) { d.Bytes = q.fate.CutRequest })
	}
	if err == nil {
		q.kept = keep.all
	} else if q.hand.Broken != nil && to.err == nil && !errors.Is(err, errOdd) && p.alive.Err() == nil {
		q.hand.Broken()
	}
	return err
}

// A keeper keeps what is written to it, unless that is more than most bytes.
type keeper struct {
	most int
	all  []byte
	over bool
}

func (k *keeper) Write(p []byte) (int, error) {
	if k.over = k.over || len(k.all)+len(p) > k.most; k.over {
		k.all = nil
	} else {
		k.all = append(k.all, p...)
	}
	return len(p), nil
}
