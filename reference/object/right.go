package object

import (
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/acl"
	"bleepstore/reference/meta"
	"bleepstore/reference/policy"
)

// A right is what is asked of an object that is there: the actions, each of
// which must be allowed, and whether they are as far as the policy is silent.
type right struct {
	actions []string
	has     func(Caller, *Bucket, *Version) bool
}

// The rights that there are.
var (
	readObject     = right{[]string{"s3:GetObject"}, touching(acl.Read)}
	readAttributes = right{[]string{"s3:GetObject", "s3:GetObjectAttributes"}, touching(acl.Read)}
	readACL        = right{[]string{"s3:GetObjectAcl"}, touching(acl.ReadACP)}
	writeACL       = right{[]string{"s3:PutObjectAcl"}, touching(acl.WriteACP)}
	readTags       = right{[]string{"s3:GetObjectTagging"}, owning}
	writeTags      = right{[]string{"s3:PutObjectTagging"}, owning}
	removeTags     = right{[]string{"s3:DeleteObjectTagging"}, owning}
)

func touching(p acl.Permission) func(Caller, *Bucket, *Version) bool {
	return func(c Caller, b *Bucket, v *Version) bool { return c.mayTouch(b, v, p) }
}

// owning is for what no ACL gives: both owners have it.
func owning(c Caller, b *Bucket, v *Version) bool { return c.owns(b) || c.id() == v.Owner }

var (
	versionsOpen = fault.NewBug("policy.reading-opens-versions",
		"who may read an object may read its versions", "P-15")
	tagsFree = fault.NewBug("policy.copied-tags-free",
		"no right to its tags is asked of who copies an object", "P-13")
	readersTold = fault.NewBug("policy.missing-told-to-readers",
		"that a key is missing is told to whom a policy lets read it", "P-12")
	missingHidden = fault.NewBug("policy.missing-hidden-from-listers",
		"that a key is missing is told to the bucket's owner alone", "P-12")
	othersOpen = fault.NewBug("policy.opens-what-others-own",
		"a policy opens the objects of other accounts in the bucket too", "P-16")
	aclOverDeny = fault.NewBug("policy.acl-over-deny",
		"what an ACL allows is not denied", "P-06")
	existingUnseen = fault.NewBug("policy.existing-tags-unseen",
		"conditions do not see the tags of the object", "P-11")
	sentUnseen = fault.NewBug("policy.sent-tags-unseen",
		"conditions do not see the tags that a PUT brings", "P-11")
)

// onVersion is the action as it is called for a version that is named.
func onVersion(action, version string) string {
	if version == "" || action == "s3:GetObject" && versionsOpen.On() {
		return action
	}
	switch action {
	case "s3:GetObjectRetention", "s3:PutObjectRetention", "s3:GetObjectLegalHold", "s3:PutObjectLegalHold":
		return action
	}
	return strings.Replace(action, "Object", "ObjectVersion", 1)
}

// listing is what lets somebody know which keys there are.
var listing = act{action: "s3:ListBucket"}

var missingTold = fault.NewBug("object.missing-told-to-anybody",
	"that a key is missing is told to those who may not list the bucket", "O-04")

// objectIn returns a version of tx that c has a right to. Whether a key exists
// is told only to those who may list the bucket (P-12); a delete marker has no
// ACL. sent are the tags that the request brings.
func objectIn(tx *meta.Tx, c Caller, bucket, key, version string, r right, sent ...Tag) (meta.Object, error) {
	o, err := tx.Object(bucket, key, version)
	if err != nil {
		b, missing := tx.Bucket(bucket)
		if missing != nil {
			return o, missing
		}
		if hidden := r.hides(c, &b, key, version); hidden != nil && !missingTold.On() {
			return o, hidden
		}
		return o, err
	}
	if o.DeleteMarker {
		return o, r.hides(c, &o.BucketInfo, key, version)
	}
	return o, r.check(c, &o, version, sent)
}

// check fails unless c has r to the object o; version is as it was named.
func (r right) check(c Caller, o *meta.Object, version string, sent []Tag) error {
	b := &o.BucketInfo
	allowed := b.Access.Policy != nil
	for _, action := range r.actions {
		if b.Access.Policy == nil {
			break
		}
		a := act{action: onVersion(action, version), key: o.Key, version: version, tags: o.Tags, sent: sent}
		if len(a.tags) > 0 && existingUnseen.On() {
			a.tags = nil
		}
		switch effect := c.policy(b, a); {
		case effect == policy.Deny && !c.owns(b) && r.has(c, b, &o.Version) && aclOverDeny.On():
		case effect == policy.Deny:
			return denied()
		case effect == policy.None || o.Owner != b.Owner && !othersOpen.On():
			allowed = false
		}
	}
	if !allowed && !r.has(c, b, &o.Version) {
		return denied()
	}
	return nil
}

// hides fails unless c may know that there is no such object.
func (r right) hides(c Caller, b *Bucket, key, version string) error {
	for _, action := range r.actions {
		if c.policy(b, act{action: onVersion(action, version), key: key, version: version}) == policy.Deny {
			return denied()
		}
	}
	if err := require(b, c, listing, acl.Read); err != nil || c.owns(b) {
		if err != nil && c.policy(b, act{action: r.actions[0], key: key}) == policy.Allow && readersTold.On() {
			return nil
		}
		return err
	}
	if missingHidden.On() {
		return denied()
	}
	return nil
}

// A making is an object that is to be made.
type making struct {
	bucket, key string
	spec        *acl.Spec
	tags        []Tag
	lock        *Lock
}

// put is the action of making it.
func (m *making) put() act {
	if len(m.tags) > 0 && sentUnseen.On() {
		return act{action: "s3:PutObject", key: m.key}
	}
	return act{action: "s3:PutObject", key: m.key, sent: m.tags}
}

// allow fails unless c may make m in b. Whom only the policy lets in needs its
// leave for an ACL and for tags too; an ACL that gives the bucket's owner full
// control, by its name or by that grant alone, is what policies ask for.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html#example-bucket-policies-acl-2
func (m *making) allow(b *Bucket, c Caller) error {
	has := c.mayUse(b, acl.Write)
	if err := c.may(b, m.put(), has); err != nil {
		return err
	}
	if err := m.allowLock(b, c); err != nil || b.Access.Policy == nil {
		return err
	}
	if m.spec != nil {
		if err := c.may(b, act{action: "s3:PutObjectAcl", key: m.key}, has || m.spec.Redundant(b.Owner)); err != nil {
			return err
		}
	}
	if len(m.tags) > 0 {
		return c.may(b, act{action: "s3:PutObjectTagging", key: m.key, sent: m.tags}, has)
	}
	return nil
}

// allowTags fails unless c, who copies src onto m, may give m the tags of src.
func (m *making) allowTags(b *Bucket, c Caller, src *meta.Object, version string) error {
	if len(src.Tags) == 0 || tagsFree.On() {
		return nil
	}
	may := right{readTags.actions, func(c Caller, b *Bucket, v *Version) bool { return owning(c, b, v) || readObject.has(c, b, v) }}
	if err := may.check(c, src, version, nil); err != nil {
		return err
	}
	return c.may(b, act{action: "s3:PutObjectTagging", key: m.key, sent: src.Tags}, c.mayUse(b, acl.Write))
}
