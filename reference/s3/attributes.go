package s3

import (
	"mime"
	"strings"
	"unicode/utf8"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

var (
	encodingKept = fault.NewBug("streaming.encoding-kept",
		"aws-chunked is stored as a Content-Encoding of the object", "S-13")
	encodingLost = fault.NewBug("streaming.encoding-lost",
		"a Content-Encoding that names aws-chunked beside another is not stored at all", "S-13")
)

const (
	// maxMetadata is the most bytes of names and values of user metadata.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html#UserMetadata
	maxMetadata = 2 << 10
	// defaultType is the Content-Type of an object that was stored with none.
	defaultType = "binary/octet-stream"
	// standard is the storage class that is not spoken of on GET and HEAD.
	standard = "STANDARD"
)

// storageClasses are the values of x-amz-storage-class; true means that this
// server keeps the promise that goes with it: bytes at once. The archive
// classes promise that a GET fails until a restore, which it cannot do.
var storageClasses = map[string]bool{
	standard:              true,
	"REDUCED_REDUNDANCY":  true,
	"STANDARD_IA":         true,
	"ONEZONE_IA":          true,
	"INTELLIGENT_TIERING": true,
	"GLACIER_IR":          true,
	"GLACIER":             false,
	"DEEP_ARCHIVE":        false,
}

var headersLost = fault.NewBug("object.content-headers-lost",
	"an object is stored without the content headers that it was sent with", "O-10", "CP-02", "M-18", "V-04")

// attributes reads what PutObject, CopyObject and CreateMultipartUpload say of
// an object besides its bytes.
func (q *request) attributes() (object.Attributes, error) {
	a := object.Attributes{}
	var err error
	for _, f := range []struct {
		name string
		to   *string
	}{
		{"Content-Type", &a.ContentType},
		{"Cache-Control", &a.CacheControl},
		{"Content-Disposition", &a.ContentDisposition},
		{"Content-Encoding", &a.ContentEncoding},
		{"Content-Language", &a.ContentLanguage},
		{"Expires", &a.Expires},
	} {
		if *f.to, err = q.textHeader(f.name); err != nil {
			return a, err
		}
	}
	if headersLost.On() {
		a = object.Attributes{}
	}
	a.ContentEncoding = stripChunked(a.ContentEncoding)
	if a.Metadata, err = q.userMetadata(); err != nil {
		return a, err
	}
	if a.StorageClass, err = q.storageClass(); err != nil {
		return a, err
	}
	if a.Redirect, err = q.redirect(); err != nil {
		return a, err
	}
	if a.Lock, err = q.lockHeaders(); err != nil {
		return a, err
	}
	a.Tags, err = q.tagHeader()
	return a, err
}

// textHeader returns a header that will be stored and sent again: UTF-8, its
// repetitions joined.
func (q *request) textHeader(canonical string) (string, error) {
	values := q.r.Header[canonical]
	if len(values) == 0 {
		return "", nil
	}
	v := values[0]
	if len(values) > 1 {
		v = strings.Join(values, ",")
	}
	if !utf8.ValidString(v) {
		return "", argument("Header values must be UTF-8.", strings.ToLower(canonical), "")
	}
	return v, nil
}

// stripChunked removes aws-chunked, which describes the transfer and not the
// object, from a Content-Encoding.
func stripChunked(encoding string) string {
	if !strings.Contains(strings.ToLower(encoding), "aws-chunked") || encodingKept.On() {
		return encoding
	}
	if encodingLost.On() {
		return ""
	}
	var rest []string
	for part := range strings.SplitSeq(encoding, ",") {
		if part = strings.TrimSpace(part); part != "" && !strings.EqualFold(part, "aws-chunked") {
			rest = append(rest, part)
		}
	}
	return strings.Join(rest, ",")
}

var (
	metadataFirst = fault.NewBug("object.metadata-first-value",
		"of user metadata that comes in several headers of one name only the first is kept", "O-07")
	metadataKiB = fault.NewBug("object.metadata-1-kib",
		"user metadata of more than 1 KiB is refused", "O-08")
	metadataAnySize = fault.NewBug("object.metadata-unlimited",
		"user metadata of any size is accepted", "O-08")
)

// userMetadata collects x-amz-meta-*: names in lower case, repeated headers
// joined by commas, values decoded from RFC 2047 where a client encoded them.
func (q *request) userMetadata() (map[string]string, error) {
	var out map[string]string
	size := 0
	for name, values := range q.r.Header {
		if !strings.HasPrefix(name, hMeta) {
			continue
		}
		value, err := q.textHeader(name)
		if err != nil {
			return nil, err
		}
		if len(values) > 1 && metadataFirst.On() {
			value = values[0]
		}
		if out == nil {
			out = make(map[string]string, 4)
		}
		key := strings.ToLower(name[len(hMeta):])
		if key == "" || len(values) == 0 {
			return nil, argument("User metadata needs a name behind x-amz-meta-.", "x-amz-meta-", "")
		}
		value = decodeWords(value)
		out[key] = value
		size += len(key) + len(value)
	}
	if size > maxMetadata && q.op.name != "PutObject" && metadataOfPut.On() {
		return out, nil
	}
	if size > maxMetadata && !metadataAnySize.On() || size > 1<<10 && metadataKiB.On() {
		return nil, (&errcode.Error{Code: errcode.MetadataTooLarge}).
			With("Size", itoa(size)).With("MaxSizeAllowed", itoa(maxMetadata))
	}
	return out, nil
}

// decodeWords undoes RFC 2047 encoding, which S3 documents for metadata in
// both directions. What is not well encoded is taken literally.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	d, err := new(mime.WordDecoder).DecodeHeader(s)
	if err != nil || !utf8.ValidString(d) || strings.ContainsAny(d, "\x00\r\n") {
		return s
	}
	return d
}

var metadataASCII = fault.NewBug("object.metadata-ascii-only",
	"user metadata that is not US-ASCII comes back empty", "O-09")

// encodeWords makes a metadata value safe for a header, as RFC 2047 does and
// S3 documents for values that are not US-ASCII.
func encodeWords(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] < ' ' && s[i] != '\t' {
			if metadataASCII.On() {
				return ""
			}
			return mime.BEncoding.Encode("UTF-8", s)
		}
	}
	return s
}

var (
	anyClass = fault.NewBug("object.any-storage-class",
		"a storage class that does not exist is accepted", "O-24")
	classOfPut = fault.NewBug("object.storage-class-of-put",
		"a storage class that does not exist is refused by PutObject alone, and dropped elsewhere", "O-24")
	metadataOfPut = fault.NewBug("object.metadata-limit-of-put",
		"the size of user metadata is limited for PutObject alone", "O-08")
)

func (q *request) storageClass() (string, error) {
	v := q.header("X-Amz-Storage-Class")
	if v == "" {
		return "", nil
	}
	kept, known := storageClasses[v]
	if !known && q.op.name != "PutObject" && classOfPut.On() {
		return "", nil
	}
	if !known && anyClass.On() {
		return v, nil
	}
	switch {
	case !known:
		return "", (&errcode.Error{Code: errcode.InvalidStorageClass}).With("StorageClassRequested", v)
	case !kept:
		return "", (&errcode.Error{Code: errcode.NotImplemented}).With("Header", "x-amz-storage-class")
	}
	return v, nil
}

func (q *request) redirect() (string, error) {
	v, err := q.textHeader("X-Amz-Website-Redirect-Location")
	if err != nil || v == "" {
		return "", err
	}
	if !strings.HasPrefix(v, "/") && !strings.HasPrefix(v, "http://") && !strings.HasPrefix(v, "https://") {
		return "", &errcode.Error{Code: errcode.InvalidRedirectLocation}
	}
	if len(v) > maxMetadata {
		return "", errcode.New(errcode.InvalidRedirectLocation, "The length of website redirect location cannot exceed %d characters.", maxMetadata)
	}
	return v, nil
}
