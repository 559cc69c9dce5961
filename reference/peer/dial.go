package peer

import (
	"context"
	"crypto/tls"
	"fmt"
)

// peerAt is a node, "" for any, and where it listens.
type peerAt struct{ node, addr string }

// connect makes a connection that has done its handshake. Its errors are
// errDial, and more if they come from further than the dial.
func (p *Port) connect(ctx context.Context, to peerAt, alpn string) (_ *tls.Conn, err error) {
	defer func() { p.tried(to, err) }()
	ctx, cancel := context.WithTimeout(ctx, greetTimeout)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	dialCtx, dialed := context.WithTimeout(ctx, dialTimeout)
	defer dialed()
	raw, err := p.dialer(dialCtx, to.addr)
	if err != nil {
		return nil, p.dialError(to, err)
	}
	t := p.conns.track(raw)
	t.linger(lingers[alpn])
	conn := tls.Client(t, p.clientTLS(to.node, alpn))
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = t.Close()
		return nil, p.dialError(to, fmt.Errorf("handshake: %w", err))
	}
	return conn, nil
}

func (p *Port) dialError(to peerAt, err error) error {
	if p.ctx.Err() != nil {
		return ErrClosed
	}
	return fmt.Errorf("%w to %s: %w", errDial, to.addr, err)
}
