package object

import (
	"context"
	"slices"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/acl"
	"bleepstore/reference/meta"
)

// Bugs of listings that are not of now.
var (
	listCached = fault.NewBug("list.cached",
		"a page of a listing is answered again for a second, whatever has been written since", "consistency.list", "Z-05", "Z-06", "L-22")
	markersEnd = fault.NewBug("listing.behind-markers",
		"a listing ends where a thousand delete markers follow each other", "L-19")
	listUntilPut = fault.NewBug("list.cached-until-put",
		"a page of a listing is answered again for a second, unless PutObject or DeleteObject came in between", "object.put.seen-at-once*")
	listLocal = fault.NewBug("list.follower",
		"a listing is answered from the state that a node has, without asking where to read", "Z-05").
		By("chaos --sim raft --seed 1 --seeds 12 --nemesis partition,pause --shrink 0s")
	minioList = fault.NewBug("history.minio-5380.list-flip-flop",
		"a node that has come back lists what its own disk has, so that a listing changes with the node that is asked", "Z-05").
		By("chaos --sim raft --seed 1 --seeds 12 --nemesis kill --shrink 0s")
)

// returned is for how long a node has come back, for the bug of its listings.
const returned = 5 * time.Second

// List returns a page of current objects: NoSuchBucket.
func (s *Service) List(ctx context.Context, c Caller, in ListInput) (ListResult, error) {
	var page meta.ListPage
	if listCached.On() || listUntilPut.On() {
		if page, ok := s.recent.page(in, s.clock.Now()); ok && permit(nil, &page.Bucket, c, listing) == nil {
			return listed(page), nil
		}
	}
	view := s.view
	if s.clock.Now().Sub(s.opened) < returned && minioList.On() {
		view = s.db.View
	}
	if listLocal.On() {
		view = s.db.View
	}
	err := view(ctx, func(tx *meta.Tx) (err error) {
		page, err = tx.List(meta.ListQuery{
			Bucket: in.Bucket, Prefix: in.Prefix, Delimiter: in.Delimiter,
			After: in.After, AfterPrefix: in.AfterPrefix, Max: in.Max})
		if page.Bucket.Versioning != "" && markersEnd.On() && onlyMarkers(tx, in) {
			page.Objects, page.CommonPrefixes, page.Truncated = nil, nil, false
		}
		return permit(err, &page.Bucket, c, listing)
	})
	if err != nil {
		return ListResult{}, err
	}
	if listCached.On() || listUntilPut.On() {
		s.recent.keepPage(in, page, s.clock.Now())
	}
	return listed(page), nil
}

// onlyMarkers says whether the next thousand versions are delete markers.
func onlyMarkers(tx *meta.Tx, in ListInput) bool {
	page, err := tx.Versions(meta.VersionsQuery{Bucket: in.Bucket, Prefix: in.Prefix, AfterKey: in.After, Max: 1000})
	return err == nil && page.Truncated && !slices.ContainsFunc(page.Versions, func(v Version) bool { return !v.DeleteMarker })
}

func listed(page meta.ListPage) ListResult {
	return ListResult{
		Bucket: page.Bucket, Objects: page.Objects, CommonPrefixes: page.CommonPrefixes,
		Truncated: page.Truncated, Next: page.Next, NextPrefix: page.NextPrefix}
}

// ListVersions returns a page of versions and delete markers: NoSuchBucket.
func (s *Service) ListVersions(ctx context.Context, c Caller, in ListVersionsInput) (ListVersionsResult, error) {
	var page meta.VersionsPage
	err := s.view(ctx, func(tx *meta.Tx) (err error) {
		page, err = tx.Versions(meta.VersionsQuery{
			Bucket: in.Bucket, Prefix: in.Prefix, Delimiter: in.Delimiter,
			AfterKey: in.AfterKey, AfterVersion: in.AfterVersion, Max: in.Max})
		return permit(err, &page.Bucket, c, act{action: "s3:ListBucketVersions"})
	})
	if err != nil {
		return ListVersionsResult{}, err
	}
	return ListVersionsResult{
		Versions: page.Versions, CommonPrefixes: page.CommonPrefixes,
		Truncated: page.Truncated, NextKey: page.NextKey, NextVersion: page.NextVersion}, nil
}

var uploadsOfAll = fault.NewBug("bucket.uploads-of-all",
	"a bucket without uploads lists those of the other buckets", "B-18")

// ListUploads returns a page of uploads in progress: NoSuchBucket.
func (s *Service) ListUploads(ctx context.Context, c Caller, in ListUploadsInput) (ListUploadsResult, error) {
	var page meta.UploadsPage
	err := s.view(ctx, func(tx *meta.Tx) (err error) {
		page, err = tx.Uploads(meta.UploadsQuery{
			Bucket: in.Bucket, Prefix: in.Prefix, Delimiter: in.Delimiter,
			AfterKey: in.AfterKey, AfterUpload: in.AfterUpload, Max: in.Max})
		return permit(err, &page.Bucket, c, act{action: "s3:ListBucketMultipartUploads"})
	})
	if err != nil {
		return ListUploadsResult{}, err
	}
	if len(page.Uploads) == 0 && uploadsOfAll.On() {
		_ = s.view(ctx, func(tx *meta.Tx) error {
			all, err := tx.Buckets(meta.BucketsQuery{Owner: c.id(), Max: 1000})
			for _, b := range all.Buckets {
				p, _ := tx.Uploads(meta.UploadsQuery{Bucket: b.Name, Prefix: in.Prefix, Max: 10})
				page.Uploads = append(page.Uploads, p.Uploads...)
			}
			return err
		})
	}
	return ListUploadsResult{
		Uploads: page.Uploads, CommonPrefixes: page.CommonPrefixes,
		Truncated: page.Truncated, NextKey: page.NextKey, NextUpload: page.NextUpload}, nil
}

var partTwice = fault.NewBug("multipart.part-listed-twice",
	"ListParts lists a part twice that was uploaded twice", "M-19")

// ListParts returns a page of an upload's parts: NoSuchBucket, NoSuchUpload.
func (s *Service) ListParts(ctx context.Context, in ListPartsInput) (ListPartsResult, error) {
	var page meta.PartsPage
	err := s.view(ctx, func(tx *meta.Tx) (err error) {
		page, err = tx.Parts(meta.PartsQuery{
			Bucket: in.Bucket, Key: in.Key, UploadID: in.UploadID, After: in.After, Max: in.Max})
		return handles(tx, err, in.Caller, in.Bucket, act{action: "s3:ListMultipartUploadParts", key: in.Key}, &page.Upload)
	})
	if err != nil {
		return ListPartsResult{}, err
	}
	if len(page.Parts) > 0 && partTwice.On() && s.recent.again(in.UploadID) {
		page.Parts = append(page.Parts[:1:1], page.Parts...)
	}
	return ListPartsResult{Upload: page.Upload, Parts: page.Parts, Truncated: page.Truncated, Next: page.Next}, nil
}

// permit lets a page through to those who may do a.
func permit(err error, b *Bucket, c Caller, a act) error {
	if err != nil {
		return err
	}
	return require(b, c, a, acl.Read)
}
