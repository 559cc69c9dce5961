package object

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

const otherETag = `"00000000000000000000000000000000"`

// A conditionCase is one conditional read: which headers it sends, given the
// object's ETag and date, and the answer that follows.
type conditionCase struct {
	name, rule, says string
	ref              string
	level            Level
	status           int
	code             string
	headers          func(etag string, mtime time.Time) [][2]string
}

func header(name string, value func(etag string, mtime time.Time) string) func(string, time.Time) [][2]string {
	return func(etag string, mtime time.Time) [][2]string { return [][2]string{{name, value(etag, mtime)}} }
}

func both(a, b func(string, time.Time) [][2]string) func(string, time.Time) [][2]string {
	return func(etag string, mtime time.Time) [][2]string { return append(a(etag, mtime), b(etag, mtime)...) }
}

// Values of conditions: the object's own ETag and date, or others.
func same(etag string, _ time.Time) string { return etag }
func bare(etag string, _ time.Time) string { return strings.Trim(etag, `"`) }
func weak(etag string, _ time.Time) string { return "W/" + etag }
func atMtime(_ string, t time.Time) string { return t.UTC().Format(http.TimeFormat) }
func fixed(v string) func(string, time.Time) string {
	return func(string, time.Time) string { return v }
}
func shifted(d time.Duration) func(string, time.Time) string {
	return func(_ string, t time.Time) string { return t.Add(d).UTC().Format(http.TimeFormat) }
}

var (
	matches    = header("If-Match", same)
	differs    = header("If-Match", fixed(otherETag))
	noneSame   = header("If-None-Match", same)
	noneOther  = header("If-None-Match", fixed(otherETag))
	modSince   = header("If-Modified-Since", shifted(-time.Hour)) // true: modified since
	notModded  = header("If-Modified-Since", atMtime)             // false: not modified since
	unmodSince = header("If-Unmodified-Since", atMtime)           // true
	modded     = header("If-Unmodified-Since", shifted(-time.Hour))
)

var conditionCases = []conditionCase{
	{"if-match.same", "C-01", "If-Match with the object's ETag MUST let the read through.", refGet, Must, 200, "", matches},
	{"if-match.other", "C-01", "If-Match with another ETag MUST fail with 412 PreconditionFailed.", refGet, Must, 412, "PreconditionFailed", differs},
	{"if-match.any", "C-01", "If-Match: * MUST let the read of an existing object through.", rfc9110 + "#section-13.1.1", Must, 200, "", header("If-Match", fixed("*"))},
	{"if-match.unquoted", "C-01", "If-Match with the ETag without its quotes SHOULD match all the same.", refGet, Should, 200, "", header("If-Match", bare)},
	{"if-match.list", "C-01", "If-Match with a list that holds the object's ETag MAY let the read through.", rfc9110 + "#section-13.1.1", Info, 200, "",
		header("If-Match", func(etag string, _ time.Time) string { return otherETag + ", " + etag })},
	{"if-match.weak", "C-01", "If-Match with the object's ETag marked as weak SHOULD fail with 412 PreconditionFailed: it is compared strongly.", rfc9110 + "#section-13.1.1", Should, 412, "PreconditionFailed", header("If-Match", weak)},
	{"if-none-match.weak", "C-02", "If-None-Match with the object's ETag marked as weak SHOULD answer 304: it is compared weakly.", rfc9110 + "#section-13.1.2", Should, 304, "", header("If-None-Match", weak)},
	{"if-none-match.same", "C-02", "If-None-Match with the object's ETag MUST answer 304 with the ETag and no body.", refGet, Must, 304, "", noneSame},
	{"if-none-match.other", "C-02", "If-None-Match with another ETag MUST let the read through.", refGet, Must, 200, "", noneOther},
	{"if-none-match.any", "C-02", "If-None-Match: * MUST answer 304 for an existing object.", rfc9110 + "#section-13.1.2", Must, 304, "", header("If-None-Match", fixed("*"))},
	{"if-none-match.unquoted", "C-02", "If-None-Match with the ETag without its quotes SHOULD match all the same.", refGet, Should, 304, "", header("If-None-Match", bare)},
	{"if-modified-since.not-modified", "C-03", "If-Modified-Since with the object's own date MUST answer 304.", refGet, Must, 304, "", notModded},
	{"if-modified-since.modified", "C-03", "If-Modified-Since with an earlier date MUST let the read through.", refGet, Must, 200, "", modSince},
	{"if-unmodified-since.modified", "C-04", "If-Unmodified-Since with an earlier date MUST fail with 412 PreconditionFailed.", refGet, Must, 412, "PreconditionFailed", modded},
	{"if-unmodified-since.unmodified", "C-04", "If-Unmodified-Since with the object's own date MUST let the read through.", refGet, Must, 200, "", unmodSince},
	{"if-match.true.if-unmodified-since.false", "C-05", "A true If-Match MUST win over a false If-Unmodified-Since.", refGet, Must, 200, "", both(matches, modded)},
	{"if-match.false.if-unmodified-since.true", "C-05", "A false If-Match MUST fail with 412 PreconditionFailed whatever If-Unmodified-Since says.", rfc9110 + "#section-13.2.2", Must, 412, "PreconditionFailed", both(differs, unmodSince)},
	{"if-none-match.false.if-modified-since.true", "C-06", "A false If-None-Match MUST answer 304 although If-Modified-Since is true.", refGet, Must, 304, "", both(noneSame, modSince)},
	{"if-none-match.true.if-modified-since.false", "C-06", "A true If-None-Match SHOULD let the read through although If-Modified-Since is false.", rfc9110 + "#section-13.1.3", Should, 200, "", both(noneOther, notModded)},
	{"if-modified-since.unparsable", "C-07", "An If-Modified-Since that is no HTTP date MUST be ignored.", rfc9110 + "#section-13.1.3", Must, 200, "", header("If-Modified-Since", fixed("yesterday"))},
	{"if-modified-since.rfc850", "C-07", "If-Modified-Since with the object's own date in the older form of RFC 850 SHOULD answer 304 all the same.", rfc9110 + "#section-5.6.7", Should, 304, "",
		header("If-Modified-Since", func(_ string, t time.Time) string { return t.UTC().Format("Monday, 02-Jan-06 15:04:05 GMT") })},
	{"if-unmodified-since.unparsable", "C-07", "An If-Unmodified-Since that is no HTTP date MUST be ignored.", rfc9110 + "#section-13.1.4", Must, 200, "", header("If-Unmodified-Since", fixed("yesterday"))},
	{"if-modified-since.future", "C-07", "An If-Modified-Since in the future MAY be ignored, or answered with 304.", refGet, Disputed, 200, "", header("If-Modified-Since", shifted(time.Hour))},
	{"if-unmodified-since.future", "C-07", "An If-Unmodified-Since in the future MUST let the read through: ignored or not, it holds.", refGet, Must, 200, "", header("If-Unmodified-Since", shifted(time.Hour))},
}

const conditional = "conditional body"

func init() {
	for _, c := range conditionCases {
		Add(Scenario{
			ID:    "object.get." + c.name,
			Rule:  c.rule,
			Says:  c.says,
			Ref:   c.ref,
			Level: c.level,
			Needs: []Feature{ConditionalRead},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				etag, mtime := stored(ctx, s, b, "k", conditional)
				r := s.Send(ctx, Request{Bucket: b, Key: "k", Header: c.headers(etag, mtime)})
				s.Observe("answer", r.Status)
				c.judge(s, "GET", r, etag)
				if c.status == 200 {
					s.Expect(string(r.Body)).To(Equal(conditional), "body")
				}
			},
		})
	}
}

// stored puts an object and returns what conditions can name.
func stored(ctx context.Context, s *S, bucket, key, body string) (etag string, mtime time.Time) {
	s.MustPut(ctx, bucket, key, body)
	head, err := s.Head(ctx, bucket, key)
	s.Must(err, "HEAD "+key)
	return aws.ToString(head.ETag), aws.ToTime(head.LastModified)
}

// judge compares the answer to a GET or HEAD with the case; the body of a
// success is the caller's to judge.
func (c *conditionCase) judge(s *S, method string, r *Response, etag string) {
	switch {
	case c.status >= 400 && method == "GET":
		s.Expect(r).To(FailWith(c.status, c.code), c.name)
	case c.status >= 400:
		s.Expect(r).To(FailWith(c.status), c.name)
	case c.status == 304:
		s.Expect(r).To(FailWith(304), c.name)
		s.Expect(r).To(HaveHeader("ETag", etag), c.name)
		s.Expect(r.Body).To(BeEmpty(), "%s: body of a 304", c.name)
	default:
		s.Expect(r).To(HaveStatus(c.status), c.name)
		s.Expect(r).To(HaveHeader("ETag", etag), c.name)
	}
}

var _ = Add(Scenario{
	ID:    "object.head.conditions",
	Rule:  "C-08",
	Says:  "HEAD MUST judge every condition as GET does.",
	Ref:   refHead,
	SDK:   "s3@v1.114.8 Client.HeadObject",
	Level: Must,
	Needs: []Feature{ConditionalRead},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		etag, mtime := stored(ctx, s, b, "k", conditional)
		for _, c := range conditionCases {
			if c.level == Must {
				r := s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k", Header: c.headers(etag, mtime)})
				c.judge(s, "HEAD", r, etag)
			}
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.get.condition-before-range",
	Rule:  "C-09",
	Says:  "Conditions MUST be judged before the range: 304 and 412 win over 206 and 416.",
	Ref:   rfc9110 + "#section-14.2",
	Level: Must,
	Needs: []Feature{ConditionalRead, Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		etag, mtime := stored(ctx, s, b, "k", conditional)
		for _, span := range []string{"bytes=0-1", "bytes=999-"} {
			get := func(h [][2]string) *Response {
				return s.Send(ctx, Request{Bucket: b, Key: "k", Header: append(h, [2]string{"Range", span})})
			}
			s.Expect(get(noneSame(etag, mtime))).To(FailWith(304), "If-None-Match with %s", span)
			s.Expect(get(differs(etag, mtime))).To(FailWith(412, "PreconditionFailed"), "If-Match with %s", span)
		}
		r := s.Send(ctx, Request{Bucket: b, Key: "k", Header: append(matches(etag, mtime), [2]string{"Range", "bytes=0-1"})})
		s.Expect(r).To(HaveStatus(206), "a true condition leaves the range alone")
	},
})

var _ = Add(Scenario{
	ID:    "object.get.if-none-match.headers",
	Rule:  "C-02",
	Says:  "A 304 MUST carry the Cache-Control and the Expires that the answer 200 would have had.",
	Ref:   rfc9110 + "#section-15.4.5",
	Level: Must,
	Needs: []Feature{ConditionalRead},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		kept := [][2]string{{"Cache-Control", "max-age=60"}, {"Expires", "Thu, 01 Dec 2033 16:00:00 GMT"}}
		s.MustPut(ctx, b, "k", "v", Header(kept[0][0], kept[0][1]), Header(kept[1][0], kept[1][1]))
		whole := s.Send(ctx, Request{Bucket: b, Key: "k"})
		for _, method := range []string{"GET", "HEAD"} {
			r := s.Send(ctx, Request{Method: method, Bucket: b, Key: "k", Header: [][2]string{{"If-None-Match", whole.Header.Get("ETag")}}})
			s.Expect(r).To(FailWith(304), method)
			for _, h := range kept {
				s.Expect(r).To(HaveHeader(h[0], whole.Header.Get(h[0])), "%s: as the answer 200 has it", method)
			}
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.get.conditions-of-parts",
	Rule:  "C-01",
	Says:  "If-Match and If-None-Match MUST know the ETag of an object made of parts as they know any other.",
	Ref:   refGet,
	Level: Must,
	Needs: []Feature{ConditionalRead, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		onePart(ctx, s, b, "k", "hello")
		head, err := s.Head(ctx, b, "k")
		s.Must(err, "HEAD k")
		etag := aws.ToString(head.ETag)
		for _, method := range []string{"GET", "HEAD"} {
			ask := func(name, value string) *Response {
				return s.Send(ctx, Request{Method: method, Bucket: b, Key: "k", Header: [][2]string{{name, value}}})
			}
			s.Expect(ask("If-Match", etag)).To(HaveStatus(200), "%s, If-Match with the object's ETag", method)
			s.Expect(ask("If-Match", otherETag)).To(FailWith(412), "%s, If-Match with another", method)
			s.Expect(ask("If-None-Match", etag)).To(FailWith(304), "%s, If-None-Match with the object's ETag", method)
			s.Expect(ask("If-None-Match", otherETag)).To(HaveStatus(200), "%s, If-None-Match with another", method)
		}
	},
})

// onePart stores an object by an upload of a single part.
func onePart(ctx context.Context, s *S, bucket, key, body string) {
	up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	s.Must(err, "create an upload")
	sent, err := s.SDK().UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader(body)})
	s.Must(err, "upload a part")
	_, err = s.SDK().CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: sent.ETag}}}})
	s.Must(err, "complete the upload")
}
