package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"bleepstore/reference"
	"bleepstore/reference/config"
)

// announce writes the URLs that there are, a line each, to a file that appears
// whole: that of the server, and that of a second address for TLS.
func announce(path string, urls ...string) error {
	if path == "" {
		return nil
	}
	text := ""
	for _, u := range urls {
		if u != "" {
			text += u + "\n"
		}
	}
	if err := place(path, []byte(text)); err != nil {
		return fmt.Errorf("--addr-file: %w", err)
	}
	return nil
}

// place writes a file that appears whole and is its owner's alone to read.
func place(path string, text []byte) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, text, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// banner tells a person how to use the server.
func banner(w io.Writer, s service, server *reference.Server, ops string) {
	owner, url := s.server.Users[0], server.URL()
	var b strings.Builder
	fmt.Fprintf(&b, "bleepstore serves S3 at %s\n", url)
	if server.TLSURL() != "" {
		fmt.Fprintf(&b, "  and over TLS at %s\n", server.TLSURL())
	}
	if server.WebsitesURL() != "" {
		fmt.Fprintf(&b, "  websites at %s\n", server.WebsitesURL())
	}
	switch {
	case s.server.Backend == reference.Memory && s.server.Memory.Snapshot == "":
		b.WriteString("  in memory: nothing survives the end of this process\n")
	case s.server.Backend == reference.Memory:
		fmt.Fprintf(&b, "  in memory, saved to %s every %s: what came after the last save is lost with the process\n", s.server.Memory.Snapshot, s.server.Memory.Every)
	default:
		fmt.Fprintf(&b, "  data in %s, bodies by the backend %s\n", s.server.Dir, s.server.Backend)
	}
	if c := s.server.Cluster; c != nil {
		fmt.Fprintf(&b, "  node %s of a cluster, peers: %s\n", server.Cluster().Raft().Status().ID, peerList(c.Peers))
	}
	if ops != "" {
		fmt.Fprintf(&b, "  health, metrics and documentation at %s\n", ops)
	}
	secret := owner.SecretKey
	if secret != config.DefaultSecretKey {
		secret = "..." // given by the user, who knows it
	}
	fmt.Fprintf(&b, "\n  export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s AWS_REGION=%s\n", owner.AccessKey, secret, s.server.Region)
	fmt.Fprintf(&b, "  aws --endpoint-url %s s3 mb s3://hello\n", url)
	fmt.Fprintf(&b, "  bleepstore test --endpoint %s\n", url)
	_, _ = io.WriteString(w, b.String()) // a closed terminal must not end the server
}

// port is the port of an address, 0 when it has none.
func port(addr string) int {
	_, p, err := net.SplitHostPort(addr)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(p)
	return n
}
