package wire

import (
	"context"
	"net/http"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// What a connection is good for behind an answer.

// refusals are PUTs that are refused before or after their body is read.
var refusals = []struct {
	id, text string
	make     func(s *S, b string, body []byte) Request
}{
	{"forged", "wrongly signed", func(_ *S, b string, body []byte) Request {
		return Request{Bucket: b, Key: "k", Body: body, Scope: func(sc *sign.Scope) { sc.Secret += "x" }}
	}},
	{"anonymous", "anonymous", func(_ *S, b string, body []byte) Request {
		return Request{Bucket: b, Key: "k", Body: body, As: Anonymous}
	}},
	{"no-bucket", "into a bucket that does not exist", func(s *S, _ string, body []byte) Request {
		return Request{Bucket: s.AbsentBucket(), Key: "k", Body: body}
	}},
	{"bad-digest", "with a wrong Content-MD5", func(_ *S, b string, body []byte) Request {
		return Request{Bucket: b, Key: "k", Body: body, Header: [][2]string{ContentMD5([]byte("other"))}}
	}},
	{"condition", "whose condition does not hold", func(_ *S, b string, body []byte) Request {
		return Request{Bucket: b, Key: "old", Body: body, Header: [][2]string{{"If-None-Match", "*"}}}
	}},
	{"long-key", "with too long a key", func(_ *S, b string, body []byte) Request {
		return Request{Bucket: b, Key: strings.Repeat("k", 1100), Body: body}
	}},
}

func init() {
	for _, c := range refusals {
		for size, n := range map[string]int{"small": 1, "large": 1000} {
			Add(Scenario{
				ID:    "wire.connection.refused." + c.id + "." + size,
				Rule:  "X-19",
				Says:  "Behind the refusal of a " + size + " PUT " + c.text + " the connection MUST serve the next request, or be closed, and the body never be read as a request.",
				Ref:   rfc9112 + "#section-9.3",
				Level: Must,
				Needs: needs,
				Check: func(ctx context.Context, s *S) {
					b, conn := s.Bucket(ctx), Dial(ctx, s)
					defer conn.Close()
					s.MustPut(ctx, b, "old", "old")
					v := prey(ctx, s, conn, b)
					r := c.make(s, b, []byte(strings.Repeat(v.request, n)))
					r.Method = "PUT"
					werr := conn.Send(r)
					got := conn.Answer("PUT")
					if got.Err != nil && werr != nil {
						v.expectAlive(ctx, s)
						return // cut off in the middle of a large body
					}
					s.Expect(got).To(FailWithAny(bad, forbidden, Answer{Status: 404}, Answer{Status: 412}))
					next(s, conn, b, got)
					v.expectAlive(ctx, s)
				},
			})
		}
	}
}

// next demands that the connection serves one more request, unless the server
// has closed it.
func next(s *S, conn *Conn, bucket string, before *Response) {
	if before.Closes {
		expectClosed(s, conn, "behind an answer that says so")
		return
	}
	if conn.Closed(0) || conn.Send(Request{Method: "GET", Bucket: bucket, Key: "old"}) != nil {
		return
	}
	got := conn.Answer("GET")
	if got.Err != nil {
		return // closed between the two
	}
	s.Expect(got).To(HaveStatus(200), "the next request")
	s.Expect(string(got.Body)).To(Equal("old"), "the next answer")
}

var _ = Add(Scenario{
	ID:    "wire.connection.kept",
	Rule:  "X-19",
	Says:  "A connection MUST serve one request behind the other, errors among them, until one side says that it closes it.",
	Ref:   rfc9112 + "#section-9.3",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b, conn := s.Bucket(ctx), Dial(ctx, s)
		defer conn.Close()
		s.MustPut(ctx, b, "old", "old")
		for i, r := range []Request{{Method: "GET", Key: "absent"}, {Method: "HEAD", Key: "absent"}, {Method: "GET", Key: "old", Header: [][2]string{{"If-None-Match", "*"}}},
			{Method: "PUT", Key: "k", Body: []byte("new")}, {Method: "DELETE", Key: "k"}, {Method: "GET", Key: "old", Header: [][2]string{{"Range", "bytes=9-"}}}} {
			r.Bucket = b
			s.Expect(conn.Send(r)).To(Succeed(), "request %d", i+1)
			got := conn.Answer(r.Method)
			s.Expect(got.Err).NotTo(HaveOccurred(), "answer %d", i+1)
			if got.Closes {
				s.Observe("closed behind", Outcome(got))
				expectClosed(s, conn, "behind an answer that says so")
				return
			}
		}
		s.Must(conn.Send(Request{Method: "GET", Bucket: b, Key: "old"}), "send the last request")
		s.Expect(string(conn.Answer("GET").Body)).To(Equal("old"), "the last answer")
	},
})

var _ = Add(Scenario{
	ID:    "wire.connection.close",
	Rule:  "X-19",
	Says:  "A request with Connection: close MUST be the last that the connection serves.",
	Ref:   rfc9112 + "#section-9.6",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b, conn := s.Bucket(ctx), Dial(ctx, s)
		defer conn.Close()
		v := prey(ctx, s, conn, b)
		head, _ := conn.Render(Request{Method: "GET", Bucket: b, Key: "victim", Late: [][2]string{{"Connection", "close"}}})
		s.Must(conn.Write(append(head, v.request...)), "send both")
		s.Expect(conn.Answer("GET")).To(HaveStatus(200))
		closed := conn.Closed(closing)
		v.expectAlive(ctx, s)
		s.Expect(closed).To(BeTrue(), "the server closes the connection behind the answer")
	},
})

var _ = Add(Scenario{
	ID:    "wire.connection.pipelined",
	Rule:  "X-20",
	Says:  "Requests that are sent without waiting MUST be answered in their order.",
	Ref:   rfc9112 + "#section-9.3.2",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b, conn := s.Bucket(ctx), Dial(ctx, s)
		defer conn.Close()
		s.MustPut(ctx, b, "a", strings.Repeat("a", 10_000))
		s.MustPut(ctx, b, "b", "b")
		var all []byte
		asked := []Request{{Method: "GET", Key: "a"}, {Method: "GET", Key: "absent"}, {Method: "HEAD", Key: "b"}, {Method: "GET", Key: "b"}, {Method: "PUT", Key: "c", Body: []byte("c")}, {Method: "GET", Key: "a"}}
		for i := range asked {
			asked[i].Bucket = b
			head, body := conn.Render(asked[i])
			all = append(append(all, head...), body...)
		}
		s.Must(conn.Write(all), "send all at once")
		for i, want := range []int{200, 404, 200, 200, 200, 200} {
			got := conn.Answer(asked[i].Method)
			if i > 0 && got.Err != nil {
				s.Observe("answered before it was closed", i)
				return // a server may close a connection at any time
			}
			s.Expect(got).To(HaveStatus(want), "answer %d", i+1)
			if asked[i].Method == http.MethodGet && want == 200 {
				s.Expect(string(got.Body)).To(HavePrefix(asked[i].Key), "body %d", i+1)
			}
			if got.Closes {
				return
			}
		}
	},
})
