package object

import (
	"context"

	"bleepstore/fault"
	"bleepstore/reference/acl"
	"bleepstore/reference/meta"
)

// Find returns a bucket whoever asks: for checks, never for an answer.
func (s *Service) Find(ctx context.Context, bucket string) (Bucket, error) {
	if err := s.current(ctx); err != nil {
		return Bucket{}, err
	}
	return s.db.Bucket(ctx, bucket)
}

// BucketACL returns a bucket whose ACL c may read. Access.ACL is what counts:
// nothing where ACLs are off, and no public grant where those are ignored
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html).
func (s *Service) BucketACL(ctx context.Context, c Caller, name string) (Bucket, error) {
	b, err := s.bucketFor(ctx, c, name, act{action: "s3:GetBucketAcl"}, acl.ReadACP)
	b.Access.ACL = effective(&b, b.Access.ACL)
	return b, err
}

var versionIgnored = fault.NewBug("acl.version-ignored",
	"PutObjectAcl of a version changes the ACL of the current one", "V-21")

var ignoredShown = fault.NewBug("publicaccess.ignored-grants-shown",
	"GET ?acl shows public grants that IgnorePublicAcls takes the effect from", "PB-05")

// effective is what counts of a list that belongs to b or is in it.
func effective(b *Bucket, l *acl.List) *acl.List {
	switch {
	case b.Enforced():
		return nil
	case b.IgnoresPublic() && !ignoredShown.On():
		return l.WithoutPublic()
	}
	return l
}

// SetBucketACL replaces a bucket's ACL: AccessControlListNotSupported where
// ACLs are off, AccessDenied for a public one where those are blocked.
func (s *Service) SetBucketACL(ctx context.Context, c Caller, name string, spec ACLSpec) error {
	b, err := s.bucketFor(ctx, c, name, act{action: "s3:PutBucketAcl"}, acl.WriteACP)
	if err != nil {
		return err
	}
	if err := spec.checkOwner(b.Owner); err != nil {
		return err
	}
	_, err = s.propose(ctx, meta.SetBucketACL{Bucket: name, ACL: &spec.Spec})
	return err
}

// ObjectACL returns a version whose ACL the caller may read, as BucketACL does.
func (s *Service) ObjectACL(ctx context.Context, in GetInput) (*GetResult, error) {
	r := &GetResult{}
	err := s.view(ctx, func(tx *meta.Tx) error {
		o, err := objectIn(tx, in.Caller, in.Bucket, in.Key, in.VersionID, readACL)
		if err == nil && o.DeleteMarker {
			err = markerError(&o, in.VersionID != "")
		}
		r.Version, r.ShowVersion = o.Version, shows(o.BucketInfo)
		r.Version.ACL = effective(&o.BucketInfo, o.ACL)
		return err
	})
	return r, err
}

// SetObjectACL replaces the ACL of one version, as SetBucketACL does, and
// returns the version's id ("" when the bucket was never versioned).
func (s *Service) SetObjectACL(ctx context.Context, in GetInput, spec ACLSpec) (string, error) {
	if in.VersionID != "" && versionIgnored.On() {
		in.VersionID = ""
	}
	err := s.view(ctx, func(tx *meta.Tx) error {
		o, err := objectIn(tx, in.Caller, in.Bucket, in.Key, in.VersionID, writeACL)
		if err == nil && o.DeleteMarker {
			err = markerError(&o, in.VersionID != "")
		}
		if err != nil {
			return err
		}
		return spec.checkOwner(o.Owner)
	})
	if err != nil {
		return "", err
	}
	res, err := s.propose(ctx, meta.SetObjectACL{Bucket: in.Bucket, Key: in.Key, VersionID: in.VersionID, ACL: &spec.Spec})
	if err != nil || !shows(res.Bucket) {
		return "", err
	}
	return res.Version.ID, nil
}

// An ACLSpec is an ACL that is to replace another. Owner is who the request
// says owns what it belongs to; "" when it does not say.
type ACLSpec struct {
	acl.Spec
	Owner string
}

// checkOwner fails unless the owner is who the request says: an ACL does not
// give anything away (AC-11).
func (a *ACLSpec) checkOwner(owner string) error {
	if a.Owner != "" && a.Owner != owner {
		return denied()
	}
	return nil
}

// SetOwnership sets who owns what is written to a bucket; "" removes the
// setting: InvalidBucketAclWithObjectOwnership.
func (s *Service) SetOwnership(ctx context.Context, c Caller, bucket string, o Ownership) error {
	return s.configure(ctx, c, bucket, "s3:PutBucketOwnershipControls", meta.SetOwnership{Bucket: bucket, Ownership: o})
}

// SetPublicAccess replaces a bucket's public access block; nil removes it.
func (s *Service) SetPublicAccess(ctx context.Context, c Caller, bucket string, block *PublicAccessBlock) error {
	return s.configure(ctx, c, bucket, "s3:PutBucketPublicAccessBlock", meta.SetPublicAccess{Bucket: bucket, Block: block})
}
