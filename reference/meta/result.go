package meta

import (
	"time"

	"bleepstore/reference/errcode"
)

// Limits of the state machine.
const (
	// MaxInline is the most bytes of a body that are kept beside the metadata.
	MaxInline = 16 << 10
	// CompletedFor is how long, in the log's time, a completed upload is
	// remembered so that a repeated CompleteUpload gets the same answer.
	CompletedFor = 24 * time.Hour
)

// A Result is what a command did. Err is the failure that the client is told,
// nil when the command took effect; the other fields are set as the commands say.
type Result struct {
	Index uint64 // the log index at which it was applied
	Err   *errcode.Error

	// Bucket is the bucket that the command was about, as it was when it
	// applied: its Versioning tells whether version ids are shown.
	Bucket Bucket
	// Version is what PutObject, CopyObject, CompleteUpload made, and what
	// SetObjectTags changed.
	Version    Version
	Deleted    []Deleted
	Upload     Upload
	Part       Part
	Epoch      uint64
	Blobs      []string
	SourceGone bool
	// WrongTerm says that the command was meant for another term: nothing was
	// changed, and it may be proposed again.
	WrongTerm bool
}

// Deleted is the outcome of one DeleteItem.
type Deleted struct {
	// VersionID is the version removed, or the marker made; "" when the bucket
	// was never versioned. Removing a version that is not there echoes its id.
	VersionID    string
	DeleteMarker bool // a marker was made, or the version removed was one
	Err          *errcode.Error
}
