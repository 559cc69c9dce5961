package object

import (
	"context"
	"mime"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "object.metadata.lower-case",
	Rule:  "O-07",
	Says:  "User metadata MUST come back under its name in lower case, whatever the case it was sent in.",
	Ref:   refMetadata,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("v"), Header: [][2]string{{"X-AMZ-Meta-MixedCase", "Value Kept"}}})
		s.Must(r.Err, "send the request")
		s.Expect(r).To(OK())
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(head.Metadata).To(Equal(map[string]string{"mixedcase": "Value Kept"}))
	},
})

var _ = Add(Scenario{
	ID:    "object.metadata.repeated",
	Rule:  "O-07",
	Says:  "User metadata sent in several headers of one name, ignoring case, MUST come back as one comma-delimited list.",
	Ref:   refMetadata,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("v"),
			Header: [][2]string{{"x-amz-meta-part", "one"}, {"X-Amz-Meta-Part", "two"}}})
		s.Expect(r).To(OK())
		r = s.Send(ctx, Request{Bucket: b, Key: "k"})
		s.Expect(r).To(HaveStatus(200))
		values := strings.Split(strings.Join(r.Header.Values("X-Amz-Meta-Part"), ","), ",")
		for i := range values {
			values[i] = strings.TrimSpace(values[i])
		}
		s.Expect(values).To(Equal([]string{"one", "two"}))
	},
})

var _ = Add(Scenario{
	ID:    "object.metadata.round-trip",
	Rule:  "O-06",
	Says:  "GET and HEAD MUST return every entry of user metadata that the object was stored with.",
	Ref:   refMetadata,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		want := map[string]string{"a": "1", "with-dash": "x=y; z", "json": `{"k":"v, w"}`, "long": strings.Repeat("m", 500), "with_underscore.and.dots": "1"}
		var opts []Opt
		for k, v := range want {
			opts = append(opts, Meta(k, v))
		}
		s.MustPut(ctx, b, "k", "v", opts...)
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK(), "HEAD")
		s.Expect(head.Metadata).To(Equal(want), "HEAD")
		got, err := s.Get(ctx, b, "k")
		s.Expect(err).To(OK(), "GET")
		s.Expect(got.Metadata).To(Equal(want), "GET")
	},
})

// metaSize is the limit on user metadata of one object: names and values.
const metaSize = 2048

var _ = Add(Scenario{
	ID:    "object.metadata.at-limit",
	Rule:  "O-08",
	Says:  "PutObject MUST accept user metadata of exactly 2 KB, the prefix x-amz-meta- counted in.",
	Ref:   refMetadata,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		value := strings.Repeat("v", metaSize-len("x-amz-meta-name"))
		_, err := s.Put(ctx, b, "k", "v", Meta("name", value))
		s.Expect(err).To(OK())
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK(), "HEAD")
		s.Expect(head.Metadata["name"] == value).To(BeTrue(), "the value comes back whole: got %d bytes", len(head.Metadata["name"]))
	},
})

var _ = Add(Scenario{
	ID:    "object.metadata.over-limit",
	Rule:  "O-08",
	Says:  "PutObject MUST fail with 400 MetadataTooLarge when names and values of user metadata, prefixes left out, exceed 2 KB.",
	Ref:   refMetadata,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.Put(ctx, b, "k", "v", Meta("one", strings.Repeat("v", 1021)), Meta("two", strings.Repeat("w", 1022)))
		s.Expect(err).To(FailWith(400, "MetadataTooLarge"))
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "object.metadata.over-limit.elsewhere",
	Rule:  "O-08",
	Says:  "CopyObject that replaces the metadata, and CreateMultipartUpload, MUST refuse more than 2 KB of user metadata with 400 MetadataTooLarge as PutObject does.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Objects, Copy, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "source", "v")
		large := [][2]string{{"x-amz-meta-one", strings.Repeat("v", 1021)}, {"x-amz-meta-two", strings.Repeat("w", 1022)}}
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Header: append(large, [][2]string{{"x-amz-copy-source", b + "/source"}, {"x-amz-metadata-directive", "REPLACE"}}...)})
		s.Expect(r).To(FailWith(400, "MetadataTooLarge"), "CopyObject")
		r = s.Send(ctx, Request{Method: "POST", Bucket: b, Key: "k", Query: "uploads=", Header: large})
		s.Expect(r).To(FailWith(400, "MetadataTooLarge"), "CreateMultipartUpload")
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "object.metadata.prefix-counted",
	Rule:  "O-08",
	Says:  "Whether the prefix x-amz-meta- counts towards the 2 KB of user metadata MAY differ.",
	Ref:   refMetadata,
	Level: Info,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.Put(ctx, b, "k", "v", Meta("name", strings.Repeat("v", metaSize-len("name"))))
		s.Observe("2048 bytes without the prefix accepted", err == nil)
	},
})

var _ = Add(Scenario{
	ID:    "object.metadata.rfc2047",
	Rule:  "O-09",
	Says:  "User metadata sent as an RFC 2047 encoded word MUST come back as the same text.",
	Ref:   refMetadata,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b, text := s.Bucket(ctx), "Größe: ünïcödé ☂"
		s.MustPut(ctx, b, "k", "v", Meta("text", mime.BEncoding.Encode("UTF-8", text)))
		got, err := s.Get(ctx, b, "k")
		s.Expect(err).To(OK())
		decoded, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("X-Amz-Meta-Text"))
		s.Expect(err).To(BeNil(), "decode %q", got.Header.Get("X-Amz-Meta-Text"))
		s.Expect(decoded).To(Equal(text))
	},
})

// AWS's own example of a raw UTF-8 value comes back doubly encoded, so what a
// server does with one is only recorded.
var _ = Add(Scenario{
	ID:    "object.metadata.utf-8",
	Rule:  "O-09",
	Says:  "User metadata sent as raw UTF-8 MAY come back raw, as an RFC 2047 encoded word, or be refused.",
	Ref:   refMetadata,
	Level: Info,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.Put(ctx, b, "k", "v", Meta("text", "Größe ☂"))
		s.Observe("accepted", err == nil)
		s.Expect(err).To(OK())
		got, err := s.Get(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Observe("comes back as", got.Header.Get("X-Amz-Meta-Text"))
	},
})

var _ = Add(Scenario{
	ID:    "object.metadata.inner-spaces",
	Rule:  "AN-12",
	Says:  "A signed metadata value with runs of spaces MUST be accepted: for the signature the runs count as one space.",
	Ref:   "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html",
	Level: Must,
	Needs: []Feature{Objects, Auth},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("v"), Header: [][2]string{{"x-amz-meta-text", "a   b  c"}}})
		s.Expect(r).To(OK())
		got, err := s.Get(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(strings.Join(strings.Fields(got.Metadata["text"]), " ")).To(Equal("a b c"))
		s.Observe("stored as", got.Metadata["text"])
	},
})

var _ = Add(Scenario{
	ID:    "object.metadata.empty-value",
	Rule:  "O-07",
	Says:  "User metadata with an empty value SHOULD come back, empty, beside the rest.",
	Ref:   refMetadata,
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("v"), Header: [][2]string{{"x-amz-meta-empty", ""}, {"x-amz-meta-full", "f"}}})
		s.Expect(r).To(OK())
		head := s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k"})
		s.Expect(head).To(HaveHeader("X-Amz-Meta-Full", "f"))
		s.Expect(head.Header).To(HaveKeyWithValue("X-Amz-Meta-Empty", []string{""}))
	},
})
