package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	gocloud "gocloud.dev/blob"

	"bleepstore/reference/blob"
)

const (
	pageLen   = 1000 // names of one listing
	lookers   = 16   // trailers that List reads at once
	abandoned = 24 * time.Hour
)

// List reads the trailer of every object that is not remembered, some at once.
// First it makes sure that the prefix is still its owner's, since who lists
// deletes, and has old uploads ended that never will be.
func (s *Store) List(ctx context.Context, after blob.ID, fn func(blob.Info) error) error {
	if err := s.owned(ctx); err != nil {
		return s.listing(ctx, err)
	}
	s.abort(ctx)
	last := after
	for token := gocloud.FirstPageToken; len(token) > 0; {
		page, next, err := s.page(ctx, token, after)
		if err != nil {
			return s.listing(ctx, err)
		}
		for some := range slices.Chunk(s.behind(page, after), lookers) {
			infos, err := s.describeAll(ctx, some)
			if err != nil {
				return s.listing(ctx, err)
			}
			for i, info := range infos {
				id := some[i].id
				if id <= last {
					return fmt.Errorf("list blobs: %s lists %s behind %s: its names have to be in order", s.opt.Provider.Name, id, last)
				}
				last = id
				if info == nil {
					continue
				}
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if err := fn(*info); err != nil {
					return err
				}
			}
		}
		token = next
	}
	return nil
}

func (s *Store) listing(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("list blobs: %w", err)
}

// abort ends uploads that nobody can be at any more.
func (s *Store) abort(ctx context.Context) {
	if s.opt.Provider.Abort == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, s.opt.Stall)
	defer cancel()
	err := s.opt.Provider.Abort(ctx, Uploads{Prefix: s.opt.Prefix + blobsDir, Before: time.Now().Add(-abandoned)})
	if err != nil && ctx.Err() == nil {
		s.opt.Logger.Warn("uploads that were given up could not be ended", "store", s.opt.Provider.Name, "err", err)
	}
}

// page lists the names behind token.
func (s *Store) page(ctx context.Context, token []byte, after blob.ID) (page []*gocloud.ListObject, next []byte, err error) {
	opt := &gocloud.ListOptions{Prefix: s.opt.Prefix + blobsDir}
	if start := s.opt.Provider.StartAfter; start != nil && after != "" {
		opt.BeforeList = func(as func(any) bool) error {
			start(as, opt.Prefix+string(after))
			return nil
		}
	}
	err = s.do(ctx, s.opt.Timeout, func(ctx context.Context) (err error) {
		page, next, err = s.bucket.ListPage(ctx, token, pageLen, opt)
		return err
	})
	return page, next, err
}

// A found is an object that List has met.
type found struct {
	id    blob.ID
	total int64
}

// behind are the blobs of a page that come behind after; other objects are
// somebody else's.
func (s *Store) behind(page []*gocloud.ListObject, after blob.ID) []found {
	var all []found
	for _, o := range page {
		id := blob.ID(strings.TrimPrefix(o.Key, s.opt.Prefix+blobsDir))
		if id > after && id.Check() == nil {
			all = append(all, found{id, o.Size})
		}
	}
	return all
}

// describeAll describes some objects at once; nil where one is gone or not made yet.
func (s *Store) describeAll(ctx context.Context, some []found) ([]*blob.Info, error) {
	infos, errs := make([]*blob.Info, len(some)), make([]error, len(some))
	var all sync.WaitGroup
	for i, f := range some {
		all.Go(func() {
			info, ok, err := s.describe(ctx, f.id, f.total)
			if ok {
				infos[i] = &info
			}
			errs[i] = err
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return infos, nil
}
