package meta

import (
	"context"
	"errors"
)

// Sync is how SQLite makes a commit durable.
type Sync string

// SyncFull survives power loss: every commit is synced. SyncNormal may lose
// the last commits in one (never consistency), for stores that can replay them.
const (
	SyncFull   Sync = "FULL"
	SyncNormal Sync = "NORMAL"
)

// Options say where the metadata is and how it is opened.
type Options struct {
	// Path is the database file; "" keeps everything in memory.
	Path string
	// Sync is required with a Path: the mode is read back and Open refuses
	// when the database does not have it.
	Sync Sync
	// Readers is the number of reading connections; 0 means 4.
	Readers int
	// VFS names a registered SQLite VFS; "" is the system's.
	VFS string
	// QuickCheck runs SQLite's quick_check before anything is served.
	QuickCheck bool
}

// A DB is the state machine and its database. Apply is called by one goroutine
// at a time (the log's); everything else may run concurrently with it.
type DB struct{}

// An Entry is a command at its place in the log. Entries that share an index
// (a pack) are applied in one call. An Entry whose Op is nil changes nothing
// but the applied index.
type Entry struct {
	Index   uint64
	Command Command
}

var errUnfinished = errors.New("meta: not there yet")

// Open opens or creates the database and migrates its schema.
func Open(ctx context.Context, o Options) (*DB, error) { return nil, errUnfinished }

// Apply applies entries in order, in one transaction that is durable (as Sync
// says) when it returns. Entries at or below the applied index are skipped and
// get a zero Result. An error is fatal: the DB is unusable and the process
// must stop; nothing of this call may be acknowledged.
func (db *DB) Apply(entries []Entry) ([]Result, error) { return nil, errUnfinished }

// Applied returns the index of the last entry applied, published after its commit.
func (db *DB) Applied() uint64 { return 0 }

// View runs fn in one read transaction: everything it reads is of one moment.
// fn must be short and must not wait for anything else. Errors of fn are
// returned as they are. Views run concurrently.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error { return errUnfinished }

// Close closes every connection. No call may be running.
func (db *DB) Close() error { return nil }

// A Tx reads the state at one moment. It is valid only inside View's fn and is
// not for concurrent use. Errors that are *errcode.Error are the client's
// (NoSuchBucket, NoSuchKey, NoSuchVersion, NoSuchUpload); others are faults.
type Tx struct{}

// Bucket returns one bucket: NoSuchBucket.
func (tx *Tx) Bucket(name string) (Bucket, error) { return Bucket{}, errUnfinished }

// Buckets returns a page of buckets.
func (tx *Tx) Buckets(q BucketsQuery) (BucketsPage, error) { return BucketsPage{}, errUnfinished }

// Object returns one version of a key ("": the current one) without its bytes
// and without Parts: NoSuchBucket, NoSuchKey (no version at all), NoSuchVersion.
// A delete marker is returned as such, not as an error.
func (tx *Tx) Object(bucket, key, version string) (Object, error) { return Object{}, errUnfinished }

// Body fills o.Inline and o.Extents, in the same View that returned o.
func (tx *Tx) Body(o *Object) error { return errUnfinished }

// ObjectParts returns the parts of an object made by CompleteUpload, numbers
// in (after, after+...] ascending and at most max of them; none for any other.
func (tx *Tx) ObjectParts(o *Object, after, max int) ([]PartInfo, error) { return nil, errUnfinished }

// List returns a page of current objects: NoSuchBucket.
func (tx *Tx) List(q ListQuery) (ListPage, error) { return ListPage{}, errUnfinished }

// Versions returns a page of versions and delete markers: NoSuchBucket.
func (tx *Tx) Versions(q VersionsQuery) (VersionsPage, error) { return VersionsPage{}, errUnfinished }

// Upload returns an upload in progress: NoSuchBucket, NoSuchUpload (also when
// the id belongs to another key).
func (tx *Tx) Upload(bucket, key, id string) (Upload, error) { return Upload{}, errUnfinished }

// Uploads returns a page of uploads in progress: NoSuchBucket.
func (tx *Tx) Uploads(q UploadsQuery) (UploadsPage, error) { return UploadsPage{}, errUnfinished }

// Parts returns a page of an upload's parts: NoSuchBucket, NoSuchUpload.
func (tx *Tx) Parts(q PartsQuery) (PartsPage, error) { return PartsPage{}, errUnfinished }

// Completed returns the version that a recently completed upload became, and
// whether it is remembered.
func (tx *Tx) Completed(bucket, key, uploadID string) (Version, bool, error) {
	return Version{}, false, errUnfinished
}

// StaleUploads returns the ids of at most max uploads that were initiated
// before the given Unix milliseconds or whose bucket is gone, oldest first.
func (tx *Tx) StaleUploads(before int64, max int) ([]string, error) { return nil, errUnfinished }

// Referenced tells of each blob whether any content, even garbage, names it.
func (tx *Tx) Referenced(blobs []string) ([]bool, error) { return nil, errUnfinished }

// Stats returns the figures of the store.
func (tx *Tx) Stats() (Stats, error) { return Stats{}, errUnfinished }
