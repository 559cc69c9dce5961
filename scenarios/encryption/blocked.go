package encryption

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Buckets that block keys of the client's.

// block blocks them in a bucket, until they are seen to be refused.
func block(ctx context.Context, s *S, bucket string) {
	s.Must(configure(ctx, s, bucket, types.ServerSideEncryptionRule{
		ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: aes},
		BlockedEncryptionTypes:             &types.BlockedEncryptionTypes{EncryptionType: []types.EncryptionType{types.EncryptionTypeSseC}},
	}), "block SSE-C")
	_ = Settled(ctx, s, "a key of the client's is refused", func() error {
		if accepted(ctx, s, bucket) == nil {
			return fmt.Errorf("it is accepted")
		}
		return nil
	}) // the scenario judges what comes then
}

// The writes that a block refuses.
var blockedWrites = []struct {
	id, op string
	needs  []Feature
	send   func(ctx context.Context, s *S, b string) *Response
}{
	{"put", "PutObject", nil, func(ctx context.Context, s *S, b string) *Response {
		return send(ctx, s, put(b, "k", "hello", keys(s, hOwn, 0)...))
	}},
	{"copy", "CopyObject", []Feature{Copy}, func(ctx context.Context, s *S, b string) *Response {
		s.MustPut(ctx, b, "src", "hello")
		return send(ctx, s, dup(b, "src", "k", keys(s, hOwn, 0)...))
	}},
	{"multipart", "CreateMultipartUpload", []Feature{Multipart}, func(ctx context.Context, s *S, b string) *Response {
		return send(ctx, s, Request{Method: "POST", Bucket: b, Key: "k", Query: "uploads=", Header: keys(s, hOwn, 0)})
	}},
}

func init() {
	for _, w := range blockedWrites {
		Add(Scenario{
			ID:    "encryption.blocked." + w.id,
			Rule:  "E-15",
			Says:  w.op + " with a key of the client's MUST be refused with 403 AccessDenied and write nothing where the bucket blocks SSE-C.",
			Ref:   guideBlocked,
			SDK:   "s3@v1.114.8 types.BlockedEncryptionTypes.EncryptionType",
			Level: Must,
			Needs: append([]Feature{Encryption, SSEC}, w.needs...),
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				block(ctx, s, b)
				s.Expect(w.send(ctx, s, b)).To(FailWith(403, "AccessDenied"))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "encryption.blocked.existing",
	Rule:  "E-15",
	Says:  "Objects that were put with a key of the client's MUST stay readable with it once the bucket blocks SSE-C.",
	Ref:   guideBlocked,
	SDK:   "s3@v1.114.8 types.BlockedEncryptionTypes.EncryptionType",
	Level: Must,
	Needs: []Feature{Encryption, SSEC},
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s)
		must(ctx, s, put(b, "k", "hello", keys(s, hOwn, 0)...), "put")
		block(ctx, s, b)
		r := send(ctx, s, get(b, "k", keys(s, hOwn, 0)...))
		s.Expect(r).To(OK(), "GET")
		s.Expect(string(r.Body)).To(Equal("hello"))
		s.Expect(send(ctx, s, head(b, "k", keys(s, hOwn, 0)...))).To(OK(), "HEAD")
	},
})

var _ = Add(Scenario{
	ID:    "encryption.blocked.new-bucket",
	Rule:  "E-15",
	Says:  "A new bucket MUST refuse objects with a key of the client's with 403 AccessDenied, and take them once its BlockedEncryptionTypes is NONE.",
	Ref:   guideBlocked,
	SDK:   "s3@v1.114.8 types.BlockedEncryptionTypes.EncryptionType",
	Level: Must,
	Needs: []Feature{Encryption, SSEC},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.Expect(send(ctx, s, put(b, "k", "hello", keys(s, hOwn, 0)...))).To(FailWith(403, "AccessDenied"))
		s.ExpectAbsent(ctx, b, "k")
		unblock(ctx, s, b)
		s.Expect(send(ctx, s, put(b, "k", "hello", keys(s, hOwn, 0)...))).To(OK(), "once it is unblocked")
	},
})

var _ = Add(Scenario{
	ID:    "encryption.blocked.told",
	Rule:  "E-15",
	Says:  "GetBucketEncryption MUST tell which encryption types PutBucketEncryption has blocked.",
	Ref:   guideBlocked,
	SDK:   "s3@v1.114.8 types.ServerSideEncryptionRule.BlockedEncryptionTypes",
	Level: Must,
	Needs: []Feature{Encryption, SSEC},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, kind := range []types.EncryptionType{types.EncryptionTypeSseC, types.EncryptionTypeNone} {
			err := configure(ctx, s, b, types.ServerSideEncryptionRule{
				ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: aes},
				BlockedEncryptionTypes:             &types.BlockedEncryptionTypes{EncryptionType: []types.EncryptionType{kind}}})
			s.Expect(err).To(OK(), "put %s", kind)
			s.Expect(Settled(ctx, s, "it is told", func() error { return blocks(ctx, s, b, kind) })).To(OK(), "%s", kind)
		}
	},
})

// blocks is nil when the bucket tells that it blocks kind and nothing else.
func blocks(ctx context.Context, s *S, bucket string, kind types.EncryptionType) error {
	r, err := rule(ctx, s, bucket)
	if err != nil {
		return err
	}
	var got []types.EncryptionType
	if r.BlockedEncryptionTypes != nil {
		got = r.BlockedEncryptionTypes.EncryptionType
	}
	if len(got) == 0 && kind == types.EncryptionTypeNone || len(got) == 1 && got[0] == kind {
		return nil
	}
	return fmt.Errorf("got %v, want %s", got, kind)
}
