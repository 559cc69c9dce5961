package disk

import (
	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// shared is the memory that the connections to one database share, the index of
// its WAL, with the locks on its slots. The last user frees it.
type shared struct {
	regions []uintptr
	users   int
	shares  [sqlite3.SQLITE_SHM_NLOCK]int // how many have a shared lock
	owned   uint8                         // slots with an exclusive lock
}

func xShmMap(tls *libc.TLS, pFile uintptr, region, size, extend int32, pOut uintptr) int32 {
	f, ok := alive(pFile)
	defer f.d.mu.Unlock()
	if !ok {
		return sqlite3.SQLITE_IOERR_SHMMAP
	}
	if f.shm == nil {
		if f.n.shm == nil {
			f.n.shm = &shared{}
		}
		f.shm = f.n.shm
		f.shm.users++
	}
	for extend != 0 && len(f.shm.regions) <= int(region) {
		f.shm.regions = append(f.shm.regions, libc.Xcalloc(tls, 1, libc.Tsize_t(size)))
	}
	*at[uintptr](pOut) = 0
	if int(region) < len(f.shm.regions) {
		*at[uintptr](pOut) = f.shm.regions[region]
	}
	return sqlite3.SQLITE_OK
}

func xShmLock(_ *libc.TLS, pFile uintptr, first, n, flags int32) int32 {
	f, ok := alive(pFile)
	defer f.d.mu.Unlock()
	mask := uint8(1<<(first+n)-1) &^ uint8(1<<first-1)
	switch {
	case f.shm == nil:
		return sqlite3.SQLITE_IOERR_SHMLOCK
	case flags&sqlite3.SQLITE_SHM_UNLOCK != 0:
		f.unlockShm(mask)
		return sqlite3.SQLITE_OK
	case !ok:
		return sqlite3.SQLITE_IOERR_SHMLOCK
	case f.shm.owned&mask&^f.owns != 0:
		return sqlite3.SQLITE_BUSY
	case flags&sqlite3.SQLITE_SHM_EXCLUSIVE == 0:
		f.shareShm(mask)
		return sqlite3.SQLITE_OK
	}
	for slot := range f.shm.shares {
		others := f.shm.shares[slot] - int(f.shares>>slot&1)
		if mask&(1<<slot) != 0 && others > 0 {
			return sqlite3.SQLITE_BUSY
		}
	}
	f.shm.owned |= mask
	f.owns |= mask
	return sqlite3.SQLITE_OK
}

func (f *vfsFile) shareShm(mask uint8) {
	for slot := range f.shm.shares {
		if mask&^f.shares&(1<<slot) != 0 {
			f.shm.shares[slot]++
		}
	}
	f.shares |= mask
}

func (f *vfsFile) unlockShm(mask uint8) {
	for slot := range f.shm.shares {
		if mask&f.shares&(1<<slot) != 0 {
			f.shm.shares[slot]--
		}
	}
	f.shm.owned &^= mask & f.owns
	f.shares &^= mask
	f.owns &^= mask
}

func xShmBarrier(_ *libc.TLS, pFile uintptr) {
	f, _ := alive(pFile)
	f.d.mu.Unlock() // whoever locks next sees all that was written before
}

func xShmUnmap(tls *libc.TLS, pFile uintptr, _ int32) int32 {
	f, ok := alive(pFile)
	defer f.d.mu.Unlock()
	if f.shm == nil {
		return sqlite3.SQLITE_OK
	}
	f.unlockShm(0xff)
	if f.shm.users--; f.shm.users == 0 {
		for _, r := range f.shm.regions {
			libc.Xfree(tls, r)
		}
		if ok && f.n.shm == f.shm {
			f.n.shm = nil
		}
	}
	f.shm = nil
	return sqlite3.SQLITE_OK
}
