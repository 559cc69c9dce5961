package s3

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

// Limits of tag sets; lengths are in characters.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/CostAllocTagging.html
const (
	maxObjectTags = 10
	maxBucketTags = 50
	maxTagKey     = 128
	maxTagValue   = 256
)

var (
	eleventhTaken = fault.NewBug("tagging.eleven",
		"an object may have 11 tags", "T-02")
	eleventhDropped = fault.NewBug("tagging.eleventh-dropped",
		"of more than 10 tags the first 10 are stored", "T-02")
	fiftyFirstTaken = fault.NewBug("tagging.bucket-unlimited",
		"a bucket may have any number of tags", "T-08")
	bucketTen = fault.NewBug("tagging.bucket-ten",
		"a bucket may have no more tags than an object", "T-08")
	lengthInBytes = fault.NewBug("tagging.length-in-bytes",
		"the lengths of tags are counted in bytes", "T-03", "T-08")
	lengthOver = fault.NewBug("tagging.length-unlimited",
		"a tag may be of any length", "T-03", "T-08")
	duplicateTaken = fault.NewBug("tagging.duplicate-taken",
		"a set may have one key twice", "T-04", "T-08")
	equalTaken = fault.NewBug("tagging.duplicate-equal-taken",
		"a set may have one key twice if the values are equal", "T-04")
	systemTaken = fault.NewBug("tagging.system-taken",
		"a key may begin with aws:", "T-04", "T-08")
	asciiOnly = fault.NewBug("tagging.ascii-only",
		"tags may have letters of ASCII only", "T-07", "T-03", "T-05", "T-08")
	keysFolded = fault.NewBug("tagging.keys-folded",
		"the keys of tags are kept in lower case", "T-01")
	valueDemanded = fault.NewBug("tagging.value-demanded",
		"the value of a tag may not be empty", "T-05", "T-08")
)

// mistag has the bugs of a set that is too large.
func mistag(tags []object.Tag, limit int) (as []object.Tag, most int) {
	switch {
	case len(tags) == maxObjectTags+1 && limit == maxObjectTags && eleventhTaken.On():
		return tags, limit + 1
	case len(tags) > maxObjectTags && limit == maxObjectTags && eleventhDropped.On():
		return tags[:maxObjectTags], limit
	case len(tags) > maxBucketTags && limit == maxBucketTags && fiftyFirstTaken.On():
		return tags, len(tags)
	case len(tags) > maxObjectTags && limit == maxBucketTags && bucketTen.On():
		return tags, maxObjectTags
	}
	return tags, limit
}

// length is that of a tag's key or value, in characters.
func length(s string) int {
	n := utf8.RuneCountInString(s)
	if n < len(s) && lengthInBytes.On() {
		return len(s)
	}
	if n > maxTagKey && lengthOver.On() {
		return 1
	}
	return n
}

// checkTags holds a tag set to S3's rules.
func checkTags(tags []object.Tag, limit int) error {
	if len(tags) > limit {
		if limit == maxObjectTags {
			return errcode.New(errcode.BadRequest, "Object tags cannot be greater than %d", limit)
		}
		return errcode.New(errcode.BadRequest, "Bucket tag count cannot be greater than %d", limit)
	}
	for i, t := range tags {
		switch {
		case t.Key == "" || length(t.Key) > maxTagKey || !isTagText(t.Key):
			return errcode.New(errcode.InvalidTag, "The TagKey you have provided is invalid").With("TagKey", t.Key)
		case length(t.Value) > maxTagValue || !isTagText(t.Value):
			return errcode.New(errcode.InvalidTag, "The TagValue you have provided is invalid").
				With("TagKey", t.Key).With("TagValue", t.Value)
		case t.Value == "" && valueDemanded.On():
			return &errcode.Error{Code: errcode.InvalidTag}
		case len(t.Key) >= 4 && strings.EqualFold(t.Key[:4], "aws:") && !systemTaken.On():
			return errcode.New(errcode.InvalidTag, "System tags cannot be added/updated by requester").With("TagKey", t.Key)
		}
		for _, earlier := range tags[:i] {
			if earlier.Key == t.Key && !duplicateTaken.On() && !(earlier.Value == t.Value && equalTaken.On()) {
				return errcode.New(errcode.InvalidTag, "Cannot provide multiple Tags with the same key").With("TagKey", t.Key)
			}
		}
	}
	return nil
}

// isTagText says whether s has only what S3 allows in tags: letters, numbers,
// spaces and + - = . _ : / @. Marks belong to the letters they stand on.
func isTagText(s string) bool {
	for _, r := range s {
		if r >= utf8.RuneSelf && asciiOnly.On() {
			return false
		}
		if unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.Z) || strings.ContainsRune("+-=._:/@", r) {
			continue
		}
		return false
	}
	return true
}

// parseTags reads the Tag children of e and checks the set. The result is not
// nil: an empty set is a set.
func parseTags(e *element, limit int) ([]object.Tag, error) {
	tags := make([]object.Tag, 0, min(len(e.kids), limit))
	for i := range e.kids {
		t := &e.kids[i]
		if t.name != "Tag" {
			return nil, malformed("unknown element " + t.name)
		}
		if err := t.only("Key", "Value"); err != nil {
			return nil, err
		}
		key, hasKey, err := t.child("Key")
		if err != nil {
			return nil, err
		}
		value, hasValue, err := t.child("Value")
		if err != nil {
			return nil, err
		}
		if !hasKey || !hasValue {
			return nil, malformed("a Tag needs Key and Value")
		}
		if lower := strings.ToLower(key); lower != key && keysFolded.On() {
			key = lower
		}
		tags = append(tags, object.Tag{Key: key, Value: value})
	}
	tags, limit = mistag(tags, limit)
	return tags, checkTags(tags, limit)
}

var (
	headerRaw = fault.NewBug("tagging.header-not-decoded",
		"x-amz-tagging is split and not decoded", "T-05", "T-07")
	headerLenient = fault.NewBug("tagging.header-malformed-skipped",
		"a pair of x-amz-tagging that is badly encoded is left out", "T-05")
	headerOfPut = fault.NewBug("tagging.header-rules-of-put",
		"the tags of x-amz-tagging are held to the rules by PutObject alone", "T-05")
	headerUnchecked = fault.NewBug("tagging.header-unchecked",
		"the tags of x-amz-tagging are held to no rule", "T-02", "T-03", "T-04")
)

// tagHeader reads x-amz-tagging, a URL-encoded query; nil when it is absent.
func (q *request) tagHeader() ([]object.Tag, error) {
	values, ok := q.r.Header["X-Amz-Tagging"]
	if !ok {
		return nil, nil
	}
	text := strings.Join(values, "&")
	tags := []object.Tag{}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if strings.Contains(pair, "%") && headerRaw.On() {
			tags = append(tags, object.Tag{Key: name, Value: value})
			continue
		}
		key, err := url.QueryUnescape(name)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err != nil || !utf8.ValidString(key) || !utf8.ValidString(value) {
			if headerLenient.On() {
				continue
			}
			return nil, malformedTagging(text)
		}
		tags = append(tags, object.Tag{Key: key, Value: value})
	}
	err := checkTags(tags, maxObjectTags)
	if errcode.Of(err) == errcode.InvalidTag && !named(tags) {
		err = malformedTagging(text) // as S3 has it of the header, not of a body
	}
	if err != nil && q.op.name != "PutObject" && headerOfPut.On() {
		err = nil
	}
	if err != nil && headerUnchecked.On() {
		err = nil
	}
	return tags, err
}

// named reports whether each tag has a key, and one of its own.
func named(tags []object.Tag) bool {
	for i, t := range tags {
		if t.Key == "" || slices.ContainsFunc(tags[:i], func(o object.Tag) bool { return o.Key == t.Key }) {
			return false
		}
	}
	return true
}

func malformedTagging(text string) error {
	return argument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
		"x-amz-tagging", text)
}

// tagging reads the body of PutBucketTagging and PutObjectTagging.
func (q *request) tagging(limit int) ([]object.Tag, error) {
	e, err := q.readXML("Tagging")
	if err != nil {
		return nil, err
	}
	if e == nil {
		return nil, &errcode.Error{Code: errcode.MissingRequestBody}
	}
	return tagSet(e, limit)
}

// tagSet reads a Tagging.
func tagSet(e *element, limit int) ([]object.Tag, error) {
	if len(e.kids) != 1 || e.kids[0].name != "TagSet" {
		return nil, malformed("Tagging needs one TagSet")
	}
	return parseTags(&e.kids[0], limit)
}

func (q *request) replyTags(tags []object.Tag) error {
	x := q.h.buffers.xml()
	x.root("Tagging")
	x.open("TagSet")
	for _, t := range tags {
		x.open("Tag")
		x.text("Key", t.Key)
		x.text("Value", t.Value)
		x.end("Tag")
	}
	x.end("TagSet")
	x.end("Tagging")
	return q.replyXML(http.StatusOK, x)
}

var noTagsEmpty = fault.NewBug("bucket.no-tags-is-empty",
	"GetBucketTagging of a bucket that has no tag set answers an empty one", "T-08")

func (q *request) getBucketTagging() error {
	b, err := q.readBucket()
	if err != nil {
		return err
	}
	if b.Tags == nil && !noTagsEmpty.On() {
		return (&errcode.Error{Code: errcode.NoSuchTagSet}).With("BucketName", q.bucket)
	}
	return q.replyTags(b.Tags)
}

func (q *request) putBucketTagging() error {
	tags, err := q.tagging(maxBucketTags)
	if err != nil {
		return err
	}
	if err := q.h.cfg.Backend.SetBucketTags(q.ctx, q.caller, q.bucket, tags); err != nil {
		return err
	}
	return q.reply(http.StatusNoContent)
}

func (q *request) deleteBucketTagging() error {
	if err := q.h.cfg.Backend.SetBucketTags(q.ctx, q.caller, q.bucket, nil); err != nil {
		return err
	}
	return q.reply(http.StatusNoContent)
}

func (q *request) getObjectTagging() error {
	in := q.headInput()
	in.ForTags = true
	res, err := q.h.cfg.Backend.Head(q.ctx, in)
	if err != nil {
		return err
	}
	q.setVersion(res.ShowVersion && !tagVersionUnsaid.On(), res.Version.ID)
	if len(res.Version.Tags) == 0 && noTags404.On() {
		return &errcode.Error{Code: errcode.NoSuchTagSet}
	}
	return q.replyTags(res.Version.Tags)
}

var (
	tagVersionUnsaid = fault.NewBug("tagging.version-unsaid",
		"GetObjectTagging does not name the version in x-amz-version-id", "T-09")
	noTags404 = fault.NewBug("tagging.none-404",
		"GetObjectTagging of an object without tags fails with NoSuchTagSet", "T-01", "T-09")
	emptyKeeps = fault.NewBug("tagging.empty-set-keeps",
		"PutObjectTagging with an empty set leaves the tags", "T-01")
	deleteOnCurrent = fault.NewBug("tagging.delete-on-current",
		"DeleteObjectTagging removes the tags of the current version, whichever is named", "T-09")
)

func (q *request) putObjectTagging() error {
	tags, err := q.tagging(maxObjectTags)
	if err != nil {
		return err
	}
	if len(tags) == 0 && emptyKeeps.On() {
		return q.reply(http.StatusOK)
	}
	return q.setTags(tags, http.StatusOK)
}

func (q *request) deleteObjectTagging() error {
	return q.setTags(nil, http.StatusNoContent)
}

func (q *request) setTags(tags []object.Tag, status int) error {
	version := q.query.value("versionId")
	if tags == nil && version != "" && deleteOnCurrent.On() {
		version = ""
	}
	id, err := q.h.cfg.Backend.SetTags(q.ctx, q.caller, q.bucket, q.key, version, tags)
	if err != nil {
		return err
	}
	q.setVersion(id != "", id)
	return q.reply(status)
}
