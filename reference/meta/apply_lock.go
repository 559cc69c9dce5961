package meta

import (
	"time"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

var (
	defaultIgnored = fault.NewBug("lock.default-ignored",
		"the default retention of a bucket has no effect", "OL-06")
	defaultOverrides = fault.NewBug("lock.default-overrides",
		"a version has the default retention of its bucket whatever retention it is put with", "OL-06")
	defaultDropsHold = fault.NewBug("lock.default-drops-hold",
		"a version that gets the default retention loses the legal hold that it is put with", "OL-06")
	yearsAreDays = fault.NewBug("lock.years-are-days",
		"a default retention in years counts in days", "OL-06")
	markersKept = fault.NewBug("lock.marker-kept",
		"the delete marker of a key whose versions are locked cannot be deleted", "OL-19")
	defaultForAll = fault.NewBug("lock.default-for-all",
		"the default retention of a bucket keeps versions too that were there before", "OL-06")
	holdStays = fault.NewBug("lock.hold-stays",
		"a legal hold that is lifted stays", "OL-14")
	lockBares = fault.NewBug("lock.loses-metadata",
		"a version that is locked later loses its metadata", "OL-16")
	onlyCurrent = fault.NewBug("lock.only-current",
		"a locked version can be deleted once it is not the current one", "OL-10")
	overwriteRefused = fault.NewBug("lock.overwrite-refused",
		"a key whose current version is locked cannot be put again", "OL-10")
	hideRefused = fault.NewBug("lock.delete-marker-refused",
		"a key whose current version is locked cannot be hidden behind a delete marker", "OL-10")
	manyRefused = fault.NewBug("lock.delete-many-all-or-none",
		"DeleteObjects deletes nothing when one of its versions is locked", "OL-17")
	refusalUntold = fault.NewBug("lock.refusal-untold",
		"a version that is locked is said to be deleted, and stays", "OL-10", "OL-17")
	complianceShortened = fault.NewBug("lock.compliance-shortened",
		"a retention period in compliance mode can be shortened", "OL-12")
	complianceWeakened = fault.NewBug("lock.compliance-weakened",
		"compliance can be turned into governance", "OL-12")
	governanceShortened = fault.NewBug("lock.governance-shortened",
		"a retention period in governance mode can be shortened by anybody who may set one", "OL-13")
	extendRefused = fault.NewBug("lock.extend-needs-bypass",
		"a retention period in governance mode cannot be extended without bypassing it", "OL-13")
	holdClears = fault.NewBug("lock.hold-clears-retention",
		"setting a legal hold ends the retention period", "OL-14")
	retentionClears = fault.NewBug("lock.retention-clears-hold",
		"setting a retention period lifts the legal hold", "OL-14")
	lockOnCurrent = fault.NewBug("lock.version-ignored",
		"a retention period or a legal hold put on a version becomes that of the current one", "OL-10", "OL-14")
)

// now is the time of the state machine.
func (m *machine) now() time.Time { return fromMilli(m.st.stamp) }

func lockDenied() error {
	return errcode.New(errcode.AccessDenied, "Access Denied because object protected by object lock.")
}

// lockNew locks a version that is being made with a: by what it brings, and for
// the default retention of b where it brings none (OL-06). Nothing but the
// state's time counts.
func (m *machine) lockNew(b *bucketRow, a *Attributes) {
	config := b.ObjectLock()
	if config == nil {
		a.Lock = nil // AdmitsLock has refused any other
		return
	}
	if config.Mode == "" || defaultIgnored.On() || a.Lock.Retention() != nil && !defaultOverrides.On() {
		return
	}
	until := m.now().AddDate(config.Years, 0, config.Days)
	if yearsAreDays.On() {
		until = m.now().AddDate(0, 0, config.Years+config.Days)
	}
	hold := a.Lock.LegalHold()
	if defaultDropsHold.On() {
		hold = ""
	}
	a.Lock = &Lock{Mode: config.Mode, Until: until, Hold: hold}
}

// keeps fails with AccessDenied while the lock of a version of b forbids to
// delete it (OL-10 to OL-14). A delete marker is never locked (OL-19).
func (m *machine) keeps(b *bucketRow, key string, rec *record, live, bypass bool) error {
	if b.ObjectLock() == nil {
		return nil
	}
	if rec.is(flagMarker) {
		if markersKept.On() {
			return m.guards(b, key, bypass)
		}
		return nil
	}
	packed, err := attrsOf(m.c, b.row, key, rec, live)
	if err != nil {
		return err
	}
	var a Attributes
	if err := unpackAttrs(packed, &a); err != nil {
		return err
	}
	if b.ObjectLock().Mode != "" && !bypass && defaultForAll.On() {
		return lockDenied()
	}
	if a.Lock.Forbids(m.now(), bypass) && !(!live && onlyCurrent.On()) {
		return lockDenied()
	}
	return nil
}

// guards is keeps for the newest version of a key: for bugs.
func (m *machine) guards(b *bucketRow, key string, bypass bool) error {
	rec, err := recordOf(m.c.first("SELECT rec FROM version WHERE bucket = ? AND key = ? ORDER BY nseq LIMIT 1 OFFSET 1", b.row, []byte(key)))
	if err != nil || rec == nil || rec.is(flagMarker) {
		return err
	}
	return m.keeps(b, key, rec, false, bypass)
}

// keepsAny is keeps for any of several versions: for bugs.
func (m *machine) keepsAny(b *bucketRow, items []DeleteItem) error {
	for _, item := range items {
		rec, live, err := findVersion(m.c, b.row, item.Key, item.VersionID)
		if err == nil && rec != nil && item.VersionID != "" {
			err = m.keeps(b, item.Key, rec, live, item.Bypass)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// setRetention replaces the retention period of one version. While it lasts it
// can only grow, but for who bypasses governance (OL-12, OL-13).
func (m *machine) setRetention(op SetRetention) (Result, error) {
	period := &Lock{Mode: op.Mode, Until: op.Until}
	if err := period.check(m.now()); err != nil {
		return Result{}, err
	}
	return m.setLock(op.Bucket, op.Key, op.VersionID, func(l *Lock) error {
		if l.retained(m.now()) && !l.yields(op.Bypass) && l.weaker(period) {
			return lockDenied()
		}
		l.Mode, l.Until = op.Mode, op.Until
		if retentionClears.On() {
			l.Hold = ""
		}
		return nil
	})
}

// weaker reports whether period would be another than that of l and not a
// longer one of the same mode.
func (l *Lock) weaker(period *Lock) bool {
	switch {
	case l.Mode == Governance && governanceShortened.On():
		return false
	case l.Mode == Compliance && period.Mode == Compliance && complianceShortened.On():
		return false
	case l.Mode == Compliance && period.Mode == Governance && complianceWeakened.On():
		return false
	case l.Mode == Governance && extendRefused.On():
		return true
	}
	return period.Mode != l.Mode || period.Until.Before(l.Until)
}

// setLegalHold sets or lifts the legal hold of one version, which has nothing to
// do with its retention (OL-14).
func (m *machine) setLegalHold(op SetLegalHold) (Result, error) {
	return m.setLock(op.Bucket, op.Key, op.VersionID, func(l *Lock) error {
		if err := (&Lock{Hold: op.Hold}).check(m.now()); err != nil || op.Hold == "" {
			return errcode.New(errcode.MalformedXML, "malformed legal hold")
		}
		if l.Hold != HoldOn || !holdStays.On() {
			l.Hold = op.Hold
		}
		if holdClears.On() {
			l.Mode, l.Until = "", time.Time{}
		}
		return nil
	})
}

// setLock changes a copy of the lock of one version; its ETag and time stay.
func (m *machine) setLock(bucket, key, version string, change func(*Lock) error) (Result, error) {
	b, err := m.bucket(bucket)
	if err != nil {
		return Result{}, err
	}
	if b.ObjectLock() == nil {
		return Result{Bucket: b.Bucket}, MissingLock()
	}
	if version != "" && lockOnCurrent.On() {
		version = ""
	}
	return m.setAttrs(bucket, key, version, func(_ *bucketRow, v *Version) error {
		var l Lock
		if v.Lock != nil {
			l = *v.Lock
		}
		if err := change(&l); err != nil {
			return err
		}
		if v.Metadata != nil && lockBares.On() {
			v.Metadata = nil
		}
		v.Lock = &l
		if l == (Lock{}) {
			v.Lock = nil
		}
		return nil
	})
}
