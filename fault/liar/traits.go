package liar

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// parameters are those of queries that a server of S3 knows, besides resources.
var parameters = map[string]bool{}

func init() {
	for _, r := range resources {
		parameters[r.query] = true
	}
	for _, name := range []string{"prefix", "delimiter", "marker", "max-keys", "encoding-type", "list-type", "start-after", "continuation-token", "fetch-owner",
		"key-marker", "version-id-marker", "upload-id-marker", "max-uploads", "max-parts", "part-number-marker", "max-buckets", "bucket-region",
		"versionId", "versions", "uploads", "uploadId", "partNumber", "delete", "id", "annotationName", "response-cache-control", "response-content-disposition",
		"response-content-encoding", "response-content-language", "response-content-type", "response-expires", "X-Amz-Security-Token"} {
		parameters[name] = true
	}
}

// fieldName names a field of a request that says what is to be done, in small
// letters; "" is one that does not.
func fieldName(name string) string {
	name = strings.ToLower(name)
	switch name {
	case "x-amz-date", "x-amz-content-sha256", "x-amz-user-agent", "content-length":
		return ""
	case "range", "cache-control", "expires", "expect":
		return name
	}
	if meta(name) {
		return "x-amz-meta"
	}
	for _, prefix := range []string{"x-amz-", "if-", "content-"} {
		if strings.HasPrefix(name, prefix) {
			return name
		}
	}
	return ""
}

// choices are parameters of which each value is a matter of its own.
var choices = []string{"x-amz-acl", "x-amz-checksum-algorithm", "x-amz-checksum-mode", "x-amz-checksum-type", "x-amz-sdk-checksum-algorithm",
	"x-amz-metadata-directive", "x-amz-tagging-directive", "x-amz-storage-class", "x-amz-object-ownership", "x-amz-trailer",
	"x-amz-object-attributes", "content-encoding", "encoding-type", "max-keys", "max-parts", "max-uploads", "max-buckets", "delimiter"}

// central are operations without which a server is none: that one does not work at
// all is no lie of interest.
var central = []string{"CreateBucket", "DeleteBucket", "HeadBucket", "ListBuckets", "PutObject", "GetObject", "HeadObject", "DeleteObject",
	"ListObjects", "ListObjectsV2", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload"}

// traits are what is particular about a request besides its parameters: how it is
// signed and sent, what its key is like, what some parameters say.
func traits(q *request) (names []string) {
	add := func(is bool, name string) {
		if is {
			names = append(names, name)
		}
	}
	add(!slices.Contains(central, q.op), "any")
	add(q.by.mode == "", "by-nobody")
	add(q.by.mode == "presigned", "by-presigning")
	add(strings.HasPrefix(q.by.payload, "STREAMING-") || q.by.mode == "header" && q.by.payload == "UNSIGNED-PAYLOAD", "payload-"+q.by.payload)
	add(q.proto == "HTTP/1.0", "http-1.0")
	add(!strings.HasPrefix(q.target, "/"), "absolute-form")
	add(strings.HasPrefix(strings.ToLower(q.get("Host")), q.bucket+".") && q.bucket != "", "virtual-hosted")
	add(q.fields.has("Transfer-Encoding"), "chunked")
	add(strings.EqualFold(q.get("Connection"), "close"), "closing")
	add(q.method == http.MethodPut && q.get("Content-Length") == "0", "empty")
	add(len(q.get("Content-Length")) > 6, "large")
	add(q.fields.has("Range"), "range="+numbers.ReplaceAllString(q.get("Range"), "n"))
	add(q.hasUnknown(), "unknown")
	add(len(q.fields) > 40 || len(q.was)-len(q.body) > 4096, "long-head")
	for _, name := range choices {
		value := q.get(name)
		if value == "" {
			value = q.params().Get(name)
		}
		add(q.mentions(name) && len(value) < 60 && !strings.ContainsAny(value, "\"\r\n"), name+"="+strings.ReplaceAll(value, " ", ""))
	}
	return append(names, traitsOfKey(q.key)...)
}

// numbers match what differs between ranges of one form.
var numbers = regexp.MustCompile(`[0-9]+`)

// hasUnknown says whether a request has a parameter that no server knows.
func (q *request) hasUnknown() bool {
	for name := range q.params() {
		if !parameters[name] && !strings.HasPrefix(strings.ToLower(name), "x-amz-") && name != "x-id" {
			return true
		}
	}
	return false
}

// traitsOfKey are what makes a key unlike others.
func traitsOfKey(key string) (names []string) {
	if len(key) > 255 {
		names = append(names, "key-long")
	}
	for _, part := range []string{"//", "/./", "/../"} {
		if strings.Contains("/"+key+"/", part) {
			names = append(names, fmt.Sprintf("key-with-%x", part))
		}
	}
	for _, c := range key {
		name := fmt.Sprintf("key-%02x", c)
		switch {
		case c > 0xffff:
			name = "key-astral"
		case c >= 0x80:
			name = "key-unicode"
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.ContainsRune("-._/", c):
			continue
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
