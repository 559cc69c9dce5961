// Package encryption holds the rules of server-side encryption: by the store's
// own keys, by those of a key management service, and by keys of the client's.
package encryption

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	. "bleepstore/scenarios"
)

const (
	api   = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	guide = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"

	apiPut    = api + "API_PutObject.html"
	apiGet    = api + "API_GetObject.html"
	apiCopy   = api + "API_CopyObject.html"
	apiCreate = api + "API_CreateMultipartUpload.html"
	apiPart   = api + "API_UploadPart.html"
	apiErrors = api + "ErrorResponses.html#ErrorCodeList"

	guideDefault  = guide + "default-encryption-faq.html"
	guideCustomer = guide + "ServerSideEncryptionCustomerKeys.html"
	guideHeaders  = guide + "specifying-s3-c-encryption.html"
	guideBlocked  = guide + "blocking-unblocking-s3-c-encryption-gpb.html"
	guideKMS      = guide + "specifying-kms-encryption.html"

	hSSE    = "x-amz-server-side-encryption"
	hKMSKey = hSSE + "-aws-kms-key-id"
	hBucket = hSSE + "-bucket-key-enabled"
	hOwn    = hSSE + "-customer-"
	hSource = "x-amz-copy-source-server-side-encryption-customer-"

	aes = "AES256"
	kms = "aws:kms"
)

// header is one header of a request.
func header(name, value string) [2]string { return [2]string{name, value} }

// keys are the headers, which begin with prefix, of the n-th key of a scenario.
func keys(s *S, prefix string, n int) [][2]string { return headersOf(prefix, keyOf(s, n)) }

// keyOf is the n-th key of a run.
func keyOf(s *S, n int) []byte { return s.Bytes(32 * (n + 1))[32*n:] }

func headersOf(prefix string, key []byte) [][2]string {
	sum := md5.Sum(key)
	return [][2]string{header(prefix+"algorithm", aes), header(prefix+"key", base64.StdEncoding.EncodeToString(key)),
		header(prefix+"key-MD5", base64.StdEncoding.EncodeToString(sum[:]))}
}

func put(bucket, key, body string, headers ...[2]string) Request {
	return Request{Method: "PUT", Bucket: bucket, Key: key, Body: []byte(body), Header: headers}
}

func get(bucket, key string, headers ...[2]string) Request {
	return Request{Method: "GET", Bucket: bucket, Key: key, Header: headers}
}

func head(bucket, key string, headers ...[2]string) Request {
	return Request{Method: "HEAD", Bucket: bucket, Key: key, Header: headers}
}

// dup copies from to key, within a bucket.
func dup(bucket, from, key string, headers ...[2]string) Request {
	return Request{Method: "PUT", Bucket: bucket, Key: key, Header: append(slices.Clone(headers), header("x-amz-copy-source", bucket+"/"+from))}
}

// send sends a request that holds a key of the client's, by TLS wherever that can be.
func send(ctx context.Context, s *S, r Request) *Response {
	r.TLS = s.Target().TLSEndpoint != nil
	return s.Send(ctx, r)
}

// must sends a request as a precondition.
func must(ctx context.Context, s *S, r Request, doing string) *Response {
	resp := send(ctx, s, r)
	if ok, _ := OK().Match(resp); ok {
		return resp
	}
	if resp.Status == 501 || resp.Status == 405 {
		s.Expect(resp).To(OK(), doing) // the engine takes it for a feature that is lacking
	}
	s.Must(fmt.Errorf("got %s", Outcome(resp)), doing)
	return resp
}

// open returns a bucket that lets objects be written with keys of the client's. A
// server that does not know of the block has none.
func open(ctx context.Context, s *S) string {
	b := s.Bucket(ctx)
	unblock(ctx, s, b)
	return b
}

func unblock(ctx context.Context, s *S, bucket string) {
	err := configure(ctx, s, bucket, types.ServerSideEncryptionRule{
		ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: aes},
		BlockedEncryptionTypes:             &types.BlockedEncryptionTypes{EncryptionType: []types.EncryptionType{types.EncryptionTypeNone}},
	})
	if err != nil {
		s.Observe("lifting the block on SSE-C", err)
		return
	}
	s.Settle(ctx, "a key of the client's is accepted", func() error { return accepted(ctx, s, bucket) })
}

// accepted is nil unless the bucket refuses a key of the client's as blocked.
func accepted(ctx context.Context, s *S, bucket string) error {
	r := send(ctx, s, put(bucket, "probe", "", keys(s, hOwn, 0)...))
	if r.Status == 403 {
		return fmt.Errorf("got %s", Outcome(r))
	}
	return nil
}

// configure replaces the default encryption of a bucket.
func configure(ctx context.Context, s *S, bucket string, rule types.ServerSideEncryptionRule) error {
	_, err := s.SDK().PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: &bucket,
		ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{rule}}})
	return err
}

// byKMS makes the bucket's default encryption that of a key management service, with
// its managed key.
func byKMS(ctx context.Context, s *S, bucket string) {
	s.Must(configure(ctx, s, bucket, kmsRule(true)), "set the default encryption to aws:kms")
	s.Settle(ctx, "the default encryption reads aws:kms", func() error { return reads(ctx, s, bucket, kms) })
}

func kmsRule(bucketKey bool) types.ServerSideEncryptionRule {
	return types.ServerSideEncryptionRule{BucketKeyEnabled: &bucketKey,
		ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: kms}}
}

// rule reads the one rule of a bucket's default encryption.
func rule(ctx context.Context, s *S, bucket string) (types.ServerSideEncryptionRule, error) {
	out, err := s.SDK().GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &bucket})
	if err != nil {
		return types.ServerSideEncryptionRule{}, err
	}
	c := out.ServerSideEncryptionConfiguration
	if c == nil || len(c.Rules) != 1 || c.Rules[0].ApplyServerSideEncryptionByDefault == nil {
		return types.ServerSideEncryptionRule{}, fmt.Errorf("got %+v, want one rule with a default", c)
	}
	return c.Rules[0], nil
}

// reads is nil when the default encryption of the bucket is algorithm.
func reads(ctx context.Context, s *S, bucket, algorithm string) error {
	r, err := rule(ctx, s, bucket)
	if err == nil && string(r.ApplyServerSideEncryptionByDefault.SSEAlgorithm) != algorithm {
		err = fmt.Errorf("it reads %s", r.ApplyServerSideEncryptionByDefault.SSEAlgorithm)
	}
	return err
}

// encrypted demands that GET and HEAD say how an object is encrypted.
func encrypted(ctx context.Context, s *S, bucket, key, algorithm string) {
	for _, r := range []Request{get(bucket, key), head(bucket, key)} {
		resp := s.Send(ctx, r)
		s.Expect(resp).To(HaveStatus(200), r.Method)
		s.Expect(resp).To(HaveHeader(hSSE, algorithm), r.Method)
	}
}

// begin creates a multipart upload.
func begin(ctx context.Context, s *S, bucket, key string, headers ...[2]string) (id string, resp *Response) {
	resp = must(ctx, s, Request{Method: "POST", Bucket: bucket, Key: key, Query: "uploads=", Header: headers}, "create an upload")
	return between(string(resp.Body), "<UploadId>", "</UploadId>"), resp
}

func part(bucket, key, id string, number int, body []byte, headers ...[2]string) Request {
	return Request{Method: "PUT", Bucket: bucket, Key: key, Query: fmt.Sprintf("partNumber=%d&uploadId=%s", number, id), Body: body, Header: headers}
}

// complete completes an upload of parts of those ETags.
func complete(bucket, key, id string, etags ...string) Request {
	text := "<CompleteMultipartUpload>"
	for i, tag := range etags {
		text += fmt.Sprintf("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", i+1, tag)
	}
	return Request{Method: "POST", Bucket: bucket, Key: key, Query: "uploadId=" + id, Body: []byte(text + "</CompleteMultipartUpload>")}
}

// abort ends an upload that a scenario is done with.
func abort(ctx context.Context, s *S, bucket, key, id string) {
	_, err := s.SDK().AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &bucket, Key: &key, UploadId: aws.String(id)})
	s.Must(err, "abort the upload")
}
