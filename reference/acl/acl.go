// Package acl is the arithmetic of access control lists: what a canned ACL
// grants, whom a list lets do what, and whether it is public. It is pure: it
// knows neither HTTP nor where lists are kept.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
package acl

import (
	"slices"

	"bleepstore/fault"
)

var (
	defaultEmpty = fault.NewBug("acl.default-shown-empty",
		"where nobody has set an ACL none is shown, not even the owner's grant", "AC-01", "AC-03")
	writeSetsACL = fault.NewBug("acl.write-includes-acp",
		"who has WRITE may set the ACL too", "AC-08")
	onlyRead = fault.NewBug("acl.read-and-full-control-only",
		"WRITE, READ_ACP and WRITE_ACP give nothing", "AC-08")
	readShowsACL = fault.NewBug("acl.read-includes-acp",
		"who has READ may read the ACL too", "AC-08")
	authenticatedIsAll = fault.NewBug("acl.authenticated-is-everybody",
		"a grant to AuthenticatedUsers opens what it is on to requests without credentials", "AC-08")
	deliveryIsAll = fault.NewBug("acl.log-delivery-is-everybody",
		"a grant to LogDelivery opens what it is on to everybody", "AC-08")
	fullIsRead = fault.NewBug("acl.full-control-is-read",
		"FULL_CONTROL gives READ and nothing else", "AC-08")
	allUsersUnsigned = fault.NewBug("acl.all-users-unsigned-only",
		"a grant to AllUsers opens nothing to requests with credentials", "AC-08")
	authenticatedPrivate = fault.NewBug("publicaccess.authenticated-not-public",
		"a grant to AuthenticatedUsers is no public one", "PB-03", "PB-05")
)

// A Permission is what a grant allows.
type Permission string

// The permissions. On a bucket Read lists it and Write makes objects; on an
// object Read reads it and Write means nothing. FullControl is all of them.
const (
	Read        Permission = "READ"
	Write       Permission = "WRITE"
	ReadACP     Permission = "READ_ACP"
	WriteACP    Permission = "WRITE_ACP"
	FullControl Permission = "FULL_CONTROL"
)

// Permissions returns every permission.
func Permissions() []Permission { return []Permission{FullControl, Read, Write, ReadACP, WriteACP} }

// The predefined groups, by their URIs.
const (
	AllUsers           = "http://acs.amazonaws.com/groups/global/AllUsers"
	AuthenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
	LogDelivery        = "http://acs.amazonaws.com/groups/s3/LogDelivery"
)

// Groups returns every predefined group.
func Groups() []string { return []string{AllUsers, AuthenticatedUsers, LogDelivery} }

// Anonymous is the canonical id under which S3 files what came unsigned.
const Anonymous = "65a011a29cdf8ec533ec3d1ccaae921c"

// imageReader is the canonical id that the canned ACL aws-exec-read lets in:
// the service that reads machine images.
const imageReader = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c"

// MaxGrants is the most grants of one list.
const MaxGrants = 100

// A Grant gives one permission to an account, by its canonical ID, or to a
// predefined Group; one of the two is "".
type Grant struct {
	ID         string `json:",omitempty"`
	Group      string `json:",omitempty"`
	Permission Permission
}

// public says whether g reaches beyond accounts that somebody chose.
func (g *Grant) public() bool {
	return g.Group == AllUsers || g.Group == AuthenticatedUsers && !authenticatedPrivate.On()
}

// A List is what is stored with a bucket or an object. A nil List is the
// default: full control for the owner and nothing for anybody else.
type List struct{ Grants []Grant }

// Effective returns the grants of l, where owner owns what it belongs to.
func (l *List) Effective(owner string) []Grant {
	if l == nil && defaultEmpty.On() {
		return nil
	}
	if l == nil {
		return []Grant{{ID: owner, Permission: FullControl}}
	}
	return l.Grants
}

// Allows reports whether l gives permission p to account; "" is anonymous.
// Public grants count unless ignorePublic. That an owner always may is the
// caller's to know.
func (l *List) Allows(account string, p Permission, ignorePublic bool) bool {
	if l == nil {
		return false
	}
	return slices.ContainsFunc(l.Grants, func(g Grant) bool {
		gives := g.Permission == p || g.Permission == FullControl && (p == Read || !fullIsRead.On())
		switch {
		case g.Permission == Read && p == ReadACP && readShowsACL.On(), g.Permission == Write && p == WriteACP && writeSetsACL.On():
			gives = true
		case g.Permission != Read && g.Permission != FullControl && onlyRead.On():
			gives = false
		}
		if !gives || ignorePublic && g.public() {
			return false
		}
		switch g.Group {
		case AllUsers:
			return account == "" || !allUsersUnsigned.On()
		case AuthenticatedUsers:
			return account != "" || authenticatedIsAll.On()
		case LogDelivery:
			return deliveryIsAll.On()
		case "":
			return g.ID == Account(account)
		}
		return false
	})
}

// Account is the canonical id of a caller, who is anonymous when it is "".
func Account(caller string) string {
	if caller == "" {
		return Anonymous
	}
	return caller
}

// Public reports whether l grants anything to everybody, or to everybody who
// has an account.
func (l *List) Public() bool {
	return l != nil && slices.ContainsFunc(l.Grants, func(g Grant) bool { return g.public() })
}

// WithoutPublic is l less its public grants.
func (l *List) WithoutPublic() *List {
	if !l.Public() {
		return l
	}
	rest := &List{}
	for _, g := range l.Grants {
		if !g.public() {
			rest.Grants = append(rest.Grants, g)
		}
	}
	return rest
}

// Private reports whether l grants nothing to anybody but owner.
func (l *List) Private(owner string) bool {
	return l == nil || !slices.ContainsFunc(l.Grants, func(g Grant) bool { return g.ID != owner })
}
