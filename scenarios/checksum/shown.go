package checksum

import (
	"context"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

// Where else a checksum shows: attributes and listings.

const attributesHeader = "x-amz-object-attributes"

// attributes asks for the attributes of an object.
func attributes(ctx context.Context, s *S, bucket, key, names string) *Response {
	return s.Send(ctx, Request{Bucket: bucket, Key: key, Query: "attributes=", Header: header(attributesHeader, names)})
}

var _ = func() struct{} {
	for _, a := range digest.Every() {
		Add(about(a, Scenario{
			ID:    "checksum.shown.attributes." + a.ID(),
			Rule:  "K-13",
			Says:  "GetObjectAttributes MUST return the " + a.Name + " of an object and the type FULL_OBJECT.",
			Ref:   api + "API_GetObjectAttributes.html#API_GetObjectAttributes_ResponseElements",
			Level: Must,
			Needs: []Feature{Checksum, Objects},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				mustPut(ctx, s, b, "k", body, a)
				r := attributes(ctx, s, b, "k", "Checksum")
				s.Expect(r).To(OK())
				s.Expect(element(r.Body, a.Element())).To(Equal(a.Of([]byte(body))))
				s.Expect(element(r.Body, "ChecksumType")).To(Equal(full))
			},
		}))
	}
	return struct{}{}
}()

var _ = Add(Scenario{
	ID:    "checksum.shown.attributes-parts",
	Rule:  "K-13",
	Says:  "GetObjectAttributes with ObjectParts MUST return the checksum of each part of an object with a COMPOSITE one.",
	Ref:   api + "API_GetObjectAttributesParts.html",
	SDK:   "s3@v1.114.8 GetObjectAttributesParts.Parts",
	Level: Must,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		u := begin(ctx, s, algHeader, "SHA256")
		u.mustComplete(ctx, u.list(ctx, digest.SHA256, []byte(body))...)
		r := attributes(ctx, s, u.bucket, u.key, "ObjectParts")
		s.Expect(r).To(OK())
		s.Expect(element(r.Body, "PartNumber")).To(Equal("1"))
		s.Expect(element(r.Body, "ChecksumSHA256")).To(Equal(digest.SHA256.Of([]byte(body))))
	},
})

var _ = Add(Scenario{
	ID:    "checksum.shown.attributes-composite",
	Rule:  "K-13",
	Says:  "GetObjectAttributes SHOULD give a COMPOSITE value without the number of parts that HeadObject puts behind it.",
	Ref:   "https://github.com/floci-io/floci/issues/3083",
	Level: Should,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		u := begin(ctx, s, algHeader, "SHA256")
		u.mustComplete(ctx, u.list(ctx, digest.SHA256, []byte(body))...)
		r := attributes(ctx, s, u.bucket, u.key, "Checksum")
		s.Expect(r).To(OK())
		s.Expect(element(r.Body, "ChecksumSHA256")).To(Equal(strings.TrimSuffix(digest.SHA256.OfParts([]byte(body)), "-1")))
		s.Expect(element(r.Body, "ChecksumType")).To(Equal(composite))
	},
})

// A listing tells of each object which algorithm it has.
func addListing(name, query string, ref string, needs ...Feature) struct{} {
	return Add(Scenario{
		ID:    "checksum.shown." + name,
		Rule:  "K-13",
		Says:  "A listing of " + map[string]string{"versions": "versions", "objects-v1": "objects", "objects-v2": "objects, V2,"}[name] + " MUST name the algorithm and the type of an object's checksum.",
		Ref:   ref,
		Level: Must,
		Needs: append([]Feature{Checksum}, needs...),
		Check: func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			mustPut(ctx, s, b, "k", body, digest.SHA1)
			r := s.Send(ctx, Request{Bucket: b, Query: query})
			s.Expect(r).To(OK())
			s.Expect(element(r.Body, "ChecksumAlgorithm")).To(Equal("SHA1"))
			s.Expect(element(r.Body, "ChecksumType")).To(Equal(full))
		},
	})
}

var (
	_ = addListing("objects-v1", "", api+"API_Object.html#AmazonS3-Type-Object-ChecksumAlgorithm", Listing)
	_ = addListing("objects-v2", "list-type=2", api+"API_Object.html#AmazonS3-Type-Object-ChecksumAlgorithm", Listing)
	_ = addListing("versions", "versions=", api+"API_ObjectVersion.html#AmazonS3-Type-ObjectVersion-ChecksumAlgorithm", Versioning)
)

var _ = Add(Scenario{
	ID:    "checksum.shown.parts",
	Rule:  "K-13",
	Says:  "ListParts MUST name the algorithm and the type of an upload's checksum, and give each part's value.",
	Ref:   api + "API_ListParts.html#API_ListParts_ResponseElements",
	Level: Must,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		u := begin(ctx, s, algHeader, "CRC32C", typeHeader, full)
		u.list(ctx, digest.CRC32C, []byte(body))
		r := u.parts(ctx)
		s.Expect(r).To(OK())
		s.Expect(element(r.Body, "ChecksumAlgorithm")).To(Equal("CRC32C"))
		s.Expect(element(r.Body, "ChecksumType")).To(Equal(full))
		s.Expect(element(r.Body, "ChecksumCRC32C")).To(Equal(digest.CRC32C.Of([]byte(body))), "part 1")
	},
})

var _ = Add(Scenario{
	ID:    "checksum.shown.uploads",
	Rule:  "K-13",
	Says:  "ListMultipartUploads MUST name the algorithm and the type of an upload's checksum.",
	Ref:   api + "API_MultipartUpload.html#AmazonS3-Type-MultipartUpload-ChecksumAlgorithm",
	Level: Must,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		u := begin(ctx, s, algHeader, "CRC64NVME")
		r := s.Send(ctx, Request{Bucket: u.bucket, Query: "uploads="})
		s.Expect(r).To(OK())
		s.Expect(element(r.Body, "ChecksumAlgorithm")).To(Equal("CRC64NVME"))
		s.Expect(element(r.Body, "ChecksumType")).To(Equal(full))
	},
})
