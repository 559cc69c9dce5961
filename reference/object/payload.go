package object

import (
	"bytes"
	"context"
	"io"
	"sync"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/checksum"
	"bleepstore/reference/crypt"
	"bleepstore/reference/meta"
)

// streamCost is what a body that goes to a blob holds in memory, roughly: the
// store's block and the chunks on their way to the MD5.
const streamCost = 2 << 20

var blobLate = fault.NewBug("blob.after-commit",
	"a body is written to its blob after the command that names it was committed", "Z-16").
	By("chaos --sim raft --script slow-power --seed 3997354251 --seeds 12 --shrink 0s")

var inlinePool = sync.Pool{New: func() any { return new([meta.MaxInline + crypt.Overhead]byte) }}

// A payload is a body that has been received, checked and made durable, or is
// small enough to become durable with its command.
type payload struct {
	digest
	size    int64
	inline  []byte        // the bytes when extents is nil
	extents []meta.Extent // one new blob
	epoch   uint64        // of the blob's id

	sealing *sealing // nil: in the clear

	buf     *[meta.MaxInline + crypt.Overhead]byte
	release func() // gives back what the inline bytes take of the budget

	late func() error // of the bug blob.after-commit
}

// etag is the ETag of the bytes.
func (p *payload) etag() string { return p.sealing.etag(p.digest) }

// receive reads body, computing its MD5 and the given algorithms, and seals it by
// g. The client has broken its word, or the bytes are kept; nothing names them yet.
func (s *Service) receive(ctx context.Context, body Body, g *sealing, algorithms ...checksum.Algorithm) (*payload, error) {
	if err := s.space.check(); err != nil {
		return nil, err
	}
	in, err := newIntake(body, s.clock.Now, s.clock.Now().Add(s.limits.Write), algorithms...)
	if err != nil {
		return nil, err
	}
	defer in.close()
	if body.most() <= s.limits.Inline && (body.most() == 0 || g == nil || !g.part) {
		return s.receiveInline(in, g)
	}
	release, err := s.flight.take(streamCost)
	if err != nil {
		return nil, err
	}
	defer release()
	return s.receiveBlob(ctx, in, g)
}

func (s *Service) receiveInline(in *intake, g *sealing) (*payload, error) {
	size := in.body.most()
	release, err := s.flight.take(size)
	if err != nil {
		return nil, err
	}
	p := &payload{size: size, sealing: g, release: release, buf: inlinePool.Get().(*[meta.MaxInline + crypt.Overhead]byte)}
	p.inline = p.buf[:size]
	n, err := io.ReadFull(in, p.inline)
	if err != nil && in.err == io.EOF { // Body.Most, or the bug put.cut-visible
		p.inline, p.size, err = p.inline[:n], int64(n), nil
	}
	if err == nil {
		p.digest, err = in.finish()
	}
	if err == nil {
		err = p.sealInline()
	}
	if err != nil {
		p.recycle(true)
		return nil, in.refusal(err)
	}
	return p, nil
}

// sealInline seals the bytes where they are.
func (p *payload) sealInline() error {
	if p.sealing == nil || p.size == 0 {
		return nil
	}
	b, err := crypt.NewBody(p.sealing.key, inlineName, p.size)
	if err == nil {
		p.inline = b.SealBytes(p.inline)
	}
	return err
}

// blobReader is what is stored of a body of size bytes under id, and how long that
// is. It must be closed, which leaves r open.
func (g *sealing) blobReader(r io.Reader, id blob.ID, size int64) (io.ReadCloser, int64, error) {
	if g == nil {
		return io.NopCloser(r), size, nil
	}
	b, err := crypt.NewBody(g.key, string(id), size)
	if err != nil {
		return nil, 0, err
	}
	return b.Seal(r), crypt.SealedSize(size), nil
}

func (s *Service) receiveBlob(ctx context.Context, in *intake, g *sealing) (*payload, error) {
	epoch := s.db.Epoch() // an older one than the state's would only be refused sooner
	newID := blob.NewID
	if g != nil {
		newID = blob.NewSealedID
	}
	id, err := newID(epoch, &s.rand)
	if err != nil {
		return nil, err
	}
	p := &payload{size: in.body.Size, epoch: epoch, sealing: g}
	p.extents = []meta.Extent{{Blob: string(id), Len: in.body.Size}}
	f := &fitted{in: in, left: in.body.Size}
	sealed, size, err := g.blobReader(f, id, in.body.Size)
	if err != nil {
		return nil, err
	}
	defer sealed.Close()
	if blobLate.On() {
		var late bytes.Buffer
		if _, err := late.ReadFrom(sealed); err != nil {
			return nil, in.refusal(err)
		}
		p.late = func() error {
			_, err := s.blobs.Create(context.WithoutCancel(ctx), id, &late, size)
			return s.storeError(err)
		}
	} else if _, err := s.blobs.Create(ctx, id, sealed, size); err != nil {
		return nil, in.refusal(s.storeError(err))
	}
	if p.digest, err = in.finish(); err == nil && in.n != p.size {
		err = s.refit(ctx, p, in.n, f.rest)
	}
	if err != nil {
		s.discard(ctx, p)
		return nil, err
	}
	return p, nil
}

// discard removes the blob of a payload that no command has ever named. After
// a proposal, whatever came of it, only the sweeper may.
func (s *Service) discard(ctx context.Context, p *payload) {
	defer p.recycle(true)
	for _, e := range p.extents {
		if err := s.blobs.Delete(context.WithoutCancel(ctx), blob.ID(e.Blob)); err != nil {
			s.logger.Warn("remove blob of a refused body", "blob", e.Blob, "err", err)
		}
	}
}

// commit proposes op, which names p, and then lets p go.
func (s *Service) commit(ctx context.Context, p *payload, op meta.Op) (meta.Result, error) {
	if len(p.extents) > 0 {
		fault.Point("put.blob-durable")
	}
	res, err := s.propose(ctx, op)
	if p.late != nil && err == nil {
		err = p.late()
	}
	fault.Point("put.before-answer")
	p.recycle(!unclear(err)) // while it is unclear the log may hold the bytes
	return res, err
}

// recycle gives back what an inline body holds; the buffer only when reuse
// says that nobody reads it any more.
func (p *payload) recycle(reuse bool) {
	if p.buf == nil {
		return
	}
	p.release()
	if reuse {
		inlinePool.Put(p.buf)
	}
	p.buf, p.inline = nil, nil
}
