package lifecycle

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// What answers tell of a lifecycle: x-amz-expiration, x-amz-abort-date.

const expiration = "X-Amz-Expiration"

// due is the midnight in UTC that follows t after days.
func due(t time.Time, days int) time.Time {
	return t.UTC().Truncate(24*time.Hour).AddDate(0, 0, days+1)
}

var expiryForm = regexp.MustCompile(`^expiry-date="([^"]+)", rule-id="([^"]*)"$`)

// An expiry is an x-amz-expiration taken apart.
type expiry struct {
	date time.Time
	rule string // decoded
}

func parseExpiry(value string) (expiry, error) {
	m := expiryForm.FindStringSubmatch(value)
	if m == nil {
		return expiry{}, errors.New("x-amz-expiration is " + value)
	}
	at, err := time.Parse(http.TimeFormat, m[1])
	if err != nil {
		return expiry{}, err
	}
	id, err := url.PathUnescape(m[2])
	return expiry{at, id}, err
}

// told sends until the answer has x-amz-expiration, or the settle time is over:
// configurations take effect in time.
func told(ctx context.Context, s *S, r Request) *Response {
	var last *Response
	_ = Settled(ctx, s, r.Method+" tells the expiration", func() error {
		if last = s.Send(ctx, r); last.Err == nil && last.Header.Get(expiration) == "" {
			return errors.New("x-amz-expiration is absent")
		}
		return nil
	})
	return last
}

// expectExpiry demands that an answer tells the expiration of an object that was
// modified between two times.
func expectExpiry(s *S, r *Response, what string, from, to time.Time, days int, rule string) {
	s.Expect(r).To(OK(), what)
	got, err := parseExpiry(r.Header.Get(expiration))
	s.Expect(err).To(OK(), what)
	s.Expect(got.rule).To(Equal(rule), "rule-id, %s", what)
	s.Expect(got.date).To(BeElementOf(due(from, days), due(to, days)), "expiry-date, %s", what)
}

const oddID = `a b/ü"c%2F+&`

var _ = Add(Scenario{
	ID:    "lifecycle.expiration.object",
	Rule:  "LC-09",
	Says:  "PutObject, HeadObject and GetObject MUST tell in x-amz-expiration the midnight in UTC at which an object expires, and the rule by its ID, which is URL-encoded.",
	Ref:   api + "API_HeadObject.html",
	SDK:   sdk + "HeadObjectOutput.Expiration",
	Level: Must,
	Needs: []Feature{Objects, Lifecycle},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		set(ctx, s, b, ruleFor("<Filter><Prefix>a/</Prefix></Filter>", id(`a b/ü&quot;c%2F+&amp;`)+days(3)))
		r := told(ctx, s, Request{Method: "PUT", Bucket: b, Key: "a/k", Body: []byte("v")})
		s.Expect(r).To(OK(), "PUT")
		head, err := s.Head(ctx, b, "a/k")
		s.Must(err, "read the object's date")
		at := *head.LastModified
		expectExpiry(s, r, "PUT", at, at, 3, oddID)
		for _, method := range []string{"HEAD", "GET"} {
			expectExpiry(s, s.Send(ctx, Request{Method: method, Bucket: b, Key: "a/k"}), method, at, at, 3, oddID)
		}
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.expiration.copy",
	Rule:  "LC-09",
	Says:  "CopyObject and CompleteMultipartUpload MUST tell in x-amz-expiration when the object that they made expires.",
	Ref:   api + "API_CompleteMultipartUpload.html",
	SDK:   sdk + "CopyObjectOutput.Expiration",
	Level: Must,
	Needs: []Feature{Copy, Multipart, Lifecycle},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		set(ctx, s, b, rule(id("all")+days(2)))
		from := time.Now().Add(-15 * time.Minute) // of clocks that differ
		to := from.Add(30 * time.Minute)
		r := told(ctx, s, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("v")})
		s.Expect(r).To(OK(), "PUT")
		expectExpiry(s, s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "copy", Header: [][2]string{{"x-amz-copy-source", b + "/k"}}}), "CopyObject", from, to, 2, "all")
		up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: aws.String("up")})
		s.Must(err, "create an upload")
		part := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "up", Query: "partNumber=1&uploadId=" + url.QueryEscape(*up.UploadId), Body: []byte("v")})
		must(s, part, "upload a part")
		body := "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + part.Header.Get("ETag") + "</ETag></Part></CompleteMultipartUpload>"
		done := s.Send(ctx, Request{Method: "POST", Bucket: b, Key: "up", Query: "uploadId=" + url.QueryEscape(*up.UploadId), Body: []byte(body)})
		expectExpiry(s, done, "CompleteMultipartUpload", from, to, 2, "all")
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.expiration.first",
	Rule:  "LC-09",
	Says:  "Of several rules x-amz-expiration MUST tell the one by which the object expires first.",
	Ref:   guide + "lifecycle-conflicts.html",
	Level: Must,
	Needs: []Feature{Objects, Lifecycle},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		set(ctx, s, b, rule(id("nine")+days(9)), ruleFor("<Filter><Prefix>k</Prefix></Filter>", id("four")+days(4)), rule(id("six")+days(6)))
		s.Expect(told(ctx, s, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("v")})).To(OK(), "PUT")
		head, err := s.Head(ctx, b, "k")
		s.Must(err, "read the object's date")
		expectExpiry(s, s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k"}), "HEAD", *head.LastModified, *head.LastModified, 4, "four")
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.expiration.none",
	Rule:  "LC-09",
	Says:  "An object that no enabled rule expires, for its key, its size, its tags or the rule's Status, MUST NOT have x-amz-expiration.",
	Ref:   guideElements,
	SDK:   sdk + "HeadObjectOutput.Expiration",
	Level: Must,
	Needs: []Feature{Objects, Tagging, Lifecycle},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		set(ctx, s, b, ruleFor("<Filter><Prefix>yes</Prefix></Filter>", id("on")+days(3)),
			"<Rule>"+id("off")+"<Filter></Filter><Status>Disabled</Status>"+days(1)+"</Rule>",
			ruleFor("<Filter><ObjectSizeGreaterThan>10</ObjectSizeGreaterThan></Filter>", id("large")+days(5)),
			ruleFor("<Filter><Tag><Key>t</Key><Value>1</Value></Tag></Filter>", id("tagged")+days(7)))
		s.Expect(told(ctx, s, Request{Method: "PUT", Bucket: b, Key: "yes", Body: []byte("v")})).To(HaveHeader(expiration, ContainSubstring("on")), "the key of a rule")
		for key, tag := range map[string]string{"no": "", "tag": "t=2", "key": "u=1"} {
			r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: key, Body: []byte("ten bytes!"), Header: [][2]string{{"x-amz-tagging", tag}}})
			s.Expect(r).To(OK(), "PUT of %s", key)
			s.Expect(r).To(HaveHeader(expiration, ""), "PUT of %s", key)
			s.Expect(s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: key})).To(HaveHeader(expiration, ""), "HEAD of %s", key)
		}
		for key, r := range map[string]Request{"large": {Body: []byte("eleven bytes")}, "tagged": {Body: []byte("v"), Header: [][2]string{{"x-amz-tagging", "u=2&t=1"}}}} {
			r.Method, r.Bucket, r.Key = "PUT", b, key
			s.Expect(s.Send(ctx, r)).To(HaveHeader(expiration, ContainSubstring(key)), "PUT of what is %s", key)
		}
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.expiration.version",
	Rule:  "LC-09",
	Says:  "A noncurrent version SHOULD NOT have x-amz-expiration, since Expiration is of current versions.",
	Ref:   guideActions,
	Level: Should,
	Needs: []Feature{Versioning, Lifecycle},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		set(ctx, s, b, rule(id("all")+days(2)))
		s.Must(errIf(told(ctx, s, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("v")})), "put a version")
		one := aws.ToString(s.MustPut(ctx, b, "k", "one").VersionId)
		s.MustPut(ctx, b, "k", "two")
		s.Expect(s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k", Query: "versionId=" + url.QueryEscape(one)})).To(HaveHeader(expiration, ""))
	},
})

// errIf is nil when r succeeded.
func errIf(r *Response) error {
	if ok, _ := OK().Match(r); ok {
		return nil
	}
	return errors.New(Outcome(r))
}

var _ = Add(Scenario{
	ID:    "lifecycle.abort.told",
	Rule:  "LC-12",
	Says:  "CreateMultipartUpload of a key whose rule aborts uploads MUST tell in x-amz-abort-date when, and in x-amz-abort-rule-id by which rule; of another key it MUST NOT.",
	Ref:   api + "API_CreateMultipartUpload.html#API_CreateMultipartUpload_ResponseSyntax",
	SDK:   sdk + "CreateMultipartUploadOutput.AbortDate",
	Level: Must,
	Needs: []Feature{Multipart, Lifecycle},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		set(ctx, s, b, ruleFor("<Filter><Prefix>a/</Prefix></Filter>", id("stale")+"<AbortIncompleteMultipartUpload><DaysAfterInitiation>3</DaysAfterInitiation></AbortIncompleteMultipartUpload>"))
		var r *Response
		_ = Settled(ctx, s, "CreateMultipartUpload tells the abortion", func() error {
			if r = s.Send(ctx, Request{Method: "POST", Bucket: b, Key: "a/k", Query: "uploads="}); r.Err == nil && r.Header.Get("X-Amz-Abort-Date") == "" {
				return errors.New("x-amz-abort-date is absent")
			}
			return nil
		})
		s.Expect(r).To(OK())
		at, err := http.ParseTime(r.Header.Get("X-Amz-Abort-Date"))
		s.Expect(err).To(OK(), "x-amz-abort-date: %s", r.Header.Get("X-Amz-Abort-Date"))
		now := time.Now()
		s.Expect(at.UTC()).To(BeElementOf(due(now.Add(-15*time.Minute), 3), due(now.Add(15*time.Minute), 3)), "x-amz-abort-date")
		s.Expect(r).To(HaveHeader("X-Amz-Abort-Rule-Id", "stale"))
		s.Expect(s.Send(ctx, Request{Method: "POST", Bucket: b, Key: "k", Query: "uploads="})).To(HaveHeader("X-Amz-Abort-Date", ""), "of another key")
	},
})
