package cloud

import (
	"container/list"
	"sync"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/block"
)

// Bounds of what is remembered, in bytes.
const (
	mostTables = 8 << 20
	entryCost  = 256 // besides 8 a block
)

// An entry is what is remembered of a whole blob. Blobs and ids being what they
// are, it stays true for as long as the blob is there.
type entry struct {
	table *block.Table
	info  blob.Info
	total int64 // bytes of the object
}

func (e *entry) cost() int { return entryCost + 8*block.Count(e.info.Size) }

// tables remembers the trailers that were used last. The zero value is ready,
// and all methods may be called together.
type tables struct {
	mu    sync.Mutex
	used  int
	order list.List // of entry, the one used last in front
	byID  map[blob.ID]*list.Element
}

func (t *tables) get(id blob.ID) (entry, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at, ok := t.byID[id]
	if !ok {
		return entry{}, false
	}
	t.order.MoveToFront(at)
	return at.Value.(entry), true
}

func (t *tables) put(e entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byID == nil {
		t.byID = map[blob.ID]*list.Element{}
	}
	t.remove(e.info.ID)
	t.byID[e.info.ID] = t.order.PushFront(e)
	t.used += e.cost()
	for t.used > mostTables {
		oldest := t.order.Back().Value.(entry)
		t.remove(oldest.info.ID)
	}
}

func (t *tables) drop(id blob.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remove(id)
}

// remove forgets an entry; the lock is held.
func (t *tables) remove(id blob.ID) {
	if at, ok := t.byID[id]; ok {
		e := at.Value.(entry)
		t.used -= e.cost()
		t.order.Remove(at)
		delete(t.byID, id)
	}
}
