package main

import (
	"context"
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"bleepstore/conformance"
	"bleepstore/conformance/history"
	"bleepstore/fault"
	"bleepstore/fault/process"
	"bleepstore/fault/proxy"
)

// healCommand is how long the program of --nemesis-cmd may take in the end.
const healCommand = time.Minute

// elsewhere is the ground of a cluster of which only endpoints are known: faults
// are done to it by a program, or to requests by proxies before the endpoints.
func (c *chaosCmd) elsewhere(ctx context.Context, seed uint64, requests bool) (_ *ground, err error) {
	o := c.options()
	endpointFromEnvironment(&o, os.Getenv)
	switch {
	case len(o.Endpoint) == 0:
		return nil, usage("--nemesis: there is nothing to disturb: give --nodes, --topology or --endpoint")
	case c.Command == "" && !requests:
		return nil, usage("--nemesis: of an endpoint only requests can be disturbed (http), unless --nemesis-cmd does the rest")
	case requests && c.Addressing == "virtual":
		return nil, usage("--nemesis http: the proxies before the endpoints are reached by --addressing path alone")
	}
	reached, err := conformance.TargetOf(o, os.Getenv)
	if err != nil {
		return nil, err
	}
	g := &ground{}
	defer func() {
		if err != nil && g.close != nil {
			err = errors.Join(err, g.close())
		}
	}()
	names, err := g.commanded(ctx, c.Command, reached.Endpoints)
	if err != nil {
		return nil, err
	}
	urls := slices.Clone(o.Endpoint)
	if requests {
		fronts := proxy.NewFronts(proxy.FrontConfig{Seed: seed, Tag: history.AttemptHeader, TLS: reached.TLS})
		g.before(fronts)
		for i, u := range reached.Endpoints {
			if urls[i], err = fronts.Open(names[i], u.String()); err != nil {
				return nil, &conformance.Error{Code: conformance.ExitPreflight, Err: err}
			}
		}
		g.target = fronted{g.target, fronts}
	}
	g.reach = func(o *conformance.Options) { o.Endpoint = urls }
	return g, nil
}

// commanded has a program, which may be "", do the faults, and returns what the
// nodes are called, in the order of their endpoints.
func (g *ground) commanded(ctx context.Context, program string, endpoints []*url.URL) ([]string, error) {
	var urls []string
	for _, u := range endpoints {
		urls = append(urls, u.String())
	}
	if program == "" {
		b := bystander{}
		for _, u := range endpoints {
			b = append(b, u.Host)
		}
		g.target = b
		return b, nil
	}
	argv := strings.Fields(program)
	if len(argv) == 0 {
		return nil, usage("--nemesis-cmd: want a program")
	}
	command, err := process.NewCommand(ctx, argv, urls, 0)
	if err != nil {
		return nil, usage("--nemesis-cmd: %w", err)
	}
	g.target = command
	g.ends(func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healCommand)
		defer cancel()
		return command.Close(ctx)
	})
	return command.Named(), nil
}

// A bystander is a cluster of which nothing but the endpoints is known, by their
// hosts.
type bystander []string

func (b bystander) Nodes() []string                        { return slices.Sorted(slices.Values(b)) }
func (b bystander) Leader(context.Context) (string, error) { return "", fault.ErrNoLeader }
func (b bystander) Abilities() fault.Abilities {
	why := map[string]string{}
	for _, group := range []string{"net", "kill", "pause", "disk", "clock", "membership", "snapshot"} {
		why[group] = "nothing but endpoints is known of the cluster; --nemesis-cmd names a program that knows more"
	}
	return fault.Abilities{Why: why}
}

// A fronted target has proxies before its nodes.
type fronted struct {
	fault.Target
	front fault.Front
}

func (f fronted) Abilities() fault.Abilities {
	a := f.Target.Abilities()
	a.HTTP = f.front
	return a
}
