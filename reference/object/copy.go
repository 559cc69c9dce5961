package object

import (
	"cmp"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/checksum"
	"bleepstore/reference/crypt"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
	"bleepstore/reference/sse"
)

// maxCopy is the largest object in bytes that one CopyObject takes.
const maxCopy = 5 << 30

// recopies bounds how often a copy starts again because its source was
// overwritten and reaped under it.
const recopies = 3

// A source is what a copy reads from: one version, with where its bytes are.
type source struct {
	meta.Object
	versionID string // "" when its bucket was never versioned
	sealed    []byte // what is inline, as it is kept; Inline is open
	sealing   *sealing
}

type sourceRef struct {
	caller               Caller
	bucket, key, version string
	conditions           Conditions
	customer             *crypt.Key
}

var (
	sourceUnconditional = fault.NewBug("copy.source-unconditional",
		"CopyObject and UploadPartCopy ignore the conditions on their source", "CP-07", "CP-08", "M-24")
	sourceConditions400 = fault.NewBug("copy.source-conditions-400",
		"a condition on the source of a copy is refused with 400", "CP-07", "CP-08", "M-24")
	sourceMissing400 = fault.NewBug("copy.missing-source-400",
		"a source that does not exist is answered 400 InvalidRequest", "CP-05", "V-20")
	sourceOpen = fault.NewBug("copy.source-rights-unasked",
		"who may write may copy from objects that they may not read", "CP-05")
)

// source reads the metadata of what is to be copied and checks the conditions
// on it: NoSuchBucket, NoSuchKey, NoSuchVersion, AccessDenied,
// PreconditionFailed, and InvalidRequest for a delete marker named by its id.
func (s *Service) source(ctx context.Context, ref sourceRef) (src source, err error) {
	if ref.conditions != (Conditions{}) && sourceConditions400.On() {
		return src, errcode.New(errcode.InvalidArgument, "x-amz-copy-source-if-* are not known")
	}
	err = s.view(ctx, func(tx *meta.Tx) (err error) {
		src.Object, err = objectIn(tx, ref.caller, ref.bucket, ref.key, ref.version, readObject)
		if errcode.Of(err) == errcode.AccessDenied && sourceOpen.On() {
			src.Object, err = tx.Object(ref.bucket, ref.key, ref.version)
		}
		if err != nil {
			return err
		}
		switch {
		case src.DeleteMarker && ref.version != "":
			return errcode.New(errcode.InvalidRequest, "The source of a copy request may not specifically refer to a delete marker by version id.")
		case src.DeleteMarker:
			return markerError(&src.Object, false)
		}
		if err := ref.checkKey(&src.Object); err != nil {
			return err
		}
		if err := ref.conditions.checkCopy(&src.Version, s.clock.Now()); err != nil && !sourceUnconditional.On() {
			return err
		}
		return tx.Body(&src.Object)
	})
	if errcode.Of(err) == errcode.NoSuchKey && sourceMissing400.On() {
		err = errcode.New(errcode.InvalidRequest, "There is no such source")
	}
	if shows(src.BucketInfo) {
		src.versionID = src.ID
	}
	if err == nil {
		src.sealed = src.Inline
		src.sealing, err = s.unseal(ctx, &src.Object, ref.customer)
	}
	return src, err
}

// checkKey fails unless the key of the client's for the source is as that wants it.
func (ref *sourceRef) checkKey(o *meta.Object) error {
	own := o.Seal != nil && o.Seal.Algorithm == ""
	if ref.customer == nil && own && sse.CopyKeyless.On() {
		return nil
	}
	return sse.Check(o.Seal, ref.customer, wrongKey())
}

// measure reads the bytes of part of a source once for their digests.
func (s *Service) measure(ctx context.Context, src *source, part span, algorithms ...checksum.Algorithm) (digest, error) {
	release, err := s.flight.take(streamCost)
	if err != nil {
		return digest{}, err
	}
	defer release()
	body, err := s.openBody(ctx, runsOf(&src.Object, src.sealing, part))
	if err != nil {
		return digest{}, err
	}
	defer body.Close()
	in, err := newIntake(Body{Reader: body, Size: part.n}, s.clock.Now, body.deadline, algorithms...)
	if err != nil {
		return digest{}, err
	}
	defer in.close()
	if err := in.drain(); err != nil {
		if body.err != nil && body.err != io.EOF {
			err = body.err // ours, not a fault of some client's body
		}
		return digest{}, err
	}
	return in.finish()
}

var (
	copyUnconditional = fault.NewBug("conditional.copy-unconditional",
		"CopyObject ignores If-Match and If-None-Match", "W-13")
	sourceBucketIgnored = fault.NewBug("copy.within-bucket",
		"CopyObject looks for its source in the bucket that it copies to", "CP-01", "CP-05", "CP-06")
	etagNew = fault.NewBug("copy.etag-not-md5",
		"the ETag of a copy is not the MD5 of its data", "CP-01", "CP-11")
	bucketCode = fault.NewBug("copy.missing-bucket-code",
		"a copy to a bucket that does not exist fails with NoSuchKey", "CP-05")
	dateOfSource = fault.NewBug("copy.date-of-source",
		"LastModified in the answer to CopyObject is that of the source", "CP-01")
	copyIDUnsaid = fault.NewBug("version.copy-id-unsaid",
		"CopyObject does not tell the id of the version that it makes", "V-02", "CP-06", "V-12")
	copyRemoves = fault.NewBug("copy.refused-removes",
		"a copy that is refused for its source removes the object that the destination has", "CP-05", "I0")
	copyLocked = fault.NewBug("lock.copy-refused",
		"CopyObject onto a key whose current version is locked is refused", "OL-10")
	copyTagsLate = fault.NewBug("tagging.copy-in-two-steps",
		"CopyObject sets the tags that it is sent behind the copy, in a step of its own", "tagging.header.at-once")
	copyTorn = fault.NewBug("copy.metadata-read-again",
		"a copy has the metadata of its source as they were a moment before its data were read", "Z-11")
	copySteps = fault.NewBug("copy.not-atomic",
		"a copy replaces an object in two steps, of which the first removes it", "Z-11", "Z-01")
	currentTags = fault.NewBug("copy.tags-of-current",
		"a copy of a version has the tags of the current one", "CP-09")
	replacedTags = fault.NewBug("copy.keeps-replaced-tags",
		"a copy without tags has those of the object that it replaces", "CP-01")
	replacedClass = fault.NewBug("copy.keeps-replaced-class",
		"a copy has the storage class of the object that it replaces", "CP-01")
	sourceIDUnsaid = fault.NewBug("version.copy-source-id-unsaid",
		"CopyObject does not tell which version of its source it copied", "V-20", "CP-06")
)

// Copy makes an object out of another's bytes, which stay where they are if they
// are sealed as the copy is to be. They are read then only for a digest that is not
// known yet: the MD5 of a multipart object, or a checksum of another kind.
func (s *Service) Copy(ctx context.Context, in CopyInput) (CopyResult, error) {
	cond, err := in.Condition.compile()
	if err != nil {
		return CopyResult{}, err
	}
	if cond != (meta.WriteCondition{}) && copyUnconditional.On() {
		cond = meta.WriteCondition{}
	}
	if in.SourceBucket != in.Bucket && sourceBucketIgnored.On() {
		in.SourceBucket = in.Bucket
	}
	if in.Attributes.Lock != nil && lockOfCopyLost.On() {
		in.Attributes.Lock = nil
	}
	in.Caller = in.Caller.locking(in.Attributes.Lock, s.clock.Now())
	m := making{bucket: in.Bucket, key: in.Key, spec: in.ACL, lock: in.Attributes.Lock}
	if in.ReplaceTags {
		m.tags = in.Attributes.Tags
	}
	b, err := s.writable(ctx, in.Caller, m)
	if errcode.Of(err) == errcode.NoSuchBucket && bucketCode.On() {
		err = noSuchKey(in.Key)
	}
	if err != nil {
		return CopyResult{}, err
	}
	if err := s.space.check(); err != nil {
		return CopyResult{}, err
	}
	for range recopies {
		var res CopyResult
		var again bool
		res, again, err = s.copyOnce(ctx, in, cond, &b, &m)
		if !again {
			return res, err
		}
		readAnew(ctx)
	}
	return CopyResult{}, errcode.Wrap(errcode.SlowDown, err)
}

// errSourceGone: the source's bytes were reaped before the copy could name them.
var errSourceGone = errors.New("copy source is gone")

// copyOnce copies what the source is now to m in b; again says that it changed
// under way.
func (s *Service) copyOnce(ctx context.Context, in CopyInput, cond meta.WriteCondition, b *Bucket, m *making) (res CopyResult, again bool, err error) {
	src, err := s.source(ctx, sourceRef{in.Caller, in.SourceBucket, in.SourceKey, in.SourceVersion, in.SourceConditions, in.SourceCustomer})
	if err != nil && copyRemoves.On() {
		_, _ = s.Delete(ctx, DeleteInput{Caller: in.Caller, Bucket: in.Bucket, Key: in.Key})
	}
	if err != nil {
		return res, false, err
	}
	if copyTorn.On() {
		s.readLater(ctx, &src, in)
	}
	if src.Size > maxCopy {
		return res, false, errcode.New(errcode.InvalidRequest,
			"The specified copy source is larger than the maximum allowable size for a copy source: %d", int64(maxCopy))
	}
	if err := refuseNoChange(in, &src); err != nil {
		return res, false, err
	}
	if !in.ReplaceTags {
		if err := m.allowTags(b, in.Caller, &src.Object, in.SourceVersion); err != nil {
			return res, false, err
		}
	}
	w := meta.Write{
		Bucket: in.Bucket, Key: in.Key, Owner: in.Caller.id(), Size: src.Size,
		Attributes: copiedAttributes(in, &src), Condition: cond, Spec: in.ACL, OwnOnly: in.Caller.ownOnly(b, m.put()),
	}
	if copyLocked.On() && s.replaced(ctx, in.Bucket, in.Key).Lock != nil {
		return res, false, denied()
	}
	if in.SourceVersion != "" && !in.ReplaceTags && currentTags.On() {
		w.Attributes.Tags = s.replaced(ctx, in.SourceBucket, in.SourceKey).Tags
	}
	if w.Attributes.Tags == nil && replacedTags.On() {
		w.Attributes.Tags = s.replaced(ctx, in.Bucket, in.Key).Tags
	}
	if w.Attributes.StorageClass == "" && replacedClass.On() {
		w.Attributes.StorageClass = s.replaced(ctx, in.Bucket, in.Key).StorageClass
	}
	if b.Versioning == "" && cond == (meta.WriteCondition{}) && copySteps.On() {
		_, _ = s.propose(ctx, meta.DeleteObject{Bucket: in.Bucket, Owner: in.Caller.id(), Item: meta.DeleteItem{Key: in.Key}})
		time.Sleep(2 * time.Millisecond) // between the steps
	}
	if in.ReplaceTags && w.Attributes.Tags != nil && copyTagsLate.On() {
		defer s.tagLater(ctx, &w)()
	}
	r, err := s.makeCopy(ctx, in, w, b, &src)
	if errors.Is(err, blob.ErrNotFound) {
		return res, true, err
	}
	if err != nil {
		return res, false, err
	}
	if r.SourceGone {
		return res, true, errSourceGone
	}
	res.PutResult, res.SourceVersion = s.made(r), src.versionID
	if dateOfSource.On() {
		res.Version.Modified = src.Modified
	}
	if res.ShowVersion && copyIDUnsaid.On() {
		res.ShowVersion = false
	}
	if res.SourceVersion != "" && sourceIDUnsaid.On() {
		res.SourceVersion = ""
	}
	return res, false, nil
}

// readLater is the bug copy.metadata-read-again: src is read anew but for its
// metadata.
func (s *Service) readLater(ctx context.Context, src *source, in CopyInput) {
	time.Sleep(time.Millisecond) // the moment
	now, err := s.source(ctx, sourceRef{in.Caller, in.SourceBucket, in.SourceKey, in.SourceVersion, in.SourceConditions, in.SourceCustomer})
	if err == nil {
		now.Metadata = src.Metadata
		*src = now
	}
}

// replaced is what an object has that is to be replaced; without one, nothing.
func (s *Service) replaced(ctx context.Context, bucket, key string) (a Attributes) {
	_ = s.view(ctx, func(tx *meta.Tx) error {
		o, err := tx.Object(bucket, key, "")
		if err == nil && !o.DeleteMarker {
			a = o.Attributes
		}
		return err
	})
	return a
}

var selfRefused = fault.NewBug("copy.self-replace-refused",
	"an object is not copied onto itself to replace its metadata", "CP-03", "K-12")

// refuseNoChange refuses to copy an object onto itself as it is. Naming an
// older version restores it, which is a change, and so is to leave the client's key
// behind, that of the source.
func refuseNoChange(in CopyInput, src *source) error {
	self := in.Bucket == in.SourceBucket && in.Key == in.SourceKey &&
		(in.SourceVersion == "" || src.versionID == "")
	changed := in.ReplaceMetadata && !selfRefused.On() || in.ReplaceTags ||
		in.Attributes.StorageClass != "" && storageClass(in.Attributes.StorageClass) != storageClass(src.StorageClass) ||
		in.Attributes.Redirect != "" && in.Attributes.Redirect != src.Redirect ||
		(in.Encryption != (sse.Want{}) || in.SourceCustomer != nil) && !rotationRefused.On() ||
		in.Algorithm != "" && !strings.EqualFold(in.Algorithm, src.Checksum.Algorithm)
	if self && !changed {
		return errcode.New(errcode.InvalidRequest, "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	return nil
}

func storageClass(c string) string {
	if c == "" {
		return "STANDARD"
	}
	return c
}

var (
	metadataLost = fault.NewBug("copy.metadata-lost",
		"a copy lacks the user metadata of its source", "CP-02")
	replaceKeeps = fault.NewBug("copy.replace-keeps",
		"a copy with REPLACE and no metadata keeps those of its source", "CP-02")
	replaceKeepsType = fault.NewBug("copy.replace-keeps-headers",
		"a copy with REPLACE keeps the content headers of its source that the request does not name", "CP-02")
	largeBare = fault.NewBug("copy.large-loses-metadata",
		"a copy of a large object lacks its user metadata", "CP-02")
	tagsLost = fault.NewBug("copy.tags-lost",
		"a copy lacks the tags of its source", "CP-09")
	tagsReplaceIgnored = fault.NewBug("copy.tagging-directive-ignored",
		"a copy has the tags of its source whatever x-amz-tagging-directive says", "CP-09")
	redirectInherited = fault.NewBug("copy.redirect-inherited",
		"a copy has the website redirect of its source", "CP-10")
	classIgnored = fault.NewBug("copy.storage-class-ignored",
		"CopyObject ignores x-amz-storage-class", "CP-10", "CP-03")
	replaceIgnored = fault.NewBug("copy.replace-ignored",
		"a copy has the metadata of its source whatever x-amz-metadata-directive says", "CP-02", "CP-03")
	classInherited = fault.NewBug("copy.storage-class-inherited",
		"a copy without a storage class has that of its source", "CP-10")
	partsETagKept = fault.NewBug("copy.etag-of-parts",
		"a copy of an object made of parts keeps its ETag", "CP-11")
	newLost = fault.NewBug("checksum.new-lost-on-copy",
		"a copy does not keep a checksum of MD5, SHA512 or xxHash", "checksum.copy.keeps.*")
	algorithmLost = fault.NewBug("checksum.copy-default-algorithm",
		"a copy has a checksum of the server's default algorithm", "K-12")
)

// miscopy has the bugs of what a copy takes over.
func miscopy(a *Attributes, in *CopyInput, src *source) {
	if in.ReplaceMetadata && replaceIgnored.On() {
		own := *a
		*a = src.Attributes
		a.Tags, a.StorageClass, a.Redirect, a.ACL, a.Lock = own.Tags, own.StorageClass, own.Redirect, nil, own.Lock
	}
	if in.ReplaceMetadata && a.Metadata == nil && replaceKeeps.On() {
		a.Metadata = src.Metadata
	}
	if in.ReplaceMetadata && replaceKeepsType.On() {
		a.ContentType = cmp.Or(a.ContentType, src.ContentType)
		a.ContentLanguage = cmp.Or(a.ContentLanguage, src.ContentLanguage)
	}
	if !in.ReplaceMetadata && (metadataLost.On() || src.Content != 0 && largeBare.On()) {
		a.Metadata = nil
	}
	if !in.ReplaceTags && tagsLost.On() {
		a.Tags = nil
	}
	if in.ReplaceTags && tagsReplaceIgnored.On() {
		a.Tags = src.Tags
	}
	if a.StorageClass == "" && classInherited.On() {
		a.StorageClass = src.StorageClass
	}
	if in.Attributes.StorageClass != "" && classIgnored.On() {
		a.StorageClass = ""
	}
	if a.Lock == nil && src.Lock != nil && lockCopied.On() {
		a.Lock = src.Lock
	}
	if a.Redirect == "" && redirectInherited.On() {
		a.Redirect = src.Redirect
	}
}

// copiedAttributes applies the directives. Storage class, redirect, ACL and
// object lock are of the request alone.
func copiedAttributes(in CopyInput, src *source) Attributes {
	a := src.Attributes
	if in.ReplaceMetadata {
		a = in.Attributes
		a.Tags = src.Tags
	}
	if in.ReplaceTags {
		a.Tags = in.Attributes.Tags
	}
	a.StorageClass, a.Redirect = in.Attributes.StorageClass, in.Attributes.Redirect
	a.ACL, a.Lock, a.Seal = nil, in.Attributes.Lock, nil // the seal is the copy's own, and is set as it is made
	miscopy(&a, &in, src)
	return a
}

// copiedDigests returns the ETag and checksum of a plain object with src's
// bytes; algorithm "" keeps the source's.
func (s *Service) copiedDigests(ctx context.Context, src *source, algorithm string) (string, Checksum, error) {
	kept, err := algorithmOr(src.Checksum.Algorithm, checksum.Default)
	if err != nil {
		return "", Checksum{}, err
	}
	if algorithm == "" && kept != checksum.Default && algorithmLost.On() {
		kept = checksum.Default
	}
	if algorithm == "" && kept.Of2026() && newLost.On() {
		kept = checksum.Default
	}
	a, err := algorithmOr(algorithm, kept)
	if err != nil {
		return "", Checksum{}, err
	}
	plain := src.PartCount == 0 && !src.Seal.Opaque() || partsETagKept.On()
	full := src.Checksum.Algorithm == string(a) && src.Checksum.Type == string(checksum.FullObject)
	if plain && full {
		return src.ETag, src.Checksum, nil
	}
	d, err := s.measure(ctx, src, span{n: src.Size}, a)
	if err != nil {
		return "", Checksum{}, err
	}
	return d.etag(), d.full(a), nil
}
