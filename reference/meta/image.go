package meta

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
)

// Save writes the state, as of one moment, to a new database file at path,
// which Open takes as Path or as Image. Applying waits for it in memory only.
// The file is not synced. An existing file that is not empty is an error.
func (db *DB) Save(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	db.swap.RLock()
	defer db.swap.RUnlock()
	if db.mem != nil {
		db.mem.RLock()
		defer db.mem.RUnlock()
	}
	if err := vacuumInto(db.name, db.o.volume().target(path)); err != nil {
		return fmt.Errorf("save metadata: %w", err)
	}
	return nil
}

// systemVFS is SQLite's name for the operating system's files. It has to be
// said: a database is copied within its own VFS otherwise.
func systemVFS() string {
	if runtime.GOOS == "windows" {
		return "win32"
	}
	return "unix"
}

// vacuumInto copies the database of one name to another that has no content.
func vacuumInto(from, to string) error {
	c, err := openConn(from, "busy_timeout = 5000")
	if err != nil {
		return err
	}
	return errors.Join(c.script("VACUUM INTO '"+strings.ReplaceAll(to, "'", "''")+"'"), c.close())
}

// load copies the database file image into the one in memory called name,
// which exists while the connection returned is open.
func load(image, name string) (*conn, error) {
	held, err := openConn(name)
	if err != nil {
		return nil, err
	}
	if image == "" {
		return held, nil
	}
	if err := vacuumInto(dsn(image, systemVFS())+"&mode=ro", name); err != nil {
		return nil, errors.Join(fmt.Errorf("load image: %w", err), held.close())
	}
	return held, nil
}
