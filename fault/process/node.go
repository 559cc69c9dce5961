package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"bleepstore/fault"
)

// A node is one of a cluster. What does not change of it is set by place.
type node struct {
	name  string
	i     int // from 1 on
	spec  Node
	scope scope // without peers
	data  string
	log   string
	url   string // of S3
	front string // by which clients reach it: url, where there is none
	door  string // the node under whose name there is a front: itself, or whose seat it has
	peer  string // host:port for the other nodes; "": they do not reach it
	agent string // host:port

	gate chan struct{} // holds one while its process is changed

	// Under the cluster's mu:
	life  *life             // the latest; nil: it was never started
	doors map[string]string // by which it reaches others, where they have been opened
}

// A life is one process of a node. All but child is under the cluster's mu.
type life struct {
	child  *Child
	wanted bool // nobody has ordered its end
	paused bool
	armed  string             // point of the code at which it was told to crash
	ailing bool               // its disk has been in trouble
	going  bool               // the cluster was told to remove it
	clock  fault.ClockTrouble // that it was told of

	unpowered bool // its power was cut
	down      bool // its end was ordered, perhaps when it had ended
}

// place gives new nodes all that is theirs, but starts none.
func (c *Cluster) place(names ...string) error {
	var free Ports
	defer free.Release()
	for _, name := range names {
		n, err := c.placed(&free, name)
		if err != nil {
			return fmt.Errorf("node %s: %w", name, err)
		}
		c.mu.Lock()
		c.nodes = append(c.nodes, n)
		c.mu.Unlock()
	}
	return nil
}

func (c *Cluster) placed(free *Ports, name string) (*node, error) {
	c.mu.Lock()
	c.last++
	n := &node{name: name, i: c.last, spec: c.t.node(name), gate: make(chan struct{}, 1), doors: map[string]string{}}
	c.mu.Unlock()
	n.data, n.log = filepath.Join(c.o.Dir, name), filepath.Join(c.o.Dir, name+".log")
	host := "127.0.0.1"
	if c.o.Lab != nil {
		addr, err := c.o.Lab.Add(name)
		if err != nil {
			return nil, err
		}
		host = addr.String()
	}
	n.scope = c.scope.with("node", name, "i", strconv.Itoa(n.i), "data", n.data, "log", n.log, "host", host)
	s := c.seat()
	for taken, port := range append([]string{""}, c.t.Ports...) {
		number, err := c.port(free, host, taken)
		if port == "" && s != nil && free.Take(net.JoinHostPort(host, s.port)) {
			number = s.port
		}
		if err != nil {
			return nil, err
		}
		if port == "" {
			n.scope = n.scope.with("port", number, "addr", net.JoinHostPort(host, number))
		} else {
			n.scope = n.scope.with("port."+port, number)
		}
	}
	for _, f := range []struct {
		to   *string
		text string
	}{{&n.url, cmp.Or(n.spec.Endpoint, "http://{addr}")}, {&n.peer, n.spec.Peer}, {&n.agent, n.spec.Agent}} {
		var err error
		if *f.to, err = n.scope.expand(f.text); err != nil {
			return nil, err
		}
	}
	if n.peer != "" && c.o.Edges != nil {
		c.o.Edges.Node(name, n.peer)
	}
	n.front, n.door = n.url, name
	switch {
	case c.o.Fronts == nil:
	case s != nil && s.url == n.url:
		n.front, n.door = s.front, s.door
	default:
		var err error
		if n.front, err = c.o.Fronts.Open(name, n.url); err != nil {
			return nil, fmt.Errorf("a proxy before it: %w", err)
		}
	}
	return n, vacant(n.data)
}

// vacant makes a directory that holds nothing: what nodes know of each other is
// not true of the next run.
func vacant(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	there, err := os.ReadDir(dir)
	if err == nil && len(there) > 0 {
		err = fmt.Errorf("%s holds something already: %s", dir, there[0].Name())
	}
	return err
}

// A seat is where clients found a node that has been removed: another one takes
// it, so that they find somebody there again.
type seat struct{ port, url, front, door string }

// seat takes one that is vacant, nil where there is none. In a network of its own
// every node has an address of its own.
func (c *Cluster) seat() *seat {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seats) == 0 || c.o.Lab != nil {
		return nil
	}
	s := c.seats[0]
	c.seats = c.seats[1:]
	return &s
}

// port picks a port of a node: in a network of its own any that it has not yet.
func (c *Cluster) port(free *Ports, host string, taken int) (string, error) {
	if c.o.Lab != nil {
		return strconv.Itoa(firstPort + taken), nil
	}
	addr, err := free.Pick(host, "")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(addr)
	return port, err
}

// present is what placeholders stand for at the next start.
func (c *Cluster) present(n *node) (scope, error) {
	c.mu.Lock()
	first, others := n.i == 1 && !c.founded, slices.Clone(c.nodes)
	c.mu.Unlock()
	s := n.scope.with("first", strconv.FormatBool(first), "nodes", strconv.Itoa(len(others)), "peer", n.peer)
	var told []string
	for _, o := range others {
		if o.peer == "" {
			continue
		}
		at := o.peer
		if o != n {
			var err error
			if at, err = c.door(n, o); err != nil {
				return nil, err
			}
			s["peer."+o.name] = at
		} else if !c.t.Peers.Self {
			continue
		}
		one, err := scope{"name": o.name, "at": at}.expand(cmp.Or(c.t.Peers.Each, "{name}={at}"))
		if err != nil {
			return nil, err
		}
		told = append(told, one)
	}
	s["peers"] = strings.Join(told, cmp.Or(c.t.Peers.Join, ","))
	return s, nil
}

// door is the address by which a node reaches another one.
func (c *Cluster) door(from, to *node) (string, error) {
	if c.o.Edges == nil || cmp.Or(c.t.Peers.By, "ports") != "ports" {
		return to.peer, nil
	}
	c.mu.Lock()
	at, ok := from.doors[to.name]
	c.mu.Unlock()
	if ok {
		return at, nil
	}
	at, err := c.o.Edges.Listen(from.name, to.name, to.peer)
	if err != nil {
		return "", fmt.Errorf("an edge from %s to %s: %w", from.name, to.name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	from.doors[to.name] = at
	return at, nil
}

// command writes a node's files and makes its command.
func (c *Cluster) command(n *node) (*exec.Cmd, error) {
	s, err := c.present(n)
	if err != nil {
		return nil, err
	}
	for _, path := range slices.Sorted(maps.Keys(n.spec.Files)) {
		if err := c.write(s, path, n.spec.Files[path]); err != nil {
			return nil, err
		}
	}
	argv, err1 := s.all(n.spec.Command)
	env, err2 := s.values(n.spec.Env)
	dir, err3 := s.expand(cmp.Or(n.spec.Dir, "{data}"))
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.Background(), argv[0], argv[1:]...) // ends as Kill, Stop and Close say
	cmd.Dir, cmd.Env = dir, inherited(os.Environ())
	if argv[0] == s["self"] {
		cmd.Args[0] = cmp.Or(c.o.Arg0, os.Args[0])
	}
	if n.agent != "" {
		env["BLEEPSTORE_FAULT_AGENT"] = n.agent
	}
	if c.o.Edges != nil && c.t.Peers.By == "dial" {
		env["BLEEPSTORE_FAULT_DIAL"] = c.o.Edges.Dialer()
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		cmd.Env = append(cmd.Env, name+"="+env[name])
	}
	return cmd, nil
}

// write writes a file of a topology; a relative path is below the run's
// directory.
func (c *Cluster) write(s scope, path, text string) error {
	path, err := s.expand(path)
	if err != nil {
		return err
	}
	if text, err = s.expand(text); err != nil {
		return err
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.o.Dir, path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o600)
}

// inherited is the environment without what is meant for the program that runs
// here: its settings, and the keys of whoever uses it.
func inherited(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(entry string) bool {
		return strings.HasPrefix(entry, "BLEEPSTORE_") || strings.HasPrefix(entry, "AWS_")
	})
}

// hold takes a node's gate; the caller lets go.
func (n *node) hold(ctx context.Context) error {
	select {
	case n.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (n *node) letGo() { <-n.gate }

// grace is how long a node may take to leave.
func (n *node) grace() time.Duration { return cmp.Or(n.spec.Stop.Grace, 15*time.Second) }
