package encryption

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// The default encryption of a bucket.

const (
	apiPutConfig    = api + "API_PutBucketEncryption.html"
	apiGetConfig    = api + "API_GetBucketEncryption.html"
	apiDeleteConfig = api + "API_DeleteBucketEncryption.html"
)

var _ = Add(Scenario{
	ID:    "encryption.bucket.new",
	Rule:  "E-14",
	Says:  "GetBucketEncryption of a new bucket MUST tell that its default is AES256.",
	Ref:   apiGetConfig,
	SDK:   "s3@v1.114.8 Client.GetBucketEncryption",
	Level: Must,
	Needs: []Feature{Encryption},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.Expect(reads(ctx, s, b, aes)).To(OK())
	},
})

var _ = Add(Scenario{
	ID:    "encryption.bucket.put",
	Rule:  "E-13",
	Says:  "GetBucketEncryption MUST tell what PutBucketEncryption has set: algorithm, KMS key and bucket key.",
	Ref:   apiPutConfig,
	SDK:   "s3@v1.114.8 PutBucketEncryptionInput.ServerSideEncryptionConfiguration",
	Level: Must,
	Needs: []Feature{Encryption, KMSHook},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		id := "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555" // which S3 does not look for
		want := kmsRule(true)
		want.ApplyServerSideEncryptionByDefault.KMSMasterKeyID = &id
		s.Expect(configure(ctx, s, b, want)).To(OK())
		s.Expect(Settled(ctx, s, "it reads aws:kms", func() error { return reads(ctx, s, b, kms) })).To(OK())
		got, err := rule(ctx, s, b)
		s.Expect(err).To(OK())
		s.Expect(aws.ToString(got.ApplyServerSideEncryptionByDefault.KMSMasterKeyID)).To(Equal(id), "KMSMasterKeyID")
		s.Expect(aws.ToBool(got.BucketKeyEnabled)).To(BeTrue(), "BucketKeyEnabled")
	},
})

var _ = Add(Scenario{
	ID:    "encryption.bucket.delete",
	Rule:  "E-14",
	Says:  "DeleteBucketEncryption MUST answer 204 and reset the default to AES256, which GetBucketEncryption tells and new objects have.",
	Ref:   apiDeleteConfig,
	SDK:   "s3@v1.114.8 Client.DeleteBucketEncryption",
	Level: Must,
	Needs: []Feature{Encryption, KMSHook},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		byKMS(ctx, s, b)
		r := s.Send(ctx, Request{Method: "DELETE", Bucket: b, Query: "encryption="})
		s.Expect(r).To(HaveStatus(204))
		s.Expect(Settled(ctx, s, "it reads AES256", func() error { return reads(ctx, s, b, aes) })).To(OK())
		s.MustPut(ctx, b, "k", "hello")
		encrypted(ctx, s, b, "k", aes)
	},
})

var _ = Add(Scenario{
	ID:    "encryption.bucket.delete-plain",
	Rule:  "E-13",
	Says:  "DeleteBucketEncryption MUST answer 204 also where nothing was set, and leave AES256.",
	Ref:   apiDeleteConfig,
	SDK:   "s3@v1.114.8 Client.DeleteBucketEncryption",
	Level: Must,
	Needs: []Feature{Encryption},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for range 2 {
			s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: b, Query: "encryption="})).To(HaveStatus(204))
		}
		s.Expect(reads(ctx, s, b, aes)).To(OK())
	},
})

// Documents that nobody can take for a default encryption.
var malformed = []struct{ name, text string }{
	{"no document", `{"Rules": []}`},
	{"another root", "<Encryption><Rule/></Encryption>"},
	{"no algorithm of S3", "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES128</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"},
	{"cut off", "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>"},
}

var _ = Add(Scenario{
	ID:    "encryption.bucket.malformed",
	Rule:  "E-13",
	Says:  "PutBucketEncryption with what does not follow the schema MUST be refused with 400 MalformedXML and change nothing.",
	Ref:   apiErrors,
	SDK:   "s3@v1.114.8 types.ServerSideEncryptionByDefault.SSEAlgorithm",
	Level: Must,
	Needs: []Feature{Encryption},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, d := range malformed {
			r := Request{Method: "PUT", Bucket: b, Query: "encryption=", Body: []byte(d.text), Header: [][2]string{ContentMD5([]byte(d.text))}}
			s.Expect(s.Send(ctx, r)).To(FailWith(400, "MalformedXML"), d.name)
		}
		s.Expect(reads(ctx, s, b, aes)).To(OK(), "I0: the default afterwards")
	},
})

var _ = Add(Scenario{
	ID:    "encryption.bucket.key-of-aes",
	Rule:  "E-13",
	Says:  "PutBucketEncryption with a KMS key and AES256 MUST be refused with 400, since a key is allowed only with aws:kms.",
	Ref:   api + "API_ServerSideEncryptionByDefault.html",
	SDK:   "s3@v1.114.8 types.ServerSideEncryptionByDefault.KMSMasterKeyID",
	Level: Must,
	Needs: []Feature{Encryption},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		err := configure(ctx, s, b, types.ServerSideEncryptionRule{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{
			SSEAlgorithm: aes, KMSMasterKeyID: aws.String("alias/aws/s3")}})
		s.Expect(err).To(FailWith(400))
		s.Expect(reads(ctx, s, b, aes)).To(OK(), "I0: the default afterwards")
	},
})

// What takes the default of its bucket.
var defaulted = []struct {
	id, op string
	needs  []Feature
	make   func(ctx context.Context, s *S, b string)
}{
	{"put", "PutObject", nil, func(ctx context.Context, s *S, b string) { s.MustPut(ctx, b, "k", "hello") }},
	{"copy", "CopyObject", []Feature{Copy}, func(ctx context.Context, s *S, b string) {
		must(ctx, s, put(b, "src", "hello", header(hSSE, aes)), "put the source")
		s.Expect(s.Send(ctx, dup(b, "src", "k"))).To(OK(), "copy")
	}},
	{"multipart", "a multipart upload", []Feature{Multipart}, func(ctx context.Context, s *S, b string) {
		id, r := begin(ctx, s, b, "k")
		s.Expect(r).To(HaveHeader(hSSE, kms), "create")
		p := s.Send(ctx, part(b, "k", id, 1, []byte("hello")))
		s.Expect(p).To(OK(), "the part")
		s.Expect(s.Send(ctx, complete(b, "k", id, p.Header.Get("ETag")))).To(OK(), "complete")
	}},
}

func init() {
	for _, d := range defaulted {
		Add(Scenario{
			ID:    "encryption.bucket.default." + d.id,
			Rule:  "E-13",
			Says:  "What " + d.op + " makes without a word on encryption MUST be encrypted as its bucket is set, here by aws:kms with a bucket key.",
			Ref:   guide + "bucket-encryption.html",
			SDK:   "s3@v1.114.8 types.ServerSideEncryptionRule.ApplyServerSideEncryptionByDefault",
			Level: Must,
			Needs: append([]Feature{Encryption, KMSHook}, d.needs...),
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				byKMS(ctx, s, b)
				d.make(ctx, s, b)
				encrypted(ctx, s, b, "k", kms)
				s.Expect(s.Send(ctx, head(b, "k"))).To(HaveHeader(hBucket, "true"))
				s.ExpectBody(ctx, b, "k", "hello")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "encryption.bucket.overridden",
	Rule:  "E-13",
	Says:  "The encryption that a request asks for MUST go before the default of its bucket, and the default MUST NOT touch the objects that are there.",
	Ref:   guide + "bucket-encryption.html",
	Level: Must,
	Needs: []Feature{Encryption, KMSHook},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "before", "hello")
		byKMS(ctx, s, b)
		s.Expect(s.Send(ctx, put(b, "k", "hello", header(hSSE, aes)))).To(HaveHeader(hSSE, aes))
		encrypted(ctx, s, b, "k", aes)
		encrypted(ctx, s, b, "before", aes)
	},
})

var _ = Add(Scenario{
	ID:    "encryption.copy.default",
	Rule:  "E-13",
	Says:  "A copy of an object that is encrypted by aws:kms MUST have the default of its bucket, and not its source's encryption.",
	Ref:   apiCopy,
	SDK:   "s3@v1.114.8 CopyObjectInput.ServerSideEncryption",
	Level: Must,
	Needs: []Feature{Encryption, KMSHook, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		must(ctx, s, put(b, "src", "hello", header(hSSE, kms)), "put the source")
		s.Expect(s.Send(ctx, dup(b, "src", "k"))).To(OK(), "copy")
		encrypted(ctx, s, b, "k", aes)
		s.ExpectBody(ctx, b, "k", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "encryption.bucket.others",
	Rule:  "E-13",
	Says:  "Another account MUST NOT read, set or reset the default encryption of a bucket: 403 AccessDenied.",
	Ref:   apiPutConfig,
	Level: Must,
	Needs: []Feature{Encryption, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		_, err := s.Alt().GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &b})
		s.Expect(err).To(FailWith(403, "AccessDenied"), "get")
		_, err = s.Alt().DeleteBucketEncryption(ctx, &s3.DeleteBucketEncryptionInput{Bucket: &b})
		s.Expect(err).To(FailWith(403, "AccessDenied"), "delete")
		r := kmsRule(false)
		_, err = s.Alt().PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: &b,
			ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{r}}})
		s.Expect(err).To(FailWith(403, "AccessDenied"), "put")
		s.Expect(reads(ctx, s, b, aes)).To(OK(), "I0: the default afterwards")
	},
})
