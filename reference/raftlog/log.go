package raftlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/hashicorp/raft"
)

// deleteChunk is the most entries that one transaction deletes, so that appends
// get in between and the WAL stays small.
const deleteChunk = 512

// rangePage is how many entries Range reads with one query.
const rangePage = 16

// FirstIndex returns the index of the oldest entry, 0 when there is none.
func (s *Store) FirstIndex() (uint64, error) { return s.log.Load().first, nil }

// LastIndex returns the index of the newest entry, 0 when there is none.
func (s *Store) LastIndex() (uint64, error) { return s.log.Load().last, nil }

// FirstTerm returns the term of the oldest entry, 0 when there is none.
func (s *Store) FirstTerm() (uint64, error) { return s.term(s.log.Load().first) }

// LastTerm returns the term of the newest entry, 0 when there is none.
func (s *Store) LastTerm() (uint64, error) { return s.term(s.log.Load().last) }

func (s *Store) term(index uint64) (uint64, error) {
	if index == 0 {
		return 0, nil
	}
	var l raft.Log
	err := s.GetLog(index, &l)
	return l.Term, err
}

// IsMonotonic tells raft that no gap is taken: after a snapshot that lies above
// the log it empties the log first.
func (s *Store) IsMonotonic() bool { return true }

// GetLog reads one entry into l. Its error is raft.ErrLogNotFound itself when
// the log does not have the index, for raft compares it. No data and no
// extensions are read as nil.
func (s *Store) GetLog(index uint64, l *raft.Log) error {
	if log := s.log.Load(); index == 0 || index < log.first || index > log.last {
		return raft.ErrLogNotFound
	}
	found := false
	err := s.read(func(c *conn) error {
		row, err := c.first(`SELECT "index", term, type, data, extensions, appended_at, sum FROM raft_log WHERE "index" = ?`, int64(index))
		if err != nil || row == nil {
			return err
		}
		found = true
		return entry(row, l)
	})
	if err == nil && !found {
		return raft.ErrLogNotFound
	}
	return err
}

// Range calls fn for the entries between from and to, both included, in order. fn
// may keep the entry, and may take its time: nothing is locked meanwhile. An
// error of fn ends it and is returned as it is; raft.ErrLogNotFound means that
// an entry is not there, or not any more.
func (s *Store) Range(from, to uint64, fn func(*raft.Log) error) error {
	for next := from; next <= to; {
		page, err := s.page(next, to)
		if err != nil {
			return err
		}
		for _, l := range page {
			if l.Index != next {
				return raft.ErrLogNotFound
			}
			if err := fn(l); err != nil {
				return err
			}
			next++
		}
		if len(page) == 0 {
			return raft.ErrLogNotFound
		}
	}
	return nil
}

func (s *Store) page(from, to uint64) (page []*raft.Log, err error) {
	err = s.read(func(c *conn) error {
		return c.each(func(row []value) error {
			l := new(raft.Log)
			page = append(page, l)
			return entry(row, l)
		}, `SELECT "index", term, type, data, extensions, appended_at, sum FROM raft_log
			WHERE "index" BETWEEN ? AND ? ORDER BY "index" LIMIT ?`, int64(from), int64(to), int64(rangePage))
	})
	return page, err
}

// read lends fn a reading connection. A read that fails is fatal: raft takes an
// entry or a vote that cannot be read for one that was never written.
func (s *Store) read(fn func(*conn) error) error {
	c, err := s.readers.get()
	if errors.Is(err, errClosed) {
		return err
	}
	if err != nil {
		return s.fail(err)
	}
	defer s.readers.put(c)
	if err := fn(c); err != nil {
		return s.fail(err)
	}
	return nil
}

// entry reads a row of raft_log and checks its sum.
func entry(row []value, l *raft.Log) error {
	*l = raft.Log{Index: uint64(num(row[0])), Term: uint64(num(row[1])), Type: raft.LogType(num(row[2])), Data: blob(row[3]), Extensions: blob(row[4])}
	if at, ok := row[5].(int64); ok {
		l.AppendedAt = time.Unix(0, at).UTC()
	}
	if entrySum(l) != num(row[6]) {
		return fmt.Errorf("entry %d is damaged: its checksum does not fit", l.Index)
	}
	return nil
}

// StoreLog appends one entry.
func (s *Store) StoreLog(l *raft.Log) error { return s.StoreLogs([]*raft.Log{l}) }

// StoreLogs appends entries, all or none, and returns when they are on stable
// storage. The first must follow the newest entry, unless the log is empty, and
// each its predecessor. The slices are not kept.
func (s *Store) StoreLogs(logs []*raft.Log) error {
	if len(logs) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var log span
	err := s.write(func(w *conn) error {
		log = *s.log.Load()
		for _, l := range logs {
			if err := log.take(l.Index); err != nil {
				return err
			}
			if err := insert(w, l); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.log.Store(&log)
	return s.wrote()
}

// take adds an index to the end, which it must follow.
func (l *span) take(index uint64) error {
	switch {
	case index == 0 || index > math.MaxInt64:
		return fmt.Errorf("%d is no index of an entry", index)
	case l.last == 0:
		l.first = index
	case index != l.last+1:
		return fmt.Errorf("entry %d does not follow %d", index, l.last)
	}
	l.last = index
	return nil
}

func insert(w *conn, l *raft.Log) error {
	var at value
	if !l.AppendedAt.IsZero() {
		at = l.AppendedAt.UnixNano()
	}
	return w.exec(`INSERT INTO raft_log("index", term, type, data, extensions, appended_at, sum) VALUES(?, ?, ?, ?, ?, ?, ?)`,
		int64(l.Index), int64(l.Term), int64(l.Type), l.Data, l.Extensions, at, entrySum(l))
}

// DeleteRange deletes the entries between from and to, both included, as far as
// there are any. The range must reach one end of the log, for it would leave a
// hole. It works inwards from that end, in several transactions: after a crash
// in the middle the log is whole, and shorter at that end.
func (s *Store) DeleteRange(from, to uint64) error {
	for {
		more, err := s.deleteSome(from, to)
		if err != nil || !more {
			return err
		}
	}
}

// deleteSome is one transaction of DeleteRange; more tells to go on.
func (s *Store) deleteSome(from, to uint64) (more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	log := *s.log.Load()
	if from > to || log.last == 0 || to < log.first || from > log.last {
		return false, s.Err()
	}
	from, to = max(from, log.first), min(to, log.last)
	switch {
	case from == log.first:
		to = min(to, from+deleteChunk-1)
		log.first = to + 1
	case to == log.last:
		from = max(from, to-min(to, deleteChunk-1))
		log.last = from - 1
	default:
		return false, fmt.Errorf("raft log: deleting %d to %d would leave a hole in %d to %d", from, to, log.first, log.last)
	}
	if log.first > log.last {
		log = span{}
	}
	err = s.write(func(w *conn) error {
		return w.exec(`DELETE FROM raft_log WHERE "index" BETWEEN ? AND ?`, int64(from), int64(to))
	})
	if err != nil {
		return false, err
	}
	s.log.Store(&log)
	return true, s.wrote()
}

// ErrGap is returned by Align when entries are lost.
var ErrGap = errors.New("raft log: entries between the newest snapshot and the log are missing")

// Align makes the log fit the newest snapshot, which ends at index (0: there is
// none); it is to be called before raft.NewRaft. A log that ends below the
// snapshot is emptied: the next entry would leave a gap behind it. Such a log
// is what a crash leaves between the installation of a snapshot and the removal
// of the log before it. A log that begins after the entry behind the snapshot
// is refused with ErrGap: raft would panic where it misses them.
func (s *Store) Align(index uint64) error {
	log := *s.log.Load()
	switch {
	case log.last == 0:
		return nil
	case log.last < index:
		return s.DeleteRange(log.first, log.last)
	case log.first > index+1:
		return fmt.Errorf("%w: it ends at %d, the log begins at %d", ErrGap, index, log.first)
	}
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// entrySum is the checksum of an entry: SQLite has none in its database file.
func entrySum(l *raft.Log) int64 {
	var head [33]byte
	binary.BigEndian.PutUint64(head[0:], l.Index)
	binary.BigEndian.PutUint64(head[8:], l.Term)
	head[16] = byte(l.Type)
	if !l.AppendedAt.IsZero() {
		binary.BigEndian.PutUint64(head[17:], uint64(l.AppendedAt.UnixNano()))
	}
	binary.BigEndian.PutUint64(head[25:], uint64(len(l.Data)))
	sum := crc32.Update(0, castagnoli, head[:])
	sum = crc32.Update(sum, castagnoli, l.Data)
	return int64(crc32.Update(sum, castagnoli, l.Extensions))
}
