package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"bleepstore/conformance"
	"bleepstore/reference"
	"bleepstore/reference/config"
)

// serveCmd runs the reference server. A flag left empty leaves the setting to
// the environment, the file and the default, in this order.
type serveCmd struct {
	Config         string `help:"YAML file of settings." placeholder:"FILE"`
	Addr           string `help:"Address to listen on (127.0.0.1:9000); port 0 picks a free one." placeholder:"HOST:PORT"`
	AddrFile       string `help:"File that gets the server's URL once it is ready." placeholder:"FILE"`
	Data           string `help:"Data directory (./data)." placeholder:"DIR"`
	Backend        string `help:"Where bodies are kept: local, memory, sqlite, or in a cloud, aws, gcp or azure (local)."`
	Region         string `help:"Region that clients sign for (us-east-1)."`
	AccessKey      string `help:"Access key of the owner's account (bleepstore)."`
	SecretKey      string `help:"Its secret key (bleepstore-secret)."`
	BucketDefaults string `help:"What a new bucket is given: aws (ACLs off, public access blocked) or legacy (ACLs on, nothing blocked) (aws)." placeholder:"aws|legacy"`
	OpsAddr        string `help:"Second listener, for /healthz /readyz /metrics /docs /openapi.json and, with server.admin_token, /admin/ (127.0.0.1:9001, or a free port with --addr's port 0); off turns it off." placeholder:"HOST:PORT"`
	TLS            string `name:"tls" help:"self-signed, or the PEM files of certificate and key: serve TLS, at --addr or, beside it, at --tls-addr." placeholder:"self-signed|CERT,KEY"`
	TLSAddr        string `name:"tls-addr" help:"Second address, for TLS; --addr stays plain." placeholder:"HOST:PORT"`
	WebsiteAddr    string `help:"Address at which buckets that are websites are served as such; without one they are not." placeholder:"HOST:PORT"`
	LogLevel       string `help:"debug, info, warn or error (info)."`
	LogFormat      string `help:"text or json (text)."`
	Pprof          bool   `hidden:"" help:"Serve /debug/pprof/ on the second listener."`

	TestClock  bool     `name:"test-clock" help:"For tests of lifecycles: POST /admin/lifecycle?bucket=B&at=TIME does to bucket B what its lifecycle demands by that time, RFC 3339."`
	WithParent bool     `hidden:""`                            // see leaveWithParent
	Mutant     []string `hidden:"" sep:"," placeholder:"NAME"` // see plantAll
}

// Help says where the settings are that have no flag.
func (c *serveCmd) Help() string {
	return `A flag beats the environment, that beats the file of --config, that beats the default in brackets. Every
setting has a key in the file (server.port) and a variable (BLEEPSTORE_SERVER_PORT). These have no flag:
` + settingsHelp()
}

// flags are the settings that the command line gave.
func (c *serveCmd) flags() (map[string]string, error) {
	given := map[string]string{}
	for key, value := range map[string]string{
		"storage.data": c.Data, "storage.backend": c.Backend, "server.region": c.Region, "server.bucket_defaults": c.BucketDefaults, "server.ops_addr": c.OpsAddr,
		"auth.access_key": c.AccessKey, "auth.secret_key": c.SecretKey,
		"server.tls.addr": c.TLSAddr, "server.website_addr": c.WebsiteAddr, "observability.log_level": c.LogLevel, "observability.log_format": c.LogFormat,
	} {
		if value != "" {
			given[key] = value
		}
	}
	switch cert, key, two := strings.Cut(c.TLS, ","); {
	case c.TLS == "self-signed":
		given["server.tls.self_signed"] = "true"
	case two:
		given["server.tls.cert_file"], given["server.tls.key_file"] = cert, key
	case c.TLS != "":
		return nil, fmt.Errorf("--tls %s: want self-signed, or CERT,KEY", c.TLS)
	}
	if c.Addr != "" {
		host, port, err := net.SplitHostPort(c.Addr)
		if err != nil {
			return nil, fmt.Errorf("--addr: %w", err)
		}
		given["server.host"], given["server.port"] = host, port
	}
	return given, nil
}

// Run implements the command.
func (c *serveCmd) Run() error {
	if c.WithParent {
		leaveWithParent()
	}
	if err := plantAll(mutants(c.Mutant, os.Getenv)); err != nil {
		return err
	}
	given, err := c.flags()
	if err != nil {
		return err
	}
	v, err := config.Resolve(given, os.Getenv, c.Config)
	if err != nil {
		return err
	}
	s, err := settle(v)
	if err != nil {
		return err
	}
	s.profile, s.clock = c.Pprof, c.TestClock
	if err := serve(s, c.AddrFile, os.Stdout); err != nil {
		return &conformance.Error{Code: conformance.ExitFailed, Err: err}
	}
	return nil
}

// A service is everything that serve needs, checked.
type service struct {
	server  reference.Config
	ops     string // address of the second listener; "" none, or the S3 address itself
	health  bool
	metrics bool
	profile bool
	clock   bool   // the admin API lets tests move the time of lifecycles
	admin   string // bearer token of the admin API; "" none
	drain   time.Duration
}

// settle turns settings into a service.
func settle(v *config.Values) (service, error) {
	s := service{server: reference.Config{
		Dir: v.String("storage.data"), MetaPath: v.String("metadata.sqlite.path"), BlobDir: v.String("storage.local.root_dir"),
		Region: v.String("server.region"), Addr: net.JoinHostPort(v.String("server.host"), v.String("server.port")),
	}}
	var errs []error
	note := func(err error) { errs = append(errs, err) }
	var err error
	s.server.Backend, err = v.OneOf("storage.backend", reference.Local, reference.Memory, reference.SQLite, reference.AWS, reference.GCP, reference.Azure)
	note(err)
	defaults, err := v.OneOf("server.bucket_defaults", string(reference.AWSDefaults), string(reference.LegacyDefaults))
	s.server.BucketDefaults = reference.BucketDefaults(defaults)
	note(err)
	note(join(v, &s.server))
	note(encryption(v, &s.server))
	s.server.Memory, err = memory(v, s.server.Dir)
	note(err)
	s.server.TLS, err = secure(v)
	note(err)
	s.server.TLSAddr, s.server.WebsiteAddr = v.String("server.tls.addr"), v.String("server.website_addr")
	s.server.Users, err = users(v)
	note(err)
	s.server.Logger, err = logger(v, os.Stderr)
	note(err)
	s.server.OpenBlobs, err = openBlobs(v, s.server.Logger)
	note(err)
	s.health, err = v.Bool("observability.health_check")
	note(err)
	s.metrics, err = v.Bool("observability.metrics")
	note(err)
	s.drain, err = time.ParseDuration(v.String("server.shutdown_timeout"))
	note(err)
	s.ops, s.admin = opsAddr(v), v.String("server.admin_token")
	return s, errors.Join(errs...)
}

// encryption reads the keys by which objects are encrypted.
func encryption(v *config.Values, c *reference.Config) (err error) {
	if path := v.String("encryption.master_key_file"); path != "" {
		text, err := os.ReadFile(path)
		if err == nil {
			c.MasterKeys, err = reference.ParseKeys(text)
		}
		if err != nil {
			return fmt.Errorf("encryption.master_key_file: %w", err)
		}
	}
	if path := v.String("encryption.kms_keys_file"); path != "" {
		if c.KMSKeys, err = os.ReadFile(path); err != nil {
			return fmt.Errorf("encryption.kms_keys_file: %w", err)
		}
	}
	c.KeysOverHTTP, err = v.Bool("encryption.sse_c_over_http")
	return err
}

// opsAddr is the second listener's address. With a free port for S3 it takes a
// free port too, unless it was given.
func opsAddr(v *config.Values) string {
	addr := v.String("server.ops_addr")
	if port := v.String("server.admin_port"); port != "" && v.From("server.ops_addr") == "default" {
		return net.JoinHostPort(v.String("server.host"), port)
	}
	if addr == "off" {
		return ""
	}
	if v.From("server.ops_addr") == "default" && v.String("server.port") == "0" {
		return "127.0.0.1:0"
	}
	return addr
}

func memory(v *config.Values, dir string) (reference.MemoryConfig, error) {
	most, err := v.Int64("storage.memory.max_size_bytes")
	if err != nil {
		return reference.MemoryConfig{}, err
	}
	every, err := v.Int64("storage.memory.snapshot_interval_seconds")
	if err != nil {
		return reference.MemoryConfig{}, err
	}
	m := reference.MemoryConfig{MaxBytes: most, Every: time.Duration(every) * time.Second}
	kind, err := v.OneOf("storage.memory.persistence", "none", "snapshot")
	if kind == "snapshot" {
		if m.Snapshot = v.String("storage.memory.snapshot_path"); m.Snapshot == "" {
			m.Snapshot = filepath.Join(dir, "snapshot")
		}
	}
	return m, err
}

// users are the accounts, the owner's first. The well-known keys are refused
// where the network can reach the server.
func users(v *config.Values) ([]reference.User, error) {
	owner := reference.User{AccessKey: v.String("auth.access_key"), SecretKey: v.String("auth.secret_key")}
	if owner.SecretKey == config.DefaultSecretKey && !loopback(v.String("server.host")) {
		return nil, fmt.Errorf("server.host is %s, which the network can reach: give --access-key and --secret-key instead of the default keys", v.String("server.host"))
	}
	all := []reference.User{owner}
	for _, u := range v.Users {
		all = append(all, reference.User(u))
	}
	return all, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func logger(v *config.Values, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(v.String("observability.log_level"))); err != nil {
		return nil, fmt.Errorf("observability.log_level: %w", err)
	}
	o := &slog.HandlerOptions{Level: level}
	format, err := v.OneOf("observability.log_format", "text", "json")
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o)), err
	}
	return slog.New(slog.NewTextHandler(w, o)), err
}

// serve runs until the server fails or a signal asks it to leave.
func serve(s service, addrFile string, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	tests, err := disturbable(&s, os.Getenv)
	if err != nil {
		return err
	}
	defer tests.close()
	second, err := openOps(&s)
	if err != nil {
		return err
	}
	defer second.close()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once: that is always safe
	server, err := open(ctx, s.server, impatience)
	if err != nil || server == nil {
		return err
	}
	second.watch(server)
	tests.watch(server)
	defer loadBallast()()
	done := make(chan error, 1)
	go func() { done <- server.Serve() }()
	banner(out, s, server, second.url())
	if err := announce(addrFile, server.URL(), server.TLSURL()); err != nil {
		return errors.Join(err, leave(server, s.drain, done))
	}
	select {
	case err := <-done:
		return errors.Join(err, server.Close(context.Background()))
	case <-ctx.Done():
		s.server.Logger.Info("draining", "timeout", s.drain)
		return leave(server, s.drain, done)
	}
}

// leave drains the server.
func leave(server *reference.Server, within time.Duration, done <-chan error) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return errors.Join(server.Close(ctx), <-done)
}
