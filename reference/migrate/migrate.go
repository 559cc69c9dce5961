// Package migrate copies the blobs that metadata name from one store to another,
// and proves that they are the same there. It knows nothing of directories, of
// servers and of metadata: what is named it asks a function.
//
// What a run that was cut off has copied the next one finds by the listing of the
// store it copies to; nothing else is written anywhere. The store that it copies
// from is only read.
package migrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"bleepstore/reference/blob"
)

// A Job is what is copied. From, To and Names are needed; nobody else uses either
// store meanwhile.
type Job struct {
	From, To blob.Store
	// Names returns in ascending order up to max blobs behind after that the metadata
	// name; fewer than max only at the end.
	Names func(ctx context.Context, after blob.ID, max int) ([]Name, error)
	// Copies is how many are under way at a time; 0: DefaultCopies. Each takes the
	// memory that one Create and one Open of the stores do.
	Copies   int
	Progress *Progress // may be read while Run runs; nil: nobody does
}

// DefaultCopies is how many blobs are copied at a time.
const DefaultCopies = 8

// A Name is a blob as metadata know it.
type Name struct {
	ID   blob.ID
	Size int64 // the bytes that can be read of it: it may have more
}

// A Progress is how far a Run is. Blobs and Bytes of OfBlobs and OfBytes are at the
// other store, There of the Blobs were before it began.
type Progress struct {
	Blobs, Bytes, OfBlobs, OfBytes, There atomic.Int64
}

// Why a migration is not whole; the error says which blob.
var (
	// ErrMissing: metadata name blobs that are not in the store.
	ErrMissing = errors.New("blobs are missing")
	// ErrDiffers: the stores hold different bytes, or not the same blobs.
	ErrDiffers = errors.New("the stores differ")
)

// Run copies, removes from To what nothing names, and compares the stores: all that
// is named has the same id, size and CRC in both, and To holds nothing else. An
// error may be followed by another Run. It is ErrMissing, ErrDiffers, or what the
// stores or ctx say; blob.ErrCorrupt among them, for bytes of From that are not
// those that were written.
func (j Job) Run(ctx context.Context) error {
	if j.Copies <= 0 {
		j.Copies = DefaultCopies
	}
	if j.Progress == nil {
		j.Progress = &Progress{}
	}
	if err := j.measure(ctx); err != nil {
		return err
	}
	if err := j.copyAll(ctx); err != nil {
		return err
	}
	return j.verify(ctx)
}

// measure counts what is to be there in the end.
func (j *Job) measure(ctx context.Context) error {
	p := j.Progress
	for _, n := range []*atomic.Int64{&p.Blobs, &p.Bytes, &p.OfBlobs, &p.OfBytes, &p.There} {
		n.Store(0)
	}
	for n, err := range j.names(ctx) {
		if err != nil {
			return err
		}
		p.OfBlobs.Add(1)
		p.OfBytes.Add(n.Size)
	}
	return nil
}

// copyAll brings To to what From is.
func (j *Job) copyAll(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan blob.Info)
	var workers sync.WaitGroup
	for range j.Copies {
		workers.Go(func() {
			for info := range todo {
				if err := j.copy(ctx, info); err != nil {
					cancel(err)
				}
			}
		})
	}
	err := j.compare(ctx, finding{
		both: func(named Name, from, to blob.Info) error {
			if same(from, to) {
				j.Progress.There.Add(1)
				j.arrived(named.Size)
				return nil
			}
			return hand(ctx, todo, from)
		},
		lacking: func(_ Name, from blob.Info) error { return hand(ctx, todo, from) },
		extra:   func(id blob.ID) error { return j.To.Delete(ctx, id) },
	})
	close(todo)
	workers.Wait()
	if cause := context.Cause(ctx); cause != nil { // of which err may be a consequence
		return cause
	}
	return err
}

func hand(ctx context.Context, todo chan<- blob.Info, info blob.Info) error {
	select {
	case todo <- info:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (j *Job) arrived(size int64) {
	j.Progress.Blobs.Add(1)
	j.Progress.Bytes.Add(size)
}

// same says whether two stores describe the same bytes.
func same(a, b blob.Info) bool {
	return a.ID == b.ID && a.Size == b.Size && a.CRC == b.CRC && !a.Partial && !b.Partial
}

// copy copies a blob. What arrives is measured by the store that takes it in, and
// has to be what the other one says that it holds.
func (j *Job) copy(ctx context.Context, want blob.Info) error {
	got, err := j.transfer(ctx, want)
	if errors.Is(err, blob.ErrExists) && !same(got, want) { // of a run that met other bytes
		if err := j.To.Delete(ctx, want.ID); err != nil {
			return fmt.Errorf("replace blob %s: %w", want.ID, err)
		}
		got, err = j.transfer(ctx, want)
	}
	switch {
	case errors.Is(err, blob.ErrExists):
		j.Progress.Bytes.Add(want.Size)
	case err != nil:
		return fmt.Errorf("copy blob %s: %w", want.ID, err)
	}
	if !same(got, want) {
		err := fmt.Errorf("%w: blob %s arrives with %d bytes of CRC %016x, not %d of %016x", ErrDiffers, want.ID, got.Size, got.CRC, want.Size, want.CRC)
		return errors.Join(err, j.To.Delete(context.WithoutCancel(ctx), want.ID))
	}
	j.Progress.Blobs.Add(1)
	return nil
}

// transfer copies the bytes. Those that have gone their way count as progress, and
// are taken back where the blob has not.
func (j *Job) transfer(ctx context.Context, want blob.Info) (blob.Info, error) {
	r, err := j.From.Open(ctx, want.ID, 0, -1)
	if err != nil {
		return blob.Info{}, err
	}
	m := &metered{r: r, all: &j.Progress.Bytes}
	got, err := j.To.Create(ctx, want.ID, m, want.Size)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		j.Progress.Bytes.Add(-m.n)
	}
	return got, err
}

// A metered reader counts what is read of it.
type metered struct {
	r   io.Reader
	all *atomic.Int64
	n   int64
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += int64(n)
	m.all.Add(int64(n))
	return n, err
}

// verify compares the stores once more, by what each of them says.
func (j *Job) verify(ctx context.Context) error {
	return j.compare(ctx, finding{
		both: func(_ Name, from, to blob.Info) error {
			if !same(from, to) {
				return fmt.Errorf("%w: blob %s has %d bytes of CRC %016x, the copy %d of %016x", ErrDiffers, from.ID, from.Size, from.CRC, to.Size, to.CRC)
			}
			return nil
		},
		lacking: func(_ Name, from blob.Info) error { return fmt.Errorf("%w: blob %s has no copy", ErrDiffers, from.ID) },
		extra: func(id blob.ID) error {
			return fmt.Errorf("%w: there is a copy %s of nothing that is named", ErrDiffers, id)
		},
	})
}
