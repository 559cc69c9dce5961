package lock

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// copied copies a key with headers.
func copied(fromBucket, from, toBucket, to string, headers ...[2]string) Request {
	return Request{Method: http.MethodPut, Bucket: toBucket, Key: to, Header: append(headers, [2]string{"x-amz-copy-source", fromBucket + "/" + url.PathEscape(from)})}
}

// expectDate demands a date in ISO 8601, in UTC, of that second.
func expectDate(s *S, text string, want time.Time, what string) {
	t, err := time.Parse(time.RFC3339, text)
	s.Expect(err).To(Succeed(), "%s is %q, not a date in ISO 8601", what, text)
	_, offset := t.Zone()
	s.Expect(offset).To(BeZero(), "%s: %q is not in UTC", what, text)
	s.Expect(t.Truncate(time.Second).Equal(want)).To(BeTrue(), "%s is %s, want %s", what, text, stamp(want))
}

var _ = Add(Scenario{
	ID:    "lock.shown.headers",
	Rule:  "OL-16",
	Says:  "GET and HEAD of a version MUST return its retention mode, its retain until date in ISO 8601 and its legal hold.",
	Ref:   guideView,
	SDK:   "s3@v1.114.8 GetObjectOutput.ObjectLockRetainUntilDate",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		until := in(ctx, s, b, governed)
		v := locked(ctx, s, b, "k", append(period(governance, until), [2]string{hHold, on})...)
		locked(ctx, s, b, "k")
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r := s.Send(ctx, Request{Method: method, Bucket: b, Key: "k", Query: "versionId=" + url.QueryEscape(v)})
			s.Expect(r).To(HaveStatus(200), method)
			s.Expect(r).To(HaveHeader(hMode, governance), method)
			s.Expect(r).To(HaveHeader(hHold, on), method)
			expectDate(s, r.Header.Get(hUntil), until, method+" "+hUntil)
			current := s.Send(ctx, Request{Method: method, Bucket: b, Key: "k"})
			s.Expect(current).To(HaveHeader(hMode, ""), "%s of a version without a retention period", method)
		}
	},
})

var _ = Add(Scenario{
	ID:    "lock.shown.offset",
	Rule:  "OL-16",
	Says:  "A retain until date that is given with an offset from UTC, or to the millisecond, MUST be kept as the time that it is.",
	Ref:   apiPut,
	SDK:   "s3@v1.114.8 PutObjectInput.ObjectLockRetainUntilDate",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		until := in(ctx, s, b, governed)
		for _, text := range []string{until.Format("2006-01-02T15:04:05.000Z"), until.In(time.FixedZone("", 2*3600)).Format(time.RFC3339)} {
			v := locked(ctx, s, b, "k", [2]string{hMode, governance}, [2]string{hUntil, text})
			expectPeriod(s, state(ctx, s, b, "k", v), governance, until)
		}
	},
})

var _ = Add(Scenario{
	ID:    "lock.shown.documents",
	Rule:  "OL-16",
	Says:  "GetObjectRetention and GetObjectLegalHold MUST return what was set last, by headers or by their own operations.",
	Ref:   api + "API_GetObjectRetention.html",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		until := in(ctx, s, b, governed)
		v := locked(ctx, s, b, "k", append(period(governance, until), [2]string{hHold, on})...)
		expectDocuments(ctx, s, b, v, until, on)
		s.Expect(s.Send(ctx, retain(b, "k", v, governance, until.Add(time.Minute)))).To(HaveStatus(200), "PutObjectRetention")
		s.Expect(s.Send(ctx, hold(b, "k", v, off))).To(HaveStatus(200), "PutObjectLegalHold")
		expectDocuments(ctx, s, b, v, until.Add(time.Minute), off)
	},
})

// expectDocuments demands what the two operations tell of a version of k.
func expectDocuments(ctx context.Context, s *S, b, version string, until time.Time, status string) {
	var period struct{ Mode, RetainUntilDate string }
	r := s.Send(ctx, sub(http.MethodGet, b, "k", "retention", version, ""))
	s.Expect(r).To(HaveStatus(200), "GetObjectRetention")
	s.Expect(xml.Unmarshal(r.Body, &period)).To(Succeed(), "Retention")
	s.Expect(period.Mode).To(Equal(governance), "Mode")
	expectDate(s, period.RetainUntilDate, until, "RetainUntilDate")
	var held struct{ Status string }
	r = s.Send(ctx, sub(http.MethodGet, b, "k", "legal-hold", version, ""))
	s.Expect(r).To(HaveStatus(200), "GetObjectLegalHold")
	s.Expect(xml.Unmarshal(r.Body, &held)).To(Succeed(), "LegalHold")
	s.Expect(held.Status).To(Equal(status), "Status")
}

var _ = Add(Scenario{
	ID:    "lock.shown.unchanged",
	Rule:  "OL-16",
	Says:  "Placing a lock on a version MUST NOT change its ETag, its Last-Modified, its metadata or which version is current.",
	Ref:   guideModes,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		v := locked(ctx, s, b, "k", [2]string{"x-amz-meta-a", "1"})
		before := state(ctx, s, b, "k", "")
		s.Expect(s.Send(ctx, retain(b, "k", v, governance, in(ctx, s, b, governed)))).To(HaveStatus(200), "PutObjectRetention")
		s.Expect(s.Send(ctx, hold(b, "k", v, on))).To(HaveStatus(200), "PutObjectLegalHold")
		after := state(ctx, s, b, "k", "")
		s.Expect(aws.ToString(after.ETag)).To(Equal(aws.ToString(before.ETag)), "ETag")
		s.Expect(aws.ToTime(after.LastModified)).To(Equal(aws.ToTime(before.LastModified)), "Last-Modified")
		s.Expect(after.Metadata).To(Equal(before.Metadata), "metadata")
		s.Expect(aws.ToString(after.VersionId)).To(Equal(v), "the current version")
	},
})

var _ = Add(Scenario{
	ID:    "lock.shown.permission",
	Rule:  "OL-16",
	Says:  "GET by who may read an object and not its lock MUST succeed and MUST NOT return the lock.",
	Ref:   guideView,
	Level: Must,
	Needs: also(Policy, SecondAccount),
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		allow(ctx, s, b, `"s3:GetObjectLegalHold"`)
		locked(ctx, s, b, "k", append(period(governance, in(ctx, s, b, governed)), [2]string{hHold, on})...)
		r := s.Send(ctx, Request{Bucket: b, Key: "k", As: AltAccount})
		s.Expect(r).To(HaveStatus(200))
		s.Expect(r).To(HaveHeader(hMode, ""), "without s3:GetObjectRetention")
		s.Expect(r).To(HaveHeader(hUntil, ""), "without s3:GetObjectRetention")
		s.Expect(r).To(HaveHeader(hHold, on), "with s3:GetObjectLegalHold")
	},
})

var _ = Add(Scenario{
	ID:    "lock.copy.not-inherited",
	Rule:  "OL-18",
	Says:  "A copy MUST NOT have the lock of its source, which keeps its own.",
	Ref:   guidePeriods,
	Level: Must,
	Needs: also(Copy),
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		until := in(ctx, s, b, governed)
		v := locked(ctx, s, b, "k", append(period(governance, until), [2]string{hHold, on})...)
		r := s.Send(ctx, copied(b, "k", b, "copy"))
		s.Expect(r).To(HaveStatus(200))
		out := state(ctx, s, b, "copy", "")
		s.Expect(string(out.ObjectLockMode)).To(BeEmpty(), hMode)
		s.Expect(string(out.ObjectLockLegalHoldStatus)).To(BeElementOf("", off), hHold)
		s.Expect(s.Send(ctx, remove(b, "copy", r.Header.Get("X-Amz-Version-Id")))).To(HaveStatus(204), "DELETE of the copy")
		expectPeriod(s, state(ctx, s, b, "k", v), governance, until)
	},
})

var _ = Add(Scenario{
	ID:    "lock.copy.given",
	Rule:  "OL-18",
	Says:  "A copy MUST have the lock that its request gives, with either metadata directive.",
	Ref:   api + "API_CopyObject.html",
	SDK:   "s3@v1.114.8 CopyObjectInput.ObjectLockMode",
	Level: Must,
	Needs: also(Copy),
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		locked(ctx, s, b, "k")
		until := in(ctx, s, b, governed)
		for _, directive := range []string{"COPY", "REPLACE"} {
			headers := append(period(governance, until), [2]string{hHold, on}, [2]string{"x-amz-metadata-directive", directive})
			r := s.Send(ctx, copied(b, "k", b, "copy", headers...))
			s.Expect(r).To(HaveStatus(200), directive)
			out := state(ctx, s, b, "copy", "")
			expectPeriod(s, out, governance, until)
			s.Expect(string(out.ObjectLockLegalHoldStatus)).To(Equal(on), "%s, %s", hHold, directive)
			s.Expect(s.Send(ctx, remove(b, "copy", r.Header.Get("X-Amz-Version-Id")))).To(denied, "DELETE of the copy, %s", directive)
		}
	},
})

// upload makes a key of one part, with headers at its beginning.
func upload(ctx context.Context, s *S, b, key string, headers ...[2]string) string {
	var opts []Opt
	for _, h := range headers {
		opts = append(opts, Header(h[0], h[1]))
	}
	up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: &key}, opts...)
	s.Expect(err).To(OK(), "CreateMultipartUpload")
	part := put(b, key)
	part.Query = "partNumber=1&uploadId=" + url.QueryEscape(aws.ToString(up.UploadId))
	r := must(s, s.Send(ctx, part), "UploadPart")
	out, err := s.SDK().CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &b, Key: &key, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: aws.String(r.Header.Get("ETag"))}}}})
	s.Expect(err).To(OK(), "CompleteMultipartUpload")
	return aws.ToString(out.VersionId)
}

var _ = Add(Scenario{
	ID:    "lock.upload.given",
	Rule:  "OL-18",
	Says:  "An object made of parts MUST have the lock that CreateMultipartUpload gives.",
	Ref:   api + "API_CreateMultipartUpload.html",
	SDK:   "s3@v1.114.8 CreateMultipartUploadInput.ObjectLockMode",
	Level: Must,
	Needs: also(Multipart),
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		until := in(ctx, s, b, governed)
		v := upload(ctx, s, b, "k", append(period(governance, until), [2]string{hHold, on})...)
		out := state(ctx, s, b, "k", v)
		expectPeriod(s, out, governance, until)
		s.Expect(string(out.ObjectLockLegalHoldStatus)).To(Equal(on), hHold)
		s.Expect(s.Send(ctx, remove(b, "k", v))).To(denied, "DELETE of the version")
	},
})

var _ = Add(Scenario{
	ID:    "lock.upload.default",
	Rule:  "OL-18",
	Says:  "An object made of parts without a retention period MUST get the bucket's default.",
	Ref:   guidePeriods,
	Level: Must,
	Needs: also(Multipart),
	Check: func(ctx context.Context, s *S) {
		b := byDefault(ctx, s, "<Days>2</Days>", "2 days")
		v := upload(ctx, s, b, "k")
		expectDefault(s, state(ctx, s, b, "k", v), 0, 2)
	},
})

var _ = Add(Scenario{
	ID:    "lock.limits",
	Rule:  "OL-21",
	Says:  "A policy that denies s3:PutObjectRetention by s3:object-lock-remaining-retention-days MUST limit how long a version is locked, by either way.",
	Ref:   guideLimits,
	Level: Must,
	Needs: also(Policy),
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		text := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObjectRetention","Resource":"arn:aws:s3:::%s/*","Condition":{"NumericGreaterThan":{"s3:object-lock-remaining-retention-days":"10"}}}]}`, b)
		must(s, s.Send(ctx, Request{Method: http.MethodPut, Bucket: b, Query: "policy=", Body: []byte(text), Header: [][2]string{ContentMD5([]byte(text))}}), "set a policy")
		v := locked(ctx, s, b, "k")
		day := 24 * time.Hour
		// Another key tells when the policy holds: k must not be locked for long
		// before it does.
		beacon := locked(ctx, s, b, "beacon")
		_ = Settled(ctx, s, "the policy limits the retention", func() error {
			if r := s.Send(ctx, retain(b, "beacon", beacon, governance, in(ctx, s, b, 12*day))); r.Status != 403 {
				return fmt.Errorf("got %s", Outcome(r))
			}
			return nil
		})
		s.Expect(s.Send(ctx, retain(b, "k", v, governance, in(ctx, s, b, 12*day)))).To(denied, "PutObjectRetention for 12 days")
		s.Expect(s.Send(ctx, put(b, "n", period(governance, in(ctx, s, b, 12*day))...))).To(denied, "PutObject for 12 days")
		s.ExpectAbsent(ctx, b, "n")
		s.Expect(s.Send(ctx, retain(b, "k", v, governance, in(ctx, s, b, governed)))).To(HaveStatus(200), "PutObjectRetention for less than a day")
	},
})
