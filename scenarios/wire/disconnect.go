package wire

import (
	"bytes"
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// Clients that go away before their body is out.

// half a body is more than one chunk and more than a server buffers at once.
const half = 70_000

// A departure is how far a client gets.
type departure struct {
	id, text string
	at       int    // bytes of the framed body; 0: none
	before   string // the client stops behind the last of these bytes instead
	payload  sign.Payload
	trailers [][2]string
}

var departures = []departure{
	{"before-body", "behind the head", 0, "", sign.Signed, nil},
	{"mid-body", "in the middle of the body", half, "", sign.Signed, nil},
	{"last-byte", "one byte before the end", 2*half - 1, "", sign.Unsigned, nil},
	{"mid-chunk", "in the middle of a signed chunk", half, "", sign.Chunked, nil},
	{"before-final", "before the final chunk", 0, "\r\n0", sign.Chunked, nil},
	{"before-trailer", "before the trailer", 0, "\r\n0\r\n", sign.UnsignedTrailer, [][2]string{{"x-amz-checksum-crc32", "AAAAAA=="}}},
}

// cut is how much of a framed body the client sends.
func (d departure) cut(body []byte) []byte {
	if d.before != "" {
		return body[:bytes.LastIndex(body, []byte(d.before))+len(d.before)]
	}
	return body[:d.at]
}

func init() {
	doors := []struct {
		id, op string
		need   Feature
		open   func(ctx context.Context, s *S) Slot
	}{{"put", "PutObject", Objects, ObjectSlot}, {"part", "UploadPart", Multipart, func(ctx context.Context, s *S) Slot { return PartSlot(ctx, s) }}}
	for _, door := range doors {
		for _, d := range departures {
			for _, way := range []string{"ends", "breaks"} {
				Add(Scenario{
					ID:    "wire.disconnect." + door.id + "." + d.id + "." + way,
					Rule:  "X-21",
					Says:  door.op + " MUST store nothing when the connection " + way + " " + d.text + ".",
					Ref:   rfc9112 + "#section-8",
					Level: Must,
					Needs: []Feature{Wire, door.need},
					Check: func(ctx context.Context, s *S) {
						slot := door.open(ctx, s)
						d.leave(ctx, s, slot, way)
						slot.ExpectEmpty(ctx)
					},
				})
			}
		}
	}
}

// leave sends a part of a body to the slot, and goes.
func (d departure) leave(ctx context.Context, s *S, slot Slot, way string) {
	conn := Dial(ctx, s)
	defer conn.Close()
	head, body := conn.Render(Request{Method: "PUT", Bucket: slot.Bucket, Key: slot.Key, Query: slot.Query,
		Body: s.Bytes(2 * half), Payload: d.payload, Trailers: d.trailers})
	_ = conn.Write(append(head, d.cut(body)...)) // a refusal may be there already
	if way == "breaks" {
		conn.Reset()
		return
	}
	_ = conn.CloseWrite()
	r := conn.Answer("PUT")
	s.Observe("answer", Outcome(r))
	if r.Status/100 == 2 {
		s.Silently("got %s for a body that is not whole", Outcome(r))
	}
}

var _ = Add(Scenario{
	ID:    "wire.disconnect.overwrite",
	Rule:  "X-21",
	Says:  "An object MUST stay as it was when the connection of a PUT over it breaks off.",
	Ref:   rfc9112 + "#section-8",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		slot := ObjectSlot(ctx, s)
		s.MustPut(ctx, slot.Bucket, slot.Key, "old")
		for _, way := range []string{"ends", "breaks"} {
			departures[1].leave(ctx, s, slot, way)
			s.ExpectUnchanged(ctx, slot.Bucket, slot.Key, "old")
		}
	},
})

var _ = Add(Scenario{
	ID:    "wire.disconnect.no-leak",
	Rule:  "X-21",
	Says:  "A bucket MUST be as empty as before once PUTs into it broke off, so that it can be deleted.",
	Ref:   rfc9112 + "#section-8",
	Level: Must,
	Needs: []Feature{Wire, Objects, Buckets},
	Check: func(ctx context.Context, s *S) {
		slot := ObjectSlot(ctx, s)
		for range 3 {
			departures[1].leave(ctx, s, slot, "breaks")
		}
		_, err := s.SDK().DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &slot.Bucket})
		s.Expect(err).To(OK(), "delete the bucket")
	},
})

var _ = Add(Scenario{
	ID:    "wire.stalled",
	Rule:  "X-23",
	Says:  "A PUT whose body stalls MUST end with 400 RequestTimeout or a closed connection within two minutes, and store nothing.",
	Ref:   apiErrors,
	Level: Must,
	Needs: []Feature{Wire, Objects, Slow},
	Check: func(ctx context.Context, s *S) {
		b, conn := s.Bucket(ctx), Dial(ctx, s)
		defer conn.Close()
		head, body := conn.Render(Request{Method: "PUT", Bucket: b, Key: "k", Body: s.Bytes(2 * half)})
		s.Must(conn.Write(append(head, body[:half]...)), "send half of it")
		start := time.Now()
		r := conn.AnswerWithin("PUT", 2*time.Minute)
		s.Observe("ended after", time.Since(start).Round(time.Second))
		if r.Err == nil {
			s.Expect(r).To(FailWithAny(Answer{Status: 400, Codes: []string{"RequestTimeout"}}, Answer{Status: 408}))
		}
		s.Expect(time.Since(start)).To(BeNumerically("<", 2*time.Minute), "time")
		s.ExpectAbsent(ctx, b, "k")
	},
})
