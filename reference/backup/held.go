package backup

import (
	"context"
	"sync"

	"bleepstore/reference/blob"
)

// A Held is a blob.Store whose deletions can be put off. It owns the store that
// it stands on.
type Held struct {
	blob.Store

	mu    sync.Mutex
	holds int
	later map[blob.ID]struct{} // to be deleted when nobody holds any more
}

// Hold returns a store that deletes at once, as s does, until it is told to wait.
func Hold(s blob.Store) *Held { return &Held{Store: s, later: map[blob.ID]struct{}{}} }

// Delete deletes the blob, or promises to do so and returns nil: then the blob
// can still be read. A process that dies before has not deleted it, as the
// contract of a blob.Store allows.
func (h *Held) Delete(ctx context.Context, id blob.ID) error {
	if err := id.Check(); err != nil {
		return err
	}
	if h.postpone(id) {
		return context.Cause(ctx)
	}
	return h.Store.Delete(ctx, id)
}

func (h *Held) postpone(id blob.ID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.holds > 0 {
		h.later[id] = struct{}{}
	}
	return h.holds > 0
}

// PauseDeletes keeps whatever is named by the metadata now, or later, until
// resume is called, which deletes what was put off. Several pauses may overlap. A
// deletion that fails then is left to whoever looks for what nothing names.
func (h *Held) PauseDeletes() (resume func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.holds++
	return sync.OnceFunc(func() {
		for id := range h.release() {
			_ = h.Store.Delete(context.Background(), id)
		}
	})
}

// release ends one pause, and returns what is to be deleted after the last.
func (h *Held) release() map[blob.ID]struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.holds--; h.holds > 0 {
		return nil
	}
	ids := h.later
	h.later = map[blob.ID]struct{}{}
	return ids
}
