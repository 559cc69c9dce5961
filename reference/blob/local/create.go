package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/block"
)

// Create writes the file in one sequential stream, then syncs it and its
// directory. Whatever fails, it takes the file away again.
func (s *Store) Create(ctx context.Context, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	if err := blob.CheckNew(id, size); err != nil {
		return blob.Info{}, err
	}
	if err := s.broken.Err(); err != nil {
		return blob.Info{}, err
	}
	release, err := s.claims.Acquire(ctx, id)
	if err != nil {
		return blob.Info{}, err
	}
	defer release()

	f, info, err := s.begin(ctx, id)
	if err != nil {
		return info, full(fmt.Errorf("create blob: %w", err))
	}
	info, err = s.write(ctx, f, id, block.NewBody(r, size))
	if err != nil {
		// What cannot be removed the sweeper will find; err is what matters.
		_ = s.fs.Remove(s.name(id))
		return blob.Info{}, full(fmt.Errorf("create blob: %w", err))
	}
	return info, nil
}

// begin makes the file of a new blob. What is there and not whole gives way to
// it; for a whole blob the error is blob.ErrExists and the Info is its own.
func (s *Store) begin(ctx context.Context, id blob.ID) (fault.File, blob.Info, error) {
	const flags = os.O_CREATE | os.O_EXCL | os.O_WRONLY
	f, err := s.fs.OpenFile(s.name(id), flags, 0o600)
	if !errors.Is(err, fs.ErrExist) {
		return f, blob.Info{}, err
	}
	info, err := s.settle(ctx, id)
	if err == nil {
		return nil, info, fmt.Errorf("%s: %w", id, blob.ErrExists)
	}
	if !errors.Is(err, blob.ErrNotFound) {
		return nil, blob.Info{}, err
	}
	f, err = s.fs.OpenFile(s.name(id), flags, 0o600)
	return f, blob.Info{}, err
}

// write fills f, closes it, and makes it durable.
func (s *Store) write(ctx context.Context, f fault.File, id blob.ID, body *block.Body) (blob.Info, error) {
	info, err := block.Copy(ctx, f, body, id)
	if err != nil {
		f.Close()
		return blob.Info{}, err
	}
	if err := s.sync(ctx, f, id); err != nil {
		return blob.Info{}, err
	}
	return info, nil
}

// settle looks at a file that Create found: a whole blob is made durable,
// since the process that wrote it may have died before its sync, and returned.
// Anything else is removed and blob.ErrNotFound returned. Every block is read,
// because a loss of power can have kept the trailer and lost a block.
func (s *Store) settle(ctx context.Context, id blob.ID) (blob.Info, error) {
	f, table, err := s.open(id)
	if err == nil {
		if err = table.Verify(ctx, f); err == nil {
			return table.Info(), s.sync(ctx, f, id)
		}
		f.Close()
	}
	if !errors.Is(err, blob.ErrNotFound) && !errors.Is(err, blob.ErrCorrupt) {
		return blob.Info{}, err
	}
	if err := s.Delete(ctx, id); err != nil {
		return blob.Info{}, err
	}
	return blob.Info{}, fmt.Errorf("%s: %w", id, blob.ErrNotFound)
}

var blobNotSynced = fault.NewBug("blob.not-synced",
	"a copy of a body counts, and is acknowledged, before it is synced", "Z-16").
	By("chaos --sim raft --seed 1 --seeds 12 --nemesis disk.power-cut-all --shrink 0s")

var nameNotSynced = fault.NewBug("blob.name-not-synced",
	"a copy of a body counts once its file is synced, but not the directory that has its name", "Z-16").
	By("chaos --sim raft --seed 1 --seeds 12 --nemesis disk.power-cut-all --shrink 0s")

// sync makes f and its name durable, and closes f.
func (s *Store) sync(ctx context.Context, f fault.File, id blob.ID) error {
	if fault.NoSync.On() || blobNotSynced.On() {
		return f.Close()
	}
	fault.Point("blob.written")
	if err := f.Sync(); err != nil {
		f.Close()
		return s.broken.Trip(err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	fault.Point("blob.synced")
	if nameNotSynced.On() {
		return nil
	}
	return s.syncs[shard(id)].Do(ctx, struct{}{})
}

// syncDir is what Creates of one directory that end at once share.
func (s *Store) syncDir(dir string) error {
	if err := s.fs.SyncDir(dir); err != nil {
		return s.broken.Trip(err)
	}
	return nil
}

// full marks err as blob.ErrFull if it says that the disk or a quota is full.
func full(err error) error {
	if errors.Is(err, blob.ErrSync) {
		return err // for which there is no remedy but to stop
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", blob.ErrFull, err)
	}
	return err
}
