package s3

import (
	"net/http"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

var (
	unsizedEmpty = fault.NewBug("wire.chunked-stored-empty",
		"a body of the chunked transfer coding is stored as an empty one", "X-05")
	chunksBare = fault.NewBug("streaming.metadata-lost",
		"an object that is put in chunks has neither metadata nor tags", "S-01")
	chunksUnconditional = fault.NewBug("streaming.unconditional",
		"a PutObject in chunks ignores its conditions", "S-01")
)

func (q *request) putObject() error {
	in, err := q.putInput()
	if err != nil {
		return err
	}
	if q.r.ContentLength < 0 && !q.identity.Payload.Chunked() && unsizedEmpty.On() {
		q.r.Header["Content-Length"], q.r.ContentLength, q.r.Body = []string{"0"}, 0, http.NoBody
	}
	chunked := q.identity != nil && q.identity.Payload.Chunked()
	if chunked && (in.Attributes.Metadata != nil || in.Attributes.Tags != nil) && chunksBare.On() {
		in.Attributes.Metadata, in.Attributes.Tags = nil, nil
	}
	if chunked && in.Condition != (object.WriteCondition{}) && chunksUnconditional.On() {
		in.Condition = object.WriteCondition{}
	}
	if in.Body, err = q.putBody(); err != nil {
		return err
	}
	if _, err := q.store(in); err != nil {
		return err
	}
	return q.reply(http.StatusOK)
}

// putInput reads what the headers say of an object that is to be made, by
// PutObject or by a form.
func (q *request) putInput() (object.PutInput, error) {
	spec, err := q.headerACL()
	if err != nil {
		return object.PutInput{}, err
	}
	attributes, err := q.attributes()
	if err != nil {
		return object.PutInput{}, err
	}
	want, err := q.wanted()
	return object.PutInput{
		Caller: q.caller, Bucket: q.bucket, Key: q.key,
		Attributes: attributes, Condition: q.writeCondition(), ACL: spec, Encryption: want,
	}, err
}

// store makes the object, and sets the headers that tell of it.
func (q *request) store(in object.PutInput) (object.PutResult, error) {
	res, err := q.h.cfg.Backend.Put(q.ctx, in)
	if err != nil {
		return res, err
	}
	v := &res.Version
	q.setETag(v.ETag)
	q.setVersion(res.ShowVersion, v.ID)
	q.setExpiry(res.Expiry)
	q.setChecksum(v.Checksum)
	q.setEncryption(v.Seal)
	return res, nil
}

var (
	deleteMatchIgnored = fault.NewBug("conditional.delete-if-match-ignored",
		"DeleteObject ignores If-Match", "W-14")
	deleteOK = fault.NewBug("object.delete-200",
		"DeleteObject answers 200 instead of 204", "O-05", "V-06")
	deleteStar = fault.NewBug("conditional.delete-star-fails",
		"DeleteObject with If-Match: * fails with 412", "W-14")
	deleteNoBucket = fault.NewBug("object.delete-no-bucket-204",
		"DeleteObject in a bucket that does not exist answers 204", "O-05")
	markerMadeUnsaid = fault.NewBug("version.delete-marker-unsaid",
		"the answer to DeleteObject lacks x-amz-delete-marker", "V-06", "V-09")
)

func (q *request) deleteObject() error {
	in := object.DeleteInput{
		Caller: q.caller, Bucket: q.bucket, Key: q.key,
		VersionID: q.query.value("versionId"), IfMatch: q.writeCondition().IfMatch,
		Bypass: q.bypass(),
	}
	if in.IfMatch != "" && deleteMatchIgnored.On() {
		in.IfMatch = ""
	}
	if in.IfMatch == "*" && deleteStar.On() {
		return &errcode.Error{Code: errcode.PreconditionFailed}
	}
	res, err := q.h.cfg.Backend.Delete(q.ctx, in)
	if errcode.Of(err) == errcode.NoSuchBucket && deleteNoBucket.On() {
		return q.reply(http.StatusNoContent)
	}
	if err != nil {
		return err
	}
	q.setVersion(res.VersionID != "", res.VersionID)
	if res.DeleteMarker && !markerMadeUnsaid.On() {
		q.set("x-amz-delete-marker", "true")
	}
	if deleteOK.On() {
		return q.reply(http.StatusOK)
	}
	return q.reply(http.StatusNoContent)
}

var (
	quietErrors = fault.NewBug("object.delete-many-quiet-errors",
		"a quiet DeleteObjects does not tell what it failed to delete", "O-21")
	quietIgnored = fault.NewBug("object.delete-many-quiet-ignored",
		"a quiet DeleteObjects returns every key", "O-21")
	manyUnlimited = fault.NewBug("object.delete-many-unlimited",
		"DeleteObjects takes more than 1,000 keys", "O-20")
	manyOnlyFirst = fault.NewBug("object.delete-many-one-answer",
		"DeleteObjects names no key but the first under Deleted", "O-20", "V-18")
	nullIgnored = fault.NewBug("version.delete-many-null-ignored",
		"DeleteObjects of the version null deletes the key", "V-18")
	lastUndeleted = fault.NewBug("object.delete-many-last-kept",
		"DeleteObjects names the last of its keys under Deleted and leaves it", "O-20")
	keyOnce = fault.NewBug("version.delete-many-key-once",
		"DeleteObjects takes each key once, whichever versions are named", "V-18")
	keysTrimmed = fault.NewBug("object.delete-many-keys-trimmed",
		"DeleteObjects takes keys without the spaces at their ends", "O-20")
	markerIDUnsaid = fault.NewBug("version.delete-many-marker-id",
		"DeleteObjects does not tell the ids of the delete markers it makes", "V-18")
	manyETagIgnored = fault.NewBug("conditional.delete-many-etag-ignored",
		"DeleteObjects ignores the ETags of its keys", "W-17")
)

// maxDelete is the most keys of one DeleteObjects.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
const maxDelete = 1000

func (q *request) deleteObjects() error {
	items, quiet, err := q.deleteItems()
	if err != nil {
		return err
	}
	outcomes, err := q.deleteMany(items)
	if err != nil {
		return err
	}
	x := q.h.buffers.xml()
	x.root("DeleteResult")
	for i := range outcomes {
		switch o := &outcomes[i]; {
		case o.Err != nil && !(quiet && quietErrors.On()):
			x.deleteError(o)
		case (!quiet || quietIgnored.On()) && !(i > 0 && manyOnlyFirst.On()):
			x.deleted(o)
		}
	}
	x.end("DeleteResult")
	return q.replyXML(http.StatusOK, x)
}

// deleteMany asks for the items that could be asked for, and answers the
// others in their places.
func (q *request) deleteMany(items []object.DeleteItem) ([]object.DeleteOutcome, error) {
	out := make([]object.DeleteOutcome, len(items))
	ask := make([]object.DeleteItem, 0, len(items))
	for i, item := range items {
		out[i].Item = item
		if i > 0 && items[i-1].Key == item.Key && keyOnce.On() {
			item = items[i-1]
		}
		item.Bypass = q.bypass()
		if len(item.Key) > maxKey {
			out[i].Err = &errcode.Error{Code: errcode.KeyTooLong}
			continue
		}
		ask = append(ask, item)
	}
	if len(ask) == 0 {
		_, err := q.h.cfg.Backend.DeleteMany(q.ctx, q.caller, q.bucket, nil)
		return out, err
	}
	if last := len(ask) - 1; last > 0 && lastUndeleted.On() {
		ask[last] = ask[0]
	}
	got, err := q.h.cfg.Backend.DeleteMany(q.ctx, q.caller, q.bucket, ask)
	if err != nil {
		return nil, err
	}
	next := 0
	for i := range out {
		if out[i].Err == nil {
			out[i] = got[next]
			next++
		}
	}
	return out, nil
}

// deleteItems reads the body of DeleteObjects.
func (q *request) deleteItems() (items []object.DeleteItem, quiet bool, err error) {
	e, err := q.readXML("Delete")
	if err != nil {
		return nil, false, err
	}
	if e == nil {
		return nil, false, malformed("empty body")
	}
	items = make([]object.DeleteItem, 0, len(e.kids))
	for i := range e.kids {
		switch kid := &e.kids[i]; kid.name {
		case "Quiet":
			quiet = kid.text == "true"
			if !quiet && kid.text != "false" {
				return nil, false, malformed("Quiet is not a boolean")
			}
		case "Object":
			item, err := deleteItem(kid)
			if err != nil {
				return nil, false, err
			}
			items = append(items, item)
		default:
			return nil, false, malformed("unknown element " + kid.name)
		}
	}
	if len(items) == 0 || len(items) > maxDelete && !manyUnlimited.On() {
		return nil, false, malformed("a Delete has 1 to 1000 objects")
	}
	return items, quiet, nil
}

// deleteItem reads one Object of a Delete. Size and LastModifiedTime are
// conditions that S3 offers for directory buckets only.
func deleteItem(e *element) (object.DeleteItem, error) {
	var item object.DeleteItem
	if err := e.only("Key", "VersionId", "ETag", "Size", "LastModifiedTime"); err != nil {
		return item, err
	}
	for _, f := range []struct {
		name string
		to   *string
	}{{"Key", &item.Key}, {"VersionId", &item.VersionID}, {"ETag", &item.IfMatch}} {
		text, found, err := e.child(f.name)
		if err != nil {
			return item, err
		}
		if found && text == "" {
			// An empty version id must not become a delete of the current version.
			return item, malformed(f.name + " is empty")
		}
		*f.to = text
	}
	if strings.TrimSpace(item.Key) != item.Key && keysTrimmed.On() {
		item.Key = strings.TrimSpace(item.Key)
	}
	if item.VersionID == "null" && nullIgnored.On() {
		item.VersionID = ""
	}
	if item.IfMatch != "" && manyETagIgnored.On() {
		item.IfMatch = ""
	}
	for _, name := range []string{"Size", "LastModifiedTime"} {
		if _, found, _ := e.child(name); found {
			return item, (&errcode.Error{Code: errcode.NotImplemented}).With("Element", name)
		}
	}
	if item.Key == "" {
		return item, malformed("an Object needs a Key")
	}
	return item, nil
}

func (x *xmlBuf) deleted(o *object.DeleteOutcome) {
	x.open("Deleted")
	x.text("Key", o.Item.Key)
	x.some("VersionId", o.Item.VersionID)
	if o.Result.DeleteMarker {
		x.bool("DeleteMarker", true)
		if o.Result.VersionID == o.Item.VersionID || !markerIDUnsaid.On() {
			x.some("DeleteMarkerVersionId", o.Result.VersionID)
		}
	}
	x.end("Deleted")
}

func (x *xmlBuf) deleteError(o *object.DeleteOutcome) {
	x.open("Error")
	x.text("Key", o.Item.Key)
	x.some("VersionId", o.Item.VersionID)
	x.text("Code", string(o.Err.Code))
	message := o.Err.Message
	if message == "" {
		message = rowOf(o.Err.Code).message
	}
	x.text("Message", message)
	x.end("Error")
}
