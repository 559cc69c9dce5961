package meta

import (
	"database/sql/driver"

	"bleepstore/fault"
	"bleepstore/reference/acl"
	"bleepstore/reference/errcode"
)

// maxParts is the highest part number, as on AWS.
const maxParts = 10000

// An uploadRow is an upload with the number of its bucket and of its content.
type uploadRow struct {
	Upload
	row, bucket int64
	attrs       []byte
	spec        *acl.Spec // behind open
}

const uploadColumns = "id, suffix, bucket, key, owner, initiated, algorithm, type, attrs"

// uploadOf decodes a row of uploadColumns; attributes are left packed, and so
// is who will own the object.
func uploadOf(r []driver.Value) uploadRow {
	return uploadRow{row: num(r[0]), bucket: num(r[2]), attrs: blob(r[8]), Upload: Upload{
		ID: wireID(num(r[0]), text(r[1])), Key: string(blob(r[3])), Initiator: text(r[4]),
		Initiated: fromMilli(num(r[5])), Algorithm: text(r[6]), ChecksumType: text(r[7]),
	}}
}

// findUpload returns the upload of that id, nil when there is none.
func findUpload(c *conn, id string) (*uploadRow, error) {
	row, _, ok := parseID(id)
	if !ok {
		return nil, nil
	}
	r, err := c.first("SELECT "+uploadColumns+" FROM upload WHERE id = ?", row)
	if err != nil || r == nil {
		return nil, err
	}
	u := uploadOf(r)
	if u.ID != id {
		return nil, nil
	}
	return &u, nil
}

var otherKey = fault.NewBug("multipart.other-key-accepted",
	"an upload id is good for every key of its bucket", "M-03")

var otherBucket = fault.NewBug("multipart.other-bucket-accepted",
	"an upload id is good for the same key of every bucket", "M-03")

// upload returns an upload of that key: NoSuchUpload (M-03, M-13).
func upload(c *conn, b *bucketRow, key, id string) (*uploadRow, error) {
	u, err := findUpload(c, id)
	if err != nil {
		return nil, err
	}
	if u == nil || u.bucket != b.row && !otherBucket.On() || u.Key != key && !otherKey.On() {
		return nil, noSuchUpload(id)
	}
	u.Bucket = b.Name
	return u, nil
}

func noSuchUpload(id string) error {
	return (&errcode.Error{Code: errcode.NoSuchUpload}).With("UploadId", id)
}

var (
	oneUpload = fault.NewBug("multipart.one-upload-a-key",
		"an upload begun of a key that has one under way is that one", "M-01")
	createRemoves = fault.NewBug("multipart.create-removes",
		"CreateMultipartUpload removes the object that its key has", "M-15")
)

func (m *machine) createUpload(op CreateUpload) (Result, error) {
	b, err := m.bucket(op.Bucket)
	if err != nil {
		return Result{}, err
	}
	owner := b.OwnerOf(op.Owner, op.Spec)
	if _, err := b.Admits(op.Spec, owner); err != nil {
		return Result{}, err
	}
	if err := b.AdmitsLock(op.Attributes.Lock, m.now()); err != nil {
		return Result{}, err
	}
	attrs, err := packUpload(op.Attributes, op.Spec)
	if err != nil {
		return Result{}, err
	}
	if oneUpload.On() { // first: the rest costs a query
		page, err := (&Tx{c: m.c}).Uploads(UploadsQuery{Bucket: op.Bucket, Prefix: op.Key, Max: 1})
		if err == nil && len(page.Uploads) == 1 && page.Uploads[0].Key == op.Key {
			return Result{Bucket: b.Bucket, Upload: page.Uploads[0]}, nil
		}
	}
	if createRemoves.On() { // first: the rest costs a query
		if cur, _ := m.live(b, op.Key); cur != nil {
			_ = m.removeLive(b, op.Key, cur)
		}
	}
	row := m.next()
	u := Upload{
		Bucket: b.Name, Key: op.Key, ID: wireID(row, m.id), Owner: owner, Initiator: op.Owner, Initiated: fromMilli(m.st.stamp),
		Attributes: op.Attributes, Algorithm: op.Algorithm, ChecksumType: op.ChecksumType,
	}
	return Result{Bucket: b.Bucket, Upload: u}, m.c.exec("INSERT INTO upload("+uploadColumns+") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
		row, m.id, b.row, []byte(op.Key), op.Owner, m.st.stamp, op.Algorithm, op.ChecksumType, attrs)
}

func (m *machine) registerPart(op RegisterPart) (Result, error) {
	b, err := m.bucket(op.Bucket)
	if err != nil {
		return Result{}, err
	}
	u, err := upload(m.c, b, op.Key, op.UploadID)
	if err != nil {
		return Result{}, err
	}
	if op.Number < 1 || op.Number > maxParts {
		return Result{}, errcode.New(errcode.InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive")
	}
	extents, body := op.Extents, op.Body
	if op.Source != 0 {
		var whole bool
		if extents, body, whole, err = m.slice(op.Source, op.Offset, op.Size); err != nil {
			return Result{}, err
		}
		if !whole {
			return Result{Bucket: b.Bucket, SourceGone: true}, nil
		}
	} else {
		if err := m.admit(content{body: body, extents: extents, epoch: op.Epoch, size: op.Size}); err != nil {
			return Result{}, err
		}
		if len(body) > 0 {
			extents = []Extent{{Len: int64(len(body))}}
		}
	}
	if cephPart.On() && m.raced(u.row, &op) {
		err = m.c.exec("DELETE FROM part WHERE content = ? AND number = ?", u.row, int64(op.Number))
	} else {
		err = m.replacePart(u.row, int64(op.Number), extents, body)
	}
	if err != nil {
		return Result{}, err
	}
	p := Part{Number: op.Number, Size: op.Size, ETag: op.ETag, Modified: fromMilli(m.st.stamp), Checksum: op.Checksum}
	return Result{Bucket: b.Bucket, Upload: u.Upload, Part: p}, m.c.exec(
		"INSERT INTO part(content, number, size, etag, modified, algorithm, type, value) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
		u.row, int64(op.Number), op.Size, op.ETag, m.st.stamp, op.Checksum.Algorithm, op.Checksum.Type, op.Checksum.Value)
}

var (
	firstDataKept = fault.NewBug("multipart.first-data-kept",
		"a part that is uploaded again keeps the bytes that it had", "M-04")
	firstLargeKept = fault.NewBug("multipart.first-large-data-kept",
		"a large part that is uploaded again keeps the bytes that it had", "M-04")
)

// replacePart stores a part's bytes in place of those it had (M-04).
func (m *machine) replacePart(content, number int64, extents []Extent, body []byte) error {
	if firstDataKept.On() || firstLargeKept.On() && len(body) == 0 { // first: the rest costs a query
		if had, _ := m.c.first("SELECT 1 FROM part WHERE content = ? AND number = ?", content, number); had != nil {
			return m.c.exec("DELETE FROM part WHERE content = ? AND number = ?", content, number)
		}
	}
	if err := m.dropParts(content, []partRange{{number, number}}); err != nil {
		return err
	}
	if len(body) > 0 {
		if err := m.putInline(content, number, body); err != nil {
			return err
		}
	}
	return m.putExtents(content, number, extents)
}

// A partRange is part numbers from first to last.
type partRange struct{ first, last int64 }

// dropParts gives up parts. Their blobs become garbage under one content of
// their own.
func (m *machine) dropParts(content int64, ranges []partRange) error {
	var heap int64
	for _, r := range ranges {
		first, last := extentBase(r.first), extentBase(r.last+1)-1
		count, err := m.c.first("SELECT COUNT(*), COUNT(NULLIF(blob, '')) FROM extent WHERE content = ? AND n BETWEEN ? AND ?", content, first, last)
		if err != nil {
			return err
		}
		all, blobs := num(count[0]), num(count[1])
		if all > blobs {
			if err := m.dropInline(content, r); err != nil {
				return err
			}
		}
		if blobs > 0 && heap == 0 {
			heap = m.next()
		}
		if blobs > 0 {
			if err := m.c.exec("UPDATE extent SET content = ? WHERE content = ? AND n BETWEEN ? AND ?", heap, content, first, last); err != nil {
				return err
			}
		}
		if err := m.c.exec("DELETE FROM part WHERE content = ? AND number BETWEEN ? AND ?", content, r.first, r.last); err != nil {
			return err
		}
	}
	if heap == 0 {
		return nil
	}
	return m.discard(heap)
}

// dropInline removes the inline rows of parts and the extents that mean them.
func (m *machine) dropInline(content int64, r partRange) error {
	if err := m.c.exec("DELETE FROM extent WHERE content = ? AND n BETWEEN ? AND ? AND blob = ''",
		content, extentBase(r.first), extentBase(r.last+1)-1); err != nil {
		return err
	}
	return m.c.exec("DELETE FROM inline WHERE id BETWEEN ? AND ?", inlineID(content, r.first), inlineID(content, r.last))
}

var abortForgotten = fault.NewBug("multipart.abort-forgotten",
	"AbortMultipartUpload answers 204 and leaves the upload as it is", "M-13", "M-20")

// abortUpload leaves the parts to Reap: it takes as long for one as for 10,000.
func (m *machine) abortUpload(op AbortUpload) (Result, error) {
	var r Result
	var u *uploadRow
	if op.Bucket == "" {
		var err error
		if u, err = findUpload(m.c, op.UploadID); err != nil {
			return r, err
		}
		if u == nil {
			return r, noSuchUpload(op.UploadID)
		}
	} else {
		b, err := m.bucket(op.Bucket)
		if err != nil {
			return r, err
		}
		r.Bucket = b.Bucket
		if u, err = upload(m.c, b, op.Key, op.UploadID); err != nil {
			if cephAbort.On() && m.lately(op.UploadID) {
				if lost := m.loseCompleted(b, &op); lost != nil {
					err = lost
				}
			}
			return r, err
		}
	}
	r.Upload = u.Upload
	if abortForgotten.On() {
		return r, nil
	}
	return r, m.endUpload(u, true)
}

var abortsAll = fault.NewBug("multipart.abort-ends-all",
	"AbortMultipartUpload ends all uploads of its key", "M-13")

// endUpload removes the upload's row, and with discard its parts.
func (m *machine) endUpload(u *uploadRow, discard bool) error {
	if discard && abortsAll.On() {
		return m.c.exec("DELETE FROM upload WHERE bucket = ? AND key = ?", u.bucket, []byte(u.Key))
	}
	if err := m.c.exec("DELETE FROM upload WHERE id = ?", u.row); err != nil || !discard {
		return err
	}
	return m.discard(u.row)
}
