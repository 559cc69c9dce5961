package s3

import "slices"

// getParams are the parameters that GET and HEAD of an object share.
var getParams = append([]string{"versionId", "partNumber"}, overrideParams...)

// newTable is the one table of what this server knows: rows with a serve
// function are implemented, the others answer 501.
func newTable() []*operation {
	ops := []*operation{
		{name: "ListBuckets", level: service, method: "GET", serve: (*request).listBuckets,
			params: []string{"max-buckets", "continuation-token", "prefix", "bucket-region"}, signed: true},

		{name: "CreateBucket", level: bucketLevel, method: "PUT", serve: (*request).createBucket, signed: true},
		{name: "HeadBucket", level: bucketLevel, method: "HEAD", serve: (*request).headBucket, grantable: true},
		{name: "DeleteBucket", level: bucketLevel, method: "DELETE", serve: (*request).deleteBucket},
		{name: "ListObjects", level: bucketLevel, method: "GET", serve: (*request).listV1,
			params: []string{"prefix", "delimiter", "marker", "max-keys", "encoding-type", "start-after", "continuation-token", "fetch-owner"}, grantable: true},
		{name: "ListObjectsV2", level: bucketLevel, method: "GET", sub: "list-type", serve: (*request).listV2,
			params: []string{"prefix", "delimiter", "marker", "start-after", "continuation-token", "max-keys", "encoding-type", "fetch-owner"}, grantable: true},
		{name: "ListObjectVersions", level: bucketLevel, method: "GET", sub: "versions", serve: (*request).listVersions,
			params: []string{"prefix", "delimiter", "key-marker", "version-id-marker", "max-keys", "encoding-type"}, grantable: true},
		{name: "ListMultipartUploads", level: bucketLevel, method: "GET", sub: "uploads", serve: (*request).listUploads,
			params: []string{"prefix", "delimiter", "key-marker", "upload-id-marker", "max-uploads", "encoding-type"}, grantable: true},
		{name: "DeleteObjects", level: bucketLevel, method: "POST", sub: "delete", serve: (*request).deleteObjects, integrity: true, grantable: true},
		{name: "GetBucketLocation", level: bucketLevel, method: "GET", sub: "location", serve: (*request).getLocation},
		{name: "GetBucketVersioning", level: bucketLevel, method: "GET", sub: "versioning", serve: (*request).getVersioning},
		{name: "PutBucketVersioning", level: bucketLevel, method: "PUT", sub: "versioning", serve: (*request).putVersioning, integrity: true},
		{name: "GetBucketTagging", level: bucketLevel, method: "GET", sub: "tagging", serve: (*request).getBucketTagging},
		{name: "PutBucketTagging", level: bucketLevel, method: "PUT", sub: "tagging", serve: (*request).putBucketTagging, integrity: true},
		{name: "DeleteBucketTagging", level: bucketLevel, method: "DELETE", sub: "tagging", serve: (*request).deleteBucketTagging},
		{name: "GetBucketAcl", level: bucketLevel, method: "GET", sub: "acl", serve: (*request).getBucketACL, grantable: true},
		{name: "PutBucketAcl", level: bucketLevel, method: "PUT", sub: "acl", serve: (*request).putBucketACL, grantable: true},
		{name: "GetBucketOwnershipControls", level: bucketLevel, method: "GET", sub: "ownershipControls", serve: (*request).getOwnership},
		{name: "PutBucketOwnershipControls", level: bucketLevel, method: "PUT", sub: "ownershipControls", serve: (*request).putOwnership, integrity: true},
		{name: "DeleteBucketOwnershipControls", level: bucketLevel, method: "DELETE", sub: "ownershipControls", serve: (*request).deleteOwnership},
		{name: "GetPublicAccessBlock", level: bucketLevel, method: "GET", sub: "publicAccessBlock", serve: (*request).getPublicAccess, action: "s3:GetBucketPublicAccessBlock"},
		{name: "PutPublicAccessBlock", level: bucketLevel, method: "PUT", sub: "publicAccessBlock", serve: (*request).putPublicAccess, integrity: true},
		{name: "DeletePublicAccessBlock", level: bucketLevel, method: "DELETE", sub: "publicAccessBlock", serve: (*request).deletePublicAccess},
		{name: "GetBucketPolicy", level: bucketLevel, method: "GET", sub: "policy", serve: (*request).getPolicy},
		{name: "PutBucketPolicy", level: bucketLevel, method: "PUT", sub: "policy", serve: (*request).putPolicy},
		{name: "DeleteBucketPolicy", level: bucketLevel, method: "DELETE", sub: "policy", serve: (*request).deletePolicy},
		{name: "GetObjectLockConfiguration", level: bucketLevel, method: "GET", sub: "object-lock", serve: (*request).getObjectLock, action: "s3:GetBucketObjectLockConfiguration"},
		{name: "PutObjectLockConfiguration", level: bucketLevel, method: "PUT", sub: "object-lock", serve: (*request).putObjectLock, integrity: true, action: "s3:PutBucketObjectLockConfiguration"},
		{name: "GetBucketPolicyStatus", level: bucketLevel, method: "GET", sub: "policyStatus", serve: (*request).getPolicyStatus},
		{name: "GetBucketEncryption", level: bucketLevel, method: "GET", sub: "encryption", serve: (*request).getEncryption, action: "s3:GetEncryptionConfiguration"},
		{name: "PutBucketEncryption", level: bucketLevel, method: "PUT", sub: "encryption", serve: (*request).putEncryption, action: "s3:PutEncryptionConfiguration", integrity: true},
		{name: "DeleteBucketEncryption", level: bucketLevel, method: "DELETE", sub: "encryption", serve: (*request).deleteEncryption, action: "s3:PutEncryptionConfiguration"},
		{name: "GetBucketLifecycleConfiguration", level: bucketLevel, method: "GET", sub: "lifecycle", serve: (*request).getLifecycle,
			action: "s3:GetLifecycleConfiguration", params: []string{"withUpdatedAt"}}, // minio-go's
		{name: "PutBucketLifecycleConfiguration", level: bucketLevel, method: "PUT", sub: "lifecycle", serve: (*request).putLifecycle,
			action: "s3:PutLifecycleConfiguration", integrity: true},
		{name: "DeleteBucketLifecycle", level: bucketLevel, method: "DELETE", sub: "lifecycle", serve: (*request).deleteLifecycle, action: "s3:PutLifecycleConfiguration"},
		{name: "GetBucketWebsite", level: bucketLevel, method: "GET", sub: "website", serve: (*request).getWebsite},
		{name: "PutBucketWebsite", level: bucketLevel, method: "PUT", sub: "website", serve: (*request).putWebsite, integrity: true},
		{name: "DeleteBucketWebsite", level: bucketLevel, method: "DELETE", sub: "website", serve: (*request).deleteWebsite},
		{name: "PostObject", level: bucketLevel, method: "POST", serve: (*request).postObject, action: "s3:PutObject", open: true, body: true, locks: true, grantable: true},
		{name: "GetBucketCors", level: bucketLevel, method: "GET", sub: "cors", serve: (*request).getCORS, action: "s3:GetBucketCORS"},
		{name: "PutBucketCors", level: bucketLevel, method: "PUT", sub: "cors", serve: (*request).putCORS, action: "s3:PutBucketCORS", integrity: true},
		{name: "DeleteBucketCors", level: bucketLevel, method: "DELETE", sub: "cors", serve: (*request).deleteCORS, action: "s3:PutBucketCORS"},
		{name: "PreflightBucket", level: bucketLevel, method: "OPTIONS", serve: (*request).preflight, open: true},

		{name: "CopyObject", level: keyLevel, method: "PUT", header: hCopySource, serve: (*request).copyObject, body: true, locks: true, signed: true},
		{name: "PutObject", level: keyLevel, method: "PUT", serve: (*request).putObject, body: true, locks: true, stream: true, grantable: true},
		{name: "GetObject", level: keyLevel, method: "GET", params: getParams, serve: (*request).getObject, body: true, grantable: true, anyQuery: true},
		{name: "HeadObject", level: keyLevel, method: "HEAD", params: getParams, serve: (*request).headObject, grantable: true, anyQuery: true},
		{name: "DeleteObject", level: keyLevel, method: "DELETE", params: []string{"versionId"}, serve: (*request).deleteObject, grantable: true},
		{name: "GetObjectAttributes", level: keyLevel, method: "GET", sub: "attributes", params: []string{"versionId"}, serve: (*request).getAttributes, grantable: true},
		{name: "GetObjectTagging", level: keyLevel, method: "GET", sub: "tagging", params: []string{"versionId"}, serve: (*request).getObjectTagging},
		{name: "PutObjectTagging", level: keyLevel, method: "PUT", sub: "tagging", params: []string{"versionId"}, serve: (*request).putObjectTagging, integrity: true},
		{name: "DeleteObjectTagging", level: keyLevel, method: "DELETE", sub: "tagging", params: []string{"versionId"}, serve: (*request).deleteObjectTagging},
		{name: "GetObjectAcl", level: keyLevel, method: "GET", sub: "acl", params: []string{"versionId"}, serve: (*request).getObjectACL, grantable: true},
		{name: "PutObjectAcl", level: keyLevel, method: "PUT", sub: "acl", params: []string{"versionId"}, serve: (*request).putObjectACL, grantable: true},

		{name: "GetObjectRetention", level: keyLevel, method: "GET", sub: "retention", params: []string{"versionId"}, serve: (*request).getRetention},
		{name: "PutObjectRetention", level: keyLevel, method: "PUT", sub: "retention", params: []string{"versionId"}, serve: (*request).putRetention, integrity: true},
		{name: "GetObjectLegalHold", level: keyLevel, method: "GET", sub: "legal-hold", params: []string{"versionId"}, serve: (*request).getLegalHold},
		{name: "PutObjectLegalHold", level: keyLevel, method: "PUT", sub: "legal-hold", params: []string{"versionId"}, serve: (*request).putLegalHold, integrity: true},

		{name: "CreateMultipartUpload", level: keyLevel, method: "POST", sub: "uploads", serve: (*request).createUpload, locks: true, signed: true},
		{name: "UploadPartCopy", level: keyLevel, method: "PUT", sub: "uploadId", header: hCopySource, params: []string{"partNumber"}, serve: (*request).copyPart, body: true, signed: true},
		{name: "UploadPart", level: keyLevel, method: "PUT", sub: "uploadId", params: []string{"partNumber"}, serve: (*request).uploadPart, body: true, stream: true, signed: true},
		{name: "ListParts", level: keyLevel, method: "GET", sub: "uploadId", params: []string{"max-parts", "part-number-marker"}, serve: (*request).listParts, signed: true},
		{name: "CompleteMultipartUpload", level: keyLevel, method: "POST", sub: "uploadId", serve: (*request).completeUpload, body: true, composite: true, signed: true},
		{name: "AbortMultipartUpload", level: keyLevel, method: "DELETE", sub: "uploadId", serve: (*request).abortUpload, signed: true},
		{name: "PreflightObject", level: keyLevel, method: "OPTIONS", serve: (*request).preflight, open: true},
	}
	ops = append(ops, unsetConfigurations()...)
	return append(ops, unimplemented(ops)...)
}

// unimplemented lists the sub-resources that S3 documents and this server
// lacks, so that they are refused by name and in any method that is not served.
func unimplemented(served []*operation) []*operation {
	bucket := []struct{ sub, name string }{
		{"abac", "BucketAbac"},
		{"accelerate", "BucketAccelerateConfiguration"},
		{"analytics", "BucketAnalyticsConfiguration"},
		{"cors", "BucketCors"},
		{"encryption", "BucketEncryption"},
		{"intelligent-tiering", "BucketIntelligentTieringConfiguration"},
		{"inventory", "BucketInventoryConfiguration"},
		{"lifecycle", "BucketLifecycleConfiguration"},
		{"logging", "BucketLogging"},
		{"metadataAnnotationTable", "BucketMetadataAnnotationTableConfiguration"},
		{"metadataConfiguration", "BucketMetadataConfiguration"},
		{"metadataInventoryTable", "BucketMetadataInventoryTableConfiguration"},
		{"metadataJournalTable", "BucketMetadataJournalTableConfiguration"},
		{"metadataTable", "BucketMetadataTableConfiguration"},
		{"metrics", "BucketMetricsConfiguration"},
		{"notification", "BucketNotificationConfiguration"},
		{"object-lock", "ObjectLockConfiguration"},
		{"ownershipControls", "BucketOwnershipControls"},
		{"policy", "BucketPolicy"},
		{"policyStatus", "BucketPolicyStatus"},
		{"publicAccessBlock", "PublicAccessBlock"},
		{"replication", "BucketReplication"},
		{"requestPayment", "BucketRequestPayment"},
		{"session", "Session"},
		{"website", "BucketWebsite"},
	}
	key := []struct{ sub, name string }{
		{"annotation", "ObjectAnnotation"},
		{"encryption", "ObjectEncryption"},
		{"legal-hold", "ObjectLegalHold"},
		{"renameObject", "RenameObject"},
		{"restore", "RestoreObject"},
		{"retention", "ObjectRetention"},
		{"select", "SelectObjectContent"},
		{"torrent", "ObjectTorrent"},
	}
	var out []*operation
	add := func(name string, lv level, method, sub string) {
		if !slices.ContainsFunc(served, func(op *operation) bool {
			return op.level == lv && op.method == method && op.sub == sub
		}) {
			out = append(out, &operation{name: name, level: lv, method: method, sub: sub})
		}
	}
	for _, method := range []string{"GET", "PUT", "POST", "DELETE"} {
		for _, r := range bucket {
			add(r.name, bucketLevel, method, r.sub)
		}
		for _, r := range key {
			add(r.name, keyLevel, method, r.sub)
		}
	}
	return out
}
