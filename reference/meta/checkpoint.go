package meta

import (
	"errors"
	"fmt"
	"sync/atomic"

	"modernc.org/sqlite"

	"bleepstore/reference/lock"
)

// Pages of WAL after which it is folded into the database: in the background,
// while writes go on, and by the writer itself, because only a WAL to which
// nobody writes can be folded to its end and begun anew.
const (
	backgroundPages = 4096
	writerPages     = 16384
)

// WAL is the state of the write-ahead log at the latest checkpoint.
type WAL struct {
	Frames       int64 // pages in it
	Checkpointed int64 // of those, folded into the database
	Pending      int64 // pages written since
	Bytes        int64 // of Frames and Pending
}

// A checkpointer folds the WAL into the database in a goroutine of its own,
// with a connection of its own.
type checkpointer struct {
	c    *conn
	page int64 // bytes
	kick chan struct{}
	done chan struct{}

	since int64 // pages since the writer last began a new WAL; the writer's

	background, whole int64 // backgroundPages, writerPages

	// mu is held by the one checkpoint that runs: SQLite would not wait for
	// another, but give up.
	mu                      lock.Lock
	frames, folded, pending atomic.Int64
}

// startCheckpointer runs until stop. fail is told of a checkpoint that failed:
// after a failed fsync the database can no longer be trusted.
func startCheckpointer(name string, mode Sync, fail func(error) error) (*checkpointer, error) {
	c, err := openConn(name, "busy_timeout = 1000", "synchronous = "+string(mode), "cache_size = -256")
	if err != nil {
		return nil, err
	}
	page, err := pragma(c, "page_size")
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	k := &checkpointer{c: c, page: page, background: backgroundPages, whole: writerPages, kick: make(chan struct{}, 1), done: make(chan struct{})}
	go func() {
		defer close(k.done)
		for range k.kick {
			if _, err := k.run(k.c, "PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
				_ = fail(fmt.Errorf("checkpoint: %w", err)) // reported by Err
			}
		}
	}()
	return k, nil
}

// stop ends the goroutine and closes its connection.
func (k *checkpointer) stop() error {
	close(k.kick)
	<-k.done
	return k.c.close()
}

// run checkpoints and keeps the result; whole tells that nothing is left to
// fold. Being held up by a reader, or finding no room on the disk, is no error: the
// WAL still has it all, and the rest waits for the next time.
func (k *checkpointer) run(c *conn, sql string) (whole bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	row, err := c.first(sql)
	if err != nil && !noRoom(err) {
		return false, err
	}
	k.pending.Store(0)
	if err != nil {
		return false, nil
	}
	if frames, folded := num(row[1]), num(row[2]); frames >= 0 {
		k.frames.Store(frames)
		k.folded.Store(folded)
		whole = num(row[0]) == 0 && frames == folded
	}
	return whole, nil
}

// wrote is called by the writer after each commit, with its connection and the
// pages that it has written.
func (k *checkpointer) wrote(c *conn, pages int64) error {
	k.since += pages
	if k.since >= k.whole {
		whole, err := k.run(c, "PRAGMA wal_checkpoint(RESTART)")
		if err != nil {
			return err
		}
		k.since = 0
		if !whole { // a long reader (a backup), or a full disk: try again, but not at every commit
			k.since = k.whole * 3 / 4
		}
		return nil
	}
	if k.pending.Add(pages) >= k.background {
		select {
		case k.kick <- struct{}{}:
		default: // it is told already
		}
	}
	return nil
}

// pagesWritten returns how many pages c has written since it was last asked.
func pagesWritten(c *conn) (int64, error) {
	n, _, err := c.dc.(sqlite.DBStatus).Status(sqlite.DBStatusCacheWrite, true)
	return int64(n), err
}

// WAL tells how large the write-ahead log is; all zero in memory.
func (db *DB) WAL() WAL {
	db.swap.RLock()
	defer db.swap.RUnlock()
	k := db.check
	if k == nil {
		return WAL{}
	}
	w := WAL{Frames: k.frames.Load(), Checkpointed: k.folded.Load(), Pending: k.pending.Load()}
	const frameHeader = 24
	w.Bytes = (w.Frames + w.Pending) * (k.page + frameHeader)
	return w
}
