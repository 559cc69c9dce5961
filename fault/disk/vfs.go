package disk

import (
	"errors"
	"fmt"
	"path"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite, translated from C to Go, calls a VFS through structs of function
// pointers, each of which is a Go func value stored as a uintptr. Memory that C
// would own is a uintptr, too. Go's collector moves nothing, so that a pointer
// to a disk or a file may stand there, if somebody else keeps it alive.

// vfs is a disk's face towards SQLite.
type vfs struct {
	name string
	tls  *libc.TLS
	c    uintptr               // of the sqlite3_vfs
	open map[*vfsFile]struct{} // keeps them alive; the disk's lock guards it
}

// ErrInUse is a disk with a database on it that is still open.
var ErrInUse = errors.New("a database on the disk is open")

var (
	registered sync.Map // of *Disk: keeps them alive
	lastName   atomic.Uint64
)

// pointer is the function pointer of a top-level function.
func pointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

// at is the value of type T at an address that SQLite handed over.
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

func bytesAt(p uintptr, n int32) []byte { return unsafe.Slice(at[byte](p), n) }

func diskOf(pVFS uintptr) *Disk { return at[Disk](at[sqlite3.Tsqlite3_vfs](pVFS).FpAppData) }

// VFS is the value of the vfs parameter of SQLite's data source names. Its
// files are those of FS.
func (d *Disk) VFS() string { return d.vfs.name }

func (d *Disk) register() error {
	d.vfs = vfs{tls: libc.NewTLS(), name: fmt.Sprintf("disk%d", lastName.Add(1)), open: map[*vfsFile]struct{}{}}
	name, err := libc.CString(d.vfs.name)
	if err != nil {
		return err
	}
	d.vfs.c = libc.Xcalloc(d.vfs.tls, 1, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_vfs{})))
	*at[sqlite3.Tsqlite3_vfs](d.vfs.c) = sqlite3.Tsqlite3_vfs{
		FiVersion: 1, FszOsFile: int32(unsafe.Sizeof(sqliteFile{})), FmxPathname: 512,
		FzName: name, FpAppData: uintptr(unsafe.Pointer(d)),
		FxOpen: pointer(xOpen), FxDelete: pointer(xDelete), FxAccess: pointer(xAccess), FxFullPathname: pointer(xFullPathname),
		FxRandomness: pointer(xRandomness), FxSleep: pointer(xSleep), FxCurrentTime: pointer(xCurrentTime),
		FxGetLastError: pointer(xGetLastError),
	}
	registered.Store(d, nil)
	if rc := sqlite3.Xsqlite3_vfs_register(d.vfs.tls, d.vfs.c, 0); rc != sqlite3.SQLITE_OK {
		return fmt.Errorf("register an SQLite VFS: code %d", rc)
	}
	return nil
}

func (d *Disk) unregister() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for f := range d.vfs.open {
		return fmt.Errorf("close disk: %w: %s and %d files more", ErrInUse, f.n.base, len(d.vfs.open)-1)
	}
	if _, there := registered.LoadAndDelete(d); !there {
		return nil
	}
	sqlite3.Xsqlite3_vfs_unregister(d.vfs.tls, d.vfs.c)
	libc.Xfree(d.vfs.tls, at[sqlite3.Tsqlite3_vfs](d.vfs.c).FzName)
	libc.Xfree(d.vfs.tls, d.vfs.c)
	d.vfs.tls.Close()
	return nil
}

// code is SQLite's result code for err; other is that of an I/O error in this
// operation.
func code(err error, other int32) int32 {
	switch {
	case err == nil:
		return sqlite3.SQLITE_OK
	case errors.Is(err, syscall.ENOSPC):
		return sqlite3.SQLITE_FULL
	}
	return other
}

func xOpen(_ *libc.TLS, pVFS, zName, pFile uintptr, flags int32, pOutFlags uintptr) int32 {
	*at[sqliteFile](pFile) = sqliteFile{} // without methods SQLite does not close it
	name := ""
	if zName != 0 {
		name = libc.GoString(zName)
	}
	d := diskOf(pVFS)
	f, err := d.openVFS(name, flags)
	if err != nil {
		return code(err, sqlite3.SQLITE_CANTOPEN)
	}
	*at[sqliteFile](pFile) = sqliteFile{uintptr(unsafe.Pointer(&ioMethods)), uintptr(unsafe.Pointer(f))}
	if pOutFlags != 0 {
		*at[int32](pOutFlags) = flags
	}
	return sqlite3.SQLITE_OK
}

func xDelete(_ *libc.TLS, pVFS, zName uintptr, syncDir int32) int32 {
	d, name := diskOf(pVFS), libc.GoString(zName)
	err := d.FS().Remove(name)
	if errors.Is(err, syscall.ENOENT) {
		return sqlite3.SQLITE_IOERR_DELETE_NOENT
	}
	if err != nil {
		return code(err, sqlite3.SQLITE_IOERR_DELETE)
	}
	if syncDir == 0 {
		return sqlite3.SQLITE_OK
	}
	return code(d.FS().SyncDir(path.Dir(name)), sqlite3.SQLITE_IOERR_DIR_FSYNC)
}

// xAccess takes an empty file for none, as SQLite's own VFS does.
func xAccess(_ *libc.TLS, pVFS, zName uintptr, _ int32, pOut uintptr) int32 {
	info, err := diskOf(pVFS).FS().Stat(libc.GoString(zName))
	if errors.Is(err, syscall.EIO) {
		return sqlite3.SQLITE_IOERR_ACCESS
	}
	*at[int32](pOut) = libc.Bool32(err == nil && (info.IsDir() || info.Size() > 0))
	return sqlite3.SQLITE_OK
}

func xFullPathname(_ *libc.TLS, _, zName uintptr, n int32, zOut uintptr) int32 {
	name := path.Clean("/" + libc.GoString(zName))
	if len(name) >= int(n) {
		return sqlite3.SQLITE_CANTOPEN
	}
	b := bytesAt(zOut, n)
	b[copy(b, name)] = 0
	return sqlite3.SQLITE_OK
}

func xRandomness(_ *libc.TLS, pVFS uintptr, n int32, zOut uintptr) int32 {
	d, b := diskOf(pVFS), bytesAt(zOut, n)
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range b {
		b[i] = byte(d.rng.Uint32())
	}
	return n
}

func xSleep(_ *libc.TLS, _ uintptr, micros int32) int32 {
	time.Sleep(time.Duration(micros) * time.Microsecond)
	return micros
}

func xCurrentTime(_ *libc.TLS, _, pOut uintptr) int32 {
	*at[float64](pOut) = 2440587.5 + float64(time.Now().UnixMilli())/86400000 // a Julian day
	return sqlite3.SQLITE_OK
}

func xGetLastError(*libc.TLS, uintptr, int32, uintptr) int32 { return 0 }
