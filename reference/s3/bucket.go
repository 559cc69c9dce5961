package s3

import (
	"net/http"
	"slices"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

var (
	locationNamed = fault.NewBug("bucket.location-named",
		"GetBucketLocation names us-east-1, which is no location constraint", "B-09")
	headRegionAbsent = fault.NewBug("bucket.head-without-region",
		"HeadBucket does not tell the bucket's region", "B-10")
	ownershipUnread = fault.NewBug("publicaccess.created-with-unknown-ownership",
		"CreateBucket does not look at an x-amz-object-ownership that does not exist", "PB-08")
	locationUnsaid = fault.NewBug("bucket.created-without-location",
		"the answer to CreateBucket has no Location", "B-01")
	missingDeleted = fault.NewBug("bucket.delete-of-missing",
		"DeleteBucket of a bucket that does not exist is answered 204", "B-11", "B-18")
	configurationLax = fault.NewBug("bucket.configuration-lax",
		"CreateBucket does not look at a configuration that it cannot read", "B-20")
	tagsDropped = fault.NewBug("bucket.tags-dropped",
		"the tags of a CreateBucket are not stored", "B-21")
	bodyOptional = fault.NewBug("wire.body-optional",
		"PutBucketVersioning without a body suspends versioning", "X-16")
	deletedOK = fault.NewBug("bucket.deleted-200",
		"DeleteBucket is answered 200 in the place of 204", "B-11")
)

func (q *request) createBucket() error {
	if !validBucketName(q.bucket) || q.h.cfg.Ops != nil && slices.Contains(OpsPaths, "/"+q.bucket) {
		return (&errcode.Error{Code: errcode.InvalidBucketName}).With("BucketName", q.bucket)
	}
	spec, err := q.headerACL()
	if err != nil {
		return err
	}
	ownership := q.header("X-Amz-Object-Ownership")
	if ownership != "" && !isOwnership(ownership) && ownershipUnread.On() {
		ownership = ""
	}
	if ownership != "" && !isOwnership(ownership) {
		return argument("Invalid x-amz-object-ownership header: "+ownership, "x-amz-object-ownership", ownership)
	}
	locked, err := q.createsLocked()
	if err != nil {
		return err
	}
	location, tags, err := q.bucketConfiguration()
	if err != nil {
		return err
	}
	if err := checkLocation(q.h.cfg.Region, location); err != nil {
		return err
	}
	_, err = q.h.cfg.Backend.CreateBucket(q.ctx, object.CreateBucketInput{
		Caller: q.caller, Name: q.bucket, Region: q.h.cfg.Region, Tags: tags,
		Ownership: object.Ownership(ownership), ACL: spec, ObjectLock: locked,
	})
	if err != nil {
		return err
	}
	if !locationUnsaid.On() {
		q.set("Location", "/"+q.bucket)
	}
	q.set("x-amz-bucket-arn", arn(q.bucket))
	return q.reply(http.StatusOK)
}

// bucketConfiguration reads the optional body of CreateBucket. Location and
// Bucket describe directory buckets, which there are none of.
func (q *request) bucketConfiguration() (location string, tags []object.Tag, err error) {
	e, err := q.readXML("CreateBucketConfiguration")
	if errcode.Of(err) == errcode.MalformedXML && configurationLax.On() {
		return "", nil, nil
	}
	if e == nil || err != nil {
		return "", nil, err
	}
	if err := e.only("LocationConstraint", "Tags", "Location", "Bucket"); err != nil {
		return "", nil, err
	}
	for i := range e.kids {
		switch e.kids[i].name {
		case "Location", "Bucket":
			return "", nil, (&errcode.Error{Code: errcode.NotImplemented}).With("Element", e.kids[i].name)
		case "Tags":
			if tags != nil {
				return "", nil, malformed("Tags occurs twice")
			}
			if tags, err = parseTags(&e.kids[i], maxBucketTags); err != nil {
				return "", nil, err
			}
		}
	}
	if tagsDropped.On() {
		tags = nil
	}
	location, _, err = e.child("LocationConstraint")
	return location, tags, err
}

// arn is the Amazon Resource Name of a bucket.
func arn(bucket string) string { return "arn:aws:s3:::" + bucket }

func (q *request) headBucket() error {
	b, err := q.h.cfg.Backend.HeadBucket(q.ctx, q.caller, q.bucket)
	if err != nil {
		return err
	}
	if !headRegionAbsent.On() {
		q.set("x-amz-bucket-region", b.Region)
	}
	q.set("x-amz-bucket-arn", arn(q.bucket))
	q.set("x-amz-access-point-alias", "false")
	q.set("Content-Type", "application/xml")
	q.writeHeader(http.StatusOK)
	return nil
}

// readBucket reads the bucket for whom the operation is allowed there.
func (q *request) readBucket() (object.Bucket, error) {
	return q.h.cfg.Backend.Bucket(q.ctx, q.caller, q.bucket, q.op.permission())
}

func (q *request) deleteBucket() error {
	err := q.h.cfg.Backend.DeleteBucket(q.ctx, q.caller, q.bucket)
	if err != nil && !(errcode.Of(err) == errcode.NoSuchBucket && missingDeleted.On()) {
		return err
	}
	if deletedOK.On() {
		return q.reply(http.StatusOK)
	}
	return q.reply(http.StatusNoContent)
}

func (q *request) getLocation() error {
	b, err := q.readBucket()
	if err != nil {
		return err
	}
	location := b.Region
	if location == defaultRegion && !locationNamed.On() {
		location = ""
	}
	x := q.h.buffers.xml()
	x.root("LocationConstraint")
	x.b = appendEscaped(x.b, location)
	x.end("LocationConstraint")
	return q.replyXML(http.StatusOK, x)
}

var neverSuspended = fault.NewBug("version.never-is-suspended",
	"a bucket whose versioning was never configured reads as suspended", "V-01")

func (q *request) getVersioning() error {
	b, err := q.readBucket()
	if err != nil {
		return err
	}
	x := q.h.buffers.xml()
	x.root("VersioningConfiguration")
	if b.Versioning == "" && neverSuspended.On() {
		b.Versioning = object.VersioningSuspended
	}
	x.some("Status", string(b.Versioning))
	x.end("VersioningConfiguration")
	return q.replyXML(http.StatusOK, x)
}

func (q *request) putVersioning() error {
	state, err := q.versioningState()
	if err != nil {
		return err
	}
	if err := q.h.cfg.Backend.SetVersioning(q.ctx, q.caller, q.bucket, state); err != nil {
		return err
	}
	return q.reply(http.StatusOK)
}

var statusUnknown = fault.NewBug("version.status-unknown-suspends",
	"a Status other than Enabled suspends versioning", "V-19")

func (q *request) versioningState() (object.VersioningState, error) {
	e, err := q.readXML("VersioningConfiguration")
	if err != nil {
		return "", err
	}
	if e == nil && bodyOptional.On() {
		return object.VersioningSuspended, nil
	}
	if e == nil {
		return "", &errcode.Error{Code: errcode.MissingRequestBody}
	}
	if err := e.only("Status", "MfaDelete", "MFADelete"); err != nil {
		return "", err
	}
	for _, name := range []string{"MfaDelete", "MFADelete"} {
		switch mfa, found, err := e.child(name); {
		case err != nil:
			return "", err
		case mfa == "Enabled":
			return "", (&errcode.Error{Code: errcode.NotImplemented}).With("Element", name)
		case found && mfa != "Disabled":
			return "", malformed("unknown " + name)
		}
	}
	status, found, err := e.child("Status")
	if err != nil {
		return "", err
	}
	switch s := object.VersioningState(status); {
	case !found:
		return "", errcode.New(errcode.IllegalVersioningConfiguration, "The Versioning element must be specified")
	case s == object.VersioningEnabled, s == object.VersioningSuspended:
		return s, nil
	case statusUnknown.On():
		return object.VersioningSuspended, nil
	}
	return "", malformed("unknown Status")
}
