package encryption

import (
	"context"
	"slices"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Copies from and to objects that have a key of the client's.

var copying = []Feature{SSEC, Copy}

var _ = Add(Scenario{
	ID:    "encryption.customer.copy-from",
	Rule:  "E-09",
	Says:  "CopyObject of an object that has a key of the client's MUST be refused without that key, or with another, and make the copy with it.",
	Ref:   apiCopy,
	SDK:   "s3@v1.114.8 CopyObjectInput.CopySourceSSECustomerKey",
	Level: Must,
	Needs: copying,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s)
		must(ctx, s, put(b, "src", "hello", keys(s, hOwn, 0)...), "put the source")
		s.Expect(send(ctx, s, dup(b, "src", "k"))).To(HaveStatus(400, 403), "without the key")
		s.Expect(send(ctx, s, dup(b, "src", "k", keys(s, hSource, 1)...))).To(HaveStatus(400, 403), "with another key")
		s.ExpectAbsent(ctx, b, "k")
		s.Expect(send(ctx, s, dup(b, "src", "k", keys(s, hSource, 0)...))).To(OK(), "with the key")
		s.ExpectBody(ctx, b, "k", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "encryption.customer.copy-to",
	Rule:  "E-09",
	Says:  "A copy that is made with a key of the client's MUST read back with that key and no other, whatever its source has.",
	Ref:   apiCopy,
	SDK:   "s3@v1.114.8 CopyObjectInput.SSECustomerKey",
	Level: Must,
	Needs: copying,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s)
		for _, body := range []string{"hello", string(s.Bytes(100000))} {
			s.MustPut(ctx, b, "src", body)
			r := send(ctx, s, dup(b, "src", "k", keys(s, hOwn, 0)...))
			s.Expect(r).To(OK(), "copy")
			s.Expect(r).To(HaveHeader(hOwn+"algorithm", aes))
			s.Expect(send(ctx, s, get(b, "k"))).To(HaveStatus(400, 403), "without the key")
			s.Expect(send(ctx, s, get(b, "k", keys(s, hOwn, 1)...))).To(HaveStatus(400, 403), "with another key")
			got := send(ctx, s, get(b, "k", keys(s, hOwn, 0)...))
			s.Expect(got).To(OK(), "with the key")
			s.Expect(string(got.Body) == body).To(BeTrue(), "the body is the source's")
		}
	},
})

var _ = Add(Scenario{
	ID:    "encryption.customer.rotate",
	Rule:  "E-09",
	Says:  "To copy an object onto itself with its key of the client's and a new one MUST change the key: the new one opens it, and the old one no longer.",
	Ref:   apiCopy,
	SDK:   "s3@v1.114.8 CopyObjectInput.CopySourceSSECustomerKey, CopyObjectInput.SSECustomerKey",
	Level: Must,
	Needs: copying,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s)
		for _, body := range []string{"hello", string(s.Bytes(100000))} {
			must(ctx, s, put(b, "k", body, keys(s, hOwn, 0)...), "put")
			r := dup(b, "k", "k", slices.Concat(keys(s, hSource, 0), keys(s, hOwn, 1))...)
			s.Expect(send(ctx, s, r)).To(OK(), "copy onto itself")
			got := send(ctx, s, get(b, "k", keys(s, hOwn, 1)...))
			s.Expect(got).To(OK(), "by the new key")
			s.Expect(string(got.Body) == body).To(BeTrue(), "the body is as it was")
			s.Expect(send(ctx, s, get(b, "k", keys(s, hOwn, 0)...))).To(HaveStatus(400, 403), "by the old key")
		}
	},
})

var _ = Add(Scenario{
	ID:    "encryption.customer.leave",
	Rule:  "E-09",
	Says:  "To copy an object onto itself with its key of the client's and without a new one SHOULD leave the key behind: it opens without one, since its encryption changes.",
	Ref:   apiCopy,
	SDK:   "s3@v1.114.8 CopyObjectInput.CopySourceSSECustomerKey",
	Level: Should,
	Needs: copying,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s)
		must(ctx, s, put(b, "k", "hello", keys(s, hOwn, 0)...), "put")
		s.Expect(send(ctx, s, dup(b, "k", "k", keys(s, hSource, 0)...))).To(OK(), "copy onto itself")
		got := send(ctx, s, get(b, "k"))
		s.Expect(got).To(OK(), "without the key")
		s.Expect(string(got.Body)).To(Equal("hello"))
	},
})
