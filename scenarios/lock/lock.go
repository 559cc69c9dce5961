// Package lock holds the rules of S3 Object Lock: retention periods, legal holds
// and the default retention of a bucket. What a scenario locks can be removed at
// its end: governance is bypassed and holds are lifted, and compliance, where the
// run allows it, is over within seconds.
package lock

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	. "bleepstore/scenarios"
)

const (
	api   = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	guide = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"

	apiErrors = api + "ErrorResponses.html#ErrorCodeList"
	apiConfig = api + "API_PutObjectLockConfiguration.html"
	apiPut    = api + "API_PutObject.html"

	guideLock      = guide + "object-lock.html"
	guideModes     = guideLock + "#object-lock-retention-modes"
	guidePeriods   = guideLock + "#object-lock-retention-periods"
	guideHolds     = guideLock + "#object-lock-legal-holds"
	guideBypass    = guide + "object-lock-managing.html#object-lock-managing-bypass"
	guideView      = guide + "object-lock-managing.html#object-lock-managing-view"
	guideMarkers   = guide + "object-lock-managing.html#object-lock-managing-delete-markers"
	guideUpload    = guide + "object-lock-managing.html#object-lock-put-object"
	guideLimits    = guide + "object-lock-managing.html#object-lock-managing-retention-limits"
	guideConfigure = guide + "object-lock-configure.html"
)

var needs = []Feature{Lock, Versioning}

// also is needs with more.
func also(more ...Feature) []Feature { return append(append([]Feature{}, needs...), more...) }

// The modes and the states of a hold, as requests spell them.
const (
	governance = "GOVERNANCE"
	compliance = "COMPLIANCE"
	on         = "ON"
	off        = "OFF"
)

// Headers of object lock.
const (
	hMode   = "x-amz-object-lock-mode"
	hUntil  = "x-amz-object-lock-retain-until-date"
	hHold   = "x-amz-object-lock-legal-hold"
	hBypass = "x-amz-bypass-governance-retention"
)

// governed is how long things are locked in governance mode, which a clean-up
// bypasses: it outlasts every scenario, also on a slow server.
const governed = time.Hour

// complied is how long things are locked in compliance mode, which has to end
// before the run does.
func complied(s *S) time.Duration { return lasting(s, 15*time.Second) }

// lasting is d where answers come at once, and longer by eight of those that the
// server takes: that many are asked for while a lock has to last.
func lasting(s *S, d time.Duration) time.Duration { return d + 8*Slowest(s) }

// enabled makes a new bucket one with object lock.
func enabled(in *s3.CreateBucketInput) { in.ObjectLockEnabledForBucket = aws.Bool(true) }

// bucket returns a new bucket with object lock.
func bucket(ctx context.Context, s *S) string { return s.Bucket(ctx, enabled) }

// in is the time so far from now by the server's clock, which is to judge it,
// in whole seconds.
func in(ctx context.Context, s *S, bucket string, d time.Duration) time.Time {
	now := time.Now()
	if r := s.Send(ctx, Request{Method: http.MethodHead, Bucket: bucket}); r.Err == nil {
		if t, err := http.ParseTime(r.Header.Get("Date")); err == nil {
			now = t
		}
	}
	return now.Add(d).UTC().Truncate(time.Second)
}

// stamp is a date as headers and documents have it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// period is the headers of a retention period.
func period(mode string, until time.Time) [][2]string {
	return [][2]string{{hMode, mode}, {hUntil, stamp(until)}}
}

// put writes a key with headers, and with the digest that object lock demands.
func put(bucket, key string, headers ...[2]string) Request {
	body := []byte("v")
	return Request{Method: http.MethodPut, Bucket: bucket, Key: key, Body: body, Header: append(headers, ContentMD5(body))}
}

// sub is a request about a sub-resource of one version ("": the current one).
func sub(method, bucket, key, name, version, body string, headers ...[2]string) Request {
	r := Request{Method: method, Bucket: bucket, Key: key, Query: name + "=", Header: headers}
	if version != "" {
		r.Query += "&versionId=" + url.QueryEscape(version)
	}
	if body != "" {
		r.Body = []byte(body)
		r.Header = append(r.Header, ContentMD5(r.Body))
	}
	return r
}

// document is an XML document of S3's namespace.
func document(root, inner string) string {
	return "<" + root + ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` + inner + "</" + root + ">"
}

// retain puts a retention period on a version; headers may bypass governance.
func retain(bucket, key, version, mode string, until time.Time, headers ...[2]string) Request {
	return sub(http.MethodPut, bucket, key, "retention", version,
		document("Retention", "<Mode>"+mode+"</Mode><RetainUntilDate>"+stamp(until)+"</RetainUntilDate>"), headers...)
}

// hold sets the legal hold of a version.
func hold(bucket, key, version, status string) Request {
	return sub(http.MethodPut, bucket, key, "legal-hold", version, document("LegalHold", "<Status>"+status+"</Status>"))
}

// configure sets the object lock of a bucket; inner follows ObjectLockEnabled.
func configure(bucket, inner string) Request {
	return sub(http.MethodPut, bucket, "", "object-lock", "", document("ObjectLockConfiguration", "<ObjectLockEnabled>Enabled</ObjectLockEnabled>"+inner))
}

// rule is a default retention: a mode and a period, as elements.
func rule(inner string) string {
	return "<Rule><DefaultRetention>" + inner + "</DefaultRetention></Rule>"
}

// remove deletes a version; headers may bypass governance.
func remove(bucket, key, version string, headers ...[2]string) Request {
	return Request{Method: http.MethodDelete, Bucket: bucket, Key: key, Query: "versionId=" + url.QueryEscape(version), Header: headers}
}

var bypassing = [2]string{hBypass, "true"}

// must is S.Must for the answer to a raw request.
func must(s *S, r *Response, doing string) *Response {
	if ok, _ := OK().Match(r); !ok {
		if r.Status == 501 || r.Status == 405 { // it lacks object lock, and says so
			s.Expect(r).To(OK(), doing)
		}
		s.Must(errors.New(Outcome(r)), doing)
	}
	return r
}

// locked puts a key with headers, and returns the version's id.
func locked(ctx context.Context, s *S, bucket, key string, headers ...[2]string) string {
	r := must(s, s.Send(ctx, put(bucket, key, headers...)), "put "+key)
	return r.Header.Get("X-Amz-Version-Id")
}

// governs puts a key under governance.
func governs(ctx context.Context, s *S, bucket, key string) string {
	return locked(ctx, s, bucket, key, period(governance, in(ctx, s, bucket, governed))...)
}

// complies puts a key under compliance, for seconds, where the run allows it.
func complies(ctx context.Context, s *S, bucket, key string) (version string, until time.Time) {
	needsCompliance(s)
	until = in(ctx, s, bucket, complied(s))
	return locked(ctx, s, bucket, key, period(compliance, until)...), until
}

func needsCompliance(s *S) {
	if !s.Target().AllowCompliance {
		s.Skip("sets a lock in compliance mode, for seconds: needs -allow-compliance")
	}
}

// inTime blocks the scenario when a lock may be over, so that what was answered
// meanwhile means nothing.
func inTime(ctx context.Context, s *S, bucket string, until time.Time) {
	if !in(ctx, s, bucket, 0).Before(until.Add(-2 * time.Second)) {
		s.Must(errors.New("no answer before "+stamp(until)), "ask while the lock lasts")
	}
}

// kept demands that a version still is there.
func kept(ctx context.Context, s *S, bucket, key, version string) {
	out, err := s.Get(ctx, bucket, key, Query("versionId", version))
	s.Expect(err).To(OK(), "GET of the version of %s", key)
	if string(out.Bytes) != "v" {
		s.Silently("the version of %s reads %q, want %q", key, out.Bytes, "v")
	}
}

// gone demands that a version no longer is there.
func gone(ctx context.Context, s *S, bucket, key, version string) {
	_, err := s.Head(ctx, bucket, key, Query("versionId", version))
	if ok, _ := FailWith(404).Match(err); !ok {
		s.Silently("HEAD of a version of %s that was deleted: %s, want 404", key, Outcome(err))
	}
}

// state is what HEAD tells of a version's lock.
func state(ctx context.Context, s *S, bucket, key, version string) *s3.HeadObjectOutput {
	var opts []Opt
	if version != "" {
		opts = append(opts, Query("versionId", version))
	}
	out, err := s.Head(ctx, bucket, key, opts...)
	s.Expect(err).To(OK(), "HEAD of %s", key)
	return out
}

// expectPeriod demands the retention period that HEAD tells: mode "" is none.
func expectPeriod(s *S, out *s3.HeadObjectOutput, mode string, until time.Time) {
	if string(out.ObjectLockMode) != mode {
		s.Silently("x-amz-object-lock-mode is %q, want %q", out.ObjectLockMode, mode)
	}
	got := aws.ToTime(out.ObjectLockRetainUntilDate)
	if mode != "" && !got.Truncate(time.Second).Equal(until) {
		s.Silently("x-amz-object-lock-retain-until-date is %s, want %s", stamp(got), stamp(until))
	}
}

// refused is a refusal whose code nothing documents.
var refused = FailWithAny(Answer{Status: 400}, Answer{Status: 403}, Answer{Status: 404}, Answer{Status: 409})

var denied = FailWith(403, "AccessDenied")

// unlocked returns a versioned bucket without object lock.
func unlocked(ctx context.Context, s *S) string {
	b := s.Bucket(ctx)
	s.SetVersioning(ctx, b, types.BucketVersioningStatusEnabled)
	return b
}
