package main

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"bleepstore/reference"
)

const goodSecret = "correct horse battery staple"

// asNode are settings of a node that are sound, with changes.
func asNode(change map[string]string) map[string]string {
	all := map[string]string{"metadata.engine": "raft", "cluster.secret": goodSecret}
	maps.Copy(all, change)
	return all
}

func TestSettleNode(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "secret")
	if err := os.WriteFile(file, []byte(goodSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := resolve(t, map[string]string{
		"metadata.engine": "raft", "storage.data": "d", "cluster.secret_file": file, "cluster.node_id": "n2", "cluster.bind_addr": "0.0.0.0:9002",
		"cluster.advertise_addr": "n2.internal:9002", "cluster.peers": "n1=n1.internal:9002,n3.internal:9002", "cluster.bootstrap": "true", "cluster.data_dir": "fast",
		"cluster.election_timeout_ms": "3000", "cluster.heartbeat_interval_ms": "300", "cluster.snapshot_interval": "1m", "cluster.snapshot_threshold": "9",
		"cluster.max_append_entries": "32", "server.admin_token": "t",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &reference.ClusterConfig{
		Node: "n2", Addr: "0.0.0.0:9002", Advertise: "n2.internal:9002", Bootstrap: true, Secret: []byte(goodSecret),
		Peers:     []reference.ClusterPeer{{ID: "n1", Addr: "n1.internal:9002"}, {Addr: "n3.internal:9002"}},
		Heartbeat: 300 * time.Millisecond, Election: 3 * time.Second, SnapshotInterval: time.Minute, SnapshotThreshold: 9, MaxAppendEntries: 32,
	}
	if !reflect.DeepEqual(s.server.Cluster, want) {
		t.Errorf("got %+v, want %+v", s.server.Cluster, want)
	}
	if s.server.Dir != "d" || s.server.MetaPath != filepath.Join("fast", "meta.db") || s.admin != "t" {
		t.Errorf("data in %q, metadata in %q, token %q", s.server.Dir, s.server.MetaPath, s.admin)
	}
}

func TestSettleNodeByDefault(t *testing.T) {
	s, err := resolve(t, asNode(nil))
	if err != nil {
		t.Fatal(err)
	}
	c := s.server.Cluster
	if c == nil || c.Addr != "127.0.0.1:9002" || c.Bootstrap || c.DNS || c.Election != time.Second || c.Heartbeat != 100*time.Millisecond || s.server.MetaPath != "" {
		t.Errorf("got %+v, metadata in %q", c, s.server.MetaPath)
	}
	s, err = resolve(t, asNode(map[string]string{"cluster.discovery": "dns", "cluster.peers": "nodes.internal:9002", "metadata.sqlite.path": "x/meta.db"}))
	if err != nil || !s.server.Cluster.DNS || len(s.server.Cluster.Peers) != 1 || s.server.MetaPath != "x/meta.db" {
		t.Errorf("by DNS: got %+v, %v", s.server.Cluster, err)
	}
	if s, err = resolve(t, nil); err != nil || s.server.Cluster != nil {
		t.Errorf("alone: got %+v, %v", s.server.Cluster, err)
	}
}

func TestSettleNodeRefuses(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		flags map[string]string
		says  string
	}{
		"no cluster":             {map[string]string{"cluster.node_id": "n1"}, "metadata.engine is sqlite: cluster.* has no effect (given: cluster.node_id)"},
		"engine":                 {map[string]string{"metadata.engine": "paxos"}, "want sqlite, raft"},
		"memory":                 {asNode(map[string]string{"storage.backend": "memory"}), "on disk"},
		"no secret":              {map[string]string{"metadata.engine": "raft"}, "cluster.secret_file or the files of cluster.tls"},
		"two secrets":            {asNode(map[string]string{"cluster.secret_file": empty}), "not both"},
		"secret and certificate": {asNode(map[string]string{"cluster.tls.ca_file": "x"}), "not both"},
		"short secret":           {asNode(map[string]string{"cluster.secret": "hunter2"}), "at least 16"},
		"empty secret":           {map[string]string{"metadata.engine": "raft", "cluster.secret_file": empty}, "0 characters"},
		"no such secret":         {map[string]string{"metadata.engine": "raft", "cluster.secret_file": empty + ".not"}, "cluster.secret_file"},
		"half a certificate":     {map[string]string{"metadata.engine": "raft", "cluster.tls.cert_file": "c", "cluster.tls.ca_file": "a"}, "cluster.tls.key_file is missing"},
		"certificate of nobody":  {map[string]string{"metadata.engine": "raft", "cluster.tls.cert_file": "c", "cluster.tls.ca_file": "a", "cluster.tls.key_file": "k"}, "cluster.node_id is missing"},
		"no such certificate":    {map[string]string{"metadata.engine": "raft", "cluster.node_id": "n1", "cluster.tls.cert_file": empty, "cluster.tls.ca_file": empty, "cluster.tls.key_file": empty}, "cluster.tls: read certificate"},
		"node id":                {asNode(map[string]string{"cluster.node_id": "a,b"}), "node id"},
		"any address":            {asNode(map[string]string{"cluster.bind_addr": "0.0.0.0:9002"}), "cluster.advertise_addr has to say"},
		"no port":                {asNode(map[string]string{"cluster.bind_addr": "10.0.0.1"}), "cluster.bind_addr"},
		"advertised nowhere":     {asNode(map[string]string{"cluster.advertise_addr": "n1:0"}), "cluster.advertise_addr"},
		"peers":                  {asNode(map[string]string{"cluster.peers": "n1"}), "host:port"},
		"discovery":              {asNode(map[string]string{"cluster.discovery": "gossip"}), "gossip"},
		"names with ids":         {asNode(map[string]string{"cluster.discovery": "dns", "cluster.peers": "n1=a:1"}), "has no id"},
		"no names":               {asNode(map[string]string{"cluster.discovery": "dns"}), "cluster.peers has to give"},
		"hasty election":         {asNode(map[string]string{"cluster.election_timeout_ms": "500"}), "at least 10"},
		"no heartbeat":           {asNode(map[string]string{"cluster.heartbeat_interval_ms": "0"}), "above zero"},
		"no snapshots":           {asNode(map[string]string{"cluster.snapshot_threshold": "0"}), "snapshot_threshold"},
		"interval":               {asNode(map[string]string{"cluster.snapshot_interval": "10"}), "snapshot_interval"},
		"batch":                  {asNode(map[string]string{"cluster.max_append_entries": "1025"}), "1 to 1024"},
		"bootstrap":              {asNode(map[string]string{"cluster.bootstrap": "perhaps"}), "perhaps"},
		"metadata elsewhere":     {asNode(map[string]string{"metadata.sqlite.path": "x/meta.db", "cluster.data_dir": "y"}), "has its metadata there"},
		"metadata by a name":     {asNode(map[string]string{"metadata.sqlite.path": "x/other.db"}), "meta.db"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := resolve(t, tc.flags); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want an error with %q", err, tc.says)
			}
		})
	}
}
