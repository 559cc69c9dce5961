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
	"bleepstore/reference/sse"
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
	if err := checkPartDigest(&u, &in); err != nil {
		return Part{}, err
	}
	algorithm, kind := checksumOf(u)
	sent := strings.ToUpper(in.Body.Checksum.Algorithm)
	if u.Algorithm != "" && sent != u.Algorithm && (sent != "" || kind == checksum.Composite) {
		if sent == "" || !otherAlgorithm.On() {
			return Part{}, checksumMismatch(u.Algorithm, sent)
		}
	}
	g, err := s.partSealing(ctx, &u, in.Encryption)
	if err != nil {
		return Part{}, err
	}
	p, err := s.receive(ctx, in.Body, g, algorithm)
	if err != nil {
		return Part{}, err
	}
	op := meta.RegisterPart{
		Bucket: in.Bucket, Key: in.Key, UploadID: in.UploadID, Number: in.Number,
		Size: p.size, ETag: p.etag(), Checksum: p.full(algorithm),
		Body: p.inline, Extents: p.extents, Epoch: p.epoch,
	}
	op.Checksum.Type = string(kind)
	if partTwice.On() {
		s.recent.sent(in.UploadID, in.Number)
	}
	res, err := s.commit(ctx, p, op)
	part := res.Part
	part.Seal = g.of()
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

var partWrongCode = fault.NewBug("ssec.part-key-403",
	"a part with another key than its upload's is refused with 403", "E-08")

// otherEncryption is the answer to one that is not the upload's.
func otherEncryption() *errcode.Error {
	return errcode.New(errcode.InvalidRequest, "The provided encryption parameters did not match the ones used originally.")
}

// saysAgain fails unless w is the encryption of an upload, or nothing:
// InvalidRequest. S3 itself takes none but the client's key, and minio-go says it to
// every other server.
func (s *Service) saysAgain(ctx context.Context, seal *meta.Seal, w sse.Want) error {
	switch {
	case w.Customer != nil:
		return sse.Check(seal, w.Customer, otherEncryption())
	case w.Algorithm == "":
		return nil
	}
	if s.vault == nil || seal == nil {
		return otherEncryption()
	}
	same, err := s.vault.Is(ctx, seal, w)
	if err == nil && !same {
		return otherEncryption()
	}
	return err
}

// partSealing is what a part of u is sealed by. The client's key in w must be the
// one that u was created with, and so must be what else it says: InvalidRequest.
func (s *Service) partSealing(ctx context.Context, u *Upload, w sse.Want) (*sealing, error) {
	customer, wrong := w.Customer, otherEncryption()
	if partWrongCode.On() {
		wrong = wrongKey()
	}
	if customer == nil {
		if err := s.saysAgain(ctx, u.Seal, w); err != nil {
			return nil, err
		}
	}
	if err := sse.Check(u.Seal, customer, wrong); err != nil && !(customer == nil && sse.PartKeyless.On() || customer != nil && sse.PartAnyKey.On()) {
		return nil, err
	}
	g, err := s.openSeal(ctx, u.Seal, customer)
	if g != nil {
		g.part = true
	}
	return g, err
}

// CopyPart makes a part out of an object or a range of one. In the clear the bytes
// stay where they are; they are read for the digests, unless the part is a whole
// object whose digests serve. Sealed ones are sealed anew, by the upload's key.
func (s *Service) CopyPart(ctx context.Context, in CopyPartInput) (CopyPartResult, error) {
	u, err := s.upload(ctx, in.Caller, in.Bucket, in.Key, in.UploadID)
	if err != nil {
		return CopyPartResult{}, err
	}
	g, err := s.partSealing(ctx, &u, in.Encryption)
	if err != nil {
		return CopyPartResult{}, err
	}
	if err := s.space.check(); err != nil {
		return CopyPartResult{}, err
	}
	for range recopies {
		var res CopyPartResult
		var again bool
		res, again, err = s.copyPartOnce(ctx, in, u, g)
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
	partWithinBucket = fault.NewBug("multipart.copy-within-bucket",
		"UploadPartCopy looks for its source in the bucket that it copies to", "multipart.copy.*")
	rangeOpen = fault.NewBug("multipart.copy-range-form",
		"UploadPartCopy ignores a range whose form is wrong, and copies the whole source", "M-23")
)

func (s *Service) copyPartOnce(ctx context.Context, in CopyPartInput, u Upload, g *sealing) (res CopyPartResult, again bool, err error) {
	if in.SourceVersion != "" && versionOfPart.On() {
		in.SourceVersion = ""
	}
	if in.SourceBucket != in.Bucket && partWithinBucket.On() {
		in.SourceBucket = in.Bucket
	}
	if in.SourceConditions != (Conditions{}) && partUnconditional.On() {
		in.SourceConditions = Conditions{}
	}
	src, err := s.source(ctx, sourceRef{in.Caller, in.SourceBucket, in.SourceKey, in.SourceVersion, in.SourceConditions, in.SourceCustomer})
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
	if g != nil || src.sealing != nil {
		return s.copyPartAnew(ctx, op, u, g, &src, part)
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

// copyPartAnew writes the bytes of a part of u once more, sealed by g.
func (s *Service) copyPartAnew(ctx context.Context, op meta.RegisterPart, u Upload, g *sealing, src *source, part span) (res CopyPartResult, again bool, err error) {
	algorithm, kind := checksumOf(u)
	p, err := s.receiveFrom(ctx, src, part, g, algorithm)
	if err != nil {
		return res, errors.Is(err, blob.ErrNotFound), err
	}
	op.Source, op.Offset = 0, 0
	op.Body, op.Extents, op.Epoch = p.inline, p.extents, p.epoch
	op.ETag, op.Checksum = p.etag(), p.full(algorithm)
	op.Checksum.Type = string(kind)
	r, err := s.commit(ctx, p, op)
	r.Part.Seal = g.of()
	return CopyPartResult{Part: r.Part, SourceVersion: src.versionID}, false, err
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
