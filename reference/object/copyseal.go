package object

import (
	"context"
	"io"

	"bleepstore/fault"
	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
	"bleepstore/reference/sse"
)

var (
	rotationRefused = fault.NewBug("ssec.rotation-refused",
		"an object is not copied onto itself to change its encryption", "E-09", "copy.self.encryption")
	rotationKept = fault.NewBug("ssec.rotation-keeps-key",
		"an object that is copied onto itself with a new key keeps the old one", "E-09")
	sealInherited = fault.NewBug("encryption.copy-inherits",
		"a copy is encrypted as its source is, by a KMS key, and not as its bucket wants it", "encryption.copy.default")
	customerInherited = fault.NewBug("ssec.copy-inherits",
		"a copy that says nothing of encryption has the key of the customer's that its source has", "copy.inherit.encryption")
)

// makeCopy makes w out of src, in the bucket b. The bytes stay where they are when
// both are sealed by this store's own key, or neither is; the data key is shared
// then. Otherwise they are read and sealed anew.
func (s *Service) makeCopy(ctx context.Context, in CopyInput, w meta.Write, b *Bucket, src *source) (res meta.Result, err error) {
	g, err := s.sealingOfCopy(ctx, in, b, src)
	if err != nil {
		return res, err
	}
	if g != nil && g != src.sealing {
		return s.copyAnew(ctx, in.Algorithm, w, g, src)
	}
	w.Attributes.Seal = g.of()
	w.ETag, w.Checksum, err = s.copiedDigests(ctx, src, in.Algorithm)
	if err != nil {
		return res, err
	}
	if etagNew.On() {
		w.ETag = w.ETag[16:] + w.ETag[:16]
	}
	op := meta.CopyObject{Write: w, Source: src.Content}
	if src.Content == 0 {
		op.Body = src.sealed
	}
	return s.propose(ctx, op)
}

// sealingOfCopy is src's own where it may be shared.
func (s *Service) sealingOfCopy(ctx context.Context, in CopyInput, b *Bucket, src *source) (*sealing, error) {
	if may, err := s.maySeal(ctx, in.Encryption); !may || err != nil {
		return nil, err
	}
	c, err := sse.ConfigOf(b.Settings)
	if err != nil {
		return nil, err
	}
	want := in.Encryption
	if want == (sse.Want{}) && c.Algorithm != sse.AES256 && copyDefault.On() {
		c.Algorithm = sse.AES256
	}
	if want.Customer != nil && c.Blocks(sse.Customer) && copyNotBlocked.On() {
		c.Blocked = nil
	}
	if want == (sse.Want{}) && src.Seal != nil && src.Seal.Algorithm == sse.KMS && sealInherited.On() {
		want = sse.Want{Algorithm: sse.KMS, KeyID: src.Seal.By}
	}
	if want == (sse.Want{}) && in.SourceCustomer != nil && customerInherited.On() {
		want.Customer = in.SourceCustomer
	}
	if want.Customer != nil && in.SourceCustomer != nil && *want.Customer != *in.SourceCustomer && rotationKept.On() {
		want.Customer = in.SourceCustomer
	}
	if src.Seal != nil && src.Seal.Algorithm == sse.AES256 && s.vault.Plain(want, &c) {
		return src.sealing, nil
	}
	g := &sealing{}
	g.seal, g.key, err = s.vault.Seal(ctx, want, &c)
	return g, err
}

// copyAnew writes the bytes of src once more, sealed by g.
func (s *Service) copyAnew(ctx context.Context, algorithm string, w meta.Write, g *sealing, src *source) (res meta.Result, err error) {
	kept, err := algorithmOr(src.Checksum.Algorithm, checksum.Default)
	if err != nil {
		return res, err
	}
	if algorithm == "" && kept != checksum.Default && algorithmLost.On() {
		kept = checksum.Default
	}
	if algorithm == "" && kept.Of2026() && newLost.On() {
		kept = checksum.Default
	}
	a, err := algorithmOr(algorithm, kept)
	if err != nil {
		return res, err
	}
	p, err := s.receiveFrom(ctx, src, span{n: src.Size}, g, a)
	if err != nil {
		return res, err
	}
	w.Attributes.Seal, w.ETag, w.Checksum = g.of(), p.etag(), p.full(a)
	if etagNew.On() {
		w.ETag = w.ETag[16:] + w.ETag[:16]
	}
	return s.commit(ctx, p, meta.PutObject{Write: w, Body: p.inline, Extents: p.extents, Epoch: p.epoch})
}

// receiveFrom stores part of what src holds once more.
func (s *Service) receiveFrom(ctx context.Context, src *source, part span, g *sealing, a checksum.Algorithm) (*payload, error) {
	body, err := s.openBody(ctx, runsOf(&src.Object, src.sealing, part))
	if err != nil {
		return nil, err
	}
	defer body.Close()
	p, err := s.receive(ctx, Body{Reader: body, Size: part.n}, g, a)
	if err != nil && errcode.Of(err) == errcode.IncompleteBody && body.err != nil && body.err != io.EOF {
		err = body.err // ours, not a fault of some client's body
	}
	return p, err
}
