package wire

import (
	"context"
	"net"
	"net/http"
	"net/url"

	"bleepstore/fault"
	"bleepstore/fault/proxy"
	. "bleepstore/scenarios"
)

// A detour leads to an endpoint by way of an HTTP proxy that breaks connections
// where it is told to. It belongs to the scenario's goroutine, which closes it.
type detour struct {
	s     *S
	to    *url.URL
	front *proxy.Front
}

// takeDetour opens a detour to one of the endpoints, any of them.
func takeDetour(s *S) *detour {
	t := s.Target()
	if t.Dial != nil {
		s.Skip("the target's connections are not of TCP")
	}
	d := &detour{s: s, to: t.Endpoints[s.Rand().IntN(len(t.Endpoints))]}
	front, err := proxy.NewFront(proxy.FrontConfig{Target: d.to, TLS: t.TLS, Seed: t.Seed})
	s.Must(err, "open a proxy")
	d.front = front
	return d
}

func (d *detour) close() { _ = d.front.Close() } // nobody is left behind it

// send sends r, whose body is so long on the wire, and lets it suffer on its way.
// It returns what came back and what was done to it: nothing, where the server
// had ended the exchange before.
func (d *detour) send(ctx context.Context, r Request, suffer func(framed int) fault.HTTPTrouble) (*Response, *proxy.Deed) {
	before := len(d.front.Events())
	conn := DialBy(ctx, d.s, d.to, func(ctx context.Context, _ *url.URL) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "tcp", d.front.URL().Host)
	})
	defer conn.Close()
	head, body := conn.Render(r)
	d.front.Hit(func(*http.Request) bool { return true }, suffer(len(body)))
	_ = conn.Write(append(head, body...)) // an answer may be there already
	got := conn.Answer(r.Method)
	if done := d.front.Events(); len(done) > before {
		return got, &done[len(done)-1]
	}
	return got, nil
}

// cut sends r and breaks the connection at a random byte of the body before the
// last.
func (d *detour) cut(ctx context.Context, r Request) {
	got, done := d.send(ctx, r, func(framed int) fault.HTTPTrouble {
		return fault.HTTPTrouble{CutRequest: 1 + d.s.Rand().Int64N(int64(framed)-1)}
	})
	switch {
	case got.Status/100 == 2 && got.Code == "":
		d.s.Silently("got %s for a body that was cut", Outcome(got))
	case done != nil:
		d.s.Observe("cut behind", done.Bytes)
	default:
		d.s.Must(got.Err, "send a body to be cut")
	}
}

// lose sends r and lets the answer be lost. It returns whether that was one of
// success.
func (d *detour) lose(ctx context.Context, r Request) bool {
	got, done := d.send(ctx, r, func(int) fault.HTTPTrouble { return fault.HTTPTrouble{DropAnswer: true} })
	if done == nil {
		d.s.Must(got.Err, "send a request whose answer is to be lost")
		return false
	}
	d.s.Observe("lost", done.Status)
	return done.Status/100 == 2 && ErrorCode(done.Body) == ""
}
