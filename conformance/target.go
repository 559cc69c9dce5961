package conformance

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	mathrand "math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"

	"bleepstore/scenarios"
)

// TargetOf resolves how the server of o is reached: endpoint, keys, region and
// TLS, each from its flag, else from the environment that getenv reads.
func TargetOf(o Options, getenv func(string) string) (scenarios.Target, error) {
	return o.target(getenv)
}

// target turns the options into a target. getenv reads the environment; an
// embedded server brings its own keys, so for it the environment is not read.
func (o *Options) target(getenv func(string) string) (scenarios.Target, error) {
	t := scenarios.Target{Timeout: o.Timeout, Settle: o.Settle, Seed: o.Seed, Bucket: o.Bucket, AllowCompliance: o.AllowCompliance,
		Consistency: o.Consistency, ExpectLevel: o.ExpectLevel, Dial: o.dial, Clock: o.clock, Leave: o.leave}
	if o.ClockHook != "" {
		hook, err := clockHook(o.ClockHook, getenv("CLOCK_HOOK_TOKEN"))
		if err != nil {
			return t, err
		}
		t.Clock = hook
	}
	if o.KillHook != "" {
		t.Kill = killHook(o.KillHook)
	}
	if len(o.Endpoint) == 0 {
		return t, usage("no endpoint: give -endpoint=http://host:port")
	}
	for _, e := range o.Endpoint {
		u, err := endpointURL(e)
		if err != nil {
			return t, err
		}
		t.Endpoints = append(t.Endpoints, u)
		if u.Scheme == "https" && t.TLSEndpoint == nil {
			t.TLSEndpoint = u
		}
	}
	if o.TLSEndpoint != "" {
		u, err := endpointURL(o.TLSEndpoint)
		if err != nil {
			return t, err
		}
		if u.Scheme != "https" {
			return t, usage("-tls-endpoint %s: want https", o.TLSEndpoint)
		}
		t.TLSEndpoint = u
	}
	if o.WebsiteEndpoint != "" {
		u, err := endpointURL(o.WebsiteEndpoint)
		if err != nil {
			return t, err
		}
		t.Website = u
	}
	for t.Seed == 0 {
		t.Seed = mathrand.Uint64N(1 << 32) // short enough to type
	}
	if t.Region = o.Region; t.Region == "" {
		t.Region = getenv("AWS_REGION")
	}
	if err := o.credentials(&t, getenv); err != nil {
		return t, err
	}
	if t.Region == "" {
		t.Region = "us-east-1"
	}
	var err error
	t.TLS, err = tlsConfig(o.Insecure, getenv("AWS_CA_BUNDLE"))
	return t, err
}

func endpointURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usage("endpoint %q: want http://host:port or https://host:port", s)
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil {
		return nil, usage("endpoint %q: want scheme, host and port alone", s)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// credentials fills in the keys: flags, then environment, then the shared
// profile that AWS_PROFILE names.
func (o *Options) credentials(t *scenarios.Target, getenv func(string) string) error {
	if (o.AccessKey == "") != (o.SecretKey == "") {
		return usage("-access-key and -secret-key go together")
	}
	if (o.AltAccessKey == "") != (o.AltSecretKey == "") {
		return usage("-alt-access-key and -alt-secret-key go together")
	}
	t.Alt = scenarios.Keys{Access: o.AltAccessKey, Secret: o.AltSecretKey}
	if o.ExpiredKeys != "" {
		k := strings.SplitN(o.ExpiredKeys, ":", 3)
		if len(k) < 3 || slices.Contains(k, "") {
			return usage("-expired-keys: want ACCESS:SECRET:TOKEN")
		}
		t.Expired = scenarios.Keys{Access: k[0], Secret: k[1], Session: k[2]}
	}
	t.Main = scenarios.Keys{Access: o.AccessKey, Secret: o.SecretKey}
	if t.Main.Access != "" {
		return nil
	}
	t.Main = scenarios.Keys{Access: getenv("AWS_ACCESS_KEY_ID"), Secret: getenv("AWS_SECRET_ACCESS_KEY"), Session: getenv("AWS_SESSION_TOKEN")}
	if t.Main.Access != "" && t.Main.Secret != "" {
		return nil
	}
	name := getenv("AWS_PROFILE")
	if name == "" {
		return usage("no credentials: give -access-key and -secret-key, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
	}
	p, err := config.LoadSharedConfigProfile(context.Background(), name, func(l *config.LoadSharedConfigOptions) {
		if f := getenv("AWS_CONFIG_FILE"); f != "" {
			l.ConfigFiles = []string{f}
		}
		if f := getenv("AWS_SHARED_CREDENTIALS_FILE"); f != "" {
			l.CredentialsFiles = []string{f}
		}
	})
	if err != nil {
		return usage("AWS_PROFILE: %w", err)
	}
	if !p.Credentials.HasKeys() {
		return usage("AWS_PROFILE: profile %q has no static keys", name)
	}
	t.Main = scenarios.Keys{Access: p.Credentials.AccessKeyID, Secret: p.Credentials.SecretAccessKey, Session: p.Credentials.SessionToken}
	if t.Region == "" {
		t.Region = p.Region
	}
	return nil
}

// tlsConfig returns nil when the system's roots are enough.
func tlsConfig(insecure bool, bundle string) (*tls.Config, error) {
	if insecure {
		return &tls.Config{InsecureSkipVerify: true}, nil
	}
	if bundle == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(bundle)
	if err != nil {
		return nil, usage("AWS_CA_BUNDLE: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("system certificates: %w", err)
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, usage("AWS_CA_BUNDLE: %s holds no certificate", bundle)
	}
	return &tls.Config{RootCAs: roots}, nil
}
