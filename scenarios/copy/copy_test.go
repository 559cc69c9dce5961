package copy

import (
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	. "bleepstore/scenarios"
)

// judge runs the scenarios with the given ids, or all that the toy can be
// asked, against a toy with a bug.
func judge(t *testing.T, bug string, ids ...string) map[string]Result {
	t.Helper()
	srv := httptest.NewServer(&toy{bug: bug, buckets: map[string]map[string]thing{}})
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
	out := map[string]Result{}
	for _, sc := range All() {
		if slices.Contains(ids, sc.ID) || len(ids) == 0 && len(sc.Needs) == 1 {
			out[sc.ID] = ses.Run(t.Context(), sc, 30*time.Second)
		}
	}
	return out
}

// TestBugsAreFound plants bugs that servers were seen with and checks that
// the scenario named for each finds it, and that none finds what is not there.
func TestBugsAreFound(t *testing.T) {
	for bug, want := range map[string]map[string]Verdict{
		"":                           {},
		"metadata dropped on copy":   {"copy.metadata.default": Fail, "copy.metadata.copy": Fail, "copy.result.other-bucket": Fail},
		"COPY takes the request's":   {"copy.metadata.copy": Fail},
		"REPLACE ignored":            {"copy.metadata.replace": Fail, "copy.metadata.replace.none": Fail, "copy.self.metadata": Fail},
		"REPLACE merges":             {"copy.metadata.replace": Fail, "copy.metadata.replace.none": Fail, "copy.self.metadata": Fail},
		"unknown directive accepted": {"copy.metadata.unknown-directive": Silent},
		"self-copy accepted":         {"copy.self.unchanged": Warn},
		"source decoded twice":       {"copy.source.encoded.percent": Fail, "copy.source.encoded.plus": Fail},
		"source not decoded":         {"copy.source.encoded.space": Fail, "copy.source.encoded.multi-byte": Fail},
		"expected owner ignored":     {"copy.source.owner": Silent},
		"storage class inherited":    {"copy.inherit.storage-class": Fail},
		"redirect inherited":         {"copy.inherit.redirect": Fail},
		"error inside a 200":         {"copy.answer": Fail, "copy.result": Fail},
		"applied, then refused":      {"copy.condition.if-match.different": Silent},
		"conditions ignored": {"copy.condition.if-match.different": Silent, "copy.condition.if-none-match.equal": Silent,
			"copy.condition.if-modified-since.unmodified": Silent, "copy.condition.if-unmodified-since.modified": Silent,
			"copy.condition.none-match-false-modified-true": Silent},
	} {
		t.Run(bug, func(t *testing.T) {
			var ids []string
			for id := range want {
				ids = append(ids, id)
			}
			got := judge(t, bug, ids...)
			for id, v := range want {
				if got[id].Verdict != v {
					t.Errorf("%s: %s %s, want %s", id, got[id].Verdict, got[id].Reason, v)
				}
			}
			for id, r := range got {
				if len(want) == 0 && r.Verdict != Pass && r.Verdict != Observed {
					t.Errorf("a sound server: %s: %s %s", id, r.Verdict, r.Reason)
				}
			}
		})
	}
}
