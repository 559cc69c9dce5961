package config

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
)

// A Peer is one entry of cluster.peers: another node of the cluster. The file
// has a list of maps, a variable has id=host:port,... and both mean the same.
// ID is "" where only the address is known.
type Peer struct {
	ID   string `yaml:"id,omitempty"`
	Addr string `yaml:"addr"` // host:port
}

// nodeID is what the id of a node may be: it stands in certificates, in the
// names of files and, in a list of peers, before the equals sign.
var nodeID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// CheckNodeID says what is wrong with the id of a node.
func CheckNodeID(id string) error {
	if !nodeID.MatchString(id) {
		return fmt.Errorf("node id %q: want 1 to 63 letters, digits, dots, dashes and underscores, a letter or a digit first", id)
	}
	return nil
}

// JoinPeers is the list in the form of a variable.
func JoinPeers(peers []Peer) string {
	var text []string
	for _, p := range peers {
		if p.ID != "" {
			p.Addr = p.ID + "=" + p.Addr
		}
		text = append(text, p.Addr)
	}
	return strings.Join(text, ",")
}

// Peers returns the list of a setting that JoinPeers may have written.
func (v *Values) Peers(key string) ([]Peer, error) {
	peers, err := splitPeers(v.String(key))
	if err != nil {
		return nil, fmt.Errorf("%s (from %s): %w", key, v.From(key), err)
	}
	return peers, nil
}

func splitPeers(text string) ([]Peer, error) {
	if text == "" {
		return nil, nil
	}
	var peers []Peer
	for entry := range strings.SplitSeq(text, ",") {
		p := Peer{Addr: strings.TrimSpace(entry)}
		if id, addr, named := strings.Cut(p.Addr, "="); named {
			p.ID, p.Addr = id, addr
			if err := CheckNodeID(id); err != nil {
				return nil, fmt.Errorf("%q: %w", entry, err)
			}
		}
		if err := checkHostPort(p.Addr); err != nil {
			return nil, fmt.Errorf("%q: %w", entry, err)
		}
		if p.ID != "" && slices.ContainsFunc(peers, func(q Peer) bool { return q.ID == p.ID }) {
			return nil, fmt.Errorf("%q: the id stands there twice", entry)
		}
		peers = append(peers, p)
	}
	return peers, nil
}

func checkHostPort(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" || port == "" {
		return errors.New("want host:port")
	}
	return nil
}

// listPeers turns the file's list of maps into the form of a variable.
func listPeers(raw any) (string, error) {
	var peers []Peer
	if err := strictly(raw, &peers); err != nil {
		return "", fmt.Errorf("cluster.peers: want a list of {id: , addr: }: %w", err)
	}
	for _, p := range peers {
		if p.Addr == "" || strings.ContainsAny(p.ID+p.Addr, ",=") {
			return "", fmt.Errorf("cluster.peers: {id: %s, addr: %s}: want an id and host:port", p.ID, p.Addr)
		}
	}
	return JoinPeers(peers), nil
}
