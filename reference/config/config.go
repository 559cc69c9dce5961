// Package config resolves the settings of the server: a flag beats the
// environment, the environment beats the YAML file, the file beats the
// default. One table names every setting; an unknown YAML key is an error,
// since a misspelt setting that is ignored is worse than a refusal to start.
// It knows the format, not what the settings do.
package config

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Setting is one row of the table.
type Setting struct {
	Key     string // dotted path in the YAML file
	Default string
	Use     string // one line for --help
	// Missing, when set, says why a value other than the default is refused.
	Missing string
}

const (
	noCluster = "clusters are not part of this build; it serves one node"
	noCloud   = "cloud backends are not part of this build; want local, memory or sqlite"
)

// Settings lists every setting, in the order of the file's documentation.
func Settings() []Setting { return slices.Clone(settings) }

var settings = []Setting{
	{Key: "server.host", Default: "127.0.0.1", Use: "address to listen on"},
	{Key: "server.port", Default: "9000", Use: "port to listen on; 0 picks a free one"},
	{Key: "server.region", Default: "us-east-1", Use: "region that clients sign for"},
	{Key: "server.bucket_defaults", Default: "aws", Use: "what a new bucket is given: aws (no ACLs, public access blocked) or legacy (ACLs, nothing blocked)"},
	{Key: "server.ops_addr", Default: "127.0.0.1:9001", Use: "second listener: /healthz /readyz /metrics /docs /openapi.json; off turns it off"},
	{Key: "server.admin_port", Default: "", Use: "port of server.ops_addr, by its older name"},
	{Key: "server.admin_token", Default: "", Use: "token of the admin API", Missing: "this build has no admin API"},
	{Key: "server.shutdown_timeout", Default: "30s", Use: "how long a drain waits for requests under way"},
	{Key: "server.tls.cert_file", Use: "PEM file of the certificate and its chain"},
	{Key: "server.tls.key_file", Use: "PEM file of its key"},
	{Key: "server.tls.self_signed", Default: "false", Use: "make a certificate at each start instead"},
	{Key: "server.tls.addr", Use: "second S3 address, for TLS, beside a plain one; without it the one address speaks TLS"},
	{Key: "auth.access_key", Default: DefaultAccessKey, Use: "access key of the owner's account"},
	{Key: "auth.secret_key", Default: DefaultSecretKey, Use: "its secret key"},
	{Key: "metadata.engine", Default: "sqlite", Use: "sqlite"},
	{Key: "metadata.sqlite.path", Default: "", Use: "metadata database; default meta.db in the data directory"},
	{Key: "storage.backend", Default: "local", Use: "where bodies are kept: local, memory or sqlite"},
	{Key: "storage.data", Default: "./data", Use: "data directory"},
	{Key: "storage.local.root_dir", Default: "", Use: "bodies of the local backend; default blobs in the data directory"},
	{Key: "storage.memory.max_size_bytes", Default: "1073741824", Use: "most bytes of bodies that the memory backend keeps"},
	{Key: "storage.memory.persistence", Default: "none", Use: "none or snapshot"},
	{Key: "storage.memory.snapshot_path", Default: "", Use: "snapshot file; default snapshot in the data directory"},
	{Key: "storage.memory.snapshot_interval_seconds", Default: "60", Use: "seconds between snapshots"},
	{Key: "storage.aws", Missing: noCloud},
	{Key: "storage.gcp", Missing: noCloud},
	{Key: "storage.azure", Missing: noCloud},
	{Key: "observability.metrics", Default: "true", Use: "serve /metrics"},
	{Key: "observability.health_check", Default: "true", Use: "serve /healthz and /readyz"},
	{Key: "observability.log_level", Default: "info", Use: "debug, info, warn or error"},
	{Key: "observability.log_format", Default: "text", Use: "text or json"},
	{Key: "cluster", Missing: noCluster},
}

// The keys of a server that was given none; refused where the network can
// reach it.
const (
	DefaultAccessKey = "bleepstore"
	DefaultSecretKey = "bleepstore-secret"
)

// A User is one account of auth.users.
type User struct {
	AccessKey string `yaml:"access_key"`
	SecretKey string `yaml:"secret_key"`
	ID        string `yaml:"id"`
	Name      string `yaml:"name"`
}

// Values are resolved settings by key. They are read-only.
type Values struct {
	byKey map[string]string
	from  map[string]string
	Users []User
}

// Env is the environment variable of a setting: BLEEPSTORE_ and its key in
// upper case, dots as underscores.
func Env(key string) string {
	return "BLEEPSTORE_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// Resolve merges the sources. flags holds only what the command line gave;
// getenv is os.Getenv; file is the path of the YAML file, "" for none.
func Resolve(flags map[string]string, getenv func(string) string, file string) (*Values, error) {
	v := &Values{byKey: map[string]string{}, from: map[string]string{}}
	inFile, err := v.readFile(file)
	if err != nil {
		return nil, err
	}
	for _, s := range settings {
		value, from := s.Default, "default"
		if f, ok := inFile[s.Key]; ok {
			value, from = f, file
		}
		if e := getenv(Env(s.Key)); e != "" {
			value, from = e, Env(s.Key)
		}
		if f, ok := flags[s.Key]; ok {
			value, from = f, "flag"
		}
		if s.Missing != "" && value != s.Default {
			return nil, fmt.Errorf("%s (from %s): %s", s.Key, from, s.Missing)
		}
		v.byKey[s.Key], v.from[s.Key] = value, from
	}
	return v, nil
}

// readFile reads the YAML file into dotted keys; v.Users gets the accounts.
func (v *Values) readFile(path string) (map[string]string, error) {
	out := map[string]string{}
	if path == "" {
		return out, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("config %s: %w", path, err)
	}
	if auth, ok := doc["auth"].(map[string]any); ok && auth["users"] != nil {
		if v.Users, err = readUsers(auth["users"]); err != nil {
			return nil, fmt.Errorf("config %s: auth.users: %w", path, err)
		}
		delete(auth, "users")
	}
	if err := flatten("", doc, out); err != nil {
		return nil, fmt.Errorf("config %s: %w", path, err)
	}
	return out, nil
}

func readUsers(raw any) ([]User, error) {
	text, err := yaml.Marshal(raw)
	if err != nil {
		return nil, err
	}
	var users []User
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	dec.KnownFields(true)
	return users, dec.Decode(&users)
}

// flatten turns nested maps into dotted keys and refuses unknown ones. A key
// that stands for a whole unsupported section is kept under the section's key.
func flatten(prefix string, doc map[string]any, out map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		key := strings.TrimPrefix(prefix+"."+name, ".")
		row, known := find(key)
		switch value := doc[name].(type) {
		case map[string]any:
			if known && row.Missing != "" {
				out[key] = "set"
				continue
			}
			if err := flatten(key, value, out); err != nil {
				return err
			}
		case nil:
			if !known && !section(key) {
				return fmt.Errorf("unknown key %q", key)
			}
		default:
			if !known {
				return fmt.Errorf("unknown key %q", key)
			}
			out[key] = fmt.Sprint(value)
		}
	}
	return nil
}

func find(key string) (Setting, bool) {
	i := slices.IndexFunc(settings, func(s Setting) bool { return s.Key == key })
	if i < 0 {
		return Setting{}, false
	}
	return settings[i], true
}

// section reports whether some setting lies below key.
func section(key string) bool {
	return slices.ContainsFunc(settings, func(s Setting) bool { return strings.HasPrefix(s.Key, key+".") })
}

// String returns the value of a setting of the table; any other key panics,
// since it is a mistake of the program.
func (v *Values) String(key string) string {
	s, ok := v.byKey[key]
	if !ok {
		panic("config: no setting " + key)
	}
	return s
}

// From tells where the value came from: default, flag, a variable or a file.
func (v *Values) From(key string) string { return v.from[key] }

// Int64 returns a whole number.
func (v *Values) Int64(key string) (int64, error) {
	n, err := strconv.ParseInt(v.String(key), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s (from %s): %q is not a whole number", key, v.from[key], v.String(key))
	}
	return n, nil
}

// Bool returns true or false.
func (v *Values) Bool(key string) (bool, error) {
	b, err := strconv.ParseBool(v.String(key))
	if err != nil {
		return false, fmt.Errorf("%s (from %s): %q is neither true nor false", key, v.from[key], v.String(key))
	}
	return b, nil
}

// OneOf returns the value if it is one of those given.
func (v *Values) OneOf(key string, want ...string) (string, error) {
	s := v.String(key)
	if !slices.Contains(want, s) {
		return "", fmt.Errorf("%s (from %s): %q, want %s", key, v.from[key], s, strings.Join(want, ", "))
	}
	return s, nil
}
