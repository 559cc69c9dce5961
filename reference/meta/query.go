package meta

import "time"

// An Object is a version as the read path needs it: with its bucket and with
// the name of its bytes.
type Object struct {
	Version
	BucketInfo Bucket
	content    int64
	// Content names the bytes for CopyObject and RegisterPart; 0 for a delete
	// marker and for a body that is wholly inline.
	Content int64
	// Inline and Extents are the bytes, filled by Tx.Body: without Extents the
	// body is Inline; otherwise it is the extents in order, where one with
	// Blob "" is a run of Inline.
	Inline  []byte
	Extents []Extent
}

// A ListQuery asks for a page of current objects, keys in byte order.
type ListQuery struct {
	Bucket, Prefix, Delimiter string
	After                     string // exclusive; "" from the start
	// AfterPrefix says that After is a CommonPrefix already returned: every
	// key that begins with it is skipped.
	AfterPrefix bool
	Max         int
}

// A ListPage is the answer. Objects carry no Attributes but StorageClass.
// Objects and CommonPrefixes together are at most Max. Next and NextPrefix are
// the After and AfterPrefix of the next page when Truncated.
type ListPage struct {
	Bucket         Bucket
	Objects        []Version
	CommonPrefixes []string
	Truncated      bool
	Next           string
	NextPrefix     bool
}

// A VersionsQuery asks for a page of versions and delete markers, keys
// ascending, newest first within a key. It starts behind (AfterKey,
// AfterVersion); with AfterVersion "" behind all versions of AfterKey, or,
// when AfterKey is a CommonPrefix of this query, behind all keys under it.
type VersionsQuery struct {
	Bucket, Prefix, Delimiter string
	AfterKey, AfterVersion    string
	Max                       int
}

// A VersionsPage is the answer; NextVersion is "" when the page ended in a
// CommonPrefix.
type VersionsPage struct {
	Bucket         Bucket
	Versions       []Version
	CommonPrefixes []string
	Truncated      bool
	NextKey        string
	NextVersion    string
}

// An UploadsQuery asks for a page of uploads in progress: keys ascending, then
// by initiation. It starts behind (AfterKey, AfterUpload), as VersionsQuery.
type UploadsQuery struct {
	Bucket, Prefix, Delimiter string
	AfterKey, AfterUpload     string
	Max                       int
}

// An UploadsPage is the answer; NextUpload is "" when the page ended in a
// CommonPrefix.
type UploadsPage struct {
	Bucket         Bucket
	Uploads        []Upload
	CommonPrefixes []string
	Truncated      bool
	NextKey        string
	NextUpload     string
}

// A PartsQuery asks for a page of an upload's parts, numbers above After.
type PartsQuery struct {
	Bucket, Key, UploadID string
	After, Max            int
}

// A PartsPage is the answer; Next is the After of the next page when Truncated.
type PartsPage struct {
	Bucket    Bucket
	Upload    Upload
	Parts     []Part
	Truncated bool
	Next      int
}

// A BucketsQuery asks for a page of an owner's buckets, names ascending and
// above After. Empty fields do not filter.
type BucketsQuery struct {
	Owner, Prefix, Region string
	After                 string
	Max                   int
}

// A BucketsPage is the answer; Next is the After of the next page, "" on the last.
type BucketsPage struct {
	Buckets []Bucket
	Next    string
}

// Stats are the figures of the store as a whole.
type Stats struct {
	Applied uint64 // log index
	Term    uint64 // of the latest TermStart
	Stamp   time.Time
	Epoch   uint64
	Version int // of the state machine
	Buckets int64
	Objects int64 // current objects, delete markers not counted
	Bytes   int64 // of the current objects
	Garbage int64 // contents that wait for Reap
	Uploads int64 // in progress
}
