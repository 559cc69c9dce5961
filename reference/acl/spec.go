package acl

import (
	"slices"

	"bleepstore/fault"
)

var (
	ownerLeftOut = fault.NewBug("acl.canned-without-owner",
		"a canned ACL leaves out the owner's own grant", "AC-03")
	deliveryBlind = fault.NewBug("acl.log-delivery-write-without-acp",
		"log-delivery-write does not grant READ_ACP", "AC-03")
	writeLeftOut = fault.NewBug("acl.public-read-write-is-read",
		"public-read-write grants READ alone", "AC-03")
)

// A Canned ACL is a name for a list of grants that depends on the owner.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
type Canned string

// The canned ACLs that the rules of ownership know by name.
const (
	Private                Canned = "private"
	BucketOwnerFullControl Canned = "bucket-owner-full-control"
)

// grants are what each canned ACL adds to the owner's full control. An ID of
// bucketOwner stands for the owner of the bucket, and goes where that is the
// owner anyway.
var grants = map[Canned][]Grant{
	Private:                nil,
	"public-read":          {{Group: AllUsers, Permission: Read}},
	"public-read-write":    {{Group: AllUsers, Permission: Read}, {Group: AllUsers, Permission: Write}},
	"aws-exec-read":        {{ID: imageReader, Permission: Read}},
	"authenticated-read":   {{Group: AuthenticatedUsers, Permission: Read}},
	"bucket-owner-read":    {{ID: bucketOwner, Permission: Read}},
	BucketOwnerFullControl: {{ID: bucketOwner, Permission: FullControl}},
	"log-delivery-write":   {{Group: LogDelivery, Permission: Write}, {Group: LogDelivery, Permission: ReadACP}},
}

const bucketOwner = "the owner of the bucket"

// Known reports whether S3 has a canned ACL of that name.
func (c Canned) Known() bool {
	_, ok := grants[c]
	return ok
}

// A Spec is an ACL as a request gives it: by name, or grant by grant. A nil
// Spec is a request that gives none.
type Spec struct {
	Canned Canned `json:",omitempty"`
	Grants []Grant
}

// List is what s means for something that owner owns, in a bucket of
// bucketOwner's: nil for the default.
func (s *Spec) List(owner, ofBucket string) *List {
	switch {
	case s == nil || s.Canned == Private:
		return nil
	case s.Canned == "":
		return &List{Grants: s.Grants}
	}
	l := &List{Grants: []Grant{{ID: owner, Permission: FullControl}}}
	for _, g := range grants[s.Canned] {
		if g.ID == bucketOwner {
			g.ID = ofBucket
		}
		if g.Permission == ReadACP && deliveryBlind.On() {
			continue
		}
		if g.Permission == Write && s.Canned == "public-read-write" && writeLeftOut.On() {
			continue
		}
		if g.ID != owner {
			l.Grants = append(l.Grants, g)
		}
	}
	if len(l.Grants) == 1 {
		return nil
	}
	if ownerLeftOut.On() {
		l.Grants = l.Grants[1:]
	}
	return l
}

// Cedes reports whether s is the one canned ACL by which a writer gives an
// object to the owner of the bucket, where the bucket prefers to own.
func (s *Spec) Cedes() bool { return s != nil && s.Canned == BucketOwnerFullControl }

// Redundant reports whether a bucket without ACLs, whose owner has full
// control anyway, accepts s: it says so by the canned ACL of that name, or by
// just that grant.
func (s *Spec) Redundant(owner string) bool {
	return s == nil || s.Canned == BucketOwnerFullControl ||
		s.Canned == "" && slices.Equal(s.Grants, []Grant{{ID: owner, Permission: FullControl}})
}
