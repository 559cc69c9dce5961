package reference

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/lock"
)

const (
	reserveFile  = "reserve"
	reserveSize  = 64 << 20 // the default of Config.Reserve
	reserveShare = 16       // of a volume, at least, is not the reserve's
	reserveEvery = time.Second
)

// A reserve is a file that does nothing but take up room. While less than its
// size is free on its volume it is given up: so the databases can be opened, and
// objects be deleted, when something has filled the disk. A write that finds no
// room before that is noticed gives it up itself. It is made again when there is
// room for it and for as much again. Methods may be called together.
type reserve struct {
	fs     fault.FS
	mu     lock.Lock // held by who looks at the file or changes it
	path   string
	size   int64 // wanted; a small volume holds less
	volume func() (free, total int64, err error)
	log    *slog.Logger
}

// newReserve returns nil, which does nothing, where none is wanted or nobody
// tells what is free.
func newReserve(c Config) *reserve {
	dir := filepath.Dir(c.MetaPath)
	volume := c.volumeOf(dir)
	if c.Reserve <= 0 || volume == nil {
		return nil
	}
	return &reserve{fs: c.FS, path: filepath.Join(dir, reserveFile), size: c.Reserve, volume: volume, log: c.Logger}
}

// yield gives the reserve up if room is short. It never makes it.
func (r *reserve) yield() {
	if r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		_, err := r.check()
		r.report(err)
	}
}

// yieldNow is for a write that has found no room, whatever is free by now. It
// tells whether there is any: then another try is worth it. Somebody else may
// have given the reserve up just before.
func (r *reserve) yieldNow() bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	held, err := r.held()
	if err == nil && held > 0 {
		if err = r.fs.Remove(r.path); err == nil {
			r.log.Warn("the disk is full: its reserve is given up for a write that found no room", "reserve", held)
			return true
		}
		err = fmt.Errorf("give up reserve: %w", err)
	}
	r.report(err)
	free, _, err := r.volume()
	return err == nil && free > 0
}

// keep does so whenever it must, and makes the reserve again, until ctx ends.
func (r *reserve) keep(ctx context.Context, tick <-chan time.Time) {
	for {
		r.report(r.tend())
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
	}
}

func (r *reserve) report(err error) {
	if err != nil {
		r.log.Error("background work", "step", "disk reserve", "err", err)
	}
}

func (r *reserve) tend() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	missing, err := r.check()
	if err != nil || missing == 0 {
		return err
	}
	if err := r.fill(missing); err != nil {
		return errors.Join(fmt.Errorf("make reserve: %w", err), ignoreMissing(r.fs.Remove(r.path)))
	}
	return nil
}

// check removes a reserve that is in the way, or is not of the size wanted, and
// returns how large a one is missing: 0 when none is, or there is no room.
func (r *reserve) check() (missing int64, err error) {
	free, total, err := r.volume()
	if err != nil {
		return 0, fmt.Errorf("ask for free space: %w", err)
	}
	size := min(r.size, total/reserveShare)
	held, err := r.held()
	if err != nil {
		return 0, err
	}
	if held > 0 && (free < size || held != size) {
		if err := r.fs.Remove(r.path); err != nil {
			return 0, fmt.Errorf("give up reserve: %w", err)
		}
		if free < size {
			r.log.Warn("the disk is nearly full: its reserve is given up", "free", free, "reserve", held)
		}
		free, held = free+held, 0
	}
	if held > 0 || free < 2*size {
		return 0, nil
	}
	return size, nil
}

// held is the size of the file, 0 when there is none.
func (r *reserve) held() (int64, error) {
	info, err := fault.Stat(r.fs, r.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("look for reserve: %w", err)
	}
	return info.Size(), nil
}

// fill makes the file, for which all room is taken, or fails.
func (r *reserve) fill(size int64) (err error) {
	f, err := r.fs.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if file, ok := f.(*os.File); ok {
		if err := allocate(file, size); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	return writeZeros(f, size)
}

// writeZeros is for volumes that cannot be told to allocate.
func writeZeros(f fault.File, size int64) error {
	zeros := make([]byte, 1<<20)
	for size > 0 {
		n, err := f.Write(zeros[:min(size, int64(len(zeros)))])
		if err != nil {
			return err
		}
		size -= int64(n)
	}
	return f.Sync()
}
