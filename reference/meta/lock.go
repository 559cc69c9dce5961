package meta

import (
	"encoding/json"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

var (
	retentionIgnored = fault.NewBug("lock.retention-ignored",
		"a version can be deleted before its retention period ends", "OL-10")
	holdIgnored = fault.NewBug("lock.hold-ignored",
		"a version under a legal hold can be deleted", "OL-14")
	holdBypassed = fault.NewBug("lock.hold-bypassed",
		"x-amz-bypass-governance-retention bypasses a legal hold", "OL-14")
	complianceBypassed = fault.NewBug("lock.compliance-bypassed",
		"x-amz-bypass-governance-retention bypasses compliance", "OL-12")
	bypassUseless = fault.NewBug("lock.governance-never-bypassed",
		"governance cannot be bypassed", "OL-11")
	lockedForGood = fault.NewBug("lock.never-ends",
		"a version stays locked after its retention period", "lock.compliance.ends")
	pastTaken = fault.NewBug("lock.past-date-taken",
		"a retention period may end in the past", "OL-07")
	askedIgnored = fault.NewBug("lock.dropped-without-configuration",
		"lock headers are ignored where the bucket has no object lock", "OL-08")
	newOnly = fault.NewBug("lock.new-buckets-only",
		"object lock cannot be enabled in a bucket that is there already", "OL-04")
	unversionedLocked = fault.NewBug("lock.configured-unversioned",
		"PutObjectLockConfiguration of a bucket that is not versioned succeeds", "OL-04")
)

// A LockMode is how firmly a retention period holds.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html#object-lock-retention-modes
type LockMode string

// The modes.
const (
	Governance LockMode = "GOVERNANCE" // who has the permission may bypass it
	Compliance LockMode = "COMPLIANCE" // nobody may
)

// A Hold is the legal hold of a version: "" where none was ever set.
type Hold string

// The holds that a client can set.
const (
	HoldOn  Hold = "ON"
	HoldOff Hold = "OFF"
)

// A Lock is what S3 Object Lock knows of one version: a retention period, a
// legal hold, or both. It is never changed in place; nil is none.
type Lock struct {
	Mode  LockMode  `json:",omitempty"` // "" without a retention period
	Until time.Time `json:",omitzero"`  // its end; UTC, to the millisecond
	Hold  Hold      `json:",omitempty"`
}

// Forbids reports whether at the time now the version may not be deleted.
// bypass says that whoever asks may bypass governance, and does; nothing
// bypasses compliance or a legal hold. Inside Apply now is the state's own time.
func (l *Lock) Forbids(now time.Time, bypass bool) bool {
	return l.held(bypass) || l.retained(now) && !retentionIgnored.On() && !l.yields(bypass)
}

func (l *Lock) held(bypass bool) bool {
	return l != nil && l.Hold == HoldOn && !holdIgnored.On() && !(bypass && holdBypassed.On())
}

// yields reports whether the retention period gives way to who bypasses it.
func (l *Lock) yields(bypass bool) bool {
	return bypass && (l.Mode == Governance && !bypassUseless.On() || l.Mode == Compliance && complianceBypassed.On())
}

// retained reports whether the retention period has not ended.
func (l *Lock) retained(now time.Time) bool {
	return l != nil && l.Mode != "" && (now.Before(l.Until) || lockedForGood.On())
}

// Retention is the retention period without the hold, nil where there is none.
func (l *Lock) Retention() *Lock {
	if l == nil || l.Mode == "" {
		return nil
	}
	return &Lock{Mode: l.Mode, Until: l.Until}
}

// LegalHold is the hold, "" where none was ever set.
func (l *Lock) LegalHold() Hold {
	if l == nil {
		return ""
	}
	return l.Hold
}

// check refuses what no version can be given at the time now: half of a
// retention period, or one that is over (OL-07).
func (l *Lock) check(now time.Time) error {
	switch {
	case l == nil:
		return nil
	case l.Mode != "" && l.Mode != Governance && l.Mode != Compliance, (l.Mode == "") != l.Until.IsZero(),
		l.Hold != "" && l.Hold != HoldOn && l.Hold != HoldOff:
		return errcode.New(errcode.InvalidArgument, "malformed object lock")
	case l.Mode != "" && !l.Until.After(now) && !pastTaken.On():
		return errcode.New(errcode.InvalidArgument, "The retain until date must be in the future!")
	}
	return nil
}

// A LockConfig is the setting ObjectLock. That it is there means that object
// lock is on, which cannot be undone; Mode and a period are what new versions
// get that bring no retention of their own.
type LockConfig struct {
	Mode  LockMode `json:",omitempty"` // "": new versions get none
	Days  int      `json:",omitempty"` // one of Days and Years is positive where Mode is set
	Years int      `json:",omitempty"`
}

// The longest default retention, in either unit.
const (
	MaxLockDays  = 36500
	MaxLockYears = 100
)

// ObjectLock returns the object lock of b, nil where it is off.
func (b *Bucket) ObjectLock() *LockConfig {
	v, ok := b.Settings[ObjectLock]
	if !ok {
		return nil
	}
	c := &LockConfig{}
	_ = json.Unmarshal(v, c) // checked when it was set
	return c
}

// valid reports whether c has no default retention or a whole one.
func (c *LockConfig) valid() bool {
	if c.Mode == "" {
		return c.Days == 0 && c.Years == 0
	}
	return (c.Mode == Governance || c.Mode == Compliance) &&
		(c.Days > 0) != (c.Years > 0) && c.Days >= 0 && c.Days <= MaxLockDays && c.Years >= 0 && c.Years <= MaxLockYears
}

// checkLock is the check of the setting ObjectLock: it needs versioning, and
// stays once it is there (OL-02, OL-04).
func checkLock(b *bucketRow, value json.RawMessage) error {
	var c LockConfig
	switch {
	case value == nil:
		return errcode.New(errcode.InvalidBucketState, "Object Lock cannot be disabled.")
	case b.ObjectLock() == nil && newOnly.On():
		return errcode.New(errcode.InvalidBucketState, "Object Lock configuration cannot be enabled on existing buckets")
	case b.Versioning != VersioningEnabled && !unversionedLocked.On():
		return errcode.New(errcode.InvalidBucketState, "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
	case json.Unmarshal(value, &c) != nil || !c.valid():
		return &errcode.Error{Code: errcode.MalformedXML}
	}
	return nil
}

// AdmitsLock refuses a lock that nothing new in b can be given at the time now:
// InvalidRequest where b has no object lock (OL-08), InvalidArgument (OL-07).
func (b *Bucket) AdmitsLock(l *Lock, now time.Time) error {
	if l == nil {
		return nil
	}
	if b.ObjectLock() == nil {
		if askedIgnored.On() {
			return nil
		}
		return MissingLock()
	}
	return l.check(now)
}

// MissingLock refuses what needs object lock in a bucket without it (OL-08, OL-15).
func MissingLock() error {
	return errcode.New(errcode.InvalidRequest, "Bucket is missing Object Lock Configuration")
}
