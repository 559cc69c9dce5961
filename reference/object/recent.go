//go:build mutants

package object

import (
	"maps"
	"sync"
	"time"

	"bleepstore/reference/meta"
)

// recent is what a Service with a bug remembers of what it has answered. The zero
// value is ready; its methods may be called together.
type recent struct {
	mu    sync.Mutex
	pages map[ListInput]remembered[meta.ListPage]
	gone  map[string]time.Time // keys, and when they were found to be absent
	read  map[string][2]found  // a key's latest version as it was read, and the one before
	reads int
	shown map[string]remembered[found] // bucket/key, and what was read there
	parts map[string]int               // uploads, and how often part 1 was sent
}

type remembered[T any] struct {
	v  T
	at time.Time
}

// A found is what a lookup came to.
type found struct {
	r GetResult
	o meta.Object
}

// keptFor is how long a listing, or that a key is absent, is believed.
const keptFor = time.Second

func (m *recent) page(in ListInput, now time.Time) (meta.ListPage, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.pages[in]
	return p.v, ok && now.Sub(p.at) < keptFor
}

func (m *recent) keepPage(in ListInput, p meta.ListPage, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pages == nil || len(m.pages) > 1000 {
		m.pages = map[ListInput]remembered[meta.ListPage]{}
	}
	m.pages[in] = remembered[meta.ListPage]{p, now}
}

// object is what was read of a key less than a second ago.
func (m *recent) object(name string, now time.Time) (found, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.shown[name]
	return f.v, ok && now.Sub(f.at) < keptFor
}

func (m *recent) keepObject(name string, f found, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.shown == nil || len(m.shown) > 1000 {
		m.shown = map[string]remembered[found]{}
	}
	m.shown[name] = remembered[found]{f, now}
}

// drop forgets a key, and the pages of its bucket.
func (m *recent) drop(bucket, key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.shown, bucket+"/"+key)
	maps.DeleteFunc(m.pages, func(in ListInput, _ remembered[meta.ListPage]) bool { return in.Bucket == bucket })
}

// sent counts part 1 of an upload, and again says whether it came twice.
func (m *recent) sent(upload string, number int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.parts == nil || len(m.parts) > 1000 {
		m.parts = map[string]int{}
	}
	if number == 1 {
		m.parts[upload]++
	}
}

func (m *recent) again(upload string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.parts[upload] > 1
}

func (m *recent) absent(key string, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, ok := m.gone[key]
	return ok && now.Sub(at) < keptFor
}

func (m *recent) keepAbsent(key string, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone == nil || len(m.gone) > 1000 {
		m.gone = map[string]time.Time{}
	}
	m.gone[key] = now
}

// thousandth is the version of a key that was read before f, once in a thousand
// reads.
func (m *recent) thousandth(key string, f found) found {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.read == nil || len(m.read) > 1000 {
		m.read = map[string][2]found{}
	}
	old := m.read[key]
	if old[0].o.ETag != f.o.ETag {
		old[0], old[1] = f, old[0]
		m.read[key] = old
	}
	if m.reads++; m.reads < 1000 || old[1].o.ETag == "" {
		return f
	}
	m.reads = 0
	return old[1]
}
