package bucket

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// The bucket owner condition where the request needs more than a bucket and a
// key: an upload, a source, attributes to ask for.

// A stage is a bucket with the object k and an upload of the key u, whose part
// 1 is there.
type stage struct{ bucket, upload, etag string }

func setStage(ctx context.Context, s *S) stage {
	st := stage{bucket: s.Bucket(ctx)}
	s.MustPut(ctx, st.bucket, "k", "old")
	up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &st.bucket, Key: aws.String("u")})
	s.Must(err, "create an upload")
	st.upload = aws.ToString(up.UploadId)
	r := s.Send(ctx, Request{Method: "PUT", Bucket: st.bucket, Key: "u", Query: st.query("partNumber=1&"), Body: []byte("part")})
	if r.Status != 200 {
		s.Must(fmt.Errorf("status %d %s", r.Status, r.Code), "upload a part")
	}
	st.etag = r.Header.Get("ETag")
	return st
}

func (st stage) query(more string) string { return more + "uploadId=" + url.QueryEscape(st.upload) }

// guarded are the requests, each of which succeeds without the condition.
var guarded = []struct {
	name, op string
	needs    []Feature
	request  func(st stage) Request
}{
	{"upload.part", "UploadPart", []Feature{Multipart}, func(st stage) Request {
		return Request{Method: "PUT", Key: "u", Query: st.query("partNumber=2&"), Body: []byte("x")}
	}},
	{"upload.part-copy", "UploadPartCopy", []Feature{Multipart, Copy}, func(st stage) Request {
		return Request{Method: "PUT", Key: "u", Query: st.query("partNumber=2&"), Header: [][2]string{{"x-amz-copy-source", st.bucket + "/k"}}}
	}},
	{"upload.list-parts", "ListParts", []Feature{Multipart}, func(st stage) Request {
		return Request{Key: "u", Query: st.query("")}
	}},
	{"upload.complete", "CompleteMultipartUpload", []Feature{Multipart}, func(st stage) Request {
		return Request{Method: "POST", Key: "u", Query: st.query(""), Body: []byte("<CompleteMultipartUpload" + ns +
			"<Part><PartNumber>1</PartNumber><ETag>" + st.etag + "</ETag></Part></CompleteMultipartUpload>")}
	}},
	{"upload.abort", "AbortMultipartUpload", []Feature{Multipart}, func(st stage) Request {
		return Request{Method: "DELETE", Key: "u", Query: st.query("")}
	}},
	{"object.copy", "CopyObject", []Feature{Copy, Multipart}, func(st stage) Request {
		return Request{Method: "PUT", Key: "copy", Header: [][2]string{{"x-amz-copy-source", st.bucket + "/k"}}}
	}},
	{"object.attributes", "GetObjectAttributes", []Feature{Objects, Multipart}, func(st stage) Request {
		return Request{Key: "k", Query: "attributes=", Header: [][2]string{{"x-amz-object-attributes", "ObjectSize"}}}
	}},
}

var _ = func() struct{} {
	for _, g := range guarded {
		Add(Scenario{
			ID:    "bucket.expected-owner." + g.name,
			Rule:  "B-19",
			Says:  g.op + " whose x-amz-expected-bucket-owner is not the bucket's owner MUST fail with 403 AccessDenied and change nothing.",
			Ref:   refOwner,
			SDK:   "s3@v1.114.8 " + g.op + "Input.ExpectedBucketOwner",
			Level: Must,
			Needs: append([]Feature{Buckets}, g.needs...),
			Check: func(ctx context.Context, s *S) {
				st := setStage(ctx, s)
				r := g.request(st)
				r.Bucket, r.Header = st.bucket, append(r.Header, [2]string{"x-amz-expected-bucket-owner", stranger})
				s.Expect(s.Send(ctx, r)).To(FailWith(403, "AccessDenied"))
				s.ExpectAbsent(ctx, st.bucket, "copy")
				s.ExpectAbsent(ctx, st.bucket, "u")
				parts, err := s.SDK().ListParts(ctx, &s3.ListPartsInput{Bucket: &st.bucket, Key: aws.String("u"), UploadId: &st.upload})
				s.Expect(err).To(OK(), "I0: ListParts after the refusal")
				s.Expect(parts.Parts).To(HaveLen(1), "I0: parts after the refusal")
			},
		})
	}
	return struct{}{}
}()
