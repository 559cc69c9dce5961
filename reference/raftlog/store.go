// Package raftlog is the log and the stable store of hashicorp/raft in one
// SQLite file. It knows nothing of what the entries mean, and of nothing else
// in this module: any program that uses raft can use it.
package raftlog

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"
)

var (
	_ raft.LogStore          = (*Store)(nil)
	_ raft.StableStore       = (*Store)(nil)
	_ raft.MonotonicLogStore = (*Store)(nil)
)

// Sync is how SQLite makes a commit durable.
type Sync string

// SyncFull syncs every commit before it is answered. SyncNormal does not: after
// a loss of power it may have forgotten a vote that was given or an entry that
// was counted, which breaks Raft. SyncOff syncs nothing at all: the file may be
// damaged. They are taken together with a VFS only, or with Options.Unsafe, so
// that a test on a disk that loses power can show just that.
const (
	SyncFull   Sync = "FULL"
	SyncNormal Sync = "NORMAL"
	SyncOff    Sync = "OFF"
)

// Options say where the log is and how it is opened.
type Options struct {
	// Path is the database file, in a directory that exists. One process at a
	// time may use it.
	Path string
	// VFS names a registered SQLite VFS; "" is the system's.
	VFS string
	// Sync is SyncFull unless a test wants otherwise; "" means SyncFull. Unsafe has
	// any other one taken without a VFS: for a test whose disk is below the files.
	Sync   Sync
	Unsafe bool
	// Full is called when a write has found no room on the disk. It makes some,
	// and tells whether there is any now: then the write is tried once more. It
	// must not use the store, which waits for it. nil: there is none to be made.
	Full func() bool
}

// A Store holds raft's log, its term and its vote. Whatever a method has
// answered without an error is on stable storage, but for what SetUint64 says
// of LastVoteTerm. All methods but Close may be called together.
//
// A write that finds no room on the disk is tried again, once, when Options.Full
// has made some. Otherwise the first write that fails is the last: what it wrote
// may be there or not, so nothing more is written, every later write returns the same error, and Broken
// tells the program to end. Reads go on, of what was durable before.
type Store struct {
	name    string // of the database for openConn
	full    func() bool
	readers *readers
	check   *checkpointer

	mu   lock // held by who writes
	w    *conn
	vote *uint64 // LastVoteTerm, held back until LastVoteCand comes

	log    atomic.Pointer[span] // published after the commit
	once   sync.Once
	broken chan struct{} // closed by the first fatal error
	err    error         // it; read only once broken is closed
}

// A span is the part of the log that is there; both ends are 0 when none is.
type span struct{ first, last uint64 }

// A FatalError means that a write has failed, or that what was read is damaged:
// the program has to end and start anew.
type FatalError struct{ Err error }

func (e *FatalError) Error() string { return "raft log: " + e.Err.Error() }

func (e *FatalError) Unwrap() error { return e.Err }

// Open opens or creates the store. It refuses a file that is damaged, that is
// another program's or a later version's, that cannot be written, and a
// connection that does not have the mode it was given. Whoever opened it
// closes it.
func Open(o Options) (opened *Store, err error) {
	if o.Sync == "" {
		o.Sync = SyncFull
	}
	s := &Store{full: o.Full, mu: newLock(), broken: make(chan struct{})}
	defer func() {
		if err != nil {
			opened, err = nil, fmt.Errorf("open raft log %s: %w", o.Path, errors.Join(err, s.Close()))
		}
	}()
	if o.Path == "" {
		return s, errors.New("no path")
	}
	if known := o.Sync == SyncNormal || o.Sync == SyncOff; o.Sync != SyncFull && (!known || o.VFS == "" && !o.Unsafe) {
		return s, fmt.Errorf("sync mode %q loses votes; only %s is taken", o.Sync, SyncFull)
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return s, err
	}
	s.name = dsn(path, o.VFS)
	if s.w, err = openWriter(s.name, o.Sync); err != nil {
		return s, err
	}
	if err := s.load(); err != nil {
		return s, err
	}
	s.readers = newReaders(s.name, 4)
	if s.check, err = startCheckpointer(s.name, o.Sync, s.fail); err != nil {
		return s, err
	}
	return s, s.audit()
}

// load finds the ends of the log and sees that it has no hole.
func (s *Store) load() error {
	row, err := s.w.first(`SELECT min("index"), max("index"), count(*) FROM raft_log`)
	if err != nil {
		return err
	}
	log := span{uint64(num(row[0])), uint64(num(row[1]))}
	if n := uint64(num(row[2])); n > 0 && log.last-log.first+1 != n {
		return fmt.Errorf("%d entries between %d and %d: some are missing", n, log.first, log.last)
	}
	s.log.Store(&log)
	return nil
}

// audit reads what raft reads first: both ends of the log, the term, the vote.
func (s *Store) audit() error {
	var l raft.Log
	for _, i := range []uint64{s.log.Load().first, s.log.Load().last} {
		if err := s.GetLog(i, &l); i != 0 && err != nil {
			return err
		}
	}
	return s.w.each(func(row []value) error {
		_, err := stable(row)
		return err
	}, "SELECT key, value, sum FROM raft_stable")
}

// Close closes the file; closing again does nothing. No other call may be
// running.
func (s *Store) Close() error {
	var errs []error
	if s.check != nil {
		errs = append(errs, s.check.stop())
		s.check = nil
	}
	if s.readers != nil {
		errs = append(errs, s.readers.close())
	}
	if s.w != nil { // last: the last connection to close folds the WAL in
		errs = append(errs, s.w.close())
		s.w = nil
	}
	return errors.Join(errs...)
}

// Broken is closed when the store has failed; Err then says how. The process
// must end: raft goes on as if a failed append had only cost it a round.
func (s *Store) Broken() <-chan struct{} { return s.broken }

// Err returns the *FatalError that broke the store, nil while there is none.
func (s *Store) Err() error {
	select {
	case <-s.broken:
		return s.err
	default:
		return nil
	}
}

// fail makes the first fatal error the lasting one and returns it.
func (s *Store) fail(err error) error {
	s.once.Do(func() {
		s.err = &FatalError{Err: err}
		close(s.broken)
	})
	return s.err
}

// write runs fn in one transaction and makes it durable. It may run it a second
// time. s.mu is held.
func (s *Store) write(fn func(w *conn) error) error {
	if err := s.Err(); err != nil {
		return err
	}
	err := s.transact(fn)
	if noRoom(err) && s.full != nil && s.full() {
		if err = s.unchanged(); err == nil {
			err = s.transact(fn)
		}
	}
	if err != nil {
		return s.fail(err)
	}
	return nil
}

// transact leaves no transaction open. A COMMIT that has found no room may have
// written all of the transaction to the WAL, and synced it; it is not in the
// index of the WAL, though, so that nobody sees it, and what is written next
// takes its place.
func (s *Store) transact(fn func(w *conn) error) error {
	err := s.w.exec("BEGIN IMMEDIATE")
	if err == nil {
		if err = fn(s.w); err == nil {
			err = s.w.exec("COMMIT")
		}
		if err != nil {
			_ = s.w.exec("ROLLBACK") // it fails where SQLite has done so itself; if it stays open, the next BEGIN fails
		}
	}
	return err
}

// wrote lets the checkpointer look at what was written. s.mu is held.
func (s *Store) wrote() error {
	if err := s.check.wrote(s.w); err != nil {
		return s.fail(err)
	}
	return nil
}
