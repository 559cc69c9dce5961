package consistency

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"

	"bleepstore/conformance/history"
	"bleepstore/fault"
	"bleepstore/fault/proxy"
	. "bleepstore/scenarios"
)

// cut is the register, of which one request in a dozen meets a broken connection:
// in the middle of its body, before the server has seen it, or when the answer is
// on its way. It is no workload of chaos runs, which have such faults by
// themselves.
var cut = Workload{
	Name:    "cut",
	Rule:    "Z-15",
	Says:    "A write whose connection broke at any byte MUST have happened whole or not at all, and a read that begins after a write of the key was acknowledged MUST give that write or a later one.",
	Ref:     refModel,
	Model:   "register",
	Needs:   []Feature{Objects, Range},
	Clients: 6, Keys: 6, Wear: 200, Broken: true,
	Moves: []Move{
		{"put", 45, func(ctx context.Context, c *client, h *holding) {
			c.put(ctx, h, h.keys[0], c.size(), history.Arg{})
		}},
		{"get", 35, func(ctx context.Context, c *client, h *holding) { c.get(ctx, h, h.keys[0]) }},
		{"head", 10, func(ctx context.Context, c *client, h *holding) {
			c.read(ctx, h, history.Op{Kind: history.Head, Key: h.keys[0]})
		}},
		{"delete", 10, func(ctx context.Context, c *client, h *holding) { c.remove(ctx, h, h.keys[0], history.Arg{}) }},
	},
}

var _ = Add(inSuite(cut))

// unlucky is one request of so many.
const unlucky = 12

// A breaker is a proxy before each endpoint, which breaks connections where it is
// told to.
type breaker struct {
	fronts map[*url.URL]*proxy.Front
}

// newBreaker puts proxies before all endpoints. The caller closes them.
func newBreaker(t *Target) (*breaker, error) {
	if t.Dial != nil {
		return nil, errors.New("the target's connections are not of TCP")
	}
	b := &breaker{fronts: map[*url.URL]*proxy.Front{}}
	for i, u := range t.Endpoints {
		f, err := proxy.NewFront(proxy.FrontConfig{Target: u, TLS: t.TLS, Seed: t.Seed + uint64(i)})
		if err != nil {
			return nil, errors.Join(err, b.Close())
		}
		b.fronts[u] = f
	}
	return b, nil
}

// dial connects to the proxy before an endpoint.
func (b *breaker) dial(ctx context.Context, to *url.URL) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", b.fronts[to].URL().Host)
}

// during lets requests be unlucky while drive runs.
func (b *breaker) during(drive func(context.Context)) func(context.Context) {
	return func(ctx context.Context) {
		for _, f := range b.fronts {
			f.Decide(misfortune)
			defer f.Decide(nil)
		}
		drive(ctx)
	}
}

// broke counts the connections that were broken.
func (b *breaker) broke() (n int) {
	for _, f := range b.fronts {
		n += len(f.Events())
	}
	return n
}

// Close ends the connections that there are.
func (b *breaker) Close() error {
	var errs []error
	for _, f := range b.fronts {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// misfortune draws what a request suffers.
func misfortune(r *http.Request, dice *rand.Rand) (t fault.HTTPTrouble) {
	if dice.IntN(unlucky) > 0 {
		return t
	}
	switch dice.IntN(4) {
	case 0:
		t.Reset = true
	case 1:
		t.DropAnswer = true
	case 2:
		t.CutAnswer = 1 + dice.Int64N(1<<dice.IntN(18))
	case 3:
		t.CutRequest = 1 + dice.Int64N(max(1, r.ContentLength))
	}
	return t
}
