package acl

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	. "bleepstore/scenarios"
)

// A writer is an operation that takes an object's ACL in its headers.
type writer struct {
	id, name string
	made     bool // the object is there already: the operation sets its ACL alone
	// write has the operation send the headers of opts for key.
	write func(ctx context.Context, p *place, key string, opts ...Opt) error
}

var writers = []writer{
	{"put-object", "PutObject", false, func(ctx context.Context, p *place, key string, opts ...Opt) error {
		_, err := p.s.Put(ctx, p.bucket, key, "v", opts...)
		return err
	}},
	{"put-object-acl", "PutObjectAcl", true, func(ctx context.Context, p *place, key string, opts ...Opt) error {
		_, err := p.s.SDK().PutObjectAcl(ctx, &s3.PutObjectAclInput{Bucket: &p.bucket, Key: &key}, opts...)
		return err
	}},
	{"copy-object", "CopyObject", false, func(ctx context.Context, p *place, key string, opts ...Opt) error {
		p.s.MustPut(ctx, p.bucket, "source", "v")
		_, err := p.s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &p.bucket, Key: &key, CopySource: aws.String(p.bucket + "/source")}, opts...)
		return err
	}},
	{"create-multipart-upload", "CreateMultipartUpload", false, assemble},
}

// assemble makes an object of one part; opts go with CreateMultipartUpload.
// What fails behind it blocks the scenario.
func assemble(ctx context.Context, p *place, key string, opts ...Opt) error {
	up, err := p.s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &p.bucket, Key: &key}, opts...)
	if err != nil {
		return err
	}
	part, err := p.s.SDK().UploadPart(ctx, &s3.UploadPartInput{Bucket: &p.bucket, Key: &key, UploadId: up.UploadId,
		PartNumber: aws.Int32(1), Body: strings.NewReader("v")})
	p.s.Must(err, "upload a part")
	_, err = p.s.SDK().CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &p.bucket, Key: &key, UploadId: up.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}}})
	p.s.Must(err, "complete the upload")
	return nil
}

// ready makes the object that the operation needs.
func (w writer) ready(ctx context.Context, p *place, key string) {
	if w.made {
		p.s.MustPut(ctx, p.bucket, key, "v")
	}
}

// expectRefused demands after a refused write that it left nothing: no object,
// no upload, and an ACL as it was.
func (w writer) expectRefused(ctx context.Context, p *place, key string) {
	if w.made {
		p.expectACL(ctx, key, ownerFull)
		return
	}
	p.s.ExpectAbsent(ctx, p.bucket, key)
	ups, err := p.s.SDK().ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &p.bucket})
	p.s.Expect(err).To(OK(), "I0: list the uploads")
	if len(ups.Uploads) > 0 {
		p.s.Silently("I0: a refused %s began an upload", w.name)
	}
}

// needs are the features of a scenario about the operation.
func (w writer) needs(more ...Feature) []Feature {
	needs := []Feature{ACL, Objects, Listing, Multipart}
	if w.id == "copy-object" {
		needs = append(needs, Copy)
	}
	return append(needs, more...)
}
