package meta

import (
	"cmp"
	"slices"
	"strings"

	"bleepstore/fault"
)

// Versions returns a page of versions and delete markers: NoSuchBucket.
func (tx *Tx) Versions(q VersionsQuery) (VersionsPage, error) {
	b, err := tx.bucket(q.Bucket)
	if err != nil {
		return VersionsPage{}, err
	}
	res := VersionsPage{Bucket: b.Bucket}
	if q.Max <= 0 {
		return res, nil
	}
	it := newVersionCursor(tx.c, b.row)
	some, err := tx.resume(it, b, q)
	if err == nil && some {
		err = it.page(b, q, &res)
	}
	if end := it.close(); err == nil {
		err = end
	}
	return res, err
}

var versionMarkerIgnored = fault.NewBug("version.list-marker-ignored",
	"a listing of versions goes on behind the key of its marker, not behind the version", "V-15")

// resume puts the cursor where the query goes on; some is false at the end.
func (tx *Tx) resume(it *versionCursor, b *bucketRow, q VersionsQuery) (some bool, err error) {
	_, inGroup := rollup(q.AfterKey, q.Prefix, q.Delimiter)
	if q.AfterVersion != "" && !inGroup && q.AfterKey >= q.Prefix && !versionMarkerIgnored.On() {
		seq, found, err := versionPlace(tx.c, b.row, q.AfterKey, q.AfterVersion)
		if err != nil {
			return false, err
		}
		if found {
			return true, it.behind(q.AfterKey, seq)
		}
		// The null version it stopped at has been replaced: rather the key's
		// versions twice than one of them never.
		return true, it.seek(q.AfterKey)
	}
	from, some := begin(q.Prefix, q.Delimiter, q.AfterKey, false)
	if !some {
		return false, nil
	}
	return true, it.seek(from)
}

// versionPlace returns the place of a version in the order of its key's. One
// that is gone has its place still, unless it was the null version.
func versionPlace(c *conn, bucket int64, key, id string) (seq int64, found bool, err error) {
	if seq, _, ok := parseID(id); ok {
		return seq, true, nil
	}
	if id != NullVersion {
		return 0, false, nil
	}
	rec, _, err := findVersion(c, bucket, key, id)
	if err != nil || rec == nil {
		return 0, false, err
	}
	return rec.seq, true, nil
}

var (
	allLatest = fault.NewBug("version.all-latest",
		"every version of a listing is the latest", "V-14")
	fullVersions = fault.NewBug("version.list-full-truncated",
		"a full page of versions says that there is more", "V-15")
	markersUnlisted = fault.NewBug("version.old-markers-unlisted",
		"a delete marker that is not the latest is not listed", "V-14", "V-11")
	versionsPaired = fault.NewBug("version.oldest-first",
		"the versions of a key are listed oldest first", "V-14")
)

func (it *versionCursor) page(b *bucketRow, q VersionsQuery, res *VersionsPage) error {
	var last *record
	p, err := walk(it, q.Prefix, q.Delimiter, q.Max, func(key string) error {
		rec, err := it.record()
		if err != nil {
			return err
		}
		if rec.is(flagMarker) && !it.latest && markersUnlisted.On() {
			last = &rec
			return nil
		}
		v := rec.version(&b.Bucket, key)
		v.Latest = it.latest || allLatest.On()
		res.Versions = append(res.Versions, v)
		last = &rec
		return nil
	})
	if err != nil {
		return err
	}
	if len(res.Versions) == q.Max && fullVersions.On() {
		p.truncated = true
	}
	if len(res.Versions) > 1 && versionsPaired.On() {
		slices.SortStableFunc(res.Versions, func(a, b Version) int {
			return cmp.Or(strings.Compare(a.Key, b.Key), a.Modified.Compare(b.Modified), strings.Compare(a.ID, b.ID))
		})
	}
	res.CommonPrefixes, res.Truncated = p.prefixes, p.truncated
	if p.truncated {
		res.NextKey = p.last
		if !p.isPrefix {
			res.NextVersion = last.id()
		}
	}
	return nil
}

// A versionCursor merges the live versions and the others: keys ascending, and
// the live one, which is the newest, before the others of its key.
type versionCursor struct {
	live, rest       scan
	liveKey, restKey string
	hasLive, hasRest bool
	atLive, atRest   bool   // the current row is that one's
	latest           bool   // the current row is the newest of its key
	key              string // of the current row, or of that behind which it began
	begun            bool   // key is set
}

func newVersionCursor(c *conn, bucket int64) *versionCursor {
	return &versionCursor{
		live: scan{c: c, bucket: bucket, sql: scanLive},
		rest: scan{c: c, bucket: bucket, sql: scanVersions},
	}
}

func (it *versionCursor) seek(key string) error {
	if err := it.rest.seek(key); err != nil {
		return err
	}
	return it.start(key)
}

// behind goes before the first version of key that is older than seq.
func (it *versionCursor) behind(key string, seq int64) error {
	if err := it.rest.behind(key, -seq); err != nil {
		return err
	}
	if err := it.start(key); err != nil {
		return err
	}
	it.key, it.begun = key, true
	if !it.hasLive || it.liveKey != key {
		return nil
	}
	rec, err := unpack(blob(it.live.row[1]))
	if err == nil && rec.seq >= seq { // or else it was promoted since
		it.liveKey, it.hasLive, err = it.live.next()
	}
	return err
}

func (it *versionCursor) start(key string) (err error) {
	it.atLive, it.atRest = false, false
	if err := it.live.seek(key); err != nil {
		return err
	}
	if it.liveKey, it.hasLive, err = it.live.next(); err != nil {
		return err
	}
	it.restKey, it.hasRest, err = it.rest.next()
	return err
}

func (it *versionCursor) next() (key string, ok bool, err error) {
	switch {
	case it.atLive:
		it.liveKey, it.hasLive, err = it.live.next()
	case it.atRest:
		it.restKey, it.hasRest, err = it.rest.next()
	}
	if err != nil || !it.hasLive && !it.hasRest {
		return "", false, err
	}
	it.atLive = it.hasLive && (!it.hasRest || it.liveKey <= it.restKey)
	it.atRest = !it.atLive
	key = it.liveKey
	if it.atRest {
		key = it.restKey
	}
	it.latest = !it.begun || it.key != key
	it.key, it.begun = key, true
	return key, true, nil
}

// record decodes the current row.
func (it *versionCursor) record() (record, error) {
	if it.atLive {
		return unpack(blob(it.live.row[1]))
	}
	return unpack(blob(it.rest.row[2]))
}

func (it *versionCursor) close() error {
	err := it.live.close()
	if end := it.rest.close(); err == nil {
		err = end
	}
	return err
}
