package liar_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"bleepstore/conformance"
	"bleepstore/conformance/foreign"
	"bleepstore/fault/liar"
	"bleepstore/reference"
	"bleepstore/scenarios"
	_ "bleepstore/scenarios/all"
)

// The two accounts of every server here.
var accounts = []liar.Keys{{Access: "bleepstore", Secret: "bleepstore-secret"}, {Access: "second", Secret: "second-secret-key"}}

// ours starts the reference server.
func ours(t *testing.T) string {
	return reference.Start(t, func(c *reference.Config) {
		c.Users = nil
		for _, k := range accounts {
			c.Users = append(c.Users, reference.User{AccessKey: k.Access, SecretKey: k.Secret})
		}
	}).URL
}

// others starts gofakes3.
func others(t *testing.T) string {
	s := httptest.NewUnstartedServer(foreign.Handler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it panics here and there: its client sees that
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// liarBefore opens a liar before a server.
func liarBefore(t *testing.T, server string) *liar.Liar {
	t.Helper()
	l, err := liarAt(server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func liarAt(server string) (*liar.Liar, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	return liar.New(liar.Options{Target: u, Keys: accounts, Seed: 1})
}

// verdicts runs scenarios at a URL.
func verdicts(t *testing.T, at string, ids ...string) map[string]scenarios.Result {
	t.Helper()
	o := conformance.DefaultOptions()
	o.Embed(conformance.Embedded{URL: at, AccessKey: accounts[0].Access, SecretKey: accounts[0].Secret,
		AltAccessKey: accounts[1].Access, AltSecretKey: accounts[1].Secret})
	o.Features = []string{"+versioning", "+tagging", "+acl", "+public-access-block", "+policy", "+cors", "+form", "+second-account"}
	o.ID, o.Seed, o.Addressing = ids, 1, "path"
	plan, err := conformance.NewPlan(o, scenarios.All(), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	run, err := conformance.Open(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]scenarios.Result{}
	for _, res := range run.Report(run.All(t.Context(), 4, nil), false).Results { // with what holds of every answer
		all[res.ID] = res
	}
	if _, _, err := run.Close(context.Background()); err != nil {
		t.Error(err)
	}
	return all
}

// raced are scenarios that let clients race: a server which breaks them does so now
// and then.
var raced = regexp.MustCompile(`^(conditional\.race|consistency)\.`)

// asWithout compares what the suite finds through something with what it finds
// without. What differs is tried once more: gofakes3 breaks some rules of the wire
// only now and then.
func asWithout(t *testing.T, server, at string, without map[string]scenarios.Result, ids []string) {
	t.Helper()
	through := verdicts(t, at, ids...)
	for id, res := range without {
		got := through[id]
		if got.Verdict == res.Verdict || !got.Gating && !res.Gating && res.Level != scenarios.Must && got.ID != "" {
			continue // of a rule that is none the verdict may depend on the clock
		}
		if res.Verdict.Gates() != got.Verdict.Gates() && raced.MatchString(id) && !raceless(without) {
			continue
		}
		t.Logf("%s is %s, without a liar %s: %s", id, got.Verdict, res.Verdict, got.Reason)
		if strings.HasPrefix(id, "shape.") { // it sums up all scenarios
			t.Errorf("%s differs", id)
		} else if a, b := verdicts(t, server, id)[id], verdicts(t, at, id)[id]; a.Verdict != b.Verdict {
			t.Errorf("%s is %s once more, without a liar %s: %s", id, b.Verdict, a.Verdict, b.Reason)
		}
	}
	if len(through) != len(without) || len(without) < 20 {
		t.Errorf("%d scenarios, without a liar %d", len(through), len(without))
	}
}

// raceless says that a server passes all races.
func raceless(all map[string]scenarios.Result) bool {
	for id, res := range all {
		if raced.MatchString(id) && res.Verdict.Gates() {
			return false
		}
	}
	return true
}

// whole names the variable that has tests run all scenarios.
const whole = "BLEEPSTORE_LIAR_WHOLE"

// With no lie there is no liar: not before a server that is right, nor before one
// that is often wrong.
func TestSilence(t *testing.T) {
	ids := []string{"wire.smuggle.*", "wire.expect.*", "wire.connection.*", "auth.canonical.*", "presign.operation.*", "streaming.encoding.*"}
	if os.Getenv(whole) != "" {
		ids = nil
	} else if testing.Short() {
		ids = ids[:2]
	}
	for name, start := range map[string]func(*testing.T) string{"ours": ours, "gofakes3": others} {
		t.Run(name, func(t *testing.T) {
			server := start(t)
			l := liarBefore(t, server)
			without := verdicts(t, server, ids...)
			asWithout(t, server, l.URL().String(), without, ids)
			if ids == nil {
				return
			}
			l.Trace(true)
			asWithout(t, server, l.URL().String(), without, ids)
			if met := l.Met(); len(met) < 20 {
				t.Errorf("met %q", met)
			}
			if n := l.Told(); n > 0 {
				t.Errorf("%d lies were told", n)
			}
		})
	}
}

// Behind a listener of net/http it says the same.
func TestHandler(t *testing.T) {
	server := ours(t)
	l := liarBefore(t, server)
	s := httptest.NewServer(http.Handler(l))
	defer s.Close()
	ids := []string{"object.range.*", "auth.canonical.*"}
	asWithout(t, server, s.URL, verdicts(t, server, ids...), ids)
}
