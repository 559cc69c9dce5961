package acl

import (
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	. "bleepstore/scenarios"
)

// claimed are the features that the toy has.
var claimed = []Feature{ACL, Buckets, Objects, Listing, Multipart, Copy, SecondAccount, PublicAccessBlock}

// judge runs the scenarios with the given ids, or all that the toy can be
// asked, against the toy.
func judge(t *testing.T, server *toy, ids ...string) map[string]Result {
	t.Helper()
	server.buckets = map[string]*toyBucket{}
	srv := httptest.NewServer(server)
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := NewLedger("", LedgerEntry{})
	if err != nil {
		t.Fatal(err)
	}
	has := map[Feature]bool{}
	for _, f := range claimed {
		has[f] = !server.legacy || f != PublicAccessBlock
	}
	ses := NewSession(Target{Endpoints: []*url.URL{u}, Main: Keys{Access: "a", Secret: "b"}, Alt: Keys{Access: "b", Secret: "c"}, Region: "us-east-1",
		Addressing: PathStyle, Timeout: 5 * time.Second, Settle: 100 * time.Millisecond, Claimed: has}, ledger)
	t.Cleanup(ses.Close)
	out := map[string]Result{}
	for _, sc := range All() {
		lacks := slices.ContainsFunc(sc.Needs, func(f Feature) bool { return !has[f] })
		if slices.Contains(ids, sc.ID) || len(ids) == 0 && !lacks {
			out[sc.ID] = ses.Run(t.Context(), sc, 30*time.Second)
		}
	}
	if n := len(server.buckets); n != 0 && server.bug == "" {
		t.Errorf("%d buckets are left over", n)
	}
	return out
}

// TestSoundServers checks that no rule finds a fault that is not there, on a
// server whose new buckets have ACLs off and on one that has them always on.
func TestSoundServers(t *testing.T) {
	for name, legacy := range map[string]bool{"off at first": false, "always on": true} {
		t.Run(name, func(t *testing.T) {
			for id, r := range judge(t, &toy{legacy: legacy}) {
				if r.Verdict != Pass && r.Verdict != Observed {
					t.Errorf("%s: %s %s at %s", id, r.Verdict, r.Reason, r.Where)
				}
			}
		})
	}
}

// TestBugsAreFound plants bugs that servers were seen with and checks that
// the scenario named for each finds it.
func TestBugsAreFound(t *testing.T) {
	for bug, want := range map[string]map[string]Verdict{
		"canned ACLs are private": {"acl.canned.put-object.public-read": Fail, "acl.canned.put-bucket-acl.log-delivery-write": Fail},
		"an unknown canned ACL is private": {"acl.unknown-canned.put-object": Silent, "acl.unknown-canned.put-bucket-acl": Silent,
			"acl.unknown-canned.create-bucket": Silent},
		"two ways are one":                 {"acl.two-ways.put-object": Silent, "acl.two-ways.put-bucket-acl": Silent, "acl.two-ways.body.put-object-acl": Silent},
		"anybody may be granted":           {"acl.unknown-grantee.id.put-bucket-acl": Silent, "acl.unknown-grantee.group.put-object-acl": Silent},
		"malformed ACLs are taken":         {"acl.malformed.no-permission.put-bucket-acl": Silent, "acl.malformed.unknown-permission.put-object-acl": Silent, "acl.body.other-owner.put-object-acl": Warn},
		"grant headers are ignored":        {"acl.header.put-object.read": Fail, "acl.header.put-bucket-acl.write": Fail, "acl.header.create-bucket": Fail},
		"the first grantee counts":         {"acl.header.put-object.read": Fail},
		"grants are merged":                {"acl.body.put-object-acl": Fail, "acl.canned.replaces": Fail},
		"overwriting keeps the ACL":        {"acl.reset.put-object": Fail, "acl.reset.copy-on-itself": Fail},
		"an empty ACL locks its owner out": {"acl.empty.object": Fail, "acl.empty.bucket": Fail},
		"a bucket's READ opens its objects": {"acl.matrix.bucket.read.anonymous": Silent, "acl.matrix.bucket.full-control.account": Silent,
			"acl.reset.not-inherited": Silent},
		"WRITE overwrites":                         {"acl.matrix.bucket.write.anonymous": Silent, "acl.matrix.bucket.write.account": Silent, "acl.account.others-objects": Silent},
		"READ_ACP may write":                       {"acl.matrix.bucket.read-acp.account": Silent, "acl.matrix.object.read-acp.any-account": Silent},
		"FULL_CONTROL grants nothing":              {"acl.matrix.bucket.full-control.account": Blocked},
		"AuthenticatedUsers is everybody":          {"acl.access.authenticated-unsigned": Silent},
		"operations without a permission are open": {"acl.matrix.bucket.read.account": Fail, "acl.matrix.object.read.anonymous": Fail},
		"copies read anything":                     {"acl.access.copy": Silent, "acl.matrix.bucket.write.account": Silent},
		"the bucket's owner owns all":              {"acl.account.owns": Fail, "acl.account.bucket-owner": Silent, "acl.access.anonymous-owns": Fail, "acl.account.listed": Fail},
		"ACLs are off in name alone":               {"acl.disabled.suspends": Silent},
		"ACLs are taken while they are off":        {"acl.disabled.canned.put-object": Silent, "acl.disabled.header.copy-object": Silent, "acl.disabled.body.put-bucket-acl": Silent},
	} {
		t.Run(bug, func(t *testing.T) {
			var ids []string
			for id := range want {
				ids = append(ids, id)
			}
			got := judge(t, &toy{bug: bug}, ids...)
			for id, v := range want {
				if got[id].Verdict != v {
					t.Errorf("%s: %s %s, want %s", id, got[id].Verdict, got[id].Reason, v)
				}
			}
		})
	}
}
