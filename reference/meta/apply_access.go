package meta

import (
	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

var (
	enforcedAnyway = fault.NewBug("publicaccess.enforced-over-acl",
		"ACLs can be turned off while the bucket's ACL lets others in", "PB-10")
	switchStays = fault.NewBug("publicaccess.switch-stays-on",
		"BlockPublicAcls stays on until the whole configuration is deleted", "PB-01")
	blockKept = fault.NewBug("publicaccess.block-kept",
		"DeletePublicAccessBlock leaves the configuration", "PB-01")
	policyAllowed = fault.NewBug("publicaccess.block-public-policy-off",
		"BlockPublicPolicy has no effect", "PB-04")
	policyBlocked = fault.NewBug("publicaccess.block-every-policy",
		"BlockPublicPolicy refuses policies that are not public too", "PB-04")
	ownershipKept = fault.NewBug("publicaccess.ownership-kept",
		"DeleteBucketOwnershipControls leaves the setting", "PB-07")
)

// setAccess changes how a bucket may be used by others.
func (m *machine) setAccess(bucket string, change func(*bucketRow, *Access) error) (Result, error) {
	b, err := m.bucket(bucket)
	if err != nil {
		return Result{}, err
	}
	a := b.Access
	if err := change(b, &a); err != nil {
		return Result{Bucket: b.Bucket}, err
	}
	packed, err := packAccess(&a)
	if err != nil {
		return Result{}, err
	}
	b.Access, b.explicit, m.turned = a, true, true
	return Result{Bucket: b.Bucket}, m.c.exec("UPDATE bucket SET access = ? WHERE id = ?", packed, b.row)
}

func (m *machine) setBucketACL(op SetBucketACL) (Result, error) {
	return m.setAccess(op.Bucket, func(b *bucketRow, a *Access) error {
		l, err := b.Admits(op.ACL, b.Owner)
		if err == nil && !b.Enforced() { // what it would say there holds anyway
			a.ACL = l
		}
		return err
	})
}

func (m *machine) setOwnership(op SetOwnership) (Result, error) {
	return m.setAccess(op.Bucket, func(b *bucketRow, a *Access) error {
		switch op.Ownership {
		case "", BucketOwnerEnforced, BucketOwnerPreferred, ObjectWriter:
			if op.Ownership == "" && ownershipKept.On() {
				return nil
			}
			a.Ownership = op.Ownership
		default:
			return &errcode.Error{Code: errcode.MalformedXML}
		}
		if a.Ownership == BucketOwnerEnforced && !a.ACL.Private(b.Owner) && !enforcedAnyway.On() { // PB-10
			return &errcode.Error{Code: errcode.InvalidBucketACLWithOwnership}
		}
		return nil
	})
}

func (m *machine) setPublicAccess(op SetPublicAccess) (Result, error) {
	return m.setAccess(op.Bucket, func(_ *bucketRow, a *Access) error {
		if op.Block == nil && blockKept.On() {
			return nil
		}
		if op.Block != nil && a.Block != nil && switchStays.On() {
			op.Block.BlockPublicACLs = op.Block.BlockPublicACLs || a.Block.BlockPublicACLs
		}
		a.Block = op.Block
		return nil
	})
}

// setPolicy refuses a public policy where those are blocked (PB-04).
func (m *machine) setPolicy(op SetPolicy) (Result, error) {
	return m.setAccess(op.Bucket, func(_ *bucketRow, a *Access) error {
		if (op.Policy.Public() && !policyAllowed.On() || op.Policy != nil && policyBlocked.On()) && a.Block != nil && a.Block.BlockPublicPolicy {
			return errcode.New(errcode.AccessDenied, "Access Denied")
		}
		a.Policy = op.Policy
		return nil
	})
}

// setObjectACL replaces the ACL of one version; its ETag and time stay.
func (m *machine) setObjectACL(op SetObjectACL) (Result, error) {
	return m.setAttrs(op.Bucket, op.Key, op.VersionID, func(b *bucketRow, v *Version) error {
		l, err := b.Admits(op.ACL, v.Owner)
		if err == nil && !b.Enforced() {
			v.ACL = l
		}
		return err
	})
}
