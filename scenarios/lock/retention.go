package lock

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	. "bleepstore/scenarios"
)

// altID is the canonical id of the second account.
func altID(ctx context.Context, s *S) string {
	out, err := s.Alt().ListBuckets(ctx, &s3.ListBucketsInput{})
	s.Must(err, "learn the second account's canonical id")
	return aws.ToString(out.Owner.ID)
}

// none is the document that removes a retention period.
func none(bucket, key, version string, headers ...[2]string) Request {
	return sub(http.MethodPut, bucket, key, "retention", version, document("Retention", ""), headers...)
}

var _ = Add(Scenario{
	ID:    "lock.compliance.delete",
	Rule:  "OL-12",
	Says:  "DELETE of a version in compliance mode MUST fail with 403 AccessDenied, also for who bypasses governance.",
	Ref:   guideModes,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		v, until := complies(ctx, s, b, "k")
		plain, above := s.Send(ctx, remove(b, "k", v)), s.Send(ctx, remove(b, "k", v, bypassing))
		many := s.Send(ctx, removeMany(b, [][2]string{{"k", v}}, bypassing))
		out, err := s.Head(ctx, b, "k", Query("versionId", v))
		inTime(ctx, s, b, until)
		s.Expect(plain).To(denied, "DELETE")
		s.Expect(above).To(denied, "DELETE that bypasses governance")
		if got := outcomes(s, many)["k"]; got == "Deleted" {
			s.Silently("DeleteObjects that bypasses governance says that it is deleted")
		}
		s.Expect(err).To(OK(), "HEAD of the version")
		expectPeriod(s, out, compliance, until)
	},
})

var _ = Add(Scenario{
	ID:    "lock.compliance.shorten",
	Rule:  "OL-12",
	Says:  "A retention period in compliance mode MUST NOT be shortened, removed or turned into governance, also by who bypasses governance: 403 AccessDenied.",
	Ref:   guideModes,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		for what, ask := range map[string]func(key, version string, until time.Time, headers ...[2]string) Request{
			"shorten": func(key, v string, until time.Time, headers ...[2]string) Request {
				return retain(b, key, v, compliance, until.Add(-time.Second), headers...)
			},
			"governance": func(key, v string, until time.Time, headers ...[2]string) Request {
				return retain(b, key, v, governance, until.Add(time.Second), headers...)
			},
			"remove": func(key, v string, _ time.Time, headers ...[2]string) Request { return none(b, key, v, headers...) },
		} {
			// A version each: the period is short, and a server may be slow.
			v, until := complies(ctx, s, b, what)
			plain, above := s.Send(ctx, ask(what, v, until)), s.Send(ctx, ask(what, v, until, bypassing))
			inTime(ctx, s, b, until)
			for how, got := range map[string]*Response{"plain": plain, "bypassing": above} {
				if what == "remove" { // an empty document may be no document
					s.Expect(got).To(FailWithAny(Answer{Status: 403, Codes: []string{"AccessDenied"}}, Answer{Status: 400}), "%s, %s", what, how)
					continue
				}
				s.Expect(got).To(denied, "%s, %s", what, how)
			}
			expectPeriod(s, state(ctx, s, b, what, v), compliance, until)
		}
	},
})

var _ = Add(Scenario{
	ID:    "lock.compliance.extend",
	Rule:  "OL-12",
	Says:  "A retention period in compliance mode MUST be possible to extend.",
	Ref:   guidePeriods,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		needsCompliance(s)
		b := bucket(ctx, s)
		until := in(ctx, s, b, complied(s))
		v := locked(ctx, s, b, "k", period(compliance, until.Add(-time.Second))...)
		s.Expect(s.Send(ctx, retain(b, "k", v, compliance, until))).To(HaveStatus(200))
		expectPeriod(s, state(ctx, s, b, "k", v), compliance, until)
	},
})

var _ = Add(Scenario{
	ID:    "lock.compliance.ends",
	Rule:  "OL-12",
	Says:  "A version MUST be possible to delete after its retention period in compliance mode is over.",
	Ref:   guidePeriods,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		needsCompliance(s)
		b := bucket(ctx, s)
		until := in(ctx, s, b, lasting(s, 3*time.Second))
		v := locked(ctx, s, b, "k", period(compliance, until)...)
		over(ctx, s, b, until)
		s.Expect(s.Send(ctx, remove(b, "k", v))).To(HaveStatus(204))
		gone(ctx, s, b, "k", v)
	},
})

// over waits until a time is past by the server's clock.
func over(ctx context.Context, s *S, bucket string, until time.Time) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !in(ctx, s, bucket, 0).After(until.Add(time.Second)) {
		select {
		case <-ctx.Done():
			s.Must(ctx.Err(), "wait until a retention period is over")
		case <-tick.C:
		}
	}
}

var _ = Add(Scenario{
	ID:    "lock.governance.shorten",
	Rule:  "OL-13",
	Says:  "A retention period in governance mode MUST NOT be shortened or removed without bypassing governance: 403 AccessDenied.",
	Ref:   guideBypass,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		until := in(ctx, s, b, governed)
		v := locked(ctx, s, b, "k", period(governance, until)...)
		s.Expect(s.Send(ctx, retain(b, "k", v, governance, until.Add(-time.Minute)))).To(denied, "shorten")
		expectPeriod(s, state(ctx, s, b, "k", v), governance, until)
		s.Expect(s.Send(ctx, none(b, "k", v))).To(FailWithAny(Answer{Status: 403, Codes: []string{"AccessDenied"}}, Answer{Status: 400}), "remove")
		expectPeriod(s, state(ctx, s, b, "k", v), governance, until)
	},
})

var _ = Add(Scenario{
	ID:    "lock.governance.shorten-bypassing",
	Rule:  "OL-13",
	Says:  "Who bypasses governance MUST be able to shorten a retention period in governance mode.",
	Ref:   guideBypass,
	SDK:   "s3@v1.114.8 PutObjectRetentionInput.BypassGovernanceRetention",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		until := in(ctx, s, b, governed)
		v := locked(ctx, s, b, "k", period(governance, until)...)
		s.Expect(s.Send(ctx, retain(b, "k", v, governance, until.Add(-time.Minute), bypassing))).To(HaveStatus(200))
		expectPeriod(s, state(ctx, s, b, "k", v), governance, until.Add(-time.Minute))
	},
})

var _ = Add(Scenario{
	ID:    "lock.governance.remove",
	Rule:  "OL-13",
	Says:  "Who bypasses governance MUST be able to remove a retention period in governance mode by putting an empty one.",
	Ref:   guideBypass,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		v := governs(ctx, s, b, "k")
		s.Expect(s.Send(ctx, none(b, "k", v, bypassing))).To(HaveStatus(200), "an empty retention")
		s.Expect(s.Send(ctx, remove(b, "k", v))).To(HaveStatus(204), "DELETE")
	},
})

var _ = Add(Scenario{
	ID:    "lock.governance.extend",
	Rule:  "OL-13",
	Says:  "A retention period in governance mode MUST be possible to extend without bypassing governance.",
	Ref:   guidePeriods,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		until := in(ctx, s, b, governed)
		v := locked(ctx, s, b, "k", period(governance, until)...)
		s.Expect(s.Send(ctx, retain(b, "k", v, governance, until.Add(time.Minute)))).To(HaveStatus(200))
		expectPeriod(s, state(ctx, s, b, "k", v), governance, until.Add(time.Minute))
	},
})

var _ = Add(Scenario{
	ID:    "lock.governance.to-compliance",
	Rule:  "OL-13",
	Says:  "Turning governance into compliance without bypassing it MAY succeed or be refused.",
	Ref:   guideModes,
	Level: Info,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		needsCompliance(s)
		b := bucket(ctx, s)
		until := in(ctx, s, b, complied(s))
		v := locked(ctx, s, b, "k", period(governance, until)...)
		s.Observe("PutObjectRetention", Outcome(s.Send(ctx, retain(b, "k", v, compliance, until))))
	},
})

// unset are the two things that a version may lack.
var unset = []string{"retention", "legal-hold"}

var _ = Add(Scenario{
	ID:    "lock.unset",
	Rule:  "OL-15",
	Says:  "GetObjectRetention and GetObjectLegalHold of a version that never had any MUST fail with 404 NoSuchObjectLockConfiguration.",
	Ref:   apiErrors,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		v := locked(ctx, s, b, "k")
		for _, name := range unset {
			s.Expect(s.Send(ctx, sub(http.MethodGet, b, "k", name, v, ""))).To(FailWith(404, "NoSuchObjectLockConfiguration"), name)
		}
	},
})

var _ = Add(Scenario{
	ID:    "lock.without.bucket.read",
	Rule:  "OL-15",
	Says:  "GetObjectRetention and GetObjectLegalHold in a bucket without object lock MUST be refused.",
	Ref:   guideView,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := unlocked(ctx, s)
		locked(ctx, s, b, "k")
		for _, name := range unset {
			s.Expect(s.Send(ctx, sub(http.MethodGet, b, "k", name, "", ""))).To(refused, name)
		}
	},
})

var _ = Add(Scenario{
	ID:    "lock.without.bucket.read.code",
	Rule:  "OL-15",
	Says:  "GetObjectRetention and GetObjectLegalHold in a bucket without object lock SHOULD fail with 400 InvalidRequest.",
	Ref:   apiErrors,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := unlocked(ctx, s)
		locked(ctx, s, b, "k")
		for _, name := range unset {
			s.Expect(s.Send(ctx, sub(http.MethodGet, b, "k", name, "", ""))).To(FailWith(400, "InvalidRequest"), name)
		}
	},
})

var _ = Add(Scenario{
	ID:    "lock.without.bucket.set",
	Rule:  "OL-08",
	Says:  "PutObjectRetention and PutObjectLegalHold in a bucket without object lock MUST be refused, and the version stay free.",
	Ref:   guideLock,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := unlocked(ctx, s)
		v := locked(ctx, s, b, "k")
		s.Expect(s.Send(ctx, retain(b, "k", v, governance, in(ctx, s, b, governed)))).To(refused, "PutObjectRetention")
		s.Expect(s.Send(ctx, hold(b, "k", v, on))).To(refused, "PutObjectLegalHold")
		s.Expect(s.Send(ctx, remove(b, "k", v))).To(HaveStatus(204), "DELETE of the version")
	},
})

var _ = Add(Scenario{
	ID:    "lock.missing",
	Rule:  "OL-15",
	Says:  "GetObjectRetention and GetObjectLegalHold of a key that does not exist MUST fail with 404 NoSuchKey.",
	Ref:   apiErrors,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		for _, name := range unset {
			s.Expect(s.Send(ctx, sub(http.MethodGet, b, "absent", name, "", ""))).To(FailWith(404, "NoSuchKey"), name)
		}
	},
})

// refusedMarker is a refusal of what cannot be done to a delete marker, by any
// code: the page says only that there is no such operation.
var refusedMarker = FailWithAny(Answer{Status: 400}, Answer{Status: 403}, Answer{Status: 404}, Answer{Status: 405}, Answer{Status: 409})

// onMarker are the operations of object lock on a version.
func onMarker(ctx context.Context, s *S, b, version string) []Request {
	return []Request{
		retain(b, "k", version, governance, in(ctx, s, b, governed)), hold(b, "k", version, on),
		sub(http.MethodGet, b, "k", "retention", version, ""), sub(http.MethodGet, b, "k", "legal-hold", version, ""),
	}
}

var _ = Add(Scenario{
	ID:    "lock.marker.locked",
	Rule:  "OL-20",
	Says:  "A retention period and a legal hold MUST NOT be put on a delete marker or read of it, which stays possible to delete.",
	Ref:   guide + "DeleteMarker.html",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		locked(ctx, s, b, "k")
		m := mark(ctx, s, b, "k")
		for _, r := range onMarker(ctx, s, b, m) {
			s.Expect(s.Send(ctx, r)).To(refusedMarker, "%s %s", r.Method, r.Query)
		}
		s.Expect(s.Send(ctx, remove(b, "k", m))).To(HaveStatus(204), "DELETE of the marker")
	},
})

var _ = Add(Scenario{
	ID:    "lock.marker.code",
	Rule:  "OL-20",
	Says:  "Operations of object lock on a delete marker by its id SHOULD fail with 405 MethodNotAllowed.",
	Ref:   guide + "DeleteMarker.html",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		locked(ctx, s, b, "k")
		m := mark(ctx, s, b, "k")
		for _, r := range onMarker(ctx, s, b, m) {
			s.Expect(s.Send(ctx, r)).To(FailWith(405, "MethodNotAllowed"), "%s %s", r.Method, r.Query)
		}
	},
})
