package blob_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"bleepstore/reference/blob"

	"pgregory.net/rapid"
)

func TestIDsSortByEpoch(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		epochs := rapid.SliceOfN(rapid.Uint64(), 2, 2).Draw(rt, "epochs")
		var ids [2]blob.ID
		for i, e := range epochs {
			random := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(rt, "random")
			id, err := blob.NewID(e, bytes.NewReader(random))
			if err != nil || id.Check() != nil {
				rt.Fatalf("NewID(%d): %q, %v, %v", e, id, err, id.Check())
			}
			if got, ok := id.Epoch(); !ok || got != e {
				rt.Fatalf("epoch of %q: got %d, %v, want %d", id, got, ok, e)
			}
			if blob.EpochStart(e) >= id || e > 0 && blob.EpochStart(e-1) >= id || e < 1<<64-1 && blob.EpochStart(e+1) <= id {
				rt.Fatalf("%q is not between the starts of its epoch and the next", id)
			}
			ids[i] = id
		}
		if epochs[0] < epochs[1] && ids[0] >= ids[1] {
			rt.Fatalf("%q of epoch %d sorts behind %q of %d", ids[0], epochs[0], ids[1], epochs[1])
		}
	})
}

func TestNewIDNeedsItsRandomness(t *testing.T) {
	if id, err := blob.NewID(1, strings.NewReader("short")); err == nil {
		t.Errorf("got %q from a source that ran dry, want an error", id)
	}
}

func TestMalformedIDs(t *testing.T) {
	for _, id := range []blob.ID{"", "-a", "A", "a/b", "..", "a.b", "a\x00", "ä", blob.ID(strings.Repeat("a", 129))} {
		if err := id.Check(); !errors.Is(err, blob.ErrID) {
			t.Errorf("%q: got %v, want ErrID", id, err)
		}
	}
	for _, id := range []blob.ID{"a", "0-", blob.ID(strings.Repeat("a", 128))} {
		if err := id.Check(); err != nil {
			t.Errorf("%q: got %v, want nil", id, err)
		}
		if _, ok := id.Epoch(); ok {
			t.Errorf("%q has an epoch", id)
		}
	}
}

func TestClaimsLetOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c blob.Claims
		release, err := c.Acquire(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := c.Try("a"); ok {
			t.Error("Try got an id that is held")
		}
		if other, ok := c.Try("b"); !ok {
			t.Error("Try did not get a free id")
		} else {
			other()
		}
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan error, 2)
		go func() { _, err := c.Acquire(ctx, "a"); got <- err }()
		synctest.Wait()
		cancel()
		if err := <-got; err != context.Canceled {
			t.Errorf("waiting with a context that ends: got %v, want context.Canceled", err)
		}
		go func() {
			release, err := c.Acquire(t.Context(), "a")
			if err == nil {
				release()
			}
			got <- err
		}()
		synctest.Wait()
		select {
		case <-got:
			t.Error("a second Acquire returned while the id is held")
		default:
		}
		release()
		if err := <-got; err != nil {
			t.Error(err)
		}
	})
}
