package main

import (
	"fmt"
	"slices"
	"strings"

	"bleepstore/reference/config"
)

// flagged are the settings that serve has a flag for.
var flagged = []string{
	"server.host", "server.port", "server.region", "server.bucket_defaults", "server.ops_addr", "server.tls.cert_file", "server.tls.key_file",
	"server.tls.self_signed", "server.tls.addr", "server.website_addr", "auth.access_key", "auth.secret_key", "storage.backend", "storage.data",
	"observability.log_level", "observability.log_format",
}

// settingsHelp lists the settings that only the file and the environment give,
// indented, so that they stay a line each.
func settingsHelp() string {
	var b strings.Builder
	for _, s := range config.Settings() {
		if slices.Contains(flagged, s.Key) {
			continue
		}
		fmt.Fprintf(&b, "\n    %s: %s", s.Key, s.Use)
		if s.Default != "" {
			fmt.Fprintf(&b, " (%s)", s.Default)
		}
	}
	b.WriteString("\n    auth.users: further accounts, a list of {access_key: , secret_key: , id: , name: }\n")
	return b.String()
}
