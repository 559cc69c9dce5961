package scenarios

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// escapePath escapes a bucket or key as S3 clients do: every byte but
// unreserved characters and "/".
func escapePath(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// virtualBase is the host behind which buckets stand in virtual-hosted
// addressing. An IP address cannot carry subdomains, so localhost stands in.
func virtualBase(u *url.URL) string {
	if net.ParseIP(u.Hostname()) == nil {
		return u.Host
	}
	if u.Port() == "" {
		return "localhost"
	}
	return net.JoinHostPort("localhost", u.Port())
}

func hostname(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return h
	}
	return hostport
}
