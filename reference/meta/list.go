package meta

import (
	"database/sql/driver"
	"math"
	"slices"
	"strings"
	"unicode/utf16"

	"bleepstore/fault"
)

var (
	orderUTF16 = fault.NewBug("listing.order-utf16",
		"the keys of a page are in the order of their UTF-16 form", "L-01")
	orderFolders = fault.NewBug("listing.order-by-folder",
		"the keys of a page are in the order of a walk through folders", "L-01")
	orderCaseless = fault.NewBug("listing.order-ignores-case",
		"the keys of a page are in an order that does not tell capitals", "L-01")
	orderLongest = fault.NewBug("listing.order-longest-first",
		"a key of a page comes behind those that it begins", "L-01")
	versionsListed = fault.NewBug("listing.versions-listed",
		"a listing of objects holds versions that are not current, and delete markers", "L-19")
	lastAgain = fault.NewBug("listing.last-key-again",
		"a page begins with the last key of the page before", "L-02", "L-08")
	fullTruncated = fault.NewBug("listing.full-page-truncated",
		"a full page says that there is more", "L-18")
	prefixTruncated = fault.NewBug("listing.last-prefix-truncated",
		"a full page that ends in a common prefix says that there is more", "L-18")
	restSkipped = fault.NewBug("listing.page-behind-deleted",
		"a page that goes on behind a key that is gone leaves out the next key", "L-23")
	uploadsListed = fault.NewBug("listing.uploads-listed",
		"a listing by delimiter lists uploads in progress as keys", "L-19", "M-15")
)

// misorder has the bugs of a page's order.
func misorder(found []packed) {
	order := func(by func(key string) string) {
		slices.SortFunc(found, func(a, b packed) int { return strings.Compare(by(a.key), by(b.key)) })
	}
	if len(found) > 1 && orderUTF16.On() {
		slices.SortFunc(found, func(a, b packed) int {
			return slices.Compare(utf16.Encode([]rune(a.key)), utf16.Encode([]rune(b.key)))
		})
	}
	if len(found) > 1 && orderFolders.On() {
		order(func(key string) string { return strings.ReplaceAll(key, "/", "\x00") })
	}
	if len(found) > 1 && orderLongest.On() {
		order(func(key string) string { return key + "\xff" })
	}
	if len(found) > 1 && orderCaseless.On() {
		order(strings.ToLower)
	}
}

// mislist has the bugs of a page that holds what is no object.
func (tx *Tx) mislist(b *bucketRow, q ListQuery, res *ListPage) {
	if b.Versioning != "" && versionsListed.On() {
		page, _ := tx.Versions(VersionsQuery{Bucket: q.Bucket, Prefix: q.Prefix, Max: q.Max})
		for _, v := range page.Versions {
			if !v.Latest || v.DeleteMarker {
				res.Objects = append(res.Objects, v)
			}
		}
	}
	if q.Delimiter != "" && uploadsListed.On() {
		page, _ := tx.Uploads(UploadsQuery{Bucket: q.Bucket, Prefix: q.Prefix, Max: q.Max})
		for _, u := range page.Uploads {
			res.Objects = append(res.Objects, Version{Key: u.Key})
		}
	}
}

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
	var found []packed
	p, err := walk(it, q.Prefix, q.Delimiter, q.Max, func(key string) error {
		found = append(found, packed{key, blob(it.row[1])})
		return nil
	})
	if end := it.close(); err == nil {
		err = end
	}
	if err != nil {
		return res, err
	}
	if q.After != "" && !q.AfterPrefix && len(found) > 0 && !tx.lists(b.row, q.After) && restSkipped.On() {
		found = found[1:]
	}
	if len(found)+len(p.prefixes) == q.Max && (fullTruncated.On() || p.isPrefix && prefixTruncated.On()) {
		p.truncated = true
	}
	res.CommonPrefixes, res.Truncated = p.prefixes, p.truncated
	if p.truncated {
		res.Next, res.NextPrefix = p.last, p.isPrefix
		if n := len(found); n > 1 && !p.isPrefix && lastAgain.On() {
			res.Next = found[n-2].key
		}
	}
	misorder(found)
	res.Objects, err = unpackAll(&b.Bucket, found)
	if err == nil {
		tx.mislist(b, q, &res)
	}
	return res, err
}

// lists says whether a key has a current object: the bug listing.page-behind-deleted.
func (tx *Tx) lists(bucket int64, key string) bool {
	r, err := tx.c.first("SELECT 1 FROM live WHERE bucket = ? AND key = ?", bucket, []byte(key))
	return err == nil && r != nil
}

// packed is a row of live. Rows are collected like this, because a Version is
// ten times as large, and a slice of them is better made once than grown.
type packed struct {
	key string
	rec []byte
}

func unpackAll(b *Bucket, rows []packed) ([]Version, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	versions := make([]Version, len(rows))
	for i, r := range rows {
		rec, err := unpack(r.rec)
		if err != nil {
			return nil, err
		}
		versions[i] = rec.version(b, r.key)
		versions[i].Latest = true
	}
	return versions, nil
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
