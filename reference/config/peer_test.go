package config_test

import (
	"slices"
	"strings"
	"testing"

	"bleepstore/reference/config"
)

func TestPeers(t *testing.T) {
	want := []config.Peer{{ID: "n1", Addr: "10.0.0.1:9002"}, {ID: "n-2.x_y", Addr: "[::1]:9002"}, {Addr: "nodes.internal:9002"}}
	list := "cluster:\n  peers:\n    - {id: n1, addr: '10.0.0.1:9002'}\n    - {id: n-2.x_y, addr: '[::1]:9002'}\n    - addr: nodes.internal:9002\n"
	variable := "n1=10.0.0.1:9002, n-2.x_y=[::1]:9002,nodes.internal:9002"
	env := func(name string) string {
		if name == "BLEEPSTORE_CLUSTER_PEERS" {
			return variable
		}
		return ""
	}
	for name, resolve := range map[string]func() (*config.Values, error){
		"list":     func() (*config.Values, error) { return config.Resolve(nil, none, file(t, list)) },
		"variable": func() (*config.Values, error) { return config.Resolve(nil, env, "") },
		"joined": func() (*config.Values, error) {
			return config.Resolve(map[string]string{"cluster.peers": config.JoinPeers(want)}, none, "")
		},
	} {
		v, err := resolve()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := v.Peers("cluster.peers"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, want)
		}
	}
	v, err := config.Resolve(nil, none, "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := v.Peers("cluster.peers"); err != nil || len(got) != 0 {
		t.Errorf("none: got %v, %v", got, err)
	}
}

func TestPeersRefused(t *testing.T) {
	for text, says := range map[string]string{
		"cluster:\n  peers: n1\n":                                    "host:port",
		"cluster:\n  peers: 'n1=:9002'\n":                            "host:port",
		"cluster:\n  peers: '=h:1'\n":                                "node id",
		"cluster:\n  peers: 'a b=h:1'\n":                             "node id",
		"cluster:\n  peers: 'a=h:1,a=h:2'\n":                         "twice",
		"cluster:\n  peers: [{id: a, address: 'h:1'}]\n":             "address",
		"cluster:\n  peers: [{id: a}]\n":                             "host:port",
		"cluster:\n  peers: [{id: a, addr: 'h:1,b=h:2'}]\n":          "host:port",
		"cluster:\n  peers: [a]\n":                                   "want a list of",
		"cluster:\n  peers: {id: a}\n":                               "cluster.peers.id",
		"cluster:\n  peer: []\n":                                     `unknown key "cluster.peer"`,
		"cluster:\n  secrets: s\n":                                   `unknown key "cluster.secrets"`,
		"server:\n  host: [a, b]\n":                                  "server.host: want one value",
		"cluster:\n  tls:\n    crt_file: x\n":                        "cluster.tls.crt_file",
		"cluster: on\n":                                              `unknown key "cluster"`,
		"cluster:\n  peers: '" + strings.Repeat("x", 64) + "=h:1'\n": "node id",
	} {
		v, err := config.Resolve(nil, none, file(t, text))
		if err == nil {
			_, err = v.Peers("cluster.peers")
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want an error with %q", text, err, says)
		}
	}
}

func TestDuration(t *testing.T) {
	for text, good := range map[string]bool{"30s": true, "250ms": true, "0s": false, "-1s": false, "30": false, "soon": false} {
		v, err := config.Resolve(map[string]string{"cluster.snapshot_interval": text}, none, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Duration("cluster.snapshot_interval"); (err == nil) != good {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
