package s3

import (
	"net/http"
	"strings"
	"testing"

	"bleepstore/reference/errcode"
)

func TestUnsetConfigurations(t *testing.T) {
	srv := newTest(t, &fake{})
	for query, want := range map[string]errcode.Code{
		"replication":                 "ReplicationConfigurationNotFoundError",
		"metrics&id=a":                "NoSuchConfiguration",
		"analytics&id=a":              "NoSuchConfiguration",
		"inventory&id=a":              "NoSuchConfiguration",
		"intelligent-tiering&id=a":    "NoSuchConfiguration",
		"intelligent-tiering&id=&x-a": "NoSuchConfiguration",
	} {
		do(t, srv, "GET", "/bucket?"+query, "").wantError(t, 404, want)
	}
	for query, want := range map[string]string{
		"accelerate":          "<AccelerateConfiguration xmlns=NS></AccelerateConfiguration>",
		"logging":             "<BucketLoggingStatus xmlns=NS></BucketLoggingStatus>",
		"notification":        "<NotificationConfiguration xmlns=NS></NotificationConfiguration>",
		"requestPayment":      "<RequestPaymentConfiguration xmlns=NS><Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
		"metrics":             "<ListMetricsConfigurationsResult xmlns=NS><IsTruncated>false</IsTruncated></ListMetricsConfigurationsResult>",
		"intelligent-tiering": "<ListBucketIntelligentTieringConfigurationsOutput xmlns=NS><IsTruncated>false</IsTruncated></ListBucketIntelligentTieringConfigurationsOutput>",
	} {
		got := do(t, srv, "GET", "/bucket?"+query, "")
		want = declaration + strings.Replace(want, "NS", `"`+namespace+`"`, 1)
		if got.status != 200 || got.body != want {
			t.Errorf("%s: got %d %s, want %s", query, got.status, got.body, want)
		}
	}
}

// What cannot be set stays a 501, and what is not there can be deleted.
func TestUnsetConfigurationsCannotBeSet(t *testing.T) {
	srv := newTest(t, &fake{})
	deletable := 0
	for _, op := range newTable() {
		if !op.unset || op.method != http.MethodGet {
			continue
		}
		do(t, srv, "PUT", "/bucket?"+op.sub, "<X/>").wantError(t, 501, errcode.NotImplemented)
		if got := do(t, srv, "DELETE", "/bucket?"+op.sub, ""); got.status == 204 {
			deletable++
		} else {
			got.wantError(t, 501, errcode.NotImplemented)
		}
	}
	if deletable != 1 {
		t.Errorf("got %d that can be deleted, want 1", deletable)
	}
}

func TestUnsetConfigurationsNeedTheBucket(t *testing.T) {
	srv := newTest(t, &fake{err: &errcode.Error{Code: errcode.NoSuchBucket}})
	n := 0
	for _, op := range newTable() {
		if op.unset {
			n++
			do(t, srv, op.method, "/bucket?"+op.sub, "").wantError(t, 404, errcode.NoSuchBucket)
		}
	}
	if n < 6 {
		t.Errorf("got %d rows, want 6 at least", n)
	}
}
