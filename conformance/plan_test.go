package conformance_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bleepstore/conformance"
	. "bleepstore/scenarios"
)

func plan(edit func(*conformance.Options), all ...Scenario) (*conformance.Plan, error) {
	o := conformance.DefaultOptions()
	o.Endpoint, o.AccessKey, o.SecretKey, o.Seed = []string{"http://127.0.0.1:9000"}, "a", "b", 7
	edit(&o)
	return conformance.NewPlan(o, all, noEnv)
}

func TestSelection(t *testing.T) {
	all := []Scenario{
		scene("b", passes, after("fake.z")), scene("z", passes), scene("tagged", passes, needs(Tagging), rule("T-01")),
		scene("huge", passes, needs(Objects, Large)), scene("far", passes, inRegion("!us-east-1"), rule("B-08")),
	}
	for name, tc := range map[string]struct {
		edit func(*conformance.Options)
		want string // ids, "!" behind those that gate; or the start of the error
	}{
		"core":          {func(o *conformance.Options) {}, "fake.z! fake.b!"},
		"other region":  {func(o *conformance.Options) { o.Region = "mars-1" }, "fake.z! fake.b! fake.far!"},
		"full":          {func(o *conformance.Options) { o.Profile = "full" }, "fake.z! fake.b! fake.tagged!"},
		"added":         {func(o *conformance.Options) { o.Features = []string{"+large"} }, "fake.z! fake.b! fake.huge!"},
		"auto":          {func(o *conformance.Options) { o.Features = []string{"auto"} }, "fake.z! fake.b! fake.tagged"},
		"by id":         {func(o *conformance.Options) { o.ID = []string{"fake.b"} }, "fake.b!"},
		"by rule":       {func(o *conformance.Options) { o.ID, o.Profile = []string{"T-*"}, "full" }, "fake.tagged!"},
		"lacking":       {func(o *conformance.Options) { o.ID = []string{"T-01"} }, "nothing selected: profile core, features [], id [T-01]; what matches needs -features=+tagging"},
		"far away":      {func(o *conformance.Options) { o.ID = []string{"B-08"} }, "nothing selected: profile core, features [], id [B-08]; what matches does not exist in region us-east-1"},
		"unknown id":    {func(o *conformance.Options) { o.ID = []string{"fake.b", "fake.q"} }, "-id=fake.q matches no scenario"},
		"bad glob":      {func(o *conformance.Options) { o.ID = []string{"["} }, "-id=["},
		"bad profile":   {func(o *conformance.Options) { o.Profile = "most" }, `unknown profile "most"`},
		"bad feature":   {func(o *conformance.Options) { o.Features = []string{"+telepathy"} }, `unknown feature "telepathy"`},
		"taken away":    {func(o *conformance.Options) { o.Features = []string{"-objects"} }, "nothing selected"},
		"addressing":    {func(o *conformance.Options) { o.Addressing = "both" }, "fake.z! fake.b! fake.z@virtual! fake.b@virtual!"},
		"bad address":   {func(o *conformance.Options) { o.Addressing = "dns" }, "-addressing=dns"},
		"level":         {func(o *conformance.Options) { o.ExpectLevel = "cas" }, "fake.z! fake.b!"},
		"no such level": {func(o *conformance.Options) { o.ExpectLevel = "perfect" }, `-expect-level: level "perfect"`},
		"time reversed": {func(o *conformance.Options) { o.Consistency = -1 }, "-rate, -settle and -consistency"},
		"no endpoint":   {func(o *conformance.Options) { o.Endpoint = nil }, "no endpoint"},
		"bad endpoint":  {func(o *conformance.Options) { o.Endpoint = []string{"localhost:9000"} }, `endpoint "localhost:9000"`},
		"path":          {func(o *conformance.Options) { o.Endpoint = []string{"http://h/x"} }, `endpoint "http://h/x"`},
		"plain TLS":     {func(o *conformance.Options) { o.TLSEndpoint = "http://h" }, "-tls-endpoint http://h: want https"},
		"half a key":    {func(o *conformance.Options) { o.SecretKey = "" }, "-access-key and -secret-key"},
		"no key":        {func(o *conformance.Options) { o.AccessKey, o.SecretKey = "", "" }, "no credentials"},
		"strict alone":  {func(o *conformance.Options) { o.StrictBaseline = true }, "-strict-baseline without"},
		"no baseline":   {func(o *conformance.Options) { o.Baseline = "/does/not/exist" }, "-baseline: open"},
		"negative rate": {func(o *conformance.Options) { o.Rate = -1 }, "-rate"},
	} {
		p, err := plan(tc.edit, all...)
		got := ""
		if err != nil {
			got = err.Error()
			if code := conformance.CodeOf(err); code != conformance.ExitUsage {
				t.Errorf("%s: exit code %d, want 2", name, code)
			}
			if !strings.HasPrefix(got, tc.want) {
				t.Errorf("%s: got %q, want %q...", name, got, tc.want)
			}
			continue
		}
		for _, it := range p.Items {
			got += " " + it.Name
			if it.Gates {
				got += "!"
			}
		}
		if got = strings.TrimSpace(got); got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

func TestDependencyCycle(t *testing.T) {
	_, err := plan(func(*conformance.Options) {}, scene("a", passes, after("fake.b")), scene("b", passes, after("fake.a")))
	if err == nil || !strings.Contains(err.Error(), "depends on itself") {
		t.Errorf("got %v, want the cycle told", err)
	}
}

func TestCredentialsOfTheEnvironment(t *testing.T) {
	env := map[string]string{"AWS_ACCESS_KEY_ID": "ea", "AWS_SECRET_ACCESS_KEY": "es", "AWS_SESSION_TOKEN": "et", "AWS_REGION": "er"}
	o := conformance.DefaultOptions()
	o.Endpoint = []string{"https://h"}
	p, err := conformance.NewPlan(o, []Scenario{scene("a", passes)}, func(k string) string { return env[k] })
	if err != nil {
		t.Fatal(err)
	}
	if want := (Keys{Access: "ea", Secret: "es", Session: "et"}); p.Target.Main != want || p.Target.Region != "er" || p.Target.TLSEndpoint == nil {
		t.Errorf("got %+v in %s, TLS %v, want %+v in er, the endpoint", p.Target.Main, p.Target.Region, p.Target.TLSEndpoint, want)
	}
	o.Embed(conformance.Embedded{URL: "http://h", AccessKey: "own", SecretKey: "s"})
	if p, err = conformance.NewPlan(o, []Scenario{scene("a", passes)}, func(k string) string { return env[k] }); err != nil {
		t.Fatal(err)
	}
	if p.Target.Main.Access != "own" || p.Target.Region != "us-east-1" || !p.Target.AllowCompliance {
		t.Errorf("embedded: got %+v in %s, want its own keys in us-east-1", p.Target.Main, p.Target.Region)
	}
}

func TestCredentialsOfAProfile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "credentials")
	if err := os.WriteFile(file, []byte("[mine]\naws_access_key_id = pa\naws_secret_access_key = ps\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"AWS_PROFILE": "mine", "AWS_SHARED_CREDENTIALS_FILE": file, "AWS_CONFIG_FILE": filepath.Join(dir, "config")}
	o := conformance.DefaultOptions()
	o.Endpoint = []string{"http://h"}
	p, err := conformance.NewPlan(o, []Scenario{scene("a", passes)}, func(k string) string { return env[k] })
	if err != nil {
		t.Fatal(err)
	}
	if want := (Keys{Access: "pa", Secret: "ps"}); p.Target.Main != want {
		t.Errorf("got %+v, want %+v", p.Target.Main, want)
	}
	env["AWS_PROFILE"] = "yours"
	if _, err := conformance.NewPlan(o, []Scenario{scene("a", passes)}, func(k string) string { return env[k] }); conformance.CodeOf(err) != conformance.ExitUsage {
		t.Errorf("an unknown profile: got %v, want an error of usage", err)
	}
}

func TestRepeat(t *testing.T) {
	p, err := plan(func(o *conformance.Options) {
		o.Features, o.Addressing, o.Insecure, o.Out, o.SecretKey = []string{"+versioning"}, "both", true, "x", "secret!"
	}, scene("a", passes))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range [][3]string{
		{"go test ./conformance", "fake.a", `go test ./conformance -endpoint=http://127.0.0.1:9000 -access-key=a -secret-key="$AWS_SECRET_ACCESS_KEY" -features=+versioning -k -id=fake.a -seed=7`},
		{"bleepstore test", "fake.a@virtual", `bleepstore test --endpoint=http://127.0.0.1:9000 --access-key=a --secret-key="$AWS_SECRET_ACCESS_KEY" --features=+versioning --addressing=virtual --k --id=fake.a --seed=7`},
	} {
		if got := p.Repeat(tc[0], tc[1]); got != tc[2] {
			t.Errorf("got  %s\nwant %s", got, tc[2])
		}
	}
	p.Options.Embed(conformance.Embedded{URL: "http://127.0.0.1:5", AccessKey: "x", SecretKey: "y"})
	if got, want := p.Repeat("go test ./conformance", "fake.a"), "go test ./conformance -features=+versioning -k -id=fake.a -seed=7"; got != want {
		t.Errorf("embedded: got %s, want %s", got, want)
	}
}

// TestBindReadsWhatItWrites: every flag of the table can be set, and prints
// what it was set to.
func TestBindReadsWhatItWrites(t *testing.T) {
	var o conformance.Options
	fs := flag.NewFlagSet("x", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	o.Bind(fs)
	if got, want := o, conformance.DefaultOptions(); !cmp.Equal(got, want, cmpopts.IgnoreUnexported(got)) {
		t.Errorf("defaults: got %+v, want %+v", got, want)
	}
	var names []string
	fs.VisitAll(func(f *flag.Flag) {
		names = append(names, f.Name)
		set := false
		for _, v := range []string{"true", "7", "7s", "x,y"} {
			set = set || f.Value.Set(v) == nil && f.Value.String() == v
		}
		if !set || f.Usage == "" {
			t.Errorf("-%s: takes no value, or has no help", f.Name)
		}
	})
	for _, want := range strings.Fields("endpoint tls-endpoint access-key secret-key alt-access-key alt-secret-key expired-keys region profile features id bucket addressing seed out baseline k settle timeout-request consistency expect-level rate fail-fast allow-compliance clock-hook kill-hook website-endpoint") {
		if !slices.Contains(names, want) {
			t.Errorf("no flag -%s", want)
		}
	}
}

func TestRatePacesRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := plan(func(o *conformance.Options) { o.Rate = 10 }, scene("a", passes))
		if err != nil {
			t.Fatal(err)
		}
		start, done := time.Now(), make(chan struct{})
		for range 21 {
			go func() {
				if err := p.Target.Pace(t.Context()); err != nil {
					t.Error(err)
				}
				done <- struct{}{}
			}()
		}
		for range 21 {
			<-done
		}
		if took := time.Since(start); took != 2*time.Second { // the clock is the bubble's
			t.Errorf("21 requests at 10 a second took %s, want 2s", took)
		}
	})
}
