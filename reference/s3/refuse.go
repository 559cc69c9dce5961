package s3

import (
	"net/http"
	"strings"

	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
)

// Request headers by their canonical names.
const (
	hCopySource    = "X-Amz-Copy-Source"
	hExpectedOwner = "X-Amz-Expected-Bucket-Owner"
	hSourceOwner   = "X-Amz-Source-Expected-Bucket-Owner"
	hSDKChecksum   = "X-Amz-Sdk-Checksum-Algorithm"
	hChecksumAlgo  = "X-Amz-Checksum-Algorithm"
	hChecksumType  = "X-Amz-Checksum-Type"
	hChecksumMode  = "X-Amz-Checksum-Mode"
	hChecksum      = "X-Amz-Checksum-"
	hMeta          = "X-Amz-Meta-"
)

// maxHeader is the most bytes of header fields in a request.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
const maxHeader = 8 << 10

// headerBytes is the size of the header fields as they came over the wire.
func headerBytes(r *http.Request) int {
	n := len("Host: \r\n") + len(r.Host)
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v) + len(": \r\n")
		}
	}
	return n
}

// lacking are the headers that ask for something this server does not do, each
// with the one value, if any, that asks for nothing. Skipping one would store
// an object other than the client thinks, so they are answered 501.
var lacking = map[string]string{
	"X-Amz-Bucket-Namespace":            "global",
	"X-Amz-Create-Session-Mode":         "",
	"X-Amz-If-Match-Initiated-Time":     "",
	"X-Amz-If-Match-Last-Modified-Time": "",
	"X-Amz-If-Match-Size":               "",
	"X-Amz-Mfa":                         "",
	"X-Amz-Object-Annotation-Directive": "",
	"X-Amz-S3session-Token":             "",
	"X-Amz-Write-Offset-Bytes":          "",
}

// lackingPrefixes are families of such headers.
var lackingPrefixes = []string{
	"X-Amz-Object-Lock-", // but for lockHeaders, where they belong
}

// refuseUnimplemented refuses what must not be ignored: headers of features
// that are lacking, and a payload of chunks where none belongs.
func (q *request) refuseUnimplemented() error {
	for name, values := range q.r.Header {
		if strings.HasPrefix(name, hChecksum) && !knownChecksum(name) {
			return errcode.New(errcode.InvalidRequest, "The algorithm type you specified in x-amz-checksum- header is invalid.")
		}
		if err := q.checkEncryption(name); err != nil {
			return err
		}
		if isLacking(name, values) && !q.takesLock(name) {
			return (&errcode.Error{Code: errcode.NotImplemented}).
				With("Header", strings.ToLower(name)).With("additionalMessage", values[0])
		}
	}
	if source := q.header(hCopySource); source != "" && !q.mayCopy() {
		return argument("You can only specify a copy source header for copy requests.", strings.ToLower(hCopySource), source)
	}
	if q.r.Method == http.MethodPut && q.header("Content-Range") != "" {
		// A PUT of a part of an object; RFC 9110 section 14.5 forbids to take it for the whole.
		return (&errcode.Error{Code: errcode.NotImplemented}).With("Header", "Content-Range")
	}
	if q.identity != nil && q.identity.Payload.Chunked() && !q.op.stream {
		return errcode.New(errcode.InvalidRequest, "%s does not accept a STREAMING payload", q.op.name)
	}
	return nil
}

// mayCopy is false where S3 was seen to refuse x-amz-copy-source: in a GET, a
// HEAD, a DELETE, and a POST of an upload.
// https://github.com/versity/versitygw/pull/1642
func (q *request) mayCopy() bool {
	switch q.r.Method {
	case http.MethodGet, http.MethodHead, http.MethodDelete:
		return false
	case http.MethodPost:
		_, ofUpload := q.query.get("uploadId")
		return !ofUpload
	}
	return true
}

// takesLock says whether a header is one of object lock that the operation takes.
func (q *request) takesLock(name string) bool {
	return q.op.locks && (name == hLockMode || name == hLockUntil || name == hLockHold)
}

func isLacking(name string, values []string) bool {
	if !strings.HasPrefix(name, "X-Amz-") {
		return false
	}
	if harmless, ok := lacking[name]; ok {
		return harmless == "" || !strings.EqualFold(values[0], harmless)
	}
	for _, p := range lackingPrefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// knownChecksum says whether S3 has a header named x-amz-checksum-...
func knownChecksum(name string) bool {
	switch name {
	case hChecksumAlgo, hChecksumType, hChecksumMode:
		return true
	}
	_, ok := checksum.FromHeader(name)
	return ok
}
