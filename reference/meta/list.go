package meta

import (
	"database/sql/driver"
	"math"
)

// List returns a page of current objects: NoSuchBucket.
func (tx *Tx) List(q ListQuery) (ListPage, error) {
	b, err := tx.bucket(q.Bucket)
	if err != nil {
		return ListPage{}, err
	}
	res := ListPage{Bucket: b.Bucket}
	it := &scan{c: tx.c, bucket: b.row, sql: scanLive}
	from, some := begin(q.Prefix, q.Delimiter, q.After, q.AfterPrefix)
	if !some || q.Max <= 0 {
		return res, nil
	}
	if err := it.seek(from); err != nil {
		return res, err
	}
	p, err := walk(it, q.Prefix, q.Delimiter, q.Max, func(key string) error {
		rec, err := unpack(blob(it.row[1]))
		if err != nil {
			return err
		}
		v := rec.version(b.Name, key)
		v.Latest = true
		res.Objects = append(res.Objects, v)
		return nil
	})
	if end := it.close(); err == nil {
		err = end
	}
	res.CommonPrefixes, res.Truncated = p.prefixes, p.truncated
	if p.truncated {
		res.Next, res.NextPrefix = p.last, p.isPrefix
	}
	return res, err
}

// Scans read on from a place (key, minor), where minor orders the rows of one
// key; their first column is the key.
const (
	scanLive     = "SELECT key, rec FROM live WHERE bucket = ? AND key >= ? ORDER BY key"
	scanVersions = "SELECT key, nseq, rec FROM version WHERE bucket = ? AND (key, nseq) > (?, ?) ORDER BY key, nseq"
	scanUploads  = "SELECT key, " + uploadColumns + " FROM upload WHERE bucket = ? AND (key, id) > (?, ?) ORDER BY key, id"
)

// A scan is a cursor over one table.
type scan struct {
	c      *conn
	bucket int64
	sql    string
	rows   *rows // nil before seek
	row    []driver.Value
}

func (s *scan) seek(key string) error {
	if s.sql == scanLive {
		return s.start(s.bucket, []byte(key))
	}
	return s.behind(key, math.MinInt64)
}

// behind goes before the first row behind (key, minor).
func (s *scan) behind(key string, minor int64) error {
	return s.start(s.bucket, []byte(key), minor)
}

func (s *scan) start(args ...driver.Value) (err error) {
	if err := s.close(); err != nil {
		return err
	}
	s.rows, err = s.c.query(s.sql, args...)
	return err
}

func (s *scan) next() (string, bool, error) {
	ok, err := s.rows.next()
	if err != nil || !ok {
		return "", false, err
	}
	s.row = s.rows.row
	return string(blob(s.row[0])), true, nil
}

func (s *scan) close() error {
	if s.rows == nil {
		return nil
	}
	r := s.rows
	s.rows = nil
	return r.close()
}
