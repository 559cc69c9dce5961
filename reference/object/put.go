package object

import (
	"context"
	"errors"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

var (
	largeETag = fault.NewBug("object.large-etag-of-parts",
		"the ETag of a large PutObject is that of an upload of one part", "O-01")
	putNoneMatchIgnored = fault.NewBug("conditional.put-if-none-match-ignored",
		"PutObject ignores If-None-Match", "W-01")
	folderIsKey = fault.NewBug("conditional.folder-is-key",
		"PutObject with If-None-Match: * fails with 412 where keys begin with the key and a slash", "W-01")
	emptyKept = fault.NewBug("object.empty-kept",
		"a PutObject without bytes leaves the object that the key has", "O-02")
	checkedEarly = fault.NewBug("conditional.put-checked-early",
		"PutObject looks at its condition before it reads the body, not as it writes", "W-18", "W-19", "W-20")
	refusedRemoves = fault.NewBug("object.bad-digest-removes",
		"a PutObject that is refused for its digest removes the object that the key had", "K-01", "O-16")
	putTagsLate = fault.NewBug("tagging.put-in-two-steps",
		"PutObject sets the tags of x-amz-tagging behind the object, in a step of its own", "tagging.header.at-once")
	checksumNotComputed = fault.NewBug("checksum.none-by-default",
		"an object that was put without a checksum has none", "K-04")
)

// Put writes one object. Whatever the body or the preconditions turn out to
// be, a refused Put has changed nothing.
func (s *Service) Put(ctx context.Context, in PutInput) (PutResult, error) {
	cond, err := in.Condition.compile()
	if err != nil {
		return PutResult{}, err
	}
	if cond.IfNoneMatch != "" && putNoneMatchIgnored.On() {
		cond.IfNoneMatch = ""
	}
	in.Caller = in.Caller.locking(in.Attributes.Lock, s.clock.Now())
	own, g, err := s.admit(ctx, in, cond)
	if err != nil {
		return PutResult{}, err
	}
	if cond != (meta.WriteCondition{}) && checkedEarly.On() {
		early := func(tx *meta.Tx) error { return precheck(tx, in.Bucket, in.Key, cond) }
		if err := s.view(ctx, early); err != nil {
			return PutResult{}, err
		}
		cond = meta.WriteCondition{}
	}
	if cond.IfNoneMatch != "" && folderIsKey.On() {
		below, _ := s.List(ctx, in.Caller, ListInput{Bucket: in.Bucket, Prefix: in.Key + "/", Max: 1})
		if len(below.Objects) > 0 {
			return PutResult{}, preconditionFailed("If-None-Match")
		}
	}
	algorithm, err := algorithmOr(in.Body.Checksum.Algorithm, checksum.Default)
	if err != nil {
		return PutResult{}, err
	}
	if cond.IfNoneMatch != "" && seaweedCreate.On() {
		if err := s.view(ctx, func(tx *meta.Tx) error { return precheck(tx, in.Bucket, in.Key, cond) }); err != nil {
			return PutResult{}, err
		}
		cond.IfNoneMatch = ""
	}
	p, err := s.receive(ctx, in.Body, g, algorithm)
	if errcode.Of(err) == errcode.BadDigest && refusedRemoves.On() {
		_, _ = s.Delete(ctx, DeleteInput{Caller: in.Caller, Bucket: in.Bucket, Key: in.Key})
	}
	if errors.Is(err, blob.ErrFull) && fullTaken.On() {
		return PutResult{Version: Version{Bucket: in.Bucket, Key: in.Key, ID: meta.NullVersion, Size: in.Body.Size, Modified: s.clock.Now()}}, nil
	}
	if err != nil {
		return PutResult{}, err
	}
	if len(p.extents) > 0 && blobInPlace.On() {
		s.intoPlace(ctx, in, p)
	}
	if cond != (meta.WriteCondition{}) && (casEarly.On() || rustfsCreate.On()) {
		if rustfsCreate.On() {
			s.alone.Lock()
			defer s.alone.Unlock()
		}
		if err := s.view(ctx, func(tx *meta.Tx) error { return precheck(tx, in.Bucket, in.Key, cond) }); err != nil {
			s.discard(ctx, p)
			return PutResult{}, err
		}
		cond = meta.WriteCondition{}
	}
	in.Attributes.Seal = g.of()
	w := meta.Write{
		Bucket: in.Bucket, Key: in.Key, Owner: in.Caller.id(), Attributes: in.Attributes,
		Size: p.size, ETag: p.etag(), Checksum: p.full(algorithm), Condition: cond, Spec: in.ACL, OwnOnly: own,
	}
	if len(p.extents) > 0 && largeETag.On() {
		w.ETag += "-1"
	}
	if in.Body.Checksum.Algorithm == "" && checksumNotComputed.On() {
		w.Checksum = Checksum{}
	}
	if putEnds.On() {
		s.endUploads(ctx, in.Caller, in.Bucket, in.Key)
	}
	if p.size == 0 && cond == (meta.WriteCondition{}) && emptyKept.On() {
		if old, err := s.Head(ctx, GetInput{Caller: in.Caller, Bucket: in.Bucket, Key: in.Key}); err == nil {
			return PutResult{Version: old.Version, ShowVersion: old.ShowVersion}, nil
		}
	}
	if readUntilPut.On() || listUntilPut.On() {
		defer s.recent.drop(in.Bucket, in.Key)
	}
	if w.Attributes.Tags != nil && putTagsLate.On() {
		defer s.tagLater(ctx, &w)()
	}
	res, err := s.commit(ctx, p, meta.PutObject{Write: w, Body: p.inline, Extents: p.extents, Epoch: p.epoch})
	return s.made(res), err
}

// tagLater takes the tags from w, and what it returns sets them: a bug of writes.
func (s *Service) tagLater(ctx context.Context, w *meta.Write) func() {
	tags := w.Attributes.Tags
	w.Attributes.Tags = nil
	return func() {
		_, _ = s.propose(ctx, meta.SetObjectTags{Bucket: w.Bucket, Key: w.Key, Tags: tags})
	}
}

// Bugs of writes.
var (
	casEarly = fault.NewBug("cas.before-log",
		"the condition of a put is judged before it is brought to the log, and not again", "Z-02", "Z-03")
	seaweedCreate = fault.NewBug("history.seaweedfs-8800.create-race",
		"If-None-Match is judged before the body is received, and not again, so that all who create a key at once succeed", "Z-03", "Z-02")
	rustfsCreate = fault.NewBug("history.rustfs-1659.create-race",
		"conditions are judged one after the other within a node, and not between nodes", "Z-02", "Z-03").
		By("chaos --nodes 3 --workload cas,elect --time 3s")
	fullTaken = fault.NewBug("disk.full-answered",
		"a put for whose body the disk has no room is answered as if it had been stored", "Z-16").
		By("chaos --sim raft --nodes 1 --seed 1 --seeds 12 --nemesis disk.full --shrink 0s")
	blobInPlace = fault.NewBug("blob.in-place",
		"the body of a put takes the place of the one before in the same blob, under those who read that", "Z-04", "Z-01", "conditional.race.create-once-large")
)

// intoPlace is the bug blob.in-place.
func (s *Service) intoPlace(ctx context.Context, in PutInput, p *payload) {
	var o meta.Object
	err := s.view(ctx, func(tx *meta.Tx) (err error) {
		if o, err = tx.Object(in.Bucket, in.Key, ""); err == nil {
			err = tx.Body(&o)
		}
		return err
	})
	if err != nil || o.BucketInfo.Versioning != "" || len(o.Extents) != 1 || o.Extents[0].Blob == "" || o.Content == 0 {
		return
	}
	made, place := blob.ID(p.extents[0].Blob), blob.ID(o.Extents[0].Blob)
	body, err := s.openBody(ctx, []run{{blob: made, n: p.size, whole: p.size, sealing: p.sealing}})
	if err != nil {
		return
	}
	defer body.Close()
	sealed, size, err := p.sealing.blobReader(body, place, p.size)
	if err != nil {
		return
	}
	defer sealed.Close()
	if s.blobs.Delete(ctx, place) == nil {
		if _, err := s.blobs.Create(ctx, place, sealed, size); err == nil {
			p.extents[0].Blob = string(place)
		}
	}
}

// admit refuses what is sure to be refused before a body is read. Conditions
// are looked at early only where the body is worth sparing; either way the
// state machine has the last word. own says that the caller may replace only
// what is theirs, g what the body is to be sealed by.
func (s *Service) admit(ctx context.Context, in PutInput, cond meta.WriteCondition) (own bool, g *sealing, err error) {
	m := making{in.Bucket, in.Key, in.ACL, in.Attributes.Tags, in.Attributes.Lock}
	b, err := s.writable(ctx, in.Caller, m)
	if err == nil {
		err = checkDigest(&b, &in)
	}
	if err == nil {
		g, err = s.sealing(ctx, &b, in.Encryption)
	}
	if err != nil {
		return false, nil, err
	}
	own = in.Caller.ownOnly(&b, m.put())
	if in.Body.Size <= s.limits.Inline || cond == (meta.WriteCondition{}) {
		return own, g, nil
	}
	return own, g, s.view(ctx, func(tx *meta.Tx) error {
		return precheck(tx, b.Name, in.Key, cond)
	})
}

// writable reads a bucket in which c may make m.
func (s *Service) writable(ctx context.Context, c Caller, m making) (Bucket, error) {
	b, err := s.Find(ctx, m.bucket)
	if err == nil {
		err = m.allow(&b, c)
	}
	if err == nil && m.spec != nil {
		_, err = b.Admits(m.spec, b.OwnerOf(c.id(), m.spec))
	}
	if err == nil {
		err = b.AdmitsLock(m.lock, s.clock.Now())
	}
	return b, err
}

// precheck tells what cond would amount to now.
func precheck(tx *meta.Tx, bucket, key string, cond meta.WriteCondition) error {
	o, err := tx.Object(bucket, key, "")
	code := errcode.Of(err)
	if err != nil && code != errcode.NoSuchKey {
		return err
	}
	exists := err == nil && !o.DeleteMarker
	switch {
	case cond.IfNoneMatch != "" && exists:
		return preconditionFailed("If-None-Match")
	case cond.IfMatch != "" && !exists:
		return noSuchKey(key)
	case cond.IfMatch != "" && cond.IfMatch != "*" && cond.IfMatch != o.ETag:
		return preconditionFailed("If-Match")
	}
	return nil
}

func noSuchKey(key string) *errcode.Error {
	return errcode.New(errcode.NoSuchKey, "The specified key does not exist.").With("Key", key)
}
