// Package sqlite keeps blobs as rows of 256 KiB in a SQLite database of its own.
// Writes are grouped into transactions that are durable when they return;
// reads are one short query a row, so that no transaction is open while bytes
// go to or come from a client. It knows nothing of what the blobs are for.
//
// A blob exists once its row in the table blob does. Its bytes are in the
// table chunk under a number that no other blob gets while they can be read.
// Numbers whose chunks belong to no blob, not yet or no more, are in the table
// loose; Open removes those chunks.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync/atomic"

	"bleepstore/fault"
	"bleepstore/reference/batch"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/block"

	_ "modernc.org/sqlite" // the driver named sqlite
)

const (
	maxOps        = 256      // that one transaction groups
	maxBytes      = 16 << 20 // of chunks in one transaction
	readers       = 4        // connections that read
	schemaVersion = 1
)

const schema = `
CREATE TABLE blob (
	id   TEXT PRIMARY KEY,
	num  INTEGER NOT NULL, -- of its chunks
	size INTEGER NOT NULL, -- in bytes
	crc  INTEGER NOT NULL  -- of all bytes, as a signed number
) WITHOUT ROWID;
CREATE TABLE chunk (
	pos  INTEGER PRIMARY KEY, -- num << 24 | index
	crc  INTEGER NOT NULL,
	data BLOB NOT NULL
);
CREATE TABLE loose (num INTEGER PRIMARY KEY);
`

// Options say where the blobs are.
type Options struct {
	// Path is the database file. Its directory must exist.
	Path string
	// VFS names a registered SQLite VFS; "" is the system's.
	VFS string
}

// A Store is a blob.Store in a SQLite database.
type Store struct {
	writeDB *sql.DB
	write   *sql.Conn // used by one flush at a time
	stmts   statements
	ops     *batch.Batch[*op]

	readDB    *sql.DB
	readBlob  *sql.Stmt
	readChunk *sql.Stmt
	readPage  *sql.Stmt

	claims  blob.Claims
	broken  blob.Breaker
	lastNum atomic.Int64
	log     *checkpointer
}

var _ blob.Store = (*Store)(nil)

// Open opens the database, which it makes if need be, and removes what a crash
// left half written. Only one process may have it open; to see to that is the
// caller's part.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{}
	if err := s.open(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("blob database %s: %w", o.Path, failure(err)), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) (err error) {
	if s.writeDB, err = connect(o, 1); err != nil {
		return err
	}
	if s.write, err = s.writeDB.Conn(ctx); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.stmts.prepare(ctx, s.write); err != nil {
		return err
	}
	if s.readDB, err = connect(o, readers, "query_only(1)"); err != nil {
		return err
	}
	if err := s.prepareReads(ctx); err != nil {
		return err
	}
	if s.log, err = newCheckpointer(ctx, o, &s.broken); err != nil {
		return err
	}
	// A process that died may have left commits in the log that were not synced,
	// and that we can read: they become durable before anybody is told of them.
	if all, err := s.log.run(ctx); err != nil {
		return err
	} else if !all {
		return errors.New("its log is in use by another process")
	}
	s.ops = batch.New(maxOps, maxBytes, s.flush)
	if err := s.loadLastNum(ctx); err != nil {
		return err
	}
	return s.sweep(ctx)
}

// connect returns a pool of at most n connections, all of which stay open.
func connect(o Options, n int, pragmas ...string) (*sql.DB, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, err
	}
	query := url.Values{"_dqs": {"0"}, "_pragma": append([]string{
		"busy_timeout(10000)",
		fmt.Sprintf("page_size(%d)", pageSize),
		"journal_mode(WAL)",
		"synchronous(" + durability() + ")",
		"wal_autocheckpoint(0)", // the checkpointer's part: an automatic one fails in silence
	}, pragmas...)}
	if o.VFS != "" {
		query.Set("vfs", o.VFS)
	}
	name := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

// full is how every commit is synced before it is answered.
const full = "FULL"

// durability is full but for the bug disk.nosync.
func durability() string {
	if fault.NoSync.On() {
		return "OFF"
	}
	return full
}

// migrate makes the schema, and refuses a database that is not durable or is
// of another program or version.
func (s *Store) migrate(ctx context.Context) error {
	var sync, version, tables int
	var journal string
	for query, dest := range map[string]any{
		"PRAGMA synchronous": &sync, "PRAGMA journal_mode": &journal,
		"PRAGMA user_version": &version, "SELECT count(*) FROM sqlite_schema": &tables,
	} {
		if err := s.write.QueryRowContext(ctx, query).Scan(dest); err != nil {
			return fmt.Errorf("%s: %w", query, err)
		}
	}
	if sync != 2 && durability() == full || journal != "wal" {
		return fmt.Errorf("opened with synchronous=%d, journal_mode=%s; only 2 (FULL) and wal are safe", sync, journal)
	}
	if version == schemaVersion {
		return nil
	}
	if version != 0 || tables != 0 {
		return fmt.Errorf("its schema is version %d with %d tables, this program knows %d", version, tables, schemaVersion)
	}
	_, err := s.write.ExecContext(ctx, fmt.Sprintf("BEGIN IMMEDIATE; %s; PRAGMA user_version = %d; COMMIT", schema, schemaVersion))
	return err
}

func (s *Store) loadLastNum(ctx context.Context) error {
	var last int64
	err := s.write.QueryRowContext(ctx, `SELECT max(
		coalesce((SELECT max(num) FROM loose), 0), coalesce((SELECT max(pos) FROM chunk) >> 24, 0))`).Scan(&last)
	s.lastNum.Store(last)
	return err
}

// Close ends every connection, after it has emptied the log into the database.
func (s *Store) Close() error {
	var errs []error
	if s.ops != nil {
		s.ops.Close()
	}
	if s.log != nil {
		errs = append(errs, s.log.close())
	}
	if s.readDB != nil {
		errs = append(errs, s.readDB.Close())
	}
	if s.write != nil {
		errs = append(errs, s.stmts.close(), s.write.Close())
	}
	if s.writeDB != nil {
		errs = append(errs, s.writeDB.Close())
	}
	return errors.Join(errs...)
}

// chunks returns how many rows size bytes take.
func chunks(size int64) int { return block.Count(size) }

// position is the key of a chunk.
func position(num int64, index int) int64 { return num<<24 | int64(index) }
