package wire

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Heads that are malformed, too large, or that name no host.

func init() {
	for _, c := range []struct{ id, line string }{
		{"custom", "X-Test : v\r\n"}, {"tab", "X-Test\t: v\r\n"}, {"amz", "x-amz-meta-late : v\r\n"},
	} {
		Add(Scenario{
			ID:    "wire.head.space-before-colon." + c.id,
			Rule:  "X-06",
			Says:  "A request with white space between the name of a header and its colon MUST be refused with 400.",
			Ref:   rfc9112 + "#section-5.1",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				r := Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("new"), EditHead: inHead(c.line)}
				s.Expect(s.Send(ctx, r)).To(FailWithAny(bad))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
	// What the value becomes decides whether it is the one that was signed, or
	// what is stored where it was not.
	for _, c := range []struct{ id, text, between, ref string }{
		{"fold", "a folded header", "\r\n ", rfc9112 + "#section-5.2"},
		{"nul", "a NUL in a header", "\x00", rfc9110 + "#section-5.5"},
		{"bare-cr", "a bare CR in a header", "\r", rfc9112 + "#section-2.2"},
	} {
		Add(Scenario{
			ID:    "wire.head." + c.id,
			Rule:  "X-06",
			Says:  "A request with " + c.text + " MUST be refused, or be read with a space in its place, and MUST NOT pass it on.",
			Ref:   c.ref,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				for _, r := range []Request{
					{Key: "signed", Header: [][2]string{{"x-amz-meta-a", "one two"}}},
					{Key: "unsigned", Late: [][2]string{{"Cache-Control", "one two"}}},
				} {
					r.Method, r.Bucket, r.Body, r.EditHead = "PUT", b, []byte("new"), inside("one two", "one"+c.between+"two")
					got := s.Send(ctx, r)
					s.Observe(c.text+", "+r.Key, Outcome(got))
					if got.Status != 200 {
						s.Expect(got).To(FailWithAny(bad, forbidden), r.Key)
						s.ExpectAbsent(ctx, b, r.Key)
						continue
					}
					out, err := s.Head(ctx, b, r.Key)
					s.Expect(err).To(OK())
					value := out.Metadata["a"] + aws.ToString(out.CacheControl)
					want := Equal("one two")
					if r.Late != nil {
						want = BeElementOf("one two", "") // not every server keeps this header
					}
					s.Expect(strings.Join(strings.Fields(value), " ")).To(want, "the value stored, "+r.Key)
				}
			},
		})
	}
}

func init() {
	for _, c := range []struct{ id, white string }{{"space", " "}, {"tab", "\t"}} {
		Add(Scenario{
			ID:    "wire.head.leading-" + c.id,
			Rule:  "X-06",
			Says:  "A line that begins with white space between the request line and the first header MUST make the request be refused, or not be read at all.",
			Ref:   rfc9112 + "#section-2.2",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				for _, header := range []string{"x-amz-meta-late", "Cache-Control"} { // the one has to be signed, the other not
					got := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: header, Body: []byte("new"),
						EditHead: inside("\r\n", "\r\n"+c.white+header+": late\r\n")})
					s.Observe("a line of "+header+" that begins with white space", Outcome(got))
					if got.Status != 200 {
						s.Expect(got).To(FailWithAny(bad, forbidden), header)
						s.ExpectAbsent(ctx, b, header)
						continue
					}
					out, err := s.Head(ctx, b, header)
					s.Expect(err).To(OK())
					if out.Metadata["late"] != "" || aws.ToString(out.CacheControl) != "" {
						s.Silently("the line was read as the header %s", header)
					}
				}
			},
		})
	}
	for _, c := range []struct{ id, text, from, to string }{
		{"version", "an HTTP version that does not exist", " HTTP/1.1\r\n", " HTTP/9.9\r\n"},
		{"version-text", "an HTTP version that is none", " HTTP/1.1\r\n", " HTTP/one\r\n"},
		{"version-case", "the name of the protocol in lower case", " HTTP/1.1\r\n", " http/1.1\r\n"},
		{"space-in-target", "white space in its target", "/k HTTP/1.1\r\n", "/k and more HTTP/1.1\r\n"},
	} {
		Add(Scenario{
			ID:    "wire.head.line." + c.id,
			Rule:  "X-06",
			Says:  "A request line with " + c.text + " SHOULD be refused with 400, or 505 for its version, and nothing be stored.",
			Ref:   rfc9112 + "#section-3",
			Level: Should,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				got := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("new"), EditHead: inside(c.from, c.to)})
				if got.Err == nil {
					s.Expect(got).To(FailWithAny(bad, Answer{Status: 505}))
				}
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

func init() {
	for _, c := range []struct {
		id, text string
		edit     func(host string) func(string) string
	}{
		{"absent", "without Host", func(h string) func(string) string { return inside("Host: "+h+"\r\n", "") }},
		{"twice", "with two Hosts", func(h string) func(string) string {
			return inside("Host: "+h+"\r\n", "Host: "+h+"\r\nHost: other.example\r\n")
		}},
		{"twice-same", "with the same Host twice", func(h string) func(string) string {
			return inside("Host: "+h+"\r\n", "Host: "+h+"\r\nHost: "+h+"\r\n")
		}},
		{"invalid", "with a Host that is none", func(h string) func(string) string { return inside("Host: "+h+"\r\n", "Host: a b/c\r\n") }},
	} {
		Add(Scenario{
			ID:    "wire.host." + c.id,
			Rule:  "X-07",
			Says:  "A request of HTTP/1.1 " + c.text + " MUST be refused with 400.",
			Ref:   rfc9112 + "#section-3.2",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				r := Request{Method: "PUT", Path: "/" + b + "/k", Body: []byte("new"), EditHead: c.edit(s.Target().Endpoints[0].Host)}
				s.Expect(s.Send(ctx, r)).To(FailWithAny(bad))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "wire.host.absolute-form",
	Rule:  "X-07",
	Says:  "A request whose target is a whole address MUST be accepted.",
	Ref:   rfc9112 + "#section-3.2.2",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b, u := s.Bucket(ctx), s.Target().Endpoints[0]
		s.MustPut(ctx, b, "k", "hello")
		r := s.Send(ctx, Request{Method: "GET", Path: "/" + b + "/k", EditHead: inside("GET /", "GET "+u.Scheme+"://"+u.Host+"/")})
		s.Expect(r).To(HaveStatus(200))
		s.Expect(string(r.Body)).To(Equal("hello"))
	},
})

// padding is about n bytes of headers that ask for nothing.
func padding(n int) [][2]string {
	var out [][2]string
	for i := 0; n > 0; i++ {
		out = append(out, [2]string{fmt.Sprintf("X-Padding-%d", i), strings.Repeat("p", 1000)})
		n -= 1000
	}
	return out
}

func init() {
	for _, c := range []struct {
		id, text string
		make     func(b string) Request
	}{
		{"headers", "12 KiB of headers", func(b string) Request { return Request{Method: "PUT", Bucket: b, Key: "k", Header: padding(12 << 10)} }},
		{"one-header", "one header of 12 KiB", func(b string) Request {
			return Request{Method: "PUT", Bucket: b, Key: "k", Header: [][2]string{{"X-Padding", strings.Repeat("p", 12<<10)}}}
		}},
		{"many-headers", "2000 headers", func(b string) Request {
			r := Request{Method: "PUT", Bucket: b, Key: "k"}
			for i := range 2000 {
				r.Late = append(r.Late, [2]string{fmt.Sprintf("X-P-%d", i), "p"})
			}
			return r
		}},
		{"huge", "2 MiB of headers", func(b string) Request { return Request{Method: "PUT", Bucket: b, Key: "k", Late: padding(2 << 20)} }},
	} {
		Add(Scenario{
			ID:    "wire.head.too-large." + c.id,
			Rule:  "X-08",
			Says:  "A PUT with " + c.text + " MUST be refused with 400, or with 431 by an HTTP library, or be cut off, and not be stored, since 8 KB is the most.",
			Ref:   guide + "UsingMetadata.html",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				r := s.Send(ctx, c.make(b))
				s.Observe(c.text, Outcome(r))
				if r.Err == nil {
					s.Expect(r).To(FailWithAny(bad, Answer{Status: 431}))
				}
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "wire.head.too-large.code",
	Rule:  "X-08",
	Says:  "A PUT with 12 KiB of headers SHOULD be refused with 400 RequestHeaderSectionTooLarge.",
	Ref:   apiErrors,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		r := s.Send(ctx, Request{Method: "PUT", Bucket: s.Bucket(ctx), Key: "k", Header: padding(12 << 10)})
		s.Expect(r).To(FailWith(400, "RequestHeaderSectionTooLarge"))
	},
})

var _ = Add(Scenario{
	ID:    "wire.head.large",
	Rule:  "X-08",
	Says:  "A PUT with 6 KiB of headers MUST be accepted.",
	Ref:   guide + "UsingMetadata.html",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.Expect(s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("new"), Header: padding(6 << 10)})).To(OK())
		s.ExpectBody(ctx, b, "k", "new")
	},
})

// inCase spells the names of all headers of a head anew.
func inCase(spell func(string) string) func(head string) string {
	return func(head string) string {
		lines := strings.Split(head, "\r\n")
		for i, line := range lines[1:] {
			if name, value, ok := strings.Cut(line, ":"); ok {
				lines[i+1] = spell(name) + ":" + value
			}
		}
		return strings.Join(lines, "\r\n")
	}
}

func init() {
	for _, c := range []struct {
		id, text string
		spell    func(string) string
	}{{"lower", "lower", strings.ToLower}, {"upper", "upper", strings.ToUpper}} {
		Add(Scenario{
			ID:    "wire.head.case." + c.id,
			Rule:  "X-06",
			Says:  "The names of headers in " + c.text + " case MUST mean what they mean in any other.",
			Ref:   rfc9110 + "#section-5.1",
			Level: Must,
			Needs: append([]Feature{Range, ConditionalRead, ConditionalWrite}, needs...),
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				send := func(r Request) *Response {
					r.Bucket, r.Key, r.EditHead = b, "k", inCase(c.spell)
					return s.Send(ctx, r)
				}
				s.Expect(send(Request{Method: "PUT", Body: []byte("hello"), Header: [][2]string{{"Content-Type", "text/x-test"}, {"x-amz-meta-a", "1"}, {"Cache-Control", "no-cache"}}})).To(OK(), "PUT")
				s.Expect(send(Request{Method: "PUT", Body: []byte("new"), Header: [][2]string{{"If-None-Match", "*"}}})).To(FailWith(412, "PreconditionFailed"), "PUT with If-None-Match")
				s.Expect(send(Request{Method: "PUT", Body: []byte("new"), Header: [][2]string{{"Content-MD5", "XUFAKrxLKna5cZ2REBfFkg=="}}})).To(FailWith(400, "BadDigest"), "PUT with the Content-MD5 of other bytes")
				r := send(Request{})
				s.Expect(r).To(HaveStatus(200), "GET")
				s.Expect(string(r.Body)).To(Equal("hello"))
				for name, value := range map[string]string{"Content-Type": "text/x-test", "X-Amz-Meta-A": "1", "Cache-Control": "no-cache"} {
					s.Expect(r).To(HaveHeader(name, value))
				}
				s.Expect(send(Request{Header: [][2]string{{"Range", "bytes=1-2"}}})).To(HaveStatus(206), "GET with Range")
				s.Expect(send(Request{Header: [][2]string{{"If-None-Match", r.Header.Get("ETag")}}})).To(FailWith(304), "GET with If-None-Match")
				s.Expect(send(Request{Header: [][2]string{{"If-Match", `"no"`}}})).To(FailWith(412, "PreconditionFailed"), "GET with If-Match")
			},
		})
	}
}
