package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"syscall"
	"time"

	"bleepstore/fault"
)

// A Front stands before one HTTP/1.1 server. What it does not disturb it hands on
// byte by byte, in both directions, so that signatures stay good and odd requests
// odd. All methods may be called together.
//
// While nobody listens at the server's address nobody does at the front's: who
// cannot have reached the server is to know it.
type Front struct {
	target *url.URL
	tls    *tls.Config
	tag    string
	node   string
	door   *door
	live   context.Context // until Close
	end    context.CancelFunc

	mu      sync.Mutex
	rand    *rand.Rand
	trouble fault.HTTPTrouble
	decide  func(*http.Request, *rand.Rand) fault.HTTPTrouble // nil: trouble does
	hands   func(*http.Request, []byte) Hand
	hits    []hit
	deeds   []*Deed
	open    map[*passage]struct{}
	closed  bool
	wg      sync.WaitGroup
}

// A hit waits for its request.
type hit struct {
	match   func(*http.Request) bool
	trouble fault.HTTPTrouble
}

// A FrontConfig says before whom a Front stands.
type FrontConfig struct {
	Target *url.URL    // scheme http or https, and host; clients speak plain HTTP in either case
	Listen string      // host:port of the front; "": a free port of the loopback
	TLS    *tls.Config // to an https target; nil: the system's roots. Not changed.
	Seed   uint64      // of which requests suffer
	Tag    string      // the header that says in each Deed which request it was; "": none
}

// NewFront opens a front that disturbs nothing yet.
// Whoever made it closes it.
func NewFront(c FrontConfig) (*Front, error) { return newFront(c, "") }

func newFront(c FrontConfig, node string) (*Front, error) {
	if c.Target == nil || c.Target.Host == "" || c.Target.Scheme != "http" && c.Target.Scheme != "https" {
		return nil, fmt.Errorf("front before %v: want http://host or https://host", c.Target)
	}
	f := &Front{target: c.Target, tls: c.TLS.Clone(), tag: c.Tag, node: node, open: map[*passage]struct{}{}}
	f.rand = rand.New(rand.NewPCG(c.Seed, 0x66726f6e74))
	f.live, f.end = context.WithCancel(context.Background())
	var err error
	if f.door, err = openDoor(c.Listen); err != nil {
		return nil, err
	}
	f.wg.Go(f.serve)
	return f, nil
}

// URL is where clients find the front.
func (f *Front) URL() *url.URL { return &url.URL{Scheme: "http", Host: f.door.addr} }

// Trouble sets what ails requests from now on.
func (f *Front) Trouble(t fault.HTTPTrouble) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trouble = t
}

// Hit has the next request that match picks suffer from t, whatever else there
// is, and no other one. match sees a request without its body; it is called with
// a lock held.
func (f *Front) Hit(match func(*http.Request) bool, t fault.HTTPTrouble) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hits = append(f.hits, hit{match, t})
}

// Decide has each request suffer from what decide says of it, whatever Trouble
// says; nil takes that back. decide sees a request without its body and has the
// front's dice; it is called with a lock held.
func (f *Front) Decide(decide func(r *http.Request, dice *rand.Rand) fault.HTTPTrouble) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.decide = decide
}

// fate is what a request is to suffer from.
func (f *Front) fate(r *http.Request) fault.HTTPTrouble {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, h := range f.hits {
		if h.match(r) {
			f.hits = slices.Delete(f.hits, i, i+1)
			return h.trouble
		}
	}
	if f.decide != nil {
		return f.decide(r, f.rand)
	}
	if f.trouble.Share > 0 && f.rand.Float64() < f.trouble.Share {
		return f.trouble
	}
	return fault.HTTPTrouble{}
}

// A Deed is one thing that a Front did to one request.
type Deed struct {
	What   string    // as a field of fault.HTTPTrouble
	At     time.Time // it began, before anything of it had reached the server
	Until  time.Time // it was over; zero while it lasts
	Node   string    // of the front, where it is one of Fronts
	Method string
	Target string // as the request line has it
	Tag    string // the value of the header that the front's config names
	Bytes  int64  // how far a body got that was cut, as it is on the wire
	Failed string // why a request could not be sent a second time

	// Of the answer that the client did not get: to the first of a Duplicate, or
	// what was dropped. Body is nil where it is not whole, or longer than a server
	// has to say of what it did.
	Status int // 0 where there was none
	Header http.Header
	Body   []byte
}

// Events returns what was done, in the order in which it began. What could not be
// done to a request, for its body was too short to be cut there, or too long to
// be kept, is not in it.
func (f *Front) Events() []Deed {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Deed, len(f.deeds))
	for i, d := range f.deeds {
		all[i] = *d
	}
	return all
}

// did notes a deed under way.
func (f *Front) did(what string, q *asked) *Deed {
	d := &Deed{What: what, At: q.at, Node: f.node, Method: q.req.Method, Target: q.req.RequestURI}
	if f.tag != "" {
		d.Tag = q.req.Header.Get(f.tag)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deeds = append(f.deeds, d)
	return d
}

// over ends a deed; finish, which may be nil, says what else is known.
func (f *Front) over(d *Deed, finish func(*Deed)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d.Until = time.Now()
	if finish != nil {
		finish(d)
	}
}

// Close ends every connection and returns when nothing of the front runs any
// more.
func (f *Front) Close() error {
	f.end()
	f.mu.Lock()
	again := f.closed
	f.closed = true
	for p := range f.open {
		p.end(true)
	}
	f.mu.Unlock()
	defer f.wg.Wait()
	if again {
		return nil
	}
	return f.door.close()
}

// serve takes whoever comes, until Close.
func (f *Front) serve() {
	for {
		c, err := f.door.accept(f.live)
		if err != nil {
			return
		}
		f.wg.Go(func() { f.take(c) })
	}
}

// take connects a client to the server. Where that does not listen the door is
// shut until it does.
func (f *Front) take(c *net.TCPConn) {
	p := newPassage(f, c)
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		p.end(true)
		return
	}
	f.open[p] = struct{}{}
	f.mu.Unlock()
	err := p.reach()
	if err == nil {
		p.run()
	}
	p.end(true)
	f.mu.Lock()
	delete(f.open, p)
	f.mu.Unlock()
	if errors.Is(err, syscall.ECONNREFUSED) {
		f.door.shut(f.live, f.listens)
	}
}

// listens says whether the server does.
func (f *Front) listens() bool {
	ctx, cancel := context.WithTimeout(f.live, time.Second)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", f.addr())
	if err != nil {
		return false
	}
	_ = c.Close() // nothing was sent
	return true
}

// addr is where the server listens.
func (f *Front) addr() string {
	port := f.target.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[f.target.Scheme]
	}
	return net.JoinHostPort(f.target.Hostname(), port)
}
