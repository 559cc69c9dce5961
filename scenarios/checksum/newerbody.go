package checksum

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

// What comes with one body, of the algorithms of 2026.

var _ = func() struct{} {
	for _, a := range digest.Newer() {
		addAnnouncedNew(a)
	}
	for _, pair := range [][2]digest.Algorithm{{digest.XXHASH3, digest.XXHASH64}, {digest.XXHASH64, digest.XXHASH3}, {digest.XXHASH128, digest.MD5}, {digest.MD5, digest.XXHASH128}} {
		addValueOfAnother(pair[0], pair[1])
	}
	return struct{}{}
}()

func addAnnouncedNew(a digest.Algorithm) {
	Add(about(a, Scenario{
		ID:    "checksum.new.announced." + a.ID(),
		Rule:  "K-14",
		Says:  "PutObject with x-amz-sdk-checksum-algorithm " + a.Name + " MUST store the body when the checksum is there, and fail with 400 and store nothing when it is not.",
		Ref:   apiPut + "#API_PutObject_RequestParameters",
		SDK:   "s3@v1.114.8 PutObjectInput.ChecksumAlgorithm",
		Level: Must,
		Needs: []Feature{Checksum, Objects},
		Check: func(ctx context.Context, s *S) {
			slot := ObjectSlot(ctx, s)
			s.Expect(slot.Send(ctx, Request{Body: []byte(body), Header: header(sdkHeader, a.Name)})).To(FailWith(400), "alone")
			slot.ExpectEmpty(ctx)
			r := slot.Send(ctx, Request{Body: []byte(body), Header: header(sdkHeader, a.Name, a.Header(), a.Of([]byte(body)))})
			s.Expect(r).To(OK(), "with its checksum")
			slot.ExpectStored(ctx, body)
		},
	}))
}

// Values of one length are easily taken for each other.
func addValueOfAnother(a, other digest.Algorithm) {
	Add(about(a, Scenario{
		ID:    "checksum.new.of-another." + a.ID(),
		Rule:  "K-14",
		Says:  "PutObject whose " + a.Header() + " is the body's " + other.Name + ", which is as long, MUST fail with 400 BadDigest and store nothing.",
		Ref:   apiErrors,
		SDK:   "s3@v1.114.8 PutObjectInput.Checksum" + a.Name,
		Level: Must,
		Needs: []Feature{Checksum, Objects},
		Check: func(ctx context.Context, s *S) {
			slot := ObjectSlot(ctx, s)
			r := slot.Send(ctx, Request{Body: []byte(body), Header: header(a.Header(), other.Of([]byte(body)))})
			s.Expect(r).To(FailWith(400, "BadDigest"))
			slot.ExpectEmpty(ctx)
		},
	}))
}

// reversed is a value with its bytes the other way round.
func reversed(value string) string {
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		panic(err) // digest wrote it
	}
	slices.Reverse(raw)
	return base64.StdEncoding.EncodeToString(raw)
}

var _ = Add(Scenario{
	ID:    "checksum.new.order",
	Rule:  "K-14",
	Says:  "PutObject whose x-amz-checksum-xxhash64, -xxhash3 or -xxhash128 has its lowest byte first SHOULD fail with 400 BadDigest and store nothing, since AWS's SDKs send the highest first.",
	Ref:   awsLibrary,
	Level: Should,
	Needs: []Feature{NewChecksum, Checksum, Objects},
	Check: func(ctx context.Context, s *S) {
		slot := ObjectSlot(ctx, s)
		for _, a := range []digest.Algorithm{digest.XXHASH64, digest.XXHASH3, digest.XXHASH128} {
			r := slot.Send(ctx, Request{Body: []byte(body), Header: header(a.Header(), reversed(a.Of([]byte(body))))})
			s.Expect(r).To(FailWith(400, "BadDigest"), a.Name)
		}
		slot.ExpectEmpty(ctx)
	},
})

var _ = Add(Scenario{
	ID:    "checksum.new.wrong-overwrite",
	Rule:  "K-14",
	Says:  "PutObject with a wrong MD5, SHA512 or xxHash checksum MUST leave the object that was there as it was.",
	Ref:   guideUpload,
	Level: Must,
	Needs: []Feature{NewChecksum, Checksum, Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		for _, a := range digest.Newer() {
			r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("new"), Header: header(a.Header(), a.Of([]byte("other")))})
			s.Expect(r).To(FailWith(400, "BadDigest"), a.Name)
			s.ExpectUnchanged(ctx, b, "k", "old")
		}
	},
})

var _ = Add(Scenario{
	ID:    "checksum.new.two-values",
	Rule:  "K-14",
	Says:  "PutObject with two x-amz-checksum- headers SHOULD fail with 400 InvalidRequest and store nothing, whether one or both are of the algorithms of 2026.",
	Ref:   "https://github.com/versity/versitygw/issues/1186",
	Level: Should,
	Needs: []Feature{NewChecksum, Checksum, Objects},
	Check: func(ctx context.Context, s *S) {
		slot := ObjectSlot(ctx, s)
		for _, pair := range [][2]digest.Algorithm{{digest.MD5, digest.SHA512}, {digest.XXHASH3, digest.XXHASH64}, {digest.CRC32, digest.XXHASH128}, {digest.SHA256, digest.SHA512}} {
			h := header(pair[0].Header(), pair[0].Of([]byte(body)), pair[1].Header(), pair[1].Of([]byte(body)))
			r := slot.Send(ctx, Request{Body: []byte(body), Header: h})
			s.Expect(r).To(FailWith(400, "InvalidRequest"), pair[0].Name+" and "+pair[1].Name)
		}
		slot.ExpectEmpty(ctx)
	},
})

var _ = Add(Scenario{
	ID:    "checksum.new.beside-md5",
	Rule:  "K-14",
	Says:  "PutObject with both Content-MD5 and x-amz-checksum-md5 MUST fail with 400 BadDigest when either is wrong.",
	Ref:   apiErrors,
	Level: Must,
	Needs: []Feature{NewChecksum, Checksum, Objects},
	Check: func(ctx context.Context, s *S) {
		slot := ObjectSlot(ctx, s)
		send := func(content, sum string) *Response {
			return slot.Send(ctx, Request{Body: []byte(body), Header: header("Content-MD5", md5Of(content), "x-amz-checksum-md5", md5Of(sum))})
		}
		s.Expect(send(body, "other")).To(FailWith(400, "BadDigest"), "wrong checksum")
		s.Expect(send("other", body)).To(FailWith(400, "BadDigest"), "wrong Content-MD5")
		slot.ExpectEmpty(ctx)
		s.Expect(send(body, body)).To(OK(), "both right")
	},
})

var _ = Add(Scenario{
	ID:    "checksum.new.object-tagging",
	Rule:  "K-14",
	Says:  "PutObjectTagging SHOULD accept each of the checksums of 2026, and fail with 400 BadDigest and leave the tags when it is wrong.",
	Ref:   api + "API_PutObjectTagging.html",
	SDK:   "s3@v1.114.8 PutObjectTaggingInput.ChecksumAlgorithm",
	Level: Should,
	Needs: []Feature{NewChecksum, Checksum, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", body)
		for _, a := range digest.Newer() {
			doc := strings.ReplaceAll(tagging, "<Value>b<", "<Value>"+a.Name+"<")
			send := func(value string) *Response {
				return s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Query: "tagging=", Body: []byte(doc), Header: header(a.Header(), value)})
			}
			s.Expect(send(a.Of([]byte("other")))).To(FailWith(400, "BadDigest"), "a wrong "+a.Name)
			r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: "tagging="})
			if got := element(r.Body, "Value"); got == a.Name {
				s.Silently("I0: the tags of a refused PutObjectTagging are there: %s", got)
			}
			s.Expect(send(a.Of([]byte(doc)))).To(OK(), a.Name)
		}
	},
})
