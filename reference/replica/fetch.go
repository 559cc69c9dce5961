package replica

import (
	"context"
	"errors"
	"fmt"
	"io"

	"bleepstore/reference/blob"

	"github.com/minio/crc64nvme"
)

// fetch pulls id from any member that has it, unless it is here; with replace
// also then, in place of the copy that is here. It fails with blob.ErrNotFound
// if every other member says that it has none.
//
// A blob can be deleted everywhere else while it is pulled, and then is back
// here. Nothing names it, so that it is garbage like any orphan, which this
// node's sweeper removes when the epoch of its id is closed. To ask for its name
// here would be wrong: a hint can come before the command that names the blob.
func (s *Store) fetch(ctx context.Context, id blob.ID, replace bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer s.running.begin(id, cancel)()

	if _, err := s.stat(ctx, id); err == nil && !replace {
		return nil
	}
	if err := s.opt.Space(); err != nil {
		return fmt.Errorf("fetch blob: %w", err)
	}
	r := s.newReader(ctx, id, 0, -1)
	r.sources = s.others(id)
	if err := r.advance(); err != nil {
		return fmt.Errorf("fetch blob: %w", err)
	}
	defer r.Close()
	if replace { // not before there is another source
		if err := s.opt.Local.Delete(ctx, id); err != nil {
			return fmt.Errorf("fetch blob: %w", err)
		}
	}
	got, err := s.opt.Local.Create(ctx, id, &checked{r: r, info: r.info}, r.info.Size)
	switch {
	case errors.Is(err, blob.ErrExists) && got == r.info:
		return nil
	case errors.Is(err, blob.ErrSync):
		s.opt.Failed(err)
	}
	if err != nil {
		return fmt.Errorf("fetch blob from %s: %w", r.node, err)
	}
	s.opt.Logger.Info("fetched a blob", "blob", id, "node", r.node, "bytes", got.Size)
	return nil
}

// checked is the body of a blob of which info is known. At its end it fails
// unless the bytes were those.
type checked struct {
	r    io.Reader
	info blob.Info
	size int64
	crc  uint64
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.size += int64(n)
	c.crc = crc64nvme.Update(c.crc, p[:n])
	if err == io.EOF && (c.size != c.info.Size || c.crc != c.info.CRC) {
		err = fmt.Errorf("%w: got %d bytes with sum %x, want %d and %x", blob.ErrCorrupt, c.size, c.crc, c.info.Size, c.info.CRC)
	}
	return n, err
}

// stat describes the local copy; blob.ErrNotFound if there is no whole one.
func (s *Store) stat(ctx context.Context, id blob.ID) (blob.Info, error) {
	if st, ok := s.opt.Local.(blob.Stater); ok {
		return st.Stat(ctx, id)
	}
	if err := id.Check(); err != nil {
		return blob.Info{}, err
	}
	var found blob.Info
	err := s.opt.Local.List(ctx, before(id), func(i blob.Info) error {
		found = i
		return errListed
	})
	if err != nil && err != errListed {
		return blob.Info{}, err
	}
	if found.ID != id || found.Partial {
		return blob.Info{}, fmt.Errorf("%s: %w", id, blob.ErrNotFound)
	}
	return found, nil
}

var errListed = errors.New("the blob was listed")

// before returns a string behind which id is the first of all ids.
func before(id blob.ID) blob.ID {
	last := len(id) - 1
	return id[:last] + blob.ID([]byte{id[last] - 1, 0x7f})
}
