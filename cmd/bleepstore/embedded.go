package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"bleepstore/conformance"
	"bleepstore/reference"
	"bleepstore/reference/blob"
	"bleepstore/reference/config"
)

// embed starts a reference server on a free loopback port, and points the
// options at it. Unless the backend is in memory its data go to dir, but for the
// bodies of a cloud's, which the environment names. close stops it.
func embed(ctx context.Context, o *conformance.Options, backend, dir string) (close func() error, err error) {
	owner := reference.User{AccessKey: config.DefaultAccessKey, SecretKey: config.DefaultSecretKey}
	alt := reference.User{AccessKey: "second", SecretKey: "second-secret-key"}
	cert, err := reference.SelfSigned("", time.Now())
	if err != nil {
		return nil, &conformance.Error{Code: conformance.ExitPreflight, Err: fmt.Errorf("certificate of the embedded server: %w", err)}
	}
	open, err := embeddedCloud(backend)
	if err != nil {
		return nil, usage("%w", err)
	}
	srv, err := reference.Open(ctx, reference.Config{Backend: backend, OpenBlobs: open, Dir: dir, Users: []reference.User{owner, alt},
		Addr: "127.0.0.1:0", TLSAddr: "127.0.0.1:0", WebsiteAddr: "127.0.0.1:0", TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	if err != nil {
		return nil, &conformance.Error{Code: conformance.ExitPreflight, Err: fmt.Errorf("start the embedded server: %w", err)}
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve() }()
	o.Embed(conformance.Embedded{URL: srv.URL(), TLSURL: srv.TLSURL(), WebsiteURL: srv.WebsitesURL(), AccessKey: owner.AccessKey, SecretKey: owner.SecretKey,
		AltAccessKey: alt.AccessKey, AltSecretKey: alt.SecretKey, Clock: srv.Expire})
	return func() error {
		return errors.Join(srv.Close(context.WithoutCancel(ctx)), <-served)
	}, nil
}

// embeddedCloud is how the backend of a cloud opens its bodies' store; nil for others.
func embeddedCloud(backend string) (func(context.Context, string) (blob.Store, error), error) {
	settings, err := cloudSettings(backend, os.Getenv)
	if settings == nil {
		return nil, err
	}
	apart(settings, os.Stderr)
	v, err := config.Resolve(settings, func(string) string { return "" }, "")
	if err != nil {
		return nil, err
	}
	return openBlobs(v, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
}
