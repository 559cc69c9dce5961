package raftlog

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
)

// Pages of WAL after which it is folded into the database: in the background,
// while appends go on, and by the writer itself, because only a WAL to which
// nobody writes can be folded to its end and begun anew. By then little is left
// to fold.
const (
	backgroundPages = 1024
	writerPages     = 4096
)

// A checkpointer folds the WAL into the database in a goroutine of its own, so
// that an append waits for one fsync and not for a checkpoint's. SQLite's own
// automatic checkpoint would run inside a commit and keep its failure to itself.
type checkpointer struct {
	c    *conn
	kick chan struct{}
	done chan struct{}
	mu   lock // held by the one checkpoint that runs: another would give up

	// The writer's: pages since it began a new WAL, and since the last kick.
	since, pending int64
}

// startCheckpointer runs until stop. fail is told of a checkpoint that failed:
// after a failed fsync the file can no longer be trusted.
func startCheckpointer(name string, mode Sync, fail func(error) error) (*checkpointer, error) {
	c, err := openConn(name, "busy_timeout = 1000", "synchronous = "+string(mode), "cache_size = -256")
	if err != nil {
		return nil, err
	}
	if err := prove(c, mode); err != nil {
		return nil, errors.Join(err, c.close())
	}
	k := &checkpointer{c: c, kick: make(chan struct{}, 1), done: make(chan struct{}), mu: newLock()}
	go func() {
		defer close(k.done)
		for range k.kick {
			if _, err := k.run(k.c, "PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
				_ = fail(err) // the next write returns it
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

// run checkpoints; whole tells that nothing is left to fold. Being held up by a
// reader, or finding no room on the disk, is no error: the WAL still has it all,
// and the rest waits for the next time.
func (k *checkpointer) run(c *conn, sql string) (whole bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	row, err := c.first(sql)
	if noRoom(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("checkpoint: %w", err)
	}
	return row != nil && num(row[0]) == 0 && num(row[1]) == num(row[2]), nil
}

// wrote is called by the writer after each commit, with its connection.
func (k *checkpointer) wrote(w *conn) error {
	pages, _, err := w.dc.(sqlite.DBStatus).Status(sqlite.DBStatusCacheWrite, true)
	if err != nil {
		return fmt.Errorf("count pages: %w", err)
	}
	k.since += int64(pages)
	k.pending += int64(pages)
	switch {
	case k.since >= writerPages:
		whole, err := k.run(w, "PRAGMA wal_checkpoint(RESTART)")
		if err != nil {
			return err
		}
		k.since, k.pending = 0, 0
		if !whole { // a reader was in the way, or the disk is full: try again, but not at every commit
			k.since = writerPages * 3 / 4
		}
	case k.pending >= backgroundPages:
		k.pending = 0
		select {
		case k.kick <- struct{}{}:
		default: // it is told already
		}
	}
	return nil
}
