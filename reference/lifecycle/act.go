package lifecycle

import (
	"slices"
	"time"

	"bleepstore/fault"
)

var (
	disabledActs = fault.NewBug("lifecycle.disabled-acts",
		"a rule that is disabled is carried out", "LC-10", "LC-09")
	prefixIgnored = fault.NewBug("lifecycle.prefix-ignored",
		"a rule is for every key of its bucket", "LC-10", "LC-09")
	sizeIgnored = fault.NewBug("lifecycle.size-ignored",
		"a rule is for objects of every size", "LC-10", "LC-09")
	tagIgnored = fault.NewBug("lifecycle.tags-ignored",
		"a rule is for objects whatever their tags", "LC-10", "LC-09")
	anyTag = fault.NewBug("lifecycle.any-tag",
		"of several tags of a filter an object needs one", "LC-10")
	expiresEarly = fault.NewBug("lifecycle.expires-early",
		"days are counted to the hour, and not to the midnight behind it", "LC-09", "LC-10")
	newerIgnored = fault.NewBug("lifecycle.newer-versions-ignored",
		"NewerNoncurrentVersions is not heeded", "LC-10")
	markersCount = fault.NewBug("lifecycle.markers-retained",
		"delete markers count as versions that are to be retained", "LC-10")
	markerKept = fault.NewBug("lifecycle.expired-marker-kept",
		"a delete marker that is the only version stays", "LC-10")
	markerOverVersions = fault.NewBug("lifecycle.marker-over-versions-removed",
		"a delete marker is removed though there are versions under it", "LC-10")
	markerAgain = fault.NewBug("lifecycle.marker-on-marker",
		"a key that is deleted already gets another delete marker", "LC-10")
	latestRule = fault.NewBug("lifecycle.latest-rule",
		"of several rules that expire an object the one that does so last counts", "LC-09")
)

// Due is when what happened at t is due after days: at the midnight in UTC that
// follows. An object made at 10:30 on the 15th is due after 3 days at 0:00 on the
// 19th.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-number-of-days
func Due(t time.Time, days int) time.Time {
	day := t.UTC().Truncate(24 * time.Hour) // a day of time.Time's has no leap seconds
	if expiresEarly.On() {
		return t.UTC().AddDate(0, 0, days)
	}
	return day.AddDate(0, 0, days+1)
}

// A Version is one version of a key, or a delete marker, which has neither size
// nor tags.
type Version struct {
	ID       string
	Modified time.Time
	Marker   bool
	Size     int64
	Class    string // storage class; "" is STANDARD
	Tags     []Tag
}

func (v *Version) has(t Tag) bool { return slices.Contains(v.Tags, t) }

// An Expiry is when something is to happen, and by which rule.
type Expiry struct {
	At   time.Time // a midnight in UTC
	Rule string
}

// earliest keeps the earlier of two; nil is never.
func (e *Expiry) earliest(at time.Time, rule string) *Expiry {
	if e == nil || at.Before(e.At) != latestRule.On() && !at.Equal(e.At) {
		return &Expiry{at, rule}
	}
	return e
}

// Expires returns when the current version of a key expires, nil if never.
func (c *Configuration) Expires(key string, v *Version) (first *Expiry) {
	for i := range c.Rules {
		r := &c.Rules[i]
		e := r.Expiration
		if e == nil || v.Marker || e.Days == 0 && e.Date.IsZero() || !r.matches(key, v.Size, v.has) {
			continue
		}
		at := e.Date
		if e.Days > 0 {
			at = Due(v.Modified, e.Days)
		}
		first = first.earliest(at, r.ID)
	}
	return first
}

// Aborts returns when an upload is aborted, nil if never.
func (c *Configuration) Aborts(key string, initiated time.Time) (first *Expiry) {
	for i := range c.Rules {
		r := &c.Rules[i]
		if r.AbortDays > 0 && r.matches(key, 0, func(Tag) bool { return false }) {
			first = first.earliest(Due(initiated, r.AbortDays), r.ID)
		}
	}
	return first
}

// A Kind is what is done to a version.
type Kind int

// The kinds.
const (
	Delete  Kind = iota // the key, as a client does who names no version
	Remove              // the version, for good
	Transit             // to another storage class
)

// An Action is one thing to do.
type Action struct {
	Kind    Kind
	Version string
	Class   string // of Transit
}

// Act returns what is due now for the versions of a key, newest first. At most
// max actions are returned: those that count noncurrent versions from the newest
// on stay right when the rest follows later.
func (c *Configuration) Act(key string, versions []Version, now time.Time, max int) (todo []Action) {
	newer := 0 // noncurrent versions above, delete markers aside
	for i := range versions {
		if len(todo) == max {
			return todo
		}
		v := &versions[i]
		if i == 0 {
			if a, ok := c.current(key, v, len(versions) == 1, now); ok {
				todo = append(todo, a)
			}
			continue
		}
		since := versions[i-1].Modified
		if a, ok := c.noncurrent(key, v, since, newer, now); ok {
			todo = append(todo, a)
		}
		if !v.Marker || markersCount.On() {
			newer++
		}
	}
	return todo
}

// current is what is due for the newest version; only says that there is no
// other. Expiration comes before transition, whatever the rules' order.
func (c *Configuration) current(key string, v *Version, only bool, now time.Time) (Action, bool) {
	if v.Marker {
		if markerAgain.On() && c.Expires(key, &Version{Modified: v.Modified}) != nil {
			return Action{Kind: Delete, Version: v.ID}, true
		}
		return Action{Kind: Remove, Version: v.ID}, (only || markerOverVersions.On()) && c.clears(key, v, now) && !markerKept.On()
	}
	if e := c.Expires(key, v); e != nil && !now.Before(e.At) {
		return Action{Kind: Delete, Version: v.ID}, true
	}
	return c.transition(key, v, now, func(r *Rule) []Transition { return r.Transitions }, v.Modified, 0)
}

// clears reports whether a delete marker with nothing under it is to go: by
// ExpiredObjectDeleteMarker at once, by another expiration when that is due.
func (c *Configuration) clears(key string, v *Version, now time.Time) bool {
	return slices.ContainsFunc(c.Rules, func(r Rule) bool {
		e := r.Expiration
		switch {
		case e == nil || !r.matches(key, 0, v.has):
			return false
		case e.Marker != nil:
			return *e.Marker
		case e.Days > 0:
			return !now.Before(Due(v.Modified, e.Days))
		}
		return !now.Before(e.Date)
	})
}

func (c *Configuration) noncurrent(key string, v *Version, since time.Time, newer int, now time.Time) (Action, bool) {
	for i := range c.Rules {
		r := &c.Rules[i]
		n := r.Noncurrent
		if n != nil && r.matches(key, v.Size, v.has) && !now.Before(Due(since, n.Days)) && (newer >= n.Newer || newerIgnored.On()) {
			return Action{Kind: Remove, Version: v.ID}, true
		}
	}
	if v.Marker {
		return Action{}, false
	}
	return c.transition(key, v, now, func(r *Rule) []Transition { return r.NoncurrentTransitions }, since, newer)
}

// classes in the order in which objects can move: only forward. Of several that
// are due the last is taken.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
var classes = []string{"STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"}

func rank(class string) int { return max(slices.Index(classes, class), 0) }

const smallest = 128 << 10 // bytes

// takes reports whether a rule may move an object of that size.
func (c *Configuration) takes(r *Rule, class string, size int64) bool {
	if f := r.Filter; f != nil && (f.Greater != nil || f.Less != nil) || size >= smallest {
		return true
	}
	return c.MinimumSize == Varies && rank(class) >= rank("GLACIER")
}

func (c *Configuration) transition(key string, v *Version, now time.Time, of func(*Rule) []Transition, since time.Time, newer int) (Action, bool) {
	to := v.Class
	for i := range c.Rules {
		r := &c.Rules[i]
		for _, t := range of(r) {
			at := t.Date
			if at.IsZero() {
				at = Due(since, t.Days)
			}
			if rank(t.Class) > rank(to) && !now.Before(at) && newer >= t.Newer && r.matches(key, v.Size, v.has) && c.takes(r, t.Class, v.Size) {
				to = t.Class
			}
		}
	}
	return Action{Kind: Transit, Version: v.ID, Class: to}, to != v.Class
}
