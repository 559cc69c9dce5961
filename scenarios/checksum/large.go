package checksum

import (
	"bytes"
	"context"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

// K-01 for bodies that a server does not hold in one buffer.

const largeBody = 1 << 20

var _ = func() struct{} {
	for _, d := range doors {
		for _, a := range digest.Every() {
			d.addLarge(a)
		}
	}
	return struct{}{}
}()

func (d door) addLarge(a digest.Algorithm) {
	Add(d.rule(a, "wrong-large", "of 1 MiB whose "+a.Header()+" is right for all but its last byte MUST fail with 400 BadDigest and store nothing.", apiErrors,
		func(ctx context.Context, s *S) {
			slot := d.open(ctx, s, a)
			sent := s.Bytes(largeBody)
			other := bytes.Clone(sent)
			other[len(other)-1] ^= 1
			r := slot.Send(ctx, Request{Body: sent, Header: header(a.Header(), a.Of(other))})
			s.Expect(r).To(FailWith(400, "BadDigest"))
			slot.ExpectEmpty(ctx)
			r = slot.Send(ctx, Request{Body: sent, Header: header(a.Header(), a.Of(sent))})
			s.Expect(r).To(OK(), "the right value")
			slot.ExpectStored(ctx, string(sent))
		}))
}
