package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	"bleepstore/reference/blob"
	"bleepstore/reference/lock"
)

const (
	// logSoft is how many bytes are written to the log between checkpoints.
	logSoft = 16 << 20
	// logHard is the length of the log at which writers wait for a checkpoint.
	// A checkpoint beside a writer never ends at the end of the log, so that
	// SQLite goes on appending; one without a writer does, and the log starts
	// anew.
	logHard = 64 << 20
)

// A checkpointer copies SQLite's log into the database, in a goroutine and on
// a connection of its own, so that commits seldom wait for it.
type checkpointer struct {
	db     *sql.DB
	broken *blob.Breaker
	fresh  atomic.Int64 // about how many bytes were written since the last run
	length atomic.Int64 // about how many bytes the log has
	kick   chan struct{}
	stop   context.CancelFunc
	done   chan struct{}
	mu     lock.Lock // held by a run
	// soft and hard are logSoft and logHard where no test says otherwise.
	soft, hard int64
}

func newCheckpointer(ctx context.Context, o Options, broken *blob.Breaker) (*checkpointer, error) {
	db, err := connect(o, 1)
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	loop, stop := context.WithCancel(context.Background()) // until close
	c := &checkpointer{db: db, broken: broken, soft: logSoft, hard: logHard,
		kick: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	go c.loop(loop)
	return c, nil
}

func (c *checkpointer) loop(ctx context.Context) {
	defer close(c.done)
	for {
		select {
		case <-c.kick:
			_, _ = c.run(context.Background()) // as in wrote
		case <-ctx.Done():
			return
		}
	}
}

// wrote counts the bytes of a commit, and is called between commits. Those
// are durable in the log, so that a checkpoint which fails takes nothing from
// them; if the disk is at fault, the Breaker tells whoever writes next.
func (c *checkpointer) wrote(bytes int) {
	fresh, length := c.fresh.Add(int64(bytes)), c.length.Add(int64(bytes))
	if length >= c.hard {
		if all, err := c.run(context.Background()); err == nil && all {
			c.length.Store(0)
		}
	} else if fresh >= c.soft {
		select {
		case c.kick <- struct{}{}:
		default: // it has not yet begun
		}
	}
}

// run copies what it can without making a reader or writer wait, and tells
// whether that was all. An error means that the database may not be what
// SQLite believes.
func (c *checkpointer) run(ctx context.Context) (all bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fresh.Store(0)
	length := c.length.Load()
	var busy, pages, copied int64
	err = c.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &copied)
	if err != nil {
		err = fmt.Errorf("checkpoint: %w", err)
		if isDisk(err) {
			return false, c.broken.Trip(err)
		}
		return false, failure(err)
	}
	c.length.Add(pages*pageSize - length)
	return pages == copied, nil
}

// close stops the goroutine and runs for the last time.
func (c *checkpointer) close() error {
	c.stop()
	<-c.done
	_, err := c.run(context.Background())
	return errors.Join(err, c.db.Close())
}
