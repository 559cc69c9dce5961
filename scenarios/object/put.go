// Package object holds the rules of single objects: PUT, GET, HEAD, DELETE,
// their headers and metadata, keys, conditional reads and ranges.
package object

import (
	"context"
	"crypto/md5"
	"encoding/hex"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

const (
	refPut    = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"
	refObject = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html"
)

var _ = Add(Scenario{
	ID:    "object.put.etag-md5",
	Rule:  "O-01",
	Says:  "The ETag of an object stored by one PUT without SSE-C or SSE-KMS MUST be the quoted hexadecimal MD5 of its body.",
	Ref:   refObject + "#AmazonS3-Type-Object-ETag",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		out, err := s.Put(ctx, b, "k", "hello")
		s.Expect(err).To(OK())
		sum := md5.Sum([]byte("hello"))
		s.Expect(*out.ETag).To(Equal(`"` + hex.EncodeToString(sum[:]) + `"`))
	},
})

var _ = Add(Scenario{
	ID:    "object.put.empty",
	Rule:  "O-02",
	Says:  "A zero-byte object MUST be stored and read back with Content-Length 0.",
	Ref:   refPut,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "")
		r := s.Send(ctx, Request{Bucket: b, Key: "k"})
		s.Expect(r).To(HaveStatus(200))
		s.Expect(r.Body).To(BeEmpty())
		s.Expect(r).To(HaveHeader("Content-Length", "0"))
	},
})
