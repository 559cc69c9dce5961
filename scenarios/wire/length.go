package wire

import (
	"context"

	. "bleepstore/scenarios"
)

// A request with neither a body nor a Content-Length has a body of no bytes.

func init() {
	for _, c := range []struct {
		id, text string
		needs    Feature
		regions  []string
		make     func(s *S, bucket string) Request
	}{
		{"create-bucket", "CreateBucket", Buckets, []string{"us-east-1"}, func(s *S, _ string) Request { // others need a document
			return Request{Method: "PUT", Bucket: s.NewName()}
		}},
		{"copy", "CopyObject", Copy, nil, func(_ *S, b string) Request {
			return Request{Method: "PUT", Bucket: b, Key: "copy", Header: [][2]string{{"x-amz-copy-source", b + "/k"}}}
		}},
		{"create-upload", "CreateMultipartUpload", Multipart, nil, func(_ *S, b string) Request {
			return Request{Method: "POST", Bucket: b, Key: "upload", Query: "uploads="}
		}},
	} {
		Add(Scenario{
			ID:    "wire.no-length." + c.id,
			Rule:  "X-16",
			Says:  c.text + " without a body and without Content-Length SHOULD be served, since such a request has a body of no bytes.",
			Ref:   "https://www.rfc-editor.org/rfc/rfc9112#section-6.3",
			Level: Should,
			Needs: []Feature{Wire, c.needs}, Regions: c.regions,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "v")
				r := c.make(s, b)
				r.Omit = []string{"Content-Length"}
				s.Expect(s.Send(ctx, r)).To(OK())
			},
		})
	}
}
