// Package object is the domain of the store: it takes parsed requests,
// streams bodies to blobs, proposes the metadata commands that name them, and
// reads objects back. It knows neither HTTP nor SQL nor Raft.
//
// Every error that a client may see is an *errcode.Error; anything else is a
// fault of the server and becomes InternalError at the edge.
package object

import (
	"io"
	"time"

	"bleepstore/reference/acl"
	"bleepstore/reference/crypt"
	"bleepstore/reference/errcode"
	"bleepstore/reference/lifecycle"
	"bleepstore/reference/meta"
	"bleepstore/reference/sse"
)

// The nouns of the domain, under the names the edge uses.
type (
	Bucket     = meta.Bucket
	Version    = meta.Version
	Attributes = meta.Attributes
	Checksum   = meta.Checksum
	Tag        = meta.Tag
	Upload     = meta.Upload
	Part       = meta.Part
	PartInfo   = meta.PartInfo
	Seal       = meta.Seal

	VersioningState   = meta.VersioningState
	Ownership         = meta.Ownership
	PublicAccessBlock = meta.PublicAccessBlock
	Setting           = meta.Setting
)

// The two states of versioning that a client can set.
const (
	VersioningEnabled   = meta.VersioningEnabled
	VersioningSuspended = meta.VersioningSuspended
)

// The settings of object ownership.
const (
	BucketOwnerEnforced  = meta.BucketOwnerEnforced
	BucketOwnerPreferred = meta.BucketOwnerPreferred
	ObjectWriter         = meta.ObjectWriter
)

// A Caller is who asks. The zero Caller is anonymous.
type Caller struct {
	Account string // canonical user id; "" for anonymous
	Name    string // display name
	// Facts is what policies may ask of the request; nil knows nothing.
	Facts Facts
}

// Facts are the values of the condition keys of policies, in lower case, that a
// request has: none for a key that it does not have.
type Facts interface{ Fact(key string) []string }

// A Body is the bytes of a write and what the client claims about them. The
// claims are checked while the bytes stream; any mismatch refuses the write.
type Body struct {
	// Reader yields the decoded payload (never aws-chunked framing). A read
	// error that is an *errcode.Error (a bad chunk signature, an incomplete
	// body) is returned to the client as it is.
	Reader io.Reader
	Size   int64 // decoded length in bytes, always known
	// Most, when not 0, says that Size is only what is likely: any number of bytes
	// up to Most may come, which is a few more than Size at the most, and the end
	// of Reader is the end. A large body that is not as long as it seemed is
	// written twice.
	Most int64
	// MD5 is the raw Content-MD5 to verify, nil when none was sent.
	MD5 []byte
	// SHA256 is the raw x-amz-content-sha256 to verify
	// (XAmzContentSHA256Mismatch), nil when the payload is unsigned or chunked.
	SHA256 []byte
	// Checksum is the client's x-amz-checksum-*: Algorithm says which to
	// compute; Value, when not "", is verified (BadDigest). Algorithm "" means
	// the server's default, CRC64NVME.
	Checksum Checksum
	// Trailer, when not nil, is called once after Reader has reached io.EOF
	// and returns the checksum value that the trailer carried.
	Trailer func() (string, error)
}

// Conditions are the preconditions of a read or of a copy's source. ETags are
// raw header values (quotes, lists, W/ and * are parsed by this package).
type Conditions struct {
	IfMatch, IfNoneMatch               string
	IfModifiedSince, IfUnmodifiedSince time.Time // zero: not sent
}

// WriteCondition is a precondition on the key's current version.
type WriteCondition struct {
	IfMatch, IfNoneMatch string // raw header values, "" when not sent
}

// PutInput asks for one object to be written.
type PutInput struct {
	Caller      Caller
	Bucket, Key string
	Attributes  Attributes
	Body        Body
	Condition   WriteCondition
	ACL         *acl.Spec // nil: none was given
	Encryption  sse.Want
}

// PutResult says what a Put, Copy or Complete made.
type PutResult struct {
	Version Version
	// ShowVersion is true when the bucket is or was versioned, so that
	// x-amz-version-id belongs in the answer.
	ShowVersion bool
	Expiry      *lifecycle.Expiry // nil: never
}

// GetInput asks for an object or its metadata.
type GetInput struct {
	Caller      Caller
	Bucket, Key string
	VersionID   string // "": the current version
	Conditions  Conditions
	Range       string // raw Range header, "" when none
	IfRange     string // raw If-Range header, "" when none
	PartNumber  int    // 0: none
	// WithParts fills Version.Parts of the answer, for GetObjectAttributes.
	WithParts bool
	// Customer is the client's key, nil when it sent none.
	Customer *crypt.Key
	// ForTags asks with the right to the tags instead of that to read, and
	// ForAttributes with that to the attributes besides.
	ForTags, ForAttributes bool
}

// GetResult is an object opened for reading. Close must be called; Body is nil
// for Head. Offset and Length are the range served; Partial says that it must
// be answered 206.
type GetResult struct {
	Version     Version
	ShowVersion bool
	Body        io.ReadCloser
	Offset      int64
	Length      int64
	Partial     bool
	Expiry      *lifecycle.Expiry // of the current version; nil: never
	PartsCount  int               // > 0 only for a read by part number of a multipart object
	// RangeChecksum is the checksum that covers exactly the bytes served when
	// they are not the whole object (one part); zero otherwise.
	RangeChecksum Checksum
}

// CopyInput asks for a server-side copy.
type CopyInput struct {
	Caller                       Caller
	Bucket, Key                  string
	SourceBucket, SourceKey      string
	SourceVersion                string
	SourceConditions             Conditions
	ReplaceMetadata, ReplaceTags bool
	Attributes                   Attributes // used where a directive is REPLACE; StorageClass and Redirect always
	Algorithm                    string     // x-amz-checksum-algorithm; "": keep the source's
	Condition                    WriteCondition
	ACL                          *acl.Spec
	Encryption                   sse.Want
	SourceCustomer               *crypt.Key // the client's key of the source
}

// CopyResult is PutResult and the version copied from.
type CopyResult struct {
	PutResult
	SourceVersion string // "" when the source bucket was never versioned
}

// DeleteInput asks for one key or version to be deleted.
type DeleteInput struct {
	Caller      Caller
	Bucket, Key string
	VersionID   string
	IfMatch     string // raw header or element, "" when none
	Bypass      bool   // asks to bypass governance
}

// DeleteResult says what a delete did.
type DeleteResult struct {
	VersionID    string // of the version removed or the marker made; "" when unversioned
	DeleteMarker bool   // a marker was made, or the version removed was one
}

// A DeleteItem names one key or version of a DeleteMany.
type DeleteItem struct {
	Key, VersionID string
	IfMatch        string // raw element, "" when none
	Bypass         bool   // asks to bypass governance
}

// DeleteOutcome is what became of one DeleteItem; Err is nil when it was
// deleted or was not there.
type DeleteOutcome struct {
	Item   DeleteItem
	Result DeleteResult
	Err    *errcode.Error
}

// ListInput asks for a page of keys. Limits are already validated: 0 <= Max <= 1000.
type ListInput struct {
	Bucket, Prefix, Delimiter string
	After                     string // exclusive; "" from the start
	// AfterPrefix says that After is a CommonPrefix already returned, so every
	// key under it is skipped.
	AfterPrefix bool
	Max         int
}

// ListResult is one page, keys ascending in byte order. Next and NextPrefix
// are the After and AfterPrefix of the following page when Truncated.
type ListResult struct {
	Bucket         Bucket
	Objects        []Version
	CommonPrefixes []string
	Truncated      bool
	Next           string
	NextPrefix     bool
}

// ListVersionsInput asks for a page of versions. A page starts behind
// (AfterKey, AfterVersion); AfterVersion "" means behind all versions of AfterKey.
type ListVersionsInput struct {
	Bucket, Prefix, Delimiter string
	AfterKey, AfterVersion    string
	Max                       int
}

// ListVersionsResult is one page: keys ascending, versions of a key newest first.
type ListVersionsResult struct {
	Versions       []Version
	CommonPrefixes []string
	Truncated      bool
	NextKey        string
	NextVersion    string // "" when the page ended in a CommonPrefix
}

// CreateUploadInput asks for a multipart upload.
type CreateUploadInput struct {
	Caller       Caller
	Bucket, Key  string
	Attributes   Attributes
	Algorithm    string
	ChecksumType string
	ACL          *acl.Spec
	Encryption   sse.Want
}

// UploadPartInput asks for one part to be stored.
type UploadPartInput struct {
	Caller                Caller
	Bucket, Key, UploadID string
	Number                int
	Body                  Body
	// Encryption is that of the upload, said again: the client's key, which has to
	// be there, and else what need not.
	Encryption sse.Want
}

// CopyPartInput asks for a part to be made from an existing object.
type CopyPartInput struct {
	Caller                  Caller
	Bucket, Key, UploadID   string
	Number                  int
	SourceBucket, SourceKey string
	SourceVersion           string
	SourceConditions        Conditions
	Range                   string     // raw x-amz-copy-source-range, "" when none
	Encryption              sse.Want   // as in UploadPartInput
	SourceCustomer          *crypt.Key // the client's key of the source
}

// CopyPartResult is the part made and the version it was read from.
type CopyPartResult struct {
	Part          Part
	SourceVersion string
}

// CompletePart is one row of a CompleteMultipartUpload request.
type CompletePart struct {
	Number    int
	ETag      string     // without quotes
	Checksums []Checksum // as sent; usually none or one
}

// CompleteInput asks for an upload to become an object.
type CompleteInput struct {
	Caller                Caller
	Bucket, Key, UploadID string
	Parts                 []CompletePart
	Condition             WriteCondition
	Checksum              Checksum // expected value of the whole object; zero: none sent. Type as x-amz-checksum-type
	Size                  int64    // x-amz-mp-object-size; -1: not sent
	Encryption            sse.Want // as in UploadPartInput; the client's key need not be sent either
}

// ListPartsInput asks for a page of an upload's parts.
type ListPartsInput struct {
	Caller                Caller
	Bucket, Key, UploadID string
	After, Max            int
}

// ListPartsResult is one page of parts, ascending.
type ListPartsResult struct {
	Upload    Upload
	Parts     []Part
	Truncated bool
	Next      int
}

// ListUploadsInput asks for a page of a bucket's uploads in progress.
type ListUploadsInput struct {
	Bucket, Prefix, Delimiter string
	AfterKey, AfterUpload     string
	Max                       int
}

// ListUploadsResult is one page: keys ascending, then by initiation.
type ListUploadsResult struct {
	Uploads        []Upload
	CommonPrefixes []string
	Truncated      bool
	NextKey        string
	NextUpload     string
}

// ListBucketsInput asks for a page of the caller's buckets, names ascending.
type ListBucketsInput struct {
	Caller         Caller
	Prefix, Region string
	After          string
	Max            int
}

// ListBucketsResult is one page of buckets; Next is "" on the last.
type ListBucketsResult struct {
	Buckets []Bucket
	Next    string
}

// CreateBucketInput asks for a bucket. Region is validated by the edge.
type CreateBucketInput struct {
	Caller Caller
	Name   string
	Region string
	Tags   []Tag
	// Ownership, when not "", replaces what new buckets are given.
	Ownership Ownership
	ACL       *acl.Spec
	// ObjectLock makes it a bucket with object lock, and so with versioning.
	ObjectLock bool
}
