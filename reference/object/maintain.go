package object

import (
	"context"
	"errors"
	"fmt"

	"bleepstore/reference/blob"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// Bounds of one step of background work, so that requests come in between.
const (
	reapBatch   = 1000
	sweepBatch  = 256
	expireBatch = 100
)

// stepsPerGrace is how often Maintain works between two fences.
const stepsPerGrace = 12

// Maintain does the store's background work until ctx ends: it ends uploads
// that were given up, forgets garbage behind its grace and removes blobs that
// nothing names. It starts at once, then works several times a grace and
// fences once. What fails is logged and tried again.
func (s *Service) Maintain(ctx context.Context) {
	s.step(ctx, "sweep", s.sweepClosed)
	tick, stop := s.clock.Tick(s.limits.Grace / stepsPerGrace)
	defer stop()
	for n := 1; ; n++ {
		s.step(ctx, "expire uploads", s.ExpireUploads)
		s.step(ctx, "reap", s.Reap)
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		if n%stepsPerGrace == 0 {
			s.step(ctx, "sweep", s.Sweep)
		}
	}
}

func (s *Service) step(ctx context.Context, name string, fn func(context.Context) error) {
	if err := fn(ctx); err != nil && ctx.Err() == nil {
		s.logger.Error("background work", "step", name, "err", err)
	}
}

// ExpireUploads aborts the uploads older than Limits.UploadAge, and those
// whose bucket is gone.
func (s *Service) ExpireUploads(ctx context.Context) error {
	before := int64(0) // nothing is as old, but uploads without a bucket go
	if s.limits.UploadAge >= 0 {
		before = s.clock.Now().Add(-s.limits.UploadAge).UnixMilli()
	}
	for {
		var ids []string
		err := s.view(ctx, func(tx *meta.Tx) (err error) {
			ids, err = tx.StaleUploads(before, expireBatch)
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			_, err := s.propose(ctx, meta.AbortUpload{UploadID: id})
			if err != nil && errcode.Of(err) != errcode.NoSuchUpload {
				return fmt.Errorf("abort upload %s: %w", id, err)
			}
		}
	}
}

// Reap forgets contents that nothing has named for the grace, and removes
// their blobs. A blob whose removal fails is left to the sweeper.
func (s *Service) Reap(ctx context.Context) error {
	for {
		res, err := s.propose(ctx, meta.Reap{Grace: s.limits.Grace, Max: reapBatch})
		if err != nil {
			return err
		}
		for _, id := range res.Blobs {
			if err := s.blobs.Delete(ctx, blob.ID(id)); err != nil {
				return fmt.Errorf("remove garbage blob %s: %w", id, err)
			}
		}
		if len(res.Blobs) == 0 {
			return nil
		}
	}
}

// Sweep raises the epoch and removes the blobs of closed epochs that nothing
// names. Between two calls there must be more than Limits.Write, so that no
// body in transit is shut out.
func (s *Service) Sweep(ctx context.Context) error {
	if err := s.fence(ctx); err != nil {
		return err
	}
	return s.sweepClosed(ctx)
}

// sweepClosed removes only blobs that can never be named again: their epoch is
// closed, and the state that is asked is at or behind the fence that closed it.
func (s *Service) sweepClosed(ctx context.Context) error {
	epoch := s.epoch.Load()
	if epoch < 2 {
		return nil
	}
	open := blob.EpochStart(epoch - 1) // the first that may still be named
	var batch []string
	flush := func() error {
		err := s.removeUnnamed(ctx, batch)
		batch = batch[:0]
		return err
	}
	err := s.blobs.List(ctx, "", func(i blob.Info) error {
		if i.ID >= open {
			return errSwept
		}
		if _, ours := i.ID.Epoch(); !ours {
			return nil
		}
		if batch = append(batch, string(i.ID)); len(batch) == sweepBatch {
			return flush()
		}
		return nil
	})
	if err != nil && !errors.Is(err, errSwept) {
		return fmt.Errorf("list blobs: %w", err)
	}
	return flush()
}

var errSwept = errors.New("every closed epoch was seen")

// fence raises the epoch; on return this node's state has applied that.
func (s *Service) fence(ctx context.Context) error {
	res, err := s.propose(ctx, meta.Fence{Epoch: s.epoch.Load()})
	if err != nil {
		return fmt.Errorf("fence: %w", err)
	}
	if err := s.log.Wait(ctx, res.Index); err != nil {
		return fmt.Errorf("wait for the fence: %w", err)
	}
	s.epoch.Store(res.Epoch)
	return nil
}

// removeUnnamed deletes those of ids that no content names.
func (s *Service) removeUnnamed(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	var named []bool
	err := s.db.View(ctx, func(tx *meta.Tx) (err error) {
		named, err = tx.Referenced(ids)
		return err
	})
	if err != nil {
		return fmt.Errorf("ask for references: %w", err)
	}
	for i, id := range ids {
		if named[i] {
			continue
		}
		s.logger.Info("remove orphaned blob", "blob", id)
		if err := s.blobs.Delete(ctx, blob.ID(id)); err != nil {
			return fmt.Errorf("remove orphan %s: %w", id, err)
		}
	}
	return nil
}

// adopt takes over the epoch of the state. Where nobody else applies the log,
// the state machine's version rises to this program's.
func (s *Service) adopt(ctx context.Context) error {
	var stats meta.Stats
	err := s.view(ctx, func(tx *meta.Tx) (err error) {
		stats, err = tx.Stats()
		return err
	})
	if err != nil {
		return fmt.Errorf("read epoch: %w", err)
	}
	s.epoch.Store(stats.Epoch)
	if s.exclusive && stats.Version < meta.StateVersion {
		if _, err := s.propose(ctx, meta.SetVersion{Version: meta.StateVersion}); err != nil {
			return fmt.Errorf("raise version: %w", err)
		}
	}
	return nil
}
