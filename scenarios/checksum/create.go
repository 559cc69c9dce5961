package checksum

import (
	"context"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

// Which checksum an upload may have, and what its parts must then carry.

const awsTranscript = "https://github.com/floci-io/floci/pull/3093" // answers of S3, captured

var _ = func() struct{} {
	for _, a := range digest.Every() {
		if !a.Full {
			addNoType(a, full)
		}
		if !a.Composite {
			addNoType(a, composite)
		}
		addDefaultType(a)
	}
	for _, pair := range [][2]digest.Algorithm{{digest.CRC32, digest.SHA256}, {digest.SHA256, digest.CRC32}, {digest.CRC64NVME, digest.CRC32C}, {digest.SHA1, digest.CRC64NVME},
		{digest.SHA512, digest.SHA256}, {digest.CRC32, digest.MD5}, {digest.MD5, digest.XXHASH128}, {digest.XXHASH3, digest.XXHASH64}} {
		addOtherPart(pair[0], pair[1])
	}
	return struct{}{}
}()

func addNoType(a digest.Algorithm, kind string) {
	Add(about(a, Scenario{
		ID:    "checksum.create.no-type." + a.ID(),
		Rule:  "K-06",
		Says:  "CreateMultipartUpload with " + a.Name + " and " + kind + ", which that algorithm does not support, MUST fail with 400.",
		Ref:   guideTypes,
		Level: Must,
		Needs: []Feature{Checksum, Multipart},
		Check: func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			r := create(ctx, s, b, "k", algHeader, a.Name, typeHeader, kind)
			s.Observe(a.Name+" with "+kind, Outcome(r))
			s.Expect(r).To(FailWith(400))
			expectNoUpload(ctx, s, b)
		},
	}))
}

func expectNoUpload(ctx context.Context, s *S, bucket string) {
	r := s.Send(ctx, Request{Bucket: bucket, Query: "uploads="})
	s.Expect(r).To(OK(), "list uploads")
	if id := element(r.Body, "UploadId"); id != "" {
		s.Silently("I0: a refused upload is listed")
	}
}

func addDefaultType(a digest.Algorithm) {
	kind := composite
	if !a.Composite {
		kind = full
	}
	Add(about(a, Scenario{
		ID:    "checksum.create.default-type." + a.ID(),
		Rule:  "K-09",
		Says:  "CreateMultipartUpload with " + a.Name + " and no type SHOULD answer with that algorithm and the type " + kind + ".",
		Ref:   awsTranscript,
		Level: Should,
		Needs: []Feature{Checksum, Multipart},
		Check: func(ctx context.Context, s *S) {
			r := create(ctx, s, s.Bucket(ctx), "k", algHeader, a.Name)
			s.Expect(r).To(OK())
			s.Expect(r).To(HaveHeader(algHeader, a.Name))
			s.Expect(r).To(HaveHeader(typeHeader, kind))
		},
	}))
}

var _ = Add(Scenario{
	ID:    "checksum.create.no-type-code",
	Rule:  "K-06",
	Says:  "CreateMultipartUpload with a checksum type that the algorithm does not support SHOULD fail with 400 InvalidRequest.",
	Ref:   guideTypes,
	Level: Should,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.Expect(create(ctx, s, b, "k", algHeader, "SHA256", typeHeader, full)).To(FailWith(400, "InvalidRequest"), "SHA256 with FULL_OBJECT")
		s.Expect(create(ctx, s, b, "k", algHeader, "CRC64NVME", typeHeader, composite)).To(FailWith(400, "InvalidRequest"), "CRC64NVME with COMPOSITE")
	},
})

var _ = Add(Scenario{
	ID:    "checksum.create.type-only",
	Rule:  "K-07",
	Says:  "CreateMultipartUpload with x-amz-checksum-type but no algorithm SHOULD fail with 400 InvalidRequest.",
	Ref:   apiCreate + "#API_CreateMultipartUpload_RequestParameters",
	Level: Should,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, kind := range []string{full, composite} {
			s.Expect(create(ctx, s, b, "k", typeHeader, kind)).To(FailWith(400, "InvalidRequest"), kind)
		}
		expectNoUpload(ctx, s, b)
	},
})

var _ = Add(Scenario{
	ID:    "checksum.create.unknown",
	Rule:  "K-06",
	Says:  "CreateMultipartUpload with an algorithm or a type that does not exist MUST fail with 400.",
	Ref:   apiCreate + "#API_CreateMultipartUpload_RequestParameters",
	Level: Must,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.Expect(create(ctx, s, b, "k", algHeader, "CRC16")).To(FailWith(400), "algorithm CRC16")
		s.Expect(create(ctx, s, b, "k", algHeader, "CRC32", typeHeader, "PARTIAL")).To(FailWith(400), "type PARTIAL")
		expectNoUpload(ctx, s, b)
	},
})

func addOtherPart(created, sent digest.Algorithm) {
	Add(about(created, about(sent, Scenario{
		ID:    "checksum.part.other-algorithm." + created.ID() + "-" + sent.ID(),
		Rule:  "K-08",
		Says:  "UploadPart with " + sent.Name + " to an upload created with " + created.Name + " MUST fail with 400 and store no part.",
		Ref:   apiPart,
		SDK:   "s3@v1.114.8 UploadPartInput.ChecksumAlgorithm",
		Level: Must,
		Needs: []Feature{Checksum, Multipart},
		Check: func(ctx context.Context, s *S) {
			slot := PartSlot(ctx, s, Header(algHeader, created.Name))
			r := slot.Send(ctx, Request{Body: []byte(body), Header: header(sent.Header(), sent.Of([]byte(body)))})
			s.Expect(r).To(FailWith(400))
			slot.ExpectEmpty(ctx)
		},
	})))
}

var _ = Add(Scenario{
	ID:    "checksum.part.other-algorithm-code",
	Rule:  "K-08",
	Says:  "UploadPart with another algorithm than its upload's SHOULD fail with the code InvalidRequest.",
	Ref:   "https://github.com/aws/aws-sdk-java/issues/3173",
	Level: Should,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		slot := PartSlot(ctx, s, Header(algHeader, "CRC32"))
		r := slot.Send(ctx, Request{Body: []byte(body), Header: header("x-amz-checksum-sha1", digest.SHA1.Of([]byte(body)))})
		s.Expect(r).To(FailWith(400, "InvalidRequest"))
	},
})

var _ = Add(Scenario{
	ID:    "checksum.part.not-announced",
	Rule:  "K-08",
	Says:  "UploadPart with a checksum to an upload created without an algorithm MAY be refused or judged; what the server does is recorded.",
	Ref:   "https://github.com/apache/arrow-rs/issues/6793",
	Level: Info,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		slot := PartSlot(ctx, s)
		for _, a := range digest.All() {
			r := slot.Send(ctx, Request{Body: []byte(body), Header: header(a.Header(), a.Of([]byte(body)))})
			s.Observe(a.Name+", right", Outcome(r))
			r = slot.Send(ctx, Request{Body: []byte(body), Header: header(a.Header(), a.Of([]byte("other")))})
			s.Observe(a.Name+", wrong", Outcome(r))
			s.Expect(r).NotTo(OK(), "a wrong %s", a.Name)
		}
	},
})

var _ = Add(Scenario{
	ID:    "checksum.complete.not-announced",
	Rule:  "K-08",
	Says:  "CompleteMultipartUpload with a CRC32, CRC32C, SHA1 or SHA256 of an upload that was created without an algorithm MAY ignore it, as S3 is documented to do for the time being, or refuse it; what the server does is recorded.",
	Ref:   guideUpload,
	Level: Info,
	Needs: []Feature{Checksum, Multipart},
	Check: func(ctx context.Context, s *S) {
		for _, a := range []digest.Algorithm{digest.CRC32, digest.CRC32C, digest.SHA1, digest.SHA256} {
			u := begin(ctx, s)
			row := listed{number: 1, etag: u.mustPart(ctx, 1, []byte(body))}
			r := u.completeWith(ctx, header(a.Header(), a.OfParts([]byte("other"))), row)
			s.Observe(a.Name+" of another object", Outcome(r))
		}
	},
})
