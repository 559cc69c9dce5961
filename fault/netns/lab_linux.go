package netns

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"

	"bleepstore/fault"
)

// A Lab is a network of namespaces, one a node, all on one bridge that stands,
// with an address of its own, in the namespace of this process: it reaches every
// node, and every node reaches it, whatever ails the edges between nodes. Its
// methods may be called together.
type Lab struct {
	bridge *netlink.Bridge

	seed uint64

	setting sync.Mutex // held while rules are set, outside mu
	relays  map[fault.Edge]*relay

	mu       sync.Mutex
	nodes    map[string]*node
	troubles map[fault.Edge]fault.NetTrouble
	made     int // nodes ever
}

// A node is one namespace. port is the bridge's end of its veth pair.
type node struct {
	space space
	addr  netip.Addr
	port  string
}

// The network of a lab: the bridge has the first address, nodes those from first
// on, and no address comes twice.
var (
	subnet = netip.MustParsePrefix("10.77.0.0/16")
	host   = netip.MustParseAddr("10.77.0.1")
	first  = 11
)

// New makes the network of a cluster. The seed decides what is left to chance in
// latencies, duplicates and reordering; losses are the kernel's own dice. The
// caller closes the lab when the nodes' processes have ended. A process has one at
// a time, and must be inside: see Reexec.
func New(seed uint64, nodes ...string) (*Lab, error) {
	if !Inside() {
		return nil, errors.New("make a lab: this process is in the network of the machine: it has to be run again by netns.Reexec first")
	}
	l := &Lab{seed: seed, relays: map[fault.Edge]*relay{}, nodes: map[string]*node{}, troubles: map[fault.Edge]fault.NetTrouble{}}
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "bleepbr"
	l.bridge = &netlink.Bridge{LinkAttrs: attrs}
	if err := netlink.LinkAdd(l.bridge); err != nil {
		return nil, unavailable("make a bridge", err)
	}
	err := unavailable("raise the bridge", raise(l.bridge, host))
	for _, name := range nodes {
		if err == nil {
			_, err = l.Add(name)
		}
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func raise(link netlink.Link, a netip.Addr) error {
	addr := &netlink.Addr{IPNet: &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(subnet.Bits(), 32)}}
	if err := netlink.AddrAdd(link, addr); err != nil {
		return err
	}
	return netlink.LinkSetUp(link)
}

// Add makes one more node and returns its address.
func (l *Lab) Add(name string) (netip.Addr, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.nodes[name] != nil {
		return netip.Addr{}, fmt.Errorf("add to the lab: there is a node %s", name)
	}
	l.made++
	at := first + l.made - 1
	n := &node{addr: netip.AddrFrom4([4]byte{10, 77, byte(at >> 8), byte(at)}), port: fmt.Sprintf("bleep%d", l.made)}
	var err error
	if n.space, err = newSpace(); err != nil {
		return netip.Addr{}, err
	}
	if err := l.join(n); err != nil {
		return netip.Addr{}, errors.Join(unavailable("join "+name+" to the bridge", err), n.space.file.Close())
	}
	l.nodes[name] = n
	return n.addr, nil
}

// join ties a namespace to the bridge.
func (l *Lab) join(n *node) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = n.port
	pair := &netlink.Veth{LinkAttrs: attrs, PeerName: "eth0", PeerNamespace: netlink.NsFd(int(n.space.file.Fd()))}
	if err := netlink.LinkAdd(pair); err != nil {
		return err
	}
	err := func() error {
		if err := netlink.LinkSetMaster(pair, l.bridge); err != nil {
			return err
		}
		if err := netlink.LinkSetUp(pair); err != nil {
			return err
		}
		err := n.space.do(func() error {
			eth, err := netlink.LinkByName("eth0")
			if err != nil {
				return err
			}
			return raise(eth, n.addr)
		})
		if err != nil {
			return err
		}
		return forwards(pair)
	}()
	if err != nil {
		return errors.Join(err, netlink.LinkDel(pair))
	}
	return nil
}

// forwards returns when the kernel has noticed that a port of the bridge is up,
// for which it takes up to a second: the bridge drops what comes before.
func forwards(port netlink.Link) error {
	const most = 10 * time.Second
	for began := time.Now(); time.Since(began) < most; time.Sleep(5 * time.Millisecond) {
		l, err := netlink.LinkByIndex(port.Attrs().Index)
		if err != nil {
			return err
		}
		if l.Attrs().OperState == netlink.OperUp {
			return nil
		}
	}
	return fmt.Errorf("link %s did not come up within %s", port.Attrs().Name, most)
}

// Remove takes a node away. Its processes are the caller's: one that still runs
// is alone from now on.
func (l *Lab) Remove(name string) error {
	l.setting.Lock()
	defer l.setting.Unlock()
	err := l.endRelays(func(e fault.Edge) bool { return e.From == name || e.To == name })
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.nodes[name]
	if n == nil {
		return unknown(name)
	}
	delete(l.nodes, name)
	maps.DeleteFunc(l.troubles, func(e fault.Edge, _ fault.NetTrouble) bool { return e.From == name || e.To == name })
	return errors.Join(err, l.remove(n))
}

// endRelays ends some relays; setting is held.
func (l *Lab) endRelays(which func(fault.Edge) bool) error {
	var ended []*relay
	for e, r := range l.relays {
		if which(e) {
			ended = append(ended, r)
			delete(l.relays, e)
		}
	}
	if len(ended) == 0 {
		return nil
	}
	errs := []error{l.divert()}
	for _, r := range ended {
		errs = append(errs, r.stop())
	}
	return errors.Join(errs...)
}

func (l *Lab) remove(n *node) error {
	port, err := netlink.LinkByName(n.port)
	if err == nil {
		err = netlink.LinkDel(port)
	}
	return errors.Join(err, n.space.file.Close())
}

func unknown(name string) error { return fmt.Errorf("there is no node %q in the lab", name) }

// Close takes the whole network away. Later calls do nothing.
func (l *Lab) Close() error {
	l.setting.Lock()
	defer l.setting.Unlock()
	errs := []error{l.endRelays(func(fault.Edge) bool { return true })}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bridge == nil {
		return nil
	}
	for _, n := range l.nodes {
		errs = append(errs, l.remove(n))
	}
	errs = append(errs, netlink.LinkDel(l.bridge))
	l.bridge, l.nodes = nil, nil
	return errors.Join(errs...)
}

func (l *Lab) node(name string) (*node, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := l.nodes[name]; n != nil {
		return n, nil
	}
	return nil, unknown(name)
}

// Nodes are the names of the nodes, sorted.
func (l *Lab) Nodes() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.nodes))
}

// Addr is the address of a node, the zero one where there is none of that name.
func (l *Lab) Addr(name string) netip.Addr {
	if n, err := l.node(name); err == nil {
		return n.addr
	}
	return netip.Addr{}
}

// Host is the address of this process in the lab.
func (l *Lab) Host() netip.Addr { return host }

// Start starts a command inside a node's network, instead of its own Start. The
// process is killed when this one ends, however that happens.
func (l *Lab) Start(name string, cmd *exec.Cmd) error {
	n, err := l.node(name)
	if err != nil {
		return err
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	return n.space.do(cmd.Start)
}

// Listen opens a TCP port of a node, for a server inside this process.
func (l *Lab) Listen(name string, port int) (net.Listener, error) {
	n, err := l.node(name)
	if err != nil {
		return nil, err
	}
	var listener net.Listener
	err = n.space.do(func() (err error) {
		listener, err = net.ListenTCP("tcp4", &net.TCPAddr{IP: n.addr.AsSlice(), Port: port})
		return err
	})
	return listener, err
}

// Dial connects to a TCP address, a number, as if from inside a node.
func (l *Lab) Dial(ctx context.Context, name, addr string) (net.Conn, error) {
	n, err := l.node(name)
	if err != nil {
		return nil, err
	}
	if _, err := netip.ParseAddrPort(addr); err != nil {
		return nil, err // a name would be looked up by other threads, elsewhere
	}
	var c net.Conn
	err = n.space.do(func() (err error) {
		c, err = new(net.Dialer).DialContext(ctx, "tcp4", addr)
		return err
	})
	return c, err
}
