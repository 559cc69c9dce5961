package s3

import (
	"net/http"
	"net/url"
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
		case t.Key == "" || utf8.RuneCountInString(t.Key) > maxTagKey || !isTagText(t.Key):
			return errcode.New(errcode.InvalidTag, "The TagKey you have provided is invalid").With("TagKey", t.Key)
		case utf8.RuneCountInString(t.Value) > maxTagValue || !isTagText(t.Value):
			return errcode.New(errcode.InvalidTag, "The TagValue you have provided is invalid").
				With("TagKey", t.Key).With("TagValue", t.Value)
		case len(t.Key) >= 4 && strings.EqualFold(t.Key[:4], "aws:"):
			return errcode.New(errcode.InvalidTag, "System tags cannot be added/updated by requester").With("TagKey", t.Key)
		}
		for _, earlier := range tags[:i] {
			if earlier.Key == t.Key {
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
		tags = append(tags, object.Tag{Key: key, Value: value})
	}
	return tags, checkTags(tags, limit)
}

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
		key, err := url.QueryUnescape(name)
		if err != nil {
			return nil, malformedTagging(text)
		}
		if value, err = url.QueryUnescape(value); err != nil || !utf8.ValidString(key) || !utf8.ValidString(value) {
			return nil, malformedTagging(text)
		}
		tags = append(tags, object.Tag{Key: key, Value: value})
	}
	return tags, checkTags(tags, maxObjectTags)
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
	q.setVersion(res.ShowVersion, res.Version.ID)
	return q.replyTags(res.Version.Tags)
}

func (q *request) putObjectTagging() error {
	tags, err := q.tagging(maxObjectTags)
	if err != nil {
		return err
	}
	return q.setTags(tags, http.StatusOK)
}

func (q *request) deleteObjectTagging() error {
	return q.setTags(nil, http.StatusNoContent)
}

func (q *request) setTags(tags []object.Tag, status int) error {
	id, err := q.h.cfg.Backend.SetTags(q.ctx, q.caller, q.bucket, q.key, q.query.value("versionId"), tags)
	if err != nil {
		return err
	}
	q.setVersion(id != "", id)
	return q.reply(status)
}
