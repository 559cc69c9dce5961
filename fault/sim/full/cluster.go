package full

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"bleepstore/fault"
	"bleepstore/fault/sim/simnet"
	"bleepstore/reference"
)

// user is who clients are.
var user = reference.User{AccessKey: "simulated", SecretKey: "a secret of the simulation"}

// A cluster is the nodes of a run and what lies between them.
type cluster struct {
	o   Options
	net *simnet.Net

	mu    sync.Mutex
	nodes map[string]*node // that belong to it, running or not
	made  int              // ever
	noted []string
	odd   map[fault.Edge]bool // what was asked of it cannot be done
}

// found starts the first nodes and returns when all of them vote. What it
// returns is to be closed, also with an error.
func found(ctx context.Context, o Options) (*cluster, error) {
	c := &cluster{o: o, net: simnet.New(o.Schedule.Seed), nodes: map[string]*node{}, odd: map[fault.Edge]bool{}}
	for range o.Schedule.Nodes {
		n, err := c.make()
		if err != nil {
			return c, err
		}
		time.Sleep(1237 * time.Microsecond) // their timers do not beat together
		n.start()
	}
	voters := o.Schedule.Nodes
	if !await(ctx, within, func() bool { return c.voters(ctx) == voters && c.ready() }) {
		return c, fmt.Errorf("the cluster did not come to life within %s: %v", within, c.notes())
	}
	return c, nil
}

// make makes a node that does not run yet.
func (c *cluster) make() (*node, error) {
	c.mu.Lock()
	c.made++
	id := fmt.Sprintf("n%d", c.made)
	c.mu.Unlock()
	n, err := newNode(c, id)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[id] = n
	return n, nil
}

// forget takes a node out, which does not run any more.
func (c *cluster) forget(n *node) error {
	c.mu.Lock()
	delete(c.nodes, n.id)
	c.mu.Unlock()
	return n.scrap()
}

// members are the nodes by id.
func (c *cluster) members() []*node {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []*node
	for _, id := range slices.Sorted(maps.Keys(c.nodes)) {
		all = append(all, c.nodes[id])
	}
	return all
}

func (c *cluster) node(id string) (*node, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.nodes[id]; n != nil {
		return n, nil
	}
	return nil, fmt.Errorf("there is no node %s", id)
}

// leader is the node that leads in the latest term, nil where none does.
func (c *cluster) leader() (leader *node, term int) {
	for _, n := range c.members() {
		s := n.server()
		if s == nil {
			continue
		}
		if st := s.Cluster().Raft().Status(); st.Role == "leader" && int(st.Term) > term {
			leader, term = n, int(st.Term)
		}
	}
	return leader, term
}

// voters counts the voters that the leader knows.
func (c *cluster) voters(ctx context.Context) (voters int) {
	leader, _ := c.leader()
	if leader == nil {
		return 0
	}
	if s := leader.server(); s != nil {
		for _, m := range s.Cluster().Survey(ctx) {
			if m.Voter {
				voters++
			}
		}
	}
	return voters
}

func (c *cluster) ready() bool {
	for _, n := range c.members() {
		if s := n.server(); s == nil || !s.Ready() {
			return false
		}
	}
	return true
}

// urls are where clients find the nodes of the beginning.
func (c *cluster) urls() (all []string) {
	for i := range c.o.Schedule.Nodes {
		all = append(all, fmt.Sprintf("http://n%d:9000", i+1))
	}
	return all
}

// dialClient connects a client. Behind the address of a node that has left there
// is another one, as a load balancer sees to.
func (c *cluster) dialClient(ctx context.Context, _, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if _, err := c.node(host); err != nil {
		if all := c.members(); len(all) > 0 {
			host = all[len(all)-1].id
		}
	}
	return c.net.Dial(ctx, "client", net.JoinHostPort(host, port))
}

// note keeps what happened to a node by itself.
func (c *cluster) note(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noted = append(c.noted, fmt.Sprintf(format, args...))
}

func (c *cluster) notes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.noted)
}

// close ends all nodes, followers first.
func (c *cluster) close() error {
	var errs []error
	leader, _ := c.leader()
	for _, n := range c.members() {
		if n != leader {
			errs = append(errs, n.kill())
		}
	}
	if leader != nil {
		errs = append(errs, leader.kill())
	}
	errs = append(errs, c.net.Close())
	for _, n := range c.members() {
		errs = append(errs, n.scrap())
	}
	return errors.Join(errs...)
}
