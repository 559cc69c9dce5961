package process

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"bleepstore/fault"
)

// Options say how a topology is run. What stands between nodes, before and under
// them stays the caller's: to be closed after Close.
type Options struct {
	Dir   string // of data, logs and files; made where it is not there, and left; of this run alone
	Nodes int    // how many, where the topology does not name them; 0: 1

	Edges  Edges  // nil: nothing stands between nodes
	Fronts Fronts // nil: clients reach the nodes themselves
	Disks  Disks  // nil: data directories are as the system has them

	// Lab is a network of the kernel's for the nodes, with its own faults; nil: they
	// run on the loopback interface. Edges are to be nil beside it.
	Lab   Lab
	Arg0  string    // what {self} is told that it is called; "": as this process
	Notes io.Writer // what happens by itself; nil: nobody is told
}

// A Cluster is a topology that runs. Its methods may be called together.
type Cluster struct {
	o      Options
	t      Topology
	web    *http.Client
	thread *thread
	scope  scope // of all nodes
	watch  sync.WaitGroup

	mu      sync.Mutex // of what follows, and of what nodes say is under it
	nodes   []*node    // the members, in the order in which they came
	last    int        // how many there have been
	founded bool       // all were ready once
	deaths  []Death
	seats   []seat // that are vacant
	disks   map[string]fault.DiskTrouble
	clocks  map[string]fault.ClockTrouble
	closed  bool
}

// Start starts every node of a topology and returns when all are ready. Where
// ctx ends first, or a node ends or is not ready in time, nothing is left
// running.
func Start(ctx context.Context, t Topology, o Options) (_ *Cluster, err error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	if o.Notes == nil {
		o.Notes = io.Discard
	}
	if len(t.Nodes) > 0 && o.Nodes > 0 && len(t.Nodes) != o.Nodes {
		return nil, fmt.Errorf("%w: it has %d nodes, and %d are asked for", ErrTopology, len(t.Nodes), o.Nodes)
	}
	if len(t.Nodes) == 0 {
		t.Nodes = Numbered(max(o.Nodes, 1))
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		o: o, t: t, thread: newThread(), disks: map[string]fault.DiskTrouble{}, clocks: map[string]fault.ClockTrouble{},
		web:   &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		scope: scope{"dir": o.Dir, "self": self, "here": cmp.Or(t.here, "."), "random": rand.Text()},
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	if err := c.found(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// found starts the first nodes.
func (c *Cluster) found(ctx context.Context) error {
	if err := c.place(c.t.Nodes...); err != nil {
		return err
	}
	for _, n := range c.members() {
		if err := c.Start(ctx, n.name); err != nil {
			return err
		}
	}
	if err := c.Ready(ctx); err != nil {
		return err
	}
	for _, n := range c.members() {
		if err := c.joined(ctx, n); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.founded = true
	return nil
}

// members are the nodes that there are.
func (c *Cluster) members() []*node {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.nodes)
}

// find returns a node by its name.
func (c *Cluster) find(name string) (*node, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.nodes {
		if n.name == name {
			return n, nil
		}
	}
	return nil, fmt.Errorf("there is no node %s", name)
}

// Nodes implements fault.Target.
func (c *Cluster) Nodes() []string {
	var names []string
	for _, n := range c.members() {
		names = append(names, n.name)
	}
	slices.Sort(names)
	return names
}

// Name is what the server is called.
func (c *Cluster) Name() string { return c.t.Name }

// Endpoints are the URLs at which clients reach the nodes, by way of the fronts
// where there are some, in the order in which the nodes came.
func (c *Cluster) Endpoints() []string {
	var urls []string
	for _, n := range c.members() {
		urls = append(urls, n.front)
	}
	return urls
}

// Keys are how clients sign.
func (c *Cluster) Keys() (access, secret, region string) {
	return c.t.AccessKey, c.t.SecretKey, cmp.Or(c.t.Region, "us-east-1")
}

// Logs are the files of what each node prints, by its name; also of nodes that
// have been removed.
func (c *Cluster) Logs() map[string]string {
	logs := map[string]string{}
	found, _ := filepath.Glob(filepath.Join(c.o.Dir, "*.log")) // the pattern is sound
	for _, path := range found {
		name := filepath.Base(path)
		logs[name[:len(name)-len(".log")]] = path
	}
	return logs
}

// Close asks all nodes to leave, kills those that stay, and returns when every
// process is gone. Later calls do nothing.
func (c *Cluster) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	nodes := slices.Clone(c.nodes)
	c.mu.Unlock()
	errs := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() { errs[i] = c.leave(context.Background(), n) })
	}
	all.Wait()
	c.watch.Wait()
	c.thread.close()
	c.web.CloseIdleConnections()
	return errors.Join(errs...)
}

// A Death is the end of a node that nobody had ordered.
type Death struct {
	Node  string    `json:"node"`
	PID   int       `json:"pid"`
	At    time.Time `json:"at"`
	How   string    `json:"how"`             // exit status 1, say
	Cause string    `json:"cause,omitempty"` // the fault that explains it; "": none does
	Said  string    `json:"said,omitempty"`  // the end of its log
}

func (d Death) String() string {
	why := d.Cause
	if why == "" {
		why = "by itself"
	}
	return fmt.Sprintf("%s, process %d, ended at %s, %s: %s", d.Node, d.PID, d.At.Format("15:04:05.000"), why, d.How)
}

// Deaths are the ends that nobody had ordered so far.
func (c *Cluster) Deaths() []Death {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.deaths)
}
