package object

import (
	"bytes"
	"context"
	"io"

	"bleepstore/reference/blob"
)

// most is how many bytes may come.
func (b *Body) most() int64 { return max(b.Size, b.Most) }

// A fitted is an intake as a store takes it, which has to be told how much
// comes: exactly Body.Size bytes, in the place of those that do not come zeros.
// What comes besides is rest. Its end comes when the intake's has, so that a
// store completes no blob of a body that is refused.
type fitted struct {
	in   *intake
	left int64
	rest []byte // the few bytes by which Body.Most is more
}

// Read implements io.Reader.
func (f *fitted) Read(p []byte) (int, error) {
	for {
		into := p[:min(int64(len(p)), f.left)]
		if f.left == 0 {
			into = make([]byte, f.in.body.most()-f.in.body.Size+1)
		}
		n, err := f.in.Read(into)
		switch {
		case f.left == 0:
			if f.rest = append(f.rest, into[:n]...); err != nil {
				return 0, err
			}
			continue
		case err == io.EOF && n == 0:
			n = len(into)
			clear(into)
		}
		f.left -= int64(n)
		if err == io.EOF && f.left > 0 {
			err = nil
		}
		return n, err
	}
}

// refit puts a blob of the n bytes that came in the place of p's, which has
// Body.Size of them: those that n is less are not of the body, those that it is
// more are rest.
func (s *Service) refit(ctx context.Context, p *payload, n int64, rest []byte) error {
	made := blob.ID(p.extents[0].Blob)
	if n > 0 {
		newID := blob.NewID
		if p.sealing != nil {
			newID = blob.NewSealedID
		}
		id, err := newID(p.epoch, &s.rand)
		if err != nil {
			return err
		}
		head, err := s.openBody(ctx, []run{{blob: made, n: n - int64(len(rest)), sealing: p.sealing, whole: p.size}})
		if err != nil {
			return err
		}
		defer head.Close()
		sealed, size, err := p.sealing.blobReader(io.MultiReader(head, bytes.NewReader(rest)), id, n)
		if err != nil {
			return err
		}
		defer sealed.Close()
		if _, err := s.blobs.Create(ctx, id, sealed, size); err != nil {
			return s.storeError(err)
		}
		p.extents[0].Blob, p.extents[0].Len = string(id), n
	} else {
		p.extents = nil
	}
	p.size = n
	if err := s.blobs.Delete(context.WithoutCancel(ctx), made); err != nil {
		s.logger.Warn("remove a blob of another length than its body", "blob", made, "err", err)
	}
	return nil
}
