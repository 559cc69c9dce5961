package object

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

var otherAlgorithm = fault.NewBug("checksum.part-other-algorithm",
	"a part may have a checksum of another algorithm than its upload's", "K-08")

// UploadPart stores one part, in place of an earlier one of its number. It must
// carry the checksum that its upload announced and no other; only where the
// object's will be computed over its bytes may a part come without. Where
// nothing was announced a part may come with any: boto3 sends CRC32 with every
// part, whatever the upload was created with.
func (s *Service) UploadPart(ctx context.Context, in UploadPartInput) (Part, error) {
	u, err := s.upload(ctx, in.Caller, in.Bucket, in.Key, in.UploadID)
	if err != nil {
		return Part{}, err
	}
	algorithm, kind := checksumOf(u)
	sent := strings.ToUpper(in.Body.Checksum.Algorithm)
	if u.Algorithm != "" && sent != u.Algorithm && (sent != "" || kind == checksum.Composite) {
		if sent == "" || !otherAlgorithm.On() {
			return Part{}, checksumMismatch(u.Algorithm, sent)
		}
	}
	p, err := s.receive(ctx, in.Body, algorithm)
	if err != nil {
		return Part{}, err
	}
	op := meta.RegisterPart{
		Bucket: in.Bucket, Key: in.Key, UploadID: in.UploadID, Number: in.Number,
		Size: p.size, ETag: p.etag(), Checksum: p.full(algorithm),
		Body: p.inline, Extents: p.extents, Epoch: p.epoch,
	}
	op.Checksum.Type = string(kind)
	res, err := s.commit(ctx, p, op)
	part := res.Part
	if err == nil && u.Algorithm == "" && sent != "" {
		part.Checksum = p.full(checksum.Algorithm(sent)) // what the client can compare
	}
	return part, err
}

// checksumMismatch is about the names of algorithms; "" is none.
func checksumMismatch(want, got string) *errcode.Error {
	setDefault(&want, "null")
	setDefault(&got, "null")
	return errcode.New(errcode.InvalidRequest,
		"Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
		strings.ToLower(want), strings.ToLower(got))
}

// CopyPart makes a part out of an object or a range of one. The bytes stay
// where they are; they are read for the digests, unless the part is a whole
// object whose digests serve.
func (s *Service) CopyPart(ctx context.Context, in CopyPartInput) (CopyPartResult, error) {
	u, err := s.upload(ctx, in.Caller, in.Bucket, in.Key, in.UploadID)
	if err != nil {
		return CopyPartResult{}, err
	}
	if err := s.space.check(); err != nil {
		return CopyPartResult{}, err
	}
	for range recopies {
		var res CopyPartResult
		var again bool
		res, again, err = s.copyPartOnce(ctx, in, u)
		if !again {
			return res, err
		}
		readAnew(ctx)
	}
	return CopyPartResult{}, errcode.Wrap(errcode.SlowDown, err)
}

var (
	partUnconditional = fault.NewBug("multipart.copy-unconditional",
		"UploadPartCopy ignores the conditions on its source", "M-24")
	rangeAtStart = fault.NewBug("multipart.copy-range-at-start",
		"UploadPartCopy of a range copies as many bytes from the start of its source", "M-23")
	versionOfPart = fault.NewBug("multipart.copy-current",
		"UploadPartCopy copies the current version whichever is named", "M-23")
	wholeCut = fault.NewBug("multipart.copy-whole-cut",
		"UploadPartCopy of a whole source lacks its last byte", "M-23")
	rangeOpen = fault.NewBug("multipart.copy-range-form",
		"UploadPartCopy ignores a range whose form is wrong, and copies the whole source", "M-23")
)

func (s *Service) copyPartOnce(ctx context.Context, in CopyPartInput, u Upload) (res CopyPartResult, again bool, err error) {
	if in.SourceVersion != "" && versionOfPart.On() {
		in.SourceVersion = ""
	}
	if in.SourceConditions != (Conditions{}) && partUnconditional.On() {
		in.SourceConditions = Conditions{}
	}
	src, err := s.source(ctx, sourceRef{in.Caller, in.SourceBucket, in.SourceKey, in.SourceVersion, in.SourceConditions})
	if err != nil {
		return res, false, err
	}
	part := span{n: src.Size}
	if in.Range != "" {
		if part, err = parseCopyRange(in.Range, src.Size); err != nil && rangeOpen.On() {
			part, err = span{n: src.Size}, nil
		}
		if err != nil {
			return res, false, err
		}
	}
	if in.Range == "" && part.n > 0 && wholeCut.On() {
		part.n--
	}
	if part.off > 0 && rangeAtStart.On() {
		part.off = 0
	}
	if part.n > maxCopy {
		return res, false, errcode.New(errcode.InvalidRequest,
			"The specified copy source is larger than the maximum allowable size for a copy source: %d", int64(maxCopy))
	}
	op := meta.RegisterPart{
		Bucket: in.Bucket, Key: in.Key, UploadID: in.UploadID, Number: in.Number,
		Size: part.n, Source: src.Content, Offset: part.off,
	}
	if src.Content == 0 {
		op.Offset, op.Body = 0, bytes.Clone(src.Inline[part.off:part.off+part.n])
	}
	op.ETag, op.Checksum, err = s.partDigests(ctx, &src, part, u)
	if errors.Is(err, blob.ErrNotFound) {
		return res, true, err
	}
	if err != nil {
		return res, false, err
	}
	r, err := s.propose(ctx, op)
	if err != nil {
		return res, false, err
	}
	if r.SourceGone {
		return res, true, errSourceGone
	}
	return CopyPartResult{Part: r.Part, SourceVersion: src.versionID}, false, nil
}

// partDigests returns the ETag and checksum of a part of upload u with these
// bytes of src.
func (s *Service) partDigests(ctx context.Context, src *source, part span, u Upload) (string, Checksum, error) {
	algorithm, kind := checksumOf(u)
	known := src.PartCount == 0 && part.n == src.Size &&
		src.Checksum.Algorithm == string(algorithm) && src.Checksum.Type == string(checksum.FullObject)
	etag, sum := src.ETag, src.Checksum
	if !known {
		d, err := s.measure(ctx, src, part, algorithm)
		if err != nil {
			return "", Checksum{}, err
		}
		etag, sum = d.etag(), d.full(algorithm)
	}
	sum.Type = string(kind)
	return etag, sum, nil
}
