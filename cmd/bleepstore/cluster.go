package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"bleepstore/conformance"
	"bleepstore/reference/config"
)

// clusterCmd runs a cluster on this machine. A flag left empty leaves the
// setting to the environment, the file and the default, as serve does.
type clusterCmd struct {
	Nodes       int    `placeholder:"N" help:"Nodes, 1 to 7; none given: as many as the directory has, 3 in a new one. More than it has are added."`
	Data        string `default:"./cluster" placeholder:"DIR" help:"Directory of the cluster (./cluster): data and log of each node, cluster.json (addresses, process ids, admin token), the nodes' secret."`
	Addr        string `placeholder:"HOST:PORT" help:"S3 address of the first node, the others on the ports that follow; else free ports, kept from start to start where they are free."`
	WebsiteAddr string `placeholder:"HOST:PORT" help:"Address at which the first node serves buckets that are websites as such, the others on the ports that follow, port 0 is free ones; without it they are not served."`
	AddrFile    string `placeholder:"FILE" help:"File that gets what is printed: the http URL of each node, a line each, then, with TLS, the https URL of each."`
	Restart     bool   `help:"Start a node again that has died; else that is only told."`

	Config         string `placeholder:"FILE" help:"YAML file of settings that all nodes share, such as users and cluster.election_timeout_ms."`
	Backend        string `help:"Where bodies are kept: local or sqlite, by each node, or once for all in a cloud, aws, gcp or azure (local)."`
	Region         string `help:"Region that clients sign for (us-east-1)."`
	BucketDefaults string `placeholder:"aws|legacy" help:"What a new bucket is given: aws (ACLs off, public access blocked) or legacy (ACLs on, nothing blocked) (aws)."`
	AccessKey      string `help:"Access key of the owner's account (bleepstore)."`
	SecretKey      string `help:"Its secret key (bleepstore-secret)."`
	TLS            bool   `name:"tls" help:"Serve S3 at a second address of each node too, over TLS with a certificate made at each start."`
	LogLevel       string `help:"debug, info, warn or error (info)."`

	WithParent bool `hidden:""` // see leaveWithParent
}

// Help says what the nodes are and how to end them.
func (c *clusterCmd) Help() string {
	return `Each node is a process of its own, a child of this one, which ends with it: bleepstore serve with
metadata.engine raft and the file DIR/node-K.yaml, which is written anew at every start. The endpoints are
printed when every node is ready and votes. The process ids in DIR/cluster.json are those to kill or to pause; SIGTERM
or SIGINT to this process ends all. The first start founds the cluster; a later one with the same directory
has the same nodes and data again.`
}

// flags are the settings that the command line gave.
func (c *clusterCmd) flags() map[string]string {
	given := map[string]string{}
	for key, value := range map[string]string{
		"storage.backend": c.Backend, "server.region": c.Region, "server.bucket_defaults": c.BucketDefaults,
		"auth.access_key": c.AccessKey, "auth.secret_key": c.SecretKey, "observability.log_level": c.LogLevel,
		"server.website_addr": c.WebsiteAddr,
	} {
		if value != "" {
			given[key] = value
		}
	}
	if c.TLS {
		given["server.tls.self_signed"] = "true"
	}
	return given
}

// plan reads the command line and what it names.
func (c *clusterCmd) plan(getenv func(string) string) (*fleetPlan, error) {
	if c.Nodes < 0 || c.Nodes > mostNodes {
		return nil, usage("--nodes %d: want 1 to %d", c.Nodes, mostNodes)
	}
	v, err := config.Resolve(c.flags(), getenv, c.Config)
	if err != nil {
		return nil, err
	}
	p, err := planFleet(v, c.Data)
	if err != nil {
		return nil, err
	}
	p.nodes, p.addr, p.restart = c.Nodes, c.Addr, c.Restart
	return p, nil
}

// Run implements the command.
func (c *clusterCmd) Run() error {
	if c.WithParent {
		leaveWithParent()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p, err := c.plan(os.Getenv)
	if err != nil {
		return err
	}
	f, err := startFleet(ctx, p, os.Stderr)
	if err != nil && ctx.Err() != nil {
		return nil // asked to leave before it was up
	}
	if err != nil {
		return err
	}
	if err := f.announce(os.Stdout, c.AddrFile); err != nil {
		return errors.Join(err, f.stop())
	}
	select {
	case <-ctx.Done():
		stop() // at a second signal this process ends at once, and the nodes after it
		return f.stop()
	case <-f.dead:
		return &conformance.Error{Code: conformance.ExitFailed, Err: errors.Join(errors.New("no node runs any more"), f.stop())}
	}
}

// announce tells a person what there is, and prints the endpoints, to a file too: last,
// so that who waits for it finds the rest.
func (f *fleet) announce(out io.Writer, addrFile string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range f.record.Nodes {
		fmt.Fprintf(f.notes, "%s: process %d, health and metrics at %s, log in %s\n", n.ID, n.PID, n.OpsURL, n.Log)
		if n.WebsiteURL != "" {
			fmt.Fprintf(f.notes, "%s: websites at %s\n", n.ID, n.WebsiteURL)
		}
	}
	fmt.Fprintf(f.notes, "addresses, process ids and the admin token are in %s\n", filepath.Join(f.plan.dir, recordFile))
	plain, secure := f.record.endpoints()
	all := append(plain, secure...)
	if _, err := io.WriteString(out, strings.Join(all, "\n")+"\n"); err != nil {
		return err
	}
	return announce(addrFile, all...)
}
