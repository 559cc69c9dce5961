package object

import (
	"context"
	"encoding/json"

	"bleepstore/fault"
	"bleepstore/reference/acl"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

var (
	againTagless = fault.NewBug("bucket.created-again-without-tags",
		"making one's own bucket again removes its tags", "B-02")
	againUnversioned = fault.NewBug("bucket.created-again-suspended",
		"making one's own bucket again suspends its versioning", "B-02")
	takenIsOwn = fault.NewBug("bucket.taken-is-created",
		"making a bucket that another account has succeeds, and does nothing", "B-03")
	allListed = fault.NewBug("bucket.all-listed",
		"ListBuckets lists the buckets of all accounts", "AN-16")
	prefixIgnored = fault.NewBug("bucket.list-prefix-ignored",
		"ListBuckets ignores prefix", "B-16")
	regionIgnored = fault.NewBug("bucket.list-region-ignored",
		"ListBuckets ignores bucket-region", "B-16")
	writerDefault = fault.NewBug("publicaccess.writer-by-default",
		"the ownership of a new bucket is ObjectWriter", "PB-07")
	blockAbsent = fault.NewBug("publicaccess.not-blocked-by-default",
		"a new bucket has no public access block", "PB-02")
)

// CreateBucket makes a bucket: BucketAlreadyExists, BucketAlreadyOwnedByYou.
// In us-east-1 making one's own bucket again succeeds, as it does on AWS, and
// returns the bucket that is there; not so with object lock, where it has none.
func (s *Service) CreateBucket(ctx context.Context, in CreateBucketInput) (Bucket, error) {
	if in.Caller.Account == "" {
		return Bucket{}, denied()
	}
	setDefault(&in.Region, s.region)
	access := s.defaults
	if blockAbsent.On() {
		access.Block = nil
	}
	if writerDefault.On() {
		access.Ownership = meta.ObjectWriter
	}
	if in.Ownership != "" {
		access.Ownership = in.Ownership
	}
	access.ACL = in.ACL.List(in.Caller.Account, in.Caller.Account)
	res, err := s.propose(ctx, meta.CreateBucket{
		Name: in.Name, Owner: in.Caller.Account, Region: in.Region, Tags: in.Tags, Access: &access, ObjectLock: in.ObjectLock})
	again := in.Region == "us-east-1" && res.Bucket.Region == "us-east-1" && (!in.ObjectLock || res.Bucket.ObjectLock() != nil)
	if errcode.Of(err) == errcode.BucketAlreadyOwnedByYou && again {
		if againTagless.On() {
			return res.Bucket, s.SetBucketTags(ctx, in.Caller, in.Name, nil)
		}
		if res.Bucket.Versioning != "" && againUnversioned.On() {
			return res.Bucket, s.SetVersioning(ctx, in.Caller, in.Name, meta.VersioningSuspended)
		}
		return res.Bucket, s.resetACL(ctx, &res.Bucket, in.ACL)
	}
	if errcode.Of(err) == errcode.BucketAlreadyExists && takenIsOwn.On() {
		return res.Bucket, nil
	}
	if err == nil && s.unblocked {
		_, err = s.propose(ctx, takesCustomerKeys(in.Name))
	}
	return res.Bucket, err
}

// takesCustomerKeys sets a bucket to the default encryption, but that SSE-C is not
// blocked. It is a command of its own, so that nodes of any version apply it.
func takesCustomerKeys(bucket string) meta.SetSetting {
	return meta.SetSetting{Bucket: bucket, Setting: meta.Encryption, Value: json.RawMessage(`{"Algorithm":"AES256"}`)}
}

// resetACL gives a bucket that is made again the ACL of the new request (B-02).
func (s *Service) resetACL(ctx context.Context, b *Bucket, spec *acl.Spec) error {
	if b.Enforced() {
		return nil
	}
	_, err := s.propose(ctx, meta.SetBucketACL{Bucket: b.Name, ACL: spec})
	return err
}

// HeadBucket returns a bucket that the caller may list: NoSuchBucket, AccessDenied.
func (s *Service) HeadBucket(ctx context.Context, c Caller, name string) (Bucket, error) {
	return s.bucketFor(ctx, c, name, listing, acl.Read)
}

// Bucket returns a bucket of the caller's own, or on which the policy lets them
// do action: NoSuchBucket, AccessDenied.
func (s *Service) Bucket(ctx context.Context, c Caller, name, action string) (Bucket, error) {
	return s.owned(ctx, c, name, action)
}

// DeleteBucket removes an empty bucket: NoSuchBucket, BucketNotEmpty. Uploads
// in progress end with it.
func (s *Service) DeleteBucket(ctx context.Context, c Caller, name string) error {
	return s.configure(ctx, c, name, "s3:DeleteBucket", meta.DeleteBucket{Name: name})
}

// ListBuckets returns a page of the caller's own buckets.
func (s *Service) ListBuckets(ctx context.Context, in ListBucketsInput) (ListBucketsResult, error) {
	if in.Caller.Account == "" {
		return ListBucketsResult{}, denied()
	}
	if prefixIgnored.On() {
		in.Prefix = ""
	}
	if regionIgnored.On() {
		in.Region = ""
	}
	owner := in.Caller.Account
	if allListed.On() {
		owner = ""
	}
	var page meta.BucketsPage
	err := s.view(ctx, func(tx *meta.Tx) (err error) {
		page, err = tx.Buckets(meta.BucketsQuery{
			Owner: owner, Prefix: in.Prefix, Region: in.Region, After: in.After, Max: in.Max})
		return err
	})
	return ListBucketsResult{Buckets: page.Buckets, Next: page.Next}, err
}

// SetVersioning enables or suspends versioning.
func (s *Service) SetVersioning(ctx context.Context, c Caller, bucket string, state meta.VersioningState) error {
	return s.configure(ctx, c, bucket, "s3:PutBucketVersioning", meta.SetVersioning{Bucket: bucket, State: state})
}

// SetBucketTags replaces a bucket's tag set; nil removes it.
func (s *Service) SetBucketTags(ctx context.Context, c Caller, bucket string, tags []Tag) error {
	return s.configure(ctx, c, bucket, "s3:PutBucketTagging", meta.SetBucketTags{Bucket: bucket, Tags: tags})
}

func (s *Service) configure(ctx context.Context, c Caller, bucket, action string, op meta.Op) error {
	if _, err := s.owned(ctx, c, bucket, action); err != nil {
		return err
	}
	_, err := s.propose(ctx, op)
	return err
}
