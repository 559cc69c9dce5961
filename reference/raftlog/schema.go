package raftlog

import (
	"errors"
	"fmt"
)

// applicationID marks the file as a raft log ("RAFT"), so that another
// program's database is refused before anything in it is changed.
const applicationID = 0x52414654

// schemaVersion counts the schemas that there were.
const schemaVersion = 1

// schema: sum is a CRC-32C of the other columns, for SQLite's database file has
// no checksums; data and extensions are NULL when there are none, appended_at
// is in nanoseconds since 1970. A value in raft_stable is an INTEGER or a BLOB.
const schema = `
CREATE TABLE raft_log(
	"index" INTEGER PRIMARY KEY,
	term INTEGER NOT NULL,
	type INTEGER NOT NULL,
	data BLOB,
	extensions BLOB,
	appended_at INTEGER,
	sum INTEGER NOT NULL
) STRICT;
CREATE TABLE raft_stable(
	key BLOB PRIMARY KEY,
	value ANY NOT NULL,
	sum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`

// openWriter opens the connection that writes, makes the file a raft log if it
// is empty, and proves that it may be relied upon.
func openWriter(name string, mode Sync) (*conn, error) {
	c, err := openConn(name, "busy_timeout = 1000")
	if err != nil {
		return nil, err
	}
	if err := prepareWriter(c, mode); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func prepareWriter(c *conn, mode Sync) error {
	fresh, err := identify(c)
	if err != nil {
		return err
	}
	err = c.set("journal_mode = WAL", "synchronous = "+string(mode), "wal_autocheckpoint = 0",
		"journal_size_limit = 67108864", "cache_size = -4096", "temp_store = MEMORY")
	if err != nil {
		return err
	}
	if err := prove(c, mode); err != nil {
		return err
	}
	if err := fold(c); err != nil {
		return err
	}
	if fresh {
		return create(c)
	}
	return check(c)
}

// identify refuses a file that is not ours; fresh is one without anything in it.
func identify(c *conn) (fresh bool, err error) {
	var got [3]int64
	for i, name := range []string{"application_id", "user_version", "schema_version"} {
		if got[i], err = pragma(c, name); err != nil {
			return false, err
		}
	}
	switch id, version := got[0], got[1]; {
	case got == [3]int64{}:
		return true, nil
	case id != applicationID:
		return false, errors.New("the file is another program's database")
	case version != schemaVersion:
		return false, fmt.Errorf("schema %d is of another version of this program, which knows %d", version, schemaVersion)
	}
	return false, nil
}

// prove reads back what decides whether a commit is durable.
func prove(c *conn, mode Sync) error {
	row, err := c.first("PRAGMA journal_mode")
	if err != nil {
		return err
	}
	if got := text(row[0]); got != "wal" {
		return fmt.Errorf("journal_mode is %q, want wal", got)
	}
	want := map[Sync]int64{SyncOff: 0, SyncNormal: 1, SyncFull: 2}[mode]
	if got, err := pragma(c, "synchronous"); err != nil || got != want {
		return errors.Join(err, fmt.Errorf("synchronous is %d, want %d (%s)", got, want, mode))
	}
	return nil
}

// fold copies what a killed process left in the WAL into the database, which
// syncs both. Until then a vote or an entry that the process wrote and never
// synced may be in the system's cache alone: raft would build on it now, and a
// loss of power take it away.
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

func create(c *conn) error {
	return c.script(fmt.Sprintf("BEGIN IMMEDIATE; %s PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", schema, applicationID, schemaVersion))
}

// check runs SQLite's quick_check over the file, and sees that it can be
// written: SQLite opens one that cannot all the same.
func check(c *conn) error {
	if err := c.script("DELETE FROM raft_log WHERE FALSE"); err != nil {
		return err
	}
	row, err := c.first("PRAGMA quick_check(1)")
	if err != nil {
		return err
	}
	if row == nil || text(row[0]) != "ok" {
		return fmt.Errorf("the file is damaged: %v", row)
	}
	return nil
}

// pragma reads one integer setting.
func pragma(c *conn, name string) (int64, error) {
	row, err := c.first("PRAGMA " + name)
	if err != nil {
		return 0, err
	}
	if row == nil {
		return 0, fmt.Errorf("no value of PRAGMA %s", name)
	}
	return num(row[0]), nil
}
