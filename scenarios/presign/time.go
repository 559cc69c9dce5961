package presign

import (
	"context"
	"strings"
	"time"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sample"
	"bleepstore/scenarios/sign"
)

// How long an address lives.

// aged is a request signed so long ago by the target's clock.
func aged(ctx context.Context, s *S, r Request, ago time.Duration, expires string) Request {
	at := sample.Clock(ctx, s).Add(-ago)
	r.Presign = expires
	return by(r, func(sc *sign.Scope) { sc.Time = at })
}

func init() {
	for _, c := range []struct {
		id, text, expires string
		ago               time.Duration
	}{
		{"hour", "signed an hour ago for two", "7200", time.Hour},
		{"week", "signed six days ago for seven, the longest lifetime", "604800", 6 * 24 * time.Hour},
		{"last-seconds", "in the last seconds of its minute", "60", 50 * time.Second},
		{"longest", "signed for seven days", "604800", 0},
		{"one-second-left", "signed for a second less than seven days", "604799", time.Minute},
	} {
		Add(Scenario{
			ID:    "presign.alive." + c.id,
			Rule:  "PS-02",
			Says:  "A presigned address MUST work until X-Amz-Expires seconds after X-Amz-Date: " + c.text + ".",
			Ref:   apiQuery,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "hello")
				ago := max(0, c.ago-2*Slowest(s)) // by so much a slow server may see it later
				s.Expect(s.Send(ctx, aged(ctx, s, get(b), ago, c.expires))).To(HaveStatus(200))
			},
		})
	}
}

// deaths are ways in which an address is no longer, or not yet, valid.
var deaths = []struct {
	id, rule, text, expires string
	ago                     time.Duration
	ref                     string
}{
	{"just", "PS-02", "five seconds after it has expired", "60", 65 * time.Second, expiry},
	{"long", "PS-02", "a day after it has expired", "60", 24 * time.Hour, expiry},
	{"week", "PS-02", "a minute after seven days", "604800", 7*24*time.Hour + time.Minute, expiry},
	{"future", "PS-11", "20 minutes before the time of its signature", "300", -20 * time.Minute, apiQuery},
	{"far-future", "PS-11", "an hour before the time of its signature", "604800", -time.Hour, apiQuery},
}

func init() {
	for _, c := range deaths {
		Add(Scenario{
			ID:    "presign.dead." + c.id,
			Rule:  c.rule,
			Says:  "A presigned address MUST be refused with 403, and change nothing, " + c.text + ".",
			Ref:   c.ref,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "old")
				for _, r := range []Request{get(b), put(b, "new"), del(b)} {
					r = aged(ctx, s, r, c.ago, c.expires)
					s.Expect(s.Send(ctx, r)).To(FailWithAny(forbidden), r.Method)
				}
				s.ExpectUnchanged(ctx, b, "k", "old")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "presign.dead.says-when",
	Rule:  "PS-02",
	Says:  "The refusal of an expired address SHOULD be AccessDenied and tell X-Amz-Expires, Expires and ServerTime.",
	Ref:   "https://github.com/versity/versitygw/issues/2116",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		r := s.Send(ctx, aged(ctx, s, get(b), time.Hour, "60"))
		s.Expect(r).To(FailWithAny(denied))
		for _, name := range []string{"X-Amz-Expires", "Expires", "ServerTime"} {
			s.Expect(string(r.Body)).To(ContainSubstring("<" + name + ">"))
		}
	},
})

var _ = Add(Scenario{
	ID:    "presign.dead.future-code",
	Rule:  "PS-11",
	Says:  "A presigned address used 20 minutes before the time of its signature SHOULD be refused with AccessDenied.",
	Ref:   "https://github.com/minio/minio/issues/2638",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		s.Expect(s.Send(ctx, aged(ctx, s, get(b), -20*time.Minute, lifetime))).To(FailWithAny(denied))
	},
})

var _ = Add(Scenario{
	ID:    "presign.early",
	Rule:  "PS-11",
	Says:  "A presigned address MAY be used up to 15 minutes before the time of its signature.",
	Ref:   apiQuery,
	Level: Info,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		s.Observe("14 minutes early", Outcome(s.Send(ctx, aged(ctx, s, get(b), -14*time.Minute, lifetime))))
	},
})

func init() {
	for name, value := range map[string]string{"negative": "-1", "over-a-week": "604801", "huge": "99999999999999999999", "not-a-number": "abc", "fraction": "60.5", "empty": ""} {
		Add(Scenario{
			ID:    "presign.expires." + name,
			Rule:  "PS-03",
			Says:  "A presigned address whose X-Amz-Expires is " + strings.ReplaceAll(name, "-", " ") + " MUST be refused with 400 AuthorizationQueryParametersError.",
			Ref:   apiErrors,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "old")
				for _, r := range []Request{get(b), put(b, "new"), del(b)} {
					r.Presign = value
					if value == "" {
						r.Presign, r.EditHead = lifetime, setParam("X-Amz-Expires", "")
					}
					s.Expect(s.Send(ctx, r)).To(FailWithAny(malformed), r.Method)
				}
				s.ExpectUnchanged(ctx, b, "k", "old")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "presign.expires.zero",
	Rule:  "PS-03",
	Says:  "An X-Amz-Expires of 0, less than the documented minimum of 1, SHOULD be refused.",
	Ref:   apiQuery,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		r := get(b)
		r.Presign = "0"
		got := s.Send(ctx, r)
		s.Observe("X-Amz-Expires=0", Outcome(got))
		s.Expect(got).To(FailWithAny(malformed, forbidden))
	},
})
