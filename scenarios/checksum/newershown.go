package checksum

import (
	"context"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

// Uploads with the algorithms of 2026, and where they show.

var _ = func() struct{} {
	for _, a := range digest.Newer() {
		addNewInLists(a)
		addNewAttributes(a)
		addNewUnannounced(a)
		addNewCompletion(a)
	}
	return struct{}{}
}()

func addNewInLists(a digest.Algorithm) {
	Add(about(a, Scenario{
		ID:    "checksum.new.parts." + a.ID(),
		Rule:  "K-14",
		Says:  "ListParts MUST name " + a.Name + " and COMPOSITE of an upload created with it, and give each part's value; ListMultipartUploads the same two.",
		Ref:   api + "API_ListParts.html#API_ListParts_ResponseElements",
		SDK:   "s3@v1.114.8 Part." + a.Element(),
		Level: Must,
		Needs: []Feature{Checksum, Multipart},
		Check: func(ctx context.Context, s *S) {
			u := begin(ctx, s, algHeader, a.Name, typeHeader, composite)
			u.list(ctx, a, []byte(body))
			r := u.parts(ctx)
			s.Expect(r).To(OK())
			s.Expect(element(r.Body, a.Element())).To(Equal(a.Of([]byte(body))), "part 1")
			for name, r := range map[string]*Response{"ListParts": r, "ListMultipartUploads": s.Send(ctx, Request{Bucket: u.bucket, Query: "uploads="})} {
				s.Expect(r).To(OK(), name)
				s.Expect(element(r.Body, "ChecksumAlgorithm")).To(Equal(a.Name), name)
				s.Expect(element(r.Body, "ChecksumType")).To(Equal(composite), name)
			}
		},
	}))
}

func addNewAttributes(a digest.Algorithm) {
	Add(about(a, Scenario{
		ID:    "checksum.new.attributes-parts." + a.ID(),
		Rule:  "K-14",
		Says:  "GetObjectAttributes with ObjectParts MUST return the " + a.Name + " of each part of an object with a COMPOSITE one.",
		Ref:   api + "API_GetObjectAttributesParts.html",
		SDK:   "s3@v1.114.8 ObjectPart." + a.Element(),
		Level: Must,
		Needs: []Feature{Checksum, Multipart},
		Check: func(ctx context.Context, s *S) {
			u := begin(ctx, s, algHeader, a.Name)
			u.mustComplete(ctx, u.list(ctx, a, []byte(body))...)
			r := attributes(ctx, s, u.bucket, u.key, "ObjectParts")
			s.Expect(r).To(OK())
			s.Expect(element(r.Body, "PartNumber")).To(Equal("1"))
			s.Expect(element(r.Body, a.Element())).To(Equal(a.Of([]byte(body))))
		},
	}))
}

// Unlike the older algorithms, of which a value at the end is ignored then.
func addNewUnannounced(a digest.Algorithm) {
	Add(about(a, Scenario{
		ID:    "checksum.new.unannounced." + a.ID(),
		Rule:  "K-14",
		Says:  "CompleteMultipartUpload with " + a.Header() + " of an upload that was created without an algorithm MUST fail with 400 InvalidRequest and create nothing.",
		Ref:   guideUpload,
		SDK:   "s3@v1.114.8 CompleteMultipartUploadInput." + a.Element(),
		Level: Must,
		Needs: []Feature{Checksum, Multipart},
		Check: func(ctx context.Context, s *S) {
			u := begin(ctx, s)
			row := listed{number: 1, etag: u.mustPart(ctx, 1, []byte(body))}
			r := u.completeWith(ctx, header(a.Header(), a.OfParts([]byte(body))), row)
			s.Expect(r).To(FailWith(400, "InvalidRequest"))
			s.ExpectAbsent(ctx, u.bucket, u.key)
			s.Expect(u.complete(ctx, row)).To(OK(), "without it")
		},
	}))
}

func addNewCompletion(a digest.Algorithm) {
	Add(about(a, Scenario{
		ID:    "checksum.new.complete-wrong." + a.ID(),
		Rule:  "K-14",
		Says:  "CompleteMultipartUpload SHOULD fail with 400 and create nothing when the " + a.Name + " that it lists for a part, or carries for the whole, is another, and succeed with the right ones.",
		Ref:   apiComplete + "#API_CompleteMultipartUpload_RequestParameters",
		SDK:   "s3@v1.114.8 CompletedPart." + a.Element(),
		Level: Should,
		Needs: []Feature{Checksum, Multipart},
		Check: func(ctx context.Context, s *S) {
			u := begin(ctx, s, algHeader, a.Name)
			rows := u.list(ctx, a, []byte(body))
			wrong := listed{1, rows[0].etag, a.Element(), a.Of([]byte("other"))}
			s.Expect(u.complete(ctx, wrong)).To(FailWith(400, "InvalidPart"), "another part's")
			s.Expect(u.completeWith(ctx, header(a.Header(), a.OfParts([]byte("other"))), rows...)).To(FailWith(400, "BadDigest"), "another object's")
			s.ExpectAbsent(ctx, u.bucket, u.key)
			s.Expect(u.completeWith(ctx, header(a.Header(), a.OfParts([]byte(body))), rows...)).To(OK(), "the right ones")
			s.ExpectBody(ctx, u.bucket, u.key, body)
		},
	}))
}

// A listing of each kind names the newer algorithms too.
func addNewListing(name, query, ref string, needs ...Feature) struct{} {
	return Add(Scenario{
		ID:    "checksum.new.listed." + name,
		Rule:  "K-14",
		Says:  "A listing (" + name + ") MUST name the algorithm and the type of a checksum that is MD5, SHA512 or of the xxHash family.",
		Ref:   ref,
		Level: Must,
		Needs: append([]Feature{NewChecksum, Checksum, Copy}, needs...),
		Check: func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			s.MustPut(ctx, b, "k", body)
			for _, a := range digest.Newer() {
				s.Must(failed(copyTo(ctx, s, b, "of-"+a.ID(), algHeader, a.Name)), "copy with "+a.Name)
				r := s.Send(ctx, Request{Bucket: b, Query: strings.ReplaceAll(query, "PREFIX", "of-"+a.ID())})
				s.Expect(r).To(OK(), a.Name)
				s.Expect(element(r.Body, "ChecksumAlgorithm")).To(Equal(a.Name))
				s.Expect(element(r.Body, "ChecksumType")).To(Equal(full), a.Name)
			}
		},
	})
}

var (
	_ = addNewListing("objects-v1", "prefix=PREFIX", api+"API_Object.html#AmazonS3-Type-Object-ChecksumAlgorithm", Listing)
	_ = addNewListing("objects-v2", "list-type=2&prefix=PREFIX", api+"API_Object.html#AmazonS3-Type-Object-ChecksumAlgorithm", Listing)
	_ = addNewListing("versions", "versions=&prefix=PREFIX", api+"API_ObjectVersion.html#AmazonS3-Type-ObjectVersion-ChecksumAlgorithm", Versioning)
)
