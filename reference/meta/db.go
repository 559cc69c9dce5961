package meta

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"bleepstore/fault"
	"bleepstore/reference/lock"
)

// Sync is how SQLite makes a commit durable.
type Sync string

// SyncFull survives power loss: every commit is synced. SyncNormal may lose
// the last commits in one (never consistency), for stores that can replay them.
const (
	SyncFull   Sync = "FULL"
	SyncNormal Sync = "NORMAL"

	syncOff Sync = "OFF" // of a database in memory, and of the bug disk.nosync
)

// Options say where the metadata is and how it is opened.
type Options struct {
	// Path is the database file, in a directory that exists; "" keeps
	// everything in memory.
	Path string
	// Image, without a Path, is a file made by Save or Snapshot that the memory
	// begins with.
	Image string
	// Sync is required with a Path: the mode is read back and Open refuses
	// when the database does not have it.
	Sync Sync
	// Readers is the most reading connections; 0 means 4.
	Readers int
	// VFS names a registered SQLite VFS; "" is the system's. FS shows the same
	// files; nil is the system's, and does beside a VFS only for who calls neither
	// Snapshot nor Reload.
	VFS string
	FS  fault.FS
	// QuickCheck runs SQLite's quick_check before anything is served.
	QuickCheck bool
	// Knows is the newest version of the state machine that is applied; 0 is
	// StateVersion. With a lower one this is an older program: for tests.
	Knows int
	// Full is called when a write has found no room on the disk. It makes some,
	// and tells whether there is any now: then the write is tried once more. It
	// must not use the DB, which waits for it. nil: there is none to be made.
	Full func() bool
}

func (o Options) volume() Volume { return Volume{FS: o.FS, VFS: o.VFS} }

// A DB is the state machine and its database. Apply is called by one goroutine
// at a time (the log's); everything else may run concurrently with it.
type DB struct {
	o       Options
	name    string  // of the database for openConn
	m       machine // Apply's
	readers *readers
	// swap is held shared by who uses the connections or the file, and alone by
	// Reload, which puts others in their place.
	swap lock.Lock
	// mem is held by Views shared and by Apply alone when the database is in
	// memory: SQLite's memdb has no WAL, so that a reader and a writer would
	// meet a lock. It is not used with a file.
	mem *sync.RWMutex

	check   *checkpointer // nil in memory
	buckets bucketCache

	applied atomic.Uint64
	epoch   atomic.Uint64 // these move before applied does
	version atomic.Int64
	moved   notifier

	once   sync.Once
	broken chan struct{} // closed by the first fatal error
	err    error         // it; read only once broken is closed
}

// A FatalError means that the database has failed a write: what was being
// applied may be there or not, and nothing more may be.
type FatalError struct{ Err error }

func (e *FatalError) Error() string { return "metadata: " + e.Err.Error() }

func (e *FatalError) Unwrap() error { return e.Err }

// Open opens or creates the database and migrates its schema.
func Open(ctx context.Context, o Options) (*DB, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o.Readers <= 0 {
		o.Readers = 4
	}
	if o.Knows == 0 {
		o.Knows = StateVersion
	}
	if fault.NoSync.On() {
		o.Sync = syncOff
	}
	db := &DB{o: o, name: o.volume().dsn(o.Path), broken: make(chan struct{})}
	db.m.cache, db.m.knows = &db.buckets, o.Knows
	if o.Path == "" {
		// A name that no other database of the process has while this one is open.
		db.name, db.o.Sync = dsn(fmt.Sprintf("/bleepstore-%p", db), "memdb"), syncOff
		db.mem = new(sync.RWMutex)
		held, err := load(o.Image, db.name)
		if err != nil {
			return nil, fmt.Errorf("open metadata: %w", err)
		}
		defer held.close() // once others hold the database
	}
	if err := db.open(); err != nil {
		return nil, fmt.Errorf("open metadata: %w", errors.Join(err, db.Close()))
	}
	return db, nil
}

// open opens the connections and loads the state; Close closes what it has
// opened, also when it fails.
func (db *DB) open() (err error) {
	mode := "WAL"
	if db.o.Path == "" {
		mode = "MEMORY"
	}
	if db.m.c, err = openWriter(db.name, mode, db.o); err != nil {
		return err
	}
	if db.o.Path != "" {
		if err := fold(db.m.c); err != nil {
			return err
		}
	}
	if err := db.m.load(); err != nil {
		return err
	}
	db.publish()
	db.readers, err = newReaders(db.o.Readers, func() (*conn, error) {
		return openConn(db.name, "busy_timeout = 5000", "query_only = ON", "cache_size = -4096")
	})
	if err != nil {
		return err
	}
	if db.o.Path != "" {
		db.check, err = startCheckpointer(db.name, db.o.Sync, db.fail)
	}
	return err
}

// openWriter opens the connection that Apply uses and proves its settings.
func openWriter(name, mode string, o Options) (*conn, error) {
	c, err := openConn(name, "busy_timeout = 200", "journal_mode = "+mode, "synchronous = "+string(o.Sync),
		"wal_autocheckpoint = 0", "journal_size_limit = 67108864", "cache_size = -16384", "temp_store = MEMORY")
	if err != nil {
		return nil, err
	}
	if err := prove(c, mode, o); err != nil {
		return nil, errors.Join(err, c.close())
	}
	if err := migrate(c); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// prove reads back what decides whether a commit is durable.
func prove(c *conn, mode string, o Options) error {
	row, err := c.first("PRAGMA journal_mode")
	if err != nil {
		return err
	}
	if got := text(row[0]); got != map[string]string{"WAL": "wal", "MEMORY": "memory"}[mode] {
		return fmt.Errorf("journal_mode is %q, want %s", got, mode)
	}
	want, ok := map[Sync]int64{syncOff: 0, SyncNormal: 1, SyncFull: 2}[o.Sync]
	if !ok {
		return fmt.Errorf("unknown sync mode %q", o.Sync)
	}
	if got, err := pragma(c, "synchronous"); err != nil || got != want {
		return errors.Join(err, fmt.Errorf("synchronous is %d, want %d (%s)", got, want, o.Sync))
	}
	if !o.QuickCheck {
		return nil
	}
	row, err = c.first("PRAGMA quick_check(1)")
	if err != nil {
		return err
	}
	if row == nil || text(row[0]) != "ok" {
		return fmt.Errorf("quick_check: %v", row)
	}
	return nil
}

// fold copies what a killed process left in the WAL into the database, which
// syncs both. Until then a commit that the process wrote and never synced may
// be in the system's cache alone: it would be served now and be gone after a
// power loss.
//
// On a full disk the WAL stays: it is synced before anything is copied.
func fold(c *conn) error {
	row, err := c.first("PRAGMA wal_checkpoint(TRUNCATE)")
	if noRoom(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("fold the write-ahead log: %w", err)
	}
	if row == nil || num(row[0]) != 0 {
		return errors.New("fold the write-ahead log: another connection holds it")
	}
	return nil
}

// Close closes every connection; closing again does nothing. No other call may
// be running.
func (db *DB) Close() error {
	var errs []error
	if db.check != nil {
		errs = append(errs, db.check.stop())
		db.check = nil
	}
	if db.readers != nil {
		errs = append(errs, db.readers.close())
		db.readers = nil
	}
	if db.m.c != nil { // last: the last connection to close folds the WAL in
		errs = append(errs, db.m.c.close())
		db.m.c = nil
	}
	return errors.Join(errs...)
}

// View runs fn in one read transaction: everything it reads is of one moment.
// fn must be short and must not wait for anything else. It may be run a second
// time, when a bucket has changed meanwhile, so it must set its results and not
// add to them. Errors of fn are returned as they are. Views run concurrently.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	db.swap.RLock()
	defer db.swap.RUnlock()
	if db.readers == nil {
		return errors.Join(errors.New("metadata is closed"), db.Err())
	}
	c, err := db.readers.get(ctx)
	if err != nil {
		return err
	}
	defer db.readers.put(c)
	if db.mem != nil {
		db.mem.RLock()
		defer db.mem.RUnlock()
	}
	tx := &Tx{c: c, buckets: &db.buckets, gen: db.buckets.generation()}
	err = tx.run(fn)
	if tx.trusted && db.buckets.generation() != tx.gen {
		err = (&Tx{c: c}).run(fn) // a cached bucket may be older than what was read after it
	}
	return err
}

// run calls fn between BEGIN and COMMIT.
func (tx *Tx) run(fn func(*Tx) error) (err error) {
	if err := tx.c.exec("BEGIN"); err != nil {
		return fmt.Errorf("begin read: %w", err)
	}
	defer func() {
		if end := tx.c.exec("COMMIT"); end != nil {
			err = errors.Join(err, fmt.Errorf("end read: %w", end))
		}
	}()
	return fn(tx)
}

// Applied returns the index of the last entry applied, published after its commit.
func (db *DB) Applied() uint64 { return db.applied.Load() }

// Epoch returns the epoch in which new blobs are named, published after the
// commit of the fence that raised it. A state that has applied an index has its
// epoch.
func (db *DB) Epoch() uint64 { return db.epoch.Load() }

// Version returns the version of the state machine, published as Epoch is.
func (db *DB) Version() int { return int(db.version.Load()) }

// publish tells what is committed.
func (db *DB) publish() {
	db.version.Store(int64(db.m.st.version))
	db.epoch.Store(db.m.st.epoch)
	db.applied.Store(db.m.st.applied)
}

// WaitApplied returns once index is applied, or with the error of ctx, or with
// the *FatalError that ended the database.
func (db *DB) WaitApplied(ctx context.Context, index uint64) error {
	for db.Applied() < index {
		moved := db.moved.wait()
		if db.Applied() >= index {
			return nil
		}
		select {
		case <-moved:
		case <-db.broken:
			return db.err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// Broken is closed when a write has failed; Err then says how. The process
// must end: its pages and the file may differ.
func (db *DB) Broken() <-chan struct{} { return db.broken }

// Err returns the *FatalError that broke the database, nil while there is none.
func (db *DB) Err() error {
	select {
	case <-db.broken:
		return db.err
	default:
		return nil
	}
}

// fail makes the first fatal error the lasting one and returns it.
func (db *DB) fail(err error) error {
	db.once.Do(func() {
		db.err = &FatalError{Err: err}
		close(db.broken)
	})
	return db.err
}

// A notifier wakes all who wait, again and again.
type notifier struct {
	mu sync.Mutex
	ch chan struct{}
}

// wait returns a channel that the next wake closes.
func (n *notifier) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch == nil {
		n.ch = make(chan struct{})
	}
	return n.ch
}

func (n *notifier) wake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch != nil {
		close(n.ch)
		n.ch = nil
	}
}
