package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// dialVar names the variable that has a node dial its peers by way of another
// address. It is for tests alone: who listens there disturbs what passes.
const dialVar = "BLEEPSTORE_FAULT_DIAL"

// longestReason bounds what is read of why a dial failed.
const longestReason = 1024

// dialThrough returns how a node dials its peers by way of hub: it says who it is
// and where it wants to go, and has the stream when it is told ok.
func dialThrough(hub string) func(ctx context.Context, from, to string) (net.Conn, error) {
	return func(ctx context.Context, from, to string) (_ net.Conn, err error) {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", hub)
		if err != nil {
			return nil, err
		}
		done := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // ends what waits
		defer func() {
			if !done() {
				err = context.Cause(ctx)
			}
			if err != nil {
				_ = c.Close() // err is what counts
				err = &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("%s by way of %s: %w", to, hub, err)}
			}
		}()
		if _, err := fmt.Fprintf(c, "%s %s\n", from, to); err != nil {
			return nil, err
		}
		told, err := line(c)
		if err == nil && told != "ok" {
			err = errors.New(told)
		}
		return c, err
	}
}

// line reads up to a line break, and not a byte beyond.
func line(c net.Conn) (string, error) {
	var text []byte
	for one := make([]byte, 1); len(text) < longestReason; {
		if _, err := c.Read(one); err != nil {
			return "", err
		}
		if one[0] == '\n' {
			return string(text), nil
		}
		text = append(text, one[0])
	}
	return "", errors.New("what was answered is no line")
}
