package wire

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"

	"bleepstore/fault"
	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "wire.broken.get",
	Rule:  "X-21",
	Says:  "A GET whose connection breaks at any byte of the body MUST show by its length that it is not whole, and the rest MUST be had by a range of the same ETag.",
	Ref:   rfc9112 + "#section-8",
	Level: Must,
	Needs: []Feature{Wire, Objects, Range, ConditionalRead},
	Check: func(ctx context.Context, s *S) {
		b, body := s.Bucket(ctx), s.Bytes(2*half)
		etag := aws.ToString(s.MustPut(ctx, b, "k", string(body)).ETag)
		d := takeDetour(s)
		defer d.close()
		get := Request{Method: http.MethodGet, Bucket: b, Key: "k"}
		whole := s.Send(ctx, get)
		s.Expect(whole).To(OK())
		if got, want := whole.Header.Get("Content-Length"), strconv.Itoa(len(body)); got != want && got != "" {
			s.Silently("Content-Length: got %q, want %s", got, want)
		}
		at := 1 + s.Rand().IntN(len(body)-1)
		got, done := d.send(ctx, get, func(int) fault.HTTPTrouble { return fault.HTTPTrouble{CutAnswer: int64(at)} })
		if done == nil || got.Err == nil {
			s.Silently("got %s and %d bytes for an answer that was cut behind %d", Outcome(got), len(got.Body), at)
		}
		get.Header = [][2]string{{"Range", fmt.Sprintf("bytes=%d-", at)}, {"If-Match", etag}}
		rest := s.Send(ctx, get)
		s.Expect(rest).To(HaveStatus(http.StatusPartialContent), "the rest of it")
		if string(rest.Body) != string(body[at:]) {
			s.Silently("the rest behind %d: got %d bytes, or others than the last %d", at, len(rest.Body), len(body)-at)
		}
	},
})
