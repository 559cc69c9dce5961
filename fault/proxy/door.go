package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// A door is a listener that can be shut, so that nobody listens at its address
// for a while, and opened again at the same one.
type door struct {
	addr string
	held io.Closer // keeps the port from others while the door is shut

	mu     sync.Mutex
	l      net.Listener  // nil while it is shut
	opened chan struct{} // closed, and replaced, when it opens
	closed bool
}

// openDoor opens a door at an address, or at a port of the loopback that nobody
// else has.
func openDoor(addr string) (*door, error) {
	var held io.Closer = io.NopCloser(nil)
	if addr == "" {
		port, h, err := hold()
		if err != nil {
			return nil, err
		}
		addr, held = fmt.Sprintf("127.0.0.1:%d", port), h
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, joinClose(err, held)
	}
	return &door{addr: l.Addr().String(), held: held, l: l, opened: make(chan struct{})}, nil
}

// accept waits for the next connection, and while the door is shut, until ctx
// ends.
func (d *door) accept(ctx context.Context) (*net.TCPConn, error) {
	for {
		d.mu.Lock()
		l, opened := d.l, d.opened
		d.mu.Unlock()
		if l == nil {
			if !wait(ctx, time.Hour, opened) {
				return nil, context.Cause(ctx)
			}
			continue
		}
		c, err := l.Accept()
		if err == nil {
			return c.(*net.TCPConn), nil
		}
		if !wait(ctx, time.Millisecond, nil) { // it was shut, or no file is left
			return nil, context.Cause(ctx)
		}
	}
}

// shut lets nobody in until may says so, or ctx ends. It returns at once where
// the door is shut already.
func (d *door) shut(ctx context.Context, may func() bool) {
	d.mu.Lock()
	l := d.l
	d.l = nil
	d.mu.Unlock()
	if l == nil {
		return
	}
	_ = l.Close() // who waits behind it is reset
	for wait(ctx, 20*time.Millisecond, nil) {
		if !may() {
			continue
		}
		l, err := net.Listen("tcp", d.addr)
		if err != nil {
			continue
		}
		d.open(l)
		return
	}
}

func (d *door) open(l net.Listener) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		_ = l.Close() // nobody has come
		return
	}
	d.l = l
	close(d.opened)
	d.opened = make(chan struct{})
}

// close shuts the door for good.
func (d *door) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	err := d.held.Close()
	if d.l != nil {
		err = joinClose(err, d.l)
	}
	return err
}
