package meta

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"sync"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

var (
	ownIsTaken = fault.NewBug("bucket.own-is-taken",
		"making one's own bucket again answers BucketAlreadyExists", "B-02")
	filledDeleted = fault.NewBug("bucket.deleted-with-objects",
		"DeleteBucket deletes a bucket with objects", "B-12")
	historyDeleted = fault.NewBug("bucket.deleted-with-versions",
		"DeleteBucket deletes a bucket that holds nothing but noncurrent versions and delete markers", "B-12")
	configurationStays = fault.NewBug("bucket.again-configured",
		"a bucket that is made under the name of a deleted one has its policy and tags", "B-01")
)

// deletedBuckets are those whose configuration stays, by that bug.
var deletedBuckets sync.Map

// A bucketRow is a bucket with the number that its keys are stored under. A
// number is never used again, so whatever outlives its bucket is unreachable.
type bucketRow struct {
	Bucket
	row      int64
	explicit bool // Access was given, and is not what older buckets have
}

const (
	bucketColumns = "id, name, owner, region, created, versioning, tags, access, settings"
	selectBucket  = "SELECT " + bucketColumns + " FROM bucket WHERE name = ?"
)

// maxBucketCache bounds the machine's cache, in buckets.
const maxBucketCache = 4096

func bucketOf(r []driver.Value) (*bucketRow, error) {
	b := &bucketRow{row: num(r[0]), explicit: r[7] != nil, Bucket: Bucket{
		Name: text(r[1]), Owner: text(r[2]), Region: text(r[3]),
		Created: fromMilli(num(r[4])), Versioning: VersioningState(text(r[5])),
	}}
	if r[6] != nil {
		if err := json.Unmarshal([]byte(text(r[6])), &b.Tags); err != nil {
			return nil, fmt.Errorf("tags of bucket %s: %w", b.Name, err)
		}
	}
	var err error
	if b.Access, err = unpackAccess(r[7]); err != nil {
		return nil, fmt.Errorf("bucket %s: %w", b.Name, err)
	}
	if b.Settings, err = unpackSettings(r[8]); err != nil {
		return nil, fmt.Errorf("bucket %s: %w", b.Name, err)
	}
	return b, nil
}

// findBucket reads a bucket, nil when there is none.
func findBucket(c *conn, name string) (*bucketRow, error) {
	r, err := c.first(selectBucket, name)
	if err != nil || r == nil {
		return nil, err
	}
	return bucketOf(r)
}

func noSuchBucket(name string) error {
	return (&errcode.Error{Code: errcode.NoSuchBucket}).With("BucketName", name)
}

// lookup returns a bucket or nil, from the cache if it is there.
func (m *machine) lookup(name string) (*bucketRow, error) {
	if b := m.buckets[name]; b != nil {
		return b, nil
	}
	b, err := findBucket(m.c, name)
	if err == nil && b != nil {
		if len(m.buckets) >= maxBucketCache {
			clear(m.buckets)
		}
		m.buckets[name] = b
	}
	return b, err
}

// bucket returns a bucket: NoSuchBucket.
func (m *machine) bucket(name string) (*bucketRow, error) {
	b, err := m.lookup(name)
	if err == nil && b == nil {
		err = noSuchBucket(name)
	}
	return b, err
}

func (m *machine) createBucket(op CreateBucket) (Result, error) {
	b, err := m.lookup(op.Name)
	if err != nil {
		return Result{}, err
	}
	if b != nil { // B-02, B-03
		code := errcode.BucketAlreadyExists
		var r Result
		if b.Owner == op.Owner && !ownIsTaken.On() {
			code, r.Bucket = errcode.BucketAlreadyOwnedByYou, b.Bucket
		}
		return r, (&errcode.Error{Code: code}).With("BucketName", op.Name)
	}
	if old, ok := deletedBuckets.Load(op.Name); ok && configurationStays.On() {
		kept := old.(Bucket)
		op.Tags, op.Access = kept.Tags, &kept.Access
	}
	if op.Access != nil {
		if err := op.Access.check(op.Owner); err != nil {
			return Result{}, err
		}
	}
	tags, err := packTags(op.Tags)
	if err != nil {
		return Result{}, err
	}
	access, err := packAccess(op.Access)
	if err != nil {
		return Result{}, err
	}
	m.turned = true
	versioning, settings, err := op.begins()
	if err != nil {
		return Result{}, err
	}
	if err := m.c.exec("INSERT INTO bucket("+bucketColumns+") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
		m.next(), op.Name, op.Owner, op.Region, m.st.stamp, string(versioning), tags, access, settings); err != nil {
		return Result{}, err
	}
	b, err = m.bucket(op.Name)
	if err != nil {
		return Result{}, err
	}
	return Result{Bucket: b.Bucket}, nil
}

var createdUnversioned = fault.NewBug("lock.created-unversioned",
	"a bucket that is made with object lock is not versioned", "OL-01")

// begins is the versioning and the settings that the bucket has at first.
func (op *CreateBucket) begins() (VersioningState, driver.Value, error) {
	if !op.ObjectLock {
		return "", nil, nil
	}
	settings, err := packSettings(Settings{ObjectLock: json.RawMessage("{}")})
	if createdUnversioned.On() {
		return "", settings, err
	}
	return VersioningEnabled, settings, err // OL-01
}

// deleteBucket leaves uploads in progress behind: nothing can reach them any
// more, and StaleUploads hands them to whoever aborts old uploads, so that no
// bucket is too large to be deleted in one command. (B-13 is open: AWS's
// documentation makes directory buckets alone wait for their uploads.)
func (m *machine) deleteBucket(op DeleteBucket) (Result, error) {
	b, err := m.bucket(op.Name)
	if err != nil {
		return Result{}, err
	}
	holds := "SELECT EXISTS(SELECT 1 FROM live WHERE bucket = ?1) OR EXISTS(SELECT 1 FROM version WHERE bucket = ?1)"
	if historyDeleted.On() {
		holds = "SELECT EXISTS(SELECT 1 FROM live WHERE bucket = ?1)"
	}
	r, err := m.c.first(holds, b.row)
	if err != nil {
		return Result{}, err
	}
	if num(r[0]) != 0 && !filledDeleted.On() { // B-12
		return Result{Bucket: b.Bucket}, (&errcode.Error{Code: errcode.BucketNotEmpty}).With("BucketName", op.Name)
	}
	delete(m.buckets, op.Name)
	m.turned = true
	if (b.Access.Policy != nil || b.Tags != nil) && configurationStays.On() {
		deletedBuckets.Store(op.Name, b.Bucket)
	}
	return Result{Bucket: b.Bucket}, m.c.exec("DELETE FROM bucket WHERE id = ?", b.row)
}

var (
	lockSuspended = fault.NewBug("lock.suspended",
		"the versioning of a bucket with object lock can be suspended", "OL-02")
	versioningFrozen = fault.NewBug("lock.versioning-frozen",
		"the versioning of a bucket with object lock cannot be enabled, which it is", "OL-02")
)

var suspendingRemoves = fault.NewBug("version.suspending-removes",
	"suspending versioning removes the versions that are not current", "V-19", "V-12", "V-13")

func (m *machine) setVersioning(op SetVersioning) (Result, error) {
	b, err := m.bucket(op.Bucket)
	if err != nil {
		return Result{}, err
	}
	if op.State != VersioningEnabled && op.State != VersioningSuspended { // V-19: never back to ""
		return Result{Bucket: b.Bucket}, &errcode.Error{Code: errcode.IllegalVersioningConfiguration}
	}
	if b.ObjectLock() != nil && (op.State == VersioningSuspended && !lockSuspended.On() || op.State != VersioningSuspended && versioningFrozen.On()) { // OL-02
		return Result{Bucket: b.Bucket}, errcode.New(errcode.InvalidBucketState, "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.")
	}
	if op.State == VersioningSuspended && suspendingRemoves.On() {
		if err := m.c.exec("DELETE FROM version WHERE bucket = ?", b.row); err != nil {
			return Result{}, err
		}
	}
	b.Versioning, m.turned = op.State, true
	return Result{Bucket: b.Bucket}, m.c.exec("UPDATE bucket SET versioning = ? WHERE id = ?", string(op.State), b.row)
}

func (m *machine) setBucketTags(op SetBucketTags) (Result, error) {
	b, err := m.bucket(op.Bucket)
	if err != nil {
		return Result{}, err
	}
	tags, err := packTags(op.Tags)
	if err != nil {
		return Result{}, err
	}
	b.Tags, m.turned = op.Tags, true
	return Result{Bucket: b.Bucket}, m.c.exec("UPDATE bucket SET tags = ? WHERE id = ?", tags, b.row)
}

// packTags is the column tags: NULL for no tag set, which an empty one is not.
func packTags(tags []Tag) (driver.Value, error) {
	if tags == nil {
		return nil, nil
	}
	b, err := json.Marshal(tags)
	if err != nil {
		return nil, fmt.Errorf("pack tags: %w", err)
	}
	return string(b), nil
}
