package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bleepstore/reference/config"
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bleepstore.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func none(string) string { return "" }

func TestPrecedence(t *testing.T) {
	path := file(t, "server:\n  region: from-file\n  port: 9100\nauth:\n  access_key: from-file\n")
	env := func(name string) string {
		return map[string]string{"BLEEPSTORE_SERVER_REGION": "from-env", "BLEEPSTORE_SERVER_PORT": "9200"}[name]
	}
	v, err := config.Resolve(map[string]string{"server.port": "9300"}, env, path)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"server.port":     "9300",      // flag
		"server.region":   "from-env",  // environment
		"auth.access_key": "from-file", // file
		"storage.backend": "local",     // default
	} {
		if got := v.String(key); got != want {
			t.Errorf("%s: got %q from %s, want %q", key, got, v.From(key), want)
		}
	}
}

func TestUsers(t *testing.T) {
	v, err := config.Resolve(nil, none, file(t, "auth:\n  users:\n    - {access_key: a, secret_key: b, id: c, name: d}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Users) != 1 || v.Users[0] != (config.User{AccessKey: "a", SecretKey: "b", ID: "c", Name: "d"}) {
		t.Errorf("got %+v", v.Users)
	}
}

func TestRefusals(t *testing.T) {
	for name, tc := range map[string]struct{ text, says string }{
		"misspelt key":     {"server:\n  regoin: x\n", `unknown key "server.regoin"`},
		"misspelt section": {"sever:\n  region: x\n", `unknown key "sever.region"`},
		"misspelt user":    {"auth:\n  users:\n    - {acces_key: a}\n", "acces_key"},
		"misspelt cloud":   {"storage:\n  aws:\n    buckets: b\n", `unknown key "storage.aws.buckets"`},
		"not yaml":         {"server: [", "config"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Resolve(nil, none, file(t, tc.text))
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want an error with %q", err, tc.says)
			}
		})
	}
}

func TestTypedValues(t *testing.T) {
	v, err := config.Resolve(map[string]string{"server.port": "x", "observability.metrics": "maybe", "storage.backend": "tape"}, none, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Int64("server.port"); err == nil {
		t.Error("port x: got no error")
	}
	if _, err := v.Bool("observability.metrics"); err == nil {
		t.Error("metrics maybe: got no error")
	}
	if _, err := v.OneOf("storage.backend", "local", "memory"); err == nil {
		t.Error("backend tape: got no error")
	}
}

func TestGiven(t *testing.T) {
	v, err := config.Resolve(map[string]string{"cluster.secret": "s", "server.port": "1"}, none, file(t, "cluster:\n  node_id: n1\n  discovery: static\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(v.Given("cluster"), " "); got != "cluster.node_id cluster.secret" {
		t.Errorf("got %q, want the two that are not the default", got)
	}
}

func TestMarshalIsReadAsTheSame(t *testing.T) {
	given := map[string]string{
		"server.port": "9100", "server.region": "yes", "server.tls.self_signed": "true", "auth.secret_key": "0x10: {", "cluster.node_id": "7",
		"cluster.peers": "n1=127.0.0.1:1,[::1]:2", "cluster.snapshot_interval": "3s", "storage.data": "",
	}
	users := []config.User{{AccessKey: "1e3", SecretKey: "b"}}
	text, err := config.Marshal(given, users)
	if err != nil {
		t.Fatal(err)
	}
	v, err := config.Resolve(nil, none, file(t, string(text)))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	for key, want := range given {
		if got := v.String(key); got != want {
			t.Errorf("%s: got %q, want %q in\n%s", key, got, want, text)
		}
	}
	if len(v.Users) != 1 || v.Users[0] != users[0] {
		t.Errorf("users: got %+v, want %+v", v.Users, users)
	}
	for _, wrong := range []map[string]string{{"server.prot": "1"}, {"cluster.peers": "x"}} {
		if _, err := config.Marshal(wrong, nil); err == nil {
			t.Errorf("%v: got no error", wrong)
		}
	}
}
