package streaming

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

// What arrives in chunks is stored without them.

var layouts = []struct {
	id, text string
	size     int
	chunks   []int
}{
	{"one-chunk", "one small chunk", 100, nil},
	{"chunks", "chunks of the least size and a smaller last one", 2*minChunk + 100, []int{minChunk}},
	{"uneven-chunks", "chunks of different sizes", 100_000, []int{minChunk, 70_000, 10_000}},
	{"full-last-chunk", "a last chunk as large as the others", 2 * minChunk, []int{minChunk}},
	{"empty", "the final chunk alone, for an empty body,", 0, nil},
}

var _ = func() struct{} {
	for _, m := range modes {
		for _, l := range layouts {
			id := map[mode]string{signed: "S-01", signedTrailer: "S-08", unsigned: "S-08"}[m]
			each(rule{name: m.id + "." + l.id, id: id, ref: apiChunks, level: Must,
				says: "with " + m.text + " in " + l.text + " MUST store the decoded bytes.",
				check: func(ctx context.Context, s *S, slot Slot) {
					body := s.Bytes(l.size)
					s.Expect(slot.Send(ctx, m.request(body, l.chunks...))).To(OK())
					slot.ExpectStored(ctx, string(body))
				}})
		}
		addTransferEncoding(m)
		addWrites(m)
	}
	return struct{}{}
}()

// addTransferEncoding sends the chunks in HTTP's own, as SDKs do with bodies
// whose length they don't know beforehand.
func addTransferEncoding(m mode) {
	each(rule{name: m.id + ".transfer-encoding", id: "S-01", ref: apiChunks, level: Must,
		says: "with " + m.text + " MAY be sent with Transfer-Encoding: chunked instead of Content-Length, and MUST store the decoded bytes.",
		check: func(ctx context.Context, s *S, slot Slot) {
			body := s.Bytes(2*minChunk + 100)
			r := m.request(body, minChunk)
			r.Header, r.Omit = [][2]string{{"Transfer-Encoding", "chunked"}}, []string{"Content-Length"}
			r.EditBody = func(framed []byte) []byte {
				var b bytes.Buffer
				for rest := framed; len(rest) > 0; {
					n := min(5000, len(rest))
					fmt.Fprintf(&b, "%x\r\n%s\r\n", n, rest[:n])
					rest = rest[n:]
				}
				b.WriteString("0\r\n\r\n")
				return b.Bytes()
			}
			s.Expect(slot.Send(ctx, r)).To(OK())
			slot.ExpectStored(ctx, string(body))
		}})
}

func addWrites(m mode) {
	for _, w := range []struct{ size, body int }{{1, 50}, {7, 2000}, {minChunk + 1, 5 * minChunk}} {
		each(rule{name: fmt.Sprintf("%s.writes-of-%d", m.id, w.size), id: "S-17", ref: apiChunks, level: Should,
			says: fmt.Sprintf("with %s SHOULD NOT depend on where the client's writes of %d bytes cut the chunks.", m.text, w.size),
			check: func(ctx context.Context, s *S, slot Slot) {
				body := s.Bytes(w.body)
				r := m.request(body, minChunk)
				r.WriteSize = w.size
				s.Expect(slot.Send(ctx, r)).To(OK())
				slot.ExpectStored(ctx, string(body))
			}})
	}
}

var _ = each(rule{name: "chunk.extension", id: "S-17", ref: "https://www.rfc-editor.org/rfc/rfc9112#section-7.1.1", level: Should,
	says: "SHOULD ignore a chunk extension that it does not know.",
	check: func(ctx context.Context, s *S, slot Slot) {
		body := s.Bytes(100)
		r := signed.request(body)
		r.Break = on("chunk", 0, func(line string) string { return line[:len(line)-2] + ";a=b\r\n" })
		s.Expect(slot.Send(ctx, exact(r))).To(OK())
		slot.ExpectStored(ctx, string(body))
	}})

var _ = func() struct{} {
	for _, m := range modes {
		each(rule{name: m.id + ".bytes-behind", id: "S-18", ref: apiChunks, level: Should,
			says: "with " + m.text + " SHOULD refuse or ignore bytes behind the final chunk, never store them.",
			check: func(ctx context.Context, s *S, slot Slot) {
				body := s.Bytes(100)
				r := m.request(body)
				r.EditBody = func(framed []byte) []byte { return append(framed[:len(framed):len(framed)], "5\r\nextra\r\n"...) }
				got := slot.Send(ctx, exact(r))
				s.Observe("bytes behind the final chunk", Outcome(got))
				if got.Status/100 == 2 {
					slot.ExpectStored(ctx, string(body))
				} else {
					slot.ExpectEmpty(ctx)
				}
			}})
	}
	return struct{}{}
}()

// A digest in the head is of the decoded bytes, as restic and MinIO's clients
// send it; one that is of neither these nor the framed ones is wrong in any
// reading.
var _ = func() struct{} {
	for _, h := range []struct {
		id, name string
		of       func(body []byte) string
	}{
		{"content-md5", "Content-MD5", func(body []byte) string { sum := md5.Sum(body); return base64.StdEncoding.EncodeToString(sum[:]) }},
		{"checksum", digest.CRC32.Header(), digest.CRC32.Of},
	} {
		each(rule{name: "head." + h.id, id: "S-01", ref: apiErrors, level: Must,
			says: "with signed chunks and a " + h.name + " of other bytes MUST be refused and store nothing.",
			check: func(ctx context.Context, s *S, slot Slot) {
				for _, size := range []int{100, 300_000} {
					body := s.Bytes(size)
					r := signed.request(body)
					r.Header = [][2]string{{h.name, h.of(body[1:])}}
					got := slot.Send(ctx, r)
					s.Observe(fmt.Sprintf("%d bytes", size), Outcome(got))
					s.Expect(got).To(FailWithAny(Answer{Status: 400}), "%d bytes", size)
					slot.ExpectEmpty(ctx)
				}
			}})
	}
	return struct{}{}
}()

var _ = func() struct{} {
	for _, m := range modes {
		Add(Scenario{
			ID:    "streaming.stored." + m.id,
			Rule:  "S-01",
			Says:  "What a PutObject with " + m.text + " says of the object MUST hold as it does for every other PutObject: metadata, content headers, tags, storage class, and its condition.",
			Ref:   apiChunks,
			Level: Must,
			Needs: []Feature{Streaming, Objects, Tagging, ConditionalWrite},
			Check: func(ctx context.Context, s *S) {
				slot := ObjectSlot(ctx, s)
				want := [][2]string{{"X-Amz-Meta-Color", "red"}, {"Content-Type", "text/x-test"}, {"Cache-Control", "no-cache"}, {"X-Amz-Storage-Class", "REDUCED_REDUNDANCY"}}
				r := m.request(s.Bytes(100))
				r.Header = append([][2]string{{"x-amz-tagging", "a=1&b=2"}}, want...)
				s.Expect(slot.Send(ctx, r)).To(OK())
				got := s.Send(ctx, Request{Method: "HEAD", Bucket: slot.Bucket, Key: slot.Key})
				s.Expect(got).To(OK(), "HEAD")
				for _, h := range append(want, [2]string{"X-Amz-Tagging-Count", "2"}) {
					s.Expect(got).To(HaveHeader(h[0], h[1]))
				}
				r = m.request(s.Bytes(200))
				r.Header = [][2]string{{"If-None-Match", "*"}}
				s.Expect(slot.Send(ctx, r)).To(FailWith(412, "PreconditionFailed"), "If-None-Match: * over the object")
				slot.ExpectStored(ctx, string(s.Bytes(100)))
			},
		})
	}
	return struct{}{}
}()
