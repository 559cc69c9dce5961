package replica

import (
	"context"
	"io"
	"testing"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/blobtest"
)

// settled is a node whose Create returns when nothing goes on behind it. What
// List tells is the local store, which need not be among the first majority.
type settled struct{ *node }

func (s settled) Create(ctx context.Context, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	info, err := s.node.Create(ctx, id, r, size)
	s.quiet(id)
	return info, err
}

func TestStoreOfOne(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return newFleet(t, 1).nodes["n0"] })
}

func TestStoreOfThree(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return settled{newFleet(t, 3).nodes["n0"]} })
}

func TestStoreOfFive(t *testing.T) {
	if testing.Short() {
		t.Skip("three are enough")
	}
	blobtest.Run(t, func(t *testing.T) blob.Store { return settled{newFleet(t, 5).nodes["n1"]} })
}
