package disk

import (
	"path"
	"syscall"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteFile is what SQLite allocates for an open file: szOsFile bytes.
type sqliteFile struct {
	methods uintptr
	file    uintptr // *vfsFile
}

var ioMethods = sqlite3.Tsqlite3_io_methods{
	FiVersion: 2, // with shared memory
	FxClose:   pointer(xClose), FxFileSize: pointer(xFileSize), FxFileControl: pointer(xFileControl),
	FxRead: pointer(xRead), FxWrite: pointer(xWrite), FxTruncate: pointer(xTruncate), FxSync: pointer(xSync),
	FxLock: pointer(xLock), FxUnlock: pointer(xUnlock), FxCheckReservedLock: pointer(xCheckReservedLock),
	FxSectorSize: pointer(xSectorSize), FxDeviceCharacteristics: pointer(xDeviceCharacteristics),
	FxShmMap: pointer(xShmMap), FxShmLock: pointer(xShmLock), FxShmBarrier: pointer(xShmBarrier), FxShmUnmap: pointer(xShmUnmap),
}

// A vfsFile is a file that SQLite has open. One connection uses it, so one call
// runs at a time; its locks are guarded by the disk's.
type vfsFile struct {
	user
	dir    *inode // to be synced with the file, once; nil: not
	doomed string // the name that goes when it is closed; "": none
	locks  *locks
	level  int32 // of the lock on the file
	shm    *shared
	shares uint8 // slots of the shared memory that it has a shared lock on
	owns   uint8 // and an exclusive one
}

func fileOf(p uintptr) *vfsFile { return at[vfsFile](at[sqliteFile](p).file) }

const journals = sqlite3.SQLITE_OPEN_MAIN_JOURNAL | sqlite3.SQLITE_OPEN_SUPER_JOURNAL | sqlite3.SQLITE_OPEN_WAL

// openVFS opens a file as SQLite's flags say; without a name it is nobody
// else's. A journal's first sync brings its directory to the medium, too, as
// SQLite's own VFS for Unix does.
func (d *Disk) openVFS(name string, flags int32) (f *vfsFile, err error) {
	kind := Look
	if flags&sqlite3.SQLITE_OPEN_CREATE != 0 {
		kind = Change
	}
	err = d.do(user{}, Op{Kind: kind}, func() error {
		f = &vfsFile{}
		n, err := d.inodeVFS(name, flags, f)
		if err != nil {
			return err
		}
		if n.isDir() {
			return syscall.EISDIR
		}
		if n.locks == nil {
			n.locks = &locks{}
		}
		f.user, f.locks = d.use(n), n.locks
		if flags&sqlite3.SQLITE_OPEN_DELETEONCLOSE != 0 {
			f.doomed = name
		}
		return nil
	})
	if err == nil { // it can fail when it is done: see CrashIn
		d.mu.Lock()
		d.vfs.open[f] = struct{}{}
		d.mu.Unlock()
	}
	return f, err
}

func (d *Disk) inodeVFS(name string, flags int32, f *vfsFile) (*inode, error) {
	create := flags&sqlite3.SQLITE_OPEN_CREATE != 0
	if name == "" {
		if d.noRoom() {
			return nil, syscall.ENOSPC
		}
		return d.newInode(0o600), nil
	}
	dir, base, err := d.at(name)
	if err != nil {
		return nil, err
	}
	if create && flags&journals != 0 { // also when it is there: whoever made it may not have synced it
		f.dir = dir
	}
	n, err := dir.child(base)
	switch {
	case err != nil && create:
		return d.make(dir, base, 0o600)
	case err == nil && create && flags&sqlite3.SQLITE_OPEN_EXCLUSIVE != 0:
		return nil, syscall.EEXIST
	}
	return n, err
}

func xClose(tls *libc.TLS, pFile uintptr) int32 {
	f := fileOf(pFile)
	xShmUnmap(tls, pFile, 0)
	xUnlock(tls, pFile, sqlite3.SQLITE_LOCK_NONE)
	if f.doomed != "" {
		_ = f.do(Op{Kind: Change}, func() error {
			dir, base, err := f.d.at(path.Clean(f.doomed))
			if err != nil {
				return err
			}
			return f.d.unlink(dir, base)
		}) // what stays is in nobody's way
	}
	f.leave()
	f.d.mu.Lock()
	delete(f.d.vfs.open, f)
	f.d.mu.Unlock()
	return sqlite3.SQLITE_OK
}

func xRead(_ *libc.TLS, pFile, buf uintptr, n int32, off int64) int32 {
	b := bytesAt(buf, n)
	got, err := fileOf(pFile).readAt(b, off)
	if err == nil && got < int(n) {
		clear(b[got:])
		return sqlite3.SQLITE_IOERR_SHORT_READ
	}
	return code(err, sqlite3.SQLITE_IOERR_READ)
}

func xWrite(_ *libc.TLS, pFile, buf uintptr, n int32, off int64) int32 {
	_, err := fileOf(pFile).writeAt(bytesAt(buf, n), off)
	return code(err, sqlite3.SQLITE_IOERR_WRITE)
}

func xTruncate(_ *libc.TLS, pFile uintptr, size int64) int32 {
	return code(fileOf(pFile).truncate(size), sqlite3.SQLITE_IOERR_TRUNCATE)
}

func xSync(_ *libc.TLS, pFile uintptr, _ int32) int32 {
	f := fileOf(pFile)
	if err := f.sync(); err != nil || f.dir == nil {
		return code(err, sqlite3.SQLITE_IOERR_FSYNC)
	}
	dir := user{d: f.d, n: f.dir, life: f.life}
	f.dir = nil
	return code(dir.sync(), sqlite3.SQLITE_IOERR_DIR_FSYNC)
}

// alive holds the disk's lock for what is no operation of the medium; ok is
// false for a file of an earlier life. The caller unlocks.
func alive(pFile uintptr) (f *vfsFile, ok bool) {
	f = fileOf(pFile)
	f.d.mu.Lock()
	return f, !f.d.down && f.life == f.d.life.Load()
}

func xFileSize(_ *libc.TLS, pFile, pSize uintptr) int32 {
	f, ok := alive(pFile)
	defer f.d.mu.Unlock()
	if !ok {
		return sqlite3.SQLITE_IOERR_FSTAT
	}
	*at[int64](pSize) = f.n.size
	return sqlite3.SQLITE_OK
}

func xFileControl(*libc.TLS, uintptr, int32, uintptr) int32 { return sqlite3.SQLITE_NOTFOUND }

func xSectorSize(*libc.TLS, uintptr) int32 { return sectorSize }

func xDeviceCharacteristics(*libc.TLS, uintptr) int32 {
	return sqlite3.SQLITE_IOCAP_POWERSAFE_OVERWRITE
}
