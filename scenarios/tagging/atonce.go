package tagging

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// watchers read tags while an object is written again and again.
const watchers = 3

// neverBare calls write over and over while others read the tags of k, which has
// some whenever anybody looks: the write before brought one, and this one does.
// What is not answered with 200 is another rule's.
func neverBare(ctx context.Context, s *S, bucket string, write func()) {
	over := make(chan struct{})
	var wg sync.WaitGroup
	bare := make([]*Response, watchers)
	reads := make([]int, watchers)
	for i := range watchers {
		wg.Go(func() {
			for bare[i] == nil {
				select {
				case <-over:
					return
				default:
				}
				r := s.Send(ctx, Request{Bucket: bucket, Key: "k", Query: "tagging="})
				if r.Status != http.StatusOK {
					continue
				}
				reads[i]++
				var doc struct {
					XMLName xml.Name   `xml:"Tagging"`
					Tags    []struct{} `xml:"TagSet>Tag"`
				}
				if xml.Unmarshal(r.Body, &doc) == nil && len(doc.Tags) == 0 {
					bare[i] = r
				}
			}
		})
	}
	func() {
		defer wg.Wait() // also when a write ends the scenario
		defer close(over)
		write()
	}()
	total := 0
	for i := range watchers {
		total += reads[i]
		s.Expect(bare[i]).To(BeNil(), "tags that were read while the object was overwritten by one that has some, too")
	}
	if total == 0 {
		s.Must(errors.New("no read was answered with 200"), "read the tags meanwhile")
	}
}

var _ = Add(Scenario{
	ID:    "tagging.header.at-once",
	Rule:  "T-05",
	Says:  "An object MUST have the tags that PutObject, CopyObject or CreateMultipartUpload gave it as soon as it is there: where one with tags takes the place of another, no read finds none.",
	Ref:   guide + "Welcome.html#ConsistencyModel",
	Level: Must,
	Needs: []Feature{Objects, Copy, Multipart, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := tagged(ctx, s, tag{"n", "0"})
		s.MustPut(ctx, b, "source", "source")
		h := header(tag{"n", "1"})
		neverBare(ctx, s, b, func() {
			for range 15 {
				s.MustPut(ctx, b, "k", "v", Header(h[0], h[1]))
				_, err := s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: aws.String("k"), CopySource: aws.String(b + "/source"),
					TaggingDirective: types.TaggingDirectiveReplace, Tagging: &h[1]})
				s.Must(err, "copy to k")
				up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: aws.String("k"), Tagging: &h[1]})
				s.Must(err, "begin an upload")
				part := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Query: "partNumber=1&uploadId=" + encode(aws.ToString(up.UploadId)), Body: []byte("v")})
				must(s, part, "upload a part")
				_, err = s.SDK().CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &b, Key: aws.String("k"), UploadId: up.UploadId,
					MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: aws.String(part.Header.Get("ETag"))}}}})
				s.Must(err, "complete the upload")
			}
		})
	},
})
