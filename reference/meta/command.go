package meta

import (
	"encoding/json"
	"time"

	"bleepstore/reference/acl"
	"bleepstore/reference/policy"
)

// A Command is one change of the metadata as the log carries it. Whoever
// proposes sets Op; ID, Term and Stamp are set by the log that accepts it.
type Command struct {
	// ID is unique and unguessable: 16 to 32 letters and digits, made at
	// random by the proposing node. A log fills it in when it is "".
	ID string
	// Term is the leader's term the command is meant for; it is refused in any
	// other. 0 is meant for any (a log of one node has no terms).
	Term uint64
	// Stamp is the proposer's clock in Unix milliseconds. The state machine
	// uses the latest stamp it has seen, so its time never goes back.
	Stamp int64
	Op    Op
}

// Op is one of the structs below (a pointer to one does too): the union of
// everything that can happen to the metadata.
type Op interface{ kind() string }

// A Write is what PutObject and CopyObject have in common.
type Write struct {
	Bucket, Key string
	Owner       string
	Size        int64
	ETag        string     // hex, without quotes
	Attributes  Attributes // ACL is left out; Spec says it
	Checksum    Checksum
	Condition   WriteCondition
	// Spec is the ACL that the request gives; nil is none. A bucket that does
	// not take it refuses the write: AccessControlListNotSupported, AccessDenied.
	Spec *acl.Spec `json:",omitempty"`
	// OwnOnly refuses to replace what somebody else owns: AccessDenied.
	OwnOnly bool `json:",omitempty"`
}

// CreateBucket fails with BucketAlreadyOwnedByYou or BucketAlreadyExists.
// Result.Bucket is the new bucket, or the existing one of the same owner. An ACL
// that contradicts the rest of Access is InvalidBucketAclWithObjectOwnership or
// InvalidBucketAclWithBlockPublicAccessError.
type CreateBucket struct {
	Name, Owner, Region string
	Tags                []Tag   // nil: no tag set
	Access              *Access `json:",omitempty"` // nil: DefaultAccess
	ObjectLock          bool    `json:",omitempty"` // on from the start, and versioning with it
}

// DeleteBucket fails with NoSuchBucket, and with BucketNotEmpty while any
// version or delete marker is left. Uploads in progress end with the bucket.
type DeleteBucket struct{ Name string }

// SetVersioning sets Enabled or Suspended.
type SetVersioning struct {
	Bucket string
	State  VersioningState
}

// SetBucketTags replaces the tag set; nil removes it.
type SetBucketTags struct {
	Bucket string
	Tags   []Tag
}

// SetBucketACL replaces a bucket's ACL: AccessControlListNotSupported,
// AccessDenied (a public one, where those are blocked).
type SetBucketACL struct {
	Bucket string
	ACL    *acl.Spec
}

// SetOwnership sets who owns what is written to a bucket; "" removes the
// setting. It fails with InvalidBucketAclWithObjectOwnership.
type SetOwnership struct {
	Bucket    string
	Ownership Ownership
}

// SetPublicAccess replaces a bucket's public access block; nil removes it.
type SetPublicAccess struct {
	Bucket string
	Block  *PublicAccessBlock
}

// SetPolicy replaces a bucket's policy; nil removes it: AccessDenied (a public
// one, where those are blocked). Whether it fits the bucket is the proposer's to
// check.
type SetPolicy struct {
	Bucket string
	Policy *policy.Policy
}

// SetSetting replaces one configuration of a bucket; a nil Value removes it.
// Whether the value makes sense is the proposer's to check, but for what depends
// on the rest of the bucket.
type SetSetting struct {
	Bucket  string
	Setting Setting
	Value   json.RawMessage `json:",omitempty"`
}

// PutObject makes a new current version. Its bytes are Body (at most
// MaxInline of them, which are sealed if Attributes say so, kept beside the metadata) or, when Extents is not empty,
// the blobs named there, which no command has named before.
type PutObject struct {
	Write
	Body    []byte `json:"-"`
	Extents []Extent
	// Epoch is the epoch in which the oldest blob of Extents got its id. The
	// command is refused (SlowDown) when a Fence has left that epoch behind.
	Epoch uint64
}

// CopyObject makes a new current version whose bytes exist already: those of
// the content Source (Object.Content of the version read), or Body when the
// source keeps its bytes inline. If Source has been reaped since it was read,
// Result.SourceGone is true, nothing is changed and Result.Err is nil: read
// the source again and propose anew.
type CopyObject struct {
	Write
	Source int64
	Body   []byte `json:"-"`
}

// DeleteObject deletes one version, or, with VersionID "", whatever the
// bucket's versioning makes of that: remove, add a marker, replace the null
// version by a marker. Deleting what does not exist succeeds. Result.Deleted
// has one element.
type DeleteObject struct {
	Bucket, Owner string
	Item          DeleteItem
	OwnOnly       bool `json:",omitempty"` // see DeleteObjects
}

// DeleteObjects is DeleteObject for up to 1,000 keys, each with its own
// outcome, in order, in Result.Deleted. With OwnOnly an item whose current
// version somebody else owns, or that names a version, is AccessDenied.
type DeleteObjects struct {
	Bucket, Owner string
	Items         []DeleteItem
	OwnOnly       bool `json:",omitempty"`
}

// A DeleteItem names what to delete. IfMatch is an ETag without quotes or *; it
// is compared with the key's current version, as AWS documents, even when
// another version is named. OwnOnly is as in DeleteObjects, for this item. A
// version whose lock forbids it is AccessDenied, whoever asks.
type DeleteItem struct {
	Key       string
	VersionID string `json:",omitempty"`
	IfMatch   string `json:",omitempty"`
	OwnOnly   bool   `json:",omitempty"`
	Bypass    bool   `json:",omitempty"` // governance, which the caller may and wants to
}

// SetObjectTags replaces the tags of one version ("": the current one). It
// fails with NoSuchKey, NoSuchVersion, or MethodNotAllowed on a delete marker.
type SetObjectTags struct {
	Bucket, Key, VersionID string
	Tags                   []Tag
}

// SetObjectACL replaces the ACL of one version ("": the current one). It fails
// as SetObjectTags and SetBucketACL do.
type SetObjectACL struct {
	Bucket, Key, VersionID string
	ACL                    *acl.Spec
}

// SetRetention replaces the retention period of one version ("": the current
// one); Mode "" with the zero Until removes it. It fails as SetObjectTags does,
// and with InvalidRequest (no object lock in the bucket), InvalidArgument (a time
// that is past) and AccessDenied (a period that is not over may only grow; with
// Bypass, for who may and wants to, one in governance mode may do anything).
type SetRetention struct {
	Bucket, Key, VersionID string
	Mode                   LockMode  `json:",omitempty"`
	Until                  time.Time `json:",omitzero"`
	Bypass                 bool      `json:",omitempty"`
}

// SetLegalHold sets the legal hold of one version ("": the current one). It
// fails as SetObjectTags does, and with InvalidRequest as SetRetention.
type SetLegalHold struct {
	Bucket, Key, VersionID string
	Hold                   Hold
}

// CreateUpload starts a multipart upload, which Owner initiates; Result.Upload
// has its id. Spec is as in Write.
type CreateUpload struct {
	Bucket, Key, Owner string
	Attributes         Attributes
	Algorithm          string
	ChecksumType       string
	Spec               *acl.Spec `json:",omitempty"`
}

// RegisterPart makes or replaces one part. Its bytes are Body, or new blobs
// (Extents, Epoch: as in PutObject), or Length bytes at Offset of the content
// Source (as in CopyObject). It fails with NoSuchUpload.
type RegisterPart struct {
	Bucket, Key, UploadID string
	Number                int
	Size                  int64
	ETag                  string
	Checksum              Checksum
	Body                  []byte   `json:"-"`
	Extents               []Extent `json:",omitempty"`
	Epoch                 uint64   `json:",omitempty"`
	Source                int64    `json:",omitempty"`
	Offset                int64    `json:",omitempty"` // of the run in Source; its length is Size
}

// CompleteUpload turns an upload into the current version of its key. The
// parts are checked against those registered: InvalidPartOrder, InvalidPart,
// EntityTooSmall (a part but the last below MinPartSize), InvalidRequest (the
// sum is not *ExpectSize), then Condition. A failure leaves the upload as it
// was. The object's ETag is computed from the parts'.
//
// An upload that was completed within the last CompletedFor answers again
// with the same version, whatever has happened to it since, if the list of
// ETags is the same; nothing is applied twice. Otherwise NoSuchUpload.
type CompleteUpload struct {
	Bucket, Key, UploadID string
	Parts                 []PartRef
	Condition             WriteCondition
	// Checksum is stored as the object's; the proposer has computed or
	// verified it from the checksums in Parts.
	Checksum    Checksum
	MinPartSize int64
	ExpectSize  *int64 `json:",omitempty"`
	OwnOnly     bool   `json:",omitempty"` // as in Write, for the initiator
}

// A PartRef is one row of the list of a CompleteUpload. Checksum is the value
// that the proposer has read with the part and used; the part must still have it.
type PartRef struct {
	Number   int
	ETag     string
	Checksum string `json:",omitempty"`
}

// AbortUpload removes an upload and its parts: NoSuchUpload. With Bucket ""
// the upload is named by its id alone, for uploads that outlived their bucket.
type AbortUpload struct{ Bucket, Key, UploadID string }

// Fence raises the epoch by one, if it still is Epoch; Result.Epoch is the
// epoch afterwards. From then on no new blob older than Epoch-1 can be named.
type Fence struct{ Epoch uint64 }

// Reap forgets contents that have been garbage for at least Grace, oldest
// first, and at most Max extents of them. Result.Blobs are the blobs that
// nothing names any more: they may be unlinked.
type Reap struct {
	Grace time.Duration
	Max   int
}

// Expire does what the lifecycle of a bucket makes of Keys and Uploads as of At:
// no more than its rules say of what is there when it applies, whatever the
// proposer saw. A locked version stays. Each key has at most MaxExpired of its
// versions changed. Without a lifecycle nothing happens.
type Expire struct {
	Bucket  string
	At      int64    // Unix milliseconds; the proposer's clock
	Keys    []string `json:",omitempty"`
	Uploads []string `json:",omitempty"` // ids
}

// TermStart is proposed by a leader first: once it is applied, every command
// of earlier terms is known to have happened or to never happen.
type TermStart struct{ Node string }

// SetVersion raises the version of the state machine to Version, at most
// StateVersion; lower ones change nothing.
type SetVersion struct{ Version int }

func (CreateBucket) kind() string    { return "CreateBucket" }
func (DeleteBucket) kind() string    { return "DeleteBucket" }
func (SetVersioning) kind() string   { return "SetVersioning" }
func (SetBucketTags) kind() string   { return "SetBucketTags" }
func (SetBucketACL) kind() string    { return "SetBucketACL" }
func (SetOwnership) kind() string    { return "SetOwnership" }
func (SetPublicAccess) kind() string { return "SetPublicAccess" }
func (SetSetting) kind() string      { return "SetSetting" }
func (SetPolicy) kind() string       { return "SetPolicy" }
func (PutObject) kind() string       { return "PutObject" }
func (CopyObject) kind() string      { return "CopyObject" }
func (DeleteObject) kind() string    { return "DeleteObject" }
func (DeleteObjects) kind() string   { return "DeleteObjects" }
func (SetObjectTags) kind() string   { return "SetObjectTags" }
func (SetObjectACL) kind() string    { return "SetObjectACL" }
func (SetRetention) kind() string    { return "SetRetention" }
func (SetLegalHold) kind() string    { return "SetLegalHold" }
func (CreateUpload) kind() string    { return "CreateUpload" }
func (RegisterPart) kind() string    { return "RegisterPart" }
func (CompleteUpload) kind() string  { return "CompleteUpload" }
func (AbortUpload) kind() string     { return "AbortUpload" }
func (Fence) kind() string           { return "Fence" }
func (Reap) kind() string            { return "Reap" }
func (Expire) kind() string          { return "Expire" }
func (TermStart) kind() string       { return "TermStart" }
func (SetVersion) kind() string      { return "SetVersion" }
