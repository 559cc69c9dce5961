package liar

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
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
	return slices.Concat(names, traitsOfForm(q), traitsOfKey(q.key))
}

// traitsOfForm are liberties that a client takes with how it writes and signs a
// request.
func traitsOfForm(q *request) (names []string) {
	add := func(is bool, name string) {
		if is {
			names = append(names, "form-"+name)
		}
	}
	path, query := q.pathAndQuery()
	pairs := slices.DeleteFunc(strings.Split(query, "&"), func(p string) bool { return p == "" })
	add(!slices.IsSorted(pairs), "query-order")
	add(slices.ContainsFunc(pairs, func(p string) bool { return !strings.Contains(p, "=") }), "query-without-value")
	add(slices.ContainsFunc(pairs, func(p string) bool { return strings.HasSuffix(p, "=") }) && q.op == "ListObjectsV2", "query-empty")
	add(loose(query), "query-escapes")
	add(loose(path), "path-escapes")
	add(strings.Contains(path, "+"), "path-plus")
	add(q.key == "" && q.bucket != "" && strings.HasSuffix(path, "/"), "path-slash")
	add(q.by.mode == "header" && !strings.Contains(q.get("Authorization"), ", "), "authorization")
	add(q.by.mode == "header" && q.get("X-Amz-Date") == "", "date")
	add(q.by.mode == "header" && q.fields.has("Date") && q.fields.has("X-Amz-Date"), "two-dates")
	add(q.by.mode == "header" && now().Sub(q.by.scope.Time).Abs() > time.Minute, "clock")
	add(q.by.mode == "header" && !slices.Contains(q.by.names, "x-amz-content-sha256"), "hash-unsigned")
	seen := map[string]bool{}
	for _, line := range q.had {
		name := strings.ToLower(line[0])
		add(seen[name], "field-twice")
		add(line[1] == "" && name != "accept-encoding" && name != "user-agent", "field-empty")
		add(strings.Contains(line[1], "  "), "field-spaces")
		add(name != line[0] && http.CanonicalHeaderKey(name) != line[0], "field-case")
		seen[name] = true
	}
	return slices.Compact(names)
}

// loose says that something is escaped otherwise than in the canonical form.
func loose(escaped string) bool {
	plain, err := url.PathUnescape(escaped)
	return err == nil && strings.Contains(escaped, "%") && strings.Count(escape(plain, true), "%") != strings.Count(escaped, "%") ||
		strings.ToUpper(strings.Join(codes.FindAllString(escaped, -1), "")) != strings.Join(codes.FindAllString(escaped, -1), "")
}

// codes match what is escaped.
var codes = regexp.MustCompile(`%[0-9a-fA-F]{2}`)

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
		if key != "" && strings.Contains("/"+key+"/", part) {
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
