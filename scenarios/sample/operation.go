package sample

import (
	"strings"

	"bleepstore/scenarios"
)

const ns = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`

// doc is a document of S3's namespace.
func doc(root, content string) string { return "<" + root + ns + content + "</" + root + ">" }

var (
	deleteK    = doc("Delete", "<Object><Key>k</Key></Object>")
	onePart    = doc("CompleteMultipartUpload", "<Part><PartNumber>1</PartNumber><ETag>ETAG</ETag></Part>")
	tags       = doc("Tagging", "<TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet>")
	versioning = doc("VersioningConfiguration", "<Status>Enabled</Status>")
	cors       = doc("CORSConfiguration", "<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>")
	lifecycle  = doc("LifecycleConfiguration", "<Rule><ID>r</ID><Filter><Prefix>x/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>")
	encryption = doc("ServerSideEncryptionConfiguration", "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>")
	block      = doc("PublicAccessBlockConfiguration", "<BlockPublicAcls>true</BlockPublicAcls>")
	ownership  = doc("OwnershipControls", "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>")
	lock       = doc("ObjectLockConfiguration", "<ObjectLockEnabled>Enabled</ObjectLockEnabled>")
	hold       = doc("LegalHold", "<Status>ON</Status>")
	retention  = doc("Retention", "<Mode>GOVERNANCE</Mode><RetainUntilDate>2099-01-01T00:00:00Z</RetainUntilDate>")
)

const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::BUCKET/none"}]}`

// Every returns every operation of the catalogue of rules, the core's first.
func Every() []Operation {
	ops := []Operation{
		{Name: "ListBuckets", Method: "GET", Need: scenarios.Buckets, target: service},
		{Name: "CreateBucket", Method: "PUT", Need: scenarios.Buckets, target: newBucket},
		{Name: "HeadBucket", Method: "HEAD", Need: scenarios.Buckets},
		{Name: "DeleteBucket", Method: "DELETE", Need: scenarios.Buckets},
		{Name: "GetBucketLocation", Method: "GET", Query: "location=", Need: scenarios.Buckets},
		{Name: "ListObjects", Method: "GET", Need: scenarios.Listing},
		{Name: "ListObjectsV2", Method: "GET", Query: "list-type=2", Need: scenarios.Listing},
		{Name: "ListMultipartUploads", Method: "GET", Query: "uploads=", Need: scenarios.Multipart},
		{Name: "DeleteObjects", Method: "POST", Query: "delete=", Body: deleteK, Need: scenarios.Objects},

		{Name: "GetObject", Method: "GET", Key: "k", Need: scenarios.Objects},
		{Name: "HeadObject", Method: "HEAD", Key: "k", Need: scenarios.Objects},
		{Name: "GetObjectAttributes", Method: "GET", Key: "k", Query: "attributes=", Header: [2]string{"x-amz-object-attributes", "ETag"}, Need: scenarios.Objects},
		{Name: "PutObject", Method: "PUT", Key: "k", Body: "new", Need: scenarios.Objects},
		{Name: "PutObject new key", Method: "PUT", Key: "n", Body: "new", Need: scenarios.Objects},
		{Name: "DeleteObject", Method: "DELETE", Key: "k", Need: scenarios.Objects},
		{Name: "CopyObject", Method: "PUT", Key: "c", Source: "/BUCKET/k", Need: scenarios.Copy},

		{Name: "CreateMultipartUpload", Method: "POST", Key: "m", Query: "uploads=", Need: scenarios.Multipart},
		{Name: "UploadPart", Method: "PUT", Key: "u", Query: "partNumber=2&uploadId=UPLOAD", Body: "new", Need: scenarios.Multipart},
		{Name: "UploadPartCopy", Method: "PUT", Key: "u", Query: "partNumber=3&uploadId=UPLOAD", Source: "/BUCKET/k", Need: scenarios.Multipart},
		{Name: "ListParts", Method: "GET", Key: "u", Query: "uploadId=UPLOAD", Need: scenarios.Multipart},
		{Name: "CompleteMultipartUpload", Method: "POST", Key: "u", Query: "uploadId=UPLOAD", Body: onePart, Need: scenarios.Multipart},
		{Name: "AbortMultipartUpload", Method: "DELETE", Key: "u", Query: "uploadId=UPLOAD", Need: scenarios.Multipart},
		{Name: "ListObjectVersions", Method: "GET", Query: "versions=", Need: scenarios.Versioning},
	}
	for _, c := range []struct {
		name, sub, key, body string
		methods              string
		need                 scenarios.Feature
	}{
		{"BucketVersioning", "versioning", "", versioning, "GET PUT", scenarios.Versioning},
		{"BucketTagging", "tagging", "", tags, "GET PUT DELETE", scenarios.Tagging},
		{"ObjectTagging", "tagging", "k", tags, "GET PUT DELETE", scenarios.Tagging},
		{"BucketAcl", "acl", "", "", "GET PUT", scenarios.ACL},
		{"ObjectAcl", "acl", "k", "", "GET PUT", scenarios.ACL},
		{"BucketPolicy", "policy", "", policy, "GET PUT DELETE", scenarios.Policy},
		{"BucketPolicyStatus", "policyStatus", "", "", "GET", scenarios.Policy},
		{"BucketCors", "cors", "", cors, "GET PUT DELETE", scenarios.CORS},
		{"BucketLifecycleConfiguration", "lifecycle", "", lifecycle, "GET PUT DELETE", scenarios.Lifecycle},
		{"BucketEncryption", "encryption", "", encryption, "GET PUT DELETE", scenarios.Encryption},
		{"PublicAccessBlock", "publicAccessBlock", "", block, "GET PUT DELETE", scenarios.PublicAccessBlock},
		{"BucketOwnershipControls", "ownershipControls", "", ownership, "GET PUT DELETE", scenarios.PublicAccessBlock},
		{"ObjectLockConfiguration", "object-lock", "", lock, "GET PUT", scenarios.Lock},
		{"ObjectLegalHold", "legal-hold", "k", hold, "GET PUT", scenarios.Lock},
		{"ObjectRetention", "retention", "k", retention, "GET PUT", scenarios.Lock},
	} {
		for method := range strings.FieldsSeq(c.methods) {
			op := Operation{Name: map[string]string{"GET": "Get", "PUT": "Put", "DELETE": "Delete"}[method] + c.name,
				Method: method, Key: c.key, Query: c.sub + "=", Need: c.need}
			switch {
			case method == "PUT" && c.need == scenarios.ACL:
				op.Header = [2]string{"x-amz-acl", "private"}
			case method == "PUT":
				op.Body = c.body
			}
			ops = append(ops, op)
		}
	}
	return ops
}

// Variants are operations once more, in forms that depend on what is there:
// who may not ask must not learn that either.
func Variants() []Operation {
	return []Operation{
		{Name: "GetObject of a range", Method: "GET", Key: "k", Header: [2]string{"Range", "bytes=0-1"}, Need: scenarios.Range},
		{Name: "GetObject beyond the end", Method: "GET", Key: "k", Header: [2]string{"Range", "bytes=99-"}, Need: scenarios.Range},
		{Name: "GetObject of a part", Method: "GET", Key: "k", Query: "partNumber=1", Need: scenarios.Multipart},
		{Name: "GetObject if changed", Method: "GET", Key: "k", Header: [2]string{"If-None-Match", "*"}, Need: scenarios.ConditionalRead},
		{Name: "HeadObject if unchanged", Method: "HEAD", Key: "k", Header: [2]string{"If-Match", `"0"`}, Need: scenarios.ConditionalRead},
		{Name: "PutObject if absent", Method: "PUT", Key: "k", Body: "new", Header: [2]string{"If-None-Match", "*"}, Need: scenarios.ConditionalWrite},
		{Name: "PutObject if unchanged", Method: "PUT", Key: "k", Body: "new", Header: [2]string{"If-Match", `"0"`}, Need: scenarios.ConditionalWrite},
		{Name: "DeleteObject if there", Method: "DELETE", Key: "k", Header: [2]string{"If-Match", "*"}, Need: scenarios.ConditionalWrite},
		{Name: "CopyObject over itself", Method: "PUT", Key: "k", Source: "/BUCKET/k", Header: [2]string{"x-amz-metadata-directive", "REPLACE"}, Need: scenarios.Copy},
		{Name: "GetObject of a version", Method: "GET", Key: "k", Query: "versionId=null", Need: scenarios.Versioning},
		{Name: "HeadObject of a version", Method: "HEAD", Key: "k", Query: "versionId=null", Need: scenarios.Versioning},
		{Name: "DeleteObject of a version", Method: "DELETE", Key: "k", Query: "versionId=null", Need: scenarios.Versioning},
		{Name: "GetObject that is absent", Method: "GET", Key: "absent", Need: scenarios.Objects},
		{Name: "DeleteObject that is absent", Method: "DELETE", Key: "absent", Need: scenarios.Objects},
		{Name: "ListParts of no upload", Method: "GET", Key: "u", Query: "uploadId=none", Need: scenarios.Multipart},
	}
}
