package meta

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"

	"bleepstore/fault"
	"bleepstore/reference/acl"
	"bleepstore/reference/errcode"
	"bleepstore/reference/policy"
)

var (
	ignoreIgnored = fault.NewBug("publicaccess.ignore-public-acls-off",
		"IgnorePublicAcls has no effect", "PB-05")
	restrictIgnored = fault.NewBug("publicaccess.restrict-public-buckets-off",
		"RestrictPublicBuckets has no effect", "PB-06")
	blockIgnored = fault.NewBug("publicaccess.block-public-acls-off",
		"BlockPublicAcls has no effect", "PB-03")
	preferenceIgnored = fault.NewBug("publicaccess.preferred-ignored",
		"BucketOwnerPreferred means the same as ObjectWriter", "PB-11")
	bucketOwnerOwns = fault.NewBug("publicaccess.bucket-owner-owns",
		"the bucket's owner owns what others put whatever the ownership is", "PB-11", "AC-14")
	switchesAlike = fault.NewBug("publicaccess.switches-alike",
		"IgnorePublicAcls refuses public ACLs as BlockPublicAcls does", "PB-03", "PB-05")
	everyACL = fault.NewBug("publicaccess.block-every-acl",
		"BlockPublicAcls refuses every ACL but private", "PB-03")
	writerOwns = fault.NewBug("publicaccess.enforced-writer-owns",
		"under BucketOwnerEnforced another account owns what it puts", "PB-11")
	preferenceAlways = fault.NewBug("publicaccess.preferred-always",
		"under BucketOwnerPreferred the bucket's owner owns what is put without bucket-owner-full-control too", "PB-11")
	disabledDropped = fault.NewBug("acl.disabled-is-dropped",
		"where ACLs are off an ACL is accepted and dropped", "AC-02")
	disabledRefusesAll = fault.NewBug("acl.disabled-refuses-all",
		"where ACLs are off bucket-owner-full-control is refused like every other ACL", "AC-02")
	enforcedWithACL = fault.NewBug("publicaccess.created-with-acl",
		"CreateBucket takes an ACL beside BucketOwnerEnforced, which has no effect", "PB-09")
	createdPublic = fault.NewBug("publicaccess.created-public",
		"CreateBucket takes a public ACL though public access is blocked", "PB-02")
)

// DisabledCounts is a bug of what is kept of an object, and of who asks for it.
var DisabledCounts = fault.NewBug("acl.disabled-still-counts",
	"the ACL of an object opens it also while ACLs are off", "PB-10")

// An Ownership is a bucket's setting of S3 Object Ownership: who owns what
// others write into it, and whether ACLs mean anything.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
type Ownership string

// The settings. A bucket from which the setting was removed is "", which means
// the same as ObjectWriter.
const (
	BucketOwnerEnforced  Ownership = "BucketOwnerEnforced"  // no ACLs; the bucket's owner owns all
	BucketOwnerPreferred Ownership = "BucketOwnerPreferred" // who writes owns, unless they cede it by ACL
	ObjectWriter         Ownership = "ObjectWriter"         // who writes owns
)

// A PublicAccessBlock is the four switches of S3 Block Public Access.
type PublicAccessBlock struct {
	BlockPublicACLs       bool
	IgnorePublicACLs      bool
	BlockPublicPolicy     bool
	RestrictPublicBuckets bool
}

// Access is how a bucket may be used by others than its owner.
type Access struct {
	Ownership Ownership          `json:",omitempty"`
	Block     *PublicAccessBlock `json:",omitempty"` // nil: no such configuration
	ACL       *acl.List          `json:",omitempty"` // nil: the owner's full control
	Policy    *policy.Policy     `json:",omitempty"` // nil: none
}

// DefaultAccess is what S3 gives a new bucket since April 2023: no ACLs, and
// nothing public.
func DefaultAccess() Access {
	return Access{Ownership: BucketOwnerEnforced, Block: &PublicAccessBlock{true, true, true, true}}
}

// packAccess is the column access; NULL is DefaultAccess.
func packAccess(a *Access) (driver.Value, error) {
	if a == nil {
		return nil, nil
	}
	b, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("pack access: %w", err)
	}
	return string(b), nil
}

func unpackAccess(v driver.Value) (Access, error) {
	if v == nil {
		return DefaultAccess(), nil
	}
	var a Access
	if err := json.Unmarshal([]byte(text(v)), &a); err != nil {
		return a, fmt.Errorf("unpack access: %w", err)
	}
	return a, nil
}

// Enforced reports whether ACLs are switched off.
func (b *Bucket) Enforced() bool { return b.Access.Ownership == BucketOwnerEnforced }

// IgnoresPublic reports whether public grants count for nothing.
func (b *Bucket) IgnoresPublic() bool {
	return b.Access.Block != nil && b.Access.Block.IgnorePublicACLs && !ignoreIgnored.On()
}

// RestrictsPublic reports whether a public policy lets in nobody from outside.
func (b *Bucket) RestrictsPublic() bool {
	return b.Access.Block != nil && b.Access.Block.RestrictPublicBuckets && !restrictIgnored.On()
}

// OwnerOf returns who owns what writer writes into b with the ACL spec.
func (b *Bucket) OwnerOf(writer string, spec *acl.Spec) string {
	if b.Enforced() && !writerOwns.On() || bucketOwnerOwns.On() || b.Access.Ownership == BucketOwnerPreferred && (spec.Cedes() && !preferenceIgnored.On() || preferenceAlways.On()) {
		return b.Owner
	}
	return writer
}

// Admits returns the list that spec means for b itself or for something in it
// that owner owns. It fails with AccessControlListNotSupported where ACLs are
// off (AC-02), and with AccessDenied where public ones are blocked (PB-03).
func (b *Bucket) Admits(spec *acl.Spec, owner string) (*acl.List, error) {
	if b.Enforced() {
		if !spec.Redundant(b.Owner) && !disabledDropped.On() || spec != nil && disabledRefusesAll.On() {
			return nil, &errcode.Error{Code: errcode.AccessControlListNotSupported}
		}
		return nil, nil
	}
	l := spec.List(owner, b.Owner)
	if b.IgnoresPublic() && l.Public() && switchesAlike.On() || b.Access.Block != nil && b.Access.Block.BlockPublicACLs && l != nil && everyACL.On() {
		return nil, errcode.New(errcode.AccessDenied, "Access Denied")
	}
	if l.Public() && b.Access.Block != nil && b.Access.Block.BlockPublicACLs && !blockIgnored.On() {
		return nil, errcode.New(errcode.AccessDenied, "Access Denied")
	}
	return l, nil
}

// check refuses what no bucket of owner can be given: an ACL for others where
// ACLs are off (PB-09, PB-10), or a public one where those are blocked.
func (a *Access) check(owner string) error {
	switch {
	case a.Ownership == BucketOwnerEnforced && !a.ACL.Private(owner) && enforcedWithACL.On():
		a.ACL = nil
	case a.Ownership == BucketOwnerEnforced && !a.ACL.Private(owner):
		return &errcode.Error{Code: errcode.InvalidBucketACLWithOwnership}
	case a.ACL.Public() && a.Block != nil && a.Block.BlockPublicACLs && !createdPublic.On():
		return &errcode.Error{Code: errcode.InvalidBucketACLWithBlock}
	}
	return nil
}
