package streaming

import (
	"context"
	"strconv"
	"strings"

	. "bleepstore/scenarios"
)

// The declared length, and framing that makes no sense.

const decodedLength = "X-Amz-Decoded-Content-Length"

var _ = func() struct{} {
	for _, m := range modes {
		addLength(m)
		for _, f := range malformed {
			if m == unsigned && f.signed {
				continue
			}
			addMalformed(m, f)
		}
	}
	return struct{}{}
}()

func addLength(m mode) {
	// The page demands the header of all requests, and that it be the size of
	// the object; what a request gets that breaks this it does not say.
	missing := func(ctx context.Context, s *S, slot Slot) *Response {
		r := m.request(s.Bytes(100))
		r.Omit = []string{decodedLength}
		return slot.Send(ctx, r)
	}
	each(rule{name: m.id + ".length-missing", id: "S-04", ref: apiChunks, level: Must,
		says: "with " + m.text + " but no x-amz-decoded-content-length MUST be refused with 400 or 411 and store nothing.",
		check: func(ctx context.Context, s *S, slot Slot) {
			s.Expect(missing(ctx, s, slot)).To(FailWithAny(Answer{Status: 411}, Answer{Status: 400}))
			slot.ExpectEmpty(ctx)
		}})
	each(rule{name: m.id + ".length-missing-code", id: "S-04", ref: apiErrors, level: Should,
		says: "with " + m.text + " but no x-amz-decoded-content-length SHOULD fail with 411 MissingContentLength.",
		check: func(ctx context.Context, s *S, slot Slot) {
			s.Expect(missing(ctx, s, slot)).To(FailWith(411, "MissingContentLength"))
		}})
	each(rule{name: m.id + ".length-not-a-number", id: "S-04", ref: threads + "1656", level: Should,
		says: "with " + m.text + " and an x-amz-decoded-content-length that is no number SHOULD fail with 411 MissingContentLength and store nothing.",
		check: func(ctx context.Context, s *S, slot Slot) {
			r := m.request(s.Bytes(100))
			r.Header = [][2]string{{decodedLength, "abc"}}
			s.Expect(slot.Send(ctx, r)).To(FailWith(411, "MissingContentLength"))
			slot.ExpectEmpty(ctx)
		}})
	for name, by := range map[string]int{"too-large": 1, "too-small": -1} {
		send := func(ctx context.Context, s *S, slot Slot) *Response {
			body := three(s)
			r := m.request(body, minChunk)
			r.Header = [][2]string{{decodedLength, strconv.Itoa(len(body) + by)}}
			return slot.Send(ctx, r)
		}
		when := "when x-amz-decoded-content-length is " + strings.ReplaceAll(name, "-", " ") + "."
		each(rule{name: m.id + ".length-" + name, id: "S-04", ref: apiChunks, level: Must,
			says: "with " + m.text + " MUST be refused with 400 and store nothing " + when,
			check: func(ctx context.Context, s *S, slot Slot) {
				s.Expect(send(ctx, s, slot)).To(FailWith(400))
				slot.ExpectEmpty(ctx)
			}})
		each(rule{name: m.id + ".length-" + name + "-code", id: "S-04", ref: apiErrors, level: Should,
			says: "with " + m.text + " SHOULD fail with 400 IncompleteBody " + when,
			check: func(ctx context.Context, s *S, slot Slot) {
				s.Expect(send(ctx, s, slot)).To(FailWith(400, "IncompleteBody"))
			}})
	}
}

// A malformation breaks the framing of three chunks.
type malformation struct {
	id, text string
	signed   bool // only where chunks are signed
	bytes    bool // a signature over other bytes tells it first
	edit     func(kind string, i int, line string) string
}

// resize writes another size into the header of a chunk.
func resize(size string) func(string) string {
	return func(line string) string {
		if i := strings.IndexAny(line, ";\r"); i >= 0 {
			return size + line[i:]
		}
		return size
	}
}

var malformed = []malformation{
	{"size-not-hex", "the size of a chunk is not hexadecimal", false, false, on("chunk", 1, resize("zz"))},
	{"size-negative", "the size of a chunk is negative", false, false, on("chunk", 1, resize("-2000"))},
	{"size-absent", "a chunk has no size", false, false, on("chunk", 1, resize(""))},
	{"size-huge", "the size of a chunk overflows 64 bits", false, false, on("chunk", 1, resize("ffffffffffffffffff"))},
	{"size-over", "a chunk says that it is larger than it is", false, true, on("chunk", 1, resize("2001"))},
	{"size-under", "a chunk says that it is smaller than it is", false, true, on("chunk", 1, resize("1fff"))},
	{"no-crlf-behind", "the CRLF behind a chunk is missing", false, false, on("end", 0, drop)},
	{"no-crlf-in-header", "the CRLF behind the header of a chunk is missing", false, false, on("chunk", 1, func(l string) string { return strings.TrimSuffix(l, "\r\n") })},
	{"other-end", "a chunk ends in other bytes than CRLF", false, false, on("end", 1, func(string) string { return "ab" })},
	{"no-signature", "a chunk has no signature", true, false, on("chunk", 1, func(l string) string { return l[:strings.Index(l, ";")] + "\r\n" })},
	{"empty-signature", "the signature of a chunk is empty", true, false, on("chunk", 1, func(l string) string { return l[:strings.Index(l, "=")+1] + "\r\n" })},
	{"short-signature", "the signature of a chunk is too short", true, false, on("chunk", 1, func(l string) string { return l[:len(l)-4] + "\r\n" })},
}

func addMalformed(m mode, f malformation) {
	ref := threads + "1685"
	if m == unsigned {
		ref = threads + "1666"
	}
	each(rule{name: m.id + ".malformed." + f.id, id: "S-06", ref: ref, level: Should,
		says: "with " + m.text + " SHOULD fail with 400 IncompleteBody and store nothing when " + f.text + ".",
		check: func(ctx context.Context, s *S, slot Slot) {
			r := m.request(three(s), minChunk)
			r.Break = f.edit
			want := []Answer{{Status: 400, Codes: []string{"IncompleteBody"}}}
			if f.bytes && m != unsigned {
				want = append(want, Answer{Status: 403, Codes: []string{"SignatureDoesNotMatch"}})
			}
			s.Expect(slot.Send(ctx, exact(r))).To(FailWithAny(want...))
			slot.ExpectEmpty(ctx)
		}})
}
