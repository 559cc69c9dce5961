package meta

import (
	"database/sql/driver"
	"fmt"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

// A Tx reads the state at one moment. It is valid only inside View's fn and is
// not for concurrent use. Errors that are *errcode.Error are the client's
// (NoSuchBucket, NoSuchKey, NoSuchVersion, NoSuchUpload); others are faults.
type Tx struct {
	c       *conn
	buckets *bucketCache // nil: asks the database
	gen     uint64       // of buckets when the transaction began
	trusted bool         // a bucket came from there
}

func (tx *Tx) bucket(name string) (*bucketRow, error) {
	if tx.buckets != nil {
		if b := tx.buckets.get(name, tx.gen); b != nil {
			tx.trusted = true
			return b, nil
		}
	}
	b, err := findBucket(tx.c, name)
	if err == nil && b == nil {
		err = noSuchBucket(name)
	}
	if err == nil && tx.buckets != nil {
		tx.buckets.put(b, tx.gen)
	}
	return b, err
}

// Bucket returns one bucket: NoSuchBucket.
func (tx *Tx) Bucket(name string) (Bucket, error) {
	b, err := tx.bucket(name)
	if err != nil {
		return Bucket{}, err
	}
	return b.Bucket, nil
}

var (
	pageOverlaps = fault.NewBug("bucket.page-overlaps",
		"a page of ListBuckets begins with the last bucket of the page before", "B-15")
	prefixNeverLast = fault.NewBug("bucket.prefix-never-last",
		"ListBuckets with a prefix has a ContinuationToken though no bucket is left", "B-22")
	pageNeverLast = fault.NewBug("bucket.page-never-last",
		"a full page of ListBuckets has a ContinuationToken though no bucket is left", "B-15")
)

// Buckets returns a page of buckets (B-14 to B-16).
func (tx *Tx) Buckets(q BucketsQuery) (page BucketsPage, err error) {
	if q.Max <= 0 {
		return page, nil
	}
	from := max(q.Prefix, q.After+"\x00")
	if q.After == "" {
		from = q.Prefix
	} else if pageOverlaps.On() {
		from = q.After
	}
	to, bounded := successor(q.Prefix)
	if !bounded {
		to = "\xff"
	}
	where := "SELECT " + bucketColumns + " FROM bucket WHERE name >= ?1 AND name < ?2 AND (?3 = '' OR region = ?3)"
	if q.Owner != "" {
		where = "SELECT " + bucketColumns + " FROM bucket WHERE owner = ?5 AND name >= ?1 AND name < ?2 AND (?3 = '' OR region = ?3)"
	}
	args := []driver.Value{from, to, q.Region, int64(q.Max) + 1}
	if q.Owner != "" {
		args = append(args, q.Owner)
	}
	err = tx.c.each(func(r []driver.Value) error {
		if len(page.Buckets) == q.Max {
			page.Next = page.Buckets[q.Max-1].Name
			return nil
		}
		b, err := bucketOf(r)
		if err == nil {
			page.Buckets = append(page.Buckets, b.Bucket)
		}
		return err
	}, where+" ORDER BY name LIMIT ?4", args...)
	if len(page.Buckets) == q.Max && pageNeverLast.On() {
		page.Next = page.Buckets[q.Max-1].Name
	}
	if n := len(page.Buckets); n > 0 && q.Prefix != "" && prefixNeverLast.On() {
		page.Next = page.Buckets[n-1].Name
	}
	return page, err
}

var (
	goneIsCurrent = fault.NewBug("version.gone-is-current",
		"a version that is gone reads as the current one", "V-05")
	nullIsCurrent = fault.NewBug("version.null-is-current",
		"the version null of a key that has none is the current one", "version.get.no-null")
	nullUnknown = fault.NewBug("version.null-unread",
		"the version null is not found where it is the current one", "V-03", "V-04", "V-12")
)

// locate returns a version of a key ("": the newest): NoSuchKey, NoSuchVersion.
func locate(c *conn, bucket int64, key, version string) (rec *record, live bool, err error) {
	if version != "" {
		rec, live, err = findVersion(c, bucket, key, version)
		if rec != nil && live && version == NullVersion && nullUnknown.On() {
			rec, live = nil, false
		}
		if err == nil && rec == nil && (goneIsCurrent.On() || version == NullVersion && nullIsCurrent.On()) {
			return locate(c, bucket, key, "")
		}
		if err == nil && rec == nil {
			err = (&errcode.Error{Code: errcode.NoSuchVersion}).With("Key", key).With("VersionId", version)
		}
		return rec, live, err
	}
	if rec, err = liveRecord(c, bucket, key); err != nil || rec != nil {
		return rec, true, err
	}
	rec, err = newest(c, bucket, key)
	if err == nil && rec == nil {
		err = noSuchKey(key)
	}
	return rec, false, err
}

// newest returns the newest version of a key that is not the live one.
func newest(c *conn, bucket int64, key string) (*record, error) {
	return recordOf(c.first("SELECT rec FROM version WHERE bucket = ? AND key = ? ORDER BY nseq LIMIT 1", bucket, []byte(key)))
}

// Object returns one version of a key ("": the current one) without its bytes
// and without Parts: NoSuchBucket, NoSuchKey (no version at all), NoSuchVersion.
// A delete marker is returned as such, not as an error.
func (tx *Tx) Object(bucket, key, version string) (Object, error) {
	b, err := tx.bucket(bucket)
	if err != nil {
		return Object{}, err
	}
	if version == "" {
		o, err := tx.current(b, key)
		if err != nil || o != nil {
			return deref(o), err
		}
	}
	rec, live, err := locate(tx.c, b.row, key, version)
	if err != nil {
		return Object{}, err
	}
	packed, err := attrsOf(tx.c, b.row, key, rec, live)
	if err != nil {
		return Object{}, err
	}
	o, err := objectOf(b, key, rec, packed)
	if err != nil {
		return Object{}, err
	}
	o.Latest = live
	if rec.is(flagMarker) && !live {
		cur, err := liveRecord(tx.c, b.row, key)
		if err != nil {
			return Object{}, err
		}
		top, err := newest(tx.c, b.row, key)
		if err != nil {
			return Object{}, err
		}
		o.Latest = cur == nil && top.seq == rec.seq
	}
	return *o, nil
}

// current is the way of nearly all reads: one row, nil when there is none.
func (tx *Tx) current(b *bucketRow, key string) (*Object, error) {
	r, err := tx.c.first("SELECT rec, attrs FROM live WHERE bucket = ? AND key = ?", b.row, []byte(key))
	if err != nil || r == nil {
		return nil, err
	}
	rec, err := unpack(blob(r[0]))
	if err != nil {
		return nil, err
	}
	o, err := objectOf(b, key, &rec, blob(r[1]))
	if o != nil {
		o.Latest = true
	}
	return o, err
}

func objectOf(b *bucketRow, key string, rec *record, packed []byte) (*Object, error) {
	o := &Object{Version: rec.version(&b.Bucket, key), BucketInfo: b.Bucket, content: rec.content}
	if err := unpackAttrs(packed, &o.Attributes); err != nil {
		return nil, err
	}
	if b.Enforced() && !DisabledCounts.On() {
		o.ACL = nil
	}
	if !rec.is(flagPlain) {
		o.Content = rec.content
	}
	return o, nil
}

func deref(o *Object) Object {
	if o == nil {
		return Object{}
	}
	return *o
}

// Body fills o.Inline and o.Extents, in the same View that returned o.
func (tx *Tx) Body(o *Object) (err error) {
	o.Inline, o.Extents = nil, nil
	if o.content == 0 {
		return nil
	}
	if o.Content == 0 {
		o.Inline, err = inlineRow(tx.c, inlineID(o.content, 0))
		return err
	}
	var runs []run
	err = tx.c.each(func(r []driver.Value) error {
		runs = append(runs, runOf(r))
		return nil
	}, selectRuns, o.content)
	if err == nil && len(runs) == 0 && o.Size > 0 {
		err = fmt.Errorf("content %d of %s is missing", o.content, o.Key)
		if cephComplete.On() || cephAbort.On() {
			err = noSuchKey(o.Key)
		}
	}
	if err != nil {
		return err
	}
	o.Extents = make([]Extent, 0, len(runs))
	starts := map[int64]int64{} // of a part's inline row in o.Inline
	for _, e := range runs {
		if e.Blob == "" {
			row := inlineID(o.content, e.n>>32)
			if _, there := starts[row]; !there {
				data, err := inlineRow(tx.c, row)
				if err != nil {
					return err
				}
				starts[row] = int64(len(o.Inline))
				o.Inline = append(o.Inline, data...)
			}
			e.Off += starts[row]
		}
		o.Extents = append(o.Extents, e.Extent)
	}
	return nil
}

// ObjectParts returns the parts of an object made by CompleteUpload, at most
// max of them with numbers above after, ascending; none for any other object.
func (tx *Tx) ObjectParts(o *Object, after, max int) ([]PartInfo, error) {
	if o.PartCount == 0 {
		return nil, nil
	}
	var parts []PartInfo
	err := tx.eachPart(o.content, after, max, func(p Part) {
		parts = append(parts, PartInfo{Number: p.Number, Size: p.Size, Checksum: p.Checksum})
	})
	return parts, err
}

func (tx *Tx) eachPart(content int64, after, max int, fn func(Part)) error {
	return tx.c.each(func(r []driver.Value) error {
		fn(Part{
			Number: int(num(r[0])), Size: num(r[1]), ETag: text(r[2]), Modified: fromMilli(num(r[3])),
			Checksum: Checksum{Algorithm: text(r[4]), Type: text(r[5]), Value: text(r[6])},
		})
		return nil
	}, "SELECT number, size, etag, modified, algorithm, type, value FROM part WHERE content = ? AND number > ? ORDER BY number LIMIT ?",
		content, int64(after), int64(max))
}
