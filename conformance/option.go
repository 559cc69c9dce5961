package conformance

import (
	"context"
	"flag"
	"fmt"
	"net"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Options are what a run is asked to do. The struct is the one table of flags:
// the tags name each flag, its default and its help. `go test` takes them by
// Bind as -name, the command line of bleepstore reads the same tags and takes
// --name.
type Options struct {
	Endpoint    []string `name:"endpoint" sep:"," placeholder:"URL" help:"The server under test; several URLs, comma-separated, are nodes of one server, over which requests take turns. None: an embedded reference server."`
	TLSEndpoint string   `name:"tls-endpoint" placeholder:"URL" help:"The same server over TLS."`

	WebsiteEndpoint string `name:"website-endpoint" placeholder:"URL" help:"For the feature website-endpoint: where the same server serves buckets as websites; a bucket stands in front of its host."`

	AccessKey    string `name:"access-key" help:"Access key; else AWS_ACCESS_KEY_ID, else AWS_PROFILE."`
	SecretKey    string `name:"secret-key" secret:"" help:"Secret key; else AWS_SECRET_ACCESS_KEY."`
	AltAccessKey string `name:"alt-access-key" help:"Access key of a second account."`
	AltSecretKey string `name:"alt-secret-key" secret:"" help:"Secret key of a second account."`
	ExpiredKeys  string `name:"expired-keys" secret:"" placeholder:"ACCESS:SECRET:TOKEN" help:"Session credentials that have expired, for the feature sts."`
	Region       string `name:"region" help:"Region to sign for; else AWS_REGION, else us-east-1."`

	Profile  string   `name:"profile" default:"core" help:"What the server claims: core or full."`
	Features []string `name:"features" sep:"," help:"+name adds a feature to the profile, -name takes one away, auto also runs what the full profile adds, without gating."`
	ID       []string `name:"id" sep:"," placeholder:"GLOB" help:"Only scenarios whose id or rule matches one of the globs."`

	Bucket     string `name:"bucket" help:"Run in this bucket alone: it must be empty, is never changed itself and is left empty."`
	Addressing string `name:"addressing" default:"path" help:"path, virtual (Host: bucket.host, dialled to the endpoint), or both."`

	Seed     uint64        `name:"seed" help:"Seed of all randomness; 0 picks one and prints it."`
	Settle   time.Duration `name:"settle" default:"10s" help:"Longest wait for eventual changes of buckets and their configuration."`
	Timeout  time.Duration `name:"timeout-request" default:"30s" help:"Longest wait for one request."`
	Rate     float64       `name:"rate" help:"At most so many requests a second; 0 is no limit."`
	FailFast bool          `name:"fail-fast" help:"Stop at the first gating verdict."`

	Out            string `name:"out" placeholder:"DIR" help:"Write result.json, junit.xml and summary.md there; under go test relative to the package."`
	Baseline       string `name:"baseline" placeholder:"FILE" help:"YAML file of known failures, which do not gate until they expire. An entry that has expired, or names no scenario or rule, ends the run with exit code 5."`
	StrictBaseline bool   `name:"strict-baseline" help:"A baseline entry whose failure is gone ends the run with exit code 5 too; else it is listed."`

	Insecure        bool `name:"k" short:"k" help:"Do not verify the server's TLS certificate."`
	AllowCompliance bool `name:"allow-compliance" help:"COMPLIANCE locks may be set, for seconds."`

	ClockHook string `name:"clock-hook" placeholder:"URL|COMMAND" help:"For the feature clock-hook: what has the server do to {bucket} what its lifecycle demands by the time {at} (RFC 3339), both named in a URL, which is sent a POST with CLOCK_HOOK_TOKEN as bearer token, or among the words of a command."`

	KillHook string `name:"kill-hook" placeholder:"COMMAND" help:"For the feature kill-hook: a command that kills the server by SIGKILL, starts it again at the same addresses on the same data, and ends with 0 when it may be up again."`

	Consistency time.Duration `name:"consistency" default:"1s" help:"How long each workload of concurrent clients runs; up to 2s it also ends after 2000 requests; 0 leaves them out."`
	ExpectLevel string        `name:"expect-level" placeholder:"LEVEL" help:"Consistency level that gates: raw, register, cas, list or list-atomic; of a workload no more than it can show."`

	clock    func(ctx context.Context, bucket string, at time.Time) error
	embedded bool // the server is the doors' own, see Embed
	leave    bool // see Leave
	dial     func(ctx context.Context, network, addr string) (net.Conn, error)
}

// DialBy has every connection to the endpoints made by dial, which may be called
// concurrently, instead of by TCP.
func (o *Options) DialBy(dial func(ctx context.Context, network, addr string) (net.Conn, error)) {
	o.dial = dial
}

// Leave has the run remove nothing of what it made, from a server that ends with it.
func (o *Options) Leave() { o.leave = true }

// Embed points the options at a server that the caller started for this run
// alone: its keys count, not those of the environment, and commands that
// repeat a failure leave the endpoint out. Unless -features says otherwise, what
// the reference server has beyond the profile is claimed too.
func (o *Options) Embed(s Embedded) {
	o.embedded = true
	o.Endpoint, o.TLSEndpoint = []string{s.URL}, s.TLSURL
	o.AccessKey, o.SecretKey = s.AccessKey, s.SecretKey
	o.AltAccessKey, o.AltSecretKey = s.AltAccessKey, s.AltSecretKey
	if len(o.Features) == 0 {
		o.Features = []string{"+versioning", "+tagging", "+acl", "+public-access-block", "+policy", "+second-account", "+tls", "+encryption", "+sse-c", "+kms-hook", "+lock", "+lifecycle", "+clock-hook", "+website", "+cors", "+form", "+new-checksum"}
		if s.WebsiteURL != "" {
			o.Features = append(o.Features, "+website-endpoint")
		}
	}
	o.WebsiteEndpoint = s.WebsiteURL
	o.clock = s.Clock
	o.AllowCompliance = true
	o.Insecure = true // its certificate is its own
}

// Embedded tells how to reach a server that was started for the run.
type Embedded struct {
	URL, TLSURL, WebsiteURL    string
	AccessKey, SecretKey       string
	AltAccessKey, AltSecretKey string
	// Clock is scenarios.Target's; nil: there is none.
	Clock func(ctx context.Context, bucket string, at time.Time) error
}

// eachFlag calls fn for every flag in the order of the table.
func (o *Options) eachFlag(fn func(tag reflect.StructTag, v reflect.Value)) {
	v := reflect.ValueOf(o).Elem()
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			fn(f.Tag, v.Field(i))
		}
	}
}

// DefaultOptions returns the table's defaults.
func DefaultOptions() Options {
	var o Options
	o.eachFlag(func(tag reflect.StructTag, v reflect.Value) {
		if d, ok := tag.Lookup("default"); ok {
			if err := (flagValue{v}).Set(d); err != nil {
				panic(fmt.Sprintf("conformance: default of -%s: %v", tag.Get("name"), err)) // the table is wrong
			}
		}
	})
	return o
}

// Bind sets the defaults and registers every flag of the table with fs.
func (o *Options) Bind(fs *flag.FlagSet) {
	*o = DefaultOptions()
	o.eachFlag(func(tag reflect.StructTag, v reflect.Value) {
		fs.Var(flagValue{v}, tag.Get("name"), tag.Get("help"))
	})
}

// A flagValue is a field of Options as the flag package sees it.
type flagValue struct{ v reflect.Value }

// IsBoolFlag lets a boolean stand without a value.
func (f flagValue) IsBoolFlag() bool { return f.v.Kind() == reflect.Bool }

func (f flagValue) String() string {
	if !f.v.IsValid() || f.v.IsZero() { // the flag package asks a zero flagValue
		return ""
	}
	switch x := f.v.Interface().(type) {
	case []string:
		return strings.Join(x, ",")
	default:
		return fmt.Sprint(x)
	}
}

func (f flagValue) Set(s string) error {
	switch p := f.v.Addr().Interface().(type) {
	case *string:
		*p = s
	case *[]string:
		*p = strings.Split(s, ",")
	case *bool:
		return parse(p, s, strconv.ParseBool)
	case *time.Duration:
		return parse(p, s, time.ParseDuration)
	case *uint64:
		return parse(p, s, func(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) })
	case *float64:
		return parse(p, s, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	default:
		return fmt.Errorf("no flag can hold a %T", p)
	}
	return nil
}

func parse[T any](p *T, s string, f func(string) (T, error)) error {
	v, err := f(s)
	if err == nil {
		*p = v
	}
	return err
}
