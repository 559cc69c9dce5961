package liar

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"

	"bleepstore/fault/proxy"
)

// A Keys is what an account signs with.
type Keys struct{ Access, Secret string }

// Options say before whom a Liar stands, and what it knows.
type Options struct {
	Target *url.URL    // of the server: http or https
	TLS    *tls.Config // to an https target; nil: the system's roots
	Listen string      // host:port; "": a free port of the loopback
	Keys   []Keys      // of all accounts; the first one owns what there is. Without those of a request it is not changed.
	Region string      // where perform signs for; "": us-east-1
	Seed   uint64      // of what lies draw
}

// A Liar stands before one server. All methods may be called together.
type Liar struct {
	front   *proxy.Front
	handler http.Handler
	secrets map[string]string // by access key
	keys    []Keys
	region  string
	seed    uint64

	mu      sync.Mutex
	telling *telling // nil: the truth
	tracing bool
	met     map[string]bool
}

// New opens a liar that tells the truth. Whoever made it closes it.
func New(o Options) (*Liar, error) {
	front, err := proxy.NewFront(proxy.FrontConfig{Target: o.Target, TLS: o.TLS, Listen: o.Listen, Seed: o.Seed})
	if err != nil {
		return nil, fmt.Errorf("liar: %w", err)
	}
	l := &Liar{front: front, secrets: map[string]string{}, keys: o.Keys, region: o.Region, seed: o.Seed, met: map[string]bool{}}
	if l.region == "" {
		l.region = "us-east-1"
	}
	for _, k := range o.Keys {
		l.secrets[k.Access] = k.Secret
	}
	own := front.URL()
	l.handler = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = own.Scheme, own.Host
	}, FlushInterval: -1, Transport: &http.Transport{DisableCompression: true}}
	front.Hands(l.hand)
	return l, nil
}

// URL is where clients find the liar: there it hands on bytes, whatever they are.
func (l *Liar) URL() *url.URL { return l.front.URL() }

// ServeHTTP lies to those who come by another listener. What net/http refuses by
// itself is refused there, and no server hears of it: URL has no such ears.
func (l *Liar) ServeHTTP(w http.ResponseWriter, r *http.Request) { l.handler.ServeHTTP(w, r) }

// Close ends every connection.
func (l *Liar) Close() error { return l.front.Close() }

// Tell has a lie told from now on, instead of the one before; "" is the truth. A
// name that is no lie's is an error, and changes nothing.
func (l *Liar) Tell(name string) error {
	var t *telling
	if name != "" {
		one := lies[name]
		if one == nil {
			var err error
			if one, err = ofFamily(name); err != nil {
				return err
			}
		}
		t = &telling{lie: one, liar: l, kept: map[string]kept{}, dice: rand.New(rand.NewPCG(l.seed, 0x6c696172))}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.telling = t
	return nil
}

// Told returns how often the lie was told since Tell.
func (l *Liar) Told() int {
	t, _ := l.state()
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.told
}

// Trace has Met know of occasions, or no longer know.
func (l *Liar) Trace(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tracing = on
}

// Met returns the names, sorted, of the lies whose occasion came up since the last
// call while Trace was on: before an answer reaches its client, what it gives
// occasion for is known.
func (l *Liar) Met() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	for name := range l.met {
		names = append(names, name)
	}
	clear(l.met)
	slices.Sort(names)
	return names
}

func (l *Liar) state() (t *telling, tracing bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.telling, l.tracing
}

// hand says what is to be done with a request.
func (l *Liar) hand(r *http.Request, head []byte) (h proxy.Hand) {
	t, tracing := l.state()
	if t == nil && !tracing {
		return h
	}
	var q *request
	if r != nil {
		q = l.readRequest(head, nil, false)
	}
	if q == nil {
		q, r = &request{op: odd, method: http.MethodGet, ctx: context.Background()}, nil
	}
	about := t != nil && (t.on == nil || t.on(q))
	if about && t.take != nil && r != nil {
		h.Take = func(ctx context.Context, head, body []byte, whole bool) ([]byte, bool) {
			return l.take(ctx, t, head, body, whole)
		}
	}
	if tracing || about && t.change != nil {
		h.Change = func(asked, head, body []byte) ([]byte, bool) {
			if r != nil {
				q = l.asked(q, asked)
			}
			return l.change(t, about, tracing, q, [2][]byte{head, body})
		}
	}
	if tracing {
		h.Broken = func() { l.broken(q) }
	}
	return h
}

// take has a lie answer instead of the server.
func (l *Liar) take(ctx context.Context, t *telling, head, body []byte, whole bool) (answer []byte, stay bool) {
	q := l.readRequest(head, body, whole)
	if q == nil || !whole && !t.cut {
		return nil, true
	}
	q.ctx = ctx
	a := t.take(t, q)
	if a == nil {
		return nil, true
	}
	t.tells()
	if a.lost {
		return []byte{}, false
	}
	return a.bytes()
}

// asked is a request with its body, where that had come.
func (l *Liar) asked(q *request, all []byte) *request {
	head, body, _ := bytes.Cut(all, []byte("\r\n\r\n"))
	if whole := l.readRequest(append(head, "\r\n\r\n"...), body, true); whole != nil {
		return whole
	}
	return q
}

// change has a lie change an answer, and notes what it gives occasion for.
func (l *Liar) change(t *telling, about, tracing bool, q *request, told [2][]byte) (answer []byte, stay bool) {
	was := slices.Concat(told[0], told[1])
	a := readAnswer(q.method, told[0], told[1])
	if a == nil {
		return was, true
	}
	if tracing {
		l.note(occasions(q, a)...)
	}
	if !about || t.change == nil || t.when != nil && !t.when(q, a) || !t.change(t, q, a) {
		return was, true
	}
	t.tells()
	return a.bytes()
}

// note has Met know of occasions.
func (l *Liar) note(names ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range names {
		l.met[name] = true
	}
}

// broken notes a request that broke off.
func (l *Liar) broken(q *request) {
	for name, one := range lies {
		if one.cut && (one.on == nil || one.on(q)) {
			l.note(name)
		}
	}
	l.note("lie.keep." + q.op + ".cut")
}
