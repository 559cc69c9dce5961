package policy

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Policies that demand the conditions of writes.

// demanding denies the action on the key k and below without the header that the
// condition key is about.
func demanding(action, key string) statement {
	return statement{Effect: "Deny", Action: action, Resource: []string{"$B/k*"}, Condition: when("Null", key, "true")}
}

func init() {
	etag := func(ctx context.Context, p *place) { p.names["$E"] = *p.s.MustPut(ctx, p.bucket, "k", "k").ETag }
	for _, g := range []gate{{
		id: "write.if-none-match", rule: "W-21",
		says: "A policy that demands s3:if-none-match MUST refuse a PUT without If-None-Match with 403 AccessDenied, and let through one with it.",
		ref:  guideWrites, policy: []statement{demanding("s3:PutObject", "s3:if-none-match")},
		opens: []Request{by(MainAccount, write("k", header("If-None-Match", "*"))), by(MainAccount, write("other"))},
		bars:  []Request{by(MainAccount, write("k")), by(MainAccount, write("k2"))},
	}, {
		id: "write.if-match", rule: "W-21",
		says: "A policy that demands s3:if-match MUST refuse a PUT without If-Match with 403 AccessDenied, and let through one with it.",
		ref:  guideWrites, policy: []statement{demanding("s3:PutObject", "s3:if-match")}, ready: etag,
		opens: []Request{by(MainAccount, write("k", header("If-Match", "$E"))), by(MainAccount, write("other"))},
		bars:  []Request{by(MainAccount, write("k")), by(MainAccount, write("k2", header("If-None-Match", "*")))},
	}, {
		id: "write.copy", rule: "W-21",
		says: "A policy that demands s3:if-none-match MUST refuse a copy without it with 403 AccessDenied.",
		ref:  guideWrites, policy: []statement{demanding("s3:PutObject", "s3:if-none-match")}, ready: named, keys: []string{"src"}, needs: []Feature{Copy},
		opens: []Request{by(MainAccount, copyOf("src", "other"))}, bars: []Request{by(MainAccount, copyOf("src", "k"))},
	}, {
		id: "write.delete", rule: "W-23",
		says: "A policy that demands s3:if-match MUST refuse a DELETE without If-Match with 403 AccessDenied, and let through one with it.",
		ref:  guideDeletes, policy: []statement{demanding("s3:DeleteObject", "s3:if-match")}, keys: []string{"k2", "other"}, ready: etag,
		opens: []Request{{Method: "DELETE", Key: "k", Header: [][2]string{header("If-Match", "$E")}}, {Method: "DELETE", Key: "other"}},
		bars:  []Request{{Method: "DELETE", Key: "k2"}},
	}} {
		g.needs = append(g.needs, ConditionalWrite)
		g.add()
	}
}

var _ = Add(Scenario{
	ID:    "policy.write.delete-objects",
	Rule:  "W-23",
	Says:  "A policy that demands s3:if-match MUST have DeleteObjects answer AccessDenied for a key without an ETag, and delete one with it.",
	Ref:   guideDeletes,
	Level: Must,
	Needs: with(ConditionalWrite),
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		etag := s.MustPut(ctx, p.bucket, "k", "k").ETag
		p.fill(ctx, "k2")
		p.set(ctx, demanding("s3:DeleteObject", "s3:if-match"))
		p.bars(ctx, Request{Method: "DELETE", Key: "k3"}) // not k2, which would be gone before the policy holds
		a, b := "k", "k2"
		out, err := s.SDK().DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &p.bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: &a, ETag: etag}, {Key: &b}}}})
		s.Expect(err).To(OK())
		s.Expect(out.Errors).To(HaveLen(1), "Errors")
		s.Expect([]string{*out.Errors[0].Key, *out.Errors[0].Code}).To(Equal([]string{b, "AccessDenied"}))
		s.Expect(out.Deleted).To(HaveLen(1), "Deleted")
		s.ExpectUnchanged(ctx, p.bucket, b, b)
		s.ExpectAbsent(ctx, p.bucket, a)
	},
})

var _ = Add(Scenario{
	ID:    "policy.write.upload",
	Rule:  "W-21",
	Says:  "A policy that demands s3:if-none-match where s3:ObjectCreationOperation is true MUST let an upload be created and its parts be sent, and refuse its completion without If-None-Match.",
	Ref:   guideWrites,
	Level: Must,
	Needs: with(ConditionalWrite, Multipart),
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		st := demanding("s3:PutObject", "s3:if-none-match")
		st.Condition["Bool"] = map[string]any{"s3:ObjectCreationOperation": "true"}
		p.set(ctx, st)
		p.bars(ctx, by(MainAccount, write("k2")))
		created := p.opens(ctx, Request{Method: "POST", Key: "k", Query: "uploads="})
		_, id, _ := strings.Cut(string(created.Body), "<UploadId>")
		p.names["$U"], _, _ = strings.Cut(id, "</UploadId>")
		part := Request{Method: "PUT", Key: "k", Query: "partNumber=1&uploadId=$U", Body: []byte("v")}
		etag := p.opens(ctx, part).Header.Get("ETag")
		complete := Request{Method: "POST", Key: "k", Query: "uploadId=$U",
			Body: []byte("<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + etag + "</ETag></Part></CompleteMultipartUpload>")}
		p.bars(ctx, complete)
		s.ExpectAbsent(ctx, p.bucket, "k")
		complete.Header = [][2]string{header("If-None-Match", "*")}
		p.opens(ctx, complete)
		s.ExpectBody(ctx, p.bucket, "k", "v")
	},
})
