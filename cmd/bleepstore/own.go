package main

import (
	_ "embed"
	"os"

	"bleepstore/fault/process"
	"bleepstore/reference"
	"bleepstore/reference/config"
)

//go:embed own.yaml
var ownYAML []byte

//go:embed alone.yaml
var aloneYAML []byte

// ownTopology is how a cluster of this program's nodes is run for faults, with
// settings by key beside those of own.yaml.
func ownTopology(settings map[string]string) (process.Topology, error) {
	return withSettings(ownYAML, settings)
}

// aloneTopology is how one server of this program is run for faults, which is no
// cluster.
func aloneTopology(settings map[string]string) (process.Topology, error) {
	return withSettings(aloneYAML, settings)
}

func withSettings(yaml []byte, settings map[string]string) (process.Topology, error) {
	t, err := process.Parse(yaml)
	if err != nil {
		return t, err
	}
	t.Points = reference.Points()
	t.Node.Env = map[string]string{}
	for key, value := range settings {
		t.Node.Env[config.Env(key)] = value
	}
	if bugs := os.Getenv(mutantVar); bugs != "" { // the nodes get nothing else of this environment that is ours
		t.Node.Env[mutantVar] = bugs
	}
	if region := settings["server.region"]; region != "" {
		t.Region = region
	}
	return t, nil
}
