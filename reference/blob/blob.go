// Package blob says what a store of immutable bytes has to do, and holds the
// few things that all of them share. It knows nothing of objects, metadata or
// S3; blobtest tests what it says, the packages below it do it.
//
// # What a failed Create leaves behind
//
// A Create that returns an error removes what it wrote, as well as it can. A
// crash, or a disk that refuses the removal too, can leave remains: part of a
// blob, which does not exist for Open (ErrNotFound) and is listed as Partial,
// or, when the failure came after the last byte, the whole blob. Neither was
// acknowledged, so nothing names it. A later Create of the same id replaces a
// partial one.
//
// No backend removes remains that hold an id, because it cannot tell an orphan
// from a blob whose naming is under way; the sweeper can. It lists, compares
// with the metadata, and deletes ids of epochs that the fence has closed.
// What is held by no id any more (chunks of a half-deleted blob in a database)
// a backend sweeps by itself when it is opened.
package blob

import (
	"context"
	"errors"
	"io"
)

// The errors of a Store; match them with errors.Is. What else it returns are
// failures of its disk or network, of the reader given to Create, or of ctx.
var (
	// ErrNotFound: there is no whole blob of that id.
	ErrNotFound = errors.New("blob not found")
	// ErrExists: there is already a whole blob of that id.
	ErrExists = errors.New("blob exists")
	// ErrSize: the reader gave fewer or more bytes than announced.
	ErrSize = errors.New("blob size differs from the one announced")
	// ErrRange: the range does not lie within the blob.
	ErrRange = errors.New("range outside of the blob")
	// ErrCorrupt: stored bytes are not those that were written.
	ErrCorrupt = errors.New("blob is corrupt")
	// ErrFull: no space is left for the blob; deleting some makes room.
	ErrFull = errors.New("blob store is full")
	// ErrSync: a sync failed, so what was acknowledged before may be lost
	// though it can still be read. The process must stop; until it does, every
	// Create fails with ErrSync too.
	ErrSync = errors.New("blob store failed to sync")
	// ErrUnavailable: no holder, or not enough of them, can be reached now: come
	// again.
	ErrUnavailable = errors.New("blob holders cannot be reached")
	// ErrBusy: those who hold the blobs ask to be asked less: come again later.
	ErrBusy = errors.New("blob holders are too busy")
	// ErrID: the id is malformed.
	ErrID = errors.New("malformed blob id")
)

// A Store keeps blobs: sequences of bytes, written once under an id, then
// immutable. All methods but Close may be called together. One process owns a
// store at a time.
type Store interface {
	// Create stores the bytes of r, which must be exactly size >= 0 of them
	// (else ErrSize), under id. When it returns nil the blob is whole and
	// survives a loss of power; when it returns an error see the package's
	// comment.
	//
	// r is read to its io.EOF before the blob comes into being, and an error
	// of r, which Create returns wrapped, prevents it: a reader that checks its
	// bytes may refuse them at the very end. A Read that blocks outlives ctx;
	// deadlines on it are the caller's.
	//
	// If id exists, Create returns ErrExists and the Info of what is there,
	// checked in full and durable, without reading r. That is a success for a
	// caller only if Size and CRC are those of its own bytes. A blob that is
	// there but not whole is replaced. Of two Creates of one id at once the
	// second waits for the first.
	Create(ctx context.Context, id ID, r io.Reader, size int64) (Info, error)

	// Open returns the n bytes from off on; n < 0 means all that follow. The
	// range must lie within the blob (else ErrRange); it may be empty.
	//
	// No byte is returned by Read unless the block that holds it was verified:
	// Read fails with ErrCorrupt instead. The reader also fails when ctx ends.
	// When the blob is deleted meanwhile it goes on or fails with ErrNotFound;
	// it never ends early with io.EOF. One goroutine may use the reader, and
	// must close it. Readers implement io.WriterTo.
	Open(ctx context.Context, id ID, off, n int64) (io.ReadCloser, error)

	// Delete removes the blob or what remains of it; there being none is no
	// error. It need not survive a crash: the blob may be back after one. Not
	// to be called while a Create of the same id runs.
	Delete(ctx context.Context, id ID) error

	// List calls fn for each id > after, ascending, until fn returns an error,
	// which List then returns. Blobs created or deleted meanwhile may or may
	// not be met; what a running Create has written so far never is. fn may
	// call the Store.
	List(ctx context.Context, after ID, fn func(Info) error) error

	// Close releases the store. No call may be running or start later, and
	// every reader must be closed.
	Close() error
}

// A Stater is a Store that can describe one blob at the cost of a look-up.
type Stater interface {
	// Stat returns what List would say of id; ErrNotFound unless it is whole
	// and no Create of it runs.
	Stat(ctx context.Context, id ID) (Info, error)
}

// Info is what a store knows of a blob.
type Info struct {
	ID   ID
	Size int64 // in bytes
	// CRC is the CRC-64/NVME of all its bytes, the same number that S3's
	// checksum CRC64NVME encodes.
	CRC uint64
	// Partial is only set by List: these are remains of a Create that failed,
	// Size and CRC are 0. For Open there is no such blob.
	Partial bool
}
