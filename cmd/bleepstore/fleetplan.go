package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"bleepstore/fault/process"
	"bleepstore/reference/config"
)

// mostNodes is how large a local cluster may be: more voters than that make
// every write slower and nothing safer.
const mostNodes = 7

// A fleetPlan says what cluster to run in a directory.
type fleetPlan struct {
	dir      string
	nodes    int                // 0: as many as the directory has, 3 in a new one
	addr     string             // of the first node, the others on the ports that follow; "": as before, else free ports
	website  string             // likewise, where buckets are served as websites; "": nowhere
	tls      bool               // a second S3 address for each node
	restart  bool               // nodes that die
	picked   func(*fleetRecord) // for tests: called once addresses have been picked, and before nodes listen; or nil
	settings map[string]string  // of every node, by key
	users    []config.User
	drain    time.Duration // how long a node takes to leave at most
}

// ownKeys are what differs from node to node, or what holds the cluster
// together: nobody else sets them.
var ownKeys = []string{
	"server.host", "server.port", "server.ops_addr", "server.admin_port", "server.tls.addr", "observability.health_check",
	"metadata.engine", "metadata.sqlite.path", "storage.data", "storage.local.root_dir",
	"cluster.node_id", "cluster.bind_addr", "cluster.advertise_addr", "cluster.data_dir", "cluster.peers", "cluster.bootstrap", "cluster.secret",
	"cluster.secret_file", "cluster.tls.cert_file", "cluster.tls.key_file", "cluster.tls.ca_file", "cluster.discovery",
}

// planFleet takes what the nodes have in common from the settings.
func planFleet(v *config.Values, dir string) (*fleetPlan, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	p := &fleetPlan{dir: abs, settings: map[string]string{}, users: v.Users}
	for _, s := range config.Settings() {
		switch value := v.String(s.Key); {
		case value == s.Default:
		case s.Key == "server.website_addr":
			p.website = value
		case slices.Contains(ownKeys, s.Key):
			return nil, fmt.Errorf("%s (from %s): each node of a local cluster is given its own", s.Key, v.From(s.Key))
		default:
			p.settings[s.Key] = value
		}
	}
	p.tls = p.settings["server.tls.self_signed"] == "true" || p.settings["server.tls.cert_file"] != ""
	if p.drain, err = v.Duration("server.shutdown_timeout"); err != nil {
		return nil, err
	}
	return p, nil
}

// plan fills the record of the directory with what the nodes are now: those
// that there were keep their ids, and their ports where they are free.
func (p *fleetPlan) plan(r *fleetRecord) error {
	had := len(r.Nodes)
	want := p.nodes
	if want == 0 {
		if want = had; had == 0 {
			want = 3
		}
	}
	if want < had {
		return fmt.Errorf("%s holds a cluster of %d nodes: it cannot be run with %d", p.dir, had, want)
	}
	for i := had; i < want; i++ {
		id := fmt.Sprintf("node-%d", i+1)
		r.Nodes = append(r.Nodes, nodeRecord{ID: id, Config: filepath.Join(p.dir, id+".yaml"), Log: filepath.Join(p.dir, id+".log"), Data: filepath.Join(p.dir, id)})
	}
	if given := p.settings["server.admin_token"]; given != "" {
		r.AdminToken = given
	} else if r.AdminToken == "" {
		r.AdminToken = rand.Text()
	}
	return p.addresses(r)
}

// addresses gives every node its addresses.
func (p *fleetPlan) addresses(r *fleetRecord) error {
	var free process.Ports
	defer free.Release()
	for i := range r.Nodes {
		n := &r.Nodes[i]
		s3, err := following(&free, "--addr", p.addr, i, n.Addr)
		if err != nil {
			return err
		}
		host, _, err := net.SplitHostPort(s3)
		if err != nil {
			return err
		}
		n.Addr, n.URL = s3, "http://"+dialled(s3)
		if !p.tls {
			n.TLSAddr, n.TLSURL = "", ""
		} else if n.TLSAddr, err = free.Pick(host, n.TLSAddr); err == nil {
			n.TLSURL = "https://" + dialled(n.TLSAddr)
		}
		if err != nil {
			return err
		}
		n.WebsiteURL = ""
		if p.website == "" {
			n.WebsiteAddr = ""
		} else if n.WebsiteAddr, err = following(&free, "--website-addr", p.website, i, n.WebsiteAddr); err == nil {
			n.WebsiteURL = "http://" + dialled(n.WebsiteAddr)
		}
		if err != nil {
			return err
		}
		ops, err := free.Pick("127.0.0.1", strings.TrimPrefix(n.OpsURL, "http://"))
		if err != nil {
			return err
		}
		n.OpsURL = "http://" + ops
		if n.PeerAddr, err = free.Pick("127.0.0.1", n.PeerAddr); err != nil {
			return err
		}
	}
	return nil
}

// following is where the i-th node listens whose first one does at addr, as flag
// says: on the port that follows by as many, or, where none is given, on one that is
// free, as before if it can be.
func following(free *process.Ports, flag, addr string, i int, before string) (string, error) {
	if addr == "" {
		return free.Pick("127.0.0.1", before)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	first, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return "", fmt.Errorf("%s: port %q: want a number", flag, port)
	}
	if first == 0 {
		return free.Pick(host, before)
	}
	at := net.JoinHostPort(host, strconv.FormatUint(first+uint64(i), 10))
	if !free.Take(at) {
		return "", fmt.Errorf("%s: %s cannot be listened on, or is taken", flag, at)
	}
	return at, nil
}

// dialled is how a client on this machine reaches a bound address.
func dialled(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// write writes the settings of each node.
func (p *fleetPlan) write(r *fleetRecord) error {
	for i := range r.Nodes {
		text, err := config.Marshal(p.nodeSettings(r, i), p.users)
		if err != nil {
			return err
		}
		head := "# Written by bleepstore cluster at every start.\n"
		if err := place(r.Nodes[i].Config, append([]byte(head), text...)); err != nil {
			return err
		}
	}
	return nil
}

// nodeSettings are those of the i-th node. Only the first one founds, and only
// until that is done: a directory that was emptied must not begin a second
// cluster.
func (p *fleetPlan) nodeSettings(r *fleetRecord, i int) map[string]string {
	n := r.Nodes[i]
	host, port, _ := net.SplitHostPort(n.Addr) // addresses made it
	var peers []config.Peer
	for _, other := range r.Nodes {
		if other.ID != n.ID {
			peers = append(peers, config.Peer{ID: other.ID, Addr: other.PeerAddr})
		}
	}
	all := map[string]string{
		"server.host": host, "server.port": port, "server.ops_addr": strings.TrimPrefix(n.OpsURL, "http://"), "server.admin_token": r.AdminToken,
		"metadata.engine": "raft", "storage.data": n.Data,
		"cluster.node_id": n.ID, "cluster.bind_addr": n.PeerAddr, "cluster.peers": config.JoinPeers(peers),
		"cluster.bootstrap": strconv.FormatBool(i == 0 && !r.Founded), "cluster.secret_file": p.secretFile(),
	}
	if n.TLSAddr != "" {
		all["server.tls.addr"] = n.TLSAddr
	}
	if n.WebsiteAddr != "" {
		all["server.website_addr"] = n.WebsiteAddr
	}
	for key, value := range p.settings {
		all[key] = value
	}
	return all
}

func (p *fleetPlan) secretFile() string { return filepath.Join(p.dir, "secret") }

// mintSecret makes the nodes' secret. That of a cluster that was founded is
// not made anew: its nodes would not know each other.
func (p *fleetPlan) mintSecret(r *fleetRecord) error {
	f, err := os.OpenFile(p.secretFile(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.Founded {
		return errors.Join(fmt.Errorf("%s is gone: the nodes know each other by it", p.secretFile()), f.Close(), os.Remove(f.Name()))
	}
	_, err = f.WriteString(rand.Text() + rand.Text() + "\n")
	return errors.Join(err, f.Close())
}

// check finds the settings of the first node sound, before any is started.
func (p *fleetPlan) check(r *fleetRecord) error {
	v, err := config.Resolve(nil, func(string) string { return "" }, r.Nodes[0].Config)
	if err != nil {
		return err
	}
	_, err = settle(v)
	return err
}
