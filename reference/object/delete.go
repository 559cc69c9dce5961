package object

import (
	"context"
	"errors"

	"bleepstore/fault"
	"bleepstore/reference/acl"
	"bleepstore/reference/meta"
)

// Delete removes one key or version. What is not there is deleted already. Who
// may write to the bucket without owning it deletes what is their own.
func (s *Service) Delete(ctx context.Context, in DeleteInput) (DeleteResult, error) {
	item, err := DeleteItem{Key: in.Key, VersionID: in.VersionID, IfMatch: in.IfMatch}.compile()
	if err != nil {
		return DeleteResult{}, err
	}
	a := act{action: onVersion("s3:DeleteObject", in.VersionID), key: in.Key, version: in.VersionID}
	b, err := s.bucketFor(ctx, in.Caller, in.Bucket, a, acl.Write)
	if err != nil {
		return DeleteResult{}, err
	}
	if readUntilPut.On() || listUntilPut.On() {
		defer s.recent.drop(in.Bucket, in.Key)
	}
	if deleteEnds.On() {
		s.endUploads(ctx, in.Caller, in.Bucket, in.Key)
	}
	item.Bypass = in.Caller.bypasses(&b, in.Key, in.VersionID, in.Bypass)
	res, err := s.propose(ctx, meta.DeleteObject{Bucket: in.Bucket, Owner: in.Caller.id(), Item: item, OwnOnly: in.Caller.ownOnly(&b, a)})
	if err != nil {
		return DeleteResult{}, err
	}
	d := res.Deleted[0]
	if d.Err != nil {
		return DeleteResult{}, d.Err
	}
	return DeleteResult{VersionID: d.VersionID, DeleteMarker: d.DeleteMarker}, nil
}

// DeleteMany removes up to 1,000 items with one command; each has its own
// outcome, in the order given. The error is of the whole: nothing was deleted,
// or nobody knows.
func (s *Service) DeleteMany(ctx context.Context, c Caller, bucket string, items []DeleteItem) ([]DeleteOutcome, error) {
	b, err := s.Find(ctx, bucket)
	if err != nil {
		return nil, err
	}
	if b.Access.Policy == nil && !c.mayUse(&b, acl.Write) {
		return nil, denied() // of the whole; a policy has a say for each
	}
	outcomes := make([]DeleteOutcome, len(items))
	var accepted []meta.DeleteItem
	var place []int // of each accepted item in outcomes
	for i, item := range items {
		outcomes[i].Item = item
		m, err := item.compile()
		if err == nil {
			m.OwnOnly, err = item.allow(&b, c)
			m.Bypass = c.bypasses(&b, item.Key, item.VersionID, item.Bypass || manyBypass.On())
		}
		if err != nil {
			errors.As(err, &outcomes[i].Err)
			continue
		}
		accepted, place = append(accepted, m), append(place, i)
	}
	if len(accepted) == 0 {
		return outcomes, nil
	}
	res, err := s.propose(ctx, meta.DeleteObjects{Bucket: bucket, Owner: c.id(), Items: accepted})
	if err != nil {
		return nil, err
	}
	for i, d := range res.Deleted {
		outcomes[place[i]].Result = DeleteResult{VersionID: d.VersionID, DeleteMarker: d.DeleteMarker}
		outcomes[place[i]].Err = d.Err
	}
	return outcomes, nil
}

// allow fails unless c may delete the item; own says that they may only if it is
// their own.
func (d DeleteItem) allow(b *Bucket, c Caller) (own bool, err error) {
	a := act{action: onVersion("s3:DeleteObject", d.VersionID), key: d.Key, version: d.VersionID, item: true, ifMatch: d.IfMatch}
	if err := require(b, c, a, acl.Write); err != nil {
		return false, err
	}
	return c.ownOnly(b, a), nil
}

// compile parses the condition.
func (d DeleteItem) compile() (meta.DeleteItem, error) {
	m := meta.DeleteItem{Key: d.Key, VersionID: d.VersionID}
	if d.IfMatch == "" {
		return m, nil
	}
	var err error
	m.IfMatch, err = compileIfMatch(d.IfMatch)
	return m, err
}

var tagsCopy = fault.NewBug("tagging.makes-version",
	"the tags of the current version are set on a new one, with the same data", "V-21")

// SetTags replaces the tags of one version and returns its id ("" when the
// bucket was never versioned); nil tags removes them.
func (s *Service) SetTags(ctx context.Context, c Caller, bucket, key, versionID string, tags []Tag) (string, error) {
	r := writeTags
	if tags == nil {
		r = removeTags
	}
	err := s.view(ctx, func(tx *meta.Tx) error {
		_, err := objectIn(tx, c, bucket, key, versionID, r, tags...)
		return err
	})
	if err != nil {
		return "", err
	}
	if versionID == "" && tagsCopy.On() {
		_, _ = s.Copy(ctx, CopyInput{Caller: c, Bucket: bucket, Key: key, SourceBucket: bucket, SourceKey: key, Algorithm: "SHA256"})
	}
	res, err := s.propose(ctx, meta.SetObjectTags{Bucket: bucket, Key: key, VersionID: versionID, Tags: tags})
	if err != nil || !shows(res.Bucket) {
		return "", err
	}
	return res.Version.ID, nil
}
