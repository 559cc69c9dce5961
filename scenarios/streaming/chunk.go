package streaming

import (
	"bytes"
	"context"
	"slices"
	"strings"

	. "bleepstore/scenarios"
)

// Chunks that do not carry what was signed.

// three is a body of three chunks.
func three(s *S) []byte { return s.Bytes(2*minChunk + 100) }

// A forgery changes a request of three signed chunks.
type forgery struct {
	id, text string
	edit     func(*Request)
}

// Other bytes than were signed have another checksum too: where a trailer
// carries one, no page says which of the two is told first.
var (
	noMatch   = Answer{Status: 403, Codes: []string{"SignatureDoesNotMatch"}}
	badDigest = Answer{Status: 400, Codes: []string{"BadDigest"}}
)

// oneOf names answers in a sentence.
func oneOf(answers []Answer) string {
	var names []string
	for _, a := range answers {
		names = append(names, a.String())
	}
	return strings.Join(names, " or ")
}

// altered are the answers to the forgery in a mode.
func (f forgery) altered(m mode) []Answer {
	if m == signedTrailer && !strings.HasSuffix(f.id, "signature") {
		return []Answer{noMatch, badDigest}
	}
	return []Answer{noMatch}
}

var forgeries = []forgery{
	{"first-signature", "the signature of the first chunk", func(r *Request) { r.Break = on("chunk", 0, spoil) }},
	{"middle-signature", "the signature of a chunk in the middle", func(r *Request) { r.Break = on("chunk", 1, spoil) }},
	{"last-signature", "the signature of the last chunk with data", func(r *Request) { r.Break = on("chunk", 2, spoil) }},
	{"final-signature", "the signature of the final, empty chunk", func(r *Request) { r.Break = on("final", 0, spoil) }},
	{"data", "a byte of a chunk's data", func(r *Request) {
		r.EditBody = func(framed []byte) []byte {
			out := bytes.Clone(framed)
			out[minChunk+minChunk/2] ^= 1
			return out
		}
	}},
	{"last-data", "the last byte of the data", func(r *Request) {
		r.EditBody = func(framed []byte) []byte {
			out := bytes.Clone(framed)
			out[bytes.LastIndex(out, []byte("\r\n0;chunk-signature="))-1] ^= 1
			return out
		}
	}},
	{"order", "the order of two chunks", func(r *Request) { r.EditBody = swapChunks }},
}

// swapChunks exchanges the first two chunks, which are of one size.
func swapChunks(framed []byte) []byte {
	size := bytes.Index(framed, []byte("\r\n")) + 2 + minChunk + 2
	return slices.Concat(framed[size:2*size], framed[:size], framed[2*size:])
}

var _ = func() struct{} {
	for _, m := range []mode{signed, signedTrailer} {
		for _, f := range forgeries {
			each(rule{name: m.id + ".altered." + f.id, id: "S-02", ref: apiChunks, level: Must,
				says: "with " + m.text + " MUST fail with " + oneOf(f.altered(m)) + " and store nothing when " + f.text + " was altered.",
				check: func(ctx context.Context, s *S, slot Slot) {
					r := m.request(three(s), minChunk)
					f.edit(&r)
					s.Expect(slot.Send(ctx, r)).To(FailWithAny(f.altered(m)...))
					slot.ExpectEmpty(ctx)
				}})
		}
	}
	for _, m := range []mode{signed, signedTrailer} {
		addLarge(m)
	}
	for _, m := range modes {
		addShort(m)
		addSmall(m)
	}
	return struct{}{}
}()

// addLarge is about chunks that a server passes on before it has all of them.
func addLarge(m mode) {
	const size = 150_000
	for _, at := range []struct {
		id, text string
		byte     int
	}{{"first", "first", 100_000}, {"second", "second", size + 100_000}} {
		f := forgery{"large-" + at.id, "a byte of the " + at.text + " of two chunks of 150,000 bytes", func(r *Request) {
			r.EditBody = func(framed []byte) []byte {
				out := bytes.Clone(framed)
				out[at.byte] ^= 1
				return out
			}
		}}
		each(rule{name: m.id + ".altered." + f.id, id: "S-02", ref: apiChunks, level: Must,
			says: "with " + m.text + " MUST fail with " + oneOf(f.altered(m)) + " and store nothing when " + f.text + " was altered.",
			check: func(ctx context.Context, s *S, slot Slot) {
				r := m.request(s.Bytes(2*size), size)
				f.edit(&r)
				s.Expect(slot.Send(ctx, r)).To(FailWithAny(f.altered(m)...))
				slot.ExpectEmpty(ctx)
			}})
	}
}

// addShort is about bodies that end early, though as long as they said.
func addShort(m mode) {
	noFinal := func(kind string, _ int, line string) string {
		if kind == "chunk" || kind == "end" {
			return line
		}
		return ""
	}
	for _, c := range []struct {
		id, text string
		edit     func(*Request)
	}{
		{"no-final", "without the final chunk", func(r *Request) { r.Break = noFinal }},
		{"cut", "that end inside a chunk", func(r *Request) { r.EditBody = func(b []byte) []byte { return b[:minChunk+minChunk/2] } }},
	} {
		// The page has the final chunk as part of the body, and no error for a
		// body without it: which one it is, is a should.
		send := func(ctx context.Context, s *S, slot Slot) *Response {
			r := m.request(three(s), minChunk)
			c.edit(&r)
			return slot.Send(ctx, exact(r))
		}
		each(rule{name: m.id + "." + c.id, id: "S-03", ref: apiChunks, level: Must,
			says: "with " + m.text + " " + c.text + " MUST be refused with 400 or 403 and store nothing.",
			check: func(ctx context.Context, s *S, slot Slot) {
				s.Expect(send(ctx, s, slot)).To(FailWithAny(Answer{Status: 400}, Answer{Status: 403}))
				slot.ExpectEmpty(ctx)
			}})
		each(rule{name: m.id + "." + c.id + "-code", id: "S-03", ref: apiErrors, level: Should,
			says: "with " + m.text + " " + c.text + " SHOULD fail with 400 IncompleteBody.",
			check: func(ctx context.Context, s *S, slot Slot) {
				s.Expect(send(ctx, s, slot)).To(FailWith(400, "IncompleteBody"))
			}})
	}
}

// addSmall is about chunks smaller than S3 allows before another.
// The page that says so is about signed chunks; of unsigned ones it is known
// by its errors only.
func addSmall(m mode) {
	ref, level := apiChunks, Must
	if m == unsigned {
		ref, level = "https://github.com/aws/aws-sdk-js-v3/issues/6949", Should
	}
	each(rule{name: m.id + ".small-chunk", id: "S-05", ref: ref, level: level,
		says: "with " + m.text + " " + strings.ToUpper(string(level)) + " be refused, and store nothing, when a chunk of less than 8 KiB is not the last.",
		check: func(ctx context.Context, s *S, slot Slot) {
			for name, sizes := range map[string][]int{"each chunk": {100}, "a chunk in the middle": {minChunk, 100}} {
				r := slot.Send(ctx, m.request(s.Bytes(minChunk+300), sizes...))
				s.Observe(name+" of 100 bytes", Outcome(r))
				s.Expect(r).To(FailWithAny(Answer{Status: 400}, Answer{Status: 403}), name)
				slot.ExpectEmpty(ctx)
			}
		}})
	each(rule{name: m.id + ".small-chunk-code", id: "S-05", ref: "https://github.com/aws/aws-sdk-cpp/issues/2727", level: Should,
		says: "with " + m.text + " SHOULD fail with 403 InvalidChunkSizeError when a chunk of 8191 bytes is not the last.",
		check: func(ctx context.Context, s *S, slot Slot) {
			r := m.request(s.Bytes(2*minChunk), minChunk-1)
			s.Expect(slot.Send(ctx, r)).To(FailWith(403, "InvalidChunkSizeError"))
			slot.ExpectEmpty(ctx)
		}})
}

var _ = func() struct{} {
	each(rule{name: "signed.tampered", id: "S-02", ref: apiChunks, level: Must,
		says: "with signed chunks MUST be refused with 400 or 403, and store nothing, whichever byte of sizes, signatures and data was altered.",
		check: func(ctx context.Context, s *S, slot Slot) {
			for range 40 {
				r := signed.request(three(s), minChunk)
				r.EditBody = func(framed []byte) []byte {
					out := bytes.Clone(framed)
					i := place(s, out)
					for out[i] == '\r' || out[i] == '\n' { // line ends are not signed
						i = place(s, out)
					}
					out[i] ^= 1
					return out
				}
				s.Expect(slot.Send(ctx, r)).To(FailWithAny(Answer{Status: 400}, Answer{Status: 403}))
			}
			slot.ExpectEmpty(ctx)
		}})
	return struct{}{}
}()

// place draws a byte of a framed body, as often one of the framing as one of
// the data.
func place(s *S, framed []byte) int {
	end := len(bytes.TrimRight(framed, "\r\n"))
	if s.Rand().IntN(2) == 0 {
		return s.Rand().IntN(end)
	}
	var lines []int // where a line of framing begins
	for i := 0; i < end; {
		at := bytes.Index(framed[i:], []byte(";chunk-signature="))
		if at < 0 {
			break
		}
		lines = append(lines, i+at)
		i += at + 1
	}
	return lines[s.Rand().IntN(len(lines))] + s.Rand().IntN(len(";chunk-signature=")+64)
}
