package auth

import (
	"context"
	"time"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sample"
	"bleepstore/scenarios/sign"
)

// The time of the signature.

// swapSecret signs in the name of the main account with the secret of the
// other.
func swapSecret(s *S) func(*sign.Scope) {
	return func(sc *sign.Scope) { sc.Secret = s.Target().Alt.Secret }
}

// signedAt is a request signed at a time by the target's clock.
func signedAt(r Request, at time.Time) Request {
	r.Scope = func(sc *sign.Scope) { sc.Time = at }
	return r
}

func init() {
	for _, c := range []struct {
		id, text string
		by       time.Duration
	}{{"early", "14 minutes in the future", 14 * time.Minute}, {"late", "14 minutes ago", -14 * time.Minute}} {
		Add(Scenario{
			ID:    "auth.skew.tolerated." + c.id,
			Rule:  "AN-04",
			Says:  "A request signed " + c.text + " MUST be accepted, since up to 15 minutes are.",
			Ref:   apiTime,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.Expect(s.Send(ctx, signedAt(put(b, "new"), sample.Clock(ctx, s).Add(c.by)))).To(OK())
				s.ExpectBody(ctx, b, "k", "new")
			},
		})
	}
	for _, c := range []struct {
		id, text string
		by       time.Duration
	}{{"early", "15 minutes and 20 seconds in the future", 15*time.Minute + 20*time.Second}, {"late", "15 minutes and 20 seconds ago", -15*time.Minute - 20*time.Second}} {
		Add(Scenario{
			ID:    "auth.skew.refused." + c.id,
			Rule:  "AN-04",
			Says:  "A request signed " + c.text + " MUST be refused with 403 RequestTimeTooSkewed.",
			Ref:   apiTime,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "old")
				for _, r := range []Request{get(b), put(b, "new"), del(b)} {
					at := sample.Clock(ctx, s).Add(c.by)
					if c.by > 0 {
						at = at.Add(2 * Slowest(s)) // that answer was under way, and so is the request
					}
					s.Expect(s.Send(ctx, signedAt(r, at))).To(FailWithAny(skewed), r.Method)
				}
				s.ExpectUnchanged(ctx, b, "k", "old")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "auth.date.absent",
	Rule:  "AN-05",
	Says:  "A signed request without x-amz-date and Date MUST be refused with 403 AccessDenied, or with 400 as malformed.",
	Ref:   apiTime,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		h := handmade{method: "PUT", bucket: b, key: "k", body: "new", unsent: []string{"x-amz-date"}}
		s.Expect(s.Send(ctx, h.request(s))).To(FailWithAny(denied, bad))
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "auth.date.absent-code",
	Rule:  "AN-05",
	Says:  "A signed request without x-amz-date and Date SHOULD be refused with 403 AccessDenied.",
	Ref:   "https://github.com/hubrick/vertx-s3-client/issues/5",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		h := handmade{method: "GET", bucket: s.Bucket(ctx), key: "k", unsent: []string{"x-amz-date"}}
		s.Expect(s.Send(ctx, h.request(s))).To(FailWithAny(denied))
	},
})

func init() {
	for name, text := range map[string]string{"words": "yesterday", "extended": "2013-05-24T00:00:00Z", "date": "20130524"} {
		Add(Scenario{
			ID:    "auth.date.malformed." + name,
			Rule:  "AN-05",
			Says:  "A signed request whose x-amz-date is not of the form YYYYMMDDTHHMMSSZ MUST be refused.",
			Ref:   apiCommon,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				r := put(b, "new")
				r.EditHead = onHeader("X-Amz-Date", func(string) string { return text })
				s.Expect(s.Send(ctx, r)).To(FailWithAny(bad, forbidden))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

func init() {
	for _, c := range []struct{ id, text, stamp string }{{"past", "years ago", "20100707T215304Z"}, {"future", "in the year 9999", "99990707T215304Z"}} {
		Add(Scenario{
			ID:    "auth.date.moved." + c.id,
			Rule:  "AN-04",
			Says:  "A request whose x-amz-date was moved to a time " + c.text + ", which its Credential does not share, SHOULD be refused with 403 RequestTimeTooSkewed or SignatureDoesNotMatch.",
			Ref:   "https://github.com/ceph/s3-tests/blob/master/s3tests/functional/test_headers.py",
			Level: Should,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				r := put(b, "new")
				r.EditHead = onHeader("X-Amz-Date", func(string) string { return c.stamp })
				s.Expect(s.Send(ctx, r)).To(FailWithAny(skewed, mismatch))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "auth.date.instead",
	Rule:  "AN-05",
	Says:  "A request signed over a Date in basic ISO 8601 form instead of x-amz-date MUST be accepted.",
	Ref:   apiCommon,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		h := handmade{method: "PUT", bucket: b, key: "k", body: "new", unsent: []string{"x-amz-date"},
			more: [][2]string{{"date", Scope(s).Stamp()}}}
		s.Expect(s.Send(ctx, h.request(s))).To(OK())
		s.ExpectBody(ctx, b, "k", "new")
	},
})

var _ = Add(Scenario{
	ID:    "auth.date.overridden",
	Rule:  "AN-05",
	Says:  "An x-amz-date MUST override a Date that says another time.",
	Ref:   apiCommon,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		h := handmade{method: "PUT", bucket: b, key: "k", body: "new", more: [][2]string{{"date", "Fri, 24 May 2013 00:00:00 GMT"}}}
		s.Expect(s.Send(ctx, h.request(s))).To(OK())
		s.ExpectBody(ctx, b, "k", "new")
	},
})
