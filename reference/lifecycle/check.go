package lifecycle

import (
	"slices"
	"time"
	"unicode/utf8"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

// Limits of a configuration.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
const (
	maxRules = 1000
	maxID    = 255 // characters
	maxSize  = 5 << 40
	maxNewer = 100
)

var (
	idsAlike = fault.NewBug("lifecycle.duplicate-id-taken",
		"two rules may have one ID", "LC-02")
	idUnbounded = fault.NewBug("lifecycle.id-unbounded",
		"a rule's ID may be of any length", "LC-02")
	statusAny = fault.NewBug("lifecycle.status-any",
		"a rule's Status may be anything", "LC-03")
	noAction = fault.NewBug("lifecycle.no-action-taken",
		"a rule may do nothing", "LC-03")
	bothTaken = fault.NewBug("lifecycle.prefix-and-filter-taken",
		"a rule may have a Prefix and a Filter", "LC-03")
	zeroDays = fault.NewBug("lifecycle.zero-days-taken",
		"an object may expire after 0 days", "LC-04")
	anyTime = fault.NewBug("lifecycle.any-time-taken",
		"the date of an expiration may be any time of a day", "LC-04")
	daysAndDate = fault.NewBug("lifecycle.days-and-date-taken",
		"an expiration may have days and a date", "LC-04")
	rulesUnbounded = fault.NewBug("lifecycle.rules-unbounded",
		"a configuration may have any number of rules", "LC-05")
	sizesCrossed = fault.NewBug("lifecycle.sizes-crossed",
		"the sizes of a filter may leave no object between them", "LC-06")
	markerWithDays = fault.NewBug("lifecycle.marker-with-days-taken",
		"ExpiredObjectDeleteMarker may stand beside days", "LC-07")
	markerWithTag = fault.NewBug("lifecycle.marker-with-tag-taken",
		"ExpiredObjectDeleteMarker may be in a rule with a tag", "LC-07")
	abortWithTag = fault.NewBug("lifecycle.abort-with-tag-taken",
		"AbortIncompleteMultipartUpload may be in a rule with a tag", "LC-08")
)

// Check holds c to S3's rules: MalformedXML, InvalidArgument, InvalidRequest. IDs
// must be there already.
func (c *Configuration) Check() error {
	if len(c.Rules) == 0 || len(c.Rules) > maxRules && !rulesUnbounded.On() {
		return malformed("a configuration has 1 to 1000 rules")
	}
	if c.MinimumSize != All128K && c.MinimumSize != Varies {
		return argument("Unknown default minimum object size.")
	}
	seen := map[string]bool{}
	for i := range c.Rules {
		r := &c.Rules[i]
		if utf8.RuneCountInString(r.ID) > maxID && !idUnbounded.On() {
			return argument("ID length should not exceed allowed limit of %d", maxID)
		}
		if seen[r.ID] && !idsAlike.On() {
			return argument("Rule ID must be unique. Found same ID for more than one rule")
		}
		seen[r.ID] = true
		for _, check := range []func() error{r.checkForm, r.checkFilter, r.checkExpiration, r.checkNoncurrent, r.checkAbort, r.checkTransitions, r.checkTimes} {
			if err := check(); err != nil {
				return err
			}
		}
	}
	return nil
}

func malformed(text string, args ...any) error {
	return errcode.New(errcode.MalformedXML, text, args...)
}
func argument(text string, args ...any) error {
	return errcode.New(errcode.InvalidArgument, text, args...)
}
func request(text string, args ...any) error {
	return errcode.New(errcode.InvalidRequest, text, args...)
}

func (r *Rule) checkForm() error {
	if r.Status != Enabled && r.Status != Disabled && !statusAny.On() {
		return malformed("Status is Enabled or Disabled")
	}
	if r.Prefix == nil && r.Filter == nil || r.Prefix != nil && r.Filter != nil && !bothTaken.On() {
		return malformed("a rule has a Filter or a Prefix")
	}
	idle := r.Expiration == nil && r.Noncurrent == nil && r.AbortDays == 0 && len(r.Transitions) == 0 && len(r.NoncurrentTransitions) == 0
	if idle && !noAction.On() {
		return request("At least one action needs to be specified in a rule")
	}
	return nil
}

func (r *Rule) checkFilter() error {
	f := r.Filter
	if f == nil {
		return nil
	}
	n := len(f.Tags)
	for _, is := range []bool{f.Prefix != nil, f.Greater != nil, f.Less != nil} {
		if is {
			n++
		}
	}
	switch {
	case f.And && n == 0, !f.And && n > 1:
		return malformed("several predicates of a Filter stand in And")
	case f.Greater != nil && (*f.Greater < 0 || *f.Greater > maxSize), f.Less != nil && (*f.Less < 1 || *f.Less > maxSize):
		return request("Object sizes of a Filter go up to 5 TB")
	case f.Greater != nil && f.Less != nil && *f.Greater >= *f.Less && !sizesCrossed.On():
		return request("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'")
	}
	for i, t := range f.Tags {
		if t.Key == "" || utf8.RuneCountInString(t.Key) > 128 || utf8.RuneCountInString(t.Value) > 256 {
			return request("The Tag of a Filter is not valid")
		}
		if slices.ContainsFunc(f.Tags[:i], func(o Tag) bool { return o.Key == t.Key }) {
			return request("Duplicate Tag Keys are not allowed.")
		}
	}
	return nil
}

func (r *Rule) tagged() bool { return r.Filter != nil && len(r.Filter.Tags) > 0 }

func (r *Rule) checkExpiration() error {
	e := r.Expiration
	if e == nil {
		return nil
	}
	days, date, marker := e.Days != 0, !e.Date.IsZero(), e.Marker != nil
	switch {
	case e.Days < 0 && !zeroDays.On():
		return argument("'Days' for Expiration action must be a positive integer")
	case !days && !date && !marker,
		days && date && !daysAndDate.On(),
		marker && (days || date) && !markerWithDays.On():
		return malformed("Expiration has one of Days, Date and ExpiredObjectDeleteMarker")
	case date && !midnight(e.Date) && !anyTime.On():
		return argument("'Date' must be at midnight GMT")
	case marker && r.tagged() && !markerWithTag.On():
		return request("Tag based filter cannot be used with ExpiredObjectDeleteMarker action")
	}
	return nil
}

func midnight(t time.Time) bool { return t.Equal(t.UTC().Truncate(24 * time.Hour)) }

func (r *Rule) checkNoncurrent() error {
	n := r.Noncurrent
	if n == nil {
		return nil
	}
	if n.Days < 1 {
		return argument("'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer")
	}
	return r.checkNewer(n.Newer)
}

// checkNewer: 0 is none.
func (r *Rule) checkNewer(newer int) error {
	switch {
	case newer < 0 || newer > maxNewer:
		return argument("'NewerNoncurrentVersions' must be from 1 to %d", maxNewer)
	case newer > 0 && r.Filter == nil:
		return request("'NewerNoncurrentVersions' needs a Filter")
	}
	return nil
}

func (r *Rule) checkAbort() error {
	switch {
	case r.AbortDays < 0:
		return argument("'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer")
	case r.AbortDays == 0 || r.Filter == nil:
		return nil
	case r.tagged() && !abortWithTag.On(), r.Filter.Greater != nil || r.Filter.Less != nil: // uploads have neither
		return request("AbortIncompleteMultipartUpload cannot be specified with Tags or object sizes.")
	}
	return nil
}

// minimal are the days that an object stays in STANDARD before it may move.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
var minimal = map[string]int{"STANDARD_IA": 30, "ONEZONE_IA": 30}

// checkTimes refuses a rule that says by dates what becomes of some objects, and by
// their age what of others.
// https://github.com/hashicorp/terraform-provider-aws/issues/23674
func (r *Rule) checkTimes() error {
	var dates, ages bool
	if e := r.Expiration; e != nil && e.Marker == nil {
		dates, ages = !e.Date.IsZero(), e.Days != 0
	}
	for _, t := range r.Transitions {
		dates, ages = dates || !t.Date.IsZero(), ages || t.Date.IsZero()
	}
	if dates && ages && !daysAndDate.On() {
		return request("Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule")
	}
	return nil
}

func (r *Rule) checkTransitions() error {
	for n, list := range [][]Transition{r.Transitions, r.NoncurrentTransitions} {
		for i, t := range list {
			switch {
			case !slices.Contains(classes[1:], t.Class):
				return malformed("unknown StorageClass")
			case slices.ContainsFunc(list[:i], func(o Transition) bool { return o.Class == t.Class }):
				return request("'StorageClass' must be different for 'Transition' actions in same 'Rule'")
			case t.Days < 0:
				return argument("'Days' in Transition action must be nonnegative")
			case !t.Date.IsZero() && !midnight(t.Date):
				return argument("'Date' must be at midnight GMT")
			case t.Date.IsZero() && t.Days < minimal[t.Class]:
				return argument("'Days' in Transition action must be greater than or equal to %d for storageClass '%s'", minimal[t.Class], t.Class)
			}
			if err := r.checkNewer(t.Newer); err != nil {
				return err
			}
			after := 0 // days after which the object is gone
			if n == 0 && r.Expiration != nil {
				after = r.Expiration.Days
			} else if n == 1 && r.Noncurrent != nil {
				after = r.Noncurrent.Days
			}
			if after > 0 && t.Date.IsZero() && t.Days >= after {
				return argument("'Days' in the Expiration action must be greater than 'Days' in the Transition action")
			}
		}
	}
	return nil
}
