package multipart

import (
	"bytes"
	"context"
	"encoding/xml"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// What an object is that was made of parts.

var _ = Add(Scenario{
	ID:    "multipart.complete.answer",
	Rule:  "M-09",
	Says:  "CompleteMultipartUpload MUST return an address that identifies the new object, its bucket, key and quoted ETag.",
	Ref:   apiComplete + "#API_CompleteMultipartUpload_ResponseElements",
	SDK:   "s3@v1.114.8 CompleteMultipartUploadOutput.Location",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "a/k")
		r := u.complete(ctx, u.part(ctx, 1, []byte("x")))
		s.Expect(r).To(OK())
		var out struct{ Location, Bucket, Key, ETag string }
		s.Expect(xml.Unmarshal(bytes.TrimSpace(r.Body), &out)).To(Succeed(), "body of the 200")
		s.Expect(out.Bucket).To(Equal(b), "Bucket")
		s.Expect(out.Key).To(Equal("a/k"), "Key")
		head, err := s.Head(ctx, b, "a/k")
		s.Expect(err).To(OK(), "HEAD")
		s.Expect(out.ETag).To(Equal(aws.ToString(head.ETag)), "ETag")
		at, err := url.Parse(out.Location)
		s.Expect(err).To(OK(), "Location")
		s.Expect(at.Host+at.Path).To(ContainSubstring(b), "the bucket in Location")
		s.Expect(at.Path).To(HaveSuffix("/a/k"), "the key in Location") // S3 escapes the slash
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.size",
	Rule:  "M-09",
	Says:  "The size of an object made of parts MUST be the sum of theirs, in HeadObject and in listings.",
	Ref:   guideOverview,
	Level: Must,
	Needs: []Feature{Multipart, Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		want := int64(len(twoParts(ctx, s, b, "k", "tail")))
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(aws.ToInt64(head.ContentLength)).To(Equal(want), "Content-Length of HEAD")
		list, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b})
		s.Expect(err).To(OK(), "ListObjectsV2")
		s.Expect(list.Contents).To(HaveLen(1))
		s.Expect(aws.ToInt64(list.Contents[0].Size)).To(Equal(want), "Size in the listing")
		s.Expect(aws.ToString(list.Contents[0].ETag)).To(Equal(aws.ToString(head.ETag)), "ETag in the listing")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.replaces",
	Rule:  "M-18",
	Says:  "An object made of parts MUST replace the one that the key held, its metadata and content headers too.",
	Ref:   apiCreate,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old", Meta("color", "red"), Header("Content-Type", "text/x-old"), Header("Cache-Control", "no-store"))
		u := create(ctx, s, b, "k", Header("Content-Type", "text/x-new"))
		s.Expect(u.complete(ctx, u.part(ctx, 1, []byte("new")))).To(OK())
		s.ExpectBody(ctx, b, "k", "new")
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(head.Metadata).To(BeEmpty(), "user metadata")
		s.Expect(aws.ToString(head.ContentType)).To(Equal("text/x-new"), "Content-Type")
		s.Expect(aws.ToString(head.CacheControl)).NotTo(Equal("no-store"), "Cache-Control")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.replaces-rest",
	Rule:  "M-18",
	Says:  "An object made of parts MUST NOT keep the tags, the storage class or the website redirect of the one that it replaces.",
	Ref:   apiCreate,
	Level: Must,
	Needs: []Feature{Multipart, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		MustPutWithProperties(ctx, s, b, "k")
		u := create(ctx, s, b, "k")
		s.Expect(u.complete(ctx, u.part(ctx, 1, []byte("new")))).To(OK())
		ExpectNoProperties(ctx, s, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.refused-keeps",
	Rule:  "M-07",
	Says:  "A CompleteMultipartUpload that is refused MUST leave the object that the key holds.",
	Ref:   apiComplete,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "kept")
		u := create(ctx, s, b, "k")
		one, two := u.part(ctx, 1, []byte("small")), u.part(ctx, 2, []byte("tail"))
		for _, c := range []struct {
			name  string
			parts []part
		}{{"a part never uploaded", []part{{3, one.etag}}}, {"a wrong ETag", []part{{1, two.etag}}}, {"the wrong order", []part{two, one}}, {"a part too small", []part{one, two}}, {"no part", nil}} {
			s.Expect(u.complete(ctx, c.parts...)).To(FailWith(400), c.name)
			s.ExpectUnchanged(ctx, b, "k", "kept")
		}
	},
})

var _ = Add(Scenario{
	ID:    "multipart.part.ends-last",
	Rule:  "M-04",
	Says:  "Of two uploads of one part that overlap, the one that was answered last SHOULD be the part, though it began first.",
	Ref:   apiPart,
	Level: Should,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		c := Dial(ctx, s)
		defer c.Close()
		head, body := c.Render(Request{Method: "PUT", Bucket: b, Key: "k", Query: u.query("partNumber=1"), Body: []byte("began first"), Payload: sign.Unsigned})
		s.Must(c.Write(append(head, body[:4]...)), "begin a part")
		u.part(ctx, 1, []byte("began second"))
		s.Must(c.Write(body[4:]), "end the part")
		r := c.Answer("PUT")
		s.Must(failed(r), "upload the part that began first")
		s.Expect(u.complete(ctx, part{1, r.Header.Get("ETag")})).To(OK())
		s.ExpectBody(ctx, b, "k", "began first")
	},
})
