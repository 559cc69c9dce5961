package streaming

import (
	"context"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
	"bleepstore/scenarios/sign"
)

// What a streaming payload leaves in the object's metadata, and where it may
// not be used.

var encodings = []struct{ id, sent, stored string }{
	{"alone", "aws-chunked", ""},
	{"first", "aws-chunked,gzip", "gzip"},
	{"last", "gzip,aws-chunked", "gzip"},
	{"spaced", "aws-chunked, gzip", "gzip"},
	{"middle", "gzip,aws-chunked,br", "gzip,br"},
}

var _ = func() struct{} {
	for _, m := range modes {
		for _, e := range encodings {
			want := "Content-Encoding " + e.stored
			if e.stored == "" {
				want = "no Content-Encoding"
			}
			Add(Scenario{
				ID:    "streaming.encoding." + m.id + "." + e.id,
				Rule:  "S-13",
				Says:  "An object put with " + m.text + " and Content-Encoding " + e.sent + " MUST be stored with " + want + ".",
				Ref:   apiChunks,
				Level: Must,
				Needs: []Feature{Streaming, Objects},
				Check: func(ctx context.Context, s *S) {
					slot := ObjectSlot(ctx, s)
					r := m.request(s.Bytes(100))
					r.Header = [][2]string{{"Content-Encoding", e.sent}}
					s.Expect(slot.Send(ctx, r)).To(OK())
					for _, method := range []string{"GET", "HEAD"} {
						got := s.Send(ctx, Request{Method: method, Bucket: slot.Bucket, Key: slot.Key})
						s.Expect(got).To(OK(), method)
						codings := strings.ReplaceAll(got.Header.Get("Content-Encoding"), " ", "") // white space means nothing in a list
						s.Expect(codings).To(Equal(e.stored), "Content-Encoding, %s", method)
					}
				},
			})
		}
		each(rule{name: m.id + ".no-encoding", id: "S-13", ref: "https://github.com/brendanhay/amazonka/pull/681", level: Should,
			says: "with " + m.text + " SHOULD be told by x-amz-content-sha256 alone, without Content-Encoding: aws-chunked.",
			check: func(ctx context.Context, s *S, slot Slot) {
				body := three(s)
				r := m.request(body, minChunk)
				r.Omit = []string{"Content-Encoding"}
				s.Expect(slot.Send(ctx, r)).To(OK())
				slot.ExpectStored(ctx, string(body))
			}})
	}
	return struct{}{}
}()

const deletion = `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>k</Key></Object></Delete>`

var _ = Add(Scenario{
	ID:    "streaming.other.delete-objects",
	Rule:  "S-15",
	Says:  "DeleteObjects SHOULD refuse a payload of unsigned chunks with 400 InvalidRequest and delete nothing.",
	Ref:   "https://github.com/versity/versitygw/pull/1679",
	Level: Should,
	Needs: []Feature{Streaming, Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		r := unsigned.request([]byte(deletion))
		r.Method, r.Bucket, r.Query = "POST", b, "delete="
		s.Expect(s.Send(ctx, r)).To(FailWith(400, "InvalidRequest"))
		s.ExpectUnchanged(ctx, b, "k", "v")
	},
})

var _ = Add(Scenario{
	ID:    "streaming.other.bucket-tagging",
	Rule:  "S-15",
	Says:  "PutBucketTagging SHOULD refuse a payload of unsigned chunks with 400 InvalidRequest and store no tags.",
	Ref:   threads + "1601",
	Level: Should,
	Needs: []Feature{Streaming, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := unsigned.request([]byte(`<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>`))
		r.Method, r.Bucket, r.Query = "PUT", b, "tagging="
		s.Expect(s.Send(ctx, r)).To(FailWith(400, "InvalidRequest"))
		s.Expect(s.Send(ctx, Request{Bucket: b, Query: "tagging="})).To(FailWith(404, "NoSuchTagSet"))
	},
})

var _ = Add(Scenario{
	ID:    "streaming.anonymous.signed",
	Rule:  "S-16",
	Says:  "An anonymous PutObject that claims signed chunks SHOULD fail with 400 InvalidRequest or 403 AccessDenied and store nothing.",
	Ref:   threads + "1554",
	Level: Should,
	Needs: []Feature{Streaming, Objects},
	Check: func(ctx context.Context, s *S) {
		slot := ObjectSlot(ctx, s)
		r := signed.request(s.Bytes(100))
		r.As = Anonymous
		s.Expect(slot.Send(ctx, r)).To(FailWithAny(Answer{Status: 400, Codes: []string{"InvalidRequest"}}, Answer{Status: 403, Codes: []string{"AccessDenied"}}))
		slot.ExpectEmpty(ctx)
	},
})

var _ = Add(Scenario{
	ID:    "streaming.unknown.payload",
	Rule:  "S-15",
	Says:  "PutObject SHOULD refuse an x-amz-content-sha256 that begins like a streaming payload's but names none with 400 and store nothing.",
	Ref:   apiAuth,
	Level: Should,
	Needs: []Feature{Streaming, Objects},
	Check: func(ctx context.Context, s *S) {
		slot := ObjectSlot(ctx, s)
		r := unsigned.request(s.Bytes(100))
		r.Header = [][2]string{{"X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD"}}
		s.Expect(slot.Send(ctx, r)).To(FailWith(400))
		slot.ExpectEmpty(ctx)
	},
})

var _ = Add(Scenario{
	ID:    "streaming.checksum.read-back",
	Rule:  "S-08",
	Says:  "The checksum that came in a trailer MUST be stored with the object.",
	Ref:   apiTrailers,
	Level: Must,
	Needs: []Feature{Streaming, Checksum, Objects},
	Check: func(ctx context.Context, s *S) {
		for _, m := range trailing {
			slot, body := ObjectSlot(ctx, s), three(s)
			s.Expect(slot.Send(ctx, m.request(body, minChunk))).To(OK(), m.text)
			r := s.Send(ctx, Request{Method: "HEAD", Bucket: slot.Bucket, Key: slot.Key, Header: [][2]string{{"x-amz-checksum-mode", "ENABLED"}}})
			s.Expect(r).To(HaveHeader("x-amz-checksum-crc32", digest.CRC32.Of(body)), m.text)
		}
	},
})

var _ = Add(Scenario{
	ID:    "streaming.anonymous.public",
	Rule:  "S-16",
	Says:  "An anonymous PutObject that claims signed chunks SHOULD fail with 400 InvalidRequest in a bucket that anybody may write to.",
	Ref:   threads + "1554",
	Level: Should,
	Needs: []Feature{Streaming, Policy, PublicAccessBlock},
	Check: func(ctx context.Context, s *S) {
		slot := ObjectSlot(ctx, s)
		mustPublic(ctx, s, slot.Bucket)
		r := Request{Body: s.Bytes(100), Payload: sign.Chunked, As: Anonymous}
		s.Expect(slot.Send(ctx, r)).To(FailWith(400, "InvalidRequest"))
		slot.ExpectEmpty(ctx)
	},
})
