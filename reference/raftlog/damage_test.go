package raftlog

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/raft"
)

// script runs SQL on a database file, which need not be ours.
func script(t *testing.T, path, sql string) {
	t.Helper()
	c, err := openConn(dsn(path, ""))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.script(sql), c.close()); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		spoil  func(t *testing.T, path string)
		change func(*Options)
		says   string
	}{
		{name: "no path", change: func(o *Options) { o.Path = "" }, says: "no path"},
		{name: "no directory", change: func(o *Options) { o.Path += "/x/raft.db" }, says: "unable to open"},
		{name: "less than FULL", change: func(o *Options) { o.Sync = SyncNormal }, says: "loses votes"},
		{name: "no sync at all", change: func(o *Options) { o.Sync = SyncOff }, says: "loses votes"},
		{name: "an unknown mode", change: func(o *Options) { o.Sync, o.VFS = "EXTRA", "unix" }, says: "loses votes"},
		{name: "an unknown VFS", change: func(o *Options) { o.VFS = "no-such" }, says: "no such vfs"},
		{name: "another program's database", spoil: func(t *testing.T, path string) {
			script(t, path, "PRAGMA application_id = 7")
		}, says: "another program's"},
		{name: "a database without a name", spoil: func(t *testing.T, path string) {
			script(t, path, "PRAGMA application_id = 0")
		}, says: "another program's"},
		{name: "a later schema", spoil: func(t *testing.T, path string) {
			script(t, path, "PRAGMA user_version = 2")
		}, says: "schema 2"},
		{name: "no database", spoil: func(t *testing.T, path string) {
			write(t, path, []byte(strings.Repeat("not a database ", 1000)))
		}, says: "not a database"},
		{name: "half a file", spoil: func(t *testing.T, path string) {
			b := read(t, path)
			write(t, path, b[:len(b)/2])
		}, says: "malformed"},
		{name: "a page of zeros", spoil: func(t *testing.T, path string) {
			b := read(t, path)
			clear(b[3*4096 : 4*4096])
			write(t, path, b)
		}, says: "damaged"},
		{name: "a missing entry", spoil: func(t *testing.T, path string) {
			script(t, path, `DELETE FROM raft_log WHERE "index" = 50`)
		}, says: "some are missing"},
		{name: "a changed vote", spoil: func(t *testing.T, path string) {
			script(t, path, `UPDATE raft_stable SET value = value + 1 WHERE key = CAST('CurrentTerm' AS BLOB)`)
		}, says: `"CurrentTerm" is damaged`},
		{name: "a changed last entry", spoil: func(t *testing.T, path string) {
			script(t, path, `UPDATE raft_log SET term = term + 1 WHERE "index" = 100`)
		}, says: "entry 100 is damaged"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Path: tempPath(t)}
			s := filled(t, o.Path, 1, 100)
			if err := s.SetUint64([]byte("CurrentTerm"), 3); err != nil {
				t.Fatal(err)
			}
			closed(t, s)
			if tt.spoil != nil {
				tt.spoil(t, o.Path)
			}
			path, before := o.Path, read(t, o.Path)
			if tt.change != nil {
				tt.change(&o)
			}
			s, err := Open(o)
			if err == nil {
				err = errors.Join(errors.New("opened"), s.Close())
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
			if !bytes.Equal(before, read(t, path)) {
				t.Error("the refused file was changed")
			}
		})
	}
}

// read and write are the bytes of a file that nobody has open.
func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A bit that flips in an entry's data is SQLite's to serve, and not ours.
func TestFlippedBitIsFatal(t *testing.T) {
	path := tempPath(t)
	closed(t, filled(t, path, 1, 100))
	b := read(t, path)
	at := bytes.Index(b, []byte("49.1 49.1"))
	b[at+2] ^= 1
	write(t, path, b)
	s := open(t, path)
	var fatal *FatalError
	if err := s.GetLog(49, new(raft.Log)); !errors.As(err, &fatal) || !strings.Contains(err.Error(), "entry 49 is damaged") {
		t.Errorf("got %v", err)
	}
	wantBroken(t, s, s.Err(), "entry 49 is damaged")
	wantLog(t, s, 50, 1)
}

// The settings are read back: a connection without them is refused.
func TestModeIsReadBack(t *testing.T) {
	path := tempPath(t)
	closed(t, filled(t, path, 1, 3))
	for pragmas, says := range map[string]string{
		"journal_mode = WAL; synchronous = NORMAL":  "synchronous is 1",
		"journal_mode = DELETE; synchronous = FULL": `journal_mode is "delete"`,
		"journal_mode = WAL; synchronous = FULL":    "",
	} {
		c, err := openConn(dsn(path, ""), strings.Split(pragmas, "; ")...)
		if err != nil {
			t.Fatal(err)
		}
		err = prove(c, SyncFull)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: got %v, want %q", pragmas, err, says)
		}
		if err := c.close(); err != nil {
			t.Error(err)
		}
	}
}

// A file that cannot be written is refused at once, not at the first vote.
func TestReadOnly(t *testing.T) {
	path := tempPath(t)
	closed(t, filled(t, path, 1, 3))
	if _, err := openWriter(dsn(path, "")+"?mode=ro", SyncFull); err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("opened to read: %v", err)
	}
	if os.Getuid() == 0 {
		return // whom no mode of a file stops
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Path: path}); err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("no right to write: %v", err)
	}
}

// A full disk takes nothing of a batch and ends the store; with room again it
// goes on where it was.
func TestFull(t *testing.T) {
	path := tempPath(t)
	s := filled(t, path, 1, 10)
	if err := s.w.script("PRAGMA max_page_count = 16"); err != nil {
		t.Fatal(err)
	}
	var err error
	next := uint64(11)
	for ; err == nil && next < 10000; next++ {
		err = s.StoreLogs([]*raft.Log{made(next*2-11, 1), made(next*2-10, 1)})
	}
	wantBroken(t, s, err, "full")
	last := s.log.Load().last
	closed(t, s)
	s = open(t, path)
	wantEnds(t, s, 1, last)
	wantLog(t, s, last, 1)
	if err := s.StoreLogs(run(last+1, last+500, 2)); err != nil {
		t.Error(err)
	}
}

// SQLite ends some transactions that have found no room, and not this one: the
// statement is undone, and what came before it would stay.
func TestFullWithinATransaction(t *testing.T) {
	path := tempPath(t)
	closed(t, filled(t, path, 1, 10))
	var s *Store
	calls := 0
	s, err := Open(Options{Path: path, Full: func() bool {
		calls++
		return s.w.script("PRAGMA max_page_count = 100000") == nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	if err := s.w.script("PRAGMA max_page_count = 16"); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	err = s.write(func(w *conn) error {
		if err := insert(w, made(11, 1)); err != nil {
			return err
		}
		return w.exec(`WITH RECURSIVE n(i) AS (SELECT 12 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
			INSERT INTO raft_log("index", term, type, data, sum) SELECT i, 1, 0, zeroblob(1000), 0 FROM n`)
	})
	s.mu.Unlock()
	if err != nil || calls != 1 {
		t.Fatalf("%v; room was asked for %d times", err, calls)
	}
	row, err := s.w.first(`SELECT count(*), max("index") FROM raft_log`)
	if err != nil || num(row[0]) != 200 || num(row[1]) != 200 {
		t.Errorf("%v, %v", row, err)
	}
}
