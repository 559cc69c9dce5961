package lock

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// byDefault returns a bucket whose default retention is governance for a period.
func byDefault(ctx context.Context, s *S, period, reads string) string {
	b := bucket(ctx, s)
	must(s, s.Send(ctx, configure(b, rule("<Mode>GOVERNANCE</Mode>"+period))), "set a default retention")
	settle(ctx, s, b, "Enabled GOVERNANCE "+reads)
	return b
}

// expectDefault demands a period that began when the version was made.
func expectDefault(s *S, out *s3.HeadObjectOutput, years, days int) {
	if string(out.ObjectLockMode) != governance {
		s.Silently("x-amz-object-lock-mode is %q, want the bucket's default", out.ObjectLockMode)
	}
	want, got := aws.ToTime(out.LastModified).AddDate(years, 0, days), aws.ToTime(out.ObjectLockRetainUntilDate)
	slack := time.Hour // for a year of 365 days, see below, and for clocks
	if years > 0 {
		slack = 50 * time.Hour
	}
	s.Expect(got).To(BeTemporally("~", want, slack), "x-amz-object-lock-retain-until-date")
}

func init() {
	for _, c := range []struct {
		id, period, reads string
		years, days       int
	}{{"days", "<Days>2</Days>", "2 days", 0, 2}, {"years", "<Years>1</Years>", "1 years", 1, 0}} {
		Add(Scenario{
			ID:    "lock.default." + c.id,
			Rule:  "OL-06",
			Says:  "A version that is put without a retention period MUST get the bucket's default, in " + c.id + ", from its creation on, and be kept for it.",
			Ref:   guidePeriods,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := byDefault(ctx, s, c.period, c.reads)
				v := locked(ctx, s, b, "k")
				expectDefault(s, state(ctx, s, b, "k", v), c.years, c.days)
				s.Expect(s.Send(ctx, remove(b, "k", v))).To(denied, "DELETE of the version")
				kept(ctx, s, b, "k", v)
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "lock.default.overridden",
	Rule:  "OL-06",
	Says:  "An explicit retention mode and period MUST override the bucket's default for the version that is put.",
	Ref:   guidePeriods,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := byDefault(ctx, s, "<Days>2</Days>", "2 days")
		until := in(ctx, s, b, governed)
		v := locked(ctx, s, b, "k", period(governance, until)...)
		expectPeriod(s, state(ctx, s, b, "k", v), governance, until)
	},
})

var _ = Add(Scenario{
	ID:    "lock.default.with-hold",
	Rule:  "OL-06",
	Says:  "A version that is put with a legal hold and without a retention period MUST have the hold and the bucket's default retention.",
	Ref:   guideHolds,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := byDefault(ctx, s, "<Days>2</Days>", "2 days")
		v := locked(ctx, s, b, "k", [2]string{hHold, on})
		out := state(ctx, s, b, "k", v)
		expectDefault(s, out, 0, 2)
		s.Expect(string(out.ObjectLockLegalHoldStatus)).To(Equal(on), hHold)
	},
})

var _ = Add(Scenario{
	ID:    "lock.default.new-only",
	Rule:  "OL-06",
	Says:  "A default retention MUST NOT change versions that are there already, neither when it is set nor when it changes.",
	Ref:   guidePeriods,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		before := locked(ctx, s, b, "k")
		must(s, s.Send(ctx, configure(b, rule("<Mode>GOVERNANCE</Mode><Days>1</Days>"))), "set a default retention")
		settle(ctx, s, b, "Enabled GOVERNANCE 1 days")
		one := locked(ctx, s, b, "k")
		must(s, s.Send(ctx, configure(b, rule("<Mode>GOVERNANCE</Mode><Days>3</Days>"))), "change it")
		settle(ctx, s, b, "Enabled GOVERNANCE 3 days")
		expectPeriod(s, state(ctx, s, b, "k", before), "", time.Time{})
		expectDefault(s, state(ctx, s, b, "k", one), 0, 1)
		s.Expect(s.Send(ctx, remove(b, "k", before))).To(HaveStatus(204), "DELETE of the version from before")
	},
})

var _ = Add(Scenario{
	ID:    "lock.default.copy",
	Rule:  "OL-06",
	Says:  "A copy into a bucket with a default retention MUST get it.",
	Ref:   guidePeriods,
	Level: Must,
	Needs: also(Copy),
	Check: func(ctx context.Context, s *S) {
		b := byDefault(ctx, s, "<Days>2</Days>", "2 days")
		src := bucket(ctx, s)
		locked(ctx, s, src, "k")
		s.Expect(s.Send(ctx, copied(src, "k", b, "copy"))).To(HaveStatus(200))
		expectDefault(s, state(ctx, s, b, "copy", ""), 0, 2)
	},
})

// The headers that cannot be: how they are refused is documented as far as that
// they are bad requests.
var badHeaders = []struct {
	id, what string
	headers  func(until string) [][2]string
}{
	{"mode-alone", "a retention mode without a date", func(string) [][2]string { return [][2]string{{hMode, governance}} }},
	{"date-alone", "a retention date without a mode", func(until string) [][2]string { return [][2]string{{hUntil, until}} }},
	{"mode", "a retention mode that does not exist", func(until string) [][2]string { return [][2]string{{hMode, "governance"}, {hUntil, until}} }},
	{"past", "a retention date in the past", func(string) [][2]string { return [][2]string{{hMode, governance}, {hUntil, "2020-01-01T00:00:00Z"}} }},
	{"date", "a retention date that is none", func(string) [][2]string { return [][2]string{{hMode, governance}, {hUntil, "tomorrow"}} }},
	{"hold", "a legal hold that is neither ON nor OFF", func(string) [][2]string { return [][2]string{{hHold, "on"}} }},
}

func init() {
	for _, c := range badHeaders {
		Add(Scenario{
			ID:    "lock.put.bad." + c.id,
			Rule:  "OL-07",
			Says:  "PutObject with " + c.what + " MUST fail with 400 and store nothing.",
			Ref:   apiPut,
			SDK:   "s3@v1.114.8 PutObjectInput.ObjectLockMode",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := bucket(ctx, s)
				r := s.Send(ctx, put(b, "k", c.headers(stamp(in(ctx, s, b, governed)))...))
				s.Observe("refused with", r.Code)
				s.Expect(r).To(FailWith(400))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "lock.put.bad.code",
	Rule:  "OL-07",
	Says:  "Lock headers that cannot be SHOULD fail with the code InvalidArgument.",
	Ref:   apiErrors,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		for _, c := range badHeaders {
			s.Expect(s.Send(ctx, put(b, "k", c.headers(stamp(in(ctx, s, b, governed)))...))).To(FailWith(400, "InvalidArgument"), c.what)
		}
	},
})

var _ = Add(Scenario{
	ID:    "lock.retention.bad",
	Rule:  "OL-07",
	Says:  "PutObjectRetention with half of a retention period, with a mode that does not exist or with a date in the past MUST fail with 400 and change nothing.",
	Ref:   api + "API_PutObjectRetention.html",
	SDK:   "s3@v1.114.8 types.ObjectLockRetention",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		v := locked(ctx, s, b, "k")
		date := "<RetainUntilDate>" + stamp(in(ctx, s, b, governed)) + "</RetainUntilDate>"
		for _, inner := range []string{"<Mode>GOVERNANCE</Mode>", date, "<Mode>governance</Mode>" + date, "<Mode>GOVERNANCE</Mode><RetainUntilDate>2020-01-01T00:00:00Z</RetainUntilDate>"} {
			r := s.Send(ctx, sub(http.MethodPut, b, "k", "retention", v, document("Retention", inner)))
			s.Expect(r).To(FailWith(400), inner)
		}
		expectPeriod(s, state(ctx, s, b, "k", v), "", time.Time{})
	},
})

var _ = Add(Scenario{
	ID:    "lock.hold.bad",
	Rule:  "OL-07",
	Says:  "PutObjectLegalHold with a status that is neither ON nor OFF MUST fail with 400 and change nothing.",
	Ref:   api + "API_ObjectLockLegalHold.html",
	SDK:   "s3@v1.114.8 types.ObjectLockLegalHold",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		v := locked(ctx, s, b, "k", [2]string{hHold, on})
		s.Expect(s.Send(ctx, hold(b, "k", v, "off"))).To(FailWith(400))
		s.Expect(string(state(ctx, s, b, "k", v).ObjectLockLegalHoldStatus)).To(Equal(on), hHold)
	},
})

// lockers are the ways to ask for a lock in a bucket that has none to give.
var lockers = []struct {
	id   string
	need Feature
	ask  func(bucket string, headers [][2]string) Request
}{
	{"put", Objects, func(b string, headers [][2]string) Request { return put(b, "n", headers...) }},
	{"copy", Copy, func(b string, headers [][2]string) Request { return copied(b, "k", b, "n", headers...) }},
	{"upload", Multipart, func(b string, headers [][2]string) Request {
		return Request{Method: http.MethodPost, Bucket: b, Key: "n", Query: "uploads=", Header: headers}
	}},
}

func init() {
	for _, c := range lockers {
		Add(Scenario{
			ID:    "lock.without.bucket." + c.id,
			Rule:  "OL-08",
			Says:  "Lock headers in a bucket without object lock MUST be refused, and nothing be made: " + c.id + ".",
			Ref:   guideLock,
			Level: Must,
			Needs: also(c.need),
			Check: func(ctx context.Context, s *S) {
				b := unlocked(ctx, s)
				locked(ctx, s, b, "k")
				for _, headers := range [][][2]string{period(governance, in(ctx, s, b, governed)), {{hHold, on}}} {
					s.Expect(s.Send(ctx, c.ask(b, headers))).To(refused, headers[0][0])
				}
				s.ExpectAbsent(ctx, b, "n")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "lock.without.bucket.code",
	Rule:  "OL-08",
	Says:  "Lock headers in a bucket without object lock SHOULD fail with 400 InvalidRequest.",
	Ref:   apiErrors,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := unlocked(ctx, s)
		s.Expect(s.Send(ctx, put(b, "n", period(governance, in(ctx, s, b, governed))...))).To(FailWith(400, "InvalidRequest"), "PutObject, a retention period")
		s.Expect(s.Send(ctx, put(b, "n", [2]string{hHold, on}))).To(FailWith(400, "InvalidRequest"), "PutObject, a legal hold")
	},
})

// undigested is r without the digest of its body.
func undigested(r Request) Request {
	var kept [][2]string
	for _, h := range r.Header {
		if h[0] != "Content-MD5" {
			kept = append(kept, h)
		}
	}
	r.Header = kept
	return r
}

var _ = Add(Scenario{
	ID:    "lock.digest.put",
	Rule:  "OL-09",
	Says:  "PutObject with a retention period and neither Content-MD5 nor a checksum MUST fail with 400 and store nothing; with a checksum it succeeds.",
	Ref:   apiPut,
	SDK:   "s3@v1.114.8 PutObjectInput.ContentMD5",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		headers := period(governance, in(ctx, s, b, governed))
		r := s.Send(ctx, undigested(put(b, "k", headers...)))
		s.Observe("refused with", r.Code)
		s.Expect(r).To(FailWith(400))
		s.ExpectAbsent(ctx, b, "k")
		sum := undigested(put(b, "k", headers...))
		sum.Header = append(sum.Header, [2]string{"x-amz-checksum-crc32", "a2Q7hA=="})
		s.Expect(s.Send(ctx, sum)).To(HaveStatus(200), "with x-amz-checksum-crc32")
	},
})

var _ = Add(Scenario{
	ID:    "lock.digest.default",
	Rule:  "OL-09",
	Says:  "PutObject with neither Content-MD5 nor a checksum into a bucket with a default retention MUST fail with 400 and store nothing.",
	Ref:   guideUpload,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := byDefault(ctx, s, "<Days>1</Days>", "1 days")
		s.Expect(s.Send(ctx, undigested(put(b, "k")))).To(FailWith(400))
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "lock.digest.part",
	Rule:  "OL-09",
	Says:  "UploadPart of an upload with a retention period SHOULD fail with 400 when neither Content-MD5 nor a checksum comes with it, and succeed with a checksum.",
	Ref:   api + "API_UploadPart.html",
	SDK:   "s3@v1.114.8 UploadPartInput.ContentMD5",
	Level: Should,
	Needs: also(Multipart),
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		r := must(s, s.Send(ctx, Request{Method: http.MethodPost, Bucket: b, Key: "k", Query: "uploads=", Header: period(governance, in(ctx, s, b, governed))}), "CreateMultipartUpload")
		var up struct{ UploadId string }
		s.Must(xml.Unmarshal(r.Body, &up), "read the id of the upload")
		part := undigested(put(b, "k"))
		part.Query = "partNumber=1&uploadId=" + url.QueryEscape(up.UploadId)
		s.Expect(s.Send(ctx, part)).To(FailWith(400))
		part.Header = append(part.Header, [2]string{"x-amz-checksum-crc32", "a2Q7hA=="})
		s.Expect(s.Send(ctx, part)).To(HaveStatus(200), "with x-amz-checksum-crc32")
	},
})

var _ = Add(Scenario{
	ID:    "lock.digest.documents",
	Rule:  "OL-09",
	Says:  "The documents of object lock SHOULD be refused with 400 InvalidRequest when neither Content-MD5 nor a checksum comes with them.",
	Ref:   api + "API_PutObjectRetention.html",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		v := locked(ctx, s, b, "k")
		for _, r := range []Request{retain(b, "k", v, governance, in(ctx, s, b, governed)), hold(b, "k", v, on), configure(b, "")} {
			s.Expect(s.Send(ctx, undigested(r))).To(FailWith(400, "InvalidRequest"), r.Query)
		}
	},
})
