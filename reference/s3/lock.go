package s3

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

// Request headers of object lock by their canonical names.
const (
	hLockMode   = "X-Amz-Object-Lock-Mode"
	hLockUntil  = "X-Amz-Object-Lock-Retain-Until-Date"
	hLockHold   = "X-Amz-Object-Lock-Legal-Hold"
	hLockBucket = "X-Amz-Bucket-Object-Lock-Enabled"
	hBypass     = "X-Amz-Bypass-Governance-Retention"
)

var (
	halfRetention = fault.NewBug("lock.half-retention-dropped",
		"a retention mode without a date, or a date without a mode, is ignored", "OL-07")
	anyHold = fault.NewBug("lock.any-hold-is-off",
		"a legal hold that is neither ON nor OFF is taken for OFF", "OL-07")
	lockUnsaid = fault.NewBug("lock.unsaid",
		"GET and HEAD do not tell the object lock of a version", "OL-16")
	lockDateHTTP = fault.NewBug("lock.date-of-http",
		"GET and HEAD tell the end of a retention period as the dates of HTTP are written", "OL-16")
	lockDateLocal = fault.NewBug("lock.date-of-another-zone",
		"the end of a retention period that is given with an offset from UTC is read without it", "OL-16")
	unsetEmpty = fault.NewBug("lock.unset-is-empty",
		"the retention period of a version that has none reads as an empty document", "OL-15")
	holdUnsetOff = fault.NewBug("lock.unset-hold-is-off",
		"the legal hold of a version that never had one reads as OFF", "OL-15")
	unlockedOff = fault.NewBug("lock.unlocked-hold-is-off",
		"the legal hold of a version in a bucket without object lock reads as OFF", "OL-15")
	unlockedEnabled = fault.NewBug("lock.no-configuration-is-empty",
		"GetObjectLockConfiguration of a bucket without object lock answers an empty one", "OL-03")
	createFalse = fault.NewBug("lock.created-by-false",
		"x-amz-bucket-object-lock-enabled: false makes a bucket with object lock", "OL-01")
	documentDate = fault.NewBug("lock.document-date-of-http",
		"GetObjectRetention tells the end of a retention period as the dates of HTTP are written", "OL-16")
	createLockIgnored = fault.NewBug("lock.created-without",
		"CreateBucket ignores x-amz-bucket-object-lock-enabled", "OL-01")
	uploadLockIgnored = fault.NewBug("lock.upload-headers-ignored",
		"CreateMultipartUpload ignores lock headers", "OL-18")
	modeOnly = fault.NewBug("lock.retention-without-date",
		"PutObjectRetention with a mode and no date succeeds, and sets nothing", "OL-07")
)

// lockHeaders reads what PutObject, CopyObject and CreateMultipartUpload say of
// object lock; nil when they say nothing.
func (q *request) lockHeaders() (*object.Lock, error) {
	mode, date, hold := q.header(hLockMode), q.header(hLockUntil), q.header(hLockHold)
	if (mode == "") != (date == "") && halfRetention.On() {
		mode, date = "", ""
	}
	if hold != "" && hold != string(object.HoldOn) && anyHold.On() {
		hold = string(object.HoldOff)
	}
	switch {
	case mode == "" && date == "" && hold == "":
		return nil, nil
	case (mode == "") != (date == ""):
		return nil, argument("x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
			strings.ToLower(hLockMode), mode)
	case mode != "" && !isLockMode(mode):
		return nil, argument("Unknown wormMode directive.", strings.ToLower(hLockMode), mode)
	case hold != "" && !isHold(hold):
		return nil, argument("Legal Hold must be either of 'ON' or 'OFF'", strings.ToLower(hLockHold), hold)
	}
	l := &object.Lock{Mode: object.LockMode(mode), Hold: object.Hold(hold)}
	if date != "" {
		var ok bool
		if l.Until, ok = parseLockDate(date); !ok {
			return nil, argument("The retain until date must be provided in ISO 8601 format", strings.ToLower(hLockUntil), date)
		}
	}
	return l, nil
}

func isLockMode(v string) bool {
	return v == string(object.Governance) || v == string(object.Compliance)
}

func isHold(v string) bool { return v == string(object.HoldOn) || v == string(object.HoldOff) }

// parseLockDate reads ISO 8601 with any offset, to the millisecond.
func parseLockDate(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, s)
	if err == nil && lockDateLocal.On() {
		_, offset := t.Zone()
		t = t.Add(time.Duration(offset) * time.Second)
	}
	return t.UTC().Truncate(time.Millisecond), err == nil
}

// bypass says whether the request asks to bypass governance.
func (q *request) bypass() bool { return strings.EqualFold(q.header(hBypass), "true") }

// setLock sets the headers that tell the lock of a version to GET and HEAD.
func (q *request) setLock(l *object.Lock) {
	if l == nil || lockUnsaid.On() {
		return
	}
	if l.Mode != "" {
		q.set("x-amz-object-lock-mode", string(l.Mode))
		until := string(appendISO(nil, l.Until))
		if lockDateHTTP.On() {
			until = httpDate(l.Until)
		}
		q.set("x-amz-object-lock-retain-until-date", until)
	}
	q.setSome("x-amz-object-lock-legal-hold", string(l.Hold))
}

// createsLocked reads x-amz-bucket-object-lock-enabled.
func (q *request) createsLocked() (bool, error) {
	switch v := q.header(hLockBucket); {
	case createLockIgnored.On():
		return false, nil
	case strings.EqualFold(v, "true"), v != "" && createFalse.On():
		return true, nil
	case v != "" && !strings.EqualFold(v, "false"):
		return false, argument("Invalid "+strings.ToLower(hLockBucket), strings.ToLower(hLockBucket), v)
	}
	return false, nil
}

func (q *request) getObjectLock() error {
	b, err := q.readBucket()
	if err != nil {
		return err
	}
	config := b.ObjectLock()
	if config == nil && unlockedEnabled.On() {
		config = &object.LockConfig{}
	}
	if config == nil {
		return &errcode.Error{Code: errcode.ObjectLockConfigurationNotFound}
	}
	x := q.h.buffers.xml()
	x.root("ObjectLockConfiguration")
	x.text("ObjectLockEnabled", "Enabled")
	if config.Mode != "" {
		x.open("Rule")
		x.open("DefaultRetention")
		x.text("Mode", string(config.Mode))
		if config.Days > 0 {
			x.int("Days", int64(config.Days))
		} else {
			x.int("Years", int64(config.Years))
		}
		x.end("DefaultRetention")
		x.end("Rule")
	}
	x.end("ObjectLockConfiguration")
	return q.replyXML(http.StatusOK, x)
}

func (q *request) putObjectLock() error {
	e, err := q.readXML("ObjectLockConfiguration")
	if err != nil {
		return err
	}
	config, err := lockConfig(e)
	if err != nil {
		return err
	}
	if config.Mode == "" && ruleKept.On() {
		if b, err := q.readBucket(); err == nil && b.ObjectLock() != nil {
			config = *b.ObjectLock()
		}
	}
	if err := q.h.cfg.Backend.SetObjectLock(q.ctx, q.caller, q.bucket, config); err != nil {
		return err
	}
	return q.reply(http.StatusOK)
}

var (
	enabledUnread = fault.NewBug("lock.enabled-unread",
		"PutObjectLockConfiguration does not look at ObjectLockEnabled", "OL-05")
	ruleKept = fault.NewBug("lock.rule-kept",
		"PutObjectLockConfiguration without a Rule leaves the default retention", "OL-04")
	modeAlone = fault.NewBug("lock.mode-without-period",
		"a default retention with a mode alone is taken for none", "OL-05")
	periodAlone = fault.NewBug("lock.period-without-mode",
		"a default retention with a period alone is taken for none", "OL-05")
	periodUnread = fault.NewBug("lock.period-no-number",
		"a default retention whose period is no number is taken for none", "OL-05")
	bothPeriods = fault.NewBug("lock.days-and-years",
		"a default retention may have Days and Years, of which Years is dropped", "OL-05")
	zeroPeriod = fault.NewBug("lock.zero-days",
		"a default retention of no days or less is taken for none", "OL-05")
	anyLockMode = fault.NewBug("lock.any-mode",
		"a retention mode that does not exist is taken for GOVERNANCE", "OL-05", "OL-07")
)

// lockConfig reads an ObjectLockConfiguration; without a Rule there is no
// default retention.
func lockConfig(e *element) (c object.LockConfig, err error) {
	if e == nil {
		return c, &errcode.Error{Code: errcode.MissingRequestBody}
	}
	if err := e.only("ObjectLockEnabled", "Rule"); err != nil {
		return c, err
	}
	enabled, _, err := e.child("ObjectLockEnabled")
	if err != nil {
		return c, err
	}
	if enabled != "Enabled" && !enabledUnread.On() {
		return c, malformed("ObjectLockEnabled is not Enabled")
	}
	rule, err := e.one("Rule")
	if err != nil || rule == nil {
		return c, err
	}
	if err := rule.only("DefaultRetention"); err != nil {
		return c, err
	}
	period, err := rule.one("DefaultRetention")
	if err != nil {
		return c, err
	}
	if period == nil {
		return c, malformed("a Rule needs a DefaultRetention")
	}
	return defaultRetention(period)
}

// defaultRetention reads a DefaultRetention. What S3 calls a default event hold
// is not done here.
func defaultRetention(e *element) (c object.LockConfig, err error) {
	for i := range e.kids {
		if e.kids[i].name == "DefaultEventHold" {
			return c, (&errcode.Error{Code: errcode.NotImplemented}).With("Element", "DefaultEventHold")
		}
	}
	if err := e.only("Mode", "Days", "Years"); err != nil {
		return c, err
	}
	mode, _, err := e.child("Mode")
	if err != nil {
		return c, err
	}
	if !isLockMode(mode) && anyLockMode.On() {
		mode = string(object.Governance)
	}
	if mode == "" && periodAlone.On() {
		return c, nil
	}
	if !isLockMode(mode) {
		return c, malformed("unknown Mode")
	}
	days, hasDays, err := e.child("Days")
	if err != nil {
		return c, err
	}
	years, hasYears, err := e.child("Years")
	if err != nil {
		return c, err
	}
	if hasDays && hasYears && bothPeriods.On() {
		hasYears = false
	}
	if !hasDays && !hasYears && modeAlone.On() {
		return c, nil
	}
	if hasDays == hasYears {
		return c, malformed("a DefaultRetention has either Days or Years")
	}
	c.Mode = object.LockMode(mode)
	if hasDays {
		c.Days, err = lockPeriod(days, object.MaxLockDays)
	} else {
		c.Years, err = lockPeriod(years, object.MaxLockYears)
	}
	if c.Days+c.Years == 0 {
		c.Mode = ""
	}
	return c, err
}

// lockPeriod reads how many days or years a default retention lasts.
func lockPeriod(text string, most int) (int, error) {
	n, err := strconv.Atoi(text)
	switch {
	case err != nil && periodUnread.On():
		return 0, nil
	case err != nil:
		return 0, malformed("a retention period is not a number")
	case n <= 0 && zeroPeriod.On():
		return 0, nil
	case n <= 0:
		return 0, errcode.New(errcode.InvalidArgument, "Default retention period must be a positive integer value.")
	case n > most:
		return 0, errcode.New(errcode.InvalidArgument, "Default retention period is too large.")
	}
	return n, nil
}

// lockInput names the version that the request is about.
func (q *request) lockInput() object.LockInput {
	return object.LockInput{Caller: q.caller, Bucket: q.bucket, Key: q.key, VersionID: q.query.value("versionId"), Bypass: q.bypass()}
}

func (q *request) getRetention() error {
	l, err := q.h.cfg.Backend.Retention(q.ctx, q.lockInput())
	if errcode.Of(err) == errcode.NoSuchObjectLockConfiguration && unsetEmpty.On() {
		l, err = &object.Lock{}, nil
	}
	if err != nil {
		return err
	}
	x := q.h.buffers.xml()
	x.root("Retention")
	if l.Mode != "" {
		x.text("Mode", string(l.Mode))
		if documentDate.On() {
			x.text("RetainUntilDate", httpDate(l.Until))
		} else {
			x.time("RetainUntilDate", l.Until)
		}
	}
	x.end("Retention")
	return q.replyXML(http.StatusOK, x)
}

// putRetention takes an empty Retention to remove the period, as clients do who
// may bypass governance.
func (q *request) putRetention() error {
	e, err := q.readXML("Retention")
	if err != nil {
		return err
	}
	if e == nil {
		return &errcode.Error{Code: errcode.MissingRequestBody}
	}
	mode, until, err := retention(e)
	if err != nil {
		if errcode.Of(err) == errcode.MalformedXML && len(e.kids) == 1 && e.kids[0].name == "Mode" && modeOnly.On() {
			return q.reply(http.StatusOK)
		}
		return err
	}
	if err := q.h.cfg.Backend.SetRetention(q.ctx, q.lockInput(), mode, until); err != nil {
		return err
	}
	return q.reply(http.StatusOK)
}

// retention reads a Retention.
func retention(e *element) (mode object.LockMode, until time.Time, err error) {
	for i := range e.kids {
		if name := e.kids[i].name; name == "EventHold" || name == "EventHoldDuration" {
			return "", until, (&errcode.Error{Code: errcode.NotImplemented}).With("Element", name)
		}
	}
	if err := e.only("Mode", "RetainUntilDate"); err != nil {
		return "", until, err
	}
	text, hasMode, err := e.child("Mode")
	if err != nil {
		return "", until, err
	}
	date, hasDate, err := e.child("RetainUntilDate")
	if err != nil || !hasMode && !hasDate {
		return "", until, err
	}
	if !isLockMode(text) && hasMode && anyLockMode.On() {
		text = string(object.Governance)
	}
	until, ok := parseLockDate(date)
	if !isLockMode(text) || !ok {
		return "", until, malformed("a Retention has a Mode and a RetainUntilDate")
	}
	return object.LockMode(text), until, nil
}

func (q *request) getLegalHold() error {
	l, err := q.h.cfg.Backend.LegalHold(q.ctx, q.lockInput())
	if code := errcode.Of(err); code == errcode.NoSuchObjectLockConfiguration && holdUnsetOff.On() || code == errcode.InvalidRequest && unlockedOff.On() {
		l, err = &object.Lock{Hold: object.HoldOff}, nil
	}
	if err != nil {
		return err
	}
	x := q.h.buffers.xml()
	x.root("LegalHold")
	x.text("Status", string(l.Hold))
	x.end("LegalHold")
	return q.replyXML(http.StatusOK, x)
}

func (q *request) putLegalHold() error {
	e, err := q.readXML("LegalHold")
	if err != nil {
		return err
	}
	if e == nil {
		return &errcode.Error{Code: errcode.MissingRequestBody}
	}
	if err := e.only("Status"); err != nil {
		return err
	}
	hold, _, err := e.child("Status")
	if err != nil {
		return err
	}
	if !isHold(hold) && anyHold.On() {
		hold = string(object.HoldOff)
	}
	if !isHold(hold) {
		return malformed("unknown Status")
	}
	if err := q.h.cfg.Backend.SetLegalHold(q.ctx, q.lockInput(), object.Hold(hold)); err != nil {
		return err
	}
	return q.reply(http.StatusOK)
}
