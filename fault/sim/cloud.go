package sim

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/memory"
	"bleepstore/reference/meta"
)

// A cloud is one store of bodies for all nodes. It loses
// nothing, takes its time, and sometimes fails, before or after it has acted. It
// sees to it that nobody deletes what is not theirs to delete.
type cloud struct {
	seed  uint64
	store *memory.Store

	mu     sync.Mutex
	makers map[blob.ID]string // which node has brought it
	found  []string           // what must not be
	judged uint64             // the furthest index by whose state something was deleted
	told   map[blob.ID]bool   // what was found to be missing
}

func newCloud(seed uint64) *cloud {
	return &cloud{seed: seed, store: memory.New(0), makers: map[blob.ID]string{}, told: map[blob.ID]bool{}}
}

// oddsOfFailure are those of a Create, before it acts and behind.
const oddsOfFailure = 1.0 / 20

// draw is what decides about one call for a blob, that begins now.
func (b *cloud) draw(id blob.ID) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // it has no error
	return rand.New(rand.NewPCG(b.seed^h.Sum64(), uint64(time.Now().UnixNano())))
}

func (b *cloud) violate(format string, a ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found = append(b.found, fmt.Sprintf(format, a...))
}

func (b *cloud) violations() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.found)
}

// has says whether a blob is there.
func (b *cloud) has(id blob.ID) bool {
	r, err := b.store.Open(context.Background(), id, 0, 0)
	if err == nil {
		_ = r.Close() // it has no error
	}
	return err == nil
}

// A tenant is the cloud as one life of a node has it.
type tenant struct {
	*cloud
	s *fleet
	n *node
}

// way takes the time of one way to the cloud, or back. It fails when the node
// ends, or ctx does.
func (t *tenant) way(ctx context.Context, r *rand.Rand, slowest time.Duration) error {
	t.n.gate.pass()
	timer := time.NewTimer(time.Millisecond + time.Duration(r.Int64N(int64(slowest))))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.n.ctx.Done():
		return context.Cause(t.n.ctx)
	}
	t.n.gate.pass()
	return nil
}

// Create implements blob.Store.
func (t *tenant) Create(ctx context.Context, id blob.ID, r io.Reader, size int64) (info blob.Info, err error) {
	d := t.draw(id)
	err = t.way(ctx, d, 300*time.Millisecond)
	if err == nil && d.Float64() < oddsOfFailure {
		err = blob.ErrUnavailable
	}
	if err != nil {
		return blob.Info{}, err
	}
	t.mu.Lock()
	t.makers[id] = t.n.id
	t.mu.Unlock()
	info, err = t.store.Create(ctx, id, r, size)
	if err == nil {
		err = t.way(ctx, d, 300*time.Millisecond)
	}
	if err == nil && d.Float64() < oddsOfFailure {
		err = blob.ErrUnavailable
	}
	return info, err
}

// Open implements blob.Store.
func (t *tenant) Open(ctx context.Context, id blob.ID, off, n int64) (io.ReadCloser, error) {
	if err := t.way(ctx, t.draw(id), 20*time.Millisecond); err != nil {
		return nil, err
	}
	return t.store.Open(ctx, id, off, n)
}

// Delete implements blob.Store. A node may delete what it has brought itself and
// never named; the rest only a node that was told last that it leads, and nothing
// that the latest state names.
func (t *tenant) Delete(ctx context.Context, id blob.ID) error {
	if err := t.way(ctx, t.draw(id), 20*time.Millisecond); err != nil {
		return err
	}
	t.mu.Lock()
	own := t.makers[id] == t.n.id
	t.mu.Unlock()
	if !own && !t.n.led.Load() {
		t.violate("%s deletes %s from the store that all share, which it has not brought, and does not lead", t.n.id, id)
	}
	by, applied := t.n, t.n.log.DB().Applied()
	if l := t.s.latest(); l != nil && l.log.DB().Applied() > applied {
		by = l
	}
	if by.names(id) {
		t.violate("%s deletes %s, which %s names", t.n.id, id, by.id)
	}
	t.mu.Lock()
	t.judged = max(t.judged, applied)
	t.mu.Unlock()
	return t.store.Delete(ctx, id)
}

// List implements blob.Store. Nobody lists but who sweeps, and nobody sweeps but who
// was told just before that it leads.
func (t *tenant) List(ctx context.Context, after blob.ID, fn func(blob.Info) error) error {
	if !t.n.led.Load() {
		t.violate("%s sweeps the store that all share, and does not lead", t.n.id)
	}
	if err := t.way(ctx, t.draw(after), 20*time.Millisecond); err != nil {
		return err
	}
	return t.store.List(ctx, after, fn)
}

// Close implements blob.Store.
func (t *tenant) Close() error { return nil }

// latest is the running node whose state is the furthest; nil: none runs.
func (s *fleet) latest() (latest *node) {
	for _, n := range s.running() {
		if latest == nil || n.log.DB().Applied() > latest.log.DB().Applied() {
			latest = n
		}
	}
	return latest
}

// names says whether this node's state names a blob, as far as it can be read.
func (n *node) names(id blob.ID) bool {
	var named []bool
	err := n.log.DB().View(context.Background(), func(tx *meta.Tx) (err error) {
		named, err = tx.Referenced([]string{string(id)})
		return err
	})
	return err == nil && named[0]
}

// gone looks for blobs that the latest state names and the cloud has not. Their
// ids never come back: what was named before and is behind the look is amiss, by a
// state that is no older than any by which something was deleted. One that is, of a
// node that has lost its latest entries, names what is rightly gone.
func (s *fleet) gone(ctx context.Context) {
	n := s.latest()
	if n == nil {
		return
	}
	ids, err := n.named(ctx, "", 1<<20)
	if err != nil {
		return // it has ended meanwhile
	}
	for _, id := range ids {
		if s.cloud.told[id] || s.cloud.has(id) {
			continue
		}
		s.cloud.mu.Lock()
		judged := s.cloud.judged
		s.cloud.mu.Unlock()
		if n.log.DB().Applied() < judged || !n.names(id) {
			continue
		}
		s.cloud.told[id] = true
		s.cloud.violate("%s names %s, and the store that all share has not got it", n.id, id)
	}
}
