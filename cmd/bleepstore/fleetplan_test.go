package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bleepstore/fault/process"
	"bleepstore/reference/config"
)

// prepared is a cluster's directory as a start leaves it, before any process.
func prepared(t *testing.T, c clusterCmd) (*fleet, error) {
	t.Helper()
	p, err := c.plan(func(string) string { return "" })
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f := &fleet{plan: p, notes: t.Output()}
	if f.record, err = readRecord(p.dir); err != nil {
		t.Fatal(err)
	}
	return f, f.prepare()
}

// node is the i-th node as serve reads its file.
func (f *fleet) node(t *testing.T, i int) service {
	t.Helper()
	v, err := config.Resolve(nil, func(string) string { return "" }, f.record.Nodes[i].Config)
	if err != nil {
		t.Fatal(err)
	}
	s, err := settle(v)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNodesAreToldOfEachOther(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users.yaml")
	if err := os.WriteFile(file, []byte("auth: {users: [{access_key: a, secret_key: b}]}\ncluster: {election_timeout_ms: 2000}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f, err := prepared(t, clusterCmd{Data: dir, Config: file, Backend: "sqlite", Region: "eu-west-1", TLS: true, WebsiteAddr: "127.0.0.1:0", AccessKey: "k", SecretKey: "s"})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.record.Nodes) != 3 {
		t.Fatalf("%d nodes, want 3 in a new directory", len(f.record.Nodes))
	}
	for i, n := range f.record.Nodes {
		s := f.node(t, i)
		c := s.server.Cluster
		if c.Node != n.ID || c.Addr != n.PeerAddr || c.Bootstrap != (i == 0) || len(c.Peers) != 2 || c.Election.Seconds() != 2 || len(c.Secret) < 40 {
			t.Errorf("%s: got %+v", n.ID, c)
		}
		for _, p := range c.Peers {
			j := slices.IndexFunc(f.record.Nodes, func(o nodeRecord) bool { return o.ID == p.ID })
			if j < 0 || j == i || p.Addr != f.record.Nodes[j].PeerAddr {
				t.Errorf("%s: peer %+v is none of %+v", n.ID, p, f.record.Nodes)
			}
		}
		if "http://"+s.server.Addr != n.URL || "https://"+s.server.TLSAddr != n.TLSURL || "http://"+s.server.WebsiteAddr != n.WebsiteURL || "http://"+s.ops != n.OpsURL || s.server.TLS == nil {
			t.Errorf("%s: serves at %s, %s, %s and %s, want %+v", n.ID, s.server.Addr, s.server.TLSAddr, s.server.WebsiteAddr, s.ops, n)
		}
		if s.server.Dir != filepath.Join(dir, n.ID) || s.server.Backend != "sqlite" || s.server.Region != "eu-west-1" || s.admin != f.record.AdminToken || s.admin == "" {
			t.Errorf("%s: got %+v", n.ID, s)
		}
		if len(s.server.Users) != 2 || s.server.Users[0].SecretKey != "s" || s.server.Users[1].SecretKey != "b" {
			t.Errorf("%s: users %+v", n.ID, s.server.Users)
		}
	}
	for _, name := range []string{"secret", "cluster.json", "node-1.yaml"} {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, want it its owner's alone to read", name, st, err)
		}
	}
	plain, secure := f.record.endpoints()
	if len(plain) != 3 || len(secure) != 3 || plain[2] != f.record.Nodes[2].URL || secure[0] != f.record.Nodes[0].TLSURL {
		t.Errorf("endpoints %v, %v", plain, secure)
	}
}

func TestNodesKeepTheirPorts(t *testing.T) {
	c := clusterCmd{Data: t.TempDir()}
	f, err := prepared(t, c)
	if err != nil {
		t.Fatal(err)
	}
	before, secret := f.record.Nodes, f.node(t, 0).server.Cluster.Secret
	if at := f.node(t, 0).server.WebsiteAddr; at != "" || before[0].WebsiteURL != "" {
		t.Errorf("websites are served at %q and %q, want nowhere", at, before[0].WebsiteURL)
	}
	f.record.Founded = true
	if err := f.record.write(c.Data); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", before[1].PeerAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	c.Nodes = 4
	if f, err = prepared(t, c); err != nil {
		t.Fatal(err)
	}
	now := f.record.Nodes
	if len(now) != 4 || now[0] != before[0] || now[2] != before[2] || now[1].PeerAddr == before[1].PeerAddr || now[1].URL != before[1].URL {
		t.Errorf("got %+v, want what was before %+v, another port for the one that is taken, and a fourth", now, before)
	}
	first := f.node(t, 0).server.Cluster
	if first.Bootstrap || string(first.Secret) != string(secret) || len(first.Peers) != 3 || first.Peers[0].Addr != now[1].PeerAddr {
		t.Errorf("got %+v, want no second founding, the same secret and the new address", first)
	}
}

func TestNodesOnPortsThatFollow(t *testing.T) {
	var f *fleet
	var first int
	err := errors.New("not tried")
	for try := 0; err != nil && try < 20; try++ { // the port that follows may be taken
		var free process.Ports
		addr, perr := free.Pick("127.0.0.1", "")
		if perr != nil {
			t.Fatal(perr)
		}
		free.Release()
		first = port(addr)
		f, err = prepared(t, clusterCmd{Data: t.TempDir(), Addr: addr, Nodes: 2})
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range f.record.Nodes {
		if port(n.Addr) != first+i {
			t.Errorf("%s at %s, want port %d", n.ID, n.Addr, first+i)
		}
	}
}

func TestClusterRefuses(t *testing.T) {
	three := t.TempDir()
	f, err := prepared(t, clusterCmd{Data: three})
	if err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	lost := t.TempDir()
	if err := (&fleetRecord{Founded: true, Nodes: f.record.Nodes}).write(lost); err != nil {
		t.Fatal(err)
	}
	owned := filepath.Join(t.TempDir(), "owned.yaml")
	if err := os.WriteFile(owned, []byte("cluster: {node_id: n1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		cmd  clusterCmd
		says string
	}{
		"fewer nodes":    {clusterCmd{Data: three, Nodes: 2}, "cannot be run with 2"},
		"too many":       {clusterCmd{Data: three, Nodes: 8}, "want 1 to 7"},
		"memory":         {clusterCmd{Data: t.TempDir(), Backend: "memory"}, "keeps its bodies on disk"},
		"backend":        {clusterCmd{Data: t.TempDir(), Backend: "tape"}, "tape"},
		"a taken port":   {clusterCmd{Data: t.TempDir(), Addr: taken.Addr().String()}, "is taken"},
		"a website's":    {clusterCmd{Data: t.TempDir(), WebsiteAddr: taken.Addr().String()}, "--website-addr: " + taken.Addr().String()},
		"a port by name": {clusterCmd{Data: t.TempDir(), Addr: "127.0.0.1:s3"}, "want a number"},
		"secret is gone": {clusterCmd{Data: lost}, "secret is gone"},
		"node's setting": {clusterCmd{Data: t.TempDir(), Config: owned}, "given its own"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := prepared(t, tc.cmd); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want an error with %q", err, tc.says)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(lost, "secret")); err == nil {
		t.Error("the secret was made anew")
	}
}

func TestNodesDoNotInheritSettings(t *testing.T) {
	got := nodeEnv([]string{"PATH=/bin", "BLEEPSTORE_SERVER_PORT=1", "GOGC=50", "BLEEPSTORE_CLUSTER_PEERS=", "BLEEPSTORE_OTHER=x"})
	if want := []string{"PATH=/bin", "GOGC=50", "BLEEPSTORE_OTHER=x"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
