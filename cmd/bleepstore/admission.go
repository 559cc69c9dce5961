package main

import (
	"context"
	"time"

	"bleepstore/reference"
	"bleepstore/reference/config"
)

// impatience is how often a node that is not open yet says so.
const impatience = 10 * time.Second

// open opens the server. A node of a cluster may have to wait until another one
// admits it: it says so every so often, and the end of ctx ends it, with no
// server and no error.
func open(ctx context.Context, c reference.Config, every time.Duration) (*reference.Server, error) {
	if c.Cluster == nil {
		return reference.Open(ctx, c)
	}
	opened := make(chan struct{})
	defer close(opened)
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for began := time.Now(); ; {
			select {
			case <-opened:
				return
			case <-tick.C:
				c.Logger.Warn("this node does not serve yet: it waits for the cluster, for its admission or for a majority",
					"node", c.Cluster.Node, "peers", peerList(c.Cluster.Peers), "for", time.Since(began).Round(time.Second))
			}
		}
	}()
	server, err := reference.Open(ctx, c)
	if err != nil && ctx.Err() != nil {
		c.Logger.Info("leaving before the node was part of its cluster")
		return nil, nil
	}
	return server, err
}

// peerList names the peers for a person.
func peerList(peers []reference.ClusterPeer) string {
	var all []config.Peer
	for _, p := range peers {
		all = append(all, config.Peer(p))
	}
	if len(all) == 0 {
		return "none"
	}
	return config.JoinPeers(all)
}
