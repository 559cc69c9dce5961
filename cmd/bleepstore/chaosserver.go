package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"bleepstore/conformance"
	"bleepstore/reference"
	"bleepstore/reference/config"
)

// serve starts the server that the run is to have for itself, when no endpoint
// is given, and points the options at it. stop ends it, and removes its data
// unless they were to stay.
func (c *chaosCmd) serve(ctx context.Context, o *conformance.Options) (stop func() error, err error) {
	if len(o.Endpoint) > 0 {
		return func() error { return nil }, nil
	}
	dir := c.Data
	if dir == "" {
		if dir, err = os.MkdirTemp("", "bleepstore-chaos-"); err != nil {
			return nil, err
		}
	}
	var end func() error
	if c.Nodes > 0 {
		end, err = c.cluster(ctx, o, dir)
	} else {
		end, err = embed(ctx, o, backendOr(c.Backend, reference.Memory), filepath.Join(dir, "data"))
	}
	remove := func() error {
		if c.Data != "" {
			return nil
		}
		return os.RemoveAll(dir)
	}
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	return func() error { return errors.Join(end(), remove()) }, nil
}

func backendOr(given, def string) string {
	if given == "" {
		return def
	}
	return given
}

// cloud are the settings of the cloud that the backend is of, if it is of one. In a
// directory that stays its prefix is as it was the last time.
func (c *chaosCmd) cloud() (map[string]string, error) {
	settings, err := cloudSettings(c.Backend, os.Getenv)
	if settings != nil && c.Data == "" {
		apart(settings, os.Stderr)
	}
	return settings, err
}

// cluster starts a cluster. A node that ends by itself is an error of stop.
func (c *chaosCmd) cluster(ctx context.Context, o *conformance.Options, dir string) (stop func() error, err error) {
	env := map[string]string{}
	cloud, err := c.cloud()
	if err != nil {
		return nil, err
	}
	for key, value := range cloud {
		env[config.Env(key)] = value
	}
	own := clusterCmd{Nodes: c.Nodes, Data: dir, Backend: backendOr(c.Backend, reference.Local), Region: o.Region, LogLevel: "warn"}
	p, err := own.plan(func(name string) string { return env[name] })
	if err != nil {
		return nil, err
	}
	f, err := startFleet(ctx, p, os.Stderr)
	if failed, ok := errors.AsType[*conformance.Error](err); ok {
		return nil, &conformance.Error{Code: conformance.ExitPreflight, Err: failed.Err}
	} else if err != nil {
		return nil, err
	}
	plain, _ := f.record.endpoints()
	o.Embed(conformance.Embedded{URL: plain[0], AccessKey: config.DefaultAccessKey, SecretKey: config.DefaultSecretKey})
	o.Endpoint = plain
	return func() error {
		lost := f.lost()
		err := f.stop()
		if len(lost) > 0 {
			err = errors.Join(fmt.Errorf("ended by themselves: %s", strings.Join(lost, ", ")), err)
		}
		if err != nil {
			err = &conformance.Error{Code: conformance.ExitFailed, Err: err}
		}
		return err
	}, nil
}
