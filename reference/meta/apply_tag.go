package meta

import (
	"database/sql/driver"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

var (
	tagsMerged = fault.NewBug("object.tags-merged",
		"PutObjectTagging adds to the tags that the object has", "T-10")
	tagsOnCurrent = fault.NewBug("version.tags-on-current",
		"tags put on a version become those of the current one", "V-21")
	tagsBare = fault.NewBug("tagging.metadata-lost",
		"PutObjectTagging removes the object's user metadata", "T-10")
)

// setObjectTags replaces the tags of one version; its ETag and time stay (T-10).
func (m *machine) setObjectTags(op SetObjectTags) (Result, error) {
	if op.VersionID != "" && tagsOnCurrent.On() {
		op.VersionID = ""
	}
	return m.setAttrs(op.Bucket, op.Key, op.VersionID, func(_ *bucketRow, v *Version) error {
		if op.Tags != nil && tagsMerged.On() {
			op.Tags = append(v.Tags, op.Tags...)
		}
		if len(v.Metadata) > 0 && tagsBare.On() {
			v.Metadata = nil
		}
		v.Tags = op.Tags
		return nil
	})
}

// setAttrs changes the attributes of one version, and nothing else of it.
func (m *machine) setAttrs(bucket, key, version string, change func(*bucketRow, *Version) error) (Result, error) {
	b, err := m.bucket(bucket)
	if err != nil {
		return Result{}, err
	}
	rec, live, err := locate(m.c, b.row, key, version)
	if err != nil {
		return Result{}, err
	}
	if rec.is(flagMarker) { // V-21
		return Result{}, (&errcode.Error{Code: errcode.MethodNotAllowed}).WithHeader("x-amz-delete-marker", "true")
	}
	v := rec.version(&b.Bucket, key)
	packed, err := attrsOf(m.c, b.row, key, rec, live)
	if err != nil {
		return Result{}, err
	}
	if err := unpackAttrs(packed, &v.Attributes); err != nil {
		return Result{}, err
	}
	v.Latest = live
	if err := change(b, &v); err != nil {
		return Result{Bucket: b.Bucket}, err
	}
	if packed, err = packAttrs(v.Attributes); err != nil {
		return Result{}, err
	}
	if live {
		err = m.c.exec("UPDATE live SET attrs = ? WHERE bucket = ? AND key = ?", packed, b.row, []byte(key))
	} else {
		err = m.c.exec("UPDATE version SET attrs = ? WHERE bucket = ? AND key = ? AND nseq = ?", packed, b.row, []byte(key), -rec.seq)
	}
	return Result{Bucket: b.Bucket, Version: v}, err
}

// attrsOf reads the column attrs of a version.
func attrsOf(c *conn, bucket int64, key string, rec *record, live bool) ([]byte, error) {
	var r []driver.Value
	var err error
	if live {
		r, err = c.first("SELECT attrs FROM live WHERE bucket = ? AND key = ?", bucket, []byte(key))
	} else {
		r, err = c.first("SELECT attrs FROM version WHERE bucket = ? AND key = ? AND nseq = ?", bucket, []byte(key), -rec.seq)
	}
	if err != nil || r == nil {
		return nil, err
	}
	return blob(r[0]), nil
}
