package wire

import (
	"context"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// Expect: 100-continue, by which a client asks before it sends a body.

var willing = [2]string{"Expect", "100-continue"}

var _ = Add(Scenario{
	ID:    "wire.expect.continue",
	Rule:  "X-01",
	Says:  "A PUT with Expect: 100-continue MUST be answered at once, with 100 when the body is wanted, and then store the body.",
	Ref:   rfc9110 + "#section-10.1.1",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b, c := s.Bucket(ctx), Dial(ctx, s)
		defer c.Close()
		head, body := c.Render(Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("hello"), Header: [][2]string{willing}})
		s.Must(c.Write(head), "send the head")
		s.Expect(c.Next("PUT")).To(HaveStatus(100), "before the body")
		s.Must(c.Write(body), "send the body")
		s.Expect(c.Answer("PUT")).To(HaveStatus(200), "behind the body")
		s.ExpectBody(ctx, b, "k", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "wire.expect.impatient",
	Rule:  "X-01",
	Says:  "A PUT with Expect: 100-continue MUST store the body of a client that does not wait.",
	Ref:   rfc9110 + "#section-10.1.1",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("hello"), Header: [][2]string{willing}})
		s.Expect(r).To(HaveStatus(200))
		s.ExpectBody(ctx, b, "k", "hello")
	},
})

func init() {
	forged := func(sc *sign.Scope) { sc.Secret += "x" }
	for _, c := range []struct {
		id, text string
		want     Answer
		make     func(s *S, b string) Request
	}{
		{"forged", "wrongly signed", forbidden, func(_ *S, b string) Request { return Request{Bucket: b, Key: "k", Scope: forged} }},
		{"anonymous", "anonymous", forbidden, func(_ *S, b string) Request { return Request{Bucket: b, Key: "k", As: Anonymous} }},
		{"no-bucket", "into a bucket that does not exist", Answer{Status: 404, Codes: []string{"NoSuchBucket"}},
			func(s *S, _ string) Request { return Request{Bucket: s.AbsentBucket(), Key: "k"} }},
	} {
		Add(Scenario{
			ID:    "wire.expect.refused." + c.id,
			Rule:  "X-01",
			Says:  "A PUT " + c.text + " with Expect: 100-continue SHOULD be refused at once, without asking for the body by a 100.",
			Ref:   api + "RESTCommonRequestHeaders.html",
			Level: Should,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b, conn := s.Bucket(ctx), Dial(ctx, s)
				defer conn.Close()
				r := c.make(s, b)
				r.Method, r.Body, r.Header = "PUT", []byte("hello"), [][2]string{willing}
				head, _ := conn.Render(r)
				s.Must(conn.Write(head), "send the head")
				s.Expect(conn.Next("PUT")).To(FailWithAny(c.want))
				if r.Bucket == b {
					s.ExpectAbsent(ctx, b, "k")
				}
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "wire.expect.http-1-0",
	Rule:  "X-01",
	Says:  "A PUT of HTTP/1.0 with Expect: 100-continue MUST NOT be answered with 100, since such a client does not know it.",
	Ref:   rfc9110 + "#section-15.2",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("hello"), Header: [][2]string{willing},
			EditHead: inside(" HTTP/1.1\r\n", " HTTP/1.0\r\n")})
		s.Expect(r.Err).NotTo(HaveOccurred())
		s.Expect(r.Interim).To(BeEmpty(), "interim answers")
	},
})

var _ = Add(Scenario{
	ID:    "wire.expect.other",
	Rule:  "X-02",
	Says:  "A PUT with an Expect that is not 100-continue SHOULD be served as if it were not there, as S3 was seen to, or be refused with 417, which a server MAY.",
	Ref:   rfc9110 + "#section-10.1.1",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("hello"), Header: [][2]string{{"Expect", "a-miracle"}}})
		s.Observe("Expect: a-miracle", Outcome(r))
		if r.Status == 200 {
			s.ExpectBody(ctx, b, "k", "hello")
			return
		}
		s.Expect(r).To(FailWith(417))
		s.ExpectAbsent(ctx, b, "k")
	},
})
