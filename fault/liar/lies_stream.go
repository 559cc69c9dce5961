package liar

import "bleepstore/scenarios/sign"

// Bodies in the framing of aws-chunked.

var (
	_ = add("lie.stream.stored", "PutObject stores the framing of aws-chunked with the body",
		breaks("streaming.put.signed.empty", "streaming.encoding.signed.last", "streaming.put.signed-trailer.empty"), framed("PutObject"))
	_ = add("lie.stream.part-stored", "UploadPart stores the framing of aws-chunked with the part",
		breaks("streaming.part.unsigned-trailer.one-chunk", "streaming.part.signed.one-chunk", "streaming.part.unsigned-trailer.empty"), framed("UploadPart"))
	_ = revise("lie.stream.trailer-unread", "PutObject and UploadPart heed no trailer",
		breaks("streaming.put.signed-trailer.length-missing", "streaming.part.signed-trailer.wrong.sha256", "streaming.put.unsigned-trailer.length-missing"), ops("PutObject", "UploadPart"), func(q *request) bool {
			p := sign.Payload(q.by.payload)
			if p != sign.ChunkedTrailer && p != sign.UnsignedTrailer {
				return false
			}
			s := readStream(q)
			if s == nil {
				return false
			}
			q.unframe()
			q.body = s.data
			return true
		})
)

// framed is a lie that sends a framed body on as if it were none.
func framed(op string) lie {
	streams := func(q *request) bool { return sign.Payload(q.by.payload).Streaming() }
	return lie{on: and(ops(op), honest, streams), when: worked, take: func(t *telling, q *request) *answer {
		whole := q.body
		q.unframe()
		q.body = whole
		for name := range digests {
			q.drop(name)
		}
		q.drop("X-Amz-Sdk-Checksum-Algorithm")
		if !q.resign() {
			return nil
		}
		return t.send(q)
	}}
}
