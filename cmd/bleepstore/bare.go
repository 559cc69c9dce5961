package main

import (
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"bleepstore/conformance"
	"bleepstore/conformance/bench"
)

// bareCmd runs what bench compares with, in a process of its own.
type bareCmd struct {
	Addr     string `required:"" placeholder:"HOST:PORT"`
	AddrFile string `placeholder:"FILE"`

	WithParent bool `hidden:""`
}

// Run serves until a signal ends it.
func (c *bareCmd) Run() error {
	if c.WithParent {
		leaveWithParent()
	}
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return &conformance.Error{Code: conformance.ExitFailed, Err: err}
	}
	srv := &http.Server{Handler: bench.Bare()}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	if err := announce(c.AddrFile, "http://"+l.Addr().String()); err != nil {
		return err
	}
	leave := make(chan os.Signal, 1)
	signal.Notify(leave, os.Interrupt, syscall.SIGTERM)
	select {
	case err := <-done:
		return &conformance.Error{Code: conformance.ExitFailed, Err: err}
	case <-leave:
		return srv.Close()
	}
}
