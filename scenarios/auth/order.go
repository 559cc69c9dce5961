package auth

import (
	"context"
	"strconv"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// What is looked at first: who asks, before what there is and before the body.

// forge makes the signature wrong.
func forge(r Request) Request {
	r.Scope = func(sc *sign.Scope) { sc.Secret += "x" }
	return r
}

func init() {
	for _, c := range []struct {
		id, text string
		make     func(s *S, bucket string) Request
	}{
		{"absent-bucket", "a bucket that does not exist", func(s *S, _ string) Request { return Request{Method: "GET", Bucket: s.AbsentBucket()} }},
		{"absent-key", "a key that does not exist", func(_ *S, b string) Request { return Request{Method: "GET", Bucket: b, Key: "absent"} }},
		{"absent-upload", "an upload that does not exist", func(_ *S, b string) Request {
			return Request{Method: "PUT", Bucket: b, Key: "k", Query: "partNumber=1&uploadId=none", Body: []byte("part")}
		}},
		{"false-condition", "a condition that does not hold", func(_ *S, b string) Request {
			return Request{Method: "GET", Bucket: b, Key: "k", Header: [][2]string{{"If-Match", `"none"`}}}
		}},
		{"bad-range", "a range that cannot be satisfied", func(_ *S, b string) Request {
			return Request{Method: "GET", Bucket: b, Key: "k", Header: [][2]string{{"Range", "bytes=100-"}}}
		}},
		{"bad-document", "a document that is not well-formed", func(_ *S, b string) Request {
			body := []byte("<Delete><Object>")
			return Request{Method: "POST", Bucket: b, Query: "delete=", Body: body, Header: [][2]string{ContentMD5(body)}}
		}},
	} {
		Add(Scenario{
			ID:    "auth.first." + c.id,
			Rule:  "AN-15",
			Says:  "A wrongly signed request for " + c.text + " SHOULD be refused with 403 SignatureDoesNotMatch all the same, so that nobody learns anything.",
			Ref:   api + "S3_Authentication2.html",
			Level: Should,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "old")
				s.Expect(s.Send(ctx, forge(c.make(s, b)))).To(FailWithAny(mismatch))
			},
		})
	}
}

// announced are PUTs whose head announces far more than anybody will send.
func announced(bucket string, bytes int64) Request {
	return Request{Method: "PUT", Bucket: bucket, Key: "k", Payload: sign.Unsigned,
		Header: [][2]string{{"Content-Length", strconv.FormatInt(bytes, 10)}}}
}

var _ = Add(Scenario{
	ID:    "auth.first.body",
	Rule:  "AN-15",
	Says:  "A wrongly signed PUT of 4 GiB SHOULD be refused with 403 before any of the body was sent.",
	Ref:   api + "S3_Authentication2.html",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for name, r := range map[string]Request{"wrong": forge(announced(b, 4<<30)), "anonymous": {Method: "PUT", Bucket: b, Key: "k", As: Anonymous,
			Header: [][2]string{{"Content-Length", "4294967296"}}}} {
			c := Dial(ctx, s)
			defer c.Close()
			s.Must(c.Send(r), "send the head")
			s.Expect(c.Answer("PUT")).To(FailWithAny(forbidden), name)
		}
		s.ExpectAbsent(ctx, b, "k")
	},
})
