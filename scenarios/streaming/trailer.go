package streaming

import (
	"context"
	"slices"
	"strings"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

// Trailing headers: the checksum that follows the data.

var _ = func() struct{} {
	for _, m := range trailing {
		for _, a := range digest.All() {
			addAlgorithm(m, a)
		}
		for _, a := range digest.Newer() {
			addNewAlgorithm(m, a)
		}
		addValue(m)
		addAnnounced(m)
		addUnsupported(m)
		addTwoChecksums(m)
	}
	return struct{}{}
}()

// partOf opens a slot whose upload has the algorithm.
func partOf(ctx context.Context, s *S, a digest.Algorithm) Slot {
	return PartSlot(ctx, s, Header("x-amz-checksum-algorithm", a.Name))
}

// announced is a request of three chunks and a trailer, announced as SDKs do.
func (m mode) announced(s *S, a digest.Algorithm, value string) Request {
	return Request{Body: three(s), Chunks: []int{minChunk}, Payload: m.payload, Trailers: [][2]string{{a.Header(), value}},
		Header: [][2]string{{"x-amz-sdk-checksum-algorithm", a.Name}}}
}

func addAlgorithm(m mode, a digest.Algorithm) {
	for _, d := range doors {
		id, wrongID, open := "S-08", "S-09", d.open
		if d.id == "part" {
			id, wrongID, open = "S-14", "S-14", func(ctx context.Context, s *S) Slot { return partOf(ctx, s, a) }
		}
		Add(Scenario{
			ID:    "streaming." + d.id + "." + m.id + ".right." + a.ID(),
			Rule:  id,
			Says:  d.op + " with " + m.text + " that carries the right " + a.Name + " MUST store the body and return the value.",
			Ref:   apiTrailers,
			Level: Must,
			Needs: []Feature{Streaming, Checksum, d.needs},
			Check: func(ctx context.Context, s *S) {
				slot, want := open(ctx, s), a.Of(three(s))
				r := slot.Send(ctx, m.announced(s, a, want))
				s.Expect(r).To(OK())
				s.Expect(r).To(HaveHeader(a.Header(), want))
				slot.ExpectStored(ctx, string(three(s)))
			},
		})
		Add(Scenario{
			ID:    "streaming." + d.id + "." + m.id + ".wrong." + a.ID(),
			Rule:  wrongID,
			Says:  d.op + " with " + m.text + " that carries the " + a.Name + " of other bytes MUST fail with 400 BadDigest and store nothing.",
			Ref:   apiErrors,
			Level: Must,
			Needs: []Feature{Streaming, Checksum, d.needs},
			Check: func(ctx context.Context, s *S) {
				slot := open(ctx, s)
				s.Expect(slot.Send(ctx, m.announced(s, a, a.Of([]byte("other"))))).To(FailWith(400, "BadDigest"))
				slot.ExpectEmpty(ctx)
			},
		})
	}
}

// addNewAlgorithm is about the algorithms of 2026, which AWS's SDKs send in a
// trailer, MD5 apart, though the list of trailers in the user guide does not have
// them: a server that goes by that list refuses them, which is no wrong.
func addNewAlgorithm(m mode, a digest.Algorithm) {
	for _, d := range doors {
		level, modal, open := Should, "SHOULD", d.open
		if a.Name == digest.MD5.Name {
			level, modal = Info, "MAY"
		}
		if d.id == "part" {
			open = func(ctx context.Context, s *S) Slot { return partOf(ctx, s, a) }
		}
		Add(Scenario{
			ID:    "streaming." + d.id + "." + m.id + ".new." + a.ID(),
			Rule:  "K-14",
			Says:  d.op + " with " + m.text + " that carries the right " + a.Name + " " + modal + " store the body and return the value.",
			Ref:   "https://github.com/boto/botocore/pull/3637",
			Level: level,
			Needs: []Feature{NewChecksum, Streaming, Checksum, d.needs},
			Check: func(ctx context.Context, s *S) {
				slot, want := open(ctx, s), a.Of(three(s))
				r := slot.Send(ctx, m.announced(s, a, want))
				s.Observe(a.Name+" in a trailer", Outcome(r))
				if level == Info && r.Status >= 400 {
					return
				}
				s.Expect(r).To(OK())
				s.Expect(r).To(HaveHeader(a.Header(), want))
				slot.ExpectStored(ctx, string(three(s)))
			},
		})
		Add(Scenario{
			ID:    "streaming." + d.id + "." + m.id + ".new-wrong." + a.ID(),
			Rule:  "K-14",
			Says:  d.op + " with " + m.text + " that carries the " + a.Name + " of other bytes MUST fail with 400 and store nothing.",
			Ref:   apiErrors,
			Level: Must,
			Needs: []Feature{NewChecksum, Streaming, Checksum, d.needs},
			Check: func(ctx context.Context, s *S) {
				slot := open(ctx, s)
				s.Expect(slot.Send(ctx, m.announced(s, a, a.Of([]byte("other"))))).To(FailWith(400))
				slot.ExpectEmpty(ctx)
			},
		})
	}
}

func addValue(m mode) {
	each(rule{name: m.id + ".wrong-large", id: "S-09", ref: apiErrors, level: Must,
		says: "of 1 MiB with " + m.text + " that carries the checksum of all but its last byte MUST fail with 400 BadDigest and store nothing.",
		check: func(ctx context.Context, s *S, slot Slot) {
			body := s.Bytes(1 << 20)
			r := m.request(body)
			r.Trailers[0][1] = digest.CRC32.Of(body[:len(body)-1])
			s.Expect(slot.Send(ctx, r)).To(FailWith(400, "BadDigest"))
			slot.ExpectEmpty(ctx)
		}})
	each(rule{name: m.id + ".malformed-value", id: "S-09", ref: apiErrors, level: Must,
		says: "with " + m.text + " that carries a checksum not base64, or of another length, MUST fail with 400 InvalidDigest, InvalidRequest or BadDigest and store nothing.",
		check: func(ctx context.Context, s *S, slot Slot) {
			for name, value := range map[string]string{"not base64": "!not*base64!", "too short": "AAAA", "too long": "AAAAAAAA"} {
				r := m.request(three(s), minChunk)
				r.Trailers[0][1] = value
				s.Expect(slot.Send(ctx, r)).To(FailWith(400, "InvalidDigest", "InvalidRequest", "BadDigest"), "case %s", name)
			}
			slot.ExpectEmpty(ctx)
		}})
}

// A mismatch is between what x-amz-trailer announces and what is sent.
type mismatch struct {
	id, text string
	edit     func(*Request)
}

var mismatches = []mismatch{
	{"not-announced", "sends a trailer that x-amz-trailer does not announce", func(r *Request) { r.Omit = []string{"X-Amz-Trailer"} }},
	{"other-announced", "announces another trailer than it sends", func(r *Request) {
		r.Header = [][2]string{{"X-Amz-Trailer", digest.CRC32.Header()}}
		r.Trailers = [][2]string{{digest.SHA1.Header(), digest.SHA1.Of(r.Body)}}
	}},
	{"absent", "announces a trailer that it does not send", func(r *Request) {
		r.Header, r.Trailers = [][2]string{{"X-Amz-Trailer", digest.CRC32.Header()}}, nil
	}},
}

// badLines are trailers that are no headers.
var badLines = []mismatch{
	{"no-colon", "sends a trailer without a colon", func(r *Request) {
		r.Break = on("trailer", 0, func(l string) string { return strings.Replace(l, ":", "", 1) })
	}},
	{"no-name", "sends a trailer without a name", func(r *Request) {
		r.Break = on("trailer", 0, func(l string) string { return l[strings.Index(l, ":"):] })
	}},
}

// request sends three chunks with the mismatch.
func (c mismatch) request(m mode, s *S) Request {
	r := m.request(three(s), minChunk)
	c.edit(&r)
	return exact(r)
}

func addAnnounced(m mode) {
	for _, c := range mismatches {
		each(rule{name: m.id + "." + c.id, id: "S-10", ref: apiTrailers, level: Must,
			says: "with " + m.text + " MUST be refused and store nothing when it " + c.text + ".",
			check: func(ctx context.Context, s *S, slot Slot) {
				want := []Answer{{Status: 400}}
				if m == signedTrailer { // whose signature may be judged first
					want = append(want, Answer{Status: 403, Codes: []string{"SignatureDoesNotMatch"}})
				}
				s.Expect(slot.Send(ctx, c.request(m, s))).To(FailWithAny(want...))
				slot.ExpectEmpty(ctx)
			}})
	}
	for _, c := range slices.Concat(mismatches, badLines) {
		codes := []string{"MalformedTrailerError"}
		if m == signedTrailer && c.id == "absent" {
			codes = append(codes, "IncompleteBody") // S3 was seen to answer so: versitygw#1701
		}
		each(rule{name: m.id + "." + c.id + "-code", id: "S-10", ref: map[mode]string{unsigned: threads + "1600", signedTrailer: threads + "1690"}[m], level: Should,
			says: "with " + m.text + " SHOULD fail with MalformedTrailerError and store nothing when it " + c.text + ".",
			check: func(ctx context.Context, s *S, slot Slot) {
				s.Expect(slot.Send(ctx, c.request(m, s))).To(FailWith(400, codes...))
				slot.ExpectEmpty(ctx)
			}})
	}
}

func addUnsupported(m mode) {
	each(rule{name: m.id + ".unsupported", id: "S-12", ref: threads + "1161", level: Should,
		says: "with " + m.text + " SHOULD fail with 400 InvalidRequest and store nothing when x-amz-trailer names a field that S3 does not know.",
		check: func(ctx context.Context, s *S, slot Slot) {
			r := m.request(three(s), minChunk)
			r.Trailers[0][0] = "x-amz-checksum-sha10"
			s.Expect(slot.Send(ctx, r)).To(FailWith(400, "InvalidRequest"))
			slot.ExpectEmpty(ctx)
		}})
}

func addTwoChecksums(m mode) {
	each(rule{name: m.id + ".header-too", id: "S-11", ref: threads + "1657", level: Should,
		says: "with " + m.text + " SHOULD fail with 400 InvalidRequest and store nothing when a checksum stands in the header too.",
		check: func(ctx context.Context, s *S, slot Slot) {
			r := m.request(three(s), minChunk)
			r.Header = [][2]string{{"x-amz-checksum-sha1", digest.SHA1.Of(r.Body)}}
			s.Expect(slot.Send(ctx, r)).To(FailWith(400, "InvalidRequest"))
			slot.ExpectEmpty(ctx)
		}})
}

var _ = each(rule{name: "unsigned-trailer.none", id: "S-10", ref: threads + "1632", level: Should,
	says: "with unsigned chunks MAY neither announce nor send a trailer, and SHOULD then store the decoded bytes.",
	check: func(ctx context.Context, s *S, slot Slot) {
		body := three(s)
		s.Expect(slot.Send(ctx, Request{Body: body, Chunks: []int{minChunk}, Payload: unsigned.payload})).To(OK())
		slot.ExpectStored(ctx, string(body))
	}})

// The signature of the trailers.

var _ = func() struct{} {
	for _, c := range []struct {
		id, text string
		edit     func(kind string, i int, line string) string
		want     []Answer
	}{
		{"signature", "the signature of the trailer was altered", on("signature", 0, spoil), []Answer{noMatch}},
		{"value", "the trailer was altered after it was signed", on("trailer", 0, func(string) string {
			return "x-amz-checksum-crc32:" + digest.CRC32.Of(nil) + "\r\n"
		}), []Answer{noMatch, badDigest}},
	} {
		each(rule{name: "signed-trailer.altered.trailer-" + c.id, id: "S-07", ref: apiTrailers, level: Must,
			says: "with signed chunks and trailer MUST fail with " + oneOf(c.want) + " and store nothing when " + c.text + ".",
			check: func(ctx context.Context, s *S, slot Slot) {
				r := signedTrailer.request(three(s), minChunk)
				r.Break = c.edit
				s.Expect(slot.Send(ctx, r)).To(FailWithAny(c.want...))
				slot.ExpectEmpty(ctx)
			}})
	}
	return struct{}{}
}()

var _ = each(rule{name: "signed-trailer.no-signature", id: "S-07", ref: apiTrailers, level: Must,
	says: "with signed chunks and trailer MUST be refused and store nothing when the signature of the trailer is missing.",
	check: func(ctx context.Context, s *S, slot Slot) {
		r := signedTrailer.request(three(s), minChunk)
		r.Break = on("signature", 0, drop)
		got := slot.Send(ctx, exact(r))
		s.Observe("no x-amz-trailer-signature", Outcome(got))
		s.Expect(got).To(FailWithAny(Answer{Status: 400}, Answer{Status: 403}))
		slot.ExpectEmpty(ctx)
	}})
