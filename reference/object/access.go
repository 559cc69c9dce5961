package object

import (
	"context"
	"slices"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/acl"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
	"bleepstore/reference/policy"
)

// Who may do what: a bucket's owner anything with the bucket and what they own
// in it, everybody else what an ACL gives them while the bucket has ACLs. An
// object that somebody else wrote into a bucket with ACLs is theirs: the
// bucket's owner may replace or delete it, and nothing more without a grant, and
// who may only write to the bucket may not even that.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#permissions
//
// A bucket's policy comes before all that: what it denies is denied to everybody,
// and what it allows is allowed, but for objects that the bucket's owner does not
// own. Policies themselves are the owner's whatever they say.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html

var (
	bucketACLOpens = fault.NewBug("acl.bucket-opens-objects",
		"who has READ on a bucket may read the objects in it", "AC-08", "AC-09")
	bucketOwnerReads = fault.NewBug("acl.bucket-owner-reads-all",
		"a bucket's owner may read the objects of other accounts in it", "AC-14")
	ownerLockedOut = fault.NewBug("acl.owner-locked-out",
		"the owner of an object has the rights that its ACL gives and no others", "AC-12")
	accountsAlike = fault.NewBug("auth.accounts-alike",
		"every account may do what the owner of a bucket may", "AN-16")
	bucketOpen = fault.NewBug("auth.bucket-open-to-accounts",
		"every account may list a bucket", "AN-16")
)

var (
	formUndenied = fault.NewBug("policy.forms-undenied",
		"a form of the bucket's owner heeds no denial", "PO-15")
	ownerAbove = fault.NewBug("policy.owner-never-denied",
		"nothing is denied to the bucket's owner", "P-06")
	versionUnseen = fault.NewBug("policy.version-unseen",
		"conditions do not see which version a request names", "P-11")
	sentKeysFirst = fault.NewBug("policy.first-tag-key-alone",
		"conditions see the key of the first tag that a request brings and no other", "P-11")
)

// denied is the answer to all that is not allowed.
func denied() error { return errcode.New(errcode.AccessDenied, "Access Denied") }

// id is the account under which S3 files what c writes.
func (c Caller) id() string { return acl.Account(c.Account) }

// owns reports whether c owns b.
func (c Caller) owns(b *Bucket) bool {
	return c.Account != "" && (c.Account == b.Owner || accountsAlike.On())
}

// mayUse reports whether c has permission p on the bucket itself, policy aside.
func (c Caller) mayUse(b *Bucket, p acl.Permission) bool {
	if p == acl.Read && c.Account != "" && bucketOpen.On() {
		return true
	}
	return c.owns(b) || !b.Enforced() && b.Access.ACL.Allows(c.Account, p, b.IgnoresPublic())
}

// mayTouch reports whether c has permission p on an object of b, policy aside.
func (c Caller) mayTouch(b *Bucket, v *Version, p acl.Permission) bool {
	if b.Enforced() && !meta.DisabledCounts.On() {
		return c.owns(b)
	}
	switch {
	case p == acl.Read && bucketACLOpens.On() && b.Access.ACL.Allows(c.Account, p, b.IgnoresPublic()):
		return true
	case p == acl.Read && c.owns(b) && bucketOwnerReads.On():
		return true
	case v.ACL != nil && ownerLockedOut.On():
		return v.ACL.Allows(c.Account, p, b.IgnoresPublic())
	}
	return c.id() == v.Owner || v.ACL.Allows(c.Account, p, b.IgnoresPublic())
}

// An act is one action on a bucket, or on a key in it, with what the conditions
// of a policy may ask of it besides what the request says.
type act struct {
	action  string
	key     string
	version string
	tags    []Tag // of the object that is there
	sent    []Tag // that the request brings
	// item says that it is one of several of a request, each with its own
	// condition.
	item    bool
	ifMatch string
}

// policy is what the policy of b says of c doing a.
func (c Caller) policy(b *Bucket, a act) policy.Effect {
	p := b.Access.Policy
	if p == nil {
		return policy.None
	}
	facts := c.about(&a)
	who := policy.Principal{ID: c.Account, Name: c.Name}
	if account := facts("aws:principalaccount"); len(account) == 1 {
		who.Account = account[0]
	}
	effect := p.Decide(&policy.Request{Caller: who, Action: a.action, Resource: policy.Resource(b.Name, a.key), Fact: facts})
	if effect == policy.Deny && c.owns(b) && (ownerAbove.On() || slices.Equal(facts("s3:authtype"), []string{"POST"}) && formUndenied.On()) {
		return policy.None
	}
	if effect == policy.Allow && p.Public() && b.RestrictsPublic() && !c.owns(b) { // PB-06
		return policy.None
	}
	return effect
}

// about returns what is known of c doing a, by condition key.
func (c Caller) about(a *act) func(key string) []string {
	return func(key string) []string {
		prefix, tag, _ := strings.Cut(key, "/")
		switch {
		case key == "s3:versionid" && !versionUnseen.On():
			return some(a.version)
		case key == "s3:if-match" && a.item:
			return some(a.ifMatch)
		case key == "s3:requestobjecttagkeys":
			var names []string
			for _, t := range a.sent {
				names = append(names, t.Key)
			}
			if len(names) > 1 && sentKeysFirst.On() {
				return names[:1]
			}
			return names
		case prefix == "s3:requestobjecttag":
			return valueOf(a.sent, tag)
		case prefix == "s3:existingobjecttag":
			return valueOf(a.tags, tag)
		case c.Facts == nil:
			return nil
		}
		return c.Facts.Fact(key)
	}
}

func some(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

func valueOf(tags []Tag, key string) []string {
	for _, t := range tags {
		if t.Key == key {
			return []string{t.Value}
		}
	}
	return nil
}

// may says whether c may do a to b; has that they may as far as the policy says
// nothing of it.
func (c Caller) may(b *Bucket, a act, has bool) error {
	effect := c.policy(b, a)
	if effect == policy.Deny || effect == policy.None && !has {
		return denied()
	}
	return nil
}

// require fails unless c may do a to b, by the policy or by permission p.
func require(b *Bucket, c Caller, a act, p acl.Permission) error {
	return c.may(b, a, c.mayUse(b, p))
}

// ownOnly reports whether c, who may do a, may do it only to what is their own.
func (c Caller) ownOnly(b *Bucket, a act) bool {
	return !c.owns(b) && c.policy(b, a) != policy.Allow
}

// bucketFor reads a bucket to which c may do a, as of now.
func (s *Service) bucketFor(ctx context.Context, c Caller, name string, a act, p acl.Permission) (b Bucket, err error) {
	if err := s.current(ctx); err != nil {
		return b, err
	}
	if b, err = s.db.Bucket(ctx, name); err == nil {
		err = require(&b, c, a, p)
	}
	return b, err
}

// owned reads a bucket to which c may do what no ACL gives.
func (s *Service) owned(ctx context.Context, c Caller, name, action string) (b Bucket, err error) {
	if err := s.current(ctx); err != nil {
		return b, err
	}
	if b, err = s.db.Bucket(ctx, name); err == nil {
		err = c.may(&b, act{action: action}, c.owns(&b))
	}
	return b, err
}

// usable returns a bucket of tx to which c may do a.
func usable(tx *meta.Tx, c Caller, name string, a act, p acl.Permission) (Bucket, error) {
	b, err := tx.Bucket(name)
	if err == nil {
		err = require(&b, c, a, p)
	}
	return b, err
}

// shows says whether version ids belong in the answers of b.
func shows(b Bucket) bool { return b.Versioning != "" }
