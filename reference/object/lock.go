package object

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// The nouns of object lock.
type (
	Lock       = meta.Lock
	LockConfig = meta.LockConfig
	LockMode   = meta.LockMode
	Hold       = meta.Hold
)

// The modes and the holds that a client can set, and the longest default
// retention in either unit.
const (
	Governance   = meta.Governance
	Compliance   = meta.Compliance
	HoldOn       = meta.HoldOn
	HoldOff      = meta.HoldOff
	MaxLockDays  = meta.MaxLockDays
	MaxLockYears = meta.MaxLockYears
)

var (
	bypassUnasked = fault.NewBug("lock.bypass-unasked",
		"who may bypass governance does, whether they ask for it or not", "OL-11", "OL-13")
	bypassByAll = fault.NewBug("lock.bypass-by-all",
		"who may delete a version may bypass governance", "OL-11")
	lockShownToAll = fault.NewBug("lock.shown-to-all",
		"GET and HEAD tell the object lock to who may not read it", "OL-16")
	limitsUnseen = fault.NewBug("lock.limits-unseen",
		"policies do not see how long a retention period is to last", "OL-21")
	digestOptional = fault.NewBug("lock.digest-optional",
		"an object is put under object lock without Content-MD5 or a checksum", "OL-09")
	lockCopied = fault.NewBug("lock.copied",
		"a copy has the object lock of its source", "OL-18", "CP-10")
	lockOfCopyLost = fault.NewBug("lock.copy-lock-lost",
		"CopyObject ignores the object lock that it asks for", "OL-18")
	missingUnlocked = fault.NewBug("lock.missing-is-unset",
		"a key that does not exist is said to have no retention period and no legal hold", "OL-15")
	markerLocked = fault.NewBug("lock.marker-locked",
		"putting a retention period on a delete marker succeeds, and does nothing", "OL-20")
	bypassOwnOnly = fault.NewBug("lock.bypass-by-owner-only",
		"nobody but the bucket's owner may bypass governance, whatever a policy allows", "OL-11")
	manyBypass = fault.NewBug("lock.delete-many-bypasses",
		"DeleteObjects bypasses governance whether it is asked to or not", "OL-17")
)

// The rights to what object lock says of a version. They have one name, whether
// a version is named or not.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
var (
	readRetention  = right{[]string{"s3:GetObjectRetention"}, owning}
	writeRetention = right{[]string{"s3:PutObjectRetention"}, owning}
	readHold       = right{[]string{"s3:GetObjectLegalHold"}, owning}
	writeHold      = right{[]string{"s3:PutObjectLegalHold"}, owning}
)

// A LockInput names the version whose lock is asked for or to be changed.
type LockInput struct {
	Caller      Caller
	Bucket, Key string
	VersionID   string // "": the current version
	// Bypass asks to bypass governance, for who may.
	Bypass bool
}

// SetObjectLock turns the object lock of a bucket on and replaces its default
// retention: InvalidBucketState where versioning is not enabled, MalformedXML.
func (s *Service) SetObjectLock(ctx context.Context, c Caller, bucket string, config LockConfig) error {
	value, err := json.Marshal(config)
	if err != nil {
		return fmt.Errorf("pack object lock: %w", err)
	}
	return s.configure(ctx, c, bucket, "s3:PutBucketObjectLockConfiguration",
		meta.SetSetting{Bucket: bucket, Setting: meta.ObjectLock, Value: value})
}

// Retention returns the lock of a version for its retention period, which is
// there: InvalidRequest in a bucket without object lock,
// NoSuchObjectLockConfiguration.
func (s *Service) Retention(ctx context.Context, in LockInput) (*Lock, error) {
	l, err := s.lockOf(ctx, in, readRetention)
	return lockFound(l.Retention(), err)
}

// LegalHold returns the lock of a version for its legal hold, as Retention does.
func (s *Service) LegalHold(ctx context.Context, in LockInput) (*Lock, error) {
	l, err := s.lockOf(ctx, in, readHold)
	if l.LegalHold() == "" {
		l = nil
	}
	return lockFound(l, err)
}

func lockFound(l *Lock, err error) (*Lock, error) {
	if errcode.Of(err) == errcode.NoSuchKey && missingUnlocked.On() {
		err = nil
	}
	if err == nil && l == nil {
		err = &errcode.Error{Code: errcode.NoSuchObjectLockConfiguration}
	}
	return l, err
}

// lockOf returns the lock of a version, nil where there is none, to who has r.
func (s *Service) lockOf(ctx context.Context, in LockInput, r right) (l *Lock, err error) {
	err = s.view(ctx, func(tx *meta.Tx) error {
		o, err := lockable(tx, in, r)
		l = o.Lock
		return err
	})
	return l, err
}

// lockable returns a version that may have a lock, to who has r: not a delete
// marker (MethodNotAllowed, OL-20).
func lockable(tx *meta.Tx, in LockInput, r right) (meta.Object, error) {
	o, err := objectIn(tx, in.Caller, in.Bucket, in.Key, in.VersionID, r)
	if errcode.Of(err) == errcode.AccessDenied || errcode.Of(err) == errcode.NoSuchBucket {
		return o, err
	}
	if b, missing := tx.Bucket(in.Bucket); missing == nil && b.ObjectLock() == nil {
		return o, meta.MissingLock()
	}
	if err == nil && o.DeleteMarker {
		err = markerError(&o, true)
	}
	return o, err
}

// SetRetention replaces the retention period of a version; mode "" with the zero
// until removes it: InvalidArgument, AccessDenied (see meta.SetRetention).
func (s *Service) SetRetention(ctx context.Context, in LockInput, mode LockMode, until time.Time) error {
	bypass := in.Bypass
	in.Caller = in.Caller.locking(&Lock{Mode: mode, Until: until}, s.clock.Now())
	err := s.view(ctx, func(tx *meta.Tx) error {
		o, err := lockable(tx, in, writeRetention)
		if err == nil {
			bypass = in.Caller.bypasses(&o.BucketInfo, in.Key, in.VersionID, in.Bypass)
		}
		return err
	})
	if errcode.Of(err) == errcode.MethodNotAllowed && markerLocked.On() {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.propose(ctx, meta.SetRetention{Bucket: in.Bucket, Key: in.Key, VersionID: in.VersionID, Mode: mode, Until: until, Bypass: bypass})
	return err
}

// SetLegalHold sets the legal hold of a version.
func (s *Service) SetLegalHold(ctx context.Context, in LockInput, hold Hold) error {
	in.Caller = in.Caller.locking(&Lock{Hold: hold}, s.clock.Now())
	err := s.view(ctx, func(tx *meta.Tx) error {
		_, err := lockable(tx, in, writeHold)
		return err
	})
	if err != nil {
		return err
	}
	_, err = s.propose(ctx, meta.SetLegalHold{Bucket: in.Bucket, Key: in.Key, VersionID: in.VersionID, Hold: hold})
	return err
}

// lockFacts are what policies may ask of a request that locks.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html#amazons3-policy-keys
type lockFacts struct {
	Facts
	lock *Lock
	now  time.Time
}

// locking is c as who asks for the lock l at the time now.
func (c Caller) locking(l *Lock, now time.Time) Caller {
	if l != nil && !limitsUnseen.On() {
		c.Facts = lockFacts{c.Facts, l, now}
	}
	return c
}

// Fact implements Facts. What is left of a day counts as one.
func (f lockFacts) Fact(key string) []string {
	period := f.lock.Retention()
	switch {
	case key == "s3:object-lock-legal-hold":
		return some(string(f.lock.LegalHold()))
	case key == "s3:object-lock-mode" && period != nil:
		return []string{string(period.Mode)}
	case key == "s3:object-lock-retain-until-date" && period != nil:
		return []string{period.Until.Format(time.RFC3339)}
	case key == "s3:object-lock-remaining-retention-days" && period != nil:
		const day = 24 * time.Hour
		return []string{strconv.FormatInt(int64((period.Until.Sub(f.now)+day-1)/day), 10)}
	case f.Facts == nil:
		return nil
	}
	return f.Facts.Fact(key)
}

// bypasses reports whether c, who asks to bypass governance or not, does.
func (c Caller) bypasses(b *Bucket, key, version string, asked bool) bool {
	if !asked && !bypassUnasked.On() {
		return false
	}
	if !c.owns(b) && bypassOwnOnly.On() {
		return false
	}
	return c.may(b, act{action: "s3:BypassGovernanceRetention", key: key, version: version}, c.owns(b)) == nil || bypassByAll.On()
}

// seen is what c may know of the lock of o, whose version is as it was named.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (Response Headers)
func (c Caller) seen(o *meta.Object, version string) *Lock {
	if o.Lock == nil || lockShownToAll.On() {
		return o.Lock
	}
	l := *o.Lock
	if readRetention.check(c, o, version, nil) != nil {
		l.Mode, l.Until = "", time.Time{}
	}
	if readHold.check(c, o, version, nil) != nil {
		l.Hold = ""
	}
	return &l
}

// allowLock fails unless c may lock m in b, which no ACL gives.
func (m *making) allowLock(b *Bucket, c Caller) error {
	if m.lock.Retention() != nil {
		if err := c.may(b, act{action: "s3:PutObjectRetention", key: m.key}, c.owns(b)); err != nil {
			return err
		}
	}
	if m.lock.LegalHold() != "" {
		return c.may(b, act{action: "s3:PutObjectLegalHold", key: m.key}, c.owns(b))
	}
	return nil
}

// checkDigest demands a digest of what is put under object lock (OL-09).
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html (Content-MD5)
func checkDigest(b *Bucket, in *PutInput) error {
	config := b.ObjectLock()
	if in.Attributes.Lock == nil && (config == nil || config.Mode == "") {
		return nil
	}
	return digested(&in.Body, "Put Object")
}

// checkPartDigest demands a digest of the parts of an upload that was given a lock,
// as S3 is seen to do too (its documents say that parts need one "if object lock
// parameters are specified").
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html (Content-MD5)
func checkPartDigest(u *Upload, in *UploadPartInput) error {
	if u.Lock == nil {
		return nil
	}
	return digested(&in.Body, "Put Part")
}

func digested(b *Body, doing string) error {
	if b.MD5 != nil || b.Checksum.Algorithm != "" || digestOptional.On() {
		return nil
	}
	return errcode.New(errcode.InvalidRequest, "Content-MD5 OR x-amz-checksum- HTTP header is required for %s requests with Object Lock parameters", doing)
}
