package multipart

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "multipart.create.answer",
	Rule:  "M-01",
	Says:  "CreateMultipartUpload MUST return the bucket, the key and an upload id; two uploads of one key have different ids.",
	Ref:   apiCreate,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		in := &s3.CreateMultipartUploadInput{Bucket: &b, Key: aws.String("k")}
		one, err := s.SDK().CreateMultipartUpload(ctx, in)
		s.Expect(err).To(OK())
		two, err := s.SDK().CreateMultipartUpload(ctx, in)
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(one.Bucket)).To(Equal(b))
		s.Expect(aws.ToString(one.Key)).To(Equal("k"))
		s.Expect(aws.ToString(one.UploadId)).NotTo(BeEmpty())
		s.Expect(aws.ToString(one.UploadId)).NotTo(Equal(aws.ToString(two.UploadId)))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.create.coexist",
	Rule:  "M-01",
	Says:  "Two uploads of one key MUST keep their parts apart.",
	Ref:   guideOverview,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		one, two := create(ctx, s, b, "k"), create(ctx, s, b, "k")
		one.part(ctx, 1, []byte("one"))
		p := two.part(ctx, 1, []byte("two"))
		s.Expect(two.complete(ctx, p)).To(OK())
		s.ExpectBody(ctx, b, "k", "two")
		out, err := one.parts(ctx)
		s.Expect(err).To(OK(), "ListParts of the other upload")
		s.Expect(out.Parts).To(HaveLen(1))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.create.keys",
	Rule:  "O-13",
	Says:  "An upload MUST be created, listed and completed under exactly the key that it is given, whatever its characters.",
	Ref:   guide + "object-keys.html#object-key-guidelines",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, key := range []string{"a b", "a+b", "a%20b", "a&b<c>", "folder/", "a//b", "é/日", ".a/.b", "a?uploadId=b"} {
			out, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: &key})
			s.Expect(err).To(OK(), "CreateMultipartUpload of %s", key)
			s.Expect(aws.ToString(out.Key)).To(Equal(key), "Key of CreateMultipartUpload")
			u := upload{s, b, key, aws.ToString(out.UploadId)}
			p := u.part(ctx, 1, []byte("body of "+key))
			got, _ := uploads(ctx, s, b)
			s.Expect(got).To(Equal([]string{name(u)}), "ListMultipartUploads")
			parts, err := u.parts(ctx)
			s.Expect(err).To(OK(), "ListParts of %s", key)
			s.Expect(aws.ToString(parts.Key)).To(Equal(key), "Key of ListParts")
			r := u.complete(ctx, p)
			s.Expect(r).To(OK(), "CompleteMultipartUpload of %s", key)
			var made struct{ Key string }
			s.Expect(xml.Unmarshal(bytes.TrimSpace(r.Body), &made)).To(Succeed(), "body of the 200")
			s.Expect(made.Key).To(Equal(key), "Key of CompleteMultipartUpload")
			s.ExpectBody(ctx, b, key, "body of "+key)
		}
	},
})

var _ = Add(Scenario{
	ID:    "multipart.part.number-range",
	Rule:  "M-02",
	Says:  "UploadPart with a part number outside 1 to 10000 MUST fail with 400.",
	Ref:   apiPart,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		u := create(ctx, s, s.Bucket(ctx), "k")
		for _, n := range []int{0, -1, 10001} {
			r := u.send(ctx, n, []byte("x"))
			s.Expect(r).To(FailWith(400), "part number %d", n)
			s.Observe("code", r.Code)
		}
		u.part(ctx, 10000, []byte("x"))
		out, err := u.parts(ctx)
		s.Expect(err).To(OK())
		s.Expect(out.Parts).To(HaveLen(1), "parts after the refusals")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.part.number-range-code",
	Rule:  "M-02",
	Says:  "The 400 to a part number out of range SHOULD carry InvalidArgument.",
	Ref:   apiPart,
	Level: Should,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		u := create(ctx, s, s.Bucket(ctx), "k")
		s.Expect(u.send(ctx, 0, []byte("x"))).To(FailWith(400, "InvalidArgument"), "part number 0")
		s.Expect(u.send(ctx, 10001, []byte("x"))).To(FailWith(400, "InvalidArgument"), "part number 10001")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.part.number-alone",
	Rule:  "M-02",
	Says:  "A PUT with only one of partNumber and uploadId SHOULD be refused, and never stored as an object.",
	Ref:   apiPart,
	Level: Should,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		for _, q := range []string{"partNumber=1", u.query("")} {
			r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Query: q, Body: []byte("x")})
			s.Expect(r).To(FailWith(400), "?%s", q)
		}
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.part.no-such-upload",
	Rule:  "M-03",
	Says:  "UploadPart, ListParts, completion and abortion of an upload id that does not exist, or belongs to another key or bucket, MUST fail with 404 NoSuchUpload.",
	Ref:   apiErrors,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		gone := create(ctx, s, b, "k")
		s.Must(failed(gone.abort(ctx)), "abort an upload")
		other := create(ctx, s, b, "k")
		other.key = "other"
		elsewhere := create(ctx, s, b, "k")
		elsewhere.bucket = s.Bucket(ctx)
		for name, u := range map[string]upload{"an id that is gone": gone, "another key": other, "another bucket": elsewhere} {
			s.Expect(u.send(ctx, 1, []byte("x"))).To(FailWith(404, "NoSuchUpload"), "UploadPart, %s", name)
			s.Expect(u.complete(ctx, part{1, `"d41d8cd98f00b204e9800998ecf8427e"`})).To(FailWith(404, "NoSuchUpload"), "CompleteMultipartUpload, %s", name)
			if u.id == gone.id { // what else it may get: multipart.abort.answer and .twice
				continue
			}
			_, err := u.parts(ctx)
			s.Expect(err).To(FailWith(404, "NoSuchUpload"), "ListParts, %s", name)
			s.Expect(u.abort(ctx)).To(FailWith(404, "NoSuchUpload"), "AbortMultipartUpload, %s", name)
		}
		s.ExpectAbsent(ctx, b, "other")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.part.completed-upload",
	Rule:  "M-03",
	Says:  "UploadPart to an upload that was completed, and ListParts of it, MUST fail with 404 NoSuchUpload.",
	Ref:   apiErrors,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		s.Must(failed(u.complete(ctx, u.part(ctx, 1, []byte("whole")))), "complete the upload")
		s.Expect(u.send(ctx, 1, []byte("late"))).To(FailWith(404, "NoSuchUpload"), "UploadPart")
		_, err := u.parts(ctx)
		s.Expect(err).To(FailWith(404, "NoSuchUpload"), "ListParts")
		s.ExpectUnchanged(ctx, b, "k", "whole")
	},
})

// expectNotListed demands that ListParts knows no part of the upload. The error
// list has NoSuchUpload for it; the page of AbortMultipartUpload tells clients
// to look for a list that is empty.
func expectNotListed(ctx context.Context, u upload, name string) {
	out, err := u.parts(ctx)
	if err == nil {
		u.s.Observe("ListParts, "+name, "an empty list")
		u.s.Expect(out.Parts).To(BeEmpty(), "ListParts, %s", name)
		return
	}
	u.s.Expect(err).To(FailWith(404, "NoSuchUpload"), "ListParts, %s", name)
}

var _ = Add(Scenario{
	ID:    "multipart.part.etag",
	Rule:  "M-09",
	Says:  "UploadPart SHOULD return the quoted MD5 of the part as its ETag.",
	Ref:   guide + "tutorial-s3-mpu-additional-checksums.html", // by example; no page says it of every part
	Level: Should,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		u := create(ctx, s, s.Bucket(ctx), "k")
		s.Expect(u.part(ctx, 1, []byte("hello")).etag).To(Equal(`"5d41402abc4b2a76b9719d911017c592"`))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.part.replace",
	Rule:  "M-04",
	Says:  "A part uploaded again under its number MUST replace the earlier one.",
	Ref:   apiPart,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for key, bodies := range map[string][2]string{"small": {"old data", "new"}, "large": {string(s.Bytes(200_000)), string(s.Bytes(200_001)[1:])}} {
			u := create(ctx, s, b, key)
			old := u.part(ctx, 1, []byte(bodies[0]))
			fresh := u.part(ctx, 1, []byte(bodies[1]))
			s.Expect(u.complete(ctx, old)).To(FailWith(400, "InvalidPart"), "completion with the replaced part's ETag")
			s.ExpectAbsent(ctx, b, key)
			s.Expect(u.complete(ctx, fresh)).To(OK())
			s.ExpectBody(ctx, b, key, bodies[1])
		}
	},
})

var _ = Add(Scenario{
	ID:    "multipart.part.content-md5",
	Rule:  "O-16",
	Says:  "UploadPart MUST fail with 400 BadDigest, and register no part, when Content-MD5 is not the MD5 of the part, large or small.",
	Ref:   apiErrors,
	SDK:   "s3@v1.114.8 UploadPartInput.ContentMD5",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k")
		for _, size := range []int{100, 1 << 20} {
			body := s.Bytes(size)
			s.Expect(u.send(ctx, 1, body, contentMD5(body[1:]))).To(FailWith(400, "BadDigest"), "%d bytes", size)
			expectNoParts(ctx, u)
		}
		s.Expect(u.send(ctx, 1, s.Bytes(1<<20), contentMD5(s.Bytes(1<<20)))).To(OK(), "the right one")
	},
})

func contentMD5(body []byte) [2]string {
	sum := md5.Sum(body)
	return [2]string{"Content-MD5", base64.StdEncoding.EncodeToString(sum[:])}
}

// given are headers of CreateMultipartUpload that are stored with the object.
var given = [][2]string{
	{"Content-Type", "text/x-test"}, {"Cache-Control", "no-store"}, {"Content-Disposition", `attachment; filename="x"`},
	{"Content-Encoding", "x-test"}, {"Content-Language", "fr"}, {"Expires", "Thu, 01 Dec 2033 16:00:00 GMT"},
}

var _ = Add(Scenario{
	ID:    "multipart.create.storage-class",
	Rule:  "M-18",
	Says:  "The storage class and the website redirect given at CreateMultipartUpload MUST be the object's, and the class that of the upload in listings.",
	Ref:   apiCreate,
	SDK:   "s3@v1.114.8 CreateMultipartUploadInput.StorageClass",
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k", Header("x-amz-storage-class", "REDUCED_REDUNDANCY"), Header("x-amz-website-redirect-location", "/other"))
		p := u.part(ctx, 1, []byte("x"))
		listed, err := u.parts(ctx)
		s.Expect(err).To(OK(), "ListParts")
		s.Expect(listed.StorageClass).To(BeEquivalentTo("REDUCED_REDUNDANCY"), "ListParts")
		_, all := uploads(ctx, s, b)
		s.Expect(all.Uploads).To(HaveLen(1))
		s.Expect(all.Uploads[0].StorageClass).To(BeEquivalentTo("REDUCED_REDUNDANCY"), "ListMultipartUploads")
		s.Expect(u.complete(ctx, p)).To(OK())
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(head.StorageClass).To(BeEquivalentTo("REDUCED_REDUNDANCY"), "HeadObject")
		s.Expect(aws.ToString(head.WebsiteRedirectLocation)).To(Equal("/other"), "HeadObject")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.create.metadata",
	Rule:  "M-18",
	Says:  "Metadata and content headers given at CreateMultipartUpload MUST be the object's.",
	Ref:   guideOverview,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		opts := []Opt{Meta("color", "red")}
		for _, h := range given {
			opts = append(opts, Header(h[0], h[1]))
		}
		u := create(ctx, s, b, "k", opts...)
		s.Must(failed(u.complete(ctx, u.part(ctx, 1, []byte("x")))), "complete the upload")
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(head.Metadata).To(Equal(map[string]string{"color": "red"}))
		for _, h := range given {
			s.Expect(HeaderOf(head.ResultMetadata)).To(HaveHeader(h[0], h[1]))
		}
	},
})

var _ = Add(Scenario{
	ID:    "multipart.complete.metadata",
	Rule:  "M-18",
	Says:  "Metadata sent with CompleteMultipartUpload SHOULD be ignored, since that given at the initiation is the object's.",
	Ref:   guideOverview,
	Level: Should,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k", Meta("color", "red"))
		p := u.part(ctx, 1, []byte("x"))
		s.Expect(u.post(ctx, body(p), [2]string{"x-amz-meta-color", "blue"}, [2]string{"x-amz-meta-late", "1"})).To(OK())
		head, err := s.Head(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(head.Metadata).To(Equal(map[string]string{"color": "red"}))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.create.tags",
	Rule:  "M-18",
	Says:  "Tags given at CreateMultipartUpload MUST be the object's.",
	Ref:   apiCreate,
	Level: Must,
	Needs: []Feature{Multipart, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		u := create(ctx, s, b, "k", Header("x-amz-tagging", "a=1&b=2"))
		s.Must(failed(u.complete(ctx, u.part(ctx, 1, []byte("x")))), "complete the upload")
		out, err := s.SDK().GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &b, Key: aws.String("k")})
		s.Expect(err).To(OK())
		got := map[string]string{}
		for _, t := range out.TagSet {
			got[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
		s.Expect(got).To(Equal(map[string]string{"a": "1", "b": "2"}))
	},
})

var _ = Add(Scenario{
	ID:    "multipart.read.invisible",
	Rule:  "M-15",
	Says:  "A key MUST stay absent, or keep its earlier object, until its upload is completed.",
	Ref:   guideOverview,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "old", "before")
		fresh, over := create(ctx, s, b, "new"), create(ctx, s, b, "old")
		fresh.part(ctx, 1, []byte("x"))
		p := over.part(ctx, 1, []byte("after"))
		s.ExpectAbsent(ctx, b, "new")
		s.ExpectBody(ctx, b, "old", "before")
		s.Expect(over.complete(ctx, p)).To(OK())
		s.ExpectBody(ctx, b, "old", "after")
	},
})

var _ = Add(Scenario{
	ID:    "multipart.read.whole",
	Rule:  "M-09",
	Says:  "An object completed from parts MUST read back as their concatenation, also in ranges inside of them and across their border.",
	Ref:   guideOverview,
	Level: Must,
	Needs: []Feature{Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		want := twoParts(ctx, s, b, "k", "the tail")
		got, err := s.Get(ctx, b, "k")
		s.Expect(err).To(OK())
		s.Expect(bytes.Equal(got.Bytes, want)).To(BeTrue(), "%d bytes equal the parts' %d bytes", len(got.Bytes), len(want))
		for span, from := range map[string]int{"bytes=-8": minPart, "bytes=-10": minPart - 2, fmt.Sprintf("bytes=%d-", minPart): minPart, fmt.Sprintf("bytes=%d-", minPart-3): minPart - 3} {
			got, err := s.Get(ctx, b, "k", InRange(span))
			s.Expect(err).To(OK(), span)
			s.Expect(bytes.Equal(got.Bytes, want[from:])).To(BeTrue(), "%s of the object, got %d bytes", span, len(got.Bytes))
		}
		for _, at := range [][2]int{{minPart - 2, minPart + 3}, {minPart, minPart + 7}, {minPart + 2, minPart + 4}, {minPart - 1, minPart - 1}, {1, minPart + 6}} {
			got, err := s.Get(ctx, b, "k", InRange(fmt.Sprintf("bytes=%d-%d", at[0], at[1])))
			s.Expect(err).To(OK(), "bytes %v", at)
			s.Expect(bytes.Equal(got.Bytes, want[at[0]:at[1]+1])).To(BeTrue(), "bytes %v of the object, got %d bytes", at, len(got.Bytes))
		}
	},
})
