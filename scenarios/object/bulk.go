package object

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

const deleteOpen = `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`

// deletion renders the body of DeleteObjects.
func deletion(keys ...string) []byte {
	var b bytes.Buffer
	b.WriteString(deleteOpen)
	for _, k := range keys {
		b.WriteString("<Object><Key>")
		_ = xml.EscapeText(&b, []byte(k)) // into memory: cannot fail
		b.WriteString("</Key></Object>")
	}
	b.WriteString("</Delete>")
	return b.Bytes()
}

// quietly turns a deletion into one that asks for failures alone.
func quietly(body []byte) []byte {
	return bytes.Replace(body, []byte(deleteOpen), []byte(deleteOpen+"<Quiet>true</Quiet>"), 1)
}

// A deleted is an answer of DeleteObjects.
type deleted struct {
	XMLName xml.Name `xml:"DeleteResult"`
	Deleted []struct{ Key string }
	Error   []struct{ Key, Code string }
}

// keys returns the keys under Deleted, in their order.
func (d *deleted) keys() []string {
	var keys []string
	for _, x := range d.Deleted {
		keys = append(keys, x.Key)
	}
	return keys
}

// mustDelete sends body to DeleteObjects, which must succeed. The SDK would
// send a checksum without the Content-MD5 that the page demands.
func mustDelete(ctx context.Context, s *S, bucket string, body []byte) *deleted {
	r := deleteMany(ctx, s, bucket, body)
	s.Expect(r).To(OK())
	var out deleted
	s.Expect(xml.Unmarshal(r.Body, &out)).To(Succeed(), "body of the 200")
	return &out
}

// deleteMany sends body to DeleteObjects with its MD5.
func deleteMany(ctx context.Context, s *S, bucket string, body []byte) *Response {
	return s.Send(ctx, Request{Method: "POST", Bucket: bucket, Query: "delete=", Body: body,
		Header: [][2]string{{"Content-MD5", md5Base64(string(body))}}})
}

// numbered returns n keys that do not exist.
func numbered(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("key-%04d", i)
	}
	return keys
}

var _ = Add(Scenario{
	ID:    "object.delete-many.limit",
	Rule:  "O-20",
	Says:  "DeleteObjects MUST accept 1,000 keys, and list those that do not exist under Deleted.",
	Ref:   refDeleteMany,
	SDK:   "s3@v1.114.8 Client.DeleteObjects",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "key-0007", "v")
		s.Expect(mustDelete(ctx, s, b, deletion(numbered(1000)...)).keys()).To(ConsistOf(numbered(1000)), "keys under Deleted")
		_, err := s.Head(ctx, b, "key-0007")
		s.Expect(err).To(FailWith(404), "HEAD of a deleted key")
	},
})

var _ = Add(Scenario{
	ID:    "object.delete-many.over-limit",
	Rule:  "O-20",
	Says:  "DeleteObjects with 1,001 keys MUST fail with 400 and delete nothing.",
	Ref:   refDeleteMany,
	SDK:   "s3@v1.114.8 Client.DeleteObjects",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "key-0000", "v")
		s.Expect(deleteMany(ctx, s, b, deletion(numbered(1001)...))).To(FailWith(400))
		s.ExpectUnchanged(ctx, b, "key-0000", "v")
	},
})

var _ = Add(Scenario{
	ID:    "object.delete-many.over-limit-code",
	Rule:  "O-20",
	Says:  "The code for DeleteObjects with 1,001 keys SHOULD be MalformedXML.",
	Ref:   refErrors,
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		s.Expect(deleteMany(ctx, s, s.Bucket(ctx), deletion(numbered(1001)...))).To(FailWith(400, "MalformedXML"))
	},
})

var _ = Add(Scenario{
	ID:    "object.delete-many.lookalikes",
	Rule:  "O-20",
	Says:  "DeleteObjects MUST take each Key as the XML document gives it, spaces at its ends included, and decode nothing else.",
	Ref:   refKeys + "#object-key-xml-related-constraints",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		gone, left := []string{" a", "a ", "a\nb", "a%20b", "a&amp;b", "A", "a\tb"}, []string{"a", "a b", "a&b", "a+b", "a/"}
		for _, k := range slices.Concat(gone, left) {
			s.MustPut(ctx, b, k, "v")
		}
		s.Expect(mustDelete(ctx, s, b, deletion(gone...)).keys()).To(ConsistOf(gone), "keys under Deleted")
		out, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b})
		s.Expect(err).To(OK(), "list")
		s.Expect(keysOf(out.Contents)).To(Equal(`"a" "a b" "a&b" "a+b" "a/"`), "keys that are left")
	},
})

var _ = Add(Scenario{
	ID:    "object.delete-many.quiet",
	Rule:  "O-21",
	Says:  "DeleteObjects with Quiet MUST delete the keys and return no entry for those it deleted.",
	Ref:   refDeleteMany,
	SDK:   "s3@v1.114.8 Client.DeleteObjects",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		s.MustPut(ctx, b, "keep", "v")
		out := mustDelete(ctx, s, b, quietly(deletion("k", "absent")))
		s.Expect(out.Deleted).To(BeEmpty(), "Deleted")
		s.Expect(out.Error).To(BeEmpty(), "Errors")
		_, err := s.Head(ctx, b, "k")
		s.Expect(err).To(FailWith(404), "HEAD of a deleted key")
		s.ExpectBody(ctx, b, "keep", "v")
	},
})

var _ = Add(Scenario{
	ID:    "object.delete-many.quiet-errors",
	Rule:  "O-21",
	Says:  "DeleteObjects with Quiet MUST return the keys whose deletion failed.",
	Ref:   refDeleteMany,
	SDK:   "s3@v1.114.8 Client.DeleteObjects",
	Level: Must,
	Needs: []Feature{Objects, ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "gone", "v")
		s.MustPut(ctx, b, "stays", "v")
		body := bytes.Replace(quietly(deletion("gone", "stays")), []byte("stays</Key>"), []byte("stays</Key><ETag>"+otherETag+"</ETag>"), 1)
		out := mustDelete(ctx, s, b, body)
		s.Expect(out.Deleted).To(BeEmpty(), "Deleted")
		s.Expect(out.Error).To(HaveLen(1), "Errors")
		s.Expect(out.Error[0].Key).To(Equal("stays"), "key in Errors")
		s.Expect(out.Error[0].Code).To(Equal("PreconditionFailed"), "code in Errors")
		s.ExpectUnchanged(ctx, b, "stays", "v")
	},
})

var _ = Add(Scenario{
	ID:    "object.delete-many.verbose",
	Rule:  "O-20",
	Says:  "DeleteObjects MUST delete each key of the request and no other, and name each under Deleted.",
	Ref:   refDeleteMany,
	SDK:   "s3@v1.114.8 Client.DeleteObjects",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b, gone := s.Bucket(ctx), []string{"a", "a/b", "x & y <z>", "größe"}
		for _, k := range append(gone, "a/", "other") {
			s.MustPut(ctx, b, k, "v")
		}
		s.Expect(mustDelete(ctx, s, b, deletion(gone...)).keys()).To(ConsistOf(gone), "keys under Deleted")
		left, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b})
		s.Expect(err).To(OK(), "list")
		s.Expect(keysOf(left.Contents)).To(Equal(`"a/" "other"`), "keys left")
	},
})

var _ = Add(Scenario{
	ID:    "object.delete-many.no-digest",
	Rule:  "O-22",
	Says:  "DeleteObjects with neither Content-MD5 nor a checksum MUST fail with 400 and delete nothing.",
	Ref:   refDeleteMany,
	SDK:   "s3@v1.114.8 Client.DeleteObjects",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		r := s.Send(ctx, Request{Method: "POST", Bucket: b, Query: "delete=", Body: deletion("k")})
		s.Expect(r).To(FailWith(400))
		s.ExpectUnchanged(ctx, b, "k", "v")
	},
})

var _ = Add(Scenario{
	ID:    "object.delete-many.no-digest-code",
	Rule:  "O-22",
	Says:  "The code for DeleteObjects with neither Content-MD5 nor a checksum SHOULD be InvalidRequest.",
	Ref:   "https://github.com/flyology-ada/flyology-object-storage/issues/20",
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		r := s.Send(ctx, Request{Method: "POST", Bucket: s.Bucket(ctx), Query: "delete=", Body: deletion("k")})
		s.Expect(r).To(FailWith(400, "InvalidRequest"))
	},
})

var _ = Add(Scenario{
	ID:    "object.delete-many.only-md5",
	Rule:  "O-28",
	Says:  "Content-MD5 alone MUST be enough for DeleteObjects.",
	Ref:   refDeleteMany,
	SDK:   "s3@v1.114.8 Client.DeleteObjects",
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		s.Expect(deleteMany(ctx, s, b, deletion("k"))).To(OK())
		_, err := s.Head(ctx, b, "k")
		s.Expect(err).To(FailWith(404), "HEAD of a deleted key")
	},
})

// The page demands Content-MD5 of every request to a general purpose bucket,
// yet AWS's own SDKs send a checksum in its place, and S3 takes that.
var _ = Add(Scenario{
	ID:    "object.delete-many.only-checksum",
	Rule:  "O-28",
	Says:  "A checksum header alone, which is all that current SDKs send, SHOULD be enough for DeleteObjects.",
	Ref:   "https://github.com/aws/aws-sdk-js-v3/issues/6819",
	SDK:   "s3@v1.114.8 DeleteObjectsInput.ChecksumAlgorithm",
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b, body := s.Bucket(ctx), deletion("k")
		s.MustPut(ctx, b, "k", "v")
		sum := sha256.Sum256(body)
		r := s.Send(ctx, Request{Method: "POST", Bucket: b, Query: "delete=", Body: body,
			Header: [][2]string{{"x-amz-checksum-sha256", base64.StdEncoding.EncodeToString(sum[:])}, {"x-amz-sdk-checksum-algorithm", "SHA256"}}})
		s.Expect(r).To(OK())
		_, err := s.Head(ctx, b, "k")
		s.Expect(err).To(FailWith(404), "HEAD of a deleted key")
	},
})

var _ = Add(Scenario{
	ID:    "object.delete-many.wrong-md5",
	Rule:  "O-16",
	Says:  "DeleteObjects whose Content-MD5 is not that of the body MUST fail with 400 BadDigest and delete nothing.",
	Ref:   refErrors,
	Level: Must,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		r := s.Send(ctx, Request{Method: "POST", Bucket: b, Query: "delete=", Body: deletion("k"),
			Header: [][2]string{{"Content-MD5", md5Base64("other")}}})
		s.Expect(r).To(FailWith(400, "BadDigest"))
		s.ExpectUnchanged(ctx, b, "k", "v")
	},
})

var _ = Add(Scenario{
	ID:    "object.delete-many.empty",
	Rule:  "O-23",
	Says:  "DeleteObjects without any key SHOULD fail with 400 MalformedXML.",
	Ref:   refErrors,
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		s.Expect(deleteMany(ctx, s, s.Bucket(ctx), deletion())).To(FailWith(400, "MalformedXML"))
	},
})

var _ = Add(Scenario{
	ID:    "object.delete-many.duplicates",
	Rule:  "O-23",
	Says:  "DeleteObjects that names a key twice SHOULD succeed.",
	Ref:   refDeleteMany,
	Level: Should,
	Needs: []Feature{Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		r := deleteMany(ctx, s, b, deletion("k", "k"))
		s.Expect(r).To(OK())
		s.Expect(string(r.Body)).NotTo(ContainSubstring("<Error>"))
		_, err := s.Head(ctx, b, "k")
		s.Expect(err).To(FailWith(404), "HEAD of a deleted key")
	},
})
