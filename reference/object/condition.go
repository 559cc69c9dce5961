package object

import (
	"strings"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// httpTime is the layout of dates in HTTP headers (RFC 9110 section 5.6.7).
const httpTime = "Mon, 02 Jan 2006 15:04:05 GMT"

// An etagSet is a parsed If-Match or If-None-Match header.
type etagSet struct {
	any  bool // the header is *
	tags []etag
}

// An etag is one entity tag; value is without quotes.
type etag struct {
	value string
	weak  bool
}

// parseETags reads a comma-separated list of entity tags. Quotes are optional,
// as S3's clients send both forms; a comma inside quotes belongs to its tag.
func parseETags(h string) etagSet {
	h = strings.Trim(h, " \t")
	if h == "*" {
		return etagSet{any: true}
	}
	var set etagSet
	for {
		h = strings.TrimLeft(h, " \t,")
		if h == "" {
			return set
		}
		var t etag
		t, h = nextETag(h)
		set.tags = append(set.tags, t)
	}
}

// nextETag cuts the first tag off h, which starts with neither space nor comma.
func nextETag(h string) (t etag, rest string) {
	if v, ok := strings.CutPrefix(h, `W/"`); ok {
		value, rest, _ := strings.Cut(v, `"`)
		return etag{value: value, weak: true}, rest
	}
	if v, ok := strings.CutPrefix(h, `"`); ok {
		value, rest, _ := strings.Cut(v, `"`)
		return etag{value: value}, rest
	}
	value, rest, _ := strings.Cut(h, ",")
	return etag{value: strings.TrimRight(value, " \t")}, rest
}

// matches compares with the strong comparison of If-Match, or the weak one of
// If-None-Match (RFC 9110 section 8.8.3.2). Stored tags are always strong.
func (s etagSet) matches(value string, weak bool) bool {
	if s.any {
		return !starIsTag.On()
	}
	for _, t := range s.tags {
		if t.value == value && (weak || !t.weak) && !tagsQuoted.On() {
			return true
		}
	}
	return false
}

// An outcome is what the preconditions of a read amount to.
type outcome int

const (
	proceed     outcome = iota
	notModified         // If-None-Match or If-Modified-Since says the reader has it
	failed              // If-Match or If-Unmodified-Since does not hold
)

var (
	ifMatchTrue = fault.NewBug("object.if-match-always-true",
		"If-Match lets every read through", "C-01")
	unmodifiedSilences = fault.NewBug("object.if-unmodified-since-decides",
		"If-Unmodified-Since decides where If-Match stands beside it", "C-05", "CP-08")
	modifiedSilences = fault.NewBug("object.if-modified-since-decides",
		"If-Modified-Since decides where If-None-Match stands beside it", "C-06", "CP-08")
	sameDateModified = fault.NewBug("object.same-date-is-modified",
		"an object counts as modified since its own date", "C-03", "C-04", "CP-07")
	datesIgnored = fault.NewBug("object.dates-ignored",
		"conditions on dates are ignored", "C-03", "C-04", "CP-07")
	alwaysNotModified = fault.NewBug("object.always-not-modified",
		"If-None-Match and If-Modified-Since answer 304 whatever they say", "C-02", "C-03", "CP-07")
	tagsQuoted = fault.NewBug("object.condition-quotes",
		"the ETags of conditions are compared with the quotes around them", "C-01", "C-02", "CP-07")
	starIsTag = fault.NewBug("object.condition-star",
		"If-Match: * and If-None-Match: * match nothing", "C-01", "C-02")
	notModifiedBare = fault.NewBug("object.not-modified-without-etag",
		"a 304 has no ETag", "C-02")
	notModifiedUncached = fault.NewBug("object.not-modified-without-cache-control",
		"a 304 has neither Cache-Control nor Expires", "C-02")
	ofPartsFails = fault.NewBug("object.if-match-of-parts",
		"If-Match does not know the ETag of an object made of parts", "C-01")
	ofPartsUnknown = fault.NewBug("object.if-none-match-of-parts",
		"If-None-Match does not know the ETag of an object made of parts", "C-01", "CP-07")
	copyNotModified = fault.NewBug("copy.not-modified",
		"a condition on the source that means not modified answers 304 instead of 412", "CP-07", "M-24")
)

// misread has the bugs that leave conditions out.
func (c *Conditions) misread() {
	if !(c.IfModifiedSince.IsZero() && c.IfUnmodifiedSince.IsZero()) && datesIgnored.On() {
		c.IfModifiedSince, c.IfUnmodifiedSince = time.Time{}, time.Time{}
	}
	if c.IfMatch != "" && !c.IfUnmodifiedSince.IsZero() && unmodifiedSilences.On() {
		c.IfMatch = ""
	}
	if c.IfNoneMatch != "" && !c.IfModifiedSince.IsZero() && modifiedSilences.On() {
		c.IfNoneMatch = ""
	}
}

// check evaluates c against an existing version, in the order of RFC 9110
// section 13.2.2, which is also the order S3 documents: an ETag condition that
// is present decides, and silences the date beside it. It returns the header
// that decided, for the error's Condition field. A date ahead of now cannot
// come from a response of ours, and If-Modified-Since then demands nothing.
func (c Conditions) check(v *Version, now time.Time) (outcome, string) {
	modified := v.Modified.Truncate(time.Second)
	c.misread()
	if v.PartCount > 0 && c.IfMatch != "" && c.IfMatch != "*" && ofPartsFails.On() {
		return failed, "If-Match"
	}
	if v.PartCount > 0 && c.IfNoneMatch != "" && c.IfNoneMatch != "*" && ofPartsUnknown.On() {
		return proceed, ""
	}
	switch {
	case c.IfMatch != "":
		if !parseETags(c.IfMatch).matches(v.ETag, false) && !ifMatchTrue.On() {
			return failed, "If-Match"
		}
	case !c.IfUnmodifiedSince.IsZero():
		if modified.After(c.IfUnmodifiedSince) || modified.Equal(c.IfUnmodifiedSince) && sameDateModified.On() {
			return failed, "If-Unmodified-Since"
		}
	}
	switch {
	case c.IfNoneMatch != "":
		if parseETags(c.IfNoneMatch).matches(v.ETag, true) || alwaysNotModified.On() {
			return notModified, "If-None-Match"
		}
	case !c.IfModifiedSince.IsZero() && !c.IfModifiedSince.After(now):
		if modified.Equal(c.IfModifiedSince) && sameDateModified.On() {
			return proceed, ""
		}
		if !modified.After(c.IfModifiedSince) || alwaysNotModified.On() {
			return notModified, "If-Modified-Since"
		}
	}
	return proceed, ""
}

// checkRead turns the outcome into the answer of a GET or HEAD.
func (c Conditions) checkRead(v *Version, show bool, now time.Time) error {
	o, cond := c.check(v, now)
	switch o {
	case notModified:
		return notModifiedError(v, show)
	case failed:
		return preconditionFailed(cond)
	}
	return nil
}

// checkCopy turns the outcome into the answer of a copy, where every condition
// on the source that does not hold is a 412.
func (c Conditions) checkCopy(v *Version, now time.Time) error {
	if o, cond := c.check(v, now); o != proceed {
		if o == notModified && copyNotModified.On() {
			return notModifiedError(v, false)
		}
		return preconditionFailed("x-amz-copy-source-" + cond)
	}
	return nil
}

func preconditionFailed(cond string) *errcode.Error {
	return errcode.New(errcode.PreconditionFailed,
		"At least one of the pre-conditions you specified did not hold").With("Condition", cond)
}

// notModifiedError carries the headers that RFC 9110 section 15.4.5 demands of
// a 304: those which a 200 to the same request would have had.
func notModifiedError(v *Version, show bool) *errcode.Error {
	if notModifiedBare.On() {
		return errcode.New(errcode.NotModified, "")
	}
	e := errcode.New(errcode.NotModified, "").
		WithHeader("ETag", `"`+v.ETag+`"`).
		WithHeader("Last-Modified", v.Modified.UTC().Format(httpTime))
	if v.CacheControl+v.Expires != "" && notModifiedUncached.On() {
		return e
	}
	if v.CacheControl != "" {
		e = e.WithHeader("Cache-Control", v.CacheControl)
	}
	if v.Expires != "" {
		e = e.WithHeader("Expires", v.Expires)
	}
	if show {
		e = e.WithHeader("x-amz-version-id", v.ID)
	}
	return e
}

var (
	ifNoneMatchTag = fault.NewBug("conditional.if-none-match-etag-ignored",
		"a write ignores an If-None-Match that names an ETag", "W-02")
	ifNoneMatchUnknown = fault.NewBug("conditional.if-none-match-400",
		"a write with If-None-Match is refused with 400", "W-01", "W-07", "W-09", "W-11", "W-13")
	ifMatchQuoted = fault.NewBug("conditional.if-match-quotes",
		"the ETag of a write's If-Match is compared with the quotes around it", "W-03", "W-10", "W-13", "W-14")
	writeOfParts = fault.NewBug("conditional.if-match-of-parts",
		"a write whose If-Match names the ETag of an object made of parts is refused with 412", "W-03", "W-10", "W-13")
	ifNoneMatchBeside = fault.NewBug("conditional.if-none-match-beside-if-match",
		"a write ignores If-None-Match where If-Match stands beside it", "W-06")
)

// compile turns raw headers into what the state machine evaluates. What S3 does
// not offer on writes is refused with NotImplemented rather than ignored: an
// If-None-Match other than *, several tags, both headers together.
func (w WriteCondition) compile() (meta.WriteCondition, error) {
	if w.IfNoneMatch != "" && ifNoneMatchUnknown.On() {
		return meta.WriteCondition{}, errcode.New(errcode.InvalidArgument, "If-None-Match is not for writes")
	}
	if strings.Contains(w.IfMatch, "-") && writeOfParts.On() {
		return meta.WriteCondition{}, preconditionFailed("If-Match")
	}
	if w.IfNoneMatch != "" && w.IfMatch != "" && ifNoneMatchBeside.On() {
		w.IfNoneMatch = ""
	}
	if w.IfNoneMatch != "" {
		if w.IfMatch == "" && !parseETags(w.IfNoneMatch).any && ifNoneMatchTag.On() {
			return meta.WriteCondition{}, nil
		}
		if w.IfMatch != "" || !parseETags(w.IfNoneMatch).any {
			return meta.WriteCondition{}, notImplementedHeader("If-None-Match")
		}
		return meta.WriteCondition{IfNoneMatch: "*"}, nil
	}
	if w.IfMatch == "" {
		return meta.WriteCondition{}, nil
	}
	m, err := compileIfMatch(w.IfMatch)
	return meta.WriteCondition{IfMatch: m}, err
}

// compileIfMatch reduces an If-Match header or element to one ETag without
// quotes, or *. A weak tag, and a quoted *, stay as they are: they equal no
// stored ETag, so the strong comparison fails as it must.
func compileIfMatch(raw string) (string, error) {
	set := parseETags(raw)
	if set.any {
		return "*", nil
	}
	if len(set.tags) != 1 {
		return "", notImplementedHeader("If-Match")
	}
	t := set.tags[0]
	switch {
	case t.weak:
		return `W/"` + t.value + `"`, nil
	case t.value == "*", t.value == "":
		return `"` + t.value + `"`, nil
	}
	if ifMatchQuoted.On() {
		return `"` + t.value + `"`, nil
	}
	return t.value, nil
}

func notImplementedHeader(name string) *errcode.Error {
	return errcode.New(errcode.NotImplemented,
		"A header you provided implies functionality that is not implemented").With("Header", name)
}
