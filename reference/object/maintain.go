package object

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bleepstore/fault"
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

// stepsPerGrace is how often Maintain works in one grace.
const stepsPerGrace = 12

// Maintain does the store's background work until ctx ends: it ends uploads
// that were given up, forgets garbage behind its grace, raises the epoch once a
// grace, and removes blobs that nothing names. It starts at once, then works
// several times a grace. What fails is logged and tried again.
//
// Where several nodes share a log, only those that lead (Config.Leads) bring
// anything to it. What a node keeps itself (Config.Sweep) it sweeps after every
// rise of the epoch, whoever has raised it; what all keep together
// (Config.Shared), only if it led when it began.
func (s *Service) Maintain(ctx context.Context) {
	k := keeper{Service: s}
	tick, stop := s.clock.Tick(s.limits.Grace / stepsPerGrace)
	defer stop()
	for {
		k.work(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
	}
}

// A keeper is what Maintain remembers from one step to the next.
type keeper struct {
	*Service
	epoch uint64    // as seen last
	since time.Time // when it was first seen, which is after it had begun
	swept uint64    // the epoch of the last sweep that came to its end
	aged  time.Time // when lifecycles were last carried out to the end
}

func (k *keeper) work(ctx context.Context) {
	k.look()
	if k.leads() {
		k.step(ctx, "expire uploads", k.ExpireUploads)
		k.step(ctx, "reap", k.Reap)
		if now := k.clock.Now(); now.Sub(k.aged) >= lifeEvery && k.step(ctx, "lifecycle", k.ExpireAll) {
			k.aged = now
		}
		// Who has seen the epoch begin waits for a grace, so that the next leader
		// does not come too soon after the fence of the one before.
		if k.clock.Now().Sub(k.since) >= k.limits.Grace {
			k.step(ctx, "fence", k.Fence)
		}
		k.look()
	}
	if k.swept == k.epoch || k.shared && !k.leads() && !followerSweeps.On() {
		return
	}
	if epoch := k.epoch; k.step(ctx, "sweep", k.Sweep) {
		k.swept = epoch
	}
}

// look notes when the epoch has moved.
func (k *keeper) look() {
	if epoch := k.db.Epoch(); epoch != k.epoch {
		k.epoch, k.since = epoch, k.clock.Now()
	}
}

// step reports whether fn came to its end.
func (s *Service) step(ctx context.Context, name string, fn func(context.Context) error) bool {
	err := fn(ctx)
	if err != nil && ctx.Err() == nil {
		s.logger.Error("background work", "step", name, "err", err)
	}
	return err == nil
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
// their blobs wherever they are. When a removal fails, that blob and those
// behind it are left to the sweeper.
func (s *Service) Reap(ctx context.Context) error {
	for {
		res, err := s.propose(ctx, meta.Reap{Grace: s.limits.Grace, Max: reapBatch})
		if err != nil {
			return err
		}
		for _, id := range res.Blobs {
			fault.Point("reap.before-delete")
			if err := s.blobs.Delete(ctx, blob.ID(id)); err != nil {
				return fmt.Errorf("remove garbage blob %s: %w", id, err)
			}
		}
		if len(res.Blobs) == 0 {
			return nil
		}
	}
}

// Fence raises the epoch, unless somebody did so meanwhile; on return this
// node's state has applied that. Between two rises there must be more than
// Limits.Write, so that no body in transit is shut out.
func (s *Service) Fence(ctx context.Context) error {
	res, err := s.propose(ctx, meta.Fence{Epoch: s.db.Epoch()})
	if err != nil {
		return fmt.Errorf("fence: %w", err)
	}
	fault.Point("fence.raised")
	if err := s.log.Wait(ctx, res.Index); err != nil {
		return fmt.Errorf("wait for the fence: %w", err)
	}
	return nil
}

// Sweep removes what this node keeps, is of a closed epoch, and is named by
// nothing. Only blobs go that can never be named again: the state that is asked
// is at or behind the fence that closed their epoch. It needs nobody else.
//
// That holds for a store which all nodes share too, and for a leader that was
// deposed and does not know. Let it have read the epoch E, and then, in its own
// state, that nothing names the id i of an epoch before E-1.
//
//  1. Committed entries alone have made its state, up to some index S. Every node's
//     state comes by the same S, or came by it; the fence that raised the epoch to
//     E is at or before it.
//  2. Behind that fence Apply refuses whatever introduces i, since the epoch never
//     falls; and what names i without introducing it, a copy or the end of an
//     upload, takes it from something that names it already, and at S nothing does.
//  3. So no state from S on names i. One from before S, of a node that is behind, is
//     not read from for a request that began after S was committed; and a request
//     that began when i was named still finds it: what lost its last name goes on to
//     be referenced, as garbage, until a Reap behind the grace, and the grace is
//     longer than a read may take.
//
// What a deposed leader lacks is only what came behind S, which never makes an
// orphan of closed epochs a blob that is named: it only removes less. A body that
// still arrives under an id of a closed epoch is refused its name, and goes with
// the next sweep.
func (s *Service) Sweep(ctx context.Context) error {
	epoch := s.db.Epoch()
	if epoch < 2 {
		return nil
	}
	open := blob.EpochStart(epoch - 1) // the first that may still be named
	if s.shared && sharedOpen.On() {
		open = blob.EpochStart(epoch + 1)
	}
	var batch []string
	flush := func() error {
		err := s.removeUnnamed(ctx, batch)
		batch = batch[:0]
		return err
	}
	err := s.sweep.List(ctx, "", func(i blob.Info) error {
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

var (
	followerSweeps = fault.NewBug("shared.follower-sweeps",
		"every node sweeps the store that all share, whether it leads or not", "Z-01").
		By("chaos --sim raft --shared --seed 1 --seeds 1 --length 3m --nemesis none --shrink 0s")
	sharedOpen = fault.NewBug("shared.sweep-open",
		"the sweeper of the store that all share takes bodies for orphans that are about to be named", "Z-01", "Z-16").
		By("chaos --sim raft --shared --seed 2298633409 --seeds 2 --length 6m --nemesis net.latency --shrink 0s")
)

var sweepNamed = fault.NewBug("sweep.named", "the sweeper removes bodies that are named", "Z-01", "Z-16").
	By("chaos --sim raft --seed 2298633409 --seeds 3 --length 6m --nemesis net.latency --shrink 0s")

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
		if named[i] && !sweepNamed.On() {
			continue
		}
		fault.Point("sweep.before-delete")
		s.logger.Info("remove orphaned blob", "blob", id)
		if err := s.sweep.Delete(ctx, blob.ID(id)); err != nil {
			return fmt.Errorf("remove orphan %s: %w", id, err)
		}
	}
	return nil
}

// takeOver closes the epochs of an earlier process and raises the state
// machine's version to this program's, as only who writes alone may.
func (s *Service) takeOver(ctx context.Context) error {
	var stats meta.Stats
	err := s.view(ctx, func(tx *meta.Tx) (err error) {
		stats, err = tx.Stats()
		return err
	})
	if err != nil {
		return fmt.Errorf("read version: %w", err)
	}
	if stats.Version < meta.StateVersion {
		if _, err := s.propose(ctx, meta.SetVersion{Version: meta.StateVersion}); err != nil {
			return fmt.Errorf("raise version: %w", err)
		}
	}
	for range 2 { // because a fence leaves the epoch before it open
		if err := s.Fence(ctx); err != nil {
			return err
		}
	}
	return nil
}
