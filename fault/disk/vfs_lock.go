package disk

import (
	"slices"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// locks are those of one database file.
type locks struct {
	holders []*vfsFile // whose level is not LOCK_NONE
}

// held says whether a file other than f holds a lock of this level or a
// stronger one.
func (l *locks) held(f *vfsFile, level int32) bool {
	for _, h := range l.holders {
		if h != f && h.level >= level {
			return true
		}
	}
	return false
}

func (l *locks) set(f *vfsFile, level int32) {
	switch {
	case f.level == sqlite3.SQLITE_LOCK_NONE && level != sqlite3.SQLITE_LOCK_NONE:
		l.holders = append(l.holders, f)
	case f.level != sqlite3.SQLITE_LOCK_NONE && level == sqlite3.SQLITE_LOCK_NONE:
		l.holders = slices.DeleteFunc(l.holders, func(h *vfsFile) bool { return h == f })
	}
	f.level = level
}

func xLock(_ *libc.TLS, pFile uintptr, level int32) int32 {
	f, ok := alive(pFile)
	defer f.d.mu.Unlock()
	if !ok {
		return sqlite3.SQLITE_IOERR_LOCK
	}
	if f.level >= level {
		return sqlite3.SQLITE_OK
	}
	obstacle := int32(sqlite3.SQLITE_LOCK_RESERVED)
	if level == sqlite3.SQLITE_LOCK_SHARED {
		obstacle = sqlite3.SQLITE_LOCK_PENDING
	}
	if f.locks.held(f, obstacle) {
		return sqlite3.SQLITE_BUSY
	}
	if level == sqlite3.SQLITE_LOCK_EXCLUSIVE {
		f.locks.set(f, sqlite3.SQLITE_LOCK_PENDING) // keeps new readers out while the present ones finish
		if f.locks.held(f, sqlite3.SQLITE_LOCK_SHARED) {
			return sqlite3.SQLITE_BUSY
		}
	}
	f.locks.set(f, level)
	return sqlite3.SQLITE_OK
}

func xUnlock(_ *libc.TLS, pFile uintptr, level int32) int32 {
	f, _ := alive(pFile)
	defer f.d.mu.Unlock()
	if level < f.level {
		f.locks.set(f, level)
	}
	return sqlite3.SQLITE_OK
}

func xCheckReservedLock(_ *libc.TLS, pFile, pOut uintptr) int32 {
	f, ok := alive(pFile)
	defer f.d.mu.Unlock()
	if !ok {
		return sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK
	}
	*at[int32](pOut) = libc.Bool32(f.locks.held(nil, sqlite3.SQLITE_LOCK_RESERVED))
	return sqlite3.SQLITE_OK
}
