package reference

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"bleepstore/fault/proxy"
	"bleepstore/reference/config"
)

// A Cluster is a cluster that runs for a test, in this process: its nodes have
// directories, ports and a network of their own. Nodes are counted from 0. One
// goroutine at a time may use its methods; what clients do may go on meanwhile.
type Cluster struct {
	t     T
	net   *proxy.Net
	dir   string        // holds those of the nodes
	peers []ClusterPeer // those of the beginning, which every node asks
	nodes []*running
	mu    sync.Mutex
	ids   map[string]string // of nodes, by their address between nodes
}

// within bounds every wait of a Cluster.
const within = 30 * time.Second

const clusterSecret = "the secret of a test's cluster"

// StartCluster runs n nodes until the test ends, and returns once every one of
// them serves. The first has founded the cluster. change is called for each
// node's configuration.
func StartCluster(t T, n int, change ...func(node int, c *Config)) *Cluster {
	t.Helper()
	c := newCluster(t, n, change...)
	c.start(0)
	c.await("the first node serves", c.nodes[0].server.Ready)
	for _, err := range c.open(c.nodes[1:]) {
		if err != nil {
			t.Fatalf("start cluster: %v", err)
		}
	}
	c.AwaitVoters(n)
	return c
}

// newCluster is a cluster of which no node runs yet.
func newCluster(t T, n int, change ...func(node int, c *Config)) *Cluster {
	t.Helper()
	c := &Cluster{t: t, net: proxy.New(), dir: t.TempDir(), ids: map[string]string{}} // dir goes after the nodes
	t.Cleanup(c.stop)
	for i := range n {
		c.peers = append(c.peers, ClusterPeer{ID: fmt.Sprintf("n%d", i+1), Addr: c.freePort()})
	}
	for i, p := range c.peers {
		conf := c.config(p)
		conf.Cluster.Bootstrap = i == 0
		for _, f := range change {
			f(i, &conf)
		}
		c.add(conf)
	}
	return c
}

// config is that of a node, with a directory of its own.
func (c *Cluster) config(p ClusterPeer) Config {
	return Config{
		Backend: Local, Dir: filepath.Join(c.dir, p.ID), Reserve: -1, Addr: "127.0.0.1:0", // as Start
		Users: []User{{AccessKey: config.DefaultAccessKey, SecretKey: config.DefaultSecretKey}},
		Cluster: &ClusterConfig{
			Node: p.ID, Addr: p.Addr, Peers: slices.Clone(c.peers), Secret: []byte(clusterSecret),
			Heartbeat: 50 * time.Millisecond, Election: 500 * time.Millisecond, Dial: c.dial,
		},
	}
}

func (c *Cluster) add(conf Config) {
	c.nodes = append(c.nodes, &running{c: conf, transport: newTransport()})
	c.book(conf)
}

// book takes note of where a node listens for the others.
func (c *Cluster) book(conf Config) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids[conf.Cluster.Addr] = conf.Cluster.Node
}

// open opens nodes at the same time.
func (c *Cluster) open(nodes []*running) []error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	errs := make([]error, len(nodes))
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Go(func() {
			if errs[i] = n.open(ctx); errs[i] == nil {
				n.c.Addr = strings.TrimPrefix(n.server.URL(), "http://") // for when it comes back
			}
		})
	}
	wg.Wait()
	return errs
}

// dial opens a connection between nodes, by the network that can be cut.
func (c *Cluster) dial(ctx context.Context, from, addr string) (net.Conn, error) {
	c.mu.Lock()
	to := c.ids[addr]
	c.mu.Unlock()
	return c.net.Dialer(from)(ctx, to, addr)
}

func (c *Cluster) start(i int) {
	c.t.Helper()
	if err := c.open(c.nodes[i : i+1])[0]; err != nil {
		c.t.Fatalf("start node %d: %v", i, err)
	}
}

// stop ends every node, the leader's followers first.
func (c *Cluster) stop() {
	c.net.Heal()
	leader := c.leader()
	for i, n := range c.nodes {
		n.transport.CloseIdleConnections()
		if i != leader {
			c.end(i, n)
		}
	}
	if leader >= 0 {
		c.end(leader, c.nodes[leader])
	}
	c.net.Close()
}

func (c *Cluster) end(i int, n *running) {
	ended, cancel := context.WithCancel(context.Background())
	cancel() // without handing on what others have ended
	if err := n.close(ended); err != nil {
		c.t.Fatalf("node %d: %v", i, err)
	}
}

// Len is the number of nodes, also of those that do not run.
func (c *Cluster) Len() int { return len(c.nodes) }

// Node returns a node that runs. What it returns ends with Kill.
func (c *Cluster) Node(i int) *Instance {
	if c.nodes[i].server == nil {
		c.t.Fatalf("node %d does not run", i)
	}
	return c.nodes[i].instance()
}

// Kill ends a node in the middle of whatever it does: its connections break, it
// says no word to the others.
func (c *Cluster) Kill(i int) {
	c.t.Helper()
	n := c.nodes[i]
	c.net.Kill(n.c.Cluster.Node)
	n.transport.CloseIdleConnections()
	c.end(i, n)
}

// Restart starts a node that was killed, with its directory and its addresses
// unless change says otherwise.
func (c *Cluster) Restart(i int, change ...func(*Config)) {
	c.t.Helper()
	if err := c.TryRestart(i, change...); err != nil {
		c.t.Fatalf("restart node %d: %v", i, err)
	}
}

// Partition lets nodes reach only those of their own group; a node that is in
// none reaches nobody. Earlier partitions end.
func (c *Cluster) Partition(groups ...[]int) {
	c.net.Heal()
	group := func(i int) int {
		return slices.IndexFunc(groups, func(g []int) bool { return slices.Contains(g, i) })
	}
	for i, a := range c.nodes {
		for j, b := range c.nodes {
			if i != j && (group(i) < 0 || group(i) != group(j)) {
				c.net.Cut(a.c.Cluster.Node, b.c.Cluster.Node)
			}
		}
	}
}

// Cut stops what goes from one node to another; the other way stays as it is, and
// so do earlier cuts.
func (c *Cluster) Cut(from, to int) {
	c.net.Cut(c.nodes[from].c.Cluster.Node, c.nodes[to].c.Cluster.Node)
}

// Heal ends every partition and every cut.
func (c *Cluster) Heal() { c.net.Heal() }

// Leader waits until a node leads and returns it. A partition can have an older
// leader too, which does not know yet; the one of the latest term counts.
func (c *Cluster) Leader() int {
	c.t.Helper()
	leader := -1
	c.await("a node leads", func() bool {
		leader = c.leader()
		return leader >= 0
	})
	return leader
}

func (c *Cluster) leader() int {
	leader, term := -1, uint64(0)
	for i, n := range c.nodes {
		if n.server == nil {
			continue
		}
		if r := n.server.stores.node.raft.Load(); r.Leads() && r.Term() > term {
			leader, term = i, r.Term()
		}
	}
	return leader
}

// AwaitVoters waits until the leader counts that many voters.
func (c *Cluster) AwaitVoters(n int) {
	c.t.Helper()
	c.await(fmt.Sprintf("there are %d voters", n), func() bool {
		leader := c.leader()
		if leader < 0 {
			return false
		}
		voters := 0
		for _, m := range c.nodes[leader].server.stores.node.raft.Load().Members() {
			if m.Voter {
				voters++
			}
		}
		return voters == n
	})
}

// AwaitEqual waits until every node that runs has applied the same, and returns
// the hash of the state, which all of them have, or fails the test.
func (c *Cluster) AwaitEqual() string {
	c.t.Helper()
	var hashes []string
	c.await("the nodes have the same state", func() bool {
		hashes = hashes[:0]
		var applied []uint64
		for _, n := range c.nodes {
			if n.server == nil {
				continue
			}
			db := n.server.stores.db
			before := db.Applied()
			h, err := db.Hash(context.Background())
			if err != nil || db.Applied() != before {
				return false
			}
			hashes, applied = append(hashes, h), append(applied, before)
		}
		return len(slices.Compact(applied)) == 1
	})
	if len(slices.Compact(hashes)) != 1 {
		c.t.Fatalf("nodes that have applied the same differ: %v", hashes)
	}
	return hashes[0]
}

// await polls a condition.
func (c *Cluster) await(what string, ok func() bool) {
	c.t.Helper()
	for end := time.Now().Add(within); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("not within %s: %s", within, what)
		}
	}
}

func (c *Cluster) freePort() string {
	c.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		err = l.Close()
	}
	if err != nil {
		c.t.Fatalf("find a port: %v", err)
	}
	return l.Addr().String()
}
