package liar

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// odd is the operation of a request that HTTP can make no sense of.
const odd = "Odd"

// resources are the sub-resources that make another operation of a request, in the
// order in which they count, and how the names of their operations have them.
var resources = []struct{ query, name string }{
	{"accelerate", "AccelerateConfiguration"}, {"acl", "Acl"}, {"analytics", "AnalyticsConfiguration"},
	{"attributes", "Attributes"}, {"cors", "Cors"}, {"encryption", "Encryption"},
	{"intelligent-tiering", "IntelligentTieringConfiguration"}, {"inventory", "InventoryConfiguration"},
	{"legal-hold", "LegalHold"}, {"lifecycle", "Lifecycle"}, {"location", "Location"}, {"logging", "Logging"},
	{"metadataConfiguration", "MetadataConfiguration"}, {"metadataTable", "MetadataTable"},
	{"metrics", "MetricsConfiguration"}, {"notification", "Notification"}, {"object-lock", "ObjectLockConfiguration"},
	{"ownershipControls", "OwnershipControls"}, {"policy", "Policy"}, {"policyStatus", "PolicyStatus"},
	{"publicAccessBlock", "PublicAccessBlock"}, {"renameObject", "Rename"}, {"replication", "Replication"},
	{"requestPayment", "RequestPayment"}, {"restore", "Restore"}, {"retention", "Retention"}, {"select", "Select"},
	{"tagging", "Tagging"}, {"torrent", "Torrent"}, {"versioning", "Versioning"}, {"website", "Website"},
	{"abac", "Abac"}, {"annotation", "Annotation"}, {"metadataInventoryTable", "MetadataInventoryTable"},
	{"metadataJournalTable", "MetadataJournalTable"}, {"session", "Session"},
}

// operations are those whose names do not follow from method and sub-resource:
// after the method, "service", "bucket" or "object", and what else decides.
var operations = map[string]string{
	"GET service": "ListBuckets", "GET bucket": "ListObjects", "GET bucket list-type": "ListObjectsV2",
	"GET bucket versions": "ListObjectVersions", "GET bucket uploads": "ListMultipartUploads",
	"HEAD bucket": "HeadBucket", "PUT bucket": "CreateBucket", "DELETE bucket": "DeleteBucket",
	"POST bucket delete": "DeleteObjects", "POST bucket": "PostObject", "GET object": "GetObject", "HEAD object": "HeadObject",
	"PUT object": "PutObject", "DELETE object": "DeleteObject", "PUT object copy": "CopyObject",
	"PUT object uploadId": "UploadPart", "PUT object uploadId copy": "UploadPartCopy", "GET object uploadId": "ListParts",
	"POST object uploads": "CreateMultipartUpload", "POST object uploadId": "CompleteMultipartUpload",
	"DELETE object uploadId": "AbortMultipartUpload", "PUT object partNumber": "UploadPart",
}

// operation names what a request asks for.
func operation(r *http.Request, key string, query url.Values) string {
	kind := "service"
	if key != "" {
		kind = "object"
	} else if bucketOf(r) != "" {
		kind = "bucket"
	}
	for _, s := range resources {
		if query.Has(s.query) && kind != "service" {
			return title(r.Method) + title(kind) + s.name
		}
	}
	name := r.Method + " " + kind
	for _, q := range []string{"delete", "list-type", "versions", "uploads", "uploadId", "partNumber"} {
		if _, known := operations[name+" "+q]; known && query.Has(q) {
			name += " " + q
			break
		}
	}
	if _, known := operations[name+" copy"]; known && r.Header.Get("X-Amz-Copy-Source") != "" {
		name += " copy"
	}
	if op, known := operations[name]; known {
		return op
	}
	return title(r.Method) + title(kind)
}

// title has the first letter of a word large and the others small. What a method
// has that is no letter is left out.
func title(s string) string {
	s = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return c
		}
		return -1
	}, s)
	if s == "" {
		return "Odd"
	}
	return strings.ToUpper(s[:1]) + strings.ToLower(s[1:])
}

// place returns the bucket and the key of a request. Buckets stand in the path,
// or as labels before the name of the host.
func place(r *http.Request) (bucket, key string) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if bucket, ok := strings.CutSuffix(host, ".localhost"); ok {
		return bucket, path
	}
	if _, after, ok := strings.Cut(host, ".s3."); ok && after != "" {
		return strings.TrimSuffix(host, ".s3."+after), path
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

func bucketOf(r *http.Request) string {
	bucket, _ := place(r)
	return bucket
}

// success is the status of an operation that did what it was asked for.
func success(q *request) int {
	switch {
	case strings.HasPrefix(q.op, "Delete") && q.op != "DeleteObjects", q.op == "AbortMultipartUpload", q.op == "PutBucketPolicy":
		return http.StatusNoContent
	case slices.Contains([]string{"GetObject", "HeadObject"}, q.op) && q.get("Range") != "":
		return http.StatusPartialContent
	}
	return http.StatusOK
}
