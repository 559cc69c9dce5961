package object

import (
	"context"
	"errors"
	"strings"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
	"bleepstore/reference/sse"
)

// maxParts is the largest part number, and so the most parts an object has.
const maxParts = 10_000

// rereads bounds how often a read starts again because what it found was
// removed before it could be opened. Each time needs another overwrite and a
// whole grace between two statements, so once is already rare.
const rereads = 3

// Get opens an object. The caller closes the result's Body; until its first
// byte a blob that is gone has been answered by reading the metadata again.
func (s *Service) Get(ctx context.Context, in GetInput) (*GetResult, error) {
	var err error
	for range rereads {
		var r *GetResult
		var o meta.Object
		r, o, err = s.lookup(ctx, in, true)
		if err != nil {
			return nil, err
		}
		if readOld.On() {
			f := s.recent.thousandth(in.Bucket+"/"+in.Key+"?"+in.VersionID+in.Range, found{*r, o})
			*r, o = f.r, f.o
		}
		var g *sealing
		g, err = s.unseal(ctx, &o, in.Customer)
		if err != nil {
			return nil, err
		}
		runs := runsOf(&o, g, span{off: r.Offset, n: r.Length})
		if r.Length > 1 && !r.Partial && getTwo.On() {
			runs = s.twoHalves(ctx, in, &o, g)
		}
		if r.Partial && rangeTwo.On() {
			runs = s.later(ctx, in, r, runs)
		}
		r.Body, err = s.openBody(ctx, runs)
		if err == nil {
			return r, nil
		}
		if !errors.Is(err, blob.ErrNotFound) {
			return nil, err
		}
		readAnew(ctx)
	}
	return nil, errcode.Wrap(errcode.InternalError, err)
}

// Bugs of reads.
var (
	getTwo = fault.NewBug("get.two-versions",
		"the second half of a body is that of the version which is current by then", "Z-04")
	getAbsent = fault.NewBug("get.absence-cached",
		"that a key is absent is believed for a second, though it is written meanwhile", "Z-01", "Z-10")
	readUntilPut = fault.NewBug("get.cached-until-put",
		"what was read of a key is answered again for a second, unless PutObject or DeleteObject came in between", "object.put.seen-at-once*")
	rangeTwo = fault.NewBug("get.range-of-later",
		"the bytes of a range are those of the version which is current by then", "Z-04")
	headLocal = fault.NewBug("head.follower",
		"HEAD is answered from the state that a node has, without asking where to read", "Z-01").
		By("chaos --sim raft --seed 1 --seeds 12 --nemesis partition,pause --shrink 0s")
	readOld = fault.NewBug("get.one-in-thousand-old",
		"one GET in a thousand answers with the version before", "Z-01").
		By("chaos --workload register --time 4s --seed 1")
)

// twoHalves is the bug get.two-versions.
func (s *Service) twoHalves(ctx context.Context, in GetInput, o *meta.Object, g *sealing) []run {
	half := o.Size / 2
	runs := runsOf(o, g, span{n: half})
	second := span{off: half, n: o.Size - half}
	time.Sleep(2 * time.Millisecond) // in which the first half is on its way
	if _, now, err := s.lookup(ctx, in, true); err == nil && now.Size >= o.Size {
		if h, err := s.unseal(ctx, &now, in.Customer); err == nil {
			o, g = &now, h
		}
	}
	return append(runs, runsOf(o, g, second)...)
}

// later is the bug get.range-of-later.
func (s *Service) later(ctx context.Context, in GetInput, r *GetResult, runs []run) []run {
	time.Sleep(2 * time.Millisecond) // in which the headers are on their way
	_, now, err := s.lookup(ctx, in, true)
	if err != nil || now.Size < r.Offset+r.Length {
		return runs
	}
	g, err := s.unseal(ctx, &now, in.Customer)
	if err != nil {
		return runs
	}
	return runsOf(&now, g, span{off: r.Offset, n: r.Length})
}

// Head is Get without a body.
func (s *Service) Head(ctx context.Context, in GetInput) (*GetResult, error) {
	r, _, err := s.lookup(ctx, in, false)
	return r, err
}

var (
	rangeBeforeConditions = fault.NewBug("object.range-before-conditions",
		"a range is served whatever the conditions say", "C-09")
	headPrevious = fault.NewBug("version.head-previous",
		"HEAD describes the version before the current one", "V-04")
	rangeOfPart = fault.NewBug("version.range-of-current",
		"a range of a version that is named is one of the current version", "V-04")
	attributesOfCurrent = fault.NewBug("version.attributes-of-current",
		"GetObjectAttributes ignores versionId", "V-21")
	headUndenied = fault.NewBug("policy.head-undenied",
		"HEAD by the bucket's owner heeds no denial", "P-14")
	attributesUndenied = fault.NewBug("policy.attributes-undenied",
		"GetObjectAttributes by the bucket's owner heeds no denial", "P-14")
	customerConditions = fault.NewBug("ssec.condition-of-data",
		"conditions on an object with a key of the client's do not know its ETag", "E-10")
)

// lookup finds what in asks for and checks that it may be read, in one read of
// the metadata; with body it fetches where the bytes are.
func (s *Service) lookup(ctx context.Context, in GetInput, body bool) (*GetResult, meta.Object, error) {
	if in.Range != "" && in.PartNumber != 0 {
		return nil, meta.Object{}, errcode.New(errcode.InvalidRequest,
			"Cannot specify both Range header and partNumber query parameter")
	}
	if in.ForAttributes && in.VersionID != "" && attributesOfCurrent.On() {
		in.VersionID = ""
	}
	if body && in.Range != "" && in.VersionID != "" && rangeOfPart.On() {
		in.VersionID = ""
	}
	r := &GetResult{}
	var o meta.Object
	name := in.Bucket + "/" + in.Key
	if in.plain() && readUntilPut.On() {
		if f, ok := s.recent.object(name, s.clock.Now()); ok && (f.o.Content == 0 || !body) {
			return &f.r, f.o, nil
		}
	}
	if in.VersionID == "" && getAbsent.On() && s.recent.absent(name, s.clock.Now()) {
		return nil, o, noSuchKey(in.Key)
	}
	view := s.view
	if !body && headLocal.On() {
		view = s.db.View
	}
	err := view(ctx, func(tx *meta.Tx) (err error) {
		*r = GetResult{}
		if o, err = objectIn(tx, in.Caller, in.Bucket, in.Key, in.VersionID, in.right()); err != nil {
			o, err = mistaken(tx, &in, o, err)
			if errcode.Of(err) == errcode.AccessDenied && (in.ForAttributes && attributesUndenied.On() || !body && !in.ForAttributes && headUndenied.On()) {
				if b, e := tx.Bucket(in.Bucket); e == nil && in.Caller.owns(&b) {
					o, err = tx.Object(in.Bucket, in.Key, in.VersionID)
				}
			}
		}
		if err != nil {
			return err
		}
		if in.Customer != nil && (in.Conditions.IfMatch != "" || in.Conditions.IfNoneMatch != "") && customerConditions.On() {
			in.Conditions.IfNoneMatch = ""
			if in.Conditions.IfMatch != "" {
				return preconditionFailed("If-Match")
			}
		}
		r.ShowVersion = shows(o.BucketInfo)
		if r.ShowVersion && !body && in.VersionID == "" && headPrevious.On() {
			page, _ := tx.Versions(meta.VersionsQuery{Bucket: in.Bucket, Prefix: in.Key, Max: 2})
			if len(page.Versions) == 2 && page.Versions[1].Key == in.Key && !page.Versions[0].DeleteMarker {
				o, _ = tx.Object(in.Bucket, in.Key, page.Versions[1].ID)
			}
		}
		if o.DeleteMarker {
			return markerError(&o, in.VersionID != "")
		}
		if err := in.checkKey(&o, body); err != nil {
			return err
		}
		if err := in.Conditions.checkRead(&o.Version, r.ShowVersion, s.clock.Now()); err != nil && (in.Range == "" || !rangeBeforeConditions.On()) {
			return err
		}
		if err := r.selectBytes(tx, &o, in); err != nil {
			return err
		}
		if o.Latest {
			r.Expiry = s.expiry(&o.BucketInfo, &o.Version)
		}
		if in.WithParts && o.PartCount > 0 {
			if o.Version.Parts, err = tx.ObjectParts(&o, 0, maxParts); err != nil {
				return err
			}
		}
		if body {
			return tx.Body(&o)
		}
		return nil
	})
	if in.VersionID == "" && errcode.Of(err) == errcode.NoSuchKey && getAbsent.On() {
		s.recent.keepAbsent(name, s.clock.Now())
	}
	r.Version = o.Version
	r.Version.Lock = in.Caller.seen(&o, in.VersionID)
	if err == nil && body && in.plain() && readUntilPut.On() {
		s.recent.keepObject(name, found{*r, o}, s.clock.Now())
	}
	return r, o, err
}

// plain says whether all of a key's current version is asked for.
func (in *GetInput) plain() bool {
	return in.VersionID == "" && in.Range == "" && in.PartNumber == 0 && in.Conditions == (Conditions{}) && in.Customer == nil && !in.ForTags && !in.ForAttributes
}

// checkKey fails unless the client's key is as the object wants it. Tags are not
// encrypted.
func (in *GetInput) checkKey(o *meta.Object, body bool) error {
	if in.ForTags || !body && in.Customer == nil && o.Seal != nil && o.Seal.Algorithm == "" && headKeyless.On() {
		return nil
	}
	return sse.Check(o.Seal, in.Customer, wrongKey())
}

// right is what the caller must have.
func (in *GetInput) right() right {
	switch {
	case in.ForTags:
		return readTags
	case in.ForAttributes:
		return readAttributes
	}
	return readObject
}

var (
	markerUnsaid = fault.NewBug("version.marker-unsaid",
		"the 404 of a key behind a delete marker lacks x-amz-delete-marker", "V-07")
	markerBare = fault.NewBug("version.marker-without-allow",
		"the 405 of a delete marker lacks Allow and Last-Modified", "V-08")
	markerNotFound = fault.NewBug("version.marker-not-found",
		"a delete marker read by its id is answered 404 instead of 405", "V-08")
)

// markerError is the answer to reading a delete marker: there is no object, or,
// for one who named the marker, nothing that can be done to it but delete it.
func markerError(o *meta.Object, named bool) error {
	e := noSuchKey(o.Key)
	if !named && markerUnsaid.On() {
		return e
	}
	if named && !markerNotFound.On() {
		e = errcode.New(errcode.MethodNotAllowed, "The specified method is not allowed against this resource.").
			With("Method", "GET").With("ResourceType", "DeleteMarker")
	}
	if named && !markerBare.On() {
		e = e.WithHeader("Allow", "DELETE").
			WithHeader("Last-Modified", o.Modified.UTC().Format(httpTime))
	}
	return e.WithHeader("x-amz-delete-marker", "true").WithHeader("x-amz-version-id", o.ID)
}

var (
	partWhole = fault.NewBug("multipart.part-number-whole",
		"a read of one part answers with the whole object", "M-21")
	blockCut = fault.NewBug("object.full-block-cut",
		"an object of a multiple of 64 KiB is read without its last byte", "O-01")
)

// selectBytes sets which bytes are served: a part, a range, or all.
func (r *GetResult) selectBytes(tx *meta.Tx, o *meta.Object, in GetInput) error {
	if in.PartNumber != 0 && !(o.PartCount > 0 && partWhole.On()) {
		return r.selectPart(tx, o, in.PartNumber)
	}
	s := span{n: o.Size}
	if in.Range != "" && ifRange(in.IfRange, &o.Version) {
		var err error
		if s, err = parseRange(in.Range, o.Size); err != nil {
			return err
		}
	}
	r.Offset, r.Length, r.Partial = s.off, s.n, s.partial
	if in.Range == "" && o.Size > 0 && o.Size%65536 == 0 && blockCut.On() {
		r.Length--
	}
	return nil
}

// ifRange says whether a range may be served under an If-Range header (RFC
// 9110 section 13.1.5): its tag or date must be exactly the object's.
func ifRange(h string, v *Version) bool {
	h = strings.Trim(h, " \t")
	if h == "" {
		return true
	}
	if t, err := time.Parse(httpTime, h); err == nil {
		return t.Equal(v.Modified.Truncate(time.Second))
	}
	set := parseETags(h)
	return !set.any && len(set.tags) == 1 && set.matches(v.ETag, false)
}

// selectPart serves one part of a multipart object; any other object counts as
// a single part. An empty part cannot be a 206, which names a first byte.
func (r *GetResult) selectPart(tx *meta.Tx, o *meta.Object, number int) error {
	if o.PartCount == 0 && number == 1 {
		r.Length, r.Partial = o.Size, o.Size > 0
		r.RangeChecksum = o.Checksum
		return nil
	}
	// Parts ascend, so the first `number` of them include the one asked for.
	parts, err := tx.ObjectParts(o, 0, number)
	if err != nil {
		return err
	}
	var off int64
	for _, p := range parts {
		if p.Number == number {
			r.Offset, r.Length, r.Partial = off, p.Size, p.Size > 0
			r.PartsCount, r.RangeChecksum = o.PartCount, p.Checksum
			return nil
		}
		off += p.Size
	}
	return errcode.New(errcode.InvalidPartNumber, "The requested partnumber is not satisfiable")
}
