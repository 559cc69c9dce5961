package wire

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Where a body ends: two parties that disagree on it can be made to see two
// requests where there is one.

// chunked is a body in the chunked transfer coding.
func chunked(parts ...string) string {
	out := ""
	for _, p := range parts {
		out += fmt.Sprintf("%x\r\n%s\r\n", len(p), p)
	}
	return out + "0\r\n\r\n"
}

// A smuggle is a PUT of the key k with ambiguous framing, in whose bytes a
// request hides. lines are what frames it, body what follows; SIZE is the
// length of the line in front of the hidden request.
type smuggle struct {
	id, text, ref string
	lines         string
	body          func(hidden string) string
	refuse        bool // the RFC demands 400
	want          string
}

var smuggles = []smuggle{
	{"both.after", "Content-Length and Transfer-Encoding, and a request behind the last chunk", rfc9112 + "#section-6.1",
		"Content-Length: 4096\r\nTransfer-Encoding: chunked\r\n",
		func(hidden string) string { return chunked("abc") + hidden }, false, "abc"},
	{"both.inside", "Content-Length and Transfer-Encoding, and a request behind what the length covers", rfc9112 + "#section-6.1",
		"Content-Length: SIZE\r\nTransfer-Encoding: chunked\r\n",
		func(hidden string) string { return chunked(hidden) }, false, "hidden"},
	{"both.reversed", "Transfer-Encoding before Content-Length, and a request behind what the length covers", rfc9112 + "#section-6.1",
		"Transfer-Encoding: chunked\r\nContent-Length: SIZE\r\n",
		func(hidden string) string { return chunked(hidden) }, false, "hidden"},
	{"not-final", "a Transfer-Encoding in which chunked is not the last coding", rfc9112 + "#section-6.3",
		"Transfer-Encoding: chunked, identity\r\n", func(hidden string) string { return chunked("abc") + hidden }, true, ""},
	{"unknown-coding", "an unknown Transfer-Encoding", rfc9112 + "#section-6.1",
		"Transfer-Encoding: xchunked\r\n", func(hidden string) string { return chunked("abc") + hidden }, false, ""},
	{"space-before-colon", "white space between Transfer-Encoding and its colon", rfc9112 + "#section-5.1",
		"Content-Length: SIZE\r\nTransfer-Encoding : chunked\r\n", func(hidden string) string { return chunked(hidden) }, true, ""},
	{"twice", "two Transfer-Encoding headers, of which the second is not chunked", rfc9112 + "#section-6.3",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", func(hidden string) string { return chunked("abc") + hidden }, true, ""},
	{"vertical-tab", "a control character in front of the coding", rfc9112 + "#section-6.3",
		"Content-Length: SIZE\r\nTransfer-Encoding: \vchunked\r\n", func(hidden string) string { return chunked(hidden) }, true, ""},
	{"quoted", "the name of the coding in quotes", rfc9112 + "#section-6.3",
		"Content-Length: SIZE\r\nTransfer-Encoding: \"chunked\"\r\n", func(hidden string) string { return chunked(hidden) }, true, ""},
	{"prefix", "an unknown coding that begins like chunked, and a Content-Length", rfc9112 + "#section-6.3",
		"Content-Length: SIZE\r\nTransfer-Encoding: chunkedx\r\n", func(hidden string) string { return chunked(hidden) }, true, ""},
	{"folded", "a Transfer-Encoding on a folded line, and a Content-Length", rfc9112 + "#section-5.2",
		"Content-Length: SIZE\r\nTransfer-Encoding:\r\n chunked\r\n", func(hidden string) string { return chunked(hidden) }, false, "hidden"},
	{"empty-element", "an empty element in front of the coding, and a Content-Length", rfc9112 + "#section-6.1",
		"Content-Length: SIZE\r\nTransfer-Encoding: , chunked\r\n", func(hidden string) string { return chunked(hidden) }, false, "hidden"},
	{"upper-case", "the coding in upper case, and a Content-Length", rfc9112 + "#section-7",
		"Content-Length: SIZE\r\nTransfer-Encoding: CHUNKED\r\n", func(hidden string) string { return chunked(hidden) }, false, "hidden"},
	{"old", "Transfer-Encoding in a request of HTTP/1.0, whose framing is faulty therefore", rfc9112 + "#section-6.1",
		"Content-Length: SIZE\r\nTransfer-Encoding: chunked\r\n", func(hidden string) string { return chunked(hidden) }, false, "any"},
}

func init() {
	for _, c := range smuggles {
		says := "A PUT with " + c.text + " MUST be refused or framed by the Transfer-Encoding alone, and the connection be closed behind the answer."
		if c.refuse {
			says = "A PUT with " + c.text + " MUST be refused with 400, or with 501 as a coding that is not known, and the connection be closed behind the answer."
		}
		Add(Scenario{
			ID: "wire.smuggle." + c.id, Rule: "X-03", Says: says, Ref: c.ref, Level: Must, Needs: needs,
			Check: func(ctx context.Context, s *S) { c.check(ctx, s) },
		})
	}
}

func (c smuggle) check(ctx context.Context, s *S) {
	b, conn := s.Bucket(ctx), Dial(ctx, s)
	defer conn.Close()
	v := prey(ctx, s, conn, b)
	r := loose(b, "k")
	r.EditHead = func(head string) string {
		if c.id == "old" {
			head = inside(" HTTP/1.1\r\n", " HTTP/1.0\r\n")(head)
		}
		size := len(fmt.Sprintf("%x\r\n", len(v.request)))
		return inHead(strings.ReplaceAll(c.lines, "SIZE", fmt.Sprint(size)))(head)
	}
	head, _ := conn.Render(r)
	_ = conn.Write(append(head, c.body(v.request)...)) // the server may have answered the head already
	got := conn.Answer("PUT")
	closed := conn.Closed(closing) // or the hidden request was answered: then it has been run
	v.expectAlive(ctx, s)
	s.Expect(got.Err).NotTo(HaveOccurred(), "the answer")
	s.Observe(c.id, Outcome(got))
	switch {
	case got.Status/100 == 2 && c.want == "any":
	case got.Status/100 == 2 && c.want == "hidden":
		s.ExpectBody(ctx, b, "k", v.request)
	case got.Status/100 == 2 && c.want != "":
		s.ExpectBody(ctx, b, "k", c.want)
	default:
		s.Expect(got).To(FailWithAny(bad, forbidden, noLength, unsupported))
		s.ExpectAbsent(ctx, b, "k")
	}
	if c.refuse {
		s.Expect(got).To(FailWithAny(bad, unsupported))
	}
	s.Expect(closed).To(BeTrue(), "the server closes the connection behind the answer")
}

func init() {
	for _, c := range []struct{ id, lines string }{
		{"differing", "Content-Length: 5\r\nContent-Length: 6\r\n"},
		{"differing-list", "Content-Length: 5, 6\r\n"},
		{"negative", "Content-Length: -5\r\n"},
		{"plus", "Content-Length: +5\r\n"},
		{"word", "Content-Length: five\r\n"},
		{"hexadecimal", "Content-Length: 0x5\r\n"},
		{"fraction", "Content-Length: 5.0\r\n"},
		{"two-numbers", "Content-Length: 5 5\r\n"},
		{"overflow", "Content-Length: 18446744073709551621\r\n"}, // 5 modulo 2^64
		{"space-before-colon", "Content-Length : 5\r\n"},
	} {
		Add(Scenario{
			ID:    "wire.length." + c.id,
			Rule:  "X-04",
			Says:  "A PUT whose Content-Length is not one number of digits MUST be refused with 400, and the connection be closed behind the answer.",
			Ref:   rfc9112 + "#section-6.3",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b, conn := s.Bucket(ctx), Dial(ctx, s)
				defer conn.Close()
				v := prey(ctx, s, conn, b)
				r := loose(b, "k")
				r.EditHead = inHead(c.lines)
				head, _ := conn.Render(r)
				_ = conn.Write(append(head, "hello"+v.request...)) // the server may have answered the head already
				got, closed := conn.Answer("PUT"), conn.Closed(closing)
				v.expectAlive(ctx, s)
				s.Expect(got).To(FailWithAny(bad))
				s.Expect(closed).To(BeTrue(), "the server closes the connection behind the answer")
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

func init() {
	for _, c := range []struct{ id, lines string }{{"lines", "Content-Length: 5\r\nContent-Length: 5\r\n"}, {"list", "Content-Length: 5, 5\r\n"}} {
		Add(Scenario{
			ID:    "wire.length.same-" + c.id,
			Rule:  "X-04",
			Says:  "A PUT whose Content-Length is the same number twice MUST be refused with 400, or be read as that number.",
			Ref:   rfc9110 + "#section-8.6",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b, conn := s.Bucket(ctx), Dial(ctx, s)
				defer conn.Close()
				r := loose(b, "k")
				r.EditHead = inHead(c.lines)
				head, _ := conn.Render(r)
				_ = conn.Write(append(head, "hello"...)) // the server may have answered the head already
				got := conn.Answer("PUT")
				s.Observe("the same length twice", Outcome(got))
				if got.Status/100 == 2 {
					s.ExpectBody(ctx, b, "k", "hello")
					return
				}
				s.Expect(got).To(FailWithAny(bad))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

// A line of a chunk's framing ends in CRLF: who takes a bare LF for the end
// sees other chunks than who does not.
func init() {
	for _, c := range []struct{ id, text, body string }{
		{"size", "behind its size", "5\nhello\r\n0\r\n\r\n"},
		{"extension", "inside an extension", "5;a\nhello\r\n0\r\n\r\n"},
		{"data", "behind its data", "5\r\nhello\n0\r\n\r\n"},
		{"last", "behind the last chunk", "5\r\nhello\r\n0\n\n"},
		{"bare-cr", "as a bare CR inside an extension", "5;a\rb\r\nhello\r\n0\r\n\r\n"},
	} {
		Add(Scenario{
			ID:    "wire.chunked.line-end." + c.id,
			Rule:  "X-05",
			Says:  "A chunk whose line ends in half a CRLF " + c.text + " SHOULD be refused, and nothing be stored.",
			Ref:   rfc9112 + "#section-7.1",
			Level: Should,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				r := breakOff(ctx, s, b, c.body)
				s.Observe("answer", Outcome(r))
				if r.Status/100 == 2 {
					s.Silently("got %s for a chunk that ends in half a CRLF", Outcome(r))
				}
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "wire.chunked.whole",
	Rule:  "X-05",
	Says:  "A PUT in the chunked transfer coding MUST store the body whole, or be refused with 411 for want of a Content-Length or with 501, and MUST NOT store a part of it.",
	Ref:   rfc9112 + "#section-7.1",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := loose(b, "k")
		r.Late = [][2]string{{"Transfer-Encoding", "chunked"}}
		r.EditBody = func([]byte) []byte { return []byte("5;note=x\r\nhello\r\n0006\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n") }
		got := s.Send(ctx, r)
		s.Observe("PUT with Transfer-Encoding: chunked", Outcome(got))
		if got.Status != 200 {
			s.Expect(got).To(FailWithAny(noLength, unsupported))
			s.ExpectAbsent(ctx, b, "k")
			return
		}
		expectStored(ctx, s, b, "hello world")
	},
})

// expectStored demands that an acknowledged body was stored whole.
func expectStored(ctx context.Context, s *S, bucket, body string) {
	got, err := s.Get(ctx, bucket, "k")
	s.Expect(err).To(OK(), "read k")
	if string(got.Bytes) != body {
		s.Silently("acknowledged, yet k reads %q, want %q", got.Bytes, body)
	}
}

var _ = Add(Scenario{
	ID:    "wire.chunked.broken",
	Rule:  "X-05",
	Says:  "A PUT in the chunked transfer coding whose chunks are broken or break off MUST NOT store anything.",
	Ref:   rfc9112 + "#section-8",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for name, body := range map[string]string{
			"no end":                "5\r\nhello\r\n",
			"ends inside a chunk":   "5\r\nhello\r\n9\r\n wor",
			"a size not in hex":     "5\r\nhello\r\nxyz\r\n world\r\n0\r\n\r\n",
			"a size over 64 bits":   "5\r\nhello\r\nfffffffffffffffff6\r\n world\r\n0\r\n\r\n",
			"more than a size says": "5\r\nhello world\r\n0\r\n\r\n",
		} {
			if r := breakOff(ctx, s, b, body); r.Status/100 == 2 {
				s.Silently("%s: got %s for a broken body", name, Outcome(r))
			}
			s.ExpectAbsent(ctx, b, "k")
		}
	},
})

// breakOff puts a chunked body and sends nothing more.
func breakOff(ctx context.Context, s *S, bucket, body string) *Response {
	conn := Dial(ctx, s)
	defer conn.Close()
	r := loose(bucket, "k")
	r.Late = [][2]string{{"Transfer-Encoding", "chunked"}}
	head, _ := conn.Render(r)
	_ = conn.Write(append(head, body...)) // the server may have answered the head already
	_ = conn.CloseWrite()                 // likewise
	return conn.Answer("PUT")
}
