package object

import (
	"context"

	"bleepstore/reference/acl"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// Who may do what: a bucket's owner anything with the bucket and what they own
// in it, everybody else what an ACL gives them while the bucket has ACLs. An
// object that somebody else wrote into a bucket with ACLs is theirs: the
// bucket's owner may replace or delete it, and nothing more without a grant, and
// who may only write to the bucket may not even that.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#permissions

// denied is the answer to all that is not allowed.
func denied() error { return errcode.New(errcode.AccessDenied, "Access Denied") }

// id is the account under which S3 files what c writes.
func (c Caller) id() string { return acl.Account(c.Account) }

// owns reports whether c owns b.
func (c Caller) owns(b *Bucket) bool { return c.Account != "" && c.Account == b.Owner }

// mayUse reports whether c has permission p on the bucket itself.
func (c Caller) mayUse(b *Bucket, p acl.Permission) bool {
	return c.owns(b) || !b.Enforced() && b.Access.ACL.Allows(c.Account, p, b.IgnoresPublic())
}

// mayTouch reports whether c has permission p on an object of b.
func (c Caller) mayTouch(b *Bucket, v *Version, p acl.Permission) bool {
	if b.Enforced() {
		return c.owns(b)
	}
	return c.id() == v.Owner || v.ACL.Allows(c.Account, p, b.IgnoresPublic())
}

// A right is what a read of an object is for.
type right func(Caller, *Bucket, *Version) bool

// The rights that there are.
var (
	readObject right = func(c Caller, b *Bucket, v *Version) bool { return c.mayTouch(b, v, acl.Read) }
	readACL    right = func(c Caller, b *Bucket, v *Version) bool { return c.mayTouch(b, v, acl.ReadACP) }
	writeACL   right = func(c Caller, b *Bucket, v *Version) bool { return c.mayTouch(b, v, acl.WriteACP) }
	// ownTags is for what no ACL gives: both owners have it.
	ownTags right = func(c Caller, b *Bucket, v *Version) bool { return c.owns(b) || c.id() == v.Owner }
)

// require fails unless c has permission p on b.
func require(b *Bucket, c Caller, p acl.Permission) error {
	if !c.mayUse(b, p) {
		return denied()
	}
	return nil
}

// bucketFor reads a bucket on which c has permission p, as of now.
func (s *Service) bucketFor(ctx context.Context, c Caller, name string, p acl.Permission) (b Bucket, err error) {
	if err := s.current(ctx); err != nil {
		return b, err
	}
	if b, err = s.db.Bucket(ctx, name); err == nil {
		err = require(&b, c, p)
	}
	return b, err
}

// owned reads a bucket of c's own.
func (s *Service) owned(ctx context.Context, c Caller, name string) (b Bucket, err error) {
	if err := s.current(ctx); err != nil {
		return b, err
	}
	if b, err = s.db.Bucket(ctx, name); err == nil && !c.owns(&b) {
		err = denied()
	}
	return b, err
}

// usable returns a bucket of tx on which c has permission p.
func usable(tx *meta.Tx, c Caller, name string, p acl.Permission) (Bucket, error) {
	b, err := tx.Bucket(name)
	if err == nil {
		err = require(&b, c, p)
	}
	return b, err
}

// objectIn returns a version of tx that c has a right to. Whether a key exists
// is told only to those who may list the bucket; a delete marker has no ACL.
func objectIn(tx *meta.Tx, c Caller, bucket, key, version string, r right) (meta.Object, error) {
	o, err := tx.Object(bucket, key, version)
	if err != nil {
		if _, hidden := usable(tx, c, bucket, acl.Read); hidden != nil {
			return o, hidden
		}
		return o, err
	}
	if o.DeleteMarker {
		return o, require(&o.BucketInfo, c, acl.Read)
	}
	if !r(c, &o.BucketInfo, &o.Version) {
		return o, denied()
	}
	return o, nil
}

// shows says whether version ids belong in the answers of b.
func shows(b Bucket) bool { return b.Versioning != "" }
