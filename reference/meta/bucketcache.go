package meta

import (
	"context"
	"sync"
)

// A bucketCache keeps the buckets that reads have met, because every read
// begins with one. What it holds is the committed state of its generation,
// which is odd while a transaction that changes buckets is being committed:
// then it holds nothing.
type bucketCache struct {
	mu   sync.RWMutex
	gen  uint64
	rows map[string]*bucketRow // shared by all readers, never written to
}

// generation is what get and put want to be told.
func (c *bucketCache) generation() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.gen
}

// get returns a bucket as it is in generation gen, nil when it is not there or
// gen is over.
func (c *bucketCache) get(name string, gen uint64) *bucketRow {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if gen != c.gen {
		return nil
	}
	return c.rows[name]
}

// put keeps what a read transaction has found that began in generation gen.
func (c *bucketCache) put(b *bucketRow, gen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if gen != c.gen || gen%2 != 0 {
		return
	}
	if c.rows == nil || len(c.rows) >= maxBucketCache {
		c.rows = map[string]*bucketRow{}
	}
	c.rows[b.Name] = b
}

// turn begins a generation without rows: one before the commit of a change,
// and one after it.
func (c *bucketCache) turn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	c.rows = nil
}

// Bucket returns one bucket as of now: NoSuchBucket. Most of the time it asks
// nobody.
func (db *DB) Bucket(ctx context.Context, name string) (bucket Bucket, err error) {
	if b := db.buckets.get(name, db.buckets.generation()); b != nil {
		return b.Bucket, nil
	}
	err = db.View(ctx, func(tx *Tx) error {
		bucket, err = tx.Bucket(name)
		return err
	})
	return bucket, err
}
