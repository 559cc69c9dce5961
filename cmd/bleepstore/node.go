package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bleepstore/reference"
	"bleepstore/reference/config"
	"bleepstore/reference/peer"
)

const (
	metaName       = "meta.db" // what a node's metadata database is called
	shortestSecret = 16
	leastBeats     = 10 // heartbeats until an election
)

// join makes the server a node of a cluster when metadata.engine says so. The
// log and the snapshots stand beside the metadata: cluster.data_dir moves all
// three, and leaves the bodies, the lock and the id in storage.data.
func join(v *config.Values, server *reference.Config) error {
	engine, err := v.OneOf("metadata.engine", "sqlite", "raft")
	if err != nil {
		return err
	}
	if engine == "sqlite" {
		if given := v.Given("cluster"); len(given) > 0 {
			return fmt.Errorf("metadata.engine is sqlite: cluster.* has no effect (given: %s)", strings.Join(given, ", "))
		}
		return nil
	}
	if backend := v.String("storage.backend"); backend == reference.Memory {
		return errors.New("storage.backend: memory: a node of a cluster keeps its bodies on disk, or in a cloud")
	}
	path, err := metaPath(v)
	c, cerr := clusterConfig(v)
	server.MetaPath, server.Cluster = path, c
	return errors.Join(err, cerr)
}

// metaPath is where a node has its metadata, "" for the data directory.
func metaPath(v *config.Values) (string, error) {
	path, dir := v.String("metadata.sqlite.path"), v.String("cluster.data_dir")
	if path != "" && filepath.Base(path) != metaName {
		return "", fmt.Errorf("metadata.sqlite.path: %s: a node of a cluster has it in %s", path, metaName)
	}
	if dir == "" {
		return path, nil
	}
	if in := filepath.Join(dir, metaName); path == "" || filepath.Clean(path) == in {
		return in, nil
	}
	return "", fmt.Errorf("metadata.sqlite.path is %s, cluster.data_dir %s: a node has its metadata there", path, dir)
}

// clusterConfig reads the settings of a cluster and finds them sound.
func clusterConfig(v *config.Values) (*reference.ClusterConfig, error) {
	c := &reference.ClusterConfig{Node: v.String("cluster.node_id"), Addr: v.String("cluster.bind_addr"), Advertise: v.String("cluster.advertise_addr")}
	var errs []error
	note := func(err error) { errs = append(errs, err) }
	if c.Node != "" {
		note(config.CheckNodeID(c.Node))
	}
	note(reached(c.Addr, c.Advertise))
	var err error
	c.Bootstrap, err = v.Bool("cluster.bootstrap")
	note(err)
	c.Peers, c.DNS, err = peers(v)
	note(err)
	note(identify(v, c))
	note(timing(v, c))
	return c, errors.Join(errs...)
}

// reached says what is wrong with the addresses between nodes.
func reached(bind, advertise string) error {
	host, _, err := net.SplitHostPort(bind)
	if err != nil {
		return fmt.Errorf("cluster.bind_addr: %w", err)
	}
	if advertise == "" {
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			return fmt.Errorf("cluster.bind_addr is %s: cluster.advertise_addr has to say where the other nodes reach this one", bind)
		}
		return nil
	}
	host, port, err := net.SplitHostPort(advertise)
	if err != nil {
		return fmt.Errorf("cluster.advertise_addr: %w", err)
	}
	if host == "" || port == "" || port == "0" {
		return fmt.Errorf("cluster.advertise_addr: %s: want host:port", advertise)
	}
	return nil
}

func peers(v *config.Values) (out []reference.ClusterPeer, dns bool, err error) {
	discovery, err := v.OneOf("cluster.discovery", "static", "dns")
	if err != nil {
		return nil, false, err
	}
	all, err := v.Peers("cluster.peers")
	if err != nil {
		return nil, false, err
	}
	for _, p := range all {
		if discovery == "dns" && p.ID != "" {
			return nil, false, fmt.Errorf("cluster.peers: %s=%s: with cluster.discovery dns a name stands for any number of nodes, and has no id", p.ID, p.Addr)
		}
		out = append(out, reference.ClusterPeer(p))
	}
	if discovery == "dns" && len(out) == 0 {
		return nil, false, errors.New("cluster.discovery is dns: cluster.peers has to give the names, as host:port")
	}
	return out, discovery == "dns", nil
}

// identify reads what the nodes know each other by.
func identify(v *config.Values, c *reference.ClusterConfig) (err error) {
	shared := v.String("cluster.secret") + v.String("cluster.secret_file")
	files := v.Given("cluster.tls")
	switch {
	case shared != "" && len(files) > 0:
		return errors.New("cluster.secret and cluster.tls: one of them, not both")
	case len(files) > 0:
		c.Creds, err = certificate(v)
	case shared != "":
		c.Secret, err = secret(v)
	default:
		err = errors.New("metadata.engine is raft: nodes know each other by cluster.secret, cluster.secret_file or the files of cluster.tls: give one")
	}
	return err
}

// secret is what the nodes share. A file's last line break is not part of it.
func secret(v *config.Values) ([]byte, error) {
	text, file := []byte(v.String("cluster.secret")), v.String("cluster.secret_file")
	if file != "" {
		if len(text) > 0 {
			return nil, errors.New("cluster.secret and cluster.secret_file: one of them, not both")
		}
		var err error
		if text, err = os.ReadFile(file); err != nil {
			return nil, fmt.Errorf("cluster.secret_file: %w", err)
		}
		text = bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
	}
	if len(text) < shortestSecret {
		return nil, fmt.Errorf("the cluster's secret has %d characters: want at least %d, and none that can be guessed", len(text), shortestSecret)
	}
	return text, nil
}

// certificate is the node's certificate, by the files of cluster.tls.
func certificate(v *config.Values) (*peer.Credentials, error) {
	for _, key := range []string{"cluster.tls.cert_file", "cluster.tls.key_file", "cluster.tls.ca_file"} {
		if v.String(key) == "" {
			return nil, fmt.Errorf("%s is missing: cert_file, key_file and ca_file go together", key)
		}
	}
	node := v.String("cluster.node_id")
	if node == "" {
		return nil, errors.New("cluster.node_id is missing: the certificate of cluster.tls names the node")
	}
	c, err := peer.FromFiles(v.String("cluster.tls.cert_file"), v.String("cluster.tls.key_file"), v.String("cluster.tls.ca_file"), node)
	if err != nil {
		return nil, fmt.Errorf("cluster.tls: %w", err)
	}
	return &c, nil
}

// timing reads how often and how much.
func timing(v *config.Values, c *reference.ClusterConfig) error {
	election, err1 := v.Int64("cluster.election_timeout_ms")
	heartbeat, err2 := v.Int64("cluster.heartbeat_interval_ms")
	threshold, err3 := v.Int64("cluster.snapshot_threshold")
	entries, err4 := v.Int64("cluster.max_append_entries")
	interval, err5 := v.Duration("cluster.snapshot_interval")
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return err
	}
	if heartbeat == 0 || election < leastBeats*heartbeat {
		return fmt.Errorf("cluster.election_timeout_ms is %d, cluster.heartbeat_interval_ms %d: want a heartbeat above zero and an election of at least %d of them", election, heartbeat, leastBeats)
	}
	if threshold == 0 || entries == 0 || entries > 1024 {
		return errors.New("cluster.snapshot_threshold: want above zero; cluster.max_append_entries: want 1 to 1024")
	}
	c.Election, c.Heartbeat = time.Duration(election)*time.Millisecond, time.Duration(heartbeat)*time.Millisecond
	c.SnapshotInterval, c.SnapshotThreshold, c.MaxAppendEntries = interval, uint64(threshold), int(entries)
	return nil
}
