package object

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// contentHeaders are stored with an object and returned as they were sent.
var contentHeaders = [][2]string{
	{"Cache-Control", "max-age=60, private"},
	{"Content-Disposition", `attachment; filename="a b.txt"`},
	{"Content-Encoding", "gzip"},
	{"Content-Language", "de, en"},
	{"Content-Type", "text/x-custom; charset=utf-8"},
	{"Expires", "Thu, 01 Dec 2033 16:00:00 GMT"},
}

func init() {
	for _, h := range contentHeaders {
		Add(Scenario{
			ID:    "object.header." + strings.ToLower(h[0]),
			Rule:  "O-10",
			Says:  "GET and HEAD MUST return " + h[0] + " as it was sent with PutObject.",
			Ref:   refSystem,
			Level: Must,
			Needs: []Feature{Objects},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("v"), Header: [][2]string{h}})
				s.Expect(r).To(OK())
				for _, method := range []string{"GET", "HEAD"} {
					r := s.Send(ctx, Request{Method: method, Bucket: b, Key: "k"})
					s.Expect(r).To(HaveStatus(200), method)
					s.Expect(r).To(HaveHeader(h[0], h[1]), method)
				}
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "object.range.headers",
	Rule:  "O-10",
	Says:  "The answer to a range MUST carry the content headers and the user metadata that the object was stored with, as the answer to a whole GET does.",
	Ref:   refSystem,
	Level: Must,
	Needs: []Feature{Objects, Range},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		put := Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte(digits), Header: append([][2]string{{"x-amz-meta-color", "red"}}, contentHeaders...)}
		s.Expect(s.Send(ctx, put)).To(OK())
		r := ranged(ctx, s, b, "bytes=2-4")
		expectPart(s, r, "bytes=2-4", 2, 4)
		for _, h := range put.Header {
			s.Expect(r).To(HaveHeader(h[0], h[1]))
		}
		s.Expect(r).To(HaveHeader("ETag", `"`+hexMD5(digits)+`"`))
	},
})

var _ = Add(Scenario{
	ID:    "object.header.content-type-default",
	Rule:  "O-10",
	Says:  "An object stored without a Content-Type SHOULD be served as binary/octet-stream.",
	Ref:   refSystem,
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("v")})
		s.Expect(r).To(OK())
		r = s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k"})
		s.Expect(r).To(HaveStatus(200))
		s.Expect(r).To(HaveHeader("Content-Type", "binary/octet-stream"))
	},
})

// overrides are the response headers that a signed read can replace.
func overrides(b, k string) *s3.GetObjectInput {
	expires := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	return &s3.GetObjectInput{Bucket: &b, Key: &k,
		ResponseCacheControl: aws.String("no-store"), ResponseContentDisposition: aws.String(`attachment; filename="x y"`),
		ResponseContentEncoding: aws.String("br"), ResponseContentLanguage: aws.String("fr"),
		ResponseContentType: aws.String("text/plain; charset=utf-8"), ResponseExpires: &expires}
}

var overridden = map[string]string{
	"Cache-Control": "no-store", "Content-Disposition": `attachment; filename="x y"`, "Content-Encoding": "br",
	"Content-Language": "fr", "Content-Type": "text/plain; charset=utf-8", "Expires": "Wed, 02 Jan 2030 03:04:05 GMT",
}

var _ = Add(Scenario{
	ID:    "object.get.response-overrides",
	Rule:  "O-11",
	Says:  "The response-* parameters of a signed GetObject MUST replace the headers of that answer, and only of that answer.",
	Ref:   refGet,
	SDK:   "s3@v1.114.8 Client.GetObject",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v", Header("Cache-Control", "no-cache"), Header("Content-Type", "image/png"))
		out, err := s.SDK().GetObject(ctx, overrides(b, "k"))
		s.Expect(err).To(OK())
		for name, want := range overridden {
			s.Expect(HeaderOf(out.ResultMetadata)).To(HaveHeader(name, want))
		}
		plain, err := s.Get(ctx, b, "k")
		s.Expect(err).To(OK(), "plain GET")
		s.Expect(plain).To(HaveHeader("Cache-Control", "no-cache"), "plain GET")
		s.Expect(plain).To(HaveHeader("Content-Type", "image/png"), "plain GET")
	},
})

var _ = Add(Scenario{
	ID:    "object.head.response-overrides",
	Rule:  "O-11",
	Says:  "The response-* parameters of a signed HeadObject MUST replace the headers of the answer.",
	Ref:   refHead + "#API_HeadObject_RequestSyntax",
	SDK:   "s3@v1.114.8 HeadObjectInput.ResponseCacheControl",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v", Header("Cache-Control", "no-cache"))
		in := overrides(b, "k")
		out, err := s.SDK().HeadObject(ctx, &s3.HeadObjectInput{Bucket: in.Bucket, Key: in.Key,
			ResponseCacheControl: in.ResponseCacheControl, ResponseContentDisposition: in.ResponseContentDisposition,
			ResponseContentEncoding: in.ResponseContentEncoding, ResponseContentLanguage: in.ResponseContentLanguage,
			ResponseContentType: in.ResponseContentType, ResponseExpires: in.ResponseExpires})
		s.Expect(err).To(OK())
		for name, want := range overridden {
			s.Expect(HeaderOf(out.ResultMetadata)).To(HaveHeader(name, want))
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.get.response-overrides.anonymous-private",
	Rule:  "O-11",
	Says:  "An anonymous GetObject of a private object with response-* parameters MUST be refused with 400 or 403.",
	Ref:   refGet,
	SDK:   "s3@v1.114.8 Client.GetObject",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: "response-content-type=text%2Fplain", As: Anonymous})
		s.Observe("answer", Outcome(r))
		s.Expect(r).To(FailWithAny(Answer{Status: 400}, Answer{Status: 403}))
	},
})

var _ = Add(Scenario{
	ID:    "object.get.response-overrides.anonymous-public",
	Rule:  "O-11",
	Says:  "An anonymous GetObject of a public object with response-* parameters, which need a signature, MUST be refused with 400 or 403.",
	Ref:   refGet,
	SDK:   "s3@v1.114.8 Client.GetObject",
	Level: Must,
	Needs: []Feature{Objects, Policy},
	Check: func(ctx context.Context, s *S) {
		s.Expect(overridePublicly(ctx, s)).To(FailWithAny(Answer{Status: 400}, Answer{Status: 403}))
	},
})

var _ = Add(Scenario{
	ID:    "object.get.response-overrides.anonymous-code",
	Rule:  "O-11",
	Says:  "The answer to an anonymous GetObject of a public object with response-* parameters SHOULD be 400 InvalidRequest.",
	Ref:   refGet,
	Level: Should,
	Needs: []Feature{Objects, Policy},
	Check: func(ctx context.Context, s *S) {
		s.Expect(overridePublicly(ctx, s)).To(FailWith(400, "InvalidRequest"))
	},
})

// overridePublicly asks for a public object with a content type of its own.
func overridePublicly(ctx context.Context, s *S) *Response {
	b := s.Bucket(ctx)
	openToAll(ctx, s, b)
	return s.Send(ctx, Request{Bucket: b, Key: "k", Query: "response-content-type=text%2Fplain", As: Anonymous})
}

var _ = Add(Scenario{
	ID:    "object.put.storage-class.unknown",
	Rule:  "O-24",
	Says:  "PutObject with an unknown x-amz-storage-class MUST fail with 400 InvalidStorageClass.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.Put(ctx, b, "k", "v", Header("x-amz-storage-class", "LUKEWARM"))
		s.Expect(err).To(FailWith(400, "InvalidStorageClass"))
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "object.put.storage-class.unknown.elsewhere",
	Rule:  "O-24",
	Says:  "CopyObject and CreateMultipartUpload with an unknown x-amz-storage-class MUST fail with 400 InvalidStorageClass as PutObject does.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Objects, Copy, Multipart},
	Check: func(ctx context.Context, s *S) {
		b, class := s.Bucket(ctx), [2]string{"x-amz-storage-class", "LUKEWARM"}
		s.MustPut(ctx, b, "source", "v")
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Header: [][2]string{class, {"x-amz-copy-source", b + "/source"}}})
		s.Expect(r).To(FailWith(400, "InvalidStorageClass"), "CopyObject")
		r = s.Send(ctx, Request{Method: "POST", Bucket: b, Key: "k", Query: "uploads=", Header: [][2]string{class}})
		s.Expect(r).To(FailWith(400, "InvalidStorageClass"), "CreateMultipartUpload")
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "object.storage-class.kept",
	Rule:  "O-24",
	Says:  "GET and HEAD MUST return the x-amz-storage-class of an object in another class than STANDARD, and a listing its StorageClass.",
	Ref:   refHead + "#API_HeadObject_ResponseSyntax",
	SDK:   "s3@v1.114.8 HeadObjectOutput.StorageClass",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v", Header("x-amz-storage-class", "REDUCED_REDUNDANCY"))
		for _, method := range []string{"GET", "HEAD"} {
			r := s.Send(ctx, Request{Method: method, Bucket: b, Key: "k"})
			s.Expect(r).To(HaveStatus(200), method)
			s.Expect(r).To(HaveHeader("X-Amz-Storage-Class", "REDUCED_REDUNDANCY"), method)
		}
		o := listed(ctx, s, b, "k")
		s.Expect(o).NotTo(BeNil(), "the listing holds k")
		s.Expect(o.StorageClass).To(BeEquivalentTo("REDUCED_REDUNDANCY"), "StorageClass in the listing")
	},
})

var _ = Add(Scenario{
	ID:    "object.storage-class.standard-omitted",
	Rule:  "O-24",
	Says:  "GET and HEAD of an object in the class STANDARD MUST NOT carry x-amz-storage-class.",
	Ref:   refHead + "#API_HeadObject_ResponseSyntax",
	SDK:   "s3@v1.114.8 HeadObjectOutput.StorageClass",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "given", "v", Header("x-amz-storage-class", "STANDARD"))
		s.MustPut(ctx, b, "default", "v")
		for _, k := range []string{"given", "default"} {
			for _, method := range []string{"GET", "HEAD"} {
				r := s.Send(ctx, Request{Method: method, Bucket: b, Key: k})
				s.Expect(r).To(HaveStatus(200), "%s %s", method, k)
				s.Expect(r).To(HaveHeader("X-Amz-Storage-Class", ""), "%s %s", method, k)
			}
		}
	},
})

// listedDate finds the date of the one object in a listing.
var listedDate = regexp.MustCompile(`<LastModified>([^<]*)</LastModified>`)

// dateInListing returns the LastModified of the one object of the bucket as
// it stands in a listing.
func dateInListing(ctx context.Context, s *S, bucket string) string {
	list := s.Send(ctx, Request{Bucket: bucket, Query: "list-type=2"})
	s.Must(list.Err, "list the bucket")
	found := listedDate.FindSubmatch(list.Body)
	s.Expect(found).To(HaveLen(2), "the listing holds one LastModified")
	return string(found[1])
}

var _ = Add(Scenario{
	ID:    "object.last-modified",
	Rule:  "O-25",
	Says:  "Last-Modified MUST be one and the same second as an HTTP date in GET and HEAD and as an ISO 8601 date in a listing.",
	Ref:   api + "API_ListObjectsV2.html#API_ListObjectsV2_Examples",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		want, err := time.Parse(time.RFC3339, dateInListing(ctx, s, b))
		s.Expect(err).To(BeNil(), "parse the listing's date")
		for _, method := range []string{"GET", "HEAD"} {
			r := s.Send(ctx, Request{Method: method, Bucket: b, Key: "k"})
			s.Expect(r).To(HaveStatus(200), method)
			s.Expect(r).To(HaveHeader("Last-Modified", want.UTC().Format(http.TimeFormat)), method)
		}
	},
})

// datesOf returns the object's date as GET, HEAD and a listing tell it.
func datesOf(ctx context.Context, s *S, bucket, key string) []time.Time {
	got, err := s.Get(ctx, bucket, key)
	s.Expect(err).To(OK(), "GET %s", key)
	head, err := s.Head(ctx, bucket, key)
	s.Expect(err).To(OK(), "HEAD %s", key)
	o := listed(ctx, s, bucket, key)
	s.Expect(o).NotTo(BeNil(), "the listing holds %s", key)
	return []time.Time{aws.ToTime(got.LastModified), aws.ToTime(head.LastModified), aws.ToTime(o.LastModified).Truncate(time.Second)}
}

var _ = Add(Scenario{
	ID:    "object.last-modified.of-write",
	Rule:  "O-25",
	Says:  "Last-Modified MUST be the time at which the object was written: the same however late it is read, and later after an overwrite.",
	Ref:   refSystem,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		if s.Target().Settle < 2*time.Second {
			s.Skip("needs -settle of 2 s or more: the server's clock has to show another second")
		}
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		s.MustPut(ctx, b, "untouched", "v")
		first, other := datesOf(ctx, s, b, "k"), datesOf(ctx, s, b, "untouched")
		s.Expect(first).To(HaveEach(first[0]), "Last-Modified by GET, HEAD and the listing")
		var overwritten time.Time
		s.Expect(Settled(ctx, s, "the server's clock shows a later second", func() error {
			s.MustPut(ctx, b, "k", "new")
			if overwritten = datesOf(ctx, s, b, "k")[0]; !overwritten.After(first[0]) {
				return fmt.Errorf("Last-Modified is %v before and %v after an overwrite", first[0], overwritten)
			}
			return nil
		})).To(OK(), "Last-Modified of an object that is overwritten again and again")
		s.Expect(datesOf(ctx, s, b, "untouched")).To(Equal(other), "Last-Modified of an object that nobody wrote")
	},
})

var _ = Add(Scenario{
	ID:    "object.last-modified.format",
	Rule:  "O-25",
	Says:  "Dates in XML SHOULD be written in UTC with milliseconds: 2009-10-12T17:50:30.000Z.",
	Ref:   api + "API_ListObjectsV2.html#API_ListObjectsV2_Examples",
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		s.Expect(dateInListing(ctx, s, b)).To(MatchRegexp(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`))
	},
})

var _ = Add(Scenario{
	ID:    "object.put.redirect-location.invalid",
	Rule:  "O-26",
	Says:  "PutObject SHOULD fail with 400 InvalidRedirectLocation when x-amz-website-redirect-location begins with none of /, http:// and https://.",
	Ref:   ug + "how-to-page-redirect.html",
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.Put(ctx, b, "k", "v", Header("x-amz-website-redirect-location", "ftp://example.com/"))
		s.Expect(err).To(FailWith(400, "InvalidRedirectLocation"))
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "object.put.redirect-location",
	Rule:  "O-26",
	Says:  "GET and HEAD SHOULD return the x-amz-website-redirect-location that the object was stored with.",
	Ref:   refPut + "#API_PutObject_RequestSyntax",
	SDK:   "s3@v1.114.8 PutObjectInput.WebsiteRedirectLocation",
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, to := range []string{"/other.html", "http://example.com/", "https://example.com/x"} {
			_, err := s.Put(ctx, b, "k", "v", Header("x-amz-website-redirect-location", to))
			s.Expect(err).To(OK(), to)
			r := s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k"})
			s.Expect(r).To(HaveHeader("X-Amz-Website-Redirect-Location", to), "HEAD")
		}
	},
})

var _ = Add(Scenario{
	ID:    "object.get.not-transcoded",
	Rule:  "C-21",
	Says:  "An object stored with Content-Encoding gzip MUST be served byte for byte, whatever Accept-Encoding says.",
	Ref:   refPut + "#API_PutObject_RequestSyntax",
	SDK:   "s3@v1.114.8 PutObjectInput.ContentEncoding",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		var zipped bytes.Buffer
		w := gzip.NewWriter(&zipped)
		_, _ = w.Write(bytes.Repeat([]byte("plain text "), 100)) // into memory: cannot fail
		_ = w.Close()
		s.MustPut(ctx, b, "k", zipped.String(), Header("Content-Encoding", "gzip"), Header("Content-Type", "text/plain"))
		for _, accept := range []string{"identity", "gzip", "br;q=1.0, *;q=0", ""} {
			r := s.Send(ctx, Request{Bucket: b, Key: "k", Late: [][2]string{{"Accept-Encoding", accept}}}) // unsigned: proxies change it
			s.Expect(r).To(HaveStatus(200), "Accept-Encoding: %s", accept)
			s.Expect(r).To(HaveHeader("Content-Encoding", "gzip"), "Accept-Encoding: %s", accept)
			s.Expect(bytes.Equal(r.Body, zipped.Bytes())).To(BeTrue(), "Accept-Encoding: %s: the body is the stored bytes", accept)
		}
	},
})
