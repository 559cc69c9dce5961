package meta

import (
	"cmp"

	"bleepstore/fault"
	"bleepstore/reference/acl"
	"bleepstore/reference/crypt"
	"bleepstore/reference/errcode"
)

// live returns the current version of a key, nil when there is none or it is a
// delete marker.
func (m *machine) live(b *bucketRow, key string) (*record, error) {
	return liveRecord(m.c, b.row, key)
}

func liveRecord(c *conn, bucket int64, key string) (*record, error) {
	return recordOf(c.first("SELECT rec FROM live WHERE bucket = ? AND key = ?", bucket, []byte(key)))
}

var (
	ifMatchAny = fault.NewBug("conditional.if-match-always-true",
		"a write whose If-Match names another ETag takes effect", "W-03", "W-10", "W-13", "W-14", "W-17")
	matchAbsentFails = fault.NewBug("conditional.if-match-absent-412",
		"If-Match on a key that is absent answers 412 instead of 404", "W-04", "W-07", "W-11", "W-13")
)

// check evaluates the condition on the current version. A delete marker counts
// as absent (W-07), and If-Match on what is absent is NoSuchKey (W-04).
func (w *WriteCondition) check(key string, cur *record) error {
	if w.IfMatch != "" {
		if cur == nil && matchAbsentFails.On() {
			return preconditionFailed("If-Match")
		}
		if cur == nil {
			return noSuchKey(key)
		}
		if w.IfMatch != "*" && w.IfMatch != cur.etag && !ifMatchAny.On() {
			return preconditionFailed("If-Match")
		}
	}
	if w.IfNoneMatch != "" && cur != nil && (w.IfNoneMatch == "*" || w.IfNoneMatch == cur.etag) {
		return preconditionFailed("If-None-Match")
	}
	return nil
}

func preconditionFailed(header string) error {
	return (&errcode.Error{Code: errcode.PreconditionFailed}).With("Condition", header)
}

func noSuchKey(key string) error {
	return (&errcode.Error{Code: errcode.NoSuchKey}).With("Key", key)
}

// Bugs of writes that are ordered by clocks.
var (
	lastWriterWins = fault.NewBug("put.last-writer-by-clock",
		"a put is acknowledged and dropped where the clock of the leader is behind the time of what is there", "Z-01", "Z-02").
		By("chaos --sim raft --seed 1 --seeds 12 --nemesis clock,kill --shrink 0s")
	// WallClock stands here and where a command gets its stamp.
	WallClock = fault.NewBug("history.garage-jepsen.wall-clock",
		"writes of a key are ordered by the clocks of the nodes that took them, so that one which was acknowledged is lost to an earlier one", "Z-01", "Z-02").
		By("chaos --sim raft --seed 1 --seeds 12 --nemesis clock --shrink 0s")
)

// record starts the record of a new version.
func (w *Write) record(m *machine, owner string) record {
	return record{
		modified: m.st.stamp, size: w.Size, etag: w.ETag, owner: owner,
		class: w.Attributes.StorageClass, sum: w.Checksum,
	}
}

var (
	refusedLate = fault.NewBug("conditional.put-refused-late",
		"PutObject answers 412 after it has written the object", "W-01", "W-03", "W-08")
	copyRefusedLate = fault.NewBug("conditional.copy-refused-late",
		"CopyObject answers 412 after it has written the object", "W-13")
	classKept = fault.NewBug("object.storage-class-kept",
		"an object put over another without a storage class keeps the other's", "O-06")
)

var (
	folderUnlocked = fault.NewBug("lock.folder-unlocked",
		"a key that ends in a slash is put without its lock", "OL-10")
	folderUnversioned = fault.NewBug("version.folder-unversioned",
		"a key that ends in a slash has no versions", "V-02")
)

func (m *machine) putObject(op PutObject) (Result, error) {
	b, cur, err := m.target(&op.Write)
	if errcode.Of(err) == errcode.PreconditionFailed && refusedLate.On() {
		op.Condition = WriteCondition{}
		r, failed := m.putObject(op)
		return r, cmp.Or(failed, err)
	}
	if err != nil {
		return Result{}, err
	}
	if cur != nil && op.Attributes.StorageClass == "" && classKept.On() {
		op.Attributes.StorageClass = cur.class
	}
	if cur != nil && cur.modified > m.raw && (lastWriterWins.On() || WallClock.On()) {
		return Result{Bucket: b.Bucket, Version: cur.version(&b.Bucket, op.Key)}, nil
	}
	if err := m.admit(content{op.Body, op.Extents, op.Epoch, op.Size, op.Attributes.Seal != nil}); err != nil {
		return Result{}, err
	}
	if b.Versioning != "" && op.Key[len(op.Key)-1] == '/' && folderUnversioned.On() {
		plain := *b
		plain.Versioning, b = "", &plain
	}
	owner, err := b.entitle(op.Owner, op.Spec, &op.Attributes)
	if err != nil {
		return Result{}, err
	}
	m.lockNew(b, &op.Attributes)
	if op.Attributes.Lock != nil && op.Key[len(op.Key)-1] == '/' && folderUnlocked.On() {
		op.Attributes.Lock = nil
	}
	attrs, err := packAttrs(op.Attributes)
	if err != nil {
		return Result{}, err
	}
	rec := op.record(m, owner)
	if len(op.Extents) == 0 {
		err = m.putPlain(b, cur, &rec, op.Body)
	} else {
		rec.content = m.next()
		err = m.putExtents(rec.content, 0, op.Extents)
	}
	if err != nil {
		return Result{}, err
	}
	return m.install(b, op.Key, cur, &rec, attrs, op.Attributes)
}

func (m *machine) copyObject(op CopyObject) (Result, error) {
	b, cur, err := m.target(&op.Write)
	if errcode.Of(err) == errcode.PreconditionFailed && copyRefusedLate.On() {
		op.Condition = WriteCondition{}
		r, failed := m.copyObject(op)
		return r, cmp.Or(failed, err)
	}
	if err != nil {
		return Result{}, err
	}
	owner, err := b.entitle(op.Owner, op.Spec, &op.Attributes)
	if err != nil {
		return Result{}, err
	}
	rec := op.record(m, owner)
	m.lockNew(b, &op.Attributes)
	attrs, err := packAttrs(op.Attributes)
	if err != nil {
		return Result{}, err
	}
	if op.Source == 0 {
		if err := m.admit(content{body: op.Body, size: op.Size, sealed: op.Attributes.Seal != nil}); err != nil {
			return Result{}, err
		}
		err = m.putPlain(b, cur, &rec, op.Body)
	} else {
		var whole bool
		if whole, err = m.contentHas(op.Source, op.Size); err == nil && !whole {
			return Result{Bucket: b.Bucket, SourceGone: true}, nil
		}
		if err == nil {
			rec.content = m.next()
			err = m.shareContent(op.Source, rec.content)
		}
	}
	if err != nil {
		return Result{}, err
	}
	return m.install(b, op.Key, cur, &rec, attrs, op.Attributes)
}

// entitle returns who owns what writer writes with the ACL spec, and puts the
// ACL into a.
func (b *bucketRow) entitle(writer string, spec *acl.Spec, a *Attributes) (owner string, err error) {
	owner = writer
	if b.explicit { // others never wrote to older buckets
		owner = b.OwnerOf(writer, spec)
	}
	a.ACL, err = b.Admits(spec, owner)
	return owner, err
}

var (
	markerPresent = fault.NewBug("conditional.marker-is-present",
		"a delete marker counts as an object for If-None-Match", "W-07", "W-11", "W-13")
	oldVersionMatches = fault.NewBug("conditional.if-match-noncurrent",
		"If-Match holds also for the ETag of the version before the current one", "W-08", "W-11", "W-13")
)

var aclKept = fault.NewBug("acl.kept-on-overwrite",
	"an object that takes the place of another has the other's ACL", "AC-09")

// target finds what a write is about, whether it may replace that, and
// evaluates its condition.
func (m *machine) target(w *Write) (*bucketRow, *record, error) {
	b, err := m.bucket(w.Bucket)
	if err != nil {
		return nil, nil, err
	}
	cur, err := m.live(b, w.Key)
	if err != nil {
		return nil, nil, err
	}
	if cur != nil && w.Spec == nil && aclKept.On() {
		var old Attributes
		if packed, _ := attrsOf(m.c, b.row, w.Key, cur, true); unpackAttrs(packed, &old) == nil && old.ACL != nil {
			w.Spec = &acl.Spec{Grants: old.ACL.Grants}
		}
	}
	if err := mayReplace(cur, w.Owner, w.OwnOnly); err != nil {
		return nil, nil, err
	}
	if err := b.AdmitsLock(w.Attributes.Lock, m.now()); err != nil {
		return nil, nil, err
	}
	if cur != nil && overwriteRefused.On() {
		if err := m.keeps(b, w.Key, cur, true, false); err != nil {
			return nil, nil, err
		}
	}
	if cur == nil && w.Condition.IfNoneMatch != "" && markerPresent.On() {
		if top, _ := newest(m.c, b.row, w.Key); top != nil {
			return b, cur, preconditionFailed("If-None-Match")
		}
	}
	err = w.Condition.check(w.Key, cur)
	if err != nil && w.Condition.IfMatch != "" && oldVersionMatches.On() {
		if old, _ := newest(m.c, b.row, w.Key); old != nil && old.etag == w.Condition.IfMatch {
			err = nil
		}
	}
	return b, cur, err
}

// mayReplace fails where writer may replace only what is theirs and cur, the
// current version, is not.
func mayReplace(cur *record, writer string, ownOnly bool) error {
	if ownOnly && cur != nil && cur.owner != writer {
		return errcode.New(errcode.AccessDenied, "Access Denied")
	}
	return nil
}

// A content is what a proposer says of the bytes of a new one.
type content struct {
	body    []byte
	extents []Extent
	epoch   uint64
	size    int64
	sealed  bool
}

// admit checks the bytes of a new content: a proposer that contradicts itself
// is refused, and so are blobs that a fence has left behind, because a sweep
// may have removed them. What blobs hold is counted as it was before it was
// sealed.
func (m *machine) admit(c content) error {
	sum, longest := int64(len(c.body)), MaxInline
	if c.sealed && len(c.body) > 0 {
		sum, longest = sum-crypt.Overhead, longest+crypt.Overhead
	}
	for _, e := range c.extents {
		if e.Blob == "" || e.Off < 0 || e.Len <= 0 {
			return errcode.New(errcode.InternalError, "malformed extent")
		}
		sum += e.Len
	}
	if sum != c.size || len(c.body) > longest || len(c.body) > 0 && len(c.extents) > 0 {
		return errcode.New(errcode.InternalError, "the body is not as long as it says")
	}
	if len(c.extents) > 0 && c.epoch+1 < m.st.epoch {
		return errcode.New(errcode.SlowDown, "The upload took too long, please try again.")
	}
	return nil
}

// replaces tells whether the next version of a key takes the place of cur.
func (b *bucketRow) replaces(cur *record) bool {
	return cur != nil && (b.Versioning == "" || b.Versioning == VersioningSuspended && cur.is(flagNull))
}

var sameSizeKept = fault.NewBug("object.same-size-kept",
	"an object put over another of the same size keeps the other's bytes", "O-06")

// putPlain stores a body as one inline row. The row of the version that it
// replaces is used again: one statement instead of two.
func (m *machine) putPlain(b *bucketRow, cur, rec *record, body []byte) error {
	rec.flags |= flagPlain
	if len(body) == 0 {
		return nil
	}
	if b.replaces(cur) && cur.is(flagPlain) && cur.content != 0 {
		rec.content = cur.content
		if cur.size == rec.size && sameSizeKept.On() {
			return nil
		}
	} else {
		rec.content = m.next()
	}
	return m.putInline(rec.content, 0, body)
}

var attributesKept = fault.NewBug("object.attributes-kept",
	"an object that takes the place of another has the other's metadata and tags", "O-06", "CP-01", "M-18")

// install makes rec the current version of key, as the bucket's versioning
// asks: what it replaces is dropped, what stays becomes noncurrent.
func (m *machine) install(b *bucketRow, key string, cur, rec *record, attrs []byte, a Attributes) (Result, error) {
	m.number(b, rec)
	if b.replaces(cur) && attributesKept.On() {
		attrs, _ = attrsOf(m.c, b.row, key, cur, true)
	}
	if err := m.displace(b, key, cur, rec.content); err != nil {
		return Result{}, err
	}
	if err := m.c.exec("INSERT OR REPLACE INTO live(bucket, key, rec, attrs) VALUES(?, ?, ?, ?)", b.row, []byte(key), rec.pack(), attrs); err != nil {
		return Result{}, err
	}
	m.count(nil, rec)
	v := rec.version(&b.Bucket, key)
	v.Attributes, v.Latest = a, true
	return Result{Bucket: b.Bucket, Version: v}, nil
}

var suspendedNumbered = fault.NewBug("version.suspended-numbered",
	"while versioning is suspended new versions get ids as if it were enabled", "V-12", "V-13")

// number gives a new version its place in the order and its id.
func (m *machine) number(b *bucketRow, rec *record) {
	rec.seq = m.next()
	if versionClock.On() {
		rec.seq |= m.raw << 20
	}
	if b.Versioning == VersioningEnabled || b.Versioning == VersioningSuspended && suspendedNumbered.On() {
		rec.suffix = m.id
	} else {
		rec.flags |= flagNull // V-01, V-12
	}
}

var nullTwice = fault.NewBug("version.null-twice",
	"while versioning is suspended a put over a version that has an id leaves the null version under it", "V-12")

var oneAMoment = fault.NewBug("version.one-a-moment",
	"of the versions of a key that are written within one millisecond the last one stays", "V-23")

var displacedBare = fault.NewBug("version.noncurrent-loses-metadata",
	"a version that is no longer the current one loses its metadata and tags", "V-04", "V-21")

// displace makes room for a new current version (or marker) of key, where cur
// is the live one. A content that the new version took over is kept.
func (m *machine) displace(b *bucketRow, key string, cur *record, keep int64) error {
	if cur != nil {
		m.count(cur, nil)
	}
	if b.replaces(cur) || cur != nil && b.Versioning == VersioningEnabled && cur.modified == m.st.stamp && oneAMoment.On() {
		if cur.content == keep && keep != 0 {
			return nil
		}
		return m.dropContent(cur)
	}
	if cur != nil {
		if err := m.c.exec("INSERT INTO version(bucket, key, nseq, null_version, rec, attrs) SELECT bucket, key, ?, ?, rec, attrs FROM live WHERE bucket = ? AND key = ?",
			-cur.seq, int64(cur.flags&flagNull), b.row, []byte(key)); err != nil {
			return err
		}
		if displacedBare.On() {
			if err := m.c.exec("UPDATE version SET attrs = NULL WHERE bucket = ? AND key = ? AND nseq = ?", b.row, []byte(key), -cur.seq); err != nil {
				return err
			}
		}
	}
	if b.Versioning == VersioningSuspended && !(cur != nil && nullTwice.On()) { // V-12, V-13: there is one null version
		return m.dropNull(b, key)
	}
	return nil
}

// dropNull removes the null version of a key if it is noncurrent or a marker.
func (m *machine) dropNull(b *bucketRow, key string) error {
	old, err := nullRecord(m.c, b.row, key)
	if err != nil || old == nil {
		return err
	}
	return m.removeVersion(b, key, old)
}

// count keeps the totals of current objects.
func (m *machine) count(gone, made *record) {
	if gone != nil {
		m.st.objects--
		m.st.bytes -= gone.size
	}
	if made != nil {
		m.st.objects++
		m.st.bytes += made.size
	}
}
