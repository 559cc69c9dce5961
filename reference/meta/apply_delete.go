package meta

import (
	"database/sql/driver"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

// recordOf decodes the column rec of a row that may be missing.
func recordOf(r []driver.Value, err error) (*record, error) {
	if err != nil || r == nil {
		return nil, err
	}
	rec, err := unpack(blob(r[0]))
	if err != nil {
		return nil, err
	}
	return &rec, nil
}

// nullRecord returns a key's null version where it is not the live one.
func nullRecord(c *conn, bucket int64, key string) (*record, error) {
	return recordOf(c.first("SELECT rec FROM version WHERE bucket = ? AND key = ? AND null_version = 1", bucket, []byte(key)))
}

var nullLost = fault.NewBug("version.null-lost",
	"the null version is not found by its id once it is not the current one", "V-03", "V-09", "V-12")

// findVersion returns the version of that id, nil when there is none, and
// whether it is the live one.
func findVersion(c *conn, bucket int64, key, id string) (rec *record, live bool, err error) {
	cur, err := liveRecord(c, bucket, key)
	if err != nil {
		return nil, false, err
	}
	if cur != nil && cur.id() == id {
		return cur, true, nil
	}
	if id == NullVersion && nullLost.On() {
		return nil, false, nil
	}
	if id == NullVersion {
		rec, err = nullRecord(c, bucket, key)
		return rec, false, err
	}
	seq, _, ok := parseID(id)
	if !ok {
		return nil, false, nil
	}
	rec, err = recordOf(c.first("SELECT rec FROM version WHERE bucket = ? AND key = ? AND nseq = ?", bucket, []byte(key), -seq))
	if err != nil || rec == nil || rec.id() != id {
		return nil, false, err
	}
	return rec, false, nil
}

func (m *machine) deleteObject(op DeleteObject) (Result, error) {
	b, err := m.bucket(op.Bucket)
	if err != nil {
		return Result{}, err
	}
	d, err := m.deleteItem(b, op.Owner, op.Item, op.OwnOnly)
	return Result{Bucket: b.Bucket, Deleted: []Deleted{d}, Err: d.Err}, err
}

func (m *machine) deleteObjects(op DeleteObjects) (Result, error) {
	b, err := m.bucket(op.Bucket)
	if err != nil {
		return Result{}, err
	}
	if manyRefused.On() {
		if err := m.keepsAny(b, op.Items); err != nil {
			return Result{}, err
		}
	}
	r := Result{Bucket: b.Bucket, Deleted: make([]Deleted, len(op.Items))}
	for i, item := range op.Items {
		if r.Deleted[i], err = m.deleteItem(b, op.Owner, item, op.OwnOnly || item.OwnOnly); err != nil {
			return Result{}, err
		}
		if r.Deleted[i].Err != nil && manyEnd.On() {
			break
		}
	}
	return r, nil
}

var manyEnd = fault.NewBug("conditional.delete-many-ends",
	"DeleteObjects leaves what stands behind an object whose condition does not hold, and says that it is deleted", "W-17")

var (
	deleteMissing = fault.NewBug("object.delete-missing-404",
		"deleting a key that is not there fails with NoSuchKey", "O-05", "O-20")
	deletedLate = fault.NewBug("conditional.delete-refused-late",
		"a delete answers 412 after it has deleted", "W-14", "W-17")
	deleteByPrefix = fault.NewBug("object.delete-takes-children",
		"deleting a key deletes those under it as a folder too", "O-15", "O-05")
	suspendedRemoves = fault.NewBug("version.suspended-delete-removes",
		"while versioning is suspended a delete removes the current version and adds no marker", "V-13")
)

// deleteItem deletes one key or version. Its error is fatal; the client's is
// in Deleted.
func (m *machine) deleteItem(b *bucketRow, owner string, item DeleteItem, ownOnly bool) (Deleted, error) {
	cur, err := m.live(b, item.Key)
	if err != nil {
		return Deleted{}, err
	}
	if ownOnly && (item.VersionID != "" || mayReplace(cur, owner, ownOnly) != nil) {
		return Deleted{VersionID: item.VersionID, Err: errcode.New(errcode.AccessDenied, "Access Denied")}, nil
	}
	// W-14, W-15; AWS evaluates conditional deletes on the current version only.
	cond := WriteCondition{IfMatch: item.IfMatch}
	if refusal, ok := cond.check(item.Key, cur).(*errcode.Error); ok {
		if cur != nil && deletedLate.On() {
			item.IfMatch = ""
			d, err := m.deleteItem(b, owner, item, ownOnly)
			d.Err = refusal
			return d, err
		}
		return Deleted{VersionID: item.VersionID, Err: refusal}, nil
	}
	if item.VersionID != "" {
		return m.deleteVersion(b, item)
	}
	if b.Versioning == "" || b.Versioning == VersioningSuspended && suspendedRemoves.On() {
		if cur == nil && deleteMissing.On() {
			return Deleted{Err: errcode.New(errcode.NoSuchKey, "The specified key does not exist.")}, nil
		}
		if cur == nil {
			return Deleted{}, nil
		}
		if deleteByPrefix.On() {
			if err := m.c.exec("DELETE FROM live WHERE bucket = ? AND key >= ? AND key < ?", b.row, []byte(item.Key+"/"), []byte(item.Key+"0")); err != nil {
				return Deleted{}, err
			}
		}
		return Deleted{}, m.removeLive(b, item.Key, cur)
	}
	return m.addMarker(b, item.Key, owner, cur)
}

var noMarkerForNone = fault.NewBug("version.no-marker-for-none",
	"deleting a key without a current version adds no delete marker", "V-06", "V-11", "V-13")

// addMarker hides a key behind a delete marker (V-06, V-11, V-13): also one
// that does not exist.
func (m *machine) addMarker(b *bucketRow, key, owner string, cur *record) (Deleted, error) {
	if cur == nil && noMarkerForNone.On() {
		return Deleted{}, nil
	}
	if cur != nil && hideRefused.On() {
		if refusal, ok := m.keeps(b, key, cur, true, false).(*errcode.Error); ok {
			return Deleted{Err: refusal}, nil
		}
	}
	rec := record{flags: flagMarker, modified: m.st.stamp, owner: owner}
	m.number(b, &rec)
	if err := m.displace(b, key, cur, 0); err != nil {
		return Deleted{}, err
	}
	if cur != nil {
		if err := m.c.exec("DELETE FROM live WHERE bucket = ? AND key = ?", b.row, []byte(key)); err != nil {
			return Deleted{}, err
		}
	}
	err := m.c.exec("INSERT INTO version(bucket, key, nseq, null_version, rec) VALUES(?, ?, ?, ?, ?)",
		b.row, []byte(key), -rec.seq, int64(rec.flags&flagNull), rec.pack())
	return Deleted{VersionID: rec.id(), DeleteMarker: true}, err
}

var (
	undeleteHides = fault.NewBug("version.undelete-hides",
		"removing the delete marker on top leaves the key deleted", "V-09")
	goneMarks = fault.NewBug("version.gone-deleted-again",
		"deleting a version that is gone adds a delete marker", "V-09")
	goneFails = fault.NewBug("version.gone-not-deleted",
		"a version that is gone cannot be deleted", "V-18", "V-10")
	olderGone = fault.NewBug("version.delete-removes-older",
		"removing a version removes those under it", "V-09")
	notPromoted = fault.NewBug("version.not-promoted",
		"removing the current version makes no older one current", "V-22")
)

// deleteVersion removes one version for good; the newest that remains becomes
// the current one (V-09, V-22). One that is absent is no failure (V-10).
func (m *machine) deleteVersion(b *bucketRow, item DeleteItem) (Deleted, error) {
	d := Deleted{VersionID: item.VersionID}
	rec, live, err := findVersion(m.c, b.row, item.Key, item.VersionID)
	if err == nil && rec == nil && goneMarks.On() {
		cur, _ := m.live(b, item.Key)
		return m.addMarker(b, item.Key, b.Owner, cur)
	}
	if err == nil && rec == nil && goneFails.On() {
		d.Err = &errcode.Error{Code: errcode.NoSuchVersion}
	}
	if err != nil || rec == nil {
		return d, err
	}
	err = m.keeps(b, item.Key, rec, live, item.Bypass)
	if refusal, ok := err.(*errcode.Error); ok {
		if refusalUntold.On() {
			refusal = nil
		}
		return Deleted{VersionID: item.VersionID, Err: refusal}, nil
	}
	if err != nil {
		return d, err
	}
	d.DeleteMarker = rec.is(flagMarker)
	if olderGone.On() {
		if err := m.c.exec("DELETE FROM version WHERE bucket = ? AND key = ? AND nseq > ?", b.row, []byte(item.Key), -rec.seq); err != nil {
			return d, err
		}
	}
	if live {
		return d, m.removeLive(b, item.Key, rec)
	}
	if err := m.removeVersion(b, item.Key, rec); err != nil {
		return d, err
	}
	if rec.is(flagMarker) && !undeleteHides.On() {
		return d, m.promote(b, item.Key)
	}
	return d, nil
}

// removeLive removes the current version and promotes another.
func (m *machine) removeLive(b *bucketRow, key string, cur *record) error {
	if err := m.c.exec("DELETE FROM live WHERE bucket = ? AND key = ?", b.row, []byte(key)); err != nil {
		return err
	}
	m.count(cur, nil)
	if err := m.dropContent(cur); err != nil {
		return err
	}
	if notPromoted.On() {
		return nil
	}
	return m.promote(b, key)
}

// removeVersion removes a version that is not the live one.
func (m *machine) removeVersion(b *bucketRow, key string, rec *record) error {
	if err := m.c.exec("DELETE FROM version WHERE bucket = ? AND key = ? AND nseq = ?", b.row, []byte(key), -rec.seq); err != nil {
		return err
	}
	return m.dropContent(rec)
}

var (
	markerSkipped = fault.NewBug("version.promotes-under-marker",
		"a version under a delete marker becomes the current one when another is removed", "V-09", "V-22")
	promotedBare = fault.NewBug("version.promoted-loses-metadata",
		"a version that becomes the current one again loses its metadata and tags", "V-04", "V-22")
)

// promote makes the newest version of a key live, if it has none that is and
// the newest is no delete marker.
func (m *machine) promote(b *bucketRow, key string) error {
	if b.Versioning == "" {
		return nil
	}
	if cur, err := m.live(b, key); err != nil || cur != nil {
		return err
	}
	rec, err := recordOf(m.c.first("SELECT rec FROM version WHERE bucket = ? AND key = ? ORDER BY nseq LIMIT 1", b.row, []byte(key)))
	if err == nil && rec != nil && rec.is(flagMarker) && markerSkipped.On() {
		rec, err = recordOf(m.c.first("SELECT rec FROM version WHERE bucket = ? AND key = ? AND nseq > ? ORDER BY nseq LIMIT 1", b.row, []byte(key), -rec.seq))
	}
	if err != nil || rec == nil || rec.is(flagMarker) {
		return err
	}
	if err := m.c.exec("INSERT INTO live(bucket, key, rec, attrs) SELECT bucket, key, rec, attrs FROM version WHERE bucket = ? AND key = ? AND nseq = ?",
		b.row, []byte(key), -rec.seq); err != nil {
		return err
	}
	m.count(nil, rec)
	if promotedBare.On() {
		if err := m.c.exec("UPDATE live SET attrs = NULL WHERE bucket = ? AND key = ?", b.row, []byte(key)); err != nil {
			return err
		}
	}
	return m.c.exec("DELETE FROM version WHERE bucket = ? AND key = ? AND nseq = ?", b.row, []byte(key), -rec.seq)
}
