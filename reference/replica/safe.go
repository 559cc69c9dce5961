package replica

import (
	"context"
	"fmt"

	"bleepstore/reference/blob"
)

// maxUnsafe is how many ids SafeWithout returns at most.
const maxUnsafe = 100

// SafeWithout returns up to 100 named blobs that would be lost with node: no
// other member that can be reached has them. A blob that node itself says it
// has not is lost already, and does not count. It fails where the names cannot be
// brought up to date.
func (s *Store) SafeWithout(ctx context.Context, node string) ([]blob.ID, error) {
	if s.opt.Named == nil {
		return nil, fmt.Errorf("replica: no names are known")
	}
	if err := s.opt.CatchUp(ctx); err != nil {
		return nil, fmt.Errorf("catch up with the names: %w", err)
	}
	var unsafe []blob.ID
	for after := blob.ID(""); len(unsafe) < maxUnsafe; {
		page, err := s.opt.Named(ctx, after, namePage)
		if err != nil {
			return nil, fmt.Errorf("read names: %w", err)
		}
		if len(page) == 0 {
			break
		}
		after = page[len(page)-1]
		only, err := s.onlyAt(ctx, node, page)
		if err != nil {
			return nil, err
		}
		unsafe = append(unsafe, only...)
	}
	return unsafe[:min(len(unsafe), maxUnsafe)], nil
}

// onlyAt returns those of ids that no other member than node has.
func (s *Store) onlyAt(ctx context.Context, node string, ids []blob.ID) ([]blob.ID, error) {
	for _, m := range s.opt.Members() {
		if m.ID == node {
			continue
		}
		has, err := s.have(ctx, m.ID, ids)
		if err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			continue // its copies do not count
		}
		if ids = without(ids, has); len(ids) == 0 {
			return nil, nil
		}
	}
	has, err := s.have(ctx, node, ids)
	if err != nil {
		return ids, nil // it may have all of them
	}
	for i := range has {
		has[i] = !has[i]
	}
	return without(ids, has), nil
}

func without(ids []blob.ID, drop []bool) []blob.ID {
	var left []blob.ID
	for i, id := range ids {
		if !drop[i] {
			left = append(left, id)
		}
	}
	return left
}

// have asks a member, or the local store, which of ids it has.
func (s *Store) have(ctx context.Context, node string, ids []blob.ID) ([]bool, error) {
	if node == s.opt.Node {
		return s.haveHere(ctx, ids)
	}
	ctx, cancel := context.WithTimeout(ctx, s.opt.Stall)
	defer cancel()
	has, err := s.opt.Peers.Have(ctx, node, ids)
	if err == nil && len(has) != len(ids) {
		err = fmt.Errorf("%s answered for %d of %d blobs", node, len(has), len(ids))
	}
	return has, err
}

// haveHere looks into the local store. A copy that cannot be looked at is none.
func (s *Store) haveHere(ctx context.Context, ids []blob.ID) ([]bool, error) {
	has := make([]bool, len(ids))
	for i, id := range ids {
		_, err := s.stat(ctx, id)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		has[i] = err == nil
	}
	return has, nil
}
