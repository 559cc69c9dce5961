package checksum

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

// Operations whose body must come with a digest of some kind.

// A demand is an operation that the SDK never sends without a checksum.
type demand struct {
	id, op, query string
	needs         Feature
	onObject      bool
	optional      bool // clients are known to send no digest
	body          func(bucket string) string
	bucket        func(*s3.CreateBucketInput)
}

func text(s string) func(string) string { return func(string) string { return s } }

var demands = []demand{
	{id: "bucket-tagging", op: "PutBucketTagging", query: "tagging=", needs: Tagging, body: text(tagging)},
	{id: "object-tagging", op: "PutObjectTagging", query: "tagging=", needs: Tagging, onObject: true, body: text(tagging)},
	{id: "versioning", op: "PutBucketVersioning", query: "versioning=", needs: Versioning,
		body: text(`<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>`)},
	{id: "cors", op: "PutBucketCors", query: "cors=", needs: CORS,
		body: text(`<CORSConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>`)},
	{id: "policy", op: "PutBucketPolicy", query: "policy=", needs: Policy, optional: true, body: func(b string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + b + `/none"}]}`
	}},
	{id: "lifecycle", op: "PutBucketLifecycleConfiguration", query: "lifecycle=", needs: Lifecycle,
		body: text(`<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ID>a</ID><Filter><Prefix>p/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>`)},
	{id: "encryption", op: "PutBucketEncryption", query: "encryption=", needs: Encryption,
		body: text(`<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`)},
	{id: "public-access-block", op: "PutPublicAccessBlock", query: "publicAccessBlock=", needs: PublicAccessBlock,
		body: text(`<PublicAccessBlockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>`)},
	{id: "ownership", op: "PutBucketOwnershipControls", query: "ownershipControls=", needs: PublicAccessBlock,
		body: text(`<OwnershipControls xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>`)},
	{id: "legal-hold", op: "PutObjectLegalHold", query: "legal-hold=", needs: Lock, onObject: true,
		body:   text(`<LegalHold xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>OFF</Status></LegalHold>`),
		bucket: func(in *s3.CreateBucketInput) { in.ObjectLockEnabledForBucket = aws.Bool(true) }},
}

const tagging = `<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>`

// request prepares the bucket and returns the operation's request, without
// any digest.
func (d demand) request(ctx context.Context, s *S) Request {
	var edits []func(*s3.CreateBucketInput)
	if d.bucket != nil {
		edits = append(edits, d.bucket)
	}
	b := s.Bucket(ctx, edits...)
	r := Request{Method: "PUT", Bucket: b, Query: d.query, Body: []byte(d.body(b))}
	if d.onObject {
		s.MustPut(ctx, b, "k", body)
		r.Key = "k"
	}
	return r
}

var _ = func() struct{} {
	for _, d := range demands {
		d.add()
	}
	for _, a := range digest.Every() {
		addDeleteObjects(a)
	}
	return struct{}{}
}()

func (d demand) add() {
	if !d.optional {
		Add(Scenario{
			ID:    "checksum.required." + d.id,
			Rule:  "K-15",
			Says:  d.op + " with neither Content-MD5 nor a checksum SHOULD fail with 400 InvalidRequest.",
			Ref:   api + "API_" + d.op + ".html",
			SDK:   "s3@v1.114.8 " + d.op + "Input.ChecksumAlgorithm",
			Level: Should,
			Needs: []Feature{Checksum, d.needs},
			Check: func(ctx context.Context, s *S) {
				s.Expect(s.Send(ctx, d.request(ctx, s))).To(FailWith(400, "InvalidRequest"))
			},
		})
	}
	Add(Scenario{
		ID:    "checksum.enough." + d.id,
		Rule:  "K-15",
		Says:  d.op + " MUST accept a checksum or Content-MD5 alone, and fail with 400 BadDigest when it is wrong.",
		Ref:   apiErrors,
		SDK:   "s3@v1.114.8 " + d.op + "Input.ChecksumAlgorithm",
		Level: Must,
		Needs: []Feature{Checksum, d.needs},
		Check: func(ctx context.Context, s *S) {
			r := d.request(ctx, s)
			r.Header = header("x-amz-checksum-crc32", digest.CRC32.Of([]byte("other")))
			s.Expect(s.Send(ctx, r)).To(FailWith(400, "BadDigest"), "a wrong checksum")
			r.Header = header("Content-MD5", md5Of("other"))
			s.Expect(s.Send(ctx, r)).To(FailWith(400, "BadDigest"), "a wrong Content-MD5")
			r.Header = header("x-amz-checksum-crc32", digest.CRC32.Of(r.Body))
			s.Expect(s.Send(ctx, r)).To(OK(), "a checksum")
			r.Header = header("Content-MD5", md5Of(string(r.Body)))
			s.Expect(s.Send(ctx, r)).To(OK(), "Content-MD5")
		},
	})
}

const deletion = `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>k</Key></Object></Delete>`

// deleteK asks DeleteObjects to delete k.
func deleteK(ctx context.Context, s *S, bucket string, headers ...string) *Response {
	return s.Send(ctx, Request{Method: "POST", Bucket: bucket, Query: "delete=", Body: []byte(deletion), Header: header(headers...)})
}

var _ = Add(Scenario{
	ID:    "checksum.required.delete-objects",
	Rule:  "K-15",
	Says:  "DeleteObjects with neither Content-MD5 nor a checksum MUST fail with 400 and delete nothing, though its payload is signed.",
	Ref:   api + "API_DeleteObjects.html",
	SDK:   "s3@v1.114.8 Client.DeleteObjects",
	Level: Must,
	Needs: []Feature{Checksum, Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", body)
		r := deleteK(ctx, s, b)
		s.Observe("neither", Outcome(r))
		s.Expect(r).To(FailWith(400))
		s.ExpectUnchanged(ctx, b, "k", body)
	},
})

var _ = Add(Scenario{
	ID:    "checksum.required.delete-objects-code",
	Rule:  "K-15",
	Says:  "The 400 to DeleteObjects with neither Content-MD5 nor a checksum SHOULD carry InvalidRequest.",
	Ref:   apiErrors, // which has MissingSecurityHeader too; the operation's page names no code
	Level: Should,
	Needs: []Feature{Checksum, Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", body)
		s.Expect(deleteK(ctx, s, b)).To(FailWith(400, "InvalidRequest"))
	},
})

func addDeleteObjects(a digest.Algorithm) {
	Add(about(a, Scenario{
		ID:    "checksum.enough.delete-objects." + a.ID(),
		Rule:  "K-15",
		Says:  "DeleteObjects MUST accept " + a.Header() + " alone, and fail with 400 BadDigest and delete nothing when it is wrong.",
		Ref:   api + "API_DeleteObjects.html",
		SDK:   "s3@v1.114.8 DeleteObjectsInput.ChecksumAlgorithm",
		Level: Must,
		Needs: []Feature{Checksum, Objects},
		Check: func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			s.MustPut(ctx, b, "k", body)
			s.Expect(deleteK(ctx, s, b, a.Header(), a.Of([]byte("other")))).To(FailWith(400, "BadDigest"))
			s.ExpectUnchanged(ctx, b, "k", body)
			s.Expect(deleteK(ctx, s, b, a.Header(), a.Of([]byte(deletion)), sdkHeader, a.Name)).To(OK())
			_, err := s.Head(ctx, b, "k")
			s.Expect(err).To(FailWith(404), "HEAD of a deleted key")
		},
	}))
}
