package s3

import (
	"crypto/rand"
	"strconv"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/lifecycle"
)

var (
	idMissing = fault.NewBug("lifecycle.id-not-generated",
		"a rule without an ID has none", "LC-02")
	andFlat = fault.NewBug("lifecycle.and-flattened",
		"of the predicates in And the first alone is kept", "LC-06")
	lessForgotten = fault.NewBug("lifecycle.size-less-forgotten",
		"ObjectSizeLessThan is not stored", "LC-06")
	prefixAsFilter = fault.NewBug("lifecycle.prefix-becomes-filter",
		"a rule with a Prefix reads back with a Filter", "LC-06")
)

// parseLifecycle reads a LifecycleConfiguration. A rule without ID gets one.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html#API_PutBucketLifecycleConfiguration_RequestSyntax
func parseLifecycle(e *element) (*lifecycle.Configuration, error) {
	if err := e.only("Rule"); err != nil {
		return nil, err
	}
	c := &lifecycle.Configuration{}
	for i := range e.kids {
		r, err := parseLifecycleRule(&e.kids[i])
		if err != nil {
			return nil, err
		}
		if r.ID == "" && !idMissing.On() {
			r.ID = rand.Text()
		}
		c.Rules = append(c.Rules, r)
	}
	return c, nil
}

func parseLifecycleRule(e *element) (r lifecycle.Rule, err error) {
	p := fields{e: e}
	r.ID, r.Status = p.text("ID"), p.text("Status")
	r.Prefix = p.optional("Prefix")
	for i := range e.kids {
		k := &e.kids[i]
		switch k.name {
		case "ID", "Status", "Prefix":
		case "Filter":
			p.fail(r.Filter != nil, "Filter occurs twice")
			r.Filter = p.filter(k)
		case "Expiration":
			p.fail(r.Expiration != nil, "Expiration occurs twice")
			r.Expiration = p.expiration(k)
		case "NoncurrentVersionExpiration":
			p.fail(r.Noncurrent != nil, "NoncurrentVersionExpiration occurs twice")
			in := fields{e: k}
			r.Noncurrent = &lifecycle.NoncurrentExpiration{Days: in.days("NoncurrentDays", true), Newer: in.newer()}
			p.join(in.end("NoncurrentDays", "NewerNoncurrentVersions"))
		case "AbortIncompleteMultipartUpload":
			p.fail(r.AbortDays != 0, "AbortIncompleteMultipartUpload occurs twice")
			in := fields{e: k}
			r.AbortDays = in.days("DaysAfterInitiation", true)
			p.join(in.end("DaysAfterInitiation"))
		case "Transition":
			r.Transitions = append(r.Transitions, p.transition(k, "Days"))
		case "NoncurrentVersionTransition":
			r.NoncurrentTransitions = append(r.NoncurrentTransitions, p.transition(k, "NoncurrentDays"))
		default:
			p.fail(true, "unknown element "+k.name)
		}
	}
	return r, p.err
}

// fields reads the children of an element and keeps the first error.
type fields struct {
	e   *element
	err error
}

func (p *fields) fail(is bool, why string) {
	if is {
		p.join(malformed(why))
	}
}

func (p *fields) join(err error) {
	if p.err == nil {
		p.err = err
	}
}

// end is the first error, or that of a child that is none of names.
func (p *fields) end(names ...string) error {
	p.join(p.e.only(names...))
	return p.err
}

func (p *fields) text(name string) string {
	s, _, err := p.e.child(name)
	p.join(err)
	return s
}

// optional is the text of a child, nil when it is absent.
func (p *fields) optional(name string) *string {
	s, found, err := p.e.child(name)
	p.join(err)
	if !found {
		return nil
	}
	return &s
}

func (p *fields) number(name string, bits int) *int64 {
	s := p.optional(name)
	if s == nil {
		return nil
	}
	n, err := strconv.ParseInt(*s, 10, bits)
	p.fail(err != nil, name+" is no number")
	return &n
}

// days reads days, of which 0 becomes -1: it is wrong, and 0 stands for absent.
func (p *fields) days(name string, needed bool) int {
	n := p.number(name, 32)
	switch {
	case n == nil:
		p.fail(needed, name+" is absent")
		return 0
	case *n == 0:
		return -1
	}
	return int(*n)
}

func (p *fields) newer() int { return p.days("NewerNoncurrentVersions", false) }

func (p *fields) date(name string) time.Time {
	s := p.optional(name)
	if s == nil {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, *s)
	if err != nil {
		t, err = time.Parse(time.DateOnly, *s)
	}
	p.fail(err != nil || t.IsZero(), name+" is no date")
	return t.UTC()
}

func (p *fields) expiration(e *element) *lifecycle.Expiration {
	in := fields{e: e}
	x := &lifecycle.Expiration{Days: in.days("Days", false), Date: in.date("Date")}
	if marker := in.optional("ExpiredObjectDeleteMarker"); marker != nil {
		is := *marker == "true"
		in.fail(!is && *marker != "false", "ExpiredObjectDeleteMarker is no boolean")
		x.Marker = &is
	}
	p.join(in.end("Days", "Date", "ExpiredObjectDeleteMarker"))
	return x
}

func (p *fields) transition(e *element, days string) lifecycle.Transition {
	in := fields{e: e}
	t := lifecycle.Transition{Class: in.text("StorageClass")}
	n := in.number(days, 32)
	if n != nil {
		t.Days = int(*n)
	}
	if days == "Days" {
		t.Date = in.date("Date")
		in.fail((n != nil) != t.Date.IsZero(), "Transition has Days or Date")
		p.join(in.end("Days", "Date", "StorageClass"))
		return t
	}
	t.Newer = in.newer()
	in.fail(n == nil, days+" is absent")
	p.join(in.end(days, "NewerNoncurrentVersions", "StorageClass"))
	return t
}

func (p *fields) filter(e *element) *lifecycle.Filter {
	f := &lifecycle.Filter{}
	in := fields{e: e}
	for i := range e.kids {
		if e.kids[i].name != "And" {
			continue
		}
		p.fail(len(e.kids) != 1, "And stands alone in a Filter")
		f.And, in.e = true, &e.kids[i]
	}
	f.Prefix, f.Greater, f.Less = in.optional("Prefix"), in.number("ObjectSizeGreaterThan", 64), in.number("ObjectSizeLessThan", 64)
	if f.Less != nil && lessForgotten.On() {
		f.Less = nil
	}
	for i := range in.e.kids {
		k := &in.e.kids[i]
		if k.name != "Tag" {
			continue
		}
		tag := fields{e: k}
		f.Tags = append(f.Tags, lifecycle.Tag{Key: tag.text("Key"), Value: tag.text("Value")})
		in.join(tag.end("Key", "Value"))
	}
	if f.And && f.Prefix != nil && andFlat.On() {
		f = &lifecycle.Filter{Prefix: f.Prefix}
	}
	p.join(in.end("Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan"))
	return f
}

// appendLifecycle is the reverse of parseLifecycle.
func (q *request) appendLifecycle(c *lifecycle.Configuration) *xmlBuf {
	x := q.h.buffers.xml()
	x.root("LifecycleConfiguration")
	for i := range c.Rules {
		r := &c.Rules[i]
		x.open("Rule")
		x.text("ID", r.ID)
		if r.Prefix != nil && prefixAsFilter.On() {
			r.Filter, r.Prefix = &lifecycle.Filter{Prefix: r.Prefix}, nil
		}
		x.optional("Prefix", r.Prefix)
		if r.Filter != nil {
			x.filter(r.Filter)
		}
		x.text("Status", r.Status)
		x.actions(r)
		x.end("Rule")
	}
	x.end("LifecycleConfiguration")
	return x
}

func (x *xmlBuf) optional(name string, value *string) {
	if value != nil {
		x.text(name, *value)
	}
}

func (x *xmlBuf) filter(f *lifecycle.Filter) {
	x.open("Filter")
	if f.And {
		x.open("And")
	}
	x.optional("Prefix", f.Prefix)
	for _, t := range f.Tags {
		x.open("Tag")
		x.text("Key", t.Key)
		x.text("Value", t.Value)
		x.end("Tag")
	}
	if f.Greater != nil {
		x.int("ObjectSizeGreaterThan", *f.Greater)
	}
	if f.Less != nil {
		x.int("ObjectSizeLessThan", *f.Less)
	}
	if f.And {
		x.end("And")
	}
	x.end("Filter")
}

func (x *xmlBuf) actions(r *lifecycle.Rule) {
	if e := r.Expiration; e != nil {
		x.open("Expiration")
		x.when("Days", e.Days, e.Date, e.Marker == nil)
		if e.Marker != nil {
			x.bool("ExpiredObjectDeleteMarker", *e.Marker)
		}
		x.end("Expiration")
	}
	for _, t := range r.Transitions {
		x.open("Transition")
		x.when("Days", t.Days, t.Date, true)
		x.text("StorageClass", t.Class)
		x.end("Transition")
	}
	for _, t := range r.NoncurrentTransitions {
		x.open("NoncurrentVersionTransition")
		x.when("NoncurrentDays", t.Days, t.Date, true)
		x.newer(t.Newer)
		x.text("StorageClass", t.Class)
		x.end("NoncurrentVersionTransition")
	}
	if n := r.Noncurrent; n != nil {
		x.open("NoncurrentVersionExpiration")
		x.int("NoncurrentDays", int64(n.Days))
		x.newer(n.Newer)
		x.end("NoncurrentVersionExpiration")
	}
	if r.AbortDays > 0 {
		x.open("AbortIncompleteMultipartUpload")
		x.int("DaysAfterInitiation", int64(r.AbortDays))
		x.end("AbortIncompleteMultipartUpload")
	}
}

// when appends a date or, where there is none, days if these are meant.
func (x *xmlBuf) when(days string, n int, date time.Time, either bool) {
	switch {
	case !date.IsZero():
		x.time("Date", date)
	case either:
		x.int(days, int64(n))
	}
}

func (x *xmlBuf) newer(n int) {
	if n > 0 {
		x.int("NewerNoncurrentVersions", int64(n))
	}
}
