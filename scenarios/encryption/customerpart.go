package encryption

import (
	"context"
	"slices"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Uploads that have a key of the client's.

var uploading = []Feature{SSEC, Multipart}

// minPart is the least size of a part that is not the last.
const minPart = 5 << 20

var _ = Add(Scenario{
	ID:    "encryption.customer.multipart",
	Rule:  "E-08",
	Says:  "An upload that is created with a key of the client's MUST take parts with that key, and its object read back with it, whole and in ranges, and with no other.",
	Ref:   apiPart,
	SDK:   "s3@v1.114.8 UploadPartInput.SSECustomerKey",
	Level: Must,
	Needs: uploading,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s)
		h := keys(s, hOwn, 0)
		id, r := begin(ctx, s, b, "k", h...)
		s.Expect(r).To(HaveHeader(hOwn+"algorithm", aes), "create")
		whole := s.Bytes(minPart + 70000)
		var tags []string
		for i, body := range [][]byte{whole[:minPart], whole[minPart:]} {
			p := send(ctx, s, part(b, "k", id, i+1, body, h...))
			s.Expect(p).To(OK(), "part %d", i+1)
			tags = append(tags, p.Header.Get("ETag"))
		}
		s.Expect(send(ctx, s, complete(b, "k", id, tags...))).To(OK(), "complete")
		got := send(ctx, s, get(b, "k", h...))
		s.Expect(got).To(OK(), "read")
		s.Expect(string(got.Body) == string(whole)).To(BeTrue(), "the body is the parts")
		got = send(ctx, s, get(b, "k", append(keys(s, hOwn, 0), header("Range", "bytes=5242870-5242889"))...))
		s.Expect(string(got.Body) == string(whole[minPart-10:minPart+10])).To(BeTrue(), "a range across the parts")
		s.Expect(send(ctx, s, get(b, "k"))).To(HaveStatus(400, 403), "without the key")
		s.Expect(send(ctx, s, get(b, "k", keys(s, hOwn, 1)...))).To(HaveStatus(400, 403), "with another key")
	},
})

var _ = Add(Scenario{
	ID:    "encryption.customer.part-key",
	Rule:  "E-08",
	Says:  "A part without the client's key that its upload was created with, or with another, MUST be refused with 400, and be no part of the upload.",
	Ref:   apiPart,
	SDK:   "s3@v1.114.8 UploadPartInput.SSECustomerKey",
	Level: Must,
	Needs: uploading,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s)
		id, _ := begin(ctx, s, b, "k", keys(s, hOwn, 0)...)
		s.Expect(send(ctx, s, part(b, "k", id, 1, []byte("hello")))).To(FailWith(400), "without the key")
		s.Expect(send(ctx, s, part(b, "k", id, 1, []byte("hello"), keys(s, hOwn, 1)...))).To(FailWith(400), "with another key")
		r := s.Send(ctx, Request{Bucket: b, Key: "k", Query: "uploadId=" + id})
		s.Expect(r).To(OK(), "list the parts")
		s.Expect(string(r.Body)).NotTo(ContainSubstring("<Part>"), "I0: the parts afterwards")
		abort(ctx, s, b, "k", id)
	},
})

var _ = Add(Scenario{
	ID:    "encryption.customer.part-copy",
	Rule:  "E-09",
	Says:  "UploadPartCopy MUST copy from an object that has a key of the client's, into an upload that has another, where it has both, and be refused where it lacks one.",
	Ref:   api + "API_UploadPartCopy.html",
	SDK:   "s3@v1.114.8 UploadPartCopyInput.CopySourceSSECustomerKey, UploadPartCopyInput.SSECustomerKey",
	Level: Must,
	Needs: []Feature{SSEC, Multipart, Copy},
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s)
		source := string(s.Bytes(minPart + 1024)) // a range may be had of a source above 5 MB alone
		must(ctx, s, put(b, "src", source, keys(s, hOwn, 0)...), "put the source")
		id, _ := begin(ctx, s, b, "k", keys(s, hOwn, 1)...)
		from := func(headers ...[2]string) Request {
			return part(b, "k", id, 1, nil, append(headers, header("x-amz-copy-source", b+"/src"), header("x-amz-copy-source-range", "bytes=100000-100004"))...)
		}
		s.Expect(send(ctx, s, from(keys(s, hOwn, 1)...))).To(HaveStatus(400, 403), "without the source's key")
		s.Expect(send(ctx, s, from(keys(s, hSource, 0)...))).To(HaveStatus(400, 403), "without the upload's key")
		r := send(ctx, s, from(slices.Concat(keys(s, hSource, 0), keys(s, hOwn, 1))...))
		s.Expect(r).To(OK(), "with both")
		s.Expect(send(ctx, s, complete(b, "k", id, between(string(r.Body), "<ETag>", "</ETag>")))).To(OK(), "complete")
		got := send(ctx, s, get(b, "k", keys(s, hOwn, 1)...))
		s.Expect(got).To(OK(), "read")
		s.Expect(string(got.Body)).To(Equal(source[100000:100005]))
	},
})
