// Package sample holds one well-formed request for each operation, and the
// stage on which it would succeed: for rules that send every operation and
// want every one refused. It knows nothing of why.
package sample

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/scenarios"
)

// An Operation is one request on the stage. BUCKET, UPLOAD and ETAG in its
// texts stand for the stage's own.
type Operation struct {
	Name   string // as S3 calls it; one operation may stand twice, as "PutObject new key"
	Method string
	Key    string // "" for requests to the bucket
	Query  string
	Body   string
	Source string // x-amz-copy-source
	Header [2]string
	Need   scenarios.Feature
	target target
}

// target is what a request is addressed to when it names no key.
type target int

const (
	stageBucket target = iota
	newBucket          // a name that no bucket has
	service
)

// A Stage is a bucket that holds the object k and an upload of key u with one
// part; other names are free.
type Stage struct {
	Bucket string
	Absent string // free for CreateBucket; "" where the run may create none

	s      *scenarios.S
	upload string
	etag   string // of the part
}

const (
	object = "old"
	part   = "part"
)

// Prepare sets the stage. When that fails the scenario is blocked.
func Prepare(ctx context.Context, s *scenarios.S) *Stage {
	st := &Stage{Bucket: s.Bucket(ctx), s: s}
	if s.Target().Bucket == "" {
		st.Absent = s.AbsentBucket()
	}
	s.MustPut(ctx, st.Bucket, "k", object)
	up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &st.Bucket, Key: aws.String("u")})
	s.Must(err, "create a multipart upload")
	st.upload = aws.ToString(up.UploadId)
	out, err := s.SDK().UploadPart(ctx, &s3.UploadPartInput{Bucket: &st.Bucket, Key: aws.String("u"), UploadId: &st.upload,
		PartNumber: aws.Int32(1), Body: strings.NewReader(part)})
	s.Must(err, "upload a part")
	st.etag = aws.ToString(out.ETag)
	return st
}

// Operations are those of the core that the run may send, writes among them.
func (st *Stage) Operations() []Operation {
	var out []Operation
	for _, op := range Every() {
		if slices.Contains(scenarios.Profiles["core"], op.Need) && (st.Absent != "" || op.tame()) {
			out = append(out, op)
		}
	}
	return out
}

// tame is false for what would change a bucket itself.
func (op Operation) tame() bool {
	return op.Key != "" || op.Method == "GET" || op.Method == "HEAD"
}

// Request renders op for the stage.
func (st *Stage) Request(op Operation) scenarios.Request {
	fill := strings.NewReplacer("BUCKET", st.Bucket, "UPLOAD", st.upload, "ETAG", st.etag).Replace
	r := scenarios.Request{Method: op.Method, Bucket: st.Bucket, Key: op.Key, Query: fill(op.Query)}
	switch op.target {
	case newBucket:
		r.Bucket = st.Absent
	case service:
		r.Bucket = ""
	}
	if op.Body != "" {
		r.Body = []byte(fill(op.Body))
		r.Header = append(r.Header, scenarios.ContentMD5(r.Body))
	}
	if op.Source != "" {
		r.Header = append(r.Header, [2]string{"x-amz-copy-source", fill(op.Source)})
	}
	if op.Header[0] != "" {
		r.Header = append(r.Header, op.Header)
	}
	return r
}

// Clock returns the time on the target, by the Date of an answer, so that
// signatures can be made early or late for it whatever the time is here.
func Clock(ctx context.Context, s *scenarios.S) time.Time {
	r := s.Send(ctx, scenarios.Request{Path: "/"})
	s.Must(r.Err, "ask for the time")
	t, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil {
		return time.Now()
	}
	return t
}

// ExpectUnchanged is invariant I0 for the whole stage.
func (st *Stage) ExpectUnchanged(ctx context.Context) {
	s := st.s
	s.ExpectUnchanged(ctx, st.Bucket, "k", object)
	list, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &st.Bucket})
	s.Expect(err).To(scenarios.OK(), "I0: list the objects")
	var keys []string
	for _, o := range list.Contents {
		keys = append(keys, aws.ToString(o.Key))
	}
	if fmt.Sprint(keys) != "[k]" {
		s.Silently("I0: refused requests changed the keys: got %q, want [k]", keys)
	}
	st.expectUpload(ctx)
	if st.Absent == "" {
		return
	}
	_, err = s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &st.Absent})
	s.Expect(err).To(scenarios.FailWith(404), "I0: HEAD of a bucket whose creation was refused")
}

func (st *Stage) expectUpload(ctx context.Context) {
	s := st.s
	ups, err := s.SDK().ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &st.Bucket})
	s.Expect(err).To(scenarios.OK(), "I0: list the uploads")
	if n := len(ups.Uploads); n != 1 {
		s.Silently("I0: refused requests changed the uploads: got %d, want 1", n)
	}
	parts, err := s.SDK().ListParts(ctx, &s3.ListPartsInput{Bucket: &st.Bucket, Key: aws.String("u"), UploadId: &st.upload})
	s.Expect(err).To(scenarios.OK(), "I0: list the parts")
	if n := len(parts.Parts); n != 1 || aws.ToString(parts.Parts[0].ETag) != st.etag {
		s.Silently("I0: refused requests changed the parts: got %d, want the one with ETag %s", n, st.etag)
	}
}
