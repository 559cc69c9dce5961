package meta

import (
	"crypto/md5"
	"database/sql/driver"
	"encoding/hex"
	"strconv"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

// maxCompleted bounds the uploads that are remembered after completion.
const maxCompleted = 100_000

var (
	unlistedKept = fault.NewBug("multipart.unlisted-parts-kept",
		"an object holds also the parts that its completion does not name", "M-10")
	dateOfCompletion = fault.NewBug("multipart.date-of-completion",
		"the date of an object made of parts is that of its completion", "M-17")
	createdTagsLost = fault.NewBug("multipart.tags-lost",
		"an object made of parts lacks the tags of its upload", "M-18")
	createdTypeLost = fault.NewBug("multipart.content-type-lost",
		"an object made of parts lacks the Content-Type of its upload", "M-18")
	otherUploadsEnd = fault.NewBug("multipart.complete-ends-all",
		"CompleteMultipartUpload ends the other uploads of its key", "M-01")
	createdClassLost = fault.NewBug("multipart.storage-class-lost",
		"an object made of parts is STANDARD whatever its upload was", "M-18")
	lastUncounted = fault.NewBug("multipart.size-without-last",
		"the size of an object made of several parts lacks that of the last", "M-09", "M-25")
	uploadDefaultLost = fault.NewBug("lock.upload-default-lost",
		"an object made of parts does not get the default retention", "OL-18")
	createdLockLost = fault.NewBug("lock.upload-lock-lost",
		"an object made of parts lacks the object lock of its upload", "OL-18")
	uploadStays = fault.NewBug("multipart.upload-stays",
		"an upload that was completed can still be used", "M-03", "M-20")
	sizeOfFirst = fault.NewBug("multipart.size-of-other",
		"an object made of parts in the place of another such object has the other's size", "M-16")
	createdMetadataLost = fault.NewBug("multipart.metadata-lost",
		"an object made of parts lacks the user metadata of its upload", "M-18")
)

// completeUpload turns an upload into a version in one step. The parts' rows
// and bytes stay where they are: the upload's content becomes the version's.
func (m *machine) completeUpload(op CompleteUpload) (Result, error) {
	b, err := m.bucket(op.Bucket)
	if err != nil {
		return Result{}, err
	}
	etag, err := partsETag(op.Parts)
	if err != nil {
		return Result{Bucket: b.Bucket}, err
	}
	u, err := upload(m.c, b, op.Key, op.UploadID)
	if errcode.Of(err) == errcode.NoSuchUpload {
		return m.completeAgain(b, op, etag, err)
	}
	if err != nil {
		return Result{}, err
	}
	size, left, err := m.checkParts(u.row, &op)
	if err != nil {
		return Result{Bucket: b.Bucket}, err
	}
	cur, err := m.live(b, op.Key)
	if err != nil {
		return Result{}, err
	}
	if err := mayReplace(cur, u.Initiator, op.OwnOnly); err != nil {
		return Result{Bucket: b.Bucket}, err
	}
	if err := op.Condition.check(op.Key, cur); err != nil { // W-09..W-12
		return Result{Bucket: b.Bucket}, err
	}
	if len(left) > 0 && unlistedKept.On() {
		left = nil
	}
	if err := m.dropParts(u.row, left); err != nil { // M-10
		return Result{}, err
	}
	if err := u.open(&b.Bucket); err != nil {
		return Result{}, err
	}
	a, owner := u.Attributes, u.Initiator
	if b.explicit {
		owner = u.Owner
	}
	if !b.Enforced() { // what was admitted at the start stays so
		a.ACL = u.spec.List(owner, b.Owner)
	}
	if createdLockLost.On() {
		a.Lock = nil
	}
	if b.ObjectLock() == nil || a.Lock != nil || !uploadDefaultLost.On() {
		m.lockNew(b, &a)
	}
	rec := record{
		parts: len(op.Parts), content: u.row, size: size, etag: etag, owner: owner,
		modified: u.Initiated.UnixMilli(), // M-17
		class:    a.StorageClass, sum: op.Checksum,
	}
	if cur != nil && cur.parts > 0 && sizeOfFirst.On() {
		rec.size = cur.size
	}
	if dateOfCompletion.On() {
		rec.modified = m.st.stamp
	}
	if createdMetadataLost.On() {
		a.Metadata = nil
	}
	if createdTypeLost.On() {
		a.ContentType = ""
	}
	if createdTagsLost.On() {
		a.Tags = nil
	}
	if rec.class != "" && createdClassLost.On() {
		a.StorageClass, rec.class = "", ""
	}
	return m.finish(b, u, cur, rec, a)
}

// finish installs the version and remembers that the upload became it.
func (m *machine) finish(b *bucketRow, u *uploadRow, cur *record, rec record, a Attributes) (Result, error) {
	attrs, err := packAttrs(a)
	if err != nil {
		return Result{}, err
	}
	if otherUploadsEnd.On() {
		if err := m.c.exec("DELETE FROM upload WHERE bucket = ? AND key = ?", b.row, []byte(u.Key)); err != nil {
			return Result{}, err
		}
	}
	if uploadStays.On() {
		return m.install(b, u.Key, cur, &rec, attrs, a)
	}
	if err := m.endUpload(u, false); err != nil {
		return Result{}, err
	}
	r, err := m.install(b, u.Key, cur, &rec, attrs, a)
	if err != nil {
		return Result{}, err
	}
	return r, m.remember(b, u, &rec)
}

var (
	etagOfText = fault.NewBug("multipart.etag-of-text",
		"the ETag of an object made of parts is that of the text of the parts' ETags", "M-09")
	onePartETag = fault.NewBug("multipart.etag-of-one",
		"the ETag of an object made of one part is the part's", "M-09")
)

// partsETag is the ETag of an object of these parts (M-09); it checks the
// list's own form: MalformedXML when empty, InvalidPartOrder, InvalidPart.
func partsETag(parts []PartRef) (string, error) {
	if len(parts) == 0 { // M-08
		return "", &errcode.Error{Code: errcode.MalformedXML}
	}
	h := md5.New()
	last := 0
	for _, p := range parts {
		if p.Number <= last { // M-06
			return "", &errcode.Error{Code: errcode.InvalidPartOrder}
		}
		last = p.Number
		sum, err := hex.DecodeString(p.ETag)
		if err != nil || len(sum) != md5.Size {
			return "", invalidPart(&p)
		}
		if etagOfText.On() {
			sum = []byte(p.ETag)
		}
		h.Write(sum)
	}
	if len(parts) == 1 && onePartETag.On() {
		return parts[0].ETag, nil
	}
	return hex.EncodeToString(h.Sum(nil)) + "-" + strconv.Itoa(len(parts)), nil
}

func invalidPart(p *PartRef) error {
	return (&errcode.Error{Code: errcode.InvalidPart}).
		With("PartNumber", strconv.Itoa(p.Number)).With("ETag", p.ETag)
}

// PartsEarly is a bug of who brings a completion to the log, too.
var PartsEarly = fault.NewBug("multipart.parts-checked-early",
	"the ETags of the parts are compared before the completion is brought to the log, and not again", "Z-08", "Z-09")

var (
	smallParts = fault.NewBug("multipart.small-parts",
		"a part below 5 MiB need not be the last", "M-05")
	sizeUnchecked = fault.NewBug("multipart.object-size-unchecked",
		"x-amz-mp-object-size is ignored", "M-25")
)

// checkParts compares the list with the parts that are registered. It returns
// the sum of their sizes and those that the list leaves out, neighbours joined.
func (m *machine) checkParts(content int64, op *CompleteUpload) (size int64, left []partRange, err error) {
	next, last := 0, op.Parts[len(op.Parts)-1].Number
	skipping := false
	err = m.c.each(func(r []driver.Value) error {
		number := num(r[0])
		if next < len(op.Parts) && int64(op.Parts[next].Number) < number {
			return invalidPart(&op.Parts[next]) // M-07
		}
		if next == len(op.Parts) || int64(op.Parts[next].Number) > number {
			if !skipping {
				left = append(left, partRange{number, number})
			}
			left[len(left)-1].last, skipping = number, true
			return nil
		}
		skipping = false
		p := &op.Parts[next]
		next++
		if (p.ETag != text(r[2]) || p.Checksum != "" && p.Checksum != text(r[3])) && !PartsEarly.On() {
			return invalidPart(p)
		}
		if next == len(op.Parts) && next > 1 && lastUncounted.On() {
			return nil
		}
		size += num(r[1])
		if num(r[1]) < op.MinPartSize && p.Number != last && !smallParts.On() { // M-05
			return (&errcode.Error{Code: errcode.EntityTooSmall}).
				With("ProposedSize", strconv.FormatInt(num(r[1]), 10)).
				With("MinSizeAllowed", strconv.FormatInt(op.MinPartSize, 10)).
				With("PartNumber", strconv.Itoa(p.Number)).With("ETag", p.ETag)
		}
		return nil
	}, "SELECT number, size, etag, value FROM part WHERE content = ? ORDER BY number", content)
	switch {
	case err != nil:
		return 0, nil, err
	case next < len(op.Parts):
		return 0, nil, invalidPart(&op.Parts[next])
	case op.ExpectSize != nil && *op.ExpectSize != size && !sizeUnchecked.On(): // M-25
		return 0, nil, errcode.New(errcode.InvalidRequest, "The x-amz-mp-object-size does not match the size of the parts.")
	}
	return size, left, nil
}

var againOther = fault.NewBug("multipart.repeated-with-other-parts",
	"a CompleteMultipartUpload that names other parts than the one before is answered as if it were the same", "Z-08")

var reapplied = fault.NewBug("multipart.complete-reapplied",
	"a repeated CompleteMultipartUpload makes the object again", "M-29")

// completeAgain answers a repeated CompleteUpload as the first was answered,
// and changes nothing (M-12, M-29); otherwise it returns gone.
func (m *machine) completeAgain(b *bucketRow, op CompleteUpload, etag string, gone error) (Result, error) {
	rec, err := completed(m.c, b, op.Key, op.UploadID)
	if err != nil {
		return Result{}, err
	}
	if rec == nil || rec.etag != etag && !againOther.On() {
		return Result{Bucket: b.Bucket}, gone
	}
	if reapplied.On() {
		cur, _ := m.live(b, op.Key)
		return m.install(b, op.Key, cur, rec, nil, Attributes{})
	}
	if minioDouble.On() || cephComplete.On() && m.lately(op.UploadID) {
		if err := m.lose(rec); err != nil {
			return Result{}, err
		}
	}
	return Result{Bucket: b.Bucket, Version: rec.version(&b.Bucket, op.Key)}, nil
}

// Bugs of history about uploads that end twice.
var (
	minioDouble = fault.NewBug("history.minio-17858.double-complete",
		"to complete an upload again takes the data from the object that it became, and leaves the metadata", "Z-08", "M-29")
	cephComplete = fault.NewBug("history.ceph-16732.complete-race",
		"of two that complete an upload at the same time, the later one has the parts collected as garbage", "Z-08")
	cephAbort = fault.NewBug("history.ceph-60771.abort-race",
		"an upload that is aborted when it has just been completed loses its parts: the object is listed, HEAD finds it, and GET does not", "Z-08").
		By("chaos --workload mpu --time 4s --seed 1")
	cephPart = fault.NewBug("history.ceph-55042.part-race",
		"of two uploads of a part at the same time, the later one is named and the earlier one's data is kept", "Z-08")
)

// race is how close two requests are, in milliseconds, that those bugs take for
// ones at the same time.
const race = 500

// lately says whether an upload has only just been completed.
func (m *machine) lately(uploadID string) bool {
	row, _, _ := parseID(uploadID)
	r, err := m.c.first("SELECT at FROM completed WHERE upload = ?", row)
	return err == nil && r != nil && m.st.stamp-num(r[0]) < race
}

// lose takes the data from a version.
func (m *machine) lose(rec *record) error {
	return m.c.exec("DELETE FROM extent WHERE content = ?", rec.content)
}

// loseCompleted takes the data from the version that an upload became.
func (m *machine) loseCompleted(b *bucketRow, op *AbortUpload) error {
	rec, err := completed(m.c, b, op.Key, op.UploadID)
	if err != nil || rec == nil {
		return err
	}
	return m.lose(rec)
}

// raced says whether a part has only just been uploaded, and gives op its size.
func (m *machine) raced(content int64, op *RegisterPart) bool {
	r, err := m.c.first("SELECT size, modified FROM part WHERE content = ? AND number = ?", content, int64(op.Number))
	if err != nil || r == nil || m.st.stamp-num(r[1]) >= race {
		return false
	}
	op.Size = num(r[0])
	return true
}

// completed returns the record of the version that an upload became, nil when
// that is not, or no longer, remembered.
func completed(c *conn, b *bucketRow, key, uploadID string) (*record, error) {
	row, suffix, ok := parseID(uploadID)
	if !ok {
		return nil, nil
	}
	return recordOf(c.first("SELECT rec FROM completed WHERE upload = ? AND suffix = ? AND bucket = ? AND key = ?",
		row, suffix, b.row, []byte(key)))
}

// remember keeps what an upload became, and forgets what is too old or too
// much: a few each time, so that no command pays for all.
func (m *machine) remember(b *bucketRow, u *uploadRow, rec *record) error {
	_, suffix, _ := parseID(u.ID)
	if err := m.c.exec("INSERT INTO completed(upload, suffix, bucket, key, at, rec) VALUES(?, ?, ?, ?, ?, ?)",
		u.row, suffix, b.row, []byte(u.Key), m.st.stamp, rec.pack()); err != nil {
		return err
	}
	m.st.completed++
	horizon := m.st.stamp - CompletedFor.Milliseconds()
	if m.st.completed > maxCompleted {
		horizon = m.st.stamp
	}
	var old []int64
	err := m.c.each(func(r []driver.Value) error {
		old = append(old, num(r[0]))
		return nil
	}, "SELECT upload FROM completed WHERE at < ? ORDER BY at, upload LIMIT 4", horizon)
	if err != nil {
		return err
	}
	for _, row := range old {
		if err := m.c.exec("DELETE FROM completed WHERE upload = ?", row); err != nil {
			return err
		}
		m.st.completed--
	}
	return nil
}
