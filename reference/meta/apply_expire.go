package meta

import (
	"database/sql/driver"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/lifecycle"
)

// MaxExpired is the most versions of one key that an Expire changes.
const MaxExpired = 1000

var (
	overwriteExpired = fault.NewBug("lifecycle.unversioned-kept",
		"an object of a bucket without versions does not expire", "LC-10")
	versionedRemoved = fault.NewBug("lifecycle.expiry-removes-version",
		"the current version of a versioned bucket is removed where it expires, without a delete marker", "LC-10")
	uploadsKept = fault.NewBug("lifecycle.uploads-kept",
		"AbortIncompleteMultipartUpload is not carried out", "LC-12")
)

// lifecycleOf is the lifecycle of b, nil where there is none. What a bucket was
// given that is no configuration is none: the proposer has checked it.
func lifecycleOf(b *Bucket) *lifecycle.Configuration {
	c, err := lifecycle.Decode(b.Settings[Lifecycle])
	if err != nil {
		return nil
	}
	return c
}

// expire carries out a bucket's lifecycle. It decides anew, on what is there
// now: between the proposal and this every key may have been written.
func (m *machine) expire(op Expire) (Result, error) {
	b, err := m.bucket(op.Bucket)
	if err != nil {
		return Result{}, err
	}
	r := Result{Bucket: b.Bucket}
	c := lifecycleOf(&b.Bucket)
	if c == nil {
		return r, nil
	}
	at := fromMilli(op.At)
	for _, key := range op.Keys {
		if err := m.expireKey(b, c, key, at); err != nil {
			return Result{}, err
		}
	}
	for _, id := range op.Uploads {
		u, err := findUpload(m.c, id)
		if err != nil {
			return Result{}, err
		}
		if u == nil || u.bucket != b.row {
			continue
		}
		if e := c.Aborts(u.Key, u.Initiated); e == nil || at.Before(e.At) || uploadsKept.On() {
			continue
		}
		if err := m.endUpload(u, true); err != nil {
			return Result{}, err
		}
	}
	return r, nil
}

func (m *machine) expireKey(b *bucketRow, c *lifecycle.Configuration, key string, at time.Time) error {
	versions, err := lifeOf(m.c, b, key, c.Tagged())
	if err != nil {
		return err
	}
	for _, a := range c.Act(key, versions, at, MaxExpired) {
		switch {
		case a.Kind == lifecycle.Transit:
			err = m.transit(b, key, a)
		case a.Kind == lifecycle.Delete && b.Versioning == "" && overwriteExpired.On():
		case a.Kind == lifecycle.Remove, b.Versioning != "" && versionedRemoved.On():
			_, err = m.deleteVersion(b, DeleteItem{Key: key, VersionID: a.Version}) // its refusal is of a locked version, which stays
		default:
			_, err = m.deleteItem(b, b.Owner, DeleteItem{Key: key}, false)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// transit changes the storage class of a version, and nothing else of it.
func (m *machine) transit(b *bucketRow, key string, a lifecycle.Action) error {
	rec, live, err := findVersion(m.c, b.row, key, a.Version)
	if err != nil || rec == nil {
		return err
	}
	rec.class = a.Class
	if live {
		return m.c.exec("UPDATE live SET rec = ? WHERE bucket = ? AND key = ?", rec.pack(), b.row, []byte(key))
	}
	return m.c.exec("UPDATE version SET rec = ? WHERE bucket = ? AND key = ? AND nseq = ?", rec.pack(), b.row, []byte(key), -rec.seq)
}

const (
	selectLive     = "SELECT rec, attrs FROM live WHERE bucket = ? AND key = ?"
	selectVersions = "SELECT rec, attrs FROM version WHERE bucket = ? AND key = ? ORDER BY nseq"
)

// lifeOf reads what a lifecycle asks of the versions of a key, newest first; tags
// only where tagged.
func lifeOf(c *conn, b *bucketRow, key string, tagged bool) (versions []lifecycle.Version, err error) {
	add := func(r []driver.Value) error {
		rec, err := unpack(blob(r[0]))
		if err != nil {
			return err
		}
		v := lifecycle.Version{ID: rec.id(), Modified: fromMilli(rec.modified), Marker: rec.is(flagMarker), Size: rec.size, Class: rec.class}
		if tagged && r[1] != nil {
			var a Attributes
			if err := unpackAttrs(blob(r[1]), &a); err != nil {
				return err
			}
			v.Tags = lifeTags(a.Tags)
		}
		versions = append(versions, v)
		return nil
	}
	if err := c.each(add, selectLive, b.row, []byte(key)); err != nil || b.Versioning == "" {
		return versions, err
	}
	return versions, c.each(add, selectVersions, b.row, []byte(key))
}

func lifeTags(tags []Tag) []lifecycle.Tag {
	out := make([]lifecycle.Tag, len(tags))
	for i, t := range tags {
		out[i] = lifecycle.Tag(t)
	}
	return out
}

// A DuePage is a page of a bucket as its lifecycle sees it.
type DuePage struct {
	Keys []string // for which something is due, ascending
	// Next is the key behind which the next page begins; "" on the last.
	Next string
}

// Due reads up to max keys of a bucket above after, deleted ones too, and returns
// those for which its lifecycle has something to do as of at: NoSuchBucket.
func (tx *Tx) Due(bucket, after string, at time.Time, max int) (DuePage, error) {
	b, err := tx.bucket(bucket)
	if err != nil {
		return DuePage{}, err
	}
	c := lifecycleOf(&b.Bucket)
	if c == nil {
		return DuePage{}, nil
	}
	keys, err := tx.keysBehind(b, after, max)
	if err != nil {
		return DuePage{}, err
	}
	var page DuePage
	if len(keys) == max {
		page.Next = keys[max-1]
	}
	for _, key := range keys {
		versions, err := lifeOf(tx.c, b, key, c.Tagged())
		if err != nil {
			return DuePage{}, err
		}
		if len(c.Act(key, versions, at, 1)) > 0 {
			page.Keys = append(page.Keys, key)
		}
	}
	return page, nil
}

// keysBehind returns up to max keys above after that have a version.
func (tx *Tx) keysBehind(b *bucketRow, after string, max int) (keys []string, err error) {
	it := newVersionCursor(tx.c, b.row)
	defer func() {
		if end := it.close(); err == nil {
			err = end
		}
	}()
	if err := it.seek(after + "\x00"); err != nil { // no key is ""
		return nil, err
	}
	for len(keys) < max {
		key, ok, err := it.next()
		if err != nil || !ok {
			return keys, err
		}
		if it.latest {
			keys = append(keys, key)
		}
	}
	return keys, nil
}
