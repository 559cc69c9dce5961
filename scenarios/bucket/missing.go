package bucket

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"strings"

	. "bleepstore/scenarios"
)

// A call is one operation on a bucket or on the object k in it.
type call struct {
	name, method, query string
	object              bool
	body                string
	need                Feature
}

// request renders the call for a bucket, whose name replaces BUCKET in the
// body. A body always comes with its MD5, which some operations demand.
func (c *call) request(bucket string) Request {
	r := Request{Method: c.method, Bucket: bucket, Query: c.query}
	if c.object {
		r.Key = "k"
	}
	if c.body != "" {
		r.Body = []byte(strings.ReplaceAll(c.body, "BUCKET", bucket))
		sum := md5.Sum(r.Body)
		r.Header = [][2]string{{"Content-MD5", base64.StdEncoding.EncodeToString(sum[:])}}
	}
	return r
}

const (
	ns = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`

	versioningOn = "<VersioningConfiguration" + ns + "<Status>Enabled</Status></VersioningConfiguration>"
	oneTag       = "<Tagging" + ns + "<TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"
	deleteK      = "<Delete" + ns + "<Object><Key>k</Key></Object></Delete>"
	lifecycle    = "<LifecycleConfiguration" + ns + "<Rule><ID>r</ID><Filter><Prefix>x/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>"
	corsRule     = "<CORSConfiguration" + ns + "<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>"
	encryptAES   = "<ServerSideEncryptionConfiguration" + ns + "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
	blockPublic  = "<PublicAccessBlockConfiguration" + ns + "<BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>"
	enforced     = "<OwnershipControls" + ns + "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>"
	lockOn       = "<ObjectLockConfiguration" + ns + "<ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"
	holdOn       = "<LegalHold" + ns + "<Status>ON</Status></LegalHold>"
	retain       = "<Retention" + ns + "<Mode>GOVERNANCE</Mode><RetainUntilDate>2099-01-01T00:00:00Z</RetainUntilDate></Retention>"
	onePart      = "<CompleteMultipartUpload" + ns + `<Part><PartNumber>1</PartNumber><ETag>"00000000000000000000000000000000"</ETag></Part></CompleteMultipartUpload>`
	denyNothing  = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::BUCKET/none"}]}`
)

// calls are the operations that name a bucket.
var calls = []call{
	{"head", "HEAD", "", false, "", Buckets},
	{"location", "GET", "location=", false, "", Buckets},
	{"delete", "DELETE", "", false, "", Buckets},
	{"list", "GET", "", false, "", Listing},
	{"list-v2", "GET", "list-type=2", false, "", Listing},
	{"delete-objects", "POST", "delete=", false, deleteK, Objects},
	{"list-uploads", "GET", "uploads=", false, "", Multipart},
	{"list-versions", "GET", "versions=", false, "", Versioning},
	{"versioning.get", "GET", "versioning=", false, "", Versioning},
	{"versioning.put", "PUT", "versioning=", false, versioningOn, Versioning},
	{"tagging.get", "GET", "tagging=", false, "", Tagging},
	{"tagging.put", "PUT", "tagging=", false, oneTag, Tagging},
	{"tagging.delete", "DELETE", "tagging=", false, "", Tagging},
	{"acl.get", "GET", "acl=", false, "", ACL},
	{"policy.get", "GET", "policy=", false, "", Policy},
	{"policy.put", "PUT", "policy=", false, denyNothing, Policy},
	{"policy.delete", "DELETE", "policy=", false, "", Policy},
	{"policy-status", "GET", "policyStatus=", false, "", Policy},
	{"cors.get", "GET", "cors=", false, "", CORS},
	{"cors.put", "PUT", "cors=", false, corsRule, CORS},
	{"cors.delete", "DELETE", "cors=", false, "", CORS},
	{"lifecycle.get", "GET", "lifecycle=", false, "", Lifecycle},
	{"lifecycle.put", "PUT", "lifecycle=", false, lifecycle, Lifecycle},
	{"lifecycle.delete", "DELETE", "lifecycle=", false, "", Lifecycle},
	{"encryption.get", "GET", "encryption=", false, "", Encryption},
	{"encryption.put", "PUT", "encryption=", false, encryptAES, Encryption},
	{"encryption.delete", "DELETE", "encryption=", false, "", Encryption},
	{"public-access.get", "GET", "publicAccessBlock=", false, "", PublicAccessBlock},
	{"public-access.put", "PUT", "publicAccessBlock=", false, blockPublic, PublicAccessBlock},
	{"public-access.delete", "DELETE", "publicAccessBlock=", false, "", PublicAccessBlock},
	{"ownership.get", "GET", "ownershipControls=", false, "", PublicAccessBlock},
	{"ownership.put", "PUT", "ownershipControls=", false, enforced, PublicAccessBlock},
	{"ownership.delete", "DELETE", "ownershipControls=", false, "", PublicAccessBlock},
	{"object-lock.get", "GET", "object-lock=", false, "", Lock},
	{"object-lock.put", "PUT", "object-lock=", false, lockOn, Lock},
	{"object.get", "GET", "", true, "", Objects},
	{"object.head", "HEAD", "", true, "", Objects},
	{"object.put", "PUT", "", true, "new", Objects},
	{"object.delete", "DELETE", "", true, "", Objects},
	{"object.acl.get", "GET", "acl=", true, "", ACL},
	{"object.tagging.get", "GET", "tagging=", true, "", Tagging},
	{"object.tagging.put", "PUT", "tagging=", true, oneTag, Tagging},
	{"object.tagging.delete", "DELETE", "tagging=", true, "", Tagging},
	{"object.retention.get", "GET", "retention=", true, "", Lock},
	{"object.retention.put", "PUT", "retention=", true, retain, Lock},
	{"object.legal-hold.get", "GET", "legal-hold=", true, "", Lock},
	{"object.legal-hold.put", "PUT", "legal-hold=", true, holdOn, Lock},
	{"upload.create", "POST", "uploads=", true, "", Multipart},
	{"upload.part", "PUT", "partNumber=1&uploadId=none", true, "part", Multipart},
	{"upload.list-parts", "GET", "uploadId=none", true, "", Multipart},
	{"upload.complete", "POST", "uploadId=none", true, onePart, Multipart},
	{"upload.abort", "DELETE", "uploadId=none", true, "", Multipart},
}

var _ = Add(Scenario{
	ID:    "bucket.missing.bad-document",
	Rule:  "B-18",
	Says:  "A document that is empty or malformed SHOULD be answered 404 NoSuchBucket too where the bucket does not exist.",
	Ref:   "https://github.com/versity/versitygw/blob/main/tests/integration/PutObjectRetention.go",
	Level: Should,
	Needs: []Feature{Buckets, Tagging, Versioning},
	Check: func(ctx context.Context, s *S) {
		for _, c := range []call{
			{"tagging", "PUT", "tagging=", false, "<Tagging", Tagging},
			{"versioning", "PUT", "versioning=", false, strings.Replace(versioningOn, "Enabled", "On", 1), Versioning},
			{"object tagging", "PUT", "tagging=", true, "", Tagging},
		} {
			s.Expect(s.Send(ctx, c.request(s.AbsentBucket()))).To(FailWith(404, "NoSuchBucket"), c.name)
		}
	},
})

func init() {
	for _, c := range calls {
		Add(Scenario{
			ID:    "bucket.missing." + c.name,
			Rule:  "B-18",
			Says:  "An operation on a bucket that does not exist MUST fail with 404 NoSuchBucket: " + title(c) + ".",
			Ref:   refErrors,
			Level: Must,
			Needs: []Feature{Buckets, c.need},
			Check: func(ctx context.Context, s *S) {
				r := s.Send(ctx, c.request(s.AbsentBucket()))
				switch {
				case c.method == "HEAD":
					s.Expect(r).To(FailWith(404))
				case strings.Contains(c.query, "uploadId="): // the upload is missing too
					s.Expect(r).To(FailWith(404, "NoSuchBucket", "NoSuchUpload"))
				default:
					s.Expect(r).To(FailWith(404, "NoSuchBucket"))
				}
			},
		})
	}
}

// title names the call as a request line does.
func title(c call) string {
	t := c.method + " /bucket"
	if c.object {
		t += "/key"
	}
	if c.query != "" {
		t += "?" + c.query
	}
	return t
}
