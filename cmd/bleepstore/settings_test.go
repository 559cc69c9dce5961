package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestHelpLeavesNoSettingOut: what serve has no flag for is in its help.
func TestHelpLeavesNoSettingOut(t *testing.T) {
	c := serveCmd{Addr: "h:1", Data: "x", Backend: "x", Region: "x", AccessKey: "x", SecretKey: "x", BucketDefaults: "x", OpsAddr: "x", TLS: "c,k",
		TLSAddr: "x", WebsiteAddr: "x", LogLevel: "x", LogFormat: "x"}
	given, err := c.flags()
	if err != nil {
		t.Fatal(err)
	}
	given["server.tls.self_signed"] = "" // by --tls too
	if got, want := slices.Sorted(maps.Keys(given)), slices.Sorted(slices.Values(flagged)); !slices.Equal(got, want) {
		t.Errorf("flags set %v, the help takes them to set %v", got, want)
	}
	for _, key := range []string{"metadata.engine", "cluster.peers", "server.admin_token", "auth.users"} {
		if !strings.Contains(c.Help(), "\n    "+key+": ") {
			t.Errorf("%s is not in the help", key)
		}
	}
}
