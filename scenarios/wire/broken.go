package wire

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// What becomes of a write whose connection breaks, or whose answer is lost, on its
// way through a proxy: it is done whole, or not at all.

// An order is a write, and what tells what became of it.
type order struct {
	Request
	// state is "old" where nothing of it was done, "new" where all of it was, or
	// says what else there is.
	state func(ctx context.Context) string
}

var orders = []struct {
	id, op string
	needs  []Feature
	place  func(ctx context.Context, s *S) order
}{
	{"put", "PutObject", needs, orderPut},
	{"part", "UploadPart", []Feature{Wire, Multipart}, orderPart},
	{"complete", "CompleteMultipartUpload", []Feature{Wire, Multipart}, orderComplete},
	{"delete-objects", "DeleteObjects", needs, orderDeletes},
	{"copy", "CopyObject", []Feature{Wire, Objects, Copy}, orderCopy},
	{"delete", "DeleteObject", needs, orderDelete},
}

func init() {
	for _, o := range orders {
		if o.id != "copy" && o.id != "delete" { // these have no body
			Add(Scenario{
				ID:    "wire.broken." + o.id,
				Rule:  "X-21",
				Says:  o.op + " MUST do nothing when its connection breaks at any byte of the body before the last.",
				Ref:   rfc9112 + "#section-8",
				Level: Must,
				Needs: o.needs,
				Check: func(ctx context.Context, s *S) { cutOff(ctx, s, o.place) },
			})
		}
		Add(Scenario{
			ID:    "wire.unheard." + o.id,
			Rule:  "X-21",
			Says:  o.op + " MUST have been done whole when its answer is one of success that is lost on its way, and else whole or not at all.",
			Ref:   guide + "Welcome.html#ConsistencyModel",
			Level: Must,
			Needs: o.needs,
			Check: func(ctx context.Context, s *S) { loseAnswer(ctx, s, o.place) },
		})
	}
}

// cutOff cuts a write in each way in which its body can be sent.
func cutOff(ctx context.Context, s *S, place func(context.Context, *S) order) {
	d := takeDetour(s)
	defer d.close()
	o := place(ctx, s)
	payloads := []sign.Payload{sign.Signed, sign.Unsigned}
	if o.Method == http.MethodPut {
		payloads = append(payloads, sign.Chunked)
	}
	for _, o.Payload = range payloads {
		d.cut(ctx, o.Request)
	}
	linger(ctx)
	if got := o.state(ctx); got != "old" {
		s.Silently("bodies were cut, and what is there then is %s, want old", got)
	}
}

// linger gives a server the time to do what it should not: nothing tells when it
// has noticed that a connection broke.
func linger(ctx context.Context) {
	pause := time.NewTimer(50 * time.Millisecond)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
	}
}

func loseAnswer(ctx context.Context, s *S, place func(context.Context, *S) order) {
	d := takeDetour(s)
	defer d.close()
	o := place(ctx, s)
	success := d.lose(ctx, o.Request)
	got := o.state(ctx)
	if success && got != "new" {
		s.Silently("the lost answer was one of success, and what is there then is %s, want new", got)
	}
	if got != "old" && got != "new" {
		s.Silently("the answer was lost, and what is there then is %s, want old or new", got)
	}
}

// object says whether a key holds what was there before, or what was ordered; ""
// is none.
func object(ctx context.Context, s *S, bucket, key, old, ordered string) string {
	got, err := s.Get(ctx, bucket, key)
	if err != nil {
		s.Expect(err).To(FailWith(http.StatusNotFound, "NoSuchKey"), "read %s", key)
		got = &Object{}
	}
	switch string(got.Bytes) {
	case old:
		return "old"
	case ordered:
		return "new"
	}
	return fmt.Sprintf("%s with %d bytes of neither", key, len(got.Bytes))
}

func orderPut(ctx context.Context, s *S) order {
	b, body := s.Bucket(ctx), s.Bytes(2*half)
	s.MustPut(ctx, b, "k", "old")
	return order{Request{Method: http.MethodPut, Bucket: b, Key: "k", Body: body}, func(ctx context.Context) string {
		return object(ctx, s, b, "k", "old", string(body))
	}}
}

func orderCopy(ctx context.Context, s *S) order {
	o := orderPut(ctx, s)
	s.MustPut(ctx, o.Bucket, "source", string(o.Body))
	o.Body, o.Header = nil, [][2]string{{"X-Amz-Copy-Source", "/" + o.Bucket + "/source"}}
	return o
}

func orderDelete(ctx context.Context, s *S) order {
	b := s.Bucket(ctx)
	s.MustPut(ctx, b, "k", "old")
	return order{Request{Method: http.MethodDelete, Bucket: b, Key: "k"}, func(ctx context.Context) string {
		return object(ctx, s, b, "k", "old", "")
	}}
}

func orderDeletes(ctx context.Context, s *S) order {
	b, keys := s.Bucket(ctx), []string{"a", "b", "c"}
	for _, k := range keys {
		s.MustPut(ctx, b, k, "old")
	}
	doc := []byte(deleting("", keys...))
	r := Request{Method: http.MethodPost, Bucket: b, Query: "delete=", Body: doc, Header: [][2]string{ContentMD5(doc)}}
	return order{r, func(ctx context.Context) string {
		first := object(ctx, s, b, "a", "old", "")
		for _, k := range keys[1:] {
			if got := object(ctx, s, b, k, "old", ""); got != first {
				return fmt.Sprintf("a %s and %s %s", first, k, got)
			}
		}
		return first
	}}
}

// A transfer is a multipart upload of one part.
type transfer struct {
	s               *S
	bucket, key, id string
}

// transferred begins an upload over an object, and uploads its part.
func transferred(ctx context.Context, s *S, body string) transfer {
	t := transfer{s: s, bucket: s.Bucket(ctx), key: "k"}
	s.MustPut(ctx, t.bucket, t.key, "old")
	out, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &t.bucket, Key: &t.key})
	s.Must(err, "create a multipart upload")
	t.id = aws.ToString(out.UploadId)
	s.Must(s.Send(ctx, t.part(body)).Err, "upload a part")
	return t
}

func (t transfer) part(body string) Request {
	return Request{Method: http.MethodPut, Bucket: t.bucket, Key: t.key, Query: "partNumber=1&uploadId=" + url.QueryEscape(t.id), Body: []byte(body)}
}

// listed is the ETag of the one part; "" where there is no such upload, or not
// one part of it.
func (t transfer) listed(ctx context.Context) string {
	out, err := t.s.SDK().ListParts(ctx, &s3.ListPartsInput{Bucket: &t.bucket, Key: &t.key, UploadId: &t.id})
	if err != nil || len(out.Parts) != 1 {
		return ""
	}
	return aws.ToString(out.Parts[0].ETag)
}

func (t transfer) complete(etag string) Request {
	doc := "<CompleteMultipartUpload" + ns + "><Part><PartNumber>1</PartNumber><ETag>" + etag + "</ETag></Part></CompleteMultipartUpload>"
	return Request{Method: http.MethodPost, Bucket: t.bucket, Key: t.key, Query: "uploadId=" + url.QueryEscape(t.id), Body: []byte(doc)}
}

// orderPart uploads the part of an upload again: what it is then completing tells.
func orderPart(ctx context.Context, s *S) order {
	t, body := transferred(ctx, s, "old part"), s.Bytes(2*half)
	return order{t.part(string(body)), func(ctx context.Context) string {
		s.Expect(s.Send(ctx, t.complete(t.listed(ctx)))).To(OK(), "complete the upload")
		return object(ctx, s, t.bucket, t.key, "old part", string(body))
	}}
}

func orderComplete(ctx context.Context, s *S) order {
	t := transferred(ctx, s, "new")
	etag := t.listed(ctx)
	return order{t.complete(etag), func(ctx context.Context) string {
		is := object(ctx, s, t.bucket, t.key, "old", "new")
		if is == "old" && t.listed(ctx) != etag {
			return "old, with an upload that is not as it was"
		}
		return is
	}}
}
