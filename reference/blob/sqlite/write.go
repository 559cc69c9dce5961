package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"bleepstore/reference/blob"
)

// pageSize is that of a new database in bytes; larger ones made no difference.
const pageSize = 4 << 10

// An op is a part of a transaction. Ops run one after the other; if one of
// them fails the whole transaction does.
type op struct {
	bytes int // that it writes, about
	do    func(w *statements) error
}

// Size is batch.Sizer's.
func (o *op) Size() int { return o.bytes }

// commit runs do in a transaction, perhaps with others, and returns when that
// is durable or certainly did not happen.
func (s *Store) commit(ctx context.Context, bytes int, do func(w *statements) error) error {
	if err := s.broken.Err(); err != nil {
		return err
	}
	return s.ops.Do(ctx, &op{bytes: bytes, do: do})
}

// flush runs ops in one transaction. No context can end it: its outcome has
// to be known.
func (s *Store) flush(ops []*op) error {
	bytes, err := s.transact(ops)
	if err != nil {
		if _, rollback := s.write.ExecContext(context.Background(), "ROLLBACK"); rollback != nil && isDisk(rollback) {
			err = rollback
		}
		if isDisk(err) {
			return s.broken.Trip(err)
		}
		return failure(err)
	}
	s.log.wrote(bytes)
	return nil
}

func (s *Store) transact(ops []*op) (bytes int, err error) {
	ctx := context.Background()
	if _, err := s.write.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return 0, fmt.Errorf("begin: %w", err)
	}
	for _, o := range ops {
		if err := o.do(&s.stmts); err != nil {
			return 0, err
		}
		bytes += o.bytes + pageSize
	}
	if _, err := s.write.ExecContext(ctx, "COMMIT"); err != nil {
		return 0, fmt.Errorf("commit: %w", err)
	}
	return bytes, nil
}

// statements are those of the writing connection; only ops use them.
type statements struct {
	putBlob, putChunk, putLoose, dropBlob, dropChunks, dropLoose, findBlob *sql.Stmt
}

func (w *statements) prepare(ctx context.Context, conn *sql.Conn) (err error) {
	for dest, query := range w.all() {
		if *dest, err = conn.PrepareContext(ctx, query); err != nil {
			return fmt.Errorf("prepare %q: %w", query, err)
		}
	}
	return nil
}

// close has to come before that of the connection: package sql does not end what
// a *sql.Conn has prepared, and SQLite keeps a connection with open statements.
func (w *statements) close() error {
	var errs []error
	for s := range w.all() {
		if *s != nil {
			errs = append(errs, (*s).Close())
		}
	}
	return errors.Join(errs...)
}

func (w *statements) all() map[**sql.Stmt]string {
	return map[**sql.Stmt]string{
		&w.putBlob:    "INSERT INTO blob (id, num, size, crc) VALUES (?, ?, ?, ?)",
		&w.putChunk:   "INSERT INTO chunk (pos, crc, data) VALUES (?, ?, ?)",
		&w.putLoose:   "INSERT INTO loose (num) VALUES (?)",
		&w.dropBlob:   "DELETE FROM blob WHERE id = ?",
		&w.dropChunks: "DELETE FROM chunk WHERE pos >= ? AND pos < ?",
		&w.dropLoose:  "DELETE FROM loose WHERE num = ?",
		&w.findBlob:   "SELECT num, size FROM blob WHERE id = ?",
	}
}

func exec(s *sql.Stmt, what string, args ...any) error {
	if _, err := s.ExecContext(context.Background(), args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// addChunk writes a row of the chunks of num.
func (w *statements) addChunk(num int64, index int, crc uint64, data []byte) error {
	return exec(w.putChunk, "insert chunk", position(num, index), int64(crc), data)
}

// addBlob makes the chunks of num the blob of i.
func (w *statements) addBlob(num int64, i blob.Info) error {
	return exec(w.putBlob, "insert blob", string(i.ID), num, i.Size, int64(i.CRC))
}

// loosen says that the chunks of num belong to no blob.
func (w *statements) loosen(num int64) error { return exec(w.putLoose, "insert loose", num) }

// bind says that they do, or that there are none.
func (w *statements) bind(num int64) error { return exec(w.dropLoose, "delete loose", num) }

// removeChunks deletes n rows of the chunks of num from index on.
func (w *statements) removeChunks(num int64, index, n int) error {
	return exec(w.dropChunks, "delete chunks", position(num, index), position(num, index+n))
}

// removeBlob deletes the row of a blob, and returns the number of its chunks
// and its size; false if there is none.
func (w *statements) removeBlob(id blob.ID) (num, size int64, ok bool, err error) {
	err = w.findBlob.QueryRowContext(context.Background(), string(id)).Scan(&num, &size)
	if err == sql.ErrNoRows {
		return 0, 0, false, nil
	}
	if err != nil {
		return 0, 0, false, fmt.Errorf("find blob: %w", err)
	}
	return num, size, true, exec(w.dropBlob, "delete blob", string(id))
}
