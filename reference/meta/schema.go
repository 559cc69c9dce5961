package meta

import (
	"errors"
	"fmt"
)

// applicationID marks the file as ours ("BLSP"), so that another program's
// database is refused and not migrated.
const applicationID = 0x424c5350

// migrations are the steps from one schema to the next; user_version counts
// those taken. A step that was released is never edited.
//
// Keys are BLOBs, so that they sort bytewise. A key's current version, unless
// that is a delete marker, stands in live and nowhere else: listings read
// nothing but live, and a bucket that was never versioned has no other rows.
// All other versions stand in version. What a listing needs is in rec (see
// record.go); attrs is JSON that only reads of one object want.
//
// A content is the bytes of one version or upload. Small ones are a row of
// inline and nothing else. Those of an upload, and larger ones, are extents in
// the order of n (part number << 32 | position); an extent without blob is a
// run of the inline row of its part. An inline row's id is content << 14 |
// part number, with part number 0 for what was not uploaded in parts.
var migrations = []string{`
CREATE TABLE state(
	id INTEGER PRIMARY KEY CHECK(id = 1),
	version INTEGER NOT NULL,
	applied INTEGER NOT NULL,
	term INTEGER NOT NULL,
	stamp INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	epoch INTEGER NOT NULL,
	objects INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	completed INTEGER NOT NULL
);
INSERT INTO state VALUES(1, 1, 0, 0, 0, 0, 1, 0, 0, 0);
CREATE TABLE bucket(
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	owner TEXT NOT NULL,
	region TEXT NOT NULL,
	created INTEGER NOT NULL,
	versioning TEXT NOT NULL,
	tags TEXT
);
CREATE INDEX bucket_owner ON bucket(owner, name);
CREATE TABLE live(
	bucket INTEGER NOT NULL,
	key BLOB NOT NULL,
	rec BLOB NOT NULL,
	attrs BLOB,
	PRIMARY KEY(bucket, key)
) WITHOUT ROWID;
CREATE TABLE version(
	bucket INTEGER NOT NULL,
	key BLOB NOT NULL,
	nseq INTEGER NOT NULL, -- minus the sequence number: newest first
	null_version INTEGER NOT NULL,
	rec BLOB NOT NULL,
	attrs BLOB,
	PRIMARY KEY(bucket, key, nseq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX version_null ON version(bucket, key) WHERE null_version = 1;
CREATE TABLE inline(
	id INTEGER PRIMARY KEY,
	data BLOB NOT NULL
);
CREATE TABLE extent(
	content INTEGER NOT NULL,
	n INTEGER NOT NULL,
	blob TEXT NOT NULL,
	off INTEGER NOT NULL,
	len INTEGER NOT NULL,
	PRIMARY KEY(content, n)
) WITHOUT ROWID;
CREATE INDEX extent_blob ON extent(blob) WHERE blob <> '';
CREATE TABLE garbage(
	at INTEGER NOT NULL,
	content INTEGER NOT NULL,
	PRIMARY KEY(at, content)
) WITHOUT ROWID;
CREATE TABLE upload(
	id INTEGER PRIMARY KEY, -- also the content that its parts fill
	suffix TEXT NOT NULL,
	bucket INTEGER NOT NULL,
	key BLOB NOT NULL,
	owner TEXT NOT NULL,
	initiated INTEGER NOT NULL,
	algorithm TEXT NOT NULL,
	type TEXT NOT NULL,
	attrs BLOB
);
CREATE UNIQUE INDEX upload_key ON upload(bucket, key, id);
CREATE TABLE part(
	content INTEGER NOT NULL,
	number INTEGER NOT NULL,
	size INTEGER NOT NULL,
	etag TEXT NOT NULL,
	modified INTEGER NOT NULL,
	algorithm TEXT NOT NULL,
	type TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY(content, number)
) WITHOUT ROWID;
CREATE TABLE completed(
	upload INTEGER PRIMARY KEY,
	suffix TEXT NOT NULL,
	bucket INTEGER NOT NULL,
	key BLOB NOT NULL,
	at INTEGER NOT NULL,
	rec BLOB NOT NULL
);
CREATE INDEX completed_at ON completed(at);
`, `
ALTER TABLE bucket ADD COLUMN access TEXT; -- JSON; NULL: what every bucket had before
`, `
ALTER TABLE bucket ADD COLUMN settings TEXT; -- JSON; NULL: none
`, `
CREATE TABLE user(
	name TEXT PRIMARY KEY,
	version INTEGER NOT NULL, -- the sequence number of its last change
	value TEXT NOT NULL -- JSON, with its access keys and their secrets
) WITHOUT ROWID;
`}

// tables are dumped by Hash, each in the order of its primary key.
// What later schemas add is told apart by from, so that the digest of a state
// without it stays what it was.
var tables = []struct{ name, columns, order, from string }{
	{name: "state", columns: "version, stamp, seq, epoch, objects, bytes, completed", order: "id"},
	{name: "bucket", columns: "id, name, owner, region, created, versioning, tags", order: "id"},
	{name: "live", columns: "*", order: "bucket, key"},
	{name: "version", columns: "*", order: "bucket, key, nseq"},
	{name: "inline", columns: "*", order: "id"},
	{name: "extent", columns: "*", order: "content, n"},
	{name: "garbage", columns: "*", order: "at, content"},
	{name: "upload", columns: "*", order: "id"},
	{name: "part", columns: "*", order: "content, number"},
	{name: "completed", columns: "*", order: "upload"},
	{name: "access", columns: "id, access", order: "id", from: "bucket WHERE access IS NOT NULL"},
	{name: "settings", columns: "id, settings", order: "id", from: "bucket WHERE settings IS NOT NULL"},
	{name: "user", columns: "*", order: "name", from: "user"},
}

// migrate brings the schema up to date in one transaction. A database of a
// later program, or of another one, is refused.
func migrate(c *conn) error {
	id, err := pragma(c, "application_id")
	if err != nil {
		return err
	}
	have, err := pragma(c, "user_version")
	if err != nil {
		return err
	}
	pages, err := pragma(c, "schema_version")
	if err != nil {
		return err
	}
	switch {
	case id != applicationID && (id != 0 || have != 0 || pages != 0):
		return errors.New("not a metadata database")
	case have > int64(len(migrations)):
		return fmt.Errorf("schema %d is of a later version of this program, which knows %d", have, len(migrations))
	case have == int64(len(migrations)):
		return nil
	}
	if err := c.script("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, m := range migrations[have:] {
		if err := c.script(m); err != nil {
			return errors.Join(fmt.Errorf("migrate schema: %w", err), c.script("ROLLBACK"))
		}
	}
	done := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", applicationID, len(migrations))
	if err := c.script(done); err != nil {
		return fmt.Errorf("migrate schema: %w", err)
	}
	return nil
}

// pragma reads one integer setting of the connection.
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
