package object

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/acl"
	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

var completeUnconditional = fault.NewBug("conditional.complete-unconditional",
	"CompleteMultipartUpload ignores If-Match and If-None-Match", "W-09", "W-10", "W-11")

// Complete turns an upload's parts into the current version of its key. It
// computes and checks the checksums; the state machine checks the parts again,
// their sizes and the condition. A refusal leaves the upload as it was.
func (s *Service) Complete(ctx context.Context, in CompleteInput) (PutResult, error) {
	cond, err := in.Condition.compile()
	if err != nil {
		return PutResult{}, err
	}
	if cond != (meta.WriteCondition{}) && completeUnconditional.On() {
		cond = meta.WriteCondition{}
	}
	if len(in.Parts) == 0 && EmptyCompleted.On() {
		return PutResult{Version: Version{Bucket: in.Bucket, Key: in.Key}}, nil
	}
	if len(in.Parts) == 0 {
		return PutResult{}, errcode.New(errcode.MalformedXML, "The list of parts is empty.")
	}
	op := meta.CompleteUpload{
		Bucket: in.Bucket, Key: in.Key, UploadID: in.UploadID,
		Parts: make([]meta.PartRef, len(in.Parts)), Condition: cond, MinPartSize: s.limits.MinPart,
	}
	if in.Size >= 0 {
		op.ExpectSize = &in.Size
	}
	for i, p := range in.Parts {
		op.Parts[i] = meta.PartRef{Number: p.Number, ETag: p.ETag}
	}
	u, stored, done, own, err := s.partsOf(ctx, in)
	if err != nil {
		return PutResult{}, err
	}
	if !done && completeLocked.On() && s.replaced(ctx, in.Bucket, in.Key).Lock != nil {
		return PutResult{}, denied()
	}
	if !done {
		if err := s.saysAgain(ctx, u.Seal, in.Encryption); err != nil {
			return PutResult{}, err
		}
	}
	if !done {
		op.Checksum, err = assemble(in, u, stored, op.Parts)
		if err != nil && completeRemoves.On() {
			_, _ = s.Delete(ctx, DeleteInput{Caller: in.Caller, Bucket: in.Bucket, Key: in.Key})
		}
		if err != nil {
			return PutResult{}, err
		}
	}
	op.OwnOnly = own
	if b, err := s.db.Bucket(ctx, in.Bucket); err == nil && !done && b.Versioning == "" && cond == (meta.WriteCondition{}) && completeSteps.On() {
		if _, err := s.propose(ctx, meta.DeleteObject{Bucket: in.Bucket, Owner: in.Caller.id(), Item: meta.DeleteItem{Key: in.Key}}); err != nil {
			return PutResult{}, err
		}
	}
	if !done && meta.PartsEarly.On() {
		time.Sleep(2 * time.Millisecond) // on its way
	}
	res, err := s.propose(ctx, op)
	return s.made(res), err
}

// EmptyCompleted is a bug of who reads the list, too.
var EmptyCompleted = fault.NewBug("multipart.completed-without-parts",
	"CompleteMultipartUpload without any part is answered as if it had made an object", "M-08")

var (
	completeSteps = fault.NewBug("complete.not-atomic",
		"a completed upload replaces an object in two steps, of which the first removes it", "Z-09", "Z-08")
	completeLocked = fault.NewBug("lock.completion-refused",
		"CompleteMultipartUpload of a key whose current version is locked is refused", "OL-10")
	completeRemoves = fault.NewBug("multipart.refused-removes",
		"a CompleteMultipartUpload that is refused for its parts removes the object of the key", "M-07")
)

// partsOf reads an upload with its parts by number. done says that the upload
// was completed before and is remembered, so that the state machine decides
// whether this is the same request again; own that the caller may replace only
// what is theirs.
func (s *Service) partsOf(ctx context.Context, in CompleteInput) (u Upload, stored map[int]Part, done, own bool, err error) {
	err = s.view(ctx, func(tx *meta.Tx) error {
		b, err := usable(tx, in.Caller, in.Bucket, putPart(in.Key), acl.Write)
		if err != nil {
			return err
		}
		own = in.Caller.ownOnly(&b, putPart(in.Key))
		u, stored, done = Upload{}, make(map[int]Part, len(in.Parts)), false
		q := meta.PartsQuery{Bucket: in.Bucket, Key: in.Key, UploadID: in.UploadID, Max: maxParts}
		for {
			page, err := tx.Parts(q)
			if errcode.Of(err) == errcode.NoSuchUpload {
				if _, done, _ = tx.Completed(in.Bucket, in.Key, in.UploadID); done {
					return nil
				}
			}
			if err != nil {
				return err
			}
			u = page.Upload
			for _, p := range page.Parts {
				stored[p.Number] = p
			}
			if !page.Truncated {
				return nil
			}
			q.After = page.Next
		}
	})
	return u, stored, done, own, err
}

var (
	anyPartETag = fault.NewBug("multipart.part-etag-ignored",
		"CompleteMultipartUpload takes the part that there is, whatever ETag it names", "M-07", "M-04")
	anyType = fault.NewBug("checksum.complete-any-type",
		"CompleteMultipartUpload ignores x-amz-checksum-type", "K-11")
)

// assemble checks the list against the parts stored and returns the object's
// checksum. It fills the checksum of each of refs, so that a part replaced
// meanwhile is noticed.
func assemble(in CompleteInput, u Upload, stored map[int]Part, refs []meta.PartRef) (Checksum, error) {
	algorithm, kind := checksumOf(u)
	if t := in.Checksum.Type; t != "" && t != string(kind) && !anyType.On() {
		return Checksum{}, errcode.New(errcode.BadDigest,
			"The checksum type %s does not match the type %s of the upload.", t, kind)
	}
	sums := make([]checksum.Part, len(in.Parts))
	for i, listed := range in.Parts {
		if i > 0 && listed.Number <= in.Parts[i-1].Number {
			return Checksum{}, errcode.New(errcode.InvalidPartOrder,
				"The list of parts was not in ascending order. Parts must be ordered by part number.").
				With("UploadId", in.UploadID)
		}
		part, ok := stored[listed.Number]
		if ok && part.ETag != listed.ETag && anyPartETag.On() {
			listed.ETag, refs[i].ETag = part.ETag, part.ETag
		}
		if !ok || part.ETag != listed.ETag {
			return Checksum{}, invalidPart(in.UploadID, listed)
		}
		if err := checkListed(in.UploadID, listed, part, u); err != nil {
			return Checksum{}, err
		}
		raw, err := algorithm.Decode(part.Checksum.Value)
		if err != nil {
			return Checksum{}, fmt.Errorf("checksum of part %d: %w", part.Number, err)
		}
		sums[i] = checksum.Part{Sum: raw, Size: part.Size}
		refs[i].Checksum = part.Checksum.Value
	}
	whole, err := joined(algorithm, kind, sums)
	if err != nil {
		return Checksum{}, err
	}
	return whole, checkWhole(in.Checksum, whole)
}

// checkListed verifies the checksums that the request lists for a part.
func checkListed(uploadID string, listed CompletePart, part Part, u Upload) error {
	algorithm, kind := checksumOf(u)
	seen := false
	for _, c := range listed.Checksums {
		if c.Algorithm != string(algorithm) {
			return checksumMismatch(u.Algorithm, c.Algorithm)
		}
		if c.Value != part.Checksum.Value {
			return invalidPart(uploadID, listed)
		}
		seen = true
	}
	if kind == checksum.Composite && !seen {
		return errcode.New(errcode.InvalidRequest,
			"The upload was created using a %s checksum. The complete request must include the checksum for each part. It was missing for part %d in the request.",
			strings.ToLower(string(algorithm)), listed.Number)
	}
	return nil
}

var (
	typeCoerced = fault.NewBug("checksum.type-coerced",
		"a COMPOSITE checksum is said to be of the FULL_OBJECT", "K-09")
	onePartPlain = fault.NewBug("checksum.composite-of-one",
		"the COMPOSITE checksum of one part is the part's own", "K-09")
)

// joined computes the object's checksum from its parts'.
func joined(a checksum.Algorithm, kind checksum.Type, parts []checksum.Part) (Checksum, error) {
	c := Checksum{Algorithm: string(a), Type: string(kind)}
	if kind == checksum.Composite {
		var err error
		c.Value, err = a.Composite(parts)
		if len(parts) == 1 && onePartPlain.On() {
			c.Value = checksum.Encode(parts[0].Sum) + "-1"
		}
		if typeCoerced.On() {
			c.Type = string(checksum.FullObject)
		}
		return c, err
	}
	raw, err := a.Combine(parts)
	c.Value = checksum.Encode(raw)
	return c, err
}

var unannouncedIgnored = fault.NewBug("checksum.new-unannounced-ignored",
	"CompleteMultipartUpload ignores an MD5, SHA512 or xxHash of the whole that the upload did not announce", "checksum.new.unannounced.*")

var wholeUnchecked = fault.NewBug("checksum.whole-not-verified",
	"CompleteMultipartUpload does not verify the checksum of the object that it is sent", "K-10")

// checkWhole verifies the value that the client expects of the whole object. A
// composite one may come without its number of parts.
func checkWhole(claimed, whole Checksum) error {
	if claimed.Value == "" {
		return nil
	}
	if claimed.Algorithm != whole.Algorithm && checksum.Algorithm(claimed.Algorithm).Of2026() && unannouncedIgnored.On() {
		return nil
	}
	if claimed.Algorithm != whole.Algorithm {
		return checksumMismatch(whole.Algorithm, claimed.Algorithm)
	}
	bare, _, _ := strings.Cut(whole.Value, "-")
	if claimed.Value != whole.Value && claimed.Value != bare && !wholeUnchecked.On() {
		return badDigest(checksum.Algorithm(whole.Algorithm), claimed.Value, whole.Value)
	}
	return nil
}

func invalidPart(uploadID string, p CompletePart) *errcode.Error {
	return errcode.New(errcode.InvalidPart,
		"One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.").
		With("UploadId", uploadID).With("PartNumber", strconv.Itoa(p.Number)).With("ETag", p.ETag)
}
