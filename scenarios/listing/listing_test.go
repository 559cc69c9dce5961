package listing

import (
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	. "bleepstore/scenarios"
)

// session starts a toy with a bug.
func session(t *testing.T, bug string) *Session {
	t.Helper()
	srv := httptest.NewServer(&toy{bug: bug, buckets: map[string]map[string]int{}})
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := NewLedger("", LedgerEntry{})
	if err != nil {
		t.Fatal(err)
	}
	ses := NewSession(Target{Endpoints: []*url.URL{u}, Main: Keys{Access: "a", Secret: "b"}, Region: "us-east-1",
		Addressing: PathStyle, Timeout: 5 * time.Second, Settle: time.Second}, ledger)
	t.Cleanup(ses.Close)
	return ses
}

// judge runs the scenarios with the given ids, or all that the toy can be
// asked, against a toy with a bug.
func judge(t *testing.T, bug string, ids ...string) map[string]Result {
	t.Helper()
	ses := session(t, bug)
	out := map[string]Result{}
	for _, sc := range All() {
		if slices.Contains(ids, sc.ID) || len(ids) == 0 && len(sc.Needs) == 1 && sc.ID != "listing.max-keys.cap" {
			out[sc.ID] = ses.Run(t.Context(), sc, 30*time.Second)
		}
	}
	return out
}

// TestBugsAreFound plants bugs that servers were seen with and checks that
// the scenario named for each finds it, and that none finds what is not there.
func TestBugsAreFound(t *testing.T) {
	for bug, by := range map[string][]string{
		"":                              {},
		"duplicate key across pages":    {"listing.property.printable", "listing.property.multi-byte", "listing.property.delimiters"},
		"gap between pages":             {"listing.property.printable", "listing.property.delimiters"},
		"UTF-16 order":                  {"listing.order.bytes", "listing.property.multi-byte"},
		"case-blind order":              {"listing.order.case", "listing.property.printable"},
		"common prefixes not counted":   {"listing.key-count", "listing.delimiter.counts-one", "listing.property.delimiters"},
		"common prefixes dropped":       {"listing.delimiter.rolls-up", "listing.property.delimiters"},
		"common prefixes not encoded":   {"listing.encoding.fields"},
		"one-character delimiter":       {"listing.delimiter.any.two", "listing.property.delimiters"},
		"prefix of the marker repeated": {"listing.start-after.inside-prefix", "listing.marker.inside-prefix"},
		"start inclusive":               {"listing.start-after.exclusive", "listing.marker.exclusive", "listing.property.printable"},
		"truncated when full":           {"listing.truncated", "listing.property.printable"},
		"max-keys=0 truncated":          {"listing.max-keys.zero"},
	} {
		t.Run(bug, func(t *testing.T) {
			t.Parallel()
			got := judge(t, bug, by...)
			for _, id := range by {
				if v := got[id].Verdict; v != Fail && v != Warn {
					t.Errorf("%s: %s %s, want it to fail", id, v, got[id].Reason)
				}
			}
			for id, r := range got {
				if len(by) == 0 && r.Verdict != Pass && r.Verdict != Observed {
					t.Errorf("a sound server: %s: %s %s", id, r.Verdict, r.Reason)
				}
			}
		})
	}
}

// TestFreedomIsLeft takes what the documentation leaves open; nothing may fail.
func TestFreedomIsLeft(t *testing.T) {
	for _, freedom := range []string{"short pages", "starts behind results alone", "NextMarker not encoded", "lower-case escapes"} {
		t.Run(freedom, func(t *testing.T) {
			t.Parallel()
			for id, r := range judge(t, freedom) {
				if r.Verdict.Gates() {
					t.Errorf("%s: %s %s", id, r.Verdict, r.Reason)
				}
			}
		})
	}
}

// TestCounterexampleIsSmall checks that a failure tells the few keys it takes.
func TestCounterexampleIsSmall(t *testing.T) {
	const id = "listing.property.delimiters"
	reason := judge(t, "common prefixes not counted", id)[id].Reason
	keys, _, _ := strings.Cut(reason, "], listing")
	if n := strings.Count(keys, `"`) / 2; n == 0 || n > 3 {
		t.Errorf("%d keys in %q", n, reason)
	}
}

func TestShrink(t *testing.T) {
	c := &counterexample{Keys: numbered("k", 100), Query: query{V: 1, Prefix: "p", Delimiter: "/", After: "a", Max: 71, Encoded: true}, Problem: "first"}
	c.shrink(1000, func(keys []string, q query) string {
		if slices.Contains(keys, "k00017") && slices.Contains(keys, "k00080") && q.Delimiter == "/" && q.Max > 1 {
			return "still"
		}
		return ""
	})
	want := &counterexample{Keys: []string{"k00017", "k00080"}, Query: query{V: 2, Delimiter: "/", Max: 2}, Problem: "still"}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
}

// TestModelRollsUp compares the model with the definition, key by key.
func TestModelRollsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("a/-é😀")), 1, 8, -1)
		keys := rapid.SliceOfDistinct(text, func(s string) string { return s }).Draw(t, "keys")
		q := query{Prefix: rapid.StringOfN(rapid.SampledFrom([]rune("a/")), 0, 2, -1).Draw(t, "prefix"),
			Delimiter: rapid.SampledFrom([]string{"", "/", "-", "//", "a/"}).Draw(t, "delimiter"), After: rapid.SampledFrom([]string{"", "a", "a/", "é"}).Draw(t, "after")}
		got := model(keys, q)
		for i, e := range got {
			if i > 0 && got[i-1].Name >= e.Name {
				t.Fatalf("%q stands before %q", got[i-1].Name, e.Name)
			}
			if !strings.HasPrefix(e.Name, q.Prefix) || e.Name <= q.After || !e.Rolled && !slices.Contains(keys, e.Name) {
				t.Fatalf("%q does not belong", e.Name)
			}
			rest := e.Name[len(q.Prefix):]
			if e.Rolled != (q.Delimiter != "" && strings.Contains(rest, q.Delimiter)) ||
				e.Rolled && strings.Index(rest, q.Delimiter)+len(q.Delimiter) != len(rest) {
				t.Fatalf("%v is rolled up wrongly", e)
			}
		}
		for _, key := range keys {
			n := 0
			for _, e := range got {
				if e.Name == key && !e.Rolled || e.Rolled && strings.HasPrefix(key, e.Name) {
					n++
				}
			}
			if n > 1 || n == 0 && strings.HasPrefix(key, q.Prefix) && q.After == "" {
				t.Fatalf("%q is covered %d times", key, n)
			}
		}
	})
}
