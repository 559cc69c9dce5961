package peer

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// A client holds the connections to one node at one address.
type client struct {
	addr string
	http *http.Transport
}

// Do sends a request to a node. Of the URL only path and query count. The error
// is ErrUnknownNode, ErrIdentity if another node answers, ErrRefused if it
// doesn't admit us, ErrClosed, or that of the network; what a handler answers
// is a response, whatever its status.
//
// The request is not changed; its body is closed in any case, and may still be
// read for a while after Do returned. ctx bounds the call and the reading of
// the response's body, which the caller closes.
func (p *Port) Do(ctx context.Context, node string, req *http.Request) (*http.Response, error) {
	t, err := p.client(node)
	if err != nil {
		closeBody(req)
		return nil, fmt.Errorf("call node %s: %w", node, err)
	}
	resp, err := p.do(ctx, t, node, "node", req)
	if err != nil {
		return nil, fmt.Errorf("call node %s: %w", node, err)
	}
	return resp, nil
}

// DoAddr is Do to whatever node listens at an address: HeaderNode of the
// response tells which, by its certificate. The other side takes such requests
// for /hello and /join only.
func (p *Port) DoAddr(ctx context.Context, addr string, req *http.Request) (*http.Response, error) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		closeBody(req)
		return nil, fmt.Errorf("call %s: %w", addr, err)
	}
	resp, err := p.do(ctx, p.anyone, "", addr, req)
	if err != nil {
		return nil, fmt.Errorf("call %s: %w", addr, err)
	}
	return resp, nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}

func (p *Port) do(ctx context.Context, t *http.Transport, node, host string, req *http.Request) (*http.Response, error) {
	out := req.Clone(ctx)
	out.URL.Scheme, out.URL.Host, out.Host = "https", host, ""
	if out.Header == nil {
		out.Header = http.Header{}
	}
	out.Header.Set(HeaderCluster, p.clusterID())
	out.Header.Set(HeaderFrom, p.node)
	out.Header.Set(HeaderTo, node)
	resp, err := t.RoundTrip(out)
	if err != nil {
		if p.ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", ErrClosed, err)
		}
		return nil, err
	}
	if resp.TLS == nil {
		resp.Body.Close()
		return nil, ErrIdentity
	}
	who, err := remote(*resp.TLS)
	if err != nil {
		resp.Body.Close()
		return nil, err
	}
	resp.Header.Set(HeaderNode, who)
	if resp.Header.Get(headerRefused) != "" {
		defer resp.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // what there is of it
		return nil, &RefusedError{Node: who, Status: resp.StatusCode, Text: strings.TrimSpace(string(text))}
	}
	return resp, nil
}

// client is the pool for a node at the address where it is now.
func (p *Port) client(node string) (*http.Transport, error) {
	addr, err := p.address(node)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	old := p.clients[node]
	if p.ended {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	if old != nil && old.addr == addr {
		p.mu.Unlock()
		return old.http, nil
	}
	c := &client{addr: addr, http: p.newTransport(func(ctx context.Context, _ string) (*tls.Conn, error) {
		return p.connect(ctx, peerAt{node: node, addr: addr}, alpnHTTP)
	})}
	p.clients[node] = c
	p.mu.Unlock()
	if old != nil {
		old.http.CloseIdleConnections() // and what becomes idle later
	}
	return c.http, nil
}

func (p *Port) newTransport(connect func(ctx context.Context, addr string) (*tls.Conn, error)) *http.Transport {
	return &http.Transport{
		DialTLSContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			conn, err := connect(ctx, addr)
			if err != nil {
				return nil, err // not a nil *tls.Conn
			}
			return conn, nil
		},
		MaxIdleConnsPerHost: 512,
		IdleConnTimeout:     idleTimeout,
		DisableCompression:  true, // bodies are the bytes that they are
		ReadBufferSize:      64 << 10,
		WriteBufferSize:     64 << 10,
	}
}

func (p *Port) closeClients() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.clients {
		c.http.CloseIdleConnections()
	}
	p.anyone.CloseIdleConnections()
}
