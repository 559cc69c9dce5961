package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"io"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/block"

	"github.com/minio/crc64nvme"
)

// pageLen is how many rows a query of List returns.
const pageLen = 1000

func (s *Store) prepareReads(ctx context.Context) (err error) {
	for dest, query := range map[**sql.Stmt]string{
		&s.readBlob:  "SELECT num, size, crc FROM blob WHERE id = ?",
		&s.readChunk: "SELECT crc, data FROM chunk WHERE pos = ?",
		&s.readPage:  "SELECT id, size, crc FROM blob WHERE id > ? ORDER BY id LIMIT ?",
	} {
		if *dest, err = s.readDB.PrepareContext(ctx, query); err != nil {
			return fmt.Errorf("prepare %q: %w", query, err)
		}
	}
	return nil
}

// Open looks the blob up; its reader queries one chunk after the other.
func (s *Store) Open(ctx context.Context, id blob.ID, off, n int64) (io.ReadCloser, error) {
	if err := id.Check(); err != nil {
		return nil, err
	}
	num, info, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	span, err := block.NewSpan(id, info.Size, off, n)
	if err != nil {
		return nil, err
	}
	return block.NewReader(ctx, &source{s: s, id: id, num: num}, span), nil
}

// Stat looks the blob up.
func (s *Store) Stat(ctx context.Context, id blob.ID) (blob.Info, error) {
	if err := id.Check(); err != nil {
		return blob.Info{}, err
	}
	_, info, err := s.find(ctx, id)
	return info, err
}

// find returns the blob id and the number of its chunks.
func (s *Store) find(ctx context.Context, id blob.ID) (num int64, _ blob.Info, _ error) {
	i := blob.Info{ID: id}
	var crc int64
	err := s.readBlob.QueryRowContext(ctx, string(id)).Scan(&num, &i.Size, &crc)
	if err == sql.ErrNoRows {
		return 0, blob.Info{}, fmt.Errorf("%s: %w", id, blob.ErrNotFound)
	}
	if err != nil {
		return 0, blob.Info{}, readFailure(ctx, fmt.Errorf("%s: find blob: %w", id, err))
	}
	i.CRC = uint64(crc)
	return num, i, nil
}

// List queries a page, and ends the query before it calls fn.
func (s *Store) List(ctx context.Context, after blob.ID, fn func(blob.Info) error) error {
	for {
		page, err := s.page(ctx, after)
		if err != nil {
			return readFailure(ctx, fmt.Errorf("list blobs: %w", err))
		}
		for _, i := range page {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := fn(i); err != nil {
				return err
			}
			after = i.ID
		}
		if len(page) < pageLen {
			return nil
		}
	}
}

func (s *Store) page(ctx context.Context, after blob.ID) ([]blob.Info, error) {
	rows, err := s.readPage.QueryContext(ctx, string(after), pageLen)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var page []blob.Info
	for rows.Next() {
		var i blob.Info
		var crc int64
		if err := rows.Scan(&i.ID, &i.Size, &crc); err != nil {
			return nil, err
		}
		i.CRC = uint64(crc)
		page = append(page, i)
	}
	return page, rows.Err()
}

// source is the chunks of a blob, as block.Blocks.
type source struct {
	s   *Store
	id  blob.ID
	num int64
}

func (c *source) Close() error { return nil }

// Next reads one chunk in a query of its own.
func (c *source) Next(ctx context.Context, i int, p []byte) error {
	rows, err := c.s.readChunk.QueryContext(ctx, position(c.num, i))
	if err != nil {
		return readFailure(ctx, fmt.Errorf("%s: read chunk %d: %w", c.id, i, err))
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return readFailure(ctx, fmt.Errorf("%s: read chunk %d: %w", c.id, i, err))
		}
		rows.Close()
		return c.missing(ctx, i)
	}
	var crc int64
	var data sql.RawBytes // valid until rows is closed: saves a copy
	if err := rows.Scan(&crc, &data); err != nil {
		return readFailure(ctx, fmt.Errorf("%s: read chunk %d: %w", c.id, i, err))
	}
	if len(data) != len(p) {
		return fmt.Errorf("%s: chunk %d has %d bytes, not %d: %w", c.id, i, len(data), len(p), blob.ErrCorrupt)
	}
	if crc64nvme.Update(0, data) != uint64(crc) {
		return fmt.Errorf("%s: chunk %d: %w", c.id, i, blob.ErrCorrupt)
	}
	copy(p, data)
	return nil
}

// missing returns why there is no chunk i: the blob was deleted, or it lost it.
func (c *source) missing(ctx context.Context, i int) error {
	num, _, err := c.s.find(ctx, c.id)
	if err != nil {
		return err
	}
	if num != c.num {
		return fmt.Errorf("%s: %w", c.id, blob.ErrNotFound)
	}
	return fmt.Errorf("%s: chunk %d is missing: %w", c.id, i, blob.ErrCorrupt)
}

// readFailure is failure for queries, which end when ctx does.
func readFailure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return failure(err)
}
