package meta

import (
	"database/sql/driver"

	"bleepstore/fault"
)

// Upload returns an upload in progress: NoSuchBucket, NoSuchUpload (also when
// the id belongs to another key).
func (tx *Tx) Upload(bucket, key, id string) (Upload, error) {
	_, u, err := tx.upload(bucket, key, id)
	if err != nil {
		return Upload{}, err
	}
	return u.Upload, nil
}

func (tx *Tx) upload(bucket, key, id string) (*bucketRow, *uploadRow, error) {
	b, err := tx.bucket(bucket)
	if err != nil {
		return nil, nil, err
	}
	u, err := upload(tx.c, b, key, id)
	if err != nil {
		return nil, nil, err
	}
	err = u.open(&b.Bucket)
	return b, u, err
}

var partSkipped = fault.NewBug("multipart.list-parts-skips",
	"NextPartNumberMarker names the first part of the next page, which is then left out", "M-19")

// Parts returns a page of an upload's parts: NoSuchBucket, NoSuchUpload.
func (tx *Tx) Parts(q PartsQuery) (page PartsPage, err error) {
	b, u, err := tx.upload(q.Bucket, q.Key, q.UploadID)
	if err != nil {
		return page, err
	}
	page.Bucket, page.Upload = b.Bucket, u.Upload
	if q.Max <= 0 {
		return page, nil
	}
	err = tx.eachPart(u.row, q.After, q.Max+1, func(p Part) {
		if len(page.Parts) == q.Max {
			page.Truncated, page.Next = true, page.Parts[q.Max-1].Number
			if partSkipped.On() {
				page.Next = p.Number
			}
			return
		}
		page.Parts = append(page.Parts, p)
	})
	return page, err
}

// Completed returns the version that a recently completed upload became, and
// whether it is remembered; without Attributes.
func (tx *Tx) Completed(bucket, key, uploadID string) (Version, bool, error) {
	b, err := tx.bucket(bucket)
	if err != nil {
		return Version{}, false, err
	}
	rec, err := completed(tx.c, b, key, uploadID)
	if err != nil || rec == nil {
		return Version{}, false, err
	}
	return rec.version(&b.Bucket, key), true, nil
}

// StaleUploads returns the ids of at most max uploads that were initiated
// before the given Unix milliseconds or whose bucket is gone, oldest first.
func (tx *Tx) StaleUploads(before int64, max int) (ids []string, err error) {
	err = tx.c.each(func(r []driver.Value) error {
		ids = append(ids, wireID(num(r[0]), text(r[1])))
		return nil
	}, "SELECT id, suffix FROM upload WHERE initiated < ? OR bucket NOT IN (SELECT id FROM bucket) ORDER BY id LIMIT ?", before, int64(max))
	return ids, err
}

// Referenced tells of each blob whether any content, even garbage, names it.
func (tx *Tx) Referenced(blobs []string) ([]bool, error) {
	named := make([]bool, len(blobs))
	for i, b := range blobs {
		var err error
		if named[i], err = referenced(tx.c, b); err != nil {
			return nil, err
		}
	}
	return named, nil
}

const selectBlobs = "SELECT DISTINCT blob FROM extent WHERE blob <> '' AND blob > ? ORDER BY blob LIMIT ?"

// Blobs returns the blobs that any content names, even garbage, each once: at
// most max of them above after, ascending. A page costs as much as there are
// extents that name its blobs.
func (tx *Tx) Blobs(after string, max int) (ids []string, err error) {
	err = tx.c.each(func(r []driver.Value) error {
		ids = append(ids, text(r[0]))
		return nil
	}, selectBlobs, after, int64(max))
	return ids, err
}

// A NamedBlob is a blob, with how many of its bytes are named at most.
type NamedBlob struct {
	ID   string
	Size int64
}

// BlobSizes is Blobs with sizes.
func (tx *Tx) BlobSizes(after string, max int) (all []NamedBlob, err error) {
	err = tx.c.each(func(r []driver.Value) error {
		all = append(all, NamedBlob{text(r[0]), num(r[1])})
		return nil
	}, "SELECT blob, MAX(off + len) FROM extent WHERE blob <> '' AND blob > ? GROUP BY blob ORDER BY blob LIMIT ?", after, int64(max))
	return all, err
}

// Stats returns the figures of the store.
func (tx *Tx) Stats() (Stats, error) {
	st, err := readState(tx.c)
	if err != nil {
		return Stats{}, err
	}
	r, err := tx.c.first("SELECT (SELECT COUNT(*) FROM bucket), (SELECT COUNT(*) FROM garbage), (SELECT COUNT(*) FROM upload)")
	if err != nil {
		return Stats{}, err
	}
	return Stats{
		Applied: st.applied, Term: st.term, Stamp: fromMilli(st.stamp), Epoch: st.epoch, Version: st.version,
		Objects: st.objects, Bytes: st.bytes, Buckets: num(r[0]), Garbage: num(r[1]), Uploads: num(r[2]),
	}, nil
}
