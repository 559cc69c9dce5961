package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const recordFile = "cluster.json"

// A fleetRecord is the file cluster.json of a local cluster: what there is to
// reach, and to kill. It holds the admin API's token, and is its owner's alone
// to read.
type fleetRecord struct {
	Founded    bool         `json:"founded"` // all nodes were ready once
	PID        int          `json:"pid"`     // of bleepstore cluster; 0: ended
	AdminToken string       `json:"admin_token"`
	Nodes      []nodeRecord `json:"nodes"`
}

// A nodeRecord is one node of it.
type nodeRecord struct {
	ID          string `json:"id"`
	PID         int    `json:"pid"` // 0: not running
	URL         string `json:"url"` // of S3
	TLSURL      string `json:"tls_url,omitempty"`
	WebsiteURL  string `json:"website_url,omitempty"`
	OpsURL      string `json:"ops_url"`
	PeerAddr    string `json:"peer_addr"` // for the other nodes
	Addr        string `json:"addr"`      // as bound
	TLSAddr     string `json:"tls_addr,omitempty"`
	WebsiteAddr string `json:"website_addr,omitempty"`
	Config      string `json:"config"`
	Data        string `json:"data"`
	Log         string `json:"log"`
}

// readRecord reads the record of a directory; one that is new has none.
func readRecord(dir string) (*fleetRecord, error) {
	r := &fleetRecord{}
	path := filepath.Join(dir, recordFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func (r *fleetRecord) write(dir string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return place(filepath.Join(dir, recordFile), append(text, '\n'))
}

// endpoints are the URLs of S3: the plain ones of all nodes, then those for TLS.
func (r *fleetRecord) endpoints() (plain, secure []string) {
	for _, n := range r.Nodes {
		plain = append(plain, n.URL)
		if n.TLSURL != "" {
			secure = append(secure, n.TLSURL)
		}
	}
	return plain, secure
}
