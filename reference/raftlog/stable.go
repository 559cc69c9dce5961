package raftlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// errNotFound answers for a key that was never set: raft compares the text.
var errNotFound = errors.New("not found")

// The keys under which raft keeps a vote; it writes the term first, then the
// candidate.
const (
	keyVoteTerm = "LastVoteTerm"
	keyVoteCand = "LastVoteCand"
)

// Set sets a key and returns when that is on stable storage. Together with
// LastVoteCand it sets the LastVoteTerm that SetUint64 has held back.
func (s *Store) Set(key, val []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var term *uint64
	if string(key) == keyVoteCand {
		term, s.vote = s.vote, nil
	}
	err := s.write(func(w *conn) error {
		if term != nil {
			if err := set(w, []byte(keyVoteTerm), int64(*term)); err != nil {
				return err
			}
		}
		return set(w, key, notNil(val))
	})
	if err != nil {
		return err
	}
	return s.wrote()
}

// SetUint64 sets a key to a number and returns when that is on stable storage.
//
// LastVoteTerm is different: it is held back, and stored by the Set of
// LastVoteCand that follows, in the same transaction; until then GetUint64
// answers the old one. raft writes a vote as these two keys, and a crash in
// between would leave the new term beside the candidate of an older one: asked
// again by that candidate, raft would take it for the one it has voted for and
// grant the vote without looking at its log.
func (s *Store) SetUint64(key []byte, val uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if string(key) == keyVoteTerm {
		if err := s.Err(); err != nil {
			return err
		}
		s.vote = &val
		return nil
	}
	if err := s.write(func(w *conn) error { return set(w, key, int64(val)) }); err != nil {
		return err
	}
	return s.wrote()
}

// Get returns what Set has set. The error of a key that was not set reads
// "not found", as raft wants it.
func (s *Store) Get(key []byte) ([]byte, error) {
	v, err := s.get(key)
	if err != nil {
		return nil, err
	}
	if _, number := v.(int64); number {
		return nil, fmt.Errorf("raft log: %q is a number", key)
	}
	return notNil(blob(v)), nil
}

// GetUint64 returns what SetUint64 has set; otherwise it is like Get.
func (s *Store) GetUint64(key []byte) (uint64, error) {
	v, err := s.get(key)
	if err != nil {
		return 0, err
	}
	n, number := v.(int64)
	if !number {
		return 0, fmt.Errorf("raft log: %q is not a number", key)
	}
	return uint64(n), nil
}

func (s *Store) get(key []byte) (v value, err error) {
	found := false
	err = s.read(func(c *conn) error {
		row, err := c.first("SELECT key, value, sum FROM raft_stable WHERE key = ?", notNil(key))
		if err != nil || row == nil {
			return err
		}
		found = true
		v, err = stable(row)
		return err
	})
	if err == nil && !found {
		return nil, errNotFound
	}
	return v, err
}

// set writes a key; v is an int64 or a []byte.
func set(w *conn, key []byte, v value) error {
	return w.exec("INSERT INTO raft_stable(key, value, sum) VALUES(?, ?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value, sum = excluded.sum",
		notNil(key), v, stableSum(key, v))
}

// notNil makes an empty BLOB of what SQLite would take for NULL.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// stable returns the value in a row of raft_stable and checks its sum.
func stable(row []value) (value, error) {
	if stableSum(blob(row[0]), row[1]) != num(row[2]) {
		return nil, fmt.Errorf("%q is damaged: its checksum does not fit", blob(row[0]))
	}
	return row[1], nil
}

func stableSum(key []byte, v value) int64 {
	kind, b := byte('b'), blob(v)
	if n, number := v.(int64); number {
		kind, b = 'n', binary.BigEndian.AppendUint64(nil, uint64(n))
	}
	sum := crc32.Update(0, castagnoli, key)
	sum = crc32.Update(sum, castagnoli, []byte{0, kind})
	return int64(crc32.Update(sum, castagnoli, b))
}
