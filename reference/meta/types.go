// Package meta is the metadata of the store: buckets, object versions,
// multipart uploads, tags and the references from objects to blobs, kept in
// SQLite and changed by one deterministic state machine. It knows neither HTTP
// nor Raft nor where the bytes of a blob are.
package meta

import (
	"time"

	"bleepstore/reference/acl"
	"bleepstore/reference/lifecycle"
)

// VersioningState is a bucket's versioning: "" (never configured), Enabled or
// Suspended. Once configured it never returns to "".
type VersioningState string

// The two states that a client can set.
const (
	VersioningEnabled   VersioningState = "Enabled"
	VersioningSuspended VersioningState = "Suspended"
)

// NullVersion is the version id, on the wire, of a version written while
// versioning was not enabled.
const NullVersion = "null"

// A Bucket is one row of the bucket table.
type Bucket struct {
	Name       string
	Owner      string // canonical id of the account that created it
	Region     string
	Created    time.Time
	Versioning VersioningState
	Tags       []Tag // nil: no tag set
	Access     Access
	Settings   Settings
}

// A Tag is one key and value of a tag set; a set keeps the order it was given in.
type Tag struct{ Key, Value string }

// Attributes is what a client says about an object besides its bytes; it is
// replaced as a whole by every overwrite.
type Attributes struct {
	ContentType        string `json:",omitempty"`
	CacheControl       string `json:",omitempty"`
	ContentDisposition string `json:",omitempty"`
	ContentEncoding    string `json:",omitempty"`
	ContentLanguage    string `json:",omitempty"`
	Expires            string `json:",omitempty"` // verbatim, as sent
	// Metadata is the user metadata: lower-case names without the
	// x-amz-meta- prefix; values are valid UTF-8.
	Metadata     map[string]string `json:",omitempty"`
	StorageClass string            `json:",omitempty"` // "" is STANDARD
	Redirect     string            `json:",omitempty"` // x-amz-website-redirect-location
	Tags         []Tag             `json:",omitempty"`
	// ACL is the object's own; nil is the owner's full control. It means
	// nothing, and is not shown, while the bucket has no ACLs.
	ACL *acl.List `json:",omitempty"`
	// Lock is the object lock; nil is none.
	Lock *Lock `json:",omitempty"`
	// Seal says how the bytes are encrypted; nil is not at all, as all were once.
	Seal *Seal `json:",omitempty"`
}

// A Seal says by which key the bytes of a version, or of an upload's parts, are
// sealed, without holding one: DataKey is the data key as another key wraps it. It
// is never changed in place. Sealed parts are blobs, never inline, and extents of
// sealed bytes are whole blobs.
type Seal struct {
	// Algorithm is AES256 or aws:kms, and "" for a key of the client's.
	Algorithm string `json:",omitempty"`
	DataKey   []byte
	// By names the key that wraps it: the ARN of a KMS key, the mark of a master
	// key; "" for a key of the client's.
	By        string `json:",omitempty"`
	Context   string `json:",omitempty"` // of a KMS key: as the client sent it
	BucketKey bool   `json:",omitempty"`
	// Salt and Mark recognise the client's key.
	Salt []byte `json:",omitempty"`
	Mark []byte `json:",omitempty"`
}

// Opaque says that an ETag must tell nothing of the bytes.
func (s *Seal) Opaque() bool { return s != nil && s.Algorithm != "AES256" }

// A Checksum is one stored checksum. Value is the base64 text as clients see
// it, with "-N" behind it when composite.
type Checksum struct {
	Algorithm string `json:",omitempty"` // as x-amz-checksum-algorithm spells it; "" none
	Type      string `json:",omitempty"` // FULL_OBJECT or COMPOSITE
	Value     string `json:",omitempty"`
}

// An Extent is a run of bytes of one blob; an object's body is its extents in
// order. An object whose bytes live beside its metadata has none.
type Extent struct {
	Blob string
	Off  int64
	Len  int64
}

// A Version is one version of an object, or a delete marker.
type Version struct {
	Bucket, Key  string
	ID           string // as on the wire; NullVersion for the null version
	Latest       bool
	DeleteMarker bool
	Modified     time.Time // UTC, to the millisecond
	Size         int64
	ETag         string // hex, without quotes; multipart ends in -N
	Owner        string // the bucket's while the bucket has no ACLs
	Attributes
	Checksum Checksum
	// PartCount is the number of parts of an object made by
	// CompleteMultipartUpload, 0 for any other.
	PartCount int
	// Parts are those parts, ascending, where they were asked for.
	Parts []PartInfo
}

// PartInfo is what is remembered of a part once its upload is completed.
type PartInfo struct {
	Number   int
	Size     int64
	Checksum Checksum
}

// An Upload is a multipart upload in progress.
type Upload struct {
	Bucket, Key, ID string
	Owner           string // who will own the object
	Initiator       string // who began it
	Initiated       time.Time
	Attributes
	Algorithm    string // checksum algorithm announced at Create; "" none
	ChecksumType string // FULL_OBJECT or COMPOSITE; "" none
	// Aborts is when the bucket's lifecycle aborts the upload, where it was asked
	// for; nil: never.
	Aborts *lifecycle.Expiry
}

// A Part is an uploaded part of an upload in progress.
type Part struct {
	Number   int
	Size     int64
	ETag     string // hex MD5, without quotes
	Modified time.Time
	Checksum Checksum
	Seal     *Seal // of its upload, where it has just been stored
}

// WriteCondition is what a write demands of the key's current version; it is
// evaluated inside Apply, so it holds at the write's own log index. Empty
// fields demand nothing.
type WriteCondition struct {
	IfMatch     string `json:",omitempty"` // an ETag without quotes, or *
	IfNoneMatch string `json:",omitempty"` // only * reaches the state machine
}
