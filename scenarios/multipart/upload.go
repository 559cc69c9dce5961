// Package multipart holds the rules of multipart uploads: parts, completion,
// abortion, listings of parts and uploads, reads by part number and parts
// copied from objects.
package multipart

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

const (
	guide = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
	api   = "https://docs.aws.amazon.com/AmazonS3/latest/API/"

	guideOverview = guide + "mpuoverview.html"
	apiCreate     = api + "API_CreateMultipartUpload.html"
	apiPart       = api + "API_UploadPart.html"
	apiCopy       = api + "API_UploadPartCopy.html"
	apiComplete   = api + "API_CompleteMultipartUpload.html"
	apiAbort      = api + "API_AbortMultipartUpload.html"
	apiParts      = api + "API_ListParts.html"
	apiUploads    = api + "API_ListMultipartUploads.html"
	apiErrors     = api + "ErrorResponses.html#ErrorCodeList"
)

// minPart is the least size of every part but the last.
const minPart = 5 << 20

// An upload is a multipart upload in progress.
type upload struct {
	s               *S
	bucket, key, id string
}

// create begins an upload of key; it must succeed.
func create(ctx context.Context, s *S, bucket, key string, opts ...Opt) upload {
	out, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key}, opts...)
	s.Must(err, "create a multipart upload")
	return upload{s, bucket, key, aws.ToString(out.UploadId)}
}

// query names the upload, behind other parameters.
func (u upload) query(more string) string {
	if more != "" {
		more += "&"
	}
	return more + "uploadId=" + url.QueryEscape(u.id)
}

// send uploads a part and returns the answer.
func (u upload) send(ctx context.Context, number int, body []byte, header ...[2]string) *Response {
	return u.s.Send(ctx, Request{Method: "PUT", Bucket: u.bucket, Key: u.key, Query: u.query(fmt.Sprintf("partNumber=%d", number)),
		Body: body, Payload: sign.Unsigned, Header: header})
}

// A part is one row of a completion.
type part struct {
	number int
	etag   string // as the server gave it, quoted
}

// part uploads a part, which must succeed.
func (u upload) part(ctx context.Context, number int, body []byte) part {
	r := u.send(ctx, number, body)
	u.s.Must(failed(r), fmt.Sprintf("upload part %d", number))
	return part{number, r.Header.Get("ETag")}
}

// failed is nil for a success, else an error that says what came back.
func failed(r *Response) error {
	switch {
	case r.Err != nil:
		return r.Err
	case r.Status/100 != 2 || r.Code != "":
		return errors.New(Outcome(r))
	}
	return nil
}

// body renders the XML of a completion.
func body(parts ...part) []byte {
	var b strings.Builder
	b.WriteString(`<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`)
	for _, p := range parts {
		fmt.Fprintf(&b, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>", p.number, strings.ReplaceAll(p.etag, `"`, "&quot;"))
	}
	b.WriteString("</CompleteMultipartUpload>")
	return []byte(b.String())
}

// complete completes the upload from the parts given.
func (u upload) complete(ctx context.Context, parts ...part) *Response {
	return u.post(ctx, body(parts...))
}

// post sends a completion with exactly this body.
func (u upload) post(ctx context.Context, xml []byte, header ...[2]string) *Response {
	return u.s.Send(ctx, Request{Method: "POST", Bucket: u.bucket, Key: u.key, Query: u.query(""), Body: xml, Header: header})
}

// abort ends the upload.
func (u upload) abort(ctx context.Context) *Response {
	return u.s.Send(ctx, Request{Method: "DELETE", Bucket: u.bucket, Key: u.key, Query: u.query("")})
}

// parts lists the upload's parts.
func (u upload) parts(ctx context.Context, edits ...func(*s3.ListPartsInput)) (*s3.ListPartsOutput, error) {
	in := &s3.ListPartsInput{Bucket: &u.bucket, Key: &u.key, UploadId: &u.id}
	for _, edit := range edits {
		edit(in)
	}
	return u.s.SDK().ListParts(ctx, in)
}

// compositeETag is the documented ETag of an object made of these parts.
func compositeETag(parts ...[]byte) string {
	all := md5.New()
	for _, p := range parts {
		sum := md5.Sum(p)
		all.Write(sum[:])
	}
	return fmt.Sprintf(`"%s-%d"`, hex.EncodeToString(all.Sum(nil)), len(parts))
}

// twoParts stores an object of two parts, 5 MiB and tail, and returns its body.
func twoParts(ctx context.Context, s *S, bucket, key, tail string) []byte {
	u := create(ctx, s, bucket, key)
	first := s.Bytes(minPart)
	s.Must(failed(u.complete(ctx, u.part(ctx, 1, first), u.part(ctx, 2, []byte(tail)))), "complete the upload")
	return append(append(make([]byte, 0, minPart+len(tail)), first...), tail...)
}
