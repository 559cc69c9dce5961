package liar

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// choices are parameters of which each value is a matter of its own.
var choices = []string{"x-amz-acl", "x-amz-checksum-algorithm", "x-amz-checksum-mode", "x-amz-checksum-type", "x-amz-sdk-checksum-algorithm",
	"x-amz-metadata-directive", "x-amz-tagging-directive", "x-amz-storage-class", "x-amz-object-ownership", "x-amz-trailer",
	"x-amz-object-attributes", "content-encoding", "if-match", "if-none-match", "encoding-type", "max-keys", "max-parts", "max-uploads",
	"max-buckets", "delimiter", "partNumber", "part-number-marker", "versionId", "range", "x-amz-copy-source-range"}

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
	add(q.by.mode == "header" && len(q.by.payload) != 64, "payload-"+q.by.payload)
	add(q.proto == "HTTP/1.0", "http-1.0")
	add(!strings.HasPrefix(q.target, "/"), "absolute-form")
	add(strings.HasPrefix(strings.ToLower(q.get("Host")), q.bucket+".") && q.bucket != "", "virtual-hosted")
	add(q.fields.has("Transfer-Encoding"), "chunked")
	add(strings.EqualFold(q.get("Connection"), "close"), "closing")
	add(q.method == http.MethodPut && q.get("Content-Length") == "0", "empty")
	add(len(q.get("Content-Length")) > 6, "large")
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
